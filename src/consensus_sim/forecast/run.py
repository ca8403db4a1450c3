"""Runs an ensemble: loads stored replicates, simulates and stores the others, and joins them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from consensus_sim.errors import ConsensusSimError, InputError, Phrase, phrase, raise_all, single
from consensus_sim.forecast.adjusted import scored
from consensus_sim.forecast.forecast import Forecast
from consensus_sim.forecast.monte_carlo_error import Reached, reached
from consensus_sim.forecast.summary import Values
from consensus_sim.runs.engines import Engine, cores
from consensus_sim.runs.precompile import compile_ahead
from consensus_sim.runs.progress import Bar, say, signs_of_life
from consensus_sim.runs.store import Store
from consensus_sim.runs.tables import assemble
from consensus_sim.runs.work import Outcome, Runs, Task, Work, attempt
from consensus_sim.study.scenario import Study

if TYPE_CHECKING:
    import pandas as pd

    from consensus_sim.community import Community

_NAMED = 5  # failures that are reported one by one


class ReplicatesFailedError(ConsensusSimError):
    """Some tasks failed; the others are stored. `failures` holds the outcome of each failed task."""

    def __init__(self, failures: list[Outcome], total: int, naming: Naming) -> None:
        self.failures = failures
        told = [phrase("in_place", where=naming.one(f.task), error=f.error) for f in failures[:_NAMED]]
        if len(failures) > _NAMED:
            told.append(phrase("and_more", count=len(failures) - _NAMED))
        super().__init__("runs_failed", failed=len(failures), total=total, runs=naming.many, errors=told)


@dataclass(frozen=True)
class Naming:
    """Names of tasks in messages: `many` of them, `what` a name stands for, and `one` of them."""

    many: Phrase
    what: Phrase
    one: Callable[[Task], Phrase]


def naming_of(study: Study) -> Naming:
    """Returns the names of the replicates of `study`."""
    return Naming(phrase("replicates"), phrase("one_scenario"), lambda task: replicate_of(task, study.seed))


def replicate_of(task: Task, seed: int) -> Phrase:
    """Returns the name of a replicate in a message."""
    return phrase("replicate_of", name=task[0], number=task[1], seed=seed)


def run_ensemble(
    study: Study,
    community: Community,
    engine: Engine,
    store: Store,
    *,
    cold: bool = False,
    progress: bool = True,
) -> Forecast:
    """Returns all replicates of all scenarios of `study` as a `Forecast`; with a target, as many as it takes.

    cold: what `first_start` said; progress: show a bar where somebody watches
    The forecast's study says how many replicates there are.

    Raises:
    ------
    InputError: a scenario cannot be simulated on this community, by the same message in every replicate that failed.
    ReplicatesFailedError: some replicates failed; the others are in `store` for the next run.
    OSError: the store cannot be written.
    """
    names = [scenario.name for scenario in study.scenarios]
    work, naming, warm = Runs(study, community), naming_of(study), _Once(lambda: warm_kernels(study, cold))
    precision = study.precision
    until = None if precision is None or precision.target is None else precision
    title: Phrase | None = None
    played, printed = 0, _Printed(study, community)
    for count in [study.replicates] if until is None else until.counts():
        # Replicate by replicate: what its scenarios have in common at the start is drawn once, and where time ends a
        # run early, every scenario has got as far as the others.
        tasks = [(name, number) for number in range(played, count) for name in names]
        run_missing(tasks, work, engine, store, naming, before=warm, progress=progress, title=title)
        played = count
        if until is not None:
            found = printed.add(stored(tasks, work, store, naming), count)
            if not found.missing:
                break
            large, of = len(found.missing), len(found.errors)
            title = phrase("errors_too_large", runs=naming.many, large=large, of=of, count=count)
    study = replace(study, replicates=played)
    in_order = [(name, number) for name in names for number in range(played)]
    return Forecast(study, community, assemble(stored(in_order, work, store, naming)))


class _Once:
    """Calls a function the first time only."""

    def __init__(self, function: Callable[[], None]) -> None:
        self._function: Callable[[], None] | None = function

    def __call__(self) -> None:
        function, self._function = self._function, None
        if function is not None:
            function()


class _Printed:
    """Headline values of the replicates so far, each read once for the decision whether to continue."""

    def __init__(self, study: Study, community: Community) -> None:
        self._study, self._scored = study, scored(study, community)
        self._frames: list[pd.DataFrame] = []

    def add(self, payloads: Iterator[tuple[str, int, bytes]], count: int) -> Reached:
        """Returns the precision with `payloads` (scenario, replicate, bytes) added, `count` replicates in all."""
        import pandas as pd

        frame = assemble(payloads)["metrics"].to_pandas()
        text = {name: frame[name].astype(str) for name in ("scenario", "metric", "group")}
        self._frames.append(frame.assign(**text))
        names = [scenario.name for scenario in self._study.scenarios]
        values = Values(pd.concat(self._frames, ignore_index=True), names, count, self._study.draws(count))
        study = self._study
        assert study.precision is not None
        return reached(values, study.precision, study.reference, study.table_rows, self._scored)


def run_missing(
    tasks: list[Task],
    work: Work,
    engine: Engine,
    store: Store,
    naming: Naming,
    *,
    before: Callable[[], None],
    progress: bool = True,
    title: Phrase | None = None,
) -> None:
    """Runs those of `tasks` that `store` lacks and stores each as it finishes; calls `before` if there are any.

    title: words before the bar (else what the tasks are called)

    Raises InputError if the user can correct every failure, else ReplicatesFailedError.
    """
    missing = [task for task in tasks if not store.has(*task)]
    if not missing:
        return
    if len(missing) < len(tasks):
        say(phrase("stored_already", stored=len(tasks) - len(missing), total=len(tasks), runs=naming.many))
    before()
    failures: list[Outcome] = []
    outcomes = engine.run(missing, work)
    with contextlib.closing(outcomes), Bar(title or naming.many, len(tasks), shown=progress) as bar:  # type: ignore[type-var]
        bar.tick(len(tasks) - len(missing))
        for outcome in outcomes:
            if outcome is None:
                bar.tick()
                continue
            if outcome.payload is None:
                failures.append(outcome)
            else:
                store.put(*outcome.task, outcome.payload)
            bar.tick(1)
    if failures:
        place = {task: number for number, task in enumerate(missing)}
        failures.sort(key=lambda failure: place[failure.task])
        if all(failure.mistake for failure in failures):
            raise_all(mistakes(failures, naming))
        raise ReplicatesFailedError(failures, len(tasks), naming)


def mistakes(failures: list[Outcome], naming: Naming) -> list[InputError]:
    """Returns the errors that the user can correct: each once, with the scenarios in which it occurred."""
    errors: dict[str, InputError] = {}
    places: dict[str, dict[str, None]] = {}
    for failure in failures:
        for error in single(failure.error) if isinstance(failure.error, InputError) else ():
            errors[str(error)] = error
            places.setdefault(str(error), {})[failure.task[0]] = None
    return [
        InputError("in_places", error=errors[said], what=naming.what, names=list(names))
        for said, names in places.items()
    ]


def stored(tasks: list[Task], work: Work, store: Store, naming: Naming) -> Iterator[tuple[str, int, bytes]]:
    """Yields the bytes of every task; one that another run of the same command has removed is run again here."""
    for task in tasks:
        payload = store.get(*task)
        if payload is None:
            outcome = attempt(task, work)
            if outcome.payload is None:
                raise ReplicatesFailedError([outcome], len(tasks), naming)
            payload = outcome.payload
        yield *task, payload


def first_start() -> bool:
    """Returns whether this version runs here for the first time; then reports it and compiles the usual kernels.

    Call it before the first compiled function is used, that is, before a community is built.
    """
    cold = not _warm_mark().exists()
    if cold:
        say(phrase("compiling_once"))
        with signs_of_life(_compiling):
            compile_ahead(cores())
    return cold


def announce_first_start() -> None:
    """Reports a first run of this version, so that a line appears while settings are read."""
    if not _warm_mark().exists():
        say(phrase("first_start"))


def _compiling(seconds: int) -> Phrase:
    return phrase("compiling", seconds=seconds)


def _warm_mark() -> Path:
    """Returns the file that marks that every compiled function of this version is in the cache."""
    from consensus_sim.kernels import cache_dir, kernel_digest

    return cache_dir() / f"warm-{kernel_digest()}"


_warm: set[str] = set()  # levers whose compiled functions are loaded in this process


def warm_kernels(study: Study, cold: bool) -> None:
    """Compiles (if `cold`) or loads the compiled functions in this process, so that forked workers inherit them.

    Functions of interventions that this process has simulated before are loaded already.
    """
    from consensus_sim.community import load_community

    if not cold and _warm >= {lever for lever, _ in study.scenarios[-1].levers}:
        return
    small = load_community("teaching")
    scenarios = tuple(replace(scenario, weeks=None) for scenario in study.scenarios)
    short = replace(study, scenarios=scenarios, calendar={**study.calendar, "weeks": min(study.calendar["weeks"], 40)})
    with signs_of_life(_compiling) if cold else contextlib.nullcontext():
        for scenario in study.scenarios if cold else study.scenarios[-1:]:
            # An error here occurs in the replicates as well, and is reported there.
            attempt((scenario.name, 0), Runs(short, small))
            _warm.update(lever for lever, _ in scenario.levers)
    if cold:
        with contextlib.suppress(OSError):
            _warm_mark().touch()
