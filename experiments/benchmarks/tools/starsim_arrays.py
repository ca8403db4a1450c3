"""Starsim: its people, states, network and module life cycle; sums over neighbours as counts over the edges."""

from __future__ import annotations

from typing import Any

import numpy as np
import reduced_workload as w
import starsim as ss


class Ties(ss.Network):
    """The given ties, both directions, unchanging."""

    def __init__(self, inputs: w.Inputs) -> None:
        rows = np.repeat(np.arange(inputs.n), np.diff(inputs.indptr))
        super().__init__(p1=rows, p2=inputs.indices.astype(int), beta=np.ones(len(rows)), name="ties")

    def step(self) -> None:
        """Nothing changes."""


class Participation(ss.Module):
    """The workload as one module of states."""

    def __init__(self, inputs: w.Inputs, shared: bool) -> None:
        super().__init__(name="participation")
        self.inputs, self.shared = inputs, shared
        self.define_states(
            *(ss.FloatArr(name) for name in w.COLUMNS),
            ss.FloatArr("points", default=0),
            ss.FloatArr("fixed"),
            ss.BoolState("attended", default=False),
        )
        self.chance = ss.random()
        self.records: list[tuple[float, float, float]] = []

    def init_post(self) -> None:
        """Residents at the start."""
        super().init_post()
        for name, column in zip(w.COLUMNS, self.inputs.columns, strict=True):
            getattr(self, name)[:] = column
        cost = np.array(w.COST)[self.inputs.group]
        self.fixed[:] = w.BASE + w.COGNITION * self.cognition + w.TRUST * self.trust + w.INCENTIVE - cost

    def step(self) -> None:
        """All residents at once."""
        n, edges = self.inputs.n, self.sim.networks.ties.edges
        if len(self.records) == len(self.inputs.keys):
            return
        degree = np.maximum(1, np.bincount(edges.p1, minlength=n))
        share = np.bincount(edges.p1, weights=self.attended.values[edges.p2], minlength=n) / degree
        utility = self.fixed.values + w.HABIT * self.habit.values + w.NEIGHBOURS * share
        chance = w.chance(self.inputs.keys[self.ti], n) if self.shared else self.chance.rvs(self.sim.people.auids)
        comes = chance < 1.0 / (1.0 + np.exp(-utility))
        who, others = ss.uids(np.flatnonzero(comes)), ss.uids(np.flatnonzero(~comes))
        self.skill[who] += w.PRACTICE * (1.0 - self.skill[who])
        self.points[who] += w.POINTS
        self.habit[who] += w.HABIT_GAIN * (1.0 - self.habit[who])
        self.habit[others] *= w.HABIT_KEEP
        opinion = self.opinion.values
        apart = opinion[edges.p2] - opinion[edges.p1]
        near = np.abs(apart) < w.REACH
        total = np.bincount(edges.p1, weights=apart * near, minlength=n)
        count = np.bincount(edges.p1, weights=near, minlength=n)
        self.opinion[:] = opinion + w.PULL * total / np.maximum(1, count)
        self.attended[:] = comes
        self.records.append((comes.mean(), self.skill.values.mean(), self.opinion.values.var()))


def prepare(inputs: w.Inputs, shared: bool) -> Any:
    """An initialised simulation."""
    sim = ss.Sim(
        people=ss.People(inputs.n), networks=Ties(inputs), modules=Participation(inputs, shared), dt=1,
        start=0, stop=len(inputs.keys), verbose=0,
    )  # fmt: skip
    sim.init()
    return sim


def run(sim: Any) -> Any:
    """All steps; records (steps, 3)."""
    sim.run(verbose=0)
    (participation,) = (module for module in sim.modules if isinstance(module, Participation))
    return np.array(participation.records)
