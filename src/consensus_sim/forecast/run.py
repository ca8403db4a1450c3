"""Run an ensemble: what is already stored is taken, the rest is run and stored as it finishes, then put together."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from consensus_sim.errors import ConsensusSimError, InputError, Phrase, phrase, raise_all, single
from consensus_sim.forecast.forecast import Forecast
from consensus_sim.forecast.monte_carlo_error import Reached, reached
from consensus_sim.forecast.summary import Values
from consensus_sim.runs.engines import Engine, cores
from consensus_sim.runs.precompile import compile_ahead
from consensus_sim.runs.progress import Bar, say, signs_of_life
from consensus_sim.runs.store import ReplicateStore, Store
from consensus_sim.runs.tables import assemble
from consensus_sim.runs.work import Outcome, Replicates, Task, Work, attempt
from consensus_sim.study.scenario import Study

if TYPE_CHECKING:
    import pandas as pd

    from consensus_sim.community import Community

_NAMED = 5  # failures that are told one by one


class ReplicatesFailedError(ConsensusSimError):
    """Some tasks could not be run; the others are stored. `failures` holds one outcome for each."""

    def __init__(self, failures: list[Outcome], total: int, naming: Naming) -> None:
        self.failures = failures
        told = [phrase("in_place", where=naming.one(f.task), error=f.error) for f in failures[:_NAMED]]
        if len(failures) > _NAMED:
            told.append(phrase("and_more", count=len(failures) - _NAMED))
        super().__init__("runs_failed", failed=len(failures), total=total, runs=naming.many, errors=told)


@dataclass(frozen=True)
class Naming:
    """How tasks are called in messages: `many` of them, `what` a name stands for, and `one` of them."""

    many: Phrase
    what: Phrase
    one: Callable[[Task], Phrase]


def naming_of(study: Study) -> Naming:
    """Names of the replicates of `study`."""
    return Naming(phrase("replicates"), phrase("one_scenario"), lambda task: replicate_of(task, study.seed))


def replicate_of(task: Task, seed: int) -> Phrase:
    """A replicate in a message."""
    return phrase("replicate_of", name=task[0], number=task[1], seed=seed)


def run_ensemble(
    study: Study,
    community: Community,
    engine: Engine,
    store: ReplicateStore,
    *,
    cold: bool = False,
    progress: bool = True,
) -> Forecast:
    """All replicates of all scenarios of `study` as a `Forecast`; with a target of precision as many as that takes.

    cold: what `first_start` said; progress: show a bar where somebody watches
    The forecast's study says how many replicates there are.

    Raises:
    ------
    InputError: a scenario cannot be played on this community, by the same message in every replicate that failed.
    ReplicatesFailedError: some replicates failed; the others are in `store` for the next run.
    OSError: the store cannot be written.
    """
    names = [scenario.name for scenario in study.scenarios]
    work, naming, warm = Replicates(community, study), naming_of(study), _Once(lambda: warm_kernels(study, cold))
    precision = study.precision
    until = None if precision is None or precision.target is None else precision
    title: Phrase | None = None
    played, printed = 0, _Printed(study)
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
    """The headline values of the replicates so far, kept so that each is read once for the decision to go on."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._frames: list[pd.DataFrame] = []

    def add(self, payloads: Iterator[tuple[str, int, bytes]], count: int) -> Reached:
        """How exact the means are with `payloads` (scenario, replicate, bytes) added to those of before: `count`."""
        import pandas as pd

        frame = assemble(payloads)["metrics"].to_pandas()
        text = {name: frame[name].astype(str) for name in ("scenario", "metric", "group")}
        self._frames.append(frame.assign(**text))
        names = [scenario.name for scenario in self._study.scenarios]
        values = Values(pd.concat(self._frames, ignore_index=True), names, count, self._study.draws(count))
        assert self._study.precision is not None
        return reached(values, self._study.precision, self._study.reference, self._study.table_rows)


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
    """Run those of `tasks` that `store` does not have, each stored as it finishes; `before` is called if there are any.

    title: words before the bar (else what the tasks are called)

    Raises InputError if all that failed failed by a mistake of the user, else ReplicatesFailedError.
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
    """What the user has to mend: each error once, with the places in which it came up."""
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
    """The bytes of every task; one that vanished in between (a second run of the same command) is run again here."""
    for task in tasks:
        payload = store.get(*task)
        if payload is None:
            outcome = attempt(task, work)
            if outcome.payload is None:
                raise ReplicatesFailedError([outcome], len(tasks), naming)
            payload = outcome.payload
        yield *task, payload


def first_start() -> bool:
    """Whether this version has not been run here before; then says so, and compiles what the default scenarios call.

    Call it before the first compiled function is used, that is, before a community is built.
    """
    cold = not _warm_mark().exists()
    if cold:
        say(phrase("compiling_once"))
        with signs_of_life(_compiling):
            compile_ahead(cores())
    return cold


def announce_first_start() -> None:
    """Say that this version has not been run here before, so that somebody sees a line while settings are read."""
    if not _warm_mark().exists():
        say(phrase("first_start"))


def _compiling(seconds: int) -> Phrase:
    return phrase("compiling", seconds=seconds)


def _warm_mark() -> Path:
    """The file that says that every compiled function of this version is in the cache."""
    from consensus_sim.kernels import cache_dir, kernel_digest

    return cache_dir() / f"warm-{kernel_digest()}"


_warm: set[str] = set()  # levers whose compiled functions are loaded in this process


def warm_kernels(study: Study, cold: bool) -> None:
    """Compile (if `cold`) or load the compiled functions in this process, so that forked workers inherit them; what
    this process has played before is loaded already.
    """
    from consensus_sim.community import load_community

    if not cold and _warm >= {lever for lever, _ in study.scenarios[-1].levers}:
        return
    small = load_community("teaching")
    short = replace(study, calendar={**study.calendar, "weeks": min(study.calendar["weeks"], 40)})
    with signs_of_life(_compiling) if cold else contextlib.nullcontext():
        for scenario in study.scenarios if cold else study.scenarios[-1:]:
            # An error here comes up in the replicates as well, and is told there.
            attempt((scenario.name, 0), Replicates(small, short))
            _warm.update(lever for lever, _ in scenario.levers)
    if cold:
        with contextlib.suppress(OSError):
            _warm_mark().touch()
