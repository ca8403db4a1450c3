"""D1: who knows of a channel. Notices, ties and the mini-programme inform; what is not heard of again is forgotten."""

from __future__ import annotations

from math import exp, log1p
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.kernels import BLOCK, kernel
from consensus_sim.randomness import bits_of, uniform


class AwarenessParameters(NamedTuple):
    """P13 (joint), P10: rates per week, half-life in weeks, share, length in metres; see configs/behaviour."""

    notice: float
    notice_plain: float
    neighbours: float
    online: float
    half_life: float
    start_share: float
    distance: float


@kernel
def spread_awareness(
    key: np.uint64,
    fine_key: np.uint64,
    bits: NDArray[np.int64],
    notice_rate: NDArray[np.float64],
    online_rate: NDArray[np.float64],
    venue: NDArray[np.int64],
    nearness: NDArray[np.float32],
    habit_row: NDArray[np.int64],
    habit: NDArray[np.float32],
    adult: NDArray[np.bool_],
    online_user: NDArray[np.bool_],
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    weight: NDArray[np.float32],
    neighbour_rate: float,
    forget: float,
    aware: NDArray[np.uint16],
    following: NDArray[np.uint16],
) -> None:
    """One week of hearing of, and forgetting, the open channels, all residents at once (D1); `aware` (n,) bits is
    updated.

    Pr(hears) = 1 - exp(-[notice_rate nearness_i + neighbour_rate n_i(aware) + online_rate O_i]) for who does not
    know; Pr(forgets) = forget (1 - H_i) for who does, so what is a habit is not forgotten. n_i(aware): tie-weighted
    share of ties who know at the week's start.

    Channel c (of m) has bit number `bits[c]`, the rates `notice_rate[c]` and `online_rate[c]` a week, is announced at
    the row `venue[c]` of `nearness` (v, n) = e^(-d/delta), and has habit in the row `habit_row[c]` of `habit` (2, n).
    `nearness` is 1 at most; `following` (n,) is working space. A resident's chance at a channel is a number with 16
    bits from a hash shared by four channels and 37 more from a hash of its own, which is drawn only where the first
    bits leave it open whether anything happens.
    """
    n, m = aware.shape[0], bits.shape[0]
    draw, flag, listed = np.empty(BLOCK, np.uint64), np.empty(BLOCK, np.uint8), np.empty(BLOCK, np.uint32)
    following[:] = aware
    for start in range(0, n, BLOCK):
        low, size = np.uint64(start), np.uint64(min(BLOCK, n - start))
        last_word = -1
        for c in range(m):
            bit = bits[c]
            if bit >> 2 != last_word:
                last_word = bit >> 2
                for k in range(size):
                    draw[k] = bits_of(key, 4 * (low + k) + np.uint64(last_word))
            mask, shift = np.uint16(1 << bit), np.uint64(16 * (bit & 3))
            hears = np.uint64(min(65535.0, (1.0 - exp(-(notice_rate[c] + neighbour_rate + online_rate[c]))) * 65536.0))
            forgets = np.uint64(min(65535.0, forget * 65536.0))
            # Flags first, then the list of who is flagged: each loop alone runs without a branch.
            for k in range(size):
                first = (draw[k] >> shift) & np.uint64(0xFFFF)
                flag[k] = (first <= (forgets if aware[low + k] & mask else hears)) & adult[low + k]
            n_listed = np.uint64(0)
            for k in range(size):
                listed[n_listed] = k
                n_listed += np.uint64(flag[k])
            for place in range(n_listed):
                i = low + np.uint64(listed[place])
                first = (draw[i - low] >> shift) & np.uint64(0xFFFF)
                chance = (float(first) + uniform(fine_key, 16 * i + np.uint64(bit))) / 65536.0
                if aware[i] & mask:
                    if chance < forget * (1.0 - habit[habit_row[c], i]):
                        following[i] &= ~mask
                    continue
                rate = notice_rate[c] * nearness[venue[c], i]
                if online_user[i]:
                    rate += online_rate[c]
                if chance - rate >= neighbour_rate:  # then so is `needed`, as -log1p(-x) >= x
                    continue
                needed = -log1p(-chance) - rate  # chance < 1 - exp(-rate - from ties) <=> needed < from ties
                if needed >= neighbour_rate:
                    continue
                from_ties = 0.0
                for e in range(np.uint64(indptr[i]), np.uint64(indptr[i + np.uint64(1)])):
                    knows = (aware[np.uint32(indices[e])] >> np.uint16(bit)) & np.uint16(1)
                    from_ties += neighbour_rate * weight[e] * float(knows)  # a product, as a choice would branch
                if from_ties > needed:
                    following[i] |= mask
    aware[:] = following


@kernel
def who_can_read(aware: NDArray[np.uint16], bit: int, online: NDArray[np.bool_], out: NDArray[np.bool_]) -> None:
    """O_i of D1, written to `out` (n,): who has access `online` (n,) and knows of the channel `bit`."""
    mask = np.uint16(bit)
    for i in range(out.shape[0]):
        out[i] = ((aware[i] & mask) != 0) & online[i]


@kernel
def mirror_weights(
    indptr: NDArray[np.int64], indices: NDArray[np.int32], weight: NDArray[np.float32]
) -> NDArray[np.float32]:
    """For each tie (i -> j) the weight it has in j's row: the matching entry of the transposed CSR matrix; shape of
    `weight`.

    Rows must be sorted and the pattern symmetric; a cursor per row makes this one pass.
    """
    cursor = indptr[:-1].copy()
    out = np.empty_like(weight)
    for i in range(indptr.shape[0] - 1):
        for e in range(indptr[i], indptr[i + 1]):
            j = indices[e]
            out[e] = weight[cursor[j]]
            cursor[j] += 1
    return out


@kernel
def tell_by_unit(
    key: np.uint64,
    unit: NDArray[np.int32],
    adult: NDArray[np.bool_],
    chance: NDArray[np.float64],
    bit: int,
    aware: NDArray[np.uint16],
) -> None:
    """Let each adult (n,) who does not know of the channel `bit` hear of it with the chance of the own unit, `chance`
    (n_units,), in [0, 1].
    """
    mask = np.uint16(bit)
    for i in range(unit.shape[0]):
        if adult[i] and not aware[i] & mask and uniform(key, i) < chance[unit[i]]:
            aware[i] |= mask
