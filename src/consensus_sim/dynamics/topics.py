"""D12: matters at stake, positions on them, and who raises them."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from consensus_sim.kernels import BLOCK, kernel
from consensus_sim.randomness import normal, poissons, uniform


@kernel
def draw_arrivals(key: np.uint64, micro_grids: int, rate: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the matters of a week arise, Poisson with mean `rate` in each micro-grid (D12): the micro-grid of each, and
    how many have arisen there before it; (m,) each.
    """
    counts = poissons(key, micro_grids, rate)
    place, before, size = np.empty(counts.sum(), np.int64), np.empty(counts.sum(), np.int64), 0
    for micro_grid in range(micro_grids):
        for copy in range(counts[micro_grid]):
            place[size], before[size] = micro_grid, copy
            size += 1
    return place, before


@kernel
def first_above(reached: NDArray[np.float64], chance: float) -> int:
    """The first place at which the ascending `reached` (k,), k >= 1, is above `chance`; the last if none is."""
    for place in range(reached.shape[0] - 1):
        if chance < reached[place]:
            return place
    return reached.shape[0] - 1


@kernel
def draw_kinds(chances: NDArray[np.float64], cumulative: NDArray[np.float64]) -> NDArray[np.int64]:
    """The kind of each matter (m,), by the first of its `chances` (m, 7) and the kinds' `cumulative` shares (k,)."""
    kinds = np.empty(chances.shape[0], np.int64)
    for row in range(kinds.shape[0]):
        kinds[row] = first_above(cumulative, chances[row, 0])
    return kinds


