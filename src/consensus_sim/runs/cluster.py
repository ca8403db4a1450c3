"""The cluster engine: the same tasks on dask.distributed, at an address or started on this machine.

Needs the extra `cluster`. On SLURM, Kubernetes and the like, dask-jobqueue and dask-kubernetes start a scheduler whose
address is given here. Its workers need this package in the same version; where the versions differ, nothing is run.
"""

from __future__ import annotations

import contextlib
import queue
import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from consensus_sim.errors import ConsensusSimError, InputError, not_allowed, one_line, phrase
from consensus_sim.runs.engines import PATIENCE, Workers
from consensus_sim.runs.store import code_digest
from consensus_sim.runs.work import Outcome, Task, Work, crash
from consensus_sim.settings import accepted, read, setting, switch

if TYPE_CHECKING:
    from distributed import Client, Future

_HOST = "127.0.0.1"
_AHEAD = 1000  # tasks that the scheduler is given before the first of them is done
_ADDRESS = re.compile(r"(tcp|tls|ws|wss|ucx)://\S+")
# A task that takes a worker down with it is tried on one other worker. Workers get one task at a time, so that no
# innocent task is held responsible.
_SETTINGS = {
    "distributed.scheduler.allowed-failures": 1,
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.admin.tick.limit": "1h",
}


def _is_address(found: str) -> bool:
    """Returns whether `found` is written as the address of a scheduler."""
    return _ADDRESS.fullmatch(found) is not None


@dataclass(frozen=True, kw_only=True)
class ClusterSettings(Workers):
    """A file of configs/engine for the cluster; `Cluster` holds what the fields mean."""

    address: Annotated[str, Field(strict=True), accepted(_is_address, "an_address_or_null")] | None = None
    local: Annotated[bool, switch()] = True
    timeout: Annotated[float, setting(0.001, 3600, "s")] = 10.0


class Cluster:
    """Workers of dask.distributed.

    address: of a scheduler that runs already ("tcp://host:8786"); None starts scheduler and workers on this machine,
    listening on 127.0.0.1 only and without dashboard, if `local` allows it
    workers: how many to start here (None: as many as there are cores), one thread each; needs `address` None
    timeout: seconds to wait for the scheduler and its first worker
    """

    def __init__(
        self, address: str | None = None, local: bool = True, workers: int | None = None, timeout: float = 10.0
    ) -> None:
        if find_spec("distributed") is None:
            raise InputError("extra_missing", what="engine=cluster", library="dask.distributed", extra="cluster")
        given = {"address": address, "local": local, "workers": workers, "timeout": timeout}
        found = read(ClusterSettings, given, "engine")
        if address is None and not local:
            started_here = phrase("null_with", setting="engine.local=true")
            raise not_allowed("engine.address", None, phrase("either", one=phrase("an_address"), other=started_here))
        if address is not None and workers is not None:
            raise not_allowed("engine.workers", workers, phrase("null_as_the_cluster_has_workers"))
        self.address, self.workers, self.timeout = found.address, found.count, found.timeout

    def run(self, tasks: Sequence[Task], work: Work) -> Iterator[Outcome | None]:
        """Run `tasks`; an outcome comes as soon as its worker is done, None about five times a second otherwise.

        Raises InputError if the address does not answer or its workers cannot be used, ConsensusSimError if the
        cluster goes away.
        """
        with contextlib.ExitStack() as stack:
            client = stack.enter_context(self._connected(min(self.workers, len(tasks))))
            token = self._shared(client, work)
            if self.address is not None:
                stack.callback(_forget, client, token)
            yield from _outcomes(client, token, tasks)

    @contextlib.contextmanager
    def _connected(self, workers: int) -> Iterator[Client]:
        """A client of the scheduler at the address, or of one that is started here and ended afterwards."""
        import logging
        import warnings

        import dask
        from distributed import Client, LocalCluster

        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # failures are reported as outcomes
        if self.address is not None:
            client = self._reached(self.address)
            with contextlib.closing(client):
                yield client
            return
        with (
            # A second cluster on one machine gets another port; the warning about it is of no use to the user.
            warnings.catch_warnings(action="ignore", category=UserWarning),
            dask.config.set(_SETTINGS),
            LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                host=_HOST,
                dashboard_address=None,
                memory_limit=0,
                silence_logs=logging.CRITICAL,
            ) as cluster,
            Client(cluster, set_as_default=False) as client,
        ):
            yield client

    def _reached(self, address: str) -> Client:
        """A client of the scheduler at `address`, once it has a worker."""
        from distributed import Client

        client: Client | None = None
        try:
            client = Client(address, timeout=self.timeout, set_as_default=False)
            client.wait_for_workers(1, timeout=self.timeout)
        except (OSError, TimeoutError, ValueError) as error:
            if client is None:
                raise InputError("no_scheduler", where="engine.address", address=address) from error
            client.close()
            raise InputError("no_workers", where="engine.address", address=address) from error
        return client

    def _shared(self, client: Client, work: Work) -> str:
        """Give `work` to every worker, those to come included; the token under which it is found there."""
        from consensus_sim.runs.cluster_worker import ShareWork

        token = uuid.uuid4().hex
        try:
            client.register_plugin(ShareWork(token, work.portable(), quiet=self.address is None))
        except Exception as error:
            why = f"{type(error).__name__}: {one_line(error)}"
            raise InputError("workers_cannot_load", where="engine.address", why=why) from error
        return token


def _outcomes(client: Client, token: str, tasks: Sequence[Task]) -> Iterator[Outcome | None]:
    """Submits `tasks`, a thousand ahead, and yields their outcomes."""
    from consensus_sim.runs.cluster_worker import do

    ready: queue.SimpleQueue[Future] = queue.SimpleQueue()
    waiting, running = iter(tasks), {}

    def submit(count: int) -> None:
        for task, _ in zip(waiting, range(count), strict=False):
            future = client.submit(do, token, code_digest(), task, key=f"{token}-{task[0]}-{task[1]}", pure=False)
            running[future.key] = task
            future.add_done_callback(ready.put)

    submit(min(_AHEAD, len(tasks)))
    while running:
        try:
            future = ready.get(timeout=PATIENCE)
        except queue.Empty:
            yield None
            continue
        task = running.pop(future.key)
        yield _outcome(task, future)
        submit(1)


def _outcome(task: Task, future: Future) -> Outcome:
    """Returns the outcome of `task`."""
    from distributed import KilledWorker

    try:
        if not future.cancelled():
            outcome: Outcome = future.result()
            return outcome
    except KilledWorker:
        return Outcome(task, error=ConsensusSimError("worker_killed"))
    except Exception as error:
        if not future.cancelled():
            return Outcome(task, error=crash(error))
    raise ConsensusSimError("cluster_gone")


def _forget(client: Client, token: str) -> None:
    """Removes the shared work from all workers."""
    with contextlib.suppress(Exception):  # the cluster may be gone
        client.unregister_worker_plugin(token)
