"""Runs over the priors of all parameters: a Sobol design, played on any engine, each set stored as it finishes."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from consensus_sim.errors import ConsensusSimError, not_allowed, phrase
from consensus_sim.parameters import Behaviour
from consensus_sim.runs.work import Task, Work
from consensus_sim.settings import STRICT, Day, OptionalDay, Text, known
from consensus_sim.study.scenario import Settings, Study, canonical

if TYPE_CHECKING:
    from consensus_sim.community import Community
    from consensus_sim.runs.engines import Engine
    from consensus_sim.runs.store import Store

Matrix = NDArray[np.float64]
NAME = "parameters"
"""Name of the tasks: (NAME, number of the set)."""


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
    """A run that statistics are read from: period `name`, `scenario`, played for `weeks`.

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
class DesignWork:
    """Plays parameter set after parameter set and keeps only the statistics.

    names, values: of the parameters, (sets, parameters); first: replicate of set 0, so that other sets can meet other
    chance; growing: the sets are the first of a longer design; asked: further statistics (`statistics.read_runs`)
    same_chance: every set meets the chance of replicate `first`
    """

    community: Community
    study: Study
    periods: tuple[Period, ...]
    names: tuple[str, ...]
    values: Matrix
    first: int = 0
    growing: bool = False
    asked: tuple[str, ...] | None = ()
    same_chance: bool = False

    def run(self, task: Task) -> bytes:
        """The packed statistics of set `task[1]`."""
        from consensus_sim.analysis.statistics import read_runs
        from consensus_sim.runs.replicate import cleared_at_once, model_of, read_behaviour
        from consensus_sim.runs.tables import pack

        values = dict(zip(self.names, self.values[task[1]].tolist(), strict=True))
        behaviour = read_behaviour(self.study).with_values(values)
        with cleared_at_once():
            models = {}
            for period in self.periods:
                study = replace(self.study, calendar={**self.study.calendar, "weeks": period.weeks})
                scenario = study.scenario(period.scenario)
                replicate = self.first + (0 if self.same_chance else task[1])
                models[period.name] = model_of(self.community, scenario, study, replicate, behaviour).run()
            found = read_runs(models, self.asked, {p.name: p.days for p in self.periods if p.days is not None})
            models.clear()
        # "metrics" is the table that is kept in full precision
        return pack({"metrics": {"statistic": np.array(list(found)), "value": np.array(list(found.values()))}})

    def portable(self) -> Work:
        """The same from the community's spec, without the community itself."""
        spec = self.community.spec
        if spec.buildings_file is not None:
            return self
        return _PortableDesign(spec.as_dict(), self.community.fingerprint, replace(self, community=None))  # type: ignore[arg-type]

    def key(self) -> str:
        """A hash of all that determines the statistics of a set, but the sets that are not played."""
        from consensus_sim.runs.store import code_of

        place = {"community": self.community.fingerprint, "first": str(self.first)}
        if self.same_chance:
            place["same_chance"] = "yes"
        parts = [
            [period.name, period.weeks, list(map(str, period.days or ())), self.study.key(s, {**code_of(s), **place})]
            for period in self.periods
            for s in (self.study.scenario(period.scenario),)
        ]
        # Longer designs begin like shorter ones, so that the first set stands for them.
        rows = self.values[:1] if self.growing else self.values
        content = canonical([parts, self.names, sorted(self.asked or ()), rows.tolist()])
        return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


@dataclass(eq=False)
class _PortableDesign:
    """A design on a community that each process builds once."""

    spec: Settings
    fingerprint: str
    work: DesignWork
    built: DesignWork | None = None

    def run(self, task: Task) -> bytes:
        """The packed statistics of set `task[1]`."""
        if self.built is None:
            from consensus_sim.community import build_community

            community = build_community(self.spec)
            if community.fingerprint != self.fingerprint:
                raise ConsensusSimError("community_differs")
            self.built = replace(self.work, community=community)
        return self.built.run(task)

    def portable(self) -> Work:
        """It is portable already."""
        return self


@dataclass
class Stored:
    """Where finished sets are kept until the results are saved: in `folder` (None: in memory).

    reuse: take what an earlier run left there; keep: leave them there for good
    """

    folder: Path | None = None
    reuse: bool = True
    keep: bool = False
    _used: list[tuple[Store, list[Task]]] = field(default_factory=list)

    def open(self, work: DesignWork, tasks: list[Task]) -> Store:
        """The store of `tasks` of `work`."""
        from consensus_sim.runs.store import Store

        store = Store({NAME: work.key()}, self.folder, reuse=self.reuse)
        self._used.append((store, tasks))
        return store

    def clear(self) -> None:
        """Remove what has been opened, unless it is to be kept: the results are saved."""
        while self._used:
            store, tasks = self._used.pop()
            store.finish(tasks, keep=self.keep)


def told_by(work: DesignWork) -> list[str]:
    """All that a run of `work` tells, whatever is asked of it: the names under which targets may read it."""
    from consensus_sim.runs.tables import unpack

    _, names = unpack(replace(work, asked=None).run((NAME, 0)))["metrics"]["statistic"]
    assert names is not None
    return list(names)


def play(
    work: DesignWork, sets: Sequence[int], engine: Engine, stored_in: Stored, *, cold: bool = False
) -> dict[str, Matrix]:
    """Statistics of `sets` (numbers of rows of work.values): statistic -> (sets,), NaN where undefined.

    Raises ReplicatesFailedError if one could not be played; the others are kept in `stored_in`.
    """
    from consensus_sim.forecast.run import Naming, run_missing, stored, warm_kernels
    from consensus_sim.runs.tables import unpack

    tasks = [(NAME, int(number)) for number in sets]
    store = stored_in.open(work, tasks)
    naming = Naming(
        phrase("parameter_sets"),
        phrase("one_parameter_set"),
        lambda task: phrase("parameter_set", number=task[1], seed=work.study.seed),
    )
    run_missing(tasks, work, engine, store, naming, before=lambda: warm_kernels(work.study, cold))
    rows = []
    for _, _, payload in stored(tasks, work, store, naming):
        table = unpack(payload)["metrics"]
        codes, names = table["statistic"]
        assert names is not None
        rows.append(dict(zip((names[code] for code in codes), table["value"][0].tolist(), strict=True)))
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def save_table(place: Path, statistics: Mapping[str, Matrix], about: Mapping[str, Any]) -> None:
    """Write the statistics of a design as Parquet, with `about` (seed, runs, ...) in its metadata."""
    import pyarrow as pa
    import pyarrow.parquet

    table = pa.table({name: pa.array(values) for name, values in statistics.items()})
    table = table.replace_schema_metadata({"consensus_sim": json.dumps(dict(about), ensure_ascii=False)})
    place.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(table, place, compression="zstd")


def load_table(place: Path) -> tuple[dict[str, Matrix], dict[str, Any]]:
    """What `save_table` wrote."""
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(place)
    about = json.loads((table.schema.metadata or {})[b"consensus_sim"])
    return {name: table[name].to_numpy() for name in table.column_names}, about
