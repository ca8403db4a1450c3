"""Runs of a study of which only some numbers are kept: a function of the finished model, named by module:function."""

from __future__ import annotations

import hashlib
import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from consensus_sim.errors import phrase
from consensus_sim.runs.work import Task, Work
from consensus_sim.study.scenario import Settings, Study

if TYPE_CHECKING:
    from consensus_sim.community import Community
    from consensus_sim.model.model import CommunityModel
    from consensus_sim.runs.engines import Engine

Measure = Callable[["CommunityModel"], dict[str, float]]


def measure_of(name: str) -> Measure:
    """The function called `module:function`; it takes a finished model and gives numbers by name."""
    module, _, function = name.partition(":")
    found: Measure = getattr(importlib.import_module(module), function)
    return found


@dataclass(eq=False)
class MeasuredWork:
    """Plays the replicates of a study, keeps what `measure` reads; `spec` stands in where the community is absent."""

    community: Community | None
    study: Study
    measure: str
    spec: Settings | None = None

    def run(self, task: Task) -> bytes:
        """The packed numbers of replicate `task[1]` of scenario `task[0]`."""
        from consensus_sim.runs.replicate import build_model, cleared_at_once
        from consensus_sim.runs.tables import pack

        if self.community is None:
            from consensus_sim.community import build_community

            assert self.spec is not None
            self.community = build_community(self.spec)
        with cleared_at_once():
            model = build_model(self.community, self.study.scenario(task[0]), self.study, task[1]).run()
            found = measure_of(self.measure)(model)
            del model
        # "metrics" is the table that is kept in full precision
        return pack({"metrics": {"statistic": np.array(list(found)), "value": np.array(list(found.values()))}})

    def portable(self) -> Work:
        """The same from the community's spec."""
        assert self.community is not None
        return replace(self, community=None, spec=self.community.spec.as_dict())

    def key(self, scenario: str) -> str:
        """A hash of all that determines the numbers of a scenario's replicates."""
        from consensus_sim.runs.store import code_of

        assert self.community is not None
        source = Path(inspect.getfile(measure_of(self.measure))).read_bytes()
        own = {"measure": hashlib.blake2b(source, digest_size=16).hexdigest(), "community": self.community.fingerprint}
        named = self.study.scenario(scenario)
        return self.study.key(named, {**code_of(named), **own})


def play_measured(
    work: MeasuredWork, engine: Engine, folder: Path | None = None, *, progress: bool = True
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Scenario -> number -> (replicates,), NaN where undefined. Finished replicates wait in `folder` till the end."""
    from consensus_sim.forecast.run import Naming, run_missing, stored, warm_kernels
    from consensus_sim.runs.store import Store
    from consensus_sim.runs.tables import unpack

    names = [scenario.name for scenario in work.study.scenarios]
    store = Store({name: work.key(name) for name in names}, folder)
    tasks = [(name, number) for number in range(work.study.replicates) for name in names]
    naming = Naming(
        phrase("replicates"),
        phrase("one_replicate"),
        lambda task: phrase("run_of", name=task[0], number=task[1], seed=work.study.seed),
    )
    run_missing(tasks, work, engine, store, naming, before=lambda: warm_kernels(work.study, False), progress=progress)
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    in_order = [(name, number) for name in names for number in range(work.study.replicates)]
    for (name, _), (_, _, payload) in zip(in_order, stored(in_order, work, store, naming), strict=True):
        table = unpack(payload)["metrics"]
        codes, words = table["statistic"]
        assert words is not None
        rows[name].append(dict(zip((words[code] for code in codes), table["value"][0].tolist(), strict=True)))
    return {
        name: {key: np.array([row.get(key, np.nan) for row in found]) for key in found[0]}
        for name, found in rows.items()
    }
