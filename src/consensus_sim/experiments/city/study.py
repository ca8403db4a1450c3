"""Gains by community in a city: simulates many communities of various kinds, each independently."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from consensus_sim.errors import not_allowed, phrase
from consensus_sim.experiments.runner import Command, Findings
from consensus_sim.runs.city import City, CityWork, Drawn, draw_city, read_city
from consensus_sim.study.scenario import Study

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from rich.console import Console

    from consensus_sim.forecast.summary import Values

_CERTAINTY = (
    "standard_error", "q05", "q95", "mean_q05", "mean_q95", "p_mean_up", "p_mean_down", "p_up", "p_down",
    "least_difference",
)  # fmt: skip
"""Columns of a table of contrasts that say how sure a difference is."""
_ABOUT = ("residents", "tenant_share", "low_income_share", "newcomer_share", "young_share", "elder_share")


class CityForecast:
    """Forecast of a city: results of each community in its ensemble.

    study: simulated in each; city: how they were drawn; drawn: the communities, in order
    communities: one row a community: kind, residents, adults, ... and shares of its residents
    metrics: headline values: community, scenario, replicate, metric, group, value
    """

    def __init__(
        self,
        study: Study,
        city: City,
        drawn: Sequence[Drawn],
        tables: Mapping[str, pa.Table],
    ) -> None:
        self.study, self.city, self.drawn = study, city, list(drawn)
        self.arrow = tables["metrics"]
        self.metrics: pd.DataFrame = self.arrow.to_pandas()
        self.communities: pd.DataFrame = tables["communities"].to_pandas()
        self.communities["community"] = self.communities["community"].astype(str)
        self.communities.insert(1, "kind", [one.kind.name for one in drawn])

    def _least(self, units: Mapping[str, str], community: str) -> dict[str, float]:
        """Metric -> least difference worth a word in `community`; empty where the study names none."""
        if self.study.least is None:
            return {}
        rows = self.communities.loc[self.communities["community"] == community, "adults"]
        return self.study.least.of(units, int(rows.iloc[0]))

    def _by_community(self, table: Callable[[Values, Mapping[str, str], str], pd.DataFrame]) -> pd.DataFrame:
        """The rows of `table` (of values, units and a community's name) under each other, led by community and kind."""
        import pandas as pd

        from consensus_sim.catalogue import metric
        from consensus_sim.forecast.summary import Values

        units = {str(name): metric(str(name)).unit for name in self.metrics["metric"].unique()}
        names = [scenario.name for scenario in self.study.scenarios]
        parts = []
        own = dict(list(self.metrics.groupby("community", observed=True, sort=False)))
        for one in self.drawn:
            values = Values(own[one.name], names, self.study.replicates, self.study.draws())
            part = table(values, units, one.name)
            part.insert(0, "community", one.name)
            part.insert(1, "kind", one.kind.name)
            parts.append(part)
        return pd.concat(parts, ignore_index=True)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Columns: community, kind, and those of every summary."""
        from consensus_sim.forecast.summary import summarise

        return self._by_community(lambda values, units, _: summarise(values, units))

    @cached_property
    def contrasts(self) -> pd.DataFrame:
        """Columns: community, kind, and those of every table of contrasts."""
        from consensus_sim.forecast.summary import contrast

        reference = self.study.reference
        return self._by_community(
            lambda values, units, name: contrast(values, units, reference, self._least(units, name))
        )

    @cached_property
    def gains(self) -> pd.DataFrame:
        """All communities ranked by what each scenario adds to each metric of the city's list.

        Columns: scenario, reference, metric, unit, rank (1: most welcome difference), community, kind, difference, its
        intervals and probabilities (`_CERTAINTY`), replicates, sets, and what the community is like. A metric that is
        better low is ranked so.
        """
        import numpy as np
        import pandas as pd

        from consensus_sim.catalogue import metric

        rows = self.contrasts[(self.contrasts["group"] == "all") & self.contrasts["metric"].isin(self.city.gains)]
        parts = []
        for scenario in dict.fromkeys(rows["scenario"]):
            for name in self.city.gains:
                part = rows[(rows["scenario"] == scenario) & (rows["metric"] == name)]
                sign = 1 if metric(name).direction == "lower" else -1
                part = part.iloc[np.argsort(sign * part["difference"].to_numpy(), kind="stable")].copy()
                part["rank"] = np.arange(1, len(part) + 1)
                parts.append(part)
        columns = ["scenario", "reference", "metric", "unit", "rank", "community", "kind", "difference"]
        columns += [*_CERTAINTY, "replicates", "sets"]
        ranked = pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
        return ranked.merge(self.communities[["community", *_ABOUT]], on="community", how="left")

    @cached_property
    def kinds(self) -> pd.DataFrame:
        """Gain from each scenario in the communities of each kind.

        Columns: kind, scenario, reference, metric, group, unit, difference (mean over communities), q05, q95 (over
        communities), communities.
        """
        keys = ["kind", "scenario", "reference", "metric", "group", "unit"]
        groups = self.contrasts.groupby(keys, sort=False, observed=True)["difference"]
        found = groups.agg(
            difference="mean", q05=lambda v: v.quantile(0.05), q95=lambda v: v.quantile(0.95), communities="count"
        )
        return found.reset_index()

    @property
    def findings(self) -> Findings:
        """Results to write and print; nothing is published."""
        from consensus_sim.experiments.city.figure import draw_city
        from consensus_sim.experiments.city.text import print_gains

        kinds = {kind.name: kind.label for kind in self.city.kinds}
        scenarios = {scenario.name: scenario.label for scenario in self.study.scenarios}

        def show(language: str, console: Console) -> None:
            own, compared = ({name: label[language] for name, label in one.items()} for one in (kinds, scenarios))
            print_gains(self.gains, own, compared, language, console)

        def write(folder: Path) -> None:
            import pyarrow.parquet

            pyarrow.parquet.write_table(self.arrow, folder / "city.parquet", compression="zstd")

        compared = dict.fromkeys(self.gains["scenario"])
        names = ("communities", "summary", "contrasts", "gains", "kinds")
        return Findings(
            study=self.study,
            tables={name: getattr(self, name) for name in names},
            show=show,
            draw=lambda language: {f"gains_{name}": draw_city(self.gains, name, kinds, language) for name in compared},
            write=write,
            published=dict,
        )


def run(command: Command) -> Findings:
    """Runs the scenarios in every community of the city that the config describes."""
    return forecast_city(command).findings


def forecast_city(command: Command) -> CityForecast:
    """The forecast of every community of the city that the config describes."""
    from consensus_sim.forecast.run import Naming
    from consensus_sim.runs.tables import assemble
    from consensus_sim.study.study import read_study

    config = command.config
    city, study = read_city(config.get("city")), read_study(config)
    if config["community"].get("scale") != 1:
        raise not_allowed("community.scale", config["community"].get("scale"), phrase("one_in_a_city"))
    drawn = draw_city(city, config["community"])
    naming = Naming(
        phrase("communities"),
        phrase("one_community"),
        lambda task: phrase("community_of", name=task[0], seed=study.seed),
    )
    work = CityWork({one.name: one.spec for one in drawn}, study)
    payloads = command.simulator.payloads([(one.name, 0) for one in drawn], work, study, naming)
    return CityForecast(study, city, drawn, assemble(payloads, ("community",)))
