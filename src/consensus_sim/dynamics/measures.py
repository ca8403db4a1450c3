"""Sums over residents for the record: one pass, no copies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from consensus_sim.kernels import kernel


@kernel
def weighted_sum(column: NDArray[np.float32], weight: NDArray[np.float32]) -> float:
    """Sum of column times weight, both (n,), in eight running sums: the order is fixed, so every machine gets the
    same.
    """
    lanes = np.zeros(8)
    whole = column.shape[0] // 8 * 8
    for start in range(0, whole, 8):
        for lane in range(8):
            lanes[lane] += column[start + lane] * weight[start + lane]
    for i in range(whole, column.shape[0]):
        lanes[0] += column[i] * weight[i]
    total = 0.0
    for lane in range(8):
        total += lanes[lane]
    return total


@kernel
def means_where(
    singles: tuple[NDArray[np.float32], ...],
    blocks: tuple[NDArray[np.float32], ...],
    bits: NDArray[np.uint16],
    n_bits: int,
    member: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Over the residents in `member` (n,): the mean of each column of `singles` (n,), the mean of each block of
    `blocks` (k, n) over all its rows, and the share who have each of the first `n_bits` of `bits` (n,). nan if there
    are no members.
    """
    count = 0
    ones, many, shares = np.zeros(len(singles)), np.zeros(len(blocks)), np.zeros(n_bits)
    for i in range(member.shape[0]):
        count += member[i]
    for b in range(n_bits):
        have = 0
        for i in range(member.shape[0]):
            have += ((bits[i] >> b) & 1) & member[i]
        shares[b] = have
    weight = member.astype(np.float32)
    for c in range(len(singles)):
        ones[c] = weighted_sum(singles[c], weight) / count if count else np.nan
    for c in range(len(blocks)):
        for row in blocks[c]:
            many[c] += weighted_sum(row, weight)
        many[c] = many[c] / (count * blocks[c].shape[0]) if count else np.nan
    return ones, many, shares / count if count else shares * np.nan


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
