"""Runs under parameter draws: designs that fill the priors, the periods to run, and the statistics read from them."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from consensus_sim.errors import not_allowed, phrase
from consensus_sim.parameters import Behaviour
from consensus_sim.runs.work import Runs, Sets
from consensus_sim.settings import STRICT, Day, OptionalDay, Text, known

if TYPE_CHECKING:
    from consensus_sim.community import Community
    from consensus_sim.forecast.simulator import Simulator
    from consensus_sim.study.scenario import Study

Matrix = NDArray[np.float64]
Statistics = dict[str, Matrix]
"""Statistic -> its value for every set, NaN where undefined."""


def sobol(behaviour: Behaviour, runs: int, seed: int) -> Matrix:
    """Quantiles (runs, parameters) that fill the prior evenly: scrambled Sobol points (Owen 1998), `seed` >= 0.

    The first points of a longer design are those of a shorter one. A parameter that is fixed or not drawn takes no
    part: its column is at the middle, so that the design is the same with and without it.
    """
    from scipy.stats import qmc

    free = [p.varies for p in behaviour]
    sampler = qmc.Sobol(sum(free), scramble=True, rng=np.random.default_rng(seed))
    points: Matrix = np.full((runs, len(free)), 0.5)
    points[:, free] = sampler.random_base2(max(1, int(np.ceil(np.log2(runs)))))[:runs]
    return points


def values_at(behaviour: Behaviour, quantiles: Matrix) -> Matrix:
    """Values of all parameters (runs, parameters) at `quantiles` of their priors."""
    return np.column_stack([p.at(quantiles[:, number]) for number, p in enumerate(behaviour)])


@dataclass(frozen=True)
class Period:
    """A run that statistics are read from: period `name`, `scenario`, simulated for `weeks`.

    days: first day of the period, and first day after it, for quantities that are read for a time of their own
    """

    name: str
    scenario: str
    weeks: int
    days: tuple[datetime.date, datetime.date] | None = None


@dataclass(frozen=True, kw_only=True)
class PeriodSettings:
    """A period as written: `from` may say the first day of quantities that are read for a time of their own."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    scenario: Text
    since: Annotated[OptionalDay, Field(alias="from")] = None
    until: Day


Periods = dict[Text, PeriodSettings]


def read_periods(where: str, found: Periods, study: Study) -> list[Period]:
    """The periods at the key `where`, which begin with `study` and are read from its scenarios."""
    from consensus_sim.calendar import Calendar
    from consensus_sim.study.dates import MOST_WEEKS

    calendar = Calendar(datetime.date.fromisoformat(study.calendar["start"]), 1)
    names = [scenario.name for scenario in study.scenarios]
    periods = []
    for name, entry in found.items():
        known(f"{where}.{name}.scenario", entry.scenario, names)
        weeks = calendar.week_of(entry.until)
        if not 1 <= weeks <= MOST_WEEKS:
            after = phrase("date_after", date=str(calendar.start))
            raise not_allowed(f"{where}.{name}.until", str(entry.until), after)
        days = None if entry.since is None else (entry.since, entry.until)
        if entry.since is not None and not calendar.start <= entry.since < entry.until:
            allowed = phrase("date_within", start=str(calendar.start), until=str(entry.until))
            raise not_allowed(f"{where}.{name}.from", str(entry.since), allowed)
        periods.append(Period(name, entry.scenario, weeks, days))
    return periods


@dataclass(frozen=True, eq=False)
class Design:
    """Statistics to read from runs of a study under parameter draws: those of `periods`, and those `asked` in addition
    (`statistics.ReadStatistics`).
    """

    community: Community
    study: Study
    periods: tuple[Period, ...]
    asked: tuple[str, ...] = ()

    def runs(self, sets: Sets, asked: tuple[str, ...] | None) -> Runs:
        """The runs of `sets`, one a period, each as long as that."""
        from consensus_sim.experiments.statistics import ReadStatistics

        scenarios = tuple(
            replace(self.study.scenario(period.scenario), name=period.name, weeks=period.weeks)
            for period in self.periods
        )
        study = replace(self.study, scenarios=scenarios, reference=scenarios[0].name)
        days = tuple((period.name, period.days) for period in self.periods if period.days is not None)
        return Runs(study, self.community, sets, ReadStatistics(asked, days))

    def statistics(self, sets: Sets, simulator: Simulator) -> Statistics:
        """Statistic -> its value for every set, NaN where undefined; once `simulator` has all runs."""
        from consensus_sim.experiments.statistics import joined

        return joined(simulator.numbers(self.runs(sets, self.asked), range(len(sets.values))))

    def available(self, sets: Sets) -> list[str]:
        """Names of all statistics that the runs of a set provide, under which targets may read them."""
        from consensus_sim.experiments.statistics import joined

        runs = self.runs(sets, None)
        found = {}
        for period in self.periods:
            table = runs.tables((period.name, 0))["metrics"]
            found[period.name] = dict(zip(table["statistic"].tolist(), table["value"], strict=True))
        return [*joined(found)]


def save_table(place: Path, statistics: Mapping[str, Matrix], about: Mapping[str, Any]) -> None:
    """Write the statistics of a design as Parquet, with `about` (seed, runs, ...) in its metadata."""
    import pyarrow as pa
    import pyarrow.parquet

    table = pa.table({name: pa.array(values) for name, values in statistics.items()})
    table = table.replace_schema_metadata({"consensus_sim": json.dumps(dict(about), ensure_ascii=False)})
    place.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(table, place, compression="zstd")
