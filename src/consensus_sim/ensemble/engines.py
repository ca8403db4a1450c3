"""Engines: where replicates are run. All give the same numbers; they differ in how many run at once and where.

An engine takes tasks and yields an `Outcome` for each, in any order, as soon as it is there. It never stores
anything: `ensemble.run`, which reads the outcomes, does. A failure is an outcome, too, so that the others finish.
"""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, MutableSequence, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for
from typing import TYPE_CHECKING, Protocol

from consensus_sim.ensemble.scenario import Study
from consensus_sim.ensemble.tables import pack
from consensus_sim.errors import InputError

if TYPE_CHECKING:
    from consensus_sim.community import Community

Task = tuple[str, int]  # name of the scenario, number of the replicate


@dataclass(frozen=True)
class Outcome:
    """What came of one task: `payload` (the packed tables), or `error` in one line with its `trace`.

    mistake: the error is an InputError, that is, the user can mend it
    """

    task: Task
    payload: bytes | None = None
    error: str = ""
    trace: str = ""
    mistake: bool = False


class Engine(Protocol):
    """What every engine offers."""

    def run(self, tasks: Sequence[Task], community: Community, study: Study) -> Iterator[Outcome | None]:
        """Run `tasks`, yield their outcomes as they come, and None now and then while there is nothing new."""
        ...


def run_task(task: Task, community: Community, study: Study) -> Outcome:
    """Run one replicate here; every exception becomes an outcome."""
    from consensus_sim.ensemble.replicate import run_replicate

    scenario, replicate = task
    try:
        return Outcome(task, pack(run_replicate(community, study.scenario(scenario), study, replicate)))
    except (Exception, SystemExit) as error:
        text = " ".join(str(error).split())
        mistake = isinstance(error, InputError)
        return Outcome(
            task,
            error=text if mistake else f"{type(error).__name__}: {text}",
            trace=traceback.format_exc(),
            mistake=mistake,
        )


class Serial:
    """One replicate after another in this process."""

    def run(self, tasks: Sequence[Task], community: Community, study: Study) -> Iterator[Outcome | None]:
        """Run `tasks` in their order."""
        for task in tasks:
            yield run_task(task, community, study)


# What the tasks of a worker have in common. Under fork it is inherited, not copied; elsewhere it is sent once.
_shared: tuple[Community, Study, MutableSequence[int]] | None = None


def _begin(community: Community, study: Study, begun: MutableSequence[int]) -> None:
    """Prepare a worker: Ctrl-C is the parent's business, and no worker outlives its parent."""
    global _shared
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _shared = (community, study, begun)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    """End this process when the one behind `sentinel` has ended."""
    wait_for([sentinel])
    os._exit(1)


def _work(number: int, task: Task) -> Outcome:
    """Run one task in a worker; `number` is its place in the pool's list of tasks."""
    assert _shared is not None
    community, study, begun = _shared
    begun[number] = 1
    return run_task(task, community, study)


class Processes:
    """Worker processes, one replicate at a time each; the community is shared, not copied.

    A worker that is killed takes the pool with it; the replicates in flight are then tried once more, each alone in a
    fresh process, so that one that kills its worker again is found and named; the rest goes on in a fresh pool.
    concurrent.futures rather than joblib: one future per replicate, so that each is stored as it finishes.
    """

    def __init__(self, workers: int | None = None) -> None:
        if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 1):
            allowed = "a whole number of at least 1, or null for all cores"
            raise InputError(f"engine.workers: found {workers!r}; allowed: {allowed}")
        self.workers = workers or cores()

    def run(self, tasks: Sequence[Task], community: Community, study: Study) -> Iterator[Outcome | None]:
        """Run `tasks`; an outcome comes as soon as its worker is done, None about five times a second otherwise."""
        waiting = list(tasks)
        while waiting:
            done: set[Task] = set()
            in_flight: list[Task] = []
            for outcome in self._pool(waiting, self.workers, community, study, in_flight):
                if outcome is not None:
                    done.add(outcome.task)
                yield outcome
            for task in in_flight:
                done.add(task)
                yield from self._alone(task, community, study)
            waiting = [task for task in waiting if task not in done]

    def _alone(self, task: Task, community: Community, study: Study) -> Iterator[Outcome | None]:
        """Run `task` in a process of its own; name it if that is killed as well."""
        finished = False
        for outcome in self._pool([task], 1, community, study, []):
            finished = finished or outcome is not None
            yield outcome
        if not finished:
            yield Outcome(task, error="its worker process was killed twice (out of memory?)")

    def _pool(
        self, tasks: Sequence[Task], workers: int, community: Community, study: Study, in_flight: list[Task]
    ) -> Iterator[Outcome | None]:
        """Run `tasks` in a fresh pool until all are done or it breaks; then `in_flight` gets those that were begun."""
        context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
        begun = context.RawArray("b", len(tasks))
        others = set(multiprocessing.active_children())
        pool = concurrent.futures.ProcessPoolExecutor(
            min(workers, len(tasks)), context, initializer=_begin, initargs=(community, study, begun)
        )
        finished = False
        try:
            places = {pool.submit(_work, number, task): number for number, task in enumerate(tasks)}
            pending = set(places)
            while pending:
                ready, pending = concurrent.futures.wait(pending, 0.2, concurrent.futures.FIRST_COMPLETED)
                for future in ready:
                    if not isinstance(future.exception(), BrokenProcessPool):
                        begun[places[future]] = 0
                        yield future.result()
                if not ready:
                    yield None
            finished = not any(begun)
            in_flight += [task for number, task in enumerate(tasks) if begun[number]]
        finally:
            if not finished:
                for process in set(multiprocessing.active_children()) - others:
                    process.terminate()
            pool.shutdown(wait=True, cancel_futures=True)


def cores() -> int:
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
