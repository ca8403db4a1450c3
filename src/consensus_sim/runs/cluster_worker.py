"""Code that runs in a worker of the cluster engine. Imported only where dask.distributed is installed."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from distributed import WorkerPlugin

from consensus_sim.errors import InputError
from consensus_sim.runs.store import code_digest
from consensus_sim.runs.work import Outcome, Task, Work, attempt

if TYPE_CHECKING:
    from distributed import Worker

_works: dict[str, Work] = {}  # by token: what the tasks of one ensemble have in common


class ShareWork(WorkerPlugin):
    """Keeps `work` in each worker process under `token`, also in workers that join or restart later.

    quiet: workers ignore Ctrl-C, which the command that started them handles
    """

    def __init__(self, token: str, work: Work, quiet: bool) -> None:
        self.name = token
        self.work = work
        self.quiet = quiet

    def setup(self, worker: Worker) -> None:
        """Called in a worker before its first task."""
        if self.quiet:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        _works[self.name] = self.work

    def teardown(self, worker: Worker) -> None:
        """Called in a worker when the ensemble is done."""
        _works.pop(self.name, None)


def do(token: str, code: str, task: Task) -> Outcome:
    """Runs `task` of the work under `token`, unless the sources here differ from `code`."""
    if code != code_digest():
        return Outcome(task, error=InputError("workers_differ"))
    return attempt(task, _works[token])
