"""Topics: where they arise, stakes in them, positions on them, and who raises them (D12)."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.kernels import BLOCK, kernel
from consensus_sim.randomness import normal, poissons, uniform


class InitialPositions(NamedTuple):
    """Positions that residents bring to their first meeting on a topic."""

    group_position: NDArray[np.float64]
    """(k,) position by group, by bit; NaN for a group without one of its own."""
    group_stake: NDArray[np.float64]
    """(k,) stake by group, by bit."""
    polarity: float
    """Distance of either camp from the group's position."""
    upper: float
    """Share of residents in the upper camp."""
    spread: float
    """Standard deviation around that."""


class TopicData(NamedTuple):
    """A topic as kernels take it; `council.topics.Topic` says what the fields mean."""

    low: int
    """First resident who lives where the topic arose."""
    stake: NDArray[np.float32]
    """(high - low,) stakes of the residents there."""
    positions: InitialPositions
    unlike: float
    """Difference between the weights that the two sides give the first of two issues, in [0, 1]; 0: one issue."""
    feasibility: float
    known: NDArray[np.int64]
    """(k,) residents who have attended a meeting on the topic, ascending."""
    kept: NDArray[np.float64]
    """(k,) positions with which they left the last one."""
    found: float
    """Share of the topic worked out so far."""
    meeting: int
    """Number of the next meeting on the topic, from 0."""


class OpenTopics(NamedTuple):
    """The topics that wait for an answer; t topics."""

    low: NDArray[np.int64]
    """(t,) first resident of each topic's place."""
    high: NDArray[np.int64]
    """(t,) the resident after the last."""
    offset: NDArray[np.int64]
    """(t,) place of the first resident's stake in `stakes`."""
    stakes: NDArray[np.float32]
    """Stakes in all topics, one topic after the other."""


class Readiness(NamedTuple):
    """Inputs of the decision of attendees to raise a topic."""

    rate: float
    """Probability at full expression or efficacy."""
    expression: NDArray[np.float32]
    """(n,) s^e."""
    efficacy: NDArray[np.float32]
    """(n,) E."""


