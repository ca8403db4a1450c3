"""A forecast: an ensemble with its tables, its summary, and its paired differences to a reference."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from consensus_sim.errors import one_of
from consensus_sim.forecast.adjusted import scored
from consensus_sim.forecast.monte_carlo_error import Reached, reached
from consensus_sim.forecast.provenance import config_text, provenance
from consensus_sim.forecast.summary import Values, contrast, no_rows, summarise
from consensus_sim.saving import save_whole
from consensus_sim.study.scenario import Study

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    from consensus_sim.community import Community
    from consensus_sim.study.posterior import ParameterSets

CHANGES = "changes"
"""Key under which the command line records the overrides; not a setting."""
NUMBERS = "%.6g"  # in the csv files; enough for every unit, and the same bytes wherever they are written


class Frames(Mapping[str, "pd.DataFrame"]):
    """The tables of an ensemble as data frames, each made when it is first asked for.

    Columns of every table: scenario, replicate, then its own. Text columns are categorical, periods ordered; dates are
    dates.
    """

    def __init__(self, tables: Mapping[str, pa.Table]) -> None:
        self.arrow = tables
        self._made: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self.arrow:
            raise KeyError(f"no table {name!r}; there are: {', '.join(self.arrow)}")
        if name not in self._made:
            self._made[name] = self.arrow[name].to_pandas()
        return self._made[name]

    def __repr__(self) -> str:
        """Names of the tables and how many rows they have."""
        return f"<Frames: {', '.join(f'{name} ({table.num_rows} rows)' for name, table in self.arrow.items())}>"

    def __iter__(self) -> Iterator[str]:
        return iter(self.arrow)

    def __len__(self) -> int:
        return len(self.arrow)


class Forecast:
    """Results of an ensemble: tables, summary and paired differences.

    study: what was simulated; community: where; tables: name -> data frame, one row one fact (see `docs/results.md`)
    """

    def __init__(self, study: Study, community: Community, tables: Mapping[str, pa.Table]) -> None:
        """`tables`: Arrow tables by name; "metrics" (scenario, replicate, metric, group, value) must be among them."""
        self.study = study
        self.community = community
        self.tables = Frames(tables)
        self.made = datetime.datetime.now(datetime.UTC)
        self._contrasts: dict[str, pd.DataFrame] = {}

    def __repr__(self) -> str:
        """Community and study in one line."""
        return f"<Forecast {self.community.name}: {self.study.outline()}>"

    @cached_property
    def values(self) -> Values:
        """Every metric of every replicate as one array."""
        names = [scenario.name for scenario in self.study.scenarios]
        return Values(self.tables["metrics"], names, self.study.replicates, self.study.draws())

    @cached_property
    def _units(self) -> dict[str, str]:
        from consensus_sim.catalogue import metric

        return {name: metric(name).unit for name in dict.fromkeys(name for name, _ in self.values.rows)}

    @property
    def _least(self) -> dict[str, float]:
        """Least difference worth reporting by metric; empty where the study names none."""
        if self.study.least is None:
            return {}
        return self.study.least.of(self._units, int(self.community.population.adult.sum()))

    def summary(self) -> pd.DataFrame:
        """Returns mean, standard deviation and quantiles over replicates: one row per scenario, metric and group.

        With parameters=posterior on the community for which the parameter draws have scores, also `mean_adjusted` and
        `error_adjusted`: the mean without the luck of the draws, several times as exact where parameters make most of
        the variance (`adjusted.adjusted_mean`). Differences of plain means are those of `contrasts`.
        """
        return summarise(self.values, self._units, self._scored)

    def printed(self) -> pd.DataFrame:
        """Returns `summary` as it is printed: mean and standard_error are the adjusted ones where there are any."""
        table = self.summary()
        if "mean_adjusted" not in table:
            return table
        return table.assign(mean=table["mean_adjusted"], standard_error=table["error_adjusted"])

    @cached_property
    def _scored(self) -> ParameterSets | None:
        return scored(self.study, self.community)

    def contrasts(self, reference: str | None = None) -> pd.DataFrame:
        """Returns differences to `reference` (None: the study's), paired by replicate, of each scenario and metric."""
        names = [scenario.name for scenario in self.study.scenarios]
        reference = reference or self.study.reference
        if reference not in names:
            raise one_of("reference", reference, names)
        if reference not in self._contrasts:
            self._contrasts[reference] = contrast(self.values, self._units, reference, self._least)
        return self._contrasts[reference].copy()

    def precision(self) -> Reached | None:
        """Returns the Monte Carlo standard errors of the short tables; None without scales."""
        study = self.study
        if study.precision is None:
            return None
        return reached(self.values, study.precision, study.reference, study.table_rows, self._scored)

    def variance(self) -> pd.DataFrame:
        """Returns the shares of parameters and of noise in the variance; no rows with parameters=centre."""
        return self._variance.copy()

    def drivers(self) -> pd.DataFrame:
        """Returns the parameters that drive the variance of headline contrasts; no rows with few parameter draws."""
        return self._drivers.copy()

    def explained(self, parameters: Iterable[str]) -> pd.DataFrame:
        """Of each of `parameters` (short names) the level or difference of a headline metric that it explains most."""
        from consensus_sim.catalogue import contrast_metrics
        from consensus_sim.forecast.explained import explained_table

        levels = {name: self.drawn[name] for name in parameters}
        return explained_table(self.values, self.study.reference, levels, contrast_metrics())

    @cached_property
    def _variance(self) -> pd.DataFrame:
        from consensus_sim.catalogue import contrast_metrics
        from consensus_sim.forecast.variance import ENOUGH, variance_table
        from consensus_sim.study.posterior import SILENT

        narrowed = None
        if self.study.parameters == "posterior" and len(self._first) >= ENOUGH:
            told = [name for name, ratio in self._spread_ratios.items() if ratio < SILENT]
            narrowed = np.empty((len(self._first), len(told)))
            for place, name in enumerate(told):
                narrowed[:, place] = self.drawn[name]
        return variance_table(self.values, self._units, self.study.reference, narrowed, contrast_metrics())

    @cached_property
    def _drivers(self) -> pd.DataFrame:
        from consensus_sim.catalogue import contrast_metrics
        from consensus_sim.forecast.variance import DRIVERS, ENOUGH, drivers_table
        from consensus_sim.runs.replicate import read_behaviour

        if len(self._first) < ENOUGH:
            return no_rows(DRIVERS)
        identified = {p.name.removeprefix("behaviour."): p.identified for p in read_behaviour(self.study)}
        return drivers_table(
            self.values, self.study.reference, self.drawn, identified, contrast_metrics(), self._spread_ratios
        )

    @cached_property
    def _first(self) -> list[int]:
        """The first replicate of every parameter draw, by ascending draw; none where parameters are not drawn."""
        draws = self.study.draws()
        return [] if draws is None else np.unique(draws, return_index=True)[1].tolist()

    @cached_property
    def drawn(self) -> dict[str, NDArray[np.float64]]:
        """Parameter, by short name -> its value in every draw."""
        from consensus_sim.runs.replicate import behaviour_of

        played = [list(behaviour_of(self.study, replicate)) for replicate in self._first]
        short = [p.name.removeprefix("behaviour.") for p in played[0]] if played else []
        return {name: np.array([one[place].value for one in played]) for place, name in enumerate(short)}

    @cached_property
    def _spread_ratios(self) -> dict[str, float]:
        """Parameter, by short name -> posterior over prior standard deviation; empty without a posterior."""
        from consensus_sim.runs.replicate import read_behaviour

        if self.study.posterior is None:
            return {}
        return self.study.posterior.spread_ratios(read_behaviour(self.study))

    def save(
        self,
        folder: str | Path,
        *,
        config: Mapping[str, Any] | None = None,
        started: datetime.datetime | None = None,
        report: Callable[[Forecast, Path, dict[str, Any]], None] | None = None,
    ) -> Path:
        """Writes everything to `folder`, or `folder-2`, ... if that exists, whole or not at all; returns the folder.

        Files: config.yaml, provenance.json, one .parquet per table, summary.csv, contrasts.csv, and
        unless parameters=centre variance.csv and drivers.csv, and what `report` adds.

        config: the resolved config (default: that of the study); started: when the run began
        report: called with this forecast, the folder and the provenance, to add figures and pages
        Raises OSError if the folder cannot be written.
        """
        began = started or self.made

        def write(place: Path) -> None:
            self.write_tables(place)
            exact = self.precision()
            more = {} if exact is None else {"monte_carlo_error": exact.facts()}
            facts = write_origin(place, self.study, config if config is not None else self._config(), began, more)
            if report is not None:
                report(self, place, facts)

        return save_whole(Path(folder), write)

    def write_tables(self, folder: Path) -> None:
        """Writes the tables, summaries and contrasts into `folder`."""
        import pyarrow.parquet

        for name, table in self.tables.arrow.items():
            pyarrow.parquet.write_table(table, folder / f"{name}.parquet", compression="zstd")
        frames = {"summary": self.summary(), "contrasts": self.contrasts()}
        if self.study.parameters != "centre":
            frames |= {"variance": self.variance(), "drivers": self.drivers()}
        for name, frame in frames.items():
            frame.to_csv(folder / f"{name}.csv", index=False, float_format=NUMBERS, lineterminator="\n")

    def _config(self) -> dict[str, Any]:
        """Returns the study as a config, for a forecast made without the command line."""
        scenarios = [{"name": s.name, "levers": dict(s.levers)} for s in self.study.scenarios]
        counts = {"replicates": self.study.replicates, "reference": self.study.reference}
        return {**self.study.identity(), **counts, "scenarios": scenarios}


def write_origin(
    folder: Path,
    study: Study,
    config: Mapping[str, Any],
    started: datetime.datetime,
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Writes config.yaml, which Hydra can read, and provenance.json; returns the content of the latter, with `more`.

    config: the resolved config; under `CHANGES` it may have the settings that were given, which go to the provenance
    """
    text = config_text({name: node for name, node in config.items() if name != CHANGES})
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    given = config.get(CHANGES)
    facts = {**provenance(study, started), **({CHANGES: list(given)} if given else {}), **(more or {})}
    text = json.dumps(facts, indent=2, ensure_ascii=False) + "\n"
    (folder / "provenance.json").write_text(text, encoding="utf-8")
    return facts
