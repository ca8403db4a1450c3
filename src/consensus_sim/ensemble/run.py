"""Run an ensemble: what is already stored is taken, the rest is run and stored as it finishes, then put together."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from consensus_sim.ensemble.engines import Engine, Outcome, Task, run_task
from consensus_sim.ensemble.forecast import Forecast
from consensus_sim.ensemble.progress import Bar, say
from consensus_sim.ensemble.scenario import Study
from consensus_sim.ensemble.store import ReplicateStore, code_digest
from consensus_sim.ensemble.tables import assemble
from consensus_sim.errors import ConsensusSimError, InputError

if TYPE_CHECKING:
    from consensus_sim.community import Community

_NAMED = 5  # failures that are told one by one


class ReplicatesFailedError(ConsensusSimError):
    """Some replicates could not be run; the others are stored. `failures` holds one outcome for each."""

    def __init__(self, failures: list[Outcome], seed: int, total: int) -> None:
        self.failures = failures
        named = [f"replicate {f.task[1]} of {f.task[0]} (seed {seed}): {f.error}" for f in failures[:_NAMED]]
        more = f"; and {len(failures) - _NAMED} more" if len(failures) > _NAMED else ""
        super().__init__(f"{len(failures)} of {total} replicates failed: {'; '.join(named)}{more}")


def run_ensemble(
    study: Study,
    community: Community,
    engine: Engine,
    store: ReplicateStore,
    *,
    cold: bool = False,
    progress: bool = True,
) -> Forecast:
    """All replicates of all scenarios of `study` as a `Forecast`.

    cold: what `first_start` said; progress: show a bar where somebody watches

    Raises:
    ------
    InputError: a scenario cannot be played on this community, by the same message in every replicate that failed.
    ReplicatesFailedError: some replicates failed; the others are in `store` for the next run.
    OSError: the store cannot be written.
    """
    tasks = [(scenario.name, number) for scenario in study.scenarios for number in range(study.replicates)]
    missing = [task for task in tasks if store.get(*task) is None]
    if missing:
        if len(missing) < len(tasks):
            say(f"{len(tasks) - len(missing)} of {len(tasks)} replicates are stored already; going on with the others")
        warm_kernels(study, cold)
        _run(missing, len(tasks), study, community, engine, store, progress)
    return Forecast(study, community, assemble(_stored(tasks, study, community, store)))


def _run(
    missing: list[Task],
    total: int,
    study: Study,
    community: Community,
    engine: Engine,
    store: ReplicateStore,
    progress: bool,
) -> None:
    """Run the `missing` tasks and store each as it finishes; raise if any failed."""
    failures: list[Outcome] = []
    outcomes = engine.run(missing, community, study)
    with contextlib.closing(outcomes), Bar("replicates", total, shown=progress) as bar:  # type: ignore[type-var]
        bar.tick(total - len(missing))
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
        failures.sort(key=lambda failure: missing.index(failure.task))
        if all(failure.mistake for failure in failures):
            raise InputError(mistakes(failures))
        raise ReplicatesFailedError(failures, study.seed, total)


def mistakes(failures: list[Outcome]) -> str:
    """What the user has to mend: each message once, with the scenarios in which it came up."""
    where: dict[str, dict[str, None]] = {}
    for failure in failures:
        where.setdefault(failure.error, {})[failure.task[0]] = None
    return "; ".join(f"{message} (in scenario {', '.join(names)})" for message, names in where.items())


def _stored(
    tasks: list[Task], study: Study, community: Community, store: ReplicateStore
) -> Iterator[tuple[str, int, bytes]]:
    """The bytes of every task; one that vanished in between (a second run of the same command) is run again here."""
    for task in tasks:
        payload = store.get(*task)
        if payload is None:
            outcome = run_task(task, community, study)
            if outcome.payload is None:
                raise ReplicatesFailedError([outcome], study.seed, len(tasks))
            payload = outcome.payload
        yield *task, payload


def first_start() -> bool:
    """Whether this version has not been run here before, so that its compiled functions have to be made; says so.

    Call it before the first compiled function is used, that is, before a community is built.
    """
    cold = not _warm_mark().exists()
    if cold:
        say("compiling kernels, once per installation (about a minute)")
    return cold


def _warm_mark() -> Path:
    """The file that says that every compiled function of this version is in the cache."""
    from consensus_sim.kernels import cache_dir

    return cache_dir() / f"warm-{code_digest()[:16]}"


def warm_kernels(study: Study, cold: bool) -> None:
    """Compile (if `cold`) or load the compiled functions in this process, so that forked workers inherit them."""
    from consensus_sim.community import load_community

    small = load_community("teaching")
    short = replace(study, calendar={**study.calendar, "weeks": min(study.calendar["weeks"], 40)})
    for scenario in study.scenarios if cold else study.scenarios[-1:]:
        # An error here comes up in the replicates as well, and is told there.
        run_task((scenario.name, 0), small, short)
    if cold:
        with contextlib.suppress(OSError):
            _warm_mark().touch()