@kernel
def draw_arrivals(key: np.uint64, micro_grids: int, rate: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Micro-grid of each topic of a week, Poisson with mean `rate` in each micro-grid (D12), and the number of topics
    that have arisen there before it in the week; (m,) each.
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
    """First place at which the ascending `reached` (k,), k >= 1, exceeds `chance`; the last if none does."""
    for place in range(reached.shape[0] - 1):
        if chance < reached[place]:
            return place
    return reached.shape[0] - 1


@kernel
def draw_kinds(chances: NDArray[np.float64], cumulative: NDArray[np.float64]) -> NDArray[np.int64]:
    """Kind of each topic (m,), by the first of its `chances` (m, 11) and the kinds' `cumulative` shares (k,)."""
    kinds = np.empty(chances.shape[0], np.int64)
    for row in range(kinds.shape[0]):
        kinds[row] = first_above(cumulative, chances[row, 0])
    return kinds


@kernel
def draw_traits(
    chances: NDArray[np.float64], kinds: NDArray[np.int64], scope: NDArray[np.float64], bounds: NDArray[np.float64],
    funding_chance: NDArray[np.float64], issue_chance: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:  # fmt: skip
    """Scope of topics of the given `kinds` (m,), as its place among the scopes (m,), and their traits (m, 6): urgency,
    feasibility, need of money, polarity, share of the upper camp, difference of the weights of two issues.

    By kind: cumulative shares `scope` (k, scopes); `bounds` (k, 6, 2) between which each trait is uniform (the fifth:
    share of the larger camp, which is the upper or the lower one with equal probability); `funding_chance` (k,) of
    needing money and `issue_chance` (k,) of having two issues. The trait of a topic that has none is 0. Of a row of
    `chances` (m, 11) the first is not used. The second draws the scope, the others draw urgency, feasibility, whether
    money is needed, how much, polarity, size of the larger camp, which it is, whether there are two issues, how unlike.
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
    """Stakes of the residents `low`..`low + len(out)` in a topic, written to `out`, in [0, 1]; 0 for those under 18.

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
    """Bit of the group for which a resident of the groups `bits` would speak: of those with a position of their own
    (not NaN) the one of the highest stake; without any, the group of all (0).
    """
    best, value = 0, 0.0
    for bit in range(1, group_stake.shape[0]):
        if (bits >> bit) & 1 and group_position[bit] == group_position[bit] and group_stake[bit] > value:
            best, value = bit, group_stake[bit]
    return best


@kernel
def add_interests(
    rows: NDArray[np.int64], number: int, topic: TopicData, groups: NDArray[np.uint16], highest: NDArray[np.float64],
    interest: NDArray[np.int64],
) -> None:  # fmt: skip
    """Take `topic`, number `number` of an agenda, into account for the residents `rows` (m,).

    Where its stake exceeds `highest` (m,), that becomes the stake, and `interest` (m,) the interest group: `number`
    times the number of groups plus the bit of the group for which the resident would speak.
    """
    low, stake = topic.low, topic.stake
    group_position, group_stake = topic.positions.group_position, topic.positions.group_stake
    for place in range(rows.shape[0]):
        i = rows[place] - low
        if 0 <= i < stake.shape[0] and stake[i] > highest[place]:
            highest[place] = stake[i]
            own = interest_of(groups[rows[place]], group_stake, group_position)
            interest[place] = number * group_stake.shape[0] + own


@kernel
def draw_positions(
    key: np.uint64, who: NDArray[np.int64], groups: NDArray[np.uint16], initial: InitialPositions,
    out: NDArray[np.float64],
) -> None:  # fmt: skip
    """First positions x(0) in [0, 1] of the residents `who`, written to `out` (m,).

    The position of the group for which a resident would speak (`interest_of`), plus or minus `polarity` (two camps, by
    random draw; a share `upper` belongs to the upper one), plus a normal deviation of SD `spread`.
    """
    for place in range(who.shape[0]):
        middle = initial.group_position[interest_of(groups[who[place]], initial.group_stake, initial.group_position)]
        camp = initial.polarity if uniform(key, who[place]) < initial.upper else -initial.polarity
        x = middle + camp + initial.spread * normal(key, who[place])
        out[place] = min(1.0, max(0.0, x))


@kernel
def variance_of_groups(
    groups: NDArray[np.uint16], group_position: NDArray[np.float64], group_stake: NDArray[np.float64]
) -> float:
    """Variance, among the adults of residents with the groups `groups` (m,), of the position of the group for which
    each would speak; NaN if there is no adult.
    """
    adults, total, squares = 0, 0.0, 0.0
    known = np.full(1 << group_stake.shape[0], np.nan)  # position by combination of groups, once looked up
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
    """Standard deviation of first positions before they are cut to [0, 1] (`draw_positions`); 0 if `variance` is NaN.

    `variance` is that of the groups' positions (`variance_of_groups`). Two camps of shares u and 1 - u add
    4 u (1 - u) polarity^2.
    """
    if variance != variance:
        return 0.0
    return sqrt(variance + 4.0 * upper * (1.0 - upper) * polarity * polarity + spread * spread)


@kernel
def draw_susceptibility(
    key: np.uint64, who: NDArray[np.int64], mean: float, unmoving: float, out: NDArray[np.float64]
) -> None:
    """Susceptibility theta of the residents `who` (P18): 0 for a share `unmoving`, uniform around `mean` for others."""
    half = min(mean, 1.0 - mean)
    for place in range(who.shape[0]):
        if uniform(key, 2 * who[place]) < unmoving:
            out[place] = 0.0
        else:
            out[place] = mean + half * (2.0 * uniform(key, 2 * who[place] + 1) - 1.0)


@kernel
def raise_concern(low: int, stake: NDArray[np.float32], concern: NDArray[np.float32]) -> None:
    """Adds a topic to the concern of residents, their largest stake in any open topic: c_i <- max(c_i, S_i)."""
    place = concern[low : low + stake.shape[0]]
    for k in range(stake.shape[0]):
        place[k] = max(place[k], stake[k])


@kernel
def recompute_concern(low: int, high: int, topics: OpenTopics, concern: NDArray[np.float32]) -> None:
    """Concern of the residents `low`..`high` from the open `topics`."""
    concern[low:high] = 0.0
    for t in range(topics.low.shape[0]):
        first, last = max(low, topics.low[t]), min(high, topics.high[t])
        if first < last:
            begin = topics.offset[t] + first - topics.low[t]
            raise_concern(first, topics.stakes[begin : begin + last - first], concern)


@kernel
def raise_topics(
    key: np.uint64, who: NDArray[np.int32], readiness: Readiness, topics: OpenTopics, first: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Those of `who` (m,) who raise an open topic, in their order, and its place among the open `topics`; (k,) each.

    Pr(raises) = min(1, rate (s^e_i + E_i)) for residents with a stake in some open topic. They raise the one of the
    highest stake, and any of those flagged `first` (t,) before all others (D12). An empty `first` flags none.
    """
    rate, expression, efficacy = readiness.rate, readiness.expression, readiness.efficacy
    raisers, raised, size = np.empty(who.shape[0], np.int32), np.empty(who.shape[0], np.int32), 0
    low, high, offset, stakes, flagged = topics.low, topics.high, topics.offset, topics.stakes, first.shape[0] > 0
    for i in who:
        if uniform(key, i) >= rate * (expression[i] + efficacy[i]):
            continue
        best, topic = 0.0, -1
        for t in range(low.shape[0]):
            if low[t] <= i < high[t]:
                value = float(stakes[offset[t] + i - low[t]])
                if flagged and value > 0.0 and first[t]:
                    value += 1.0  # above every stake
                if value > best:
                    best, topic = value, t
        if topic >= 0:
            raisers[size], raised[size] = i, topic
            size += 1
    return raisers[:size], raised[:size]


@kernel
def spread_stakes(low: int, stake: NDArray[np.float32], event_stake: NDArray[np.float32], clear: bool) -> None:
    """Adds a topic's stakes to those of an event (n,), of which the largest counts; with `clear` sets them to 0."""
    if clear:
        event_stake[low : low + stake.shape[0]] = 0.0
    else:
        raise_concern(low, stake, event_stake)
