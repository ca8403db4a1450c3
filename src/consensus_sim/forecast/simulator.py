"""Simulation of runs: one engine and one folder of finished runs for all that a command needs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from consensus_sim.errors import InputError, phrase
from consensus_sim.forecast.run import Naming, first_start, naming_of, run_ensemble, run_missing, stored, warm_kernels
from consensus_sim.runs.store import Store
from consensus_sim.runs.tables import unpack
from consensus_sim.runs.work import Runs

if TYPE_CHECKING:
    from consensus_sim.community import Community
    from consensus_sim.forecast.forecast import Forecast
    from consensus_sim.runs.engines import Engine
    from consensus_sim.runs.work import Task, Work
    from consensus_sim.study.scenario import Settings, Study

Numbers = dict[str, NDArray[np.float64]]
"""Name -> value of every run, NaN where undefined."""


@contextlib.contextmanager
def writing(results: Path) -> Iterator[None]:
    """Says in one line what cannot be written to the folder `results` meanwhile."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError("cannot_write", where="results", folder=str(results), reason=reason) from error


class Simulator:
    """Simulates runs on `engine` and keeps them in `folder` (None: in memory) until `finish`, so that an interrupted
    command resumes and runs that studies share are simulated once.

    reuse: take what an earlier command left in `folder`; progress: show a bar where somebody watches
    """

    def __init__(
        self, engine: Engine, folder: Path | None = None, *, reuse: bool = True, progress: bool = True
    ) -> None:
        self.engine, self.folder, self.reuse, self.progress = engine, folder, reuse, progress
        self._cold: bool | None = None
        self._opened: list[tuple[Store, list[Task]]] = []

    def start(self) -> None:
        """Compile what this version needs if it has not been run here before; does nothing the second time."""
        if self._cold is None:
            self._cold = first_start()

    def community(self, spec: Settings) -> Community:
        """The community of `spec`."""
        from consensus_sim.community import build_community

        self.start()
        return build_community(spec)

    def forecast(self, study: Study, community: Community) -> Forecast:
        """All replicates of all scenarios of `study`."""
        self.start()
        store, cold = Store(Runs(study, community), self.folder, reuse=self.reuse), bool(self._cold)
        with self._writing():
            found = run_ensemble(study, community, self.engine, store, cold=cold, progress=self.progress)
        self._cold = False
        names = [scenario.name for scenario in study.scenarios]
        self._opened.append((store, [(name, number) for name in names for number in range(found.study.replicates)]))
        return found

    def payloads(
        self, tasks: Sequence[Task], work: Work, study: Study, naming: Naming
    ) -> Iterator[tuple[str, int, bytes]]:
        """(name, number, packed tables) of `tasks`, once all of them are done; `study`: whose kernels are loaded before
        any worker starts. Raises ReplicatesFailedError.
        """
        self.start()
        store, cold = Store(work, self.folder, reuse=self.reuse), bool(self._cold)
        self._opened.append((store, list(tasks)))
        load = lambda: warm_kernels(study, cold)  # noqa: E731
        with self._writing():
            run_missing(list(tasks), work, self.engine, store, naming, before=load, progress=self.progress)
        self._cold = False
        return stored(list(tasks), work, store, naming)

    def numbers(self, runs: Runs, numbers: Iterable[int]) -> dict[str, Numbers]:
        """Scenario -> number that `runs` reads -> its value in the runs `numbers`, of all scenarios of the study."""
        names, numbers = [scenario.name for scenario in runs.study.scenarios], list(numbers)
        tasks = [(name, int(number)) for number in numbers for name in names]
        rows: dict[str, list[dict[str, float]]] = {name: [] for name in names}
        for name, _, payload in self.payloads(tasks, runs, runs.study, naming_of_runs(runs)):
            table = unpack(payload)["metrics"]
            codes, words = table["statistic"]
            assert words is not None
            rows[name].append(dict(zip((words[code] for code in codes), table["value"][0].tolist(), strict=True)))
        return {
            name: {key: np.array([row.get(key, np.nan) for row in found]) for key in found[0]}
            for name, found in rows.items()
        }

    def _writing(self) -> contextlib.AbstractContextManager[None]:
        """`writing` to the folder of results in which finished runs are kept."""
        return contextlib.nullcontext() if self.folder is None else writing(self.folder.parent)

    def finish(self, *, keep: bool = False) -> None:
        """Remove the finished runs, as the results are saved; or keep them for good."""
        while self._opened:
            store, tasks = self._opened.pop()
            store.finish(tasks, keep=keep)


def naming_of_runs(runs: Runs) -> Naming:
    """Names of replicates, or of runs of given parameter draws."""
    if runs.sets is None:
        return naming_of(runs.study)
    return Naming(
        phrase("replicates"),
        phrase("one_scenario"),
        lambda task: phrase("set_of", name=task[0], number=task[1], seed=runs.study.seed),
    )
