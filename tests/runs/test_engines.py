"""An interruption that comes while a pool of workers is made is neither lost nor handed on to the workers."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import dataclass

import pytest

from consensus_sim.runs.engines import Processes, _undisturbed
from consensus_sim.runs.work import Task


@dataclass(frozen=True)
class Handlers:
    """Says what becomes of the signals that end a command where it runs."""

    def run(self, task: Task) -> bytes:
        return f"{signal.getsignal(signal.SIGINT)!r} {signal.getsignal(signal.SIGTERM)!r}".encode()

    def portable(self) -> Handlers:
        return self


def test_an_interruption_waits_until_it_can_be_heard():
    done = []
    with pytest.raises(KeyboardInterrupt):
        with _undisturbed():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("all that was to be done")
        done.append("too much")
    assert done == ["all that was to be done"]


def test_workers_leave_an_interruption_to_the_command_and_can_be_ended():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    outcomes = [one for one in Processes(2).run([("a", 0), ("a", 1)], Handlers()) if one is not None]
    expected = f"{signal.SIG_IGN!r} {signal.SIG_DFL!r}".encode()
    assert [outcome.payload for outcome in outcomes] == [expected] * 2
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_tasks_are_given_up_where_workers_end_before_they_begin_any(monkeypatch):
    here, start = os.getpid(), threading.Thread.start

    def no_threads_elsewhere(thread):
        if os.getpid() != here:
            os._exit(1)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", no_threads_elsewhere)
    tasks = [("a", number) for number in range(5)]
    outcomes = [one for one in Processes(2).run(tasks, Handlers()) if one is not None]
    assert [outcome.task for outcome in outcomes] == tasks
    assert {outcome.error.phrase.kind for outcome in outcomes} == {"workers_end_early"}
