"""Sums over residents for the record: one pass, no copies."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.kernels import kernel


@kernel
def total_of(values: NDArray[np.floating]) -> Any:
    """Sum of `values` (n,) in their own precision and in the order in which NumPy takes it: halves down to 128, eight
    running sums in these.
    """
    n = values.shape[0]
    if n > 128:
        half = n // 2 - n // 2 % 8
        return total_of(values[:half]) + total_of(values[half:])
    total, whole = values.dtype.type(0.0), n // 8 * 8
    if whole:
        lanes = values[:8].copy()
        for place in range(8, whole):
            lanes[place % 8] += values[place]
        total = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]))
    for place in range(whole, n):
        total += values[place]
    return total


@kernel
def mean_and_sd(values: NDArray[np.floating]) -> tuple[Any, Any]:
    """Mean and SD of `values` (n,), n >= 1, in their own precision, as NumPy has them to the last bit."""
    kind = values.dtype.type
    n = values.shape[0]
    mean = kind(np.float64(total_of(values)) / n)
    away = values - mean
    return mean, np.sqrt(kind(np.float64(total_of(away * away)) / n))


@kernel
def mean_at(column: NDArray[np.float32], rows: NDArray[np.int64]) -> Any:
    """Mean of `column` (n,) over `rows` (m,), m >= 1: `column[rows].mean()` to the last bit."""
    values = column[rows]
    return np.float32(np.float64(total_of(values)) / values.shape[0])


@kernel
def moments_of_rows(block: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean and SD of each row of `block` (k, n) over the residents `rows` (m,), m >= 1, summed one after the other in
    double precision; (2, k).
    """
    out, size = np.zeros((2, block.shape[0])), rows.shape[0]
    for i in rows:
        for row in range(block.shape[0]):
            out[0, row] += block[row, i]
    out[0] /= size
    for i in rows:
        for row in range(block.shape[0]):
            away = block[row, i] - out[0, row]
            out[1, row] += away * away
    out[1] = np.sqrt(out[1] / size)
    return out


@kernel
def moments_of_level(block: NDArray[np.float32], rows: NDArray[np.int64]) -> tuple[Any, Any]:
    """Mean and SD over the residents `rows` (m,) of the mean over the rows of `block` (k, n); in single precision."""
    level = block[0][rows]
    for row in range(1, block.shape[0]):
        level += block[row][rows]
    return mean_and_sd(level / np.float32(block.shape[0]))


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
    weight: NDArray[np.float32],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Over the residents in `member` (n,): the mean of each column of `singles` (n,), the mean of each block of
    `blocks` (k, n) over all its rows, and the share who have each of the first `n_bits` of `bits` (n,). nan if there
    are no members. `weight` (n,) is `member` as the numbers 0 and 1.
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
    for c in range(len(singles)):
        ones[c] = weighted_sum(singles[c], weight) / count if count else np.nan
    for c in range(len(blocks)):
        for row in blocks[c]:
            many[c] += weighted_sum(row, weight)
        many[c] = many[c] / (count * blocks[c].shape[0]) if count else np.nan
    return ones, many, shares / count if count else shares * np.nan


@kernel
def fill_scale(
    cognition: NDArray[np.float32],
    skill: NDArray[np.float32],
    habit: NDArray[np.float32],
    initiative: NDArray[np.float32],
    follow_through: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """The capability scale of all residents, written to `out` (13, n): the indicators of cognition (3), skill (4) and
    behaviour (3; habit is the larger of its two rows), then the mean of each of the three dimensions.
    """
    n, three, four = out.shape[1], np.float32(3.0), np.float32(4.0)
    for row in range(3):
        for i in range(n):
            out[row, i] = cognition[row, i]
    for row in range(4):
        for i in range(n):
            out[3 + row, i] = skill[row, i]
    for i in range(n):
        out[7, i], out[8, i], out[9, i] = max(habit[0, i], habit[1, i]), initiative[i], follow_through[i]
    for i in range(n):
        out[10, i] = (out[0, i] + out[1, i] + out[2, i]) / three
        out[11, i] = (out[3, i] + out[4, i] + out[5, i] + out[6, i]) / four
        out[12, i] = (out[7, i] + out[8, i] + out[9, i]) / three


@kernel
def add_bits(
    groups: NDArray[np.uint16],
    team: NDArray[np.bool_],
    team_bit: int,
    active: NDArray[np.bool_],
    active_bit: int,
    out: NDArray[np.uint16],
) -> None:
    """Bits `groups` with `team_bit` for the `team` and `active_bit` for the `active`, written to `out`; (n,) each."""
    of_team, of_active = np.uint16(team_bit), np.uint16(active_bit)
    for i in range(out.shape[0]):
        out[i] = groups[i] | np.uint16(team[i]) * of_team | np.uint16(active[i]) * of_active


@kernel
def moments_by_group(
    block: NDArray[np.float32], groups: NDArray[np.uint16], n_groups: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Size (g,), means and SDs (g, k) of the rows of `block` (k, n) in each group, given as bits (n,)."""
    rows, n = block.shape
    count = np.zeros(n_groups, np.int64)
    mean, deviation = np.zeros((n_groups, rows)), np.zeros((n_groups, rows))
    members = np.empty(n, np.uint32)
    for g in range(n_groups):
        size = np.uint64(0)
        for i in range(np.uint64(n)):  # lists the members without a branch
            members[size] = i
            size += np.uint64((groups[i] >> np.uint16(g)) & np.uint16(1))
        count[g] = np.int64(size)
        if not size:
            continue
        for first in range(0, rows, 4):  # four rows at a time: four sums that do not wait for each other
            a, b = block[first], block[min(first + 1, rows - 1)]
            c, d = block[min(first + 2, rows - 1)], block[min(first + 3, rows - 1)]
            s0 = s1 = s2 = s3 = 0.0
            for place in range(size):
                i = members[place]
                s0 += a[i]
                s1 += b[i]
                s2 += c[i]
                s3 += d[i]
            m0, m1, m2, m3 = s0 / size, s1 / size, s2 / size, s3 / size
            s0 = s1 = s2 = s3 = 0.0
            for place in range(size):
                i = members[place]
                s0 += (a[i] - m0) ** 2
                s1 += (b[i] - m1) ** 2
                s2 += (c[i] - m2) ** 2
                s3 += (d[i] - m3) ** 2
            for lane, (m, square) in enumerate(((m0, s0), (m1, s1), (m2, s2), (m3, s3))):
                if first + lane < rows:
                    mean[g, first + lane], deviation[g, first + lane] = m, np.sqrt(square / size)
    return count, mean, deviation
