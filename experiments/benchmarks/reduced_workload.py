"""The reduced workload, the same for all tools: who takes part, what that does to them, opinions that move along ties.

Residents have cognition, skill, habit, trust and opinion in [0, 1], points, a group 0..5 and a flag of whether they
attended last step. A step, for all residents at once:

1. e_i = share of neighbours who attended last step
2. u_i = BASE + sum of WEIGHTS times (cognition, habit, trust, e) + INCENTIVE - COST[group]; attends with chance
   logistic(u_i), about 2 % do
3. who attends: skill += 0.05 (1 - skill), points += 2, habit += 0.1 (1 - habit); who does not: habit *= 0.98
4. opinion moves by 0.2 of the way to the mean of the neighbours whose opinion of the last step is within 0.25
5. the share who attended, the mean skill and the variance of opinion are kept

This file needs NumPy alone, so that any tool's own environment can read it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

STEPS = 56
DEGREE = 12  # mean number of ties
BLOCK_SHARE = 0.9  # of ties that stay inside a block (micro-grid)
RESIDENTS_PER_BLOCK = 320
BASE = -5.3
COGNITION, HABIT, TRUST, NEIGHBOURS = 1.0, 1.5, 0.8, 2.0
INCENTIVE = 0.3
COST = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
PRACTICE, POINTS, HABIT_GAIN, HABIT_KEEP = 0.05, 2, 0.1, 0.98
PULL, REACH = 0.2, 0.25
COLUMNS = ("cognition", "skill", "habit", "trust", "opinion")


class Inputs(NamedTuple):
    """Residents and ties at the start: `columns` (5, n) float64 in the order of `COLUMNS`, `group` (n,), CSR ties,
    and a 64-bit key of chance for each step.
    """

    columns: NDArray[np.float64]
    group: NDArray[np.int64]
    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    keys: NDArray[np.uint64]

    @property
    def n(self) -> int:
        """Number of residents."""
        return self.columns.shape[1]


def make_inputs(n: int, steps: int = STEPS, seed: int = 1) -> Inputs:
    """Residents numbered block by block: 50 blocks up to 16,000 residents, one per 320 above."""
    draw = np.random.default_rng(seed)
    blocks = max(50, n // RESIDENTS_PER_BLOCK)
    start = np.arange(blocks + 1) * n // blocks
    block = np.searchsorted(start, np.arange(n), side="right") - 1
    ties = n * DEGREE // 2
    a = draw.integers(0, n, ties)
    inside = start[block[a]] + draw.integers(0, np.diff(start)[block[a]])
    b = np.where(draw.random(ties) < BLOCK_SHARE, inside, draw.integers(0, n, ties))
    pairs = np.unique(np.minimum(a, b)[a != b] * n + np.maximum(a, b)[a != b])
    a, b = pairs // n, pairs % n
    ends = np.concatenate([a, b]) * n + np.concatenate([b, a])
    ends.sort()
    indptr = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(ends // n, minlength=n), out=indptr[1:])
    return Inputs(
        columns=draw.random((len(COLUMNS), n)),
        group=draw.integers(0, len(COST), n),
        indptr=indptr,
        indices=(ends % n).astype(np.int32),
        keys=draw.integers(0, 2**63, steps).astype(np.uint64),
    )


def save(inputs: Inputs, file: Path) -> None:
    """Keep `inputs` for the processes of the tools."""
    np.savez(file, **inputs._asdict())


def load(file: Path) -> Inputs:
    """Inputs kept by `save`."""
    with np.load(file) as found:
        return Inputs(**{name: found[name] for name in Inputs._fields})


def chance(key: Any, n: int) -> NDArray[np.float64]:
    """The numbers in [0, 1) of the residents 0..n-1 under `key`, as the model's keyed chance has them: splitmix64."""
    z = key + (np.arange(n, dtype=np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(11)) * (1.0 / 9007199254740992.0)
