"""Vectorised NumPy with scipy.sparse: one array per column, sums over neighbours as matrix products."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import reduced_workload as w
from scipy.sparse import csr_array
from scipy.special import expit


class State(NamedTuple):
    """Columns, ties and chance."""

    inputs: w.Inputs
    ties: Any
    rows: Any
    shared: bool


def prepare(inputs: w.Inputs, shared: bool) -> State:
    """Lay out the ties as a sparse matrix, with the row of each entry beside it."""
    ones = np.ones(len(inputs.indices))
    ties = csr_array((ones, inputs.indices, inputs.indptr.astype(np.int32)), shape=(inputs.n, inputs.n))
    return State(inputs, ties, np.repeat(np.arange(inputs.n, dtype=np.int32), np.diff(inputs.indptr)), shared)


def run(state: State) -> Any:
    """All steps; records (steps, 3)."""
    inputs, ties, rows, shared = state
    n, draw = inputs.n, np.random.default_rng(1)
    cognition, skill, habit, trust, opinion = (column.copy() for column in inputs.columns)
    points, attended = np.zeros(n, np.int64), np.zeros(n)
    degree = np.maximum(1, np.diff(inputs.indptr))
    fixed = w.BASE + w.COGNITION * cognition + w.TRUST * trust + w.INCENTIVE - np.array(w.COST)[inputs.group]
    near = csr_array((ties.data.copy(), ties.indices, ties.indptr), shape=ties.shape)
    both = np.ones((n, 2))
    records = np.empty((len(inputs.keys), 3))
    for step, key in enumerate(inputs.keys):
        utility = fixed + w.HABIT * habit + w.NEIGHBOURS * (ties @ attended / degree)
        comes = (w.chance(key, n) if shared else draw.random(n)) < expit(utility)
        skill[comes] += w.PRACTICE * (1.0 - skill[comes])
        points[comes] += w.POINTS
        habit = np.where(comes, habit + w.HABIT_GAIN * (1.0 - habit), w.HABIT_KEEP * habit)
        np.less(np.abs(opinion[ties.indices] - opinion[rows]), w.REACH, out=near.data)
        both[:, 0] = opinion
        total, count = (near @ both).T
        opinion = np.where(count > 0, opinion + w.PULL * (total / np.maximum(count, 1) - opinion), opinion)
        attended = comes.astype(float)
        records[step] = attended.mean(), skill.mean(), opinion.var()
    return records
