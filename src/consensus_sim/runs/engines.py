"""Engines: where tasks are run. All give the same numbers; they differ in how many run at once and where.

An engine takes tasks and the `Work` they have in common, and yields an `Outcome` for each, in any order, as soon as it
is there. It never stores anything: `forecast.run`, which reads the outcomes, does. A failure is an outcome, too, so
that the others finish. The third engine is in `runs.cluster`.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import gc
import importlib
import inspect
import multiprocessing
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator, MutableSequence, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for
from typing import Annotated, ClassVar, Protocol

from pydantic import ConfigDict

from consensus_sim.errors import ConsensusSimError, InputError, near_phrase
from consensus_sim.runs.work import Outcome, Task, Work, attempt
from consensus_sim.settings import STRICT, known, mapping, read, setting

TRIED = 3  # pools in a row that begin nothing, after which the tasks are given up
PATIENCE = 0.2  # seconds without news after which an engine yields None


class Engine(Protocol):
    """Interface of every engine."""

    def run(self, tasks: Sequence[Task], work: Work) -> Iterator[Outcome | None]:
        """Run `tasks`, yield their outcomes as they come, and None now and then while there is nothing new."""
        ...


ENGINES = {
    "serial": "consensus_sim.runs.engines:Serial",
    "processes": "consensus_sim.runs.engines:Processes",
    "cluster": "consensus_sim.runs.cluster:Cluster",
}
"""Allowed value of `engine.kind` -> its class, which is imported only where it is used."""


def build_engine(config: object) -> Engine:
    """Returns the engine whose `kind` is in `config`, with its settings."""
    settings = dict(mapping("engine", config))
    kind = known("engine.kind", settings.pop("kind", None), ENGINES)
    module, name = ENGINES[kind].split(":")
    engine: Callable[..., Engine] = getattr(importlib.import_module(module), name)
    allowed = inspect.signature(engine).parameters
    for key in settings:
        if key not in allowed:
            raise InputError("engine_kind", name=key, kind=kind, near=near_phrase(key, allowed), allowed=[*allowed])
    return engine(**settings)


@dataclass(frozen=True, kw_only=True)
class Workers:
    """Number of workers; null: as many as there are cores."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    workers: Annotated[int | None, setting(1, 10_000, "workers")] = None

    @property
    def count(self) -> int:
        """The number of workers."""
        return self.workers or cores()


class Serial:
    """One task after another in this process."""

    def run(self, tasks: Sequence[Task], work: Work) -> Iterator[Outcome | None]:
        """Run `tasks` in their order."""
        for task in tasks:
            yield attempt(task, work)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Signals that end the command wait until this is done: a pool that is left half made or half ended hangs, and an
    interruption that comes up while a process is forked is lost.

    By handlers, not by a mask: a signal goes to any thread that does not block it, and libraries have threads.
    """
    if threading.current_thread() is not threading.main_thread():  # no signal comes up there
        yield
        return
    here, came = os.getpid(), []

    def hold(number: int, frame: object) -> None:
        if os.getpid() == here:
            came.append(number)
        elif number == signal.SIGTERM:  # a worker that was forked meanwhile and has not begun
            os._exit(128 + number)

    before = {number: signal.signal(number, hold) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        signal.raise_signal(came[0])


# What the tasks of a worker have in common. Under fork it is inherited, not copied; elsewhere it is sent once.
_shared: tuple[Work, MutableSequence[int]] | None = None


def _begin(work: Work, begun: MutableSequence[int]) -> None:
    """Prepares a worker: only the parent handles Ctrl-C, and no worker outlives its parent."""
    global _shared
    gc.freeze()  # what is inherited is never looked through, so its pages stay shared with the parent
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _shared = (work, begun)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    """Ends this process when the one behind `sentinel` has ended."""
    wait_for([sentinel])
    os._exit(1)


def _do(number: int, task: Task) -> Outcome:
    """Runs one task in a worker; `number` is its place in the pool's list of tasks."""
    assert _shared is not None
    work, begun = _shared
    begun[number] = 1
    return attempt(task, work)


class Processes:
    """Worker processes, one task at a time each; the work, with its community, is shared, not copied.

    A worker that is killed takes the pool with it; the tasks in flight are then tried once more, each alone in a
    fresh process, so that one that kills its worker again is found and named; the rest goes on in a fresh pool.
    concurrent.futures rather than joblib: one future per task, so that each is stored as it finishes.
    """

    def __init__(self, workers: int | None = None) -> None:
        self.workers = read(Workers, {"workers": workers}, "engine").count

    def run(self, tasks: Sequence[Task], work: Work) -> Iterator[Outcome | None]:
        """Run `tasks`; an outcome comes as soon as its worker is done, None about five times a second otherwise."""
        waiting, fruitless = list(tasks), 0
        while waiting:
            done: set[Task] = set()
            in_flight: list[Task] = []
            for outcome in self._pool(waiting, self.workers, work, in_flight):
                if outcome is not None:
                    done.add(outcome.task)
                yield outcome
            fruitless = 0 if done or in_flight else fruitless + 1
            if fruitless == TRIED:
                yield from (Outcome(task, error=ConsensusSimError("workers_end_early")) for task in waiting)
                return
            for task in in_flight:
                done.add(task)
                yield from self._alone(task, work)
            waiting = [task for task in waiting if task not in done]

    def _alone(self, task: Task, work: Work) -> Iterator[Outcome | None]:
        """Runs `task` in a process of its own; names it in the error if that is killed as well."""
        finished = False
        for outcome in self._pool([task], 1, work, []):
            finished = finished or outcome is not None
            yield outcome
        if not finished:
            yield Outcome(task, error=ConsensusSimError("worker_killed"))

    def _pool(self, tasks: Sequence[Task], workers: int, work: Work, in_flight: list[Task]) -> Iterator[Outcome | None]:
        """Run `tasks` in a fresh pool until all are done or it breaks; then `in_flight` gets those that were begun."""
        context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
        # A script without a guard hangs under spawn, and is then to be interrupted.
        undisturbed = _undisturbed if context.get_start_method() == "fork" else contextlib.nullcontext
        begun = context.RawArray("b", len(tasks))
        others = set(multiprocessing.active_children())
        pool = concurrent.futures.ProcessPoolExecutor(
            min(workers, len(tasks)), context, initializer=_begin, initargs=(work, begun)
        )
        ready: queue.SimpleQueue[concurrent.futures.Future[Outcome]] = queue.SimpleQueue()
        finished = False
        try:
            places: dict[concurrent.futures.Future[Outcome], int] = {}
            with undisturbed(), contextlib.suppress(BrokenProcessPool):  # workers may end while tasks are handed in
                for number, task in enumerate(tasks):
                    future = pool.submit(_do, number, task)
                    places[future] = number
                    future.add_done_callback(ready.put)
            while places:
                try:
                    future = ready.get(timeout=PATIENCE)
                except queue.Empty:
                    yield None
                    continue
                place = places.pop(future)
                if not isinstance(future.exception(), BrokenProcessPool):
                    begun[place] = 0
                    yield future.result()
            finished = not any(begun)
            in_flight += [task for number, task in enumerate(tasks) if begun[number]]
        finally:
            with undisturbed():
                if not finished:
                    for process in set(multiprocessing.active_children()) - others:
                        process.terminate()
                pool.shutdown(wait=True, cancel_futures=True)


def cores() -> int:
    """Returns the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