@kernel
def draw_traits(
    chances: NDArray[np.float64], kinds: NDArray[np.int64], scope: NDArray[np.float64], bounds: NDArray[np.float64],
    funding_chance: NDArray[np.float64], issue_chance: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:  # fmt: skip
    """What matters of the given `kinds` (m,) are like, by `chances` (m, 11): place of each in the scopes (m,); urgency,
    feasibility, need of money, polarity, share of the upper camp and how unlike the weights of two issues are (m, 6).

    By kind: cumulative shares `scope` (k, scopes), `bounds` (k, 6, 2) between which each trait is even (the fifth:
    share of the larger camp, which is the upper or the lower one by lot), `funding_chance` (k,) of needing money and
    `issue_chance` (k,) of having two issues; the trait is 0 for who has not. Of a row of chances the first is not used,
    the second is for the scope, then urgency, feasibility, whether money is needed, how much, polarity, larger camp,
    which it is, whether there are two issues, how unlike.
    """
    m = kinds.shape[0]
    scopes, traits = np.empty(m, np.int64), np.empty((m, 6))
    for row in range(m):
        kind, chance = kinds[row], chances[row]
        scopes[row] = first_above(scope[kind], chance[1])
        drawn = (chance[2], chance[3], chance[5], chance[6], chance[7], chance[10])
        for trait in range(6):
            low, high = bounds[kind, trait]
            traits[row, trait] = low + drawn[trait] * (high - low)
        if chance[4] >= funding_chance[kind]:
            traits[row, 2] = 0.0
        if chance[8] < 0.5:
            traits[row, 4] = 1.0 - traits[row, 4]
        if chance[9] >= issue_chance[kind]:
            traits[row, 5] = 0.0
    return scopes, traits


@kernel
def draw_stakes(
    key: np.uint64,
    low: int,
    groups: NDArray[np.uint16],
    group_stake: NDArray[np.float64],
    spread: float,
    out: NDArray[np.float32],
) -> None:
    """Stakes of the residents `low`..`low + len(out)` in a matter, written to `out`, in [0, 1]; 0 for those under 18.

    S_i = max over the groups of i of the group's stake, times a number uniform in [1 - spread, 1]. `groups` (n,) bits,
    `group_stake` (k,) by bit.
    """
    best = np.empty(BLOCK)
    for start in range(0, out.shape[0], BLOCK):
        first, size = np.uint64(start), np.uint64(min(BLOCK, out.shape[0] - start))
        best[:] = 0.0
        for bit in range(group_stake.shape[0]):
            shift = np.uint16(bit)
            for k in range(size):
                member = (groups[np.uint64(low) + first + k] >> shift) & np.uint16(1)
                best[k] = max(best[k], group_stake[bit] * float(member))
        for k in range(size):
            out[first + k] = best[k] * (1.0 - spread * uniform(key, np.uint64(low) + first + k))


@kernel
def interest_of(bits: int, group_stake: NDArray[np.float64], group_position: NDArray[np.float64]) -> int:
    """The bit of the group for which a resident of the groups `bits` would speak: of those with a position of their own
    (not NaN) the one of the highest stake, else all (0).
    """
    best, value = 0, 0.0
    for bit in range(1, group_stake.shape[0]):
        if (bits >> bit) & 1 and group_position[bit] == group_position[bit] and group_stake[bit] > value:
            best, value = bit, group_stake[bit]
    return best


@kernel
def add_interests(
    rows: NDArray[np.int64],
    number: int,
    low: int,
    stake: NDArray[np.float32],
    groups: NDArray[np.uint16],
    group_stake: NDArray[np.float64],
    group_position: NDArray[np.float64],
    highest: NDArray[np.float64],
    interest: NDArray[np.int64],
) -> None:
    """Take topic `number` of an agenda into account for the residents `rows` (m,).

    Where its stake exceeds `highest` (m,), that becomes the stake, and `interest` (m,) the interest group: `number`
    times the number of groups plus the bit of the group for which the resident would speak.
    """
    for place in range(rows.shape[0]):
        i = rows[place] - low
        if 0 <= i < stake.shape[0] and stake[i] > highest[place]:
            highest[place] = stake[i]
            own = interest_of(groups[rows[place]], group_stake, group_position)
            interest[place] = number * group_stake.shape[0] + own


@kernel
def draw_positions(
    key: np.uint64,
    who: NDArray[np.int64],
    groups: NDArray[np.uint16],
    group_position: NDArray[np.float64],
    group_stake: NDArray[np.float64],
    polarity: float,
    upper: float,
    spread: float,
    out: NDArray[np.float64],
) -> None:
    """First positions x(0) in [0, 1] of the residents `who`, written to `out` (m,).

    The position of the group for which a resident would speak (`interest_of`), plus or minus `polarity` (two camps, by
    lot; a share `upper` belongs to the upper one), plus a normal deviation of SD `spread`.
    """
    for place in range(who.shape[0]):
        middle = group_position[interest_of(groups[who[place]], group_stake, group_position)]
        camp = polarity if uniform(key, who[place]) < upper else -polarity
        x = middle + camp + spread * normal(key, who[place])
        out[place] = min(1.0, max(0.0, x))


@kernel
def variance_of_groups(
    groups: NDArray[np.uint16], group_position: NDArray[np.float64], group_stake: NDArray[np.float64]
) -> float:
    """Variance of the position of the group for which one would speak, among the adults of residents of the groups
    `groups` (m,); NaN if there is no adult.
    """
    adults, total, squares = 0, 0.0, 0.0
    known = np.full(1 << group_stake.shape[0], np.nan)  # position by the groups that one belongs to, once looked up
    for i in range(groups.shape[0]):
        if groups[i] & np.uint16(1):
            middle = known[groups[i]]
            if middle != middle:
                middle = group_position[interest_of(groups[i], group_stake, group_position)]
                known[groups[i]] = middle
            adults += 1
            total += middle
            squares += middle * middle
    if adults == 0:
        return np.nan
    mean = total / adults
    return max(0.0, squares / adults - mean * mean)


def disagreement(variance: float, polarity: float, upper: float, spread: float) -> float:
    """Standard deviation of first positions, before they are cut to [0, 1] (`draw_positions`), where those of groups
    have the `variance` of `variance_of_groups`; 0 if that is NaN. Two camps of shares u and 1 - u have the variance
    4 u (1 - u) polarity^2.
    """
    if variance != variance:
        return 0.0
    return sqrt(variance + 4.0 * upper * (1.0 - upper) * polarity * polarity + spread * spread)


@kernel
def draw_susceptibility(
    key: np.uint64, who: NDArray[np.int64], mean: float, unmoving: float, out: NDArray[np.float64]
) -> None:
    """Susceptibility theta of the residents `who` (P18): 0 for a share `unmoving`, for the others uniform around
    `mean`.
    """
    half = min(mean, 1.0 - mean)
    for place in range(who.shape[0]):
        if uniform(key, 2 * who[place]) < unmoving:
            out[place] = 0.0
        else:
            out[place] = mean + half * (2.0 * uniform(key, 2 * who[place] + 1) - 1.0)


@kernel
def raise_concern(low: int, stake: NDArray[np.float32], concern: NDArray[np.float32]) -> None:
    """Concern of a resident: the largest stake in any open matter. Add a matter: c_i <- max(c_i, S_i)."""
    place = concern[low : low + stake.shape[0]]
    for k in range(stake.shape[0]):
        place[k] = max(place[k], stake[k])


@kernel
def recompute_concern(
    low: int,
    high: int,
    topic_low: NDArray[np.int64],
    topic_high: NDArray[np.int64],
    offset: NDArray[np.int64],
    stakes: NDArray[np.float32],
    concern: NDArray[np.float32],
) -> None:
    """Concern of the residents `low`..`high` from the open matters given by `topic_low`, `topic_high`, `offset` into
    `stakes`.
    """
    concern[low:high] = 0.0
    for t in range(topic_low.shape[0]):
        first, last = max(low, topic_low[t]), min(high, topic_high[t])
        if first < last:
            begin = offset[t] + first - topic_low[t]
            raise_concern(first, stakes[begin : begin + last - first], concern)


@kernel
def raise_matters(
    key: np.uint64, who: NDArray[np.int32], rate: float, expression: NDArray[np.float32],
    efficacy: NDArray[np.float32], topic_low: NDArray[np.int64], topic_high: NDArray[np.int64],
    offset: NDArray[np.int64], stakes: NDArray[np.float32], first: NDArray[np.bool_],
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:  # fmt: skip
    """Those of `who` (m,) who raise an open matter, in their order, and its place among the open matters; (k,) each.

    Pr(raises) = min(1, rate (s^e_i + E_i)) for who has a stake in some open matter; the one of the highest stake, and
    any of those flagged `first` (t,) before all others (D12). An empty `first` flags none.
    """
    raisers, matters, size = np.empty(who.shape[0], np.int32), np.empty(who.shape[0], np.int32), 0
    flagged = first.shape[0] > 0
    for i in who:
        if uniform(key, i) >= rate * (expression[i] + efficacy[i]):
            continue
        best, matter = 0.0, -1
        for t in range(topic_low.shape[0]):
            if topic_low[t] <= i < topic_high[t]:
                value = float(stakes[offset[t] + i - topic_low[t]])
                if flagged and value > 0.0 and first[t]:
                    value += 1.0  # above every stake
                if value > best:
                    best, matter = value, t
        if matter >= 0:
            raisers[size], matters[size] = i, matter
            size += 1
    return raisers[:size], matters[:size]


@kernel
def spread_stakes(low: int, stake: NDArray[np.float32], event_stake: NDArray[np.float32], clear: bool) -> None:
    """Lay a topic's stakes over an event's (n,): the largest of its topics counts; with `clear` set them back to 0."""
    if clear:
        event_stake[low : low + stake.shape[0]] = 0.0
    else:
        raise_concern(low, stake, event_stake)
