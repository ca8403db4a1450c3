"""D1: who knows of a channel. Notices, ties and the mini-programme inform; what is not heard of again is forgotten."""

from __future__ import annotations

from math import exp, log1p
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.kernels import BLOCK, kernel
from consensus_sim.randomness import bits_of, uniform


class AwarenessParameters(NamedTuple):
    """P13 (joint), P10: rates a week, half-lives in weeks, shares, log-odds, metres; see configs/behaviour."""

    notice: float
    notice_plain: float
    neighbours: float
    online: float
    half_life: float
    start_share: float
    reach: float
    reach_gap: float
    wear_out: float
    distance: float


class Announcements(NamedTuple):
    """News of the open channels this week, one entry a channel, in the order of their bits.

    bits: number of its bit; notice_rate, online_rate: rates a week next door and among users; venue: its row of the
    nearness, where it is announced; habit_row: its row of the habit (0 in person, 1 online).
    """

    bits: NDArray[np.int64]
    notice_rate: NDArray[np.float64]
    online_rate: NDArray[np.float64]
    venue: NDArray[np.int64]
    habit_row: NDArray[np.int64]


class TieRows(NamedTuple):
    """The ties of all residents as a CSR matrix: those of resident i are the entries indptr[i] to indptr[i + 1]."""

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    weight: NDArray[np.float32]


@kernel
def first_bits(chance: float) -> np.uint64:
    """Highest value of the first 16 bits of a draw with which it may be below `chance`."""
    return np.uint64(min(65535.0, chance * 65536.0))


@kernel
def may_change(
    draw: NDArray[np.uint64],
    shift: np.uint64,
    aware: NDArray[np.uint16],
    mask: np.uint16,
    reached: NDArray[np.bool_],
    hears: np.uint64,
    forgets: np.uint64,
    flag: NDArray[np.uint8],
    listed: NDArray[np.uint32],
) -> np.uint64:
    """List which residents of a block may hear of a channel or forget it, judged by the first 16 bits of their draw.

    Writes their places in the block to `listed` and returns how many there are. `aware` and `reached` (k,) are those of
    the block, `hears` and `forgets` the `first_bits` of the highest chances; `flag` is working space.
    """
    # Flags first, then the list of who is flagged: each loop alone runs without a branch.
    for k in range(np.uint64(aware.shape[0])):
        first, knows = (draw[k] >> shift) & np.uint64(0xFFFF), (aware[k] & mask) != 0
        flag[k] = (first <= (forgets if knows else hears)) & (knows | reached[k])
    n_listed = np.uint64(0)
    for k in range(np.uint64(aware.shape[0])):
        listed[n_listed] = k
        n_listed += np.uint64(flag[k])
    return n_listed


@kernel
def hears_of(
    chance: float,
    rate: float,
    neighbour_rate: float,
    i: np.uint64,
    ties: TieRows,
    bit: np.uint16,
    aware: NDArray[np.uint16],
) -> bool:
    """Tests if the draw `chance` is below 1 - exp(-rate - r), r the rate from ties of i who know of channel `bit`."""
    if chance - rate >= neighbour_rate:  # then so is `needed`, as -log1p(-x) >= x
        return False
    needed = -log1p(-chance) - rate  # chance < 1 - exp(-rate - from ties) <=> needed < from ties
    if needed >= neighbour_rate:
        return False
    from_ties = 0.0
    indptr, indices, weight = ties
    for e in range(np.uint64(indptr[i]), np.uint64(indptr[i + np.uint64(1)])):
        knows = (aware[np.uint32(indices[e])] >> bit) & np.uint16(1)
        from_ties += neighbour_rate * weight[e] * float(knows)  # a product, as a choice would branch
    return from_ties > needed


@kernel
def spread_awareness(
    key: np.uint64,
    fine_key: np.uint64,
    told: Announcements,
    nearness: NDArray[np.float32],
    habit: NDArray[np.float32],
    reached: NDArray[np.bool_],
    online_user: NDArray[np.bool_],
    ties: TieRows,
    neighbour_rate: float,
    forget: float,
    aware: NDArray[np.uint16],
    following: NDArray[np.uint16],
) -> None:
    """One week of hearing of, and forgetting, the open channels, all residents at once (D1); `aware` (n,) bits is
    updated.

    Pr(hears) = 1 - exp(-[notice_rate nearness_i + neighbour_rate n_i(aware) + online_rate O_i]) for residents who do
    not know and are `reached` (n,) by general news, 0 for the others; Pr(forgets) = forget (1 - H_i) for all who know,
    so what is a habit is not forgotten. n_i(aware): tie-weighted share of ties who know at the week's start.

    `nearness` (v, n) is e^(-d/delta) of each venue, 1 at most, `habit` (2, n) that in person and online; `following`
    (n,) is working space. A resident's chance at a channel is a number with 16 bits from a hash shared by four channels
    and 37 more from a hash of its own, which is drawn only where the first bits leave it open whether anything happens.
    """
    bits, notice_rate, online_rate, venue, habit_row = told
    draw, flag, listed = np.empty(BLOCK, np.uint64), np.empty(BLOCK, np.uint8), np.empty(BLOCK, np.uint32)
    following[:] = aware
    forgets = first_bits(forget)
    for start in range(0, aware.shape[0], BLOCK):
        low, end = np.uint64(start), min(start + BLOCK, aware.shape[0])
        last_word = -1
        for c in range(bits.shape[0]):
            bit = bits[c]
            if bit >> 2 != last_word:
                last_word = bit >> 2
                for k in range(np.uint64(end - start)):
                    draw[k] = bits_of(key, 4 * (low + k) + np.uint64(last_word))
            mask, shift = np.uint16(1 << bit), np.uint64(16 * (bit & 3))
            hears = first_bits(1.0 - exp(-(notice_rate[c] + neighbour_rate + online_rate[c])))
            n_listed = may_change(draw, shift, aware[start:end], mask, reached[start:end], hears, forgets, flag, listed)
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
                if hears_of(chance, rate, neighbour_rate, i, ties, np.uint16(bit), aware):
                    following[i] |= mask
    aware[:] = following


def resting_rate(
    knows: NDArray[np.bool_],
    reached: NDArray[np.bool_],
    habit: NDArray[np.float32],
    nearness: NDArray[np.float32],
    neighbour_rate: float,
    forget: float,
) -> float:
    """Notice rate at which as many hear of a channel in a week as forget it, by the means over residents (n,); 0 at
    least.

    `knows`, `reached`, `habit`, `nearness`: of each resident, as in `spread_awareness`; ties are taken to know as often
    as residents do.
    """
    open_to_it = reached & ~knows
    if not open_to_it.any():
        return 0.0
    forgotten = forget * float((1.0 - habit[knows]).sum()) / np.count_nonzero(open_to_it)
    rate = -log1p(-min(forgotten, 0.999)) - neighbour_rate * float(knows.mean())
    return max(0.0, rate) / float(nearness[open_to_it].mean())


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
    reached: NDArray[np.bool_],
    chance: NDArray[np.float64],
    bit: int,
    aware: NDArray[np.uint16],
) -> None:
    """Let each resident whom news reach, `reached` (n,), and who does not know of the channel `bit`, hear of it at the
    own door with the chance of the own unit, `chance` (n_units,), in [0, 1] (F10).

    A household that calls on its whole unit brings news as any other source does: the others do not take them in (L55,
    L73). Being asked in person to come is another thing, and reaches everybody.
    """
    mask = np.uint16(bit)
    for i in range(unit.shape[0]):
        if reached[i] and not aware[i] & mask and uniform(key, i) < chance[unit[i]]:
            aware[i] |= mask
