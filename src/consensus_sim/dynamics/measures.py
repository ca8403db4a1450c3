"""Sums over residents for the record: one pass, no copies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from consensus_sim.kernels import kernel


@kernel
def mean_where(block: NDArray[np.float32], member: NDArray[np.bool_]) -> float:
    """The mean of the rows of `block` (k, n) over the residents in `member` (n,); nan if there are none."""
    total, count = 0.0, 0
    for row in range(block.shape[0]):
        for i in range(block.shape[1]):
            if member[i]:
                total += block[row, i]
                count += 1
    return total / count if count else np.nan


@kernel
def share_with_bit(bits: NDArray[np.uint16], bit: int, member: NDArray[np.bool_]) -> float:
    """The share of the residents in `member` (n,) whose `bits` (n,) hold `bit`; nan if there are none."""
    have, count = 0, 0
    for i in range(bits.shape[0]):
        if member[i]:
            count += 1
            if bits[i] & bit:
                have += 1
    return have / count if count else np.nan


@kernel
def moments_by_group(
    block: NDArray[np.float32], groups: NDArray[np.uint16], n_groups: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Size (g,), means and SDs (g, k) of the rows of `block` (k, n) in each group, given as bits (n,)."""
    rows = block.shape[0]
    count = np.zeros(n_groups, np.int64)
    mean, square = np.zeros((n_groups, rows)), np.zeros((n_groups, rows))
    for i in range(block.shape[1]):
        if groups[i]:
            for g in range(n_groups):
                if (groups[i] >> g) & 1:
                    count[g] += 1
                    for row in range(rows):
                        mean[g, row] += block[row, i]
    for g in range(n_groups):
        if count[g]:
            mean[g] /= count[g]
    for i in range(block.shape[1]):
        if groups[i]:
            for g in range(n_groups):
                if (groups[i] >> g) & 1:
                    for row in range(rows):
                        square[g, row] += (block[row, i] - mean[g, row]) ** 2
    for g in range(n_groups):
        if count[g]:
            square[g] = np.sqrt(square[g] / count[g])
    return count, mean, square
