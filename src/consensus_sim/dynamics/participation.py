"""D2: the decision to take part, a logit choice of each resident for each event."""

from __future__ import annotations

from math import exp, expm1, log, log1p
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.dynamics.measures import total_of
from consensus_sim.kernels import BLOCK, kernel
from consensus_sim.randomness import uniform

NOT_INVITED, LETTER, PERSONAL, HOUSEMATE, TEAM_CALL, OWN_GROUP = 0, 1, 2, 3, 4, 5
"""How a resident was asked to come; the index of `asked_level` in `decide`."""


class ParticipationParameters(NamedTuple):
    """P2-P11, P14: log-odds unless said; see configs/behaviour for units, ranges and sources."""

    attitudes: float
    habit: float
    stake: float
    neighbours: float
    neighbour_memory: float
    time: float
    evening: float
    short_stay: float
    fear: float
    fatigue: float
    taste: float
    letter_acceptance: float
    personal_acceptance: float
    team_call: float
    trend: float
    household_spillover: float
    online_act: float
    online_taste: float


class Standard(NamedTuple):
    """Mean and SD over adults at the start of the four attitudes: the fixed scale of z(.)."""

    cognition_mean: float
    cognition_sd: float
    efficacy_mean: float
    efficacy_sd: float
    trust_mean: float
    trust_sd: float
    motive_mean: float
    motive_sd: float


class UtilityTerms(NamedTuple):
    """Terms of the utility of coming to one event, besides the stake in it (D2), one entry a resident.

    common: what draws to any event; fixed: what does not change from event to event of a channel (taste, short stay,
    what suits a group; time, evening and distance, or the level of acts online); fear_weight: how much of the fear of
    speaking applies; expression, habit: columns of the residents; reward: the points' worth, (n,) or (0,).
    """

    common: NDArray[np.float32]
    fixed: NDArray[np.float32]
    fear_weight: NDArray[np.float32]
    expression: NDArray[np.float32]
    habit: NDArray[np.float32]
    reward: NDArray[np.float32]


@kernel
def logistic(x: float) -> float:
    """1 / (1 + e^-x)."""
    return 1.0 / (1.0 + exp(-x))


@kernel
def common_utility(
    cognition: NDArray[np.float32],
    efficacy: NDArray[np.float32],
    trust: NDArray[np.float32],
    motive: NDArray[np.float32],
    neighbours_came: NDArray[np.float32],
    fatigue: NDArray[np.float32],
    strain: NDArray[np.float32],
    standard: Standard,
    p: ParticipationParameters,
    out: NDArray[np.float32],
) -> None:
    """Writes the part of the attendance utility common to all events to `out` (n,), in log-odds.

    beta_A (z(C) + z(E) + z(T) + z(M)) + beta_N n(came) - beta_F max(F, S)     (D2)

    `cognition` is (3, n), C its mean over rows; the others are (n,). An average rested adult has 0.
    """
    c, e = p.attitudes / standard.cognition_sd, p.attitudes / standard.efficacy_sd
    t, m = p.attitudes / standard.trust_sd, p.attitudes / standard.motive_sd
    at_mean = (
        c * standard.cognition_mean + e * standard.efficacy_mean + t * standard.trust_mean + m * standard.motive_mean
    )
    third = c / 3.0
    for i in range(out.shape[0]):
        out[i] = (
            third * (cognition[0, i] + cognition[1, i] + cognition[2, i])
            + e * efficacy[i]
            + t * trust[i]
            + m * motive[i]
            + p.neighbours * neighbours_came[i]
            - p.fatigue * max(fatigue[i], strain[i])
            - at_mean
        )


@kernel
def decide(
    key: np.uint64,
    bit: int,
    adult: NDArray[np.bool_],
    aware: NDArray[np.uint16],
    asked: NDArray[np.uint8],
    terms: UtilityTerms,
    stake: NDArray[np.float32],
    shift: float,
    fear: float,
    asked_level: NDArray[np.float64],
    p: ParticipationParameters,
    came: NDArray[np.int32],
) -> int:
    """Draws the attendees of one event; returns their number, their indices ascending in the first places of `came`.

    Pr(come | aware or asked) = logistic(level + common_i + beta_H H_i + beta_S S_i + r_i + fixed_i - fear w_i (1 -
    s^e_i))     (D2)

    `asked` (n,) says how a resident was asked and picks the level: `asked_level[0]` for those who merely know of the
    channel, the others per `LETTER`, `PERSONAL`, ... `stake` (n,) is theirs in what the event is about; `fear` the
    log-odds of the fear of speaking in this room; `shift` a common log-odds.
    """
    common, fixed, fear_weight, expression, habit, reward = terms
    n, n_came, mask = adult.shape[0], np.uint64(0), np.uint16(bit)
    with_reward = reward.shape[0] > 0
    level, by_habit, by_stake = np.float32(asked_level[0] + shift), np.float32(p.habit), np.float32(p.stake)
    by_fear, zero, one = np.float32(fear), np.float32(0.0), np.float32(1.0)
    chance, rough = np.empty(BLOCK), np.empty(BLOCK, np.float32)
    for start in range(0, n, BLOCK):
        low, size = np.uint64(start), np.uint64(min(BLOCK, n - start))
        for k in range(size):
            i = low + k
            of_stake = by_stake * stake[i]
            of_fear = by_fear * fear_weight[i] * (one - expression[i])
            rough[k] = level + common[i] + by_habit * habit[i] + of_stake + fixed[i] - of_fear
        if with_reward:
            for k in range(size):
                rough[k] += reward[low + k]
        # e^v > 1 + v + v^2/2 + v^3/6 + v^4/24 for v = -x > 0, so who has chance (2 + v + ...) >= 1 stays away and needs
        # no exponential; 0.999 is far more than the rounding of float32 can do. Who was asked is looked at below.
        for k in range(size):
            i = low + k
            v = max(zero, -rough[k])
            least = v * (one + v * (np.float32(0.5) + v * (np.float32(1 / 6) + v * np.float32(1 / 24))))
            least = least if rough[k] < zero else np.float32(-2.0)
            draw = uniform(key, i)
            maybe = (draw * (1.998 + 0.999 * least) < 1.0) & ((aware[i] & mask) != 0)
            chance[k] = draw if adult[i] & (maybe | (asked[i] != 0)) else 2.0
        for k in range(size):
            if chance[k] > 1.0:
                continue
            i = low + k
            x = asked_level[asked[i]] + shift + common[i] + p.habit * habit[i] + p.stake * stake[i] + fixed[i]
            x -= fear * fear_weight[i] * (1.0 - expression[i])
            if with_reward:
                x += reward[i]
            if chance[k] < logistic(x):
                came[n_came] = i
                n_came += np.uint64(1)
    return int(n_came)


@kernel
def accept_chance_of_seat(
    who: NDArray[np.int64],
    terms: UtilityTerms,
    stake: NDArray[np.float64],
    fear: float,
    level: NDArray[np.float64],
    p: ParticipationParameters,
) -> NDArray[np.float64]:
    """a_g of D3: chance that each of `who` (m,) accepts a seat when asked at each `level` (k,) in log-odds; (k, m).

    logistic(level + common_i + beta_H H_i + beta_S S_i + fixed_i + r_i - fear w_i (1 - s^e_i)), as in `decide`; `stake`
    is (m,).
    """
    common, fixed, fear_weight, expression, habit, reward = terms
    chance = np.empty((level.shape[0], who.shape[0]))
    by_habit, by_fear, one = np.float32(p.habit), np.float32(fear), np.float32(1.0)
    for place in range(who.shape[0]):
        i = who[place]
        of_stake, of_fear = p.stake * stake[place], by_fear * fear_weight[i] * (one - expression[i])
        of_reward = reward[i] if reward.shape[0] > 0 else np.float32(0.0)
        for way in range(level.shape[0]):
            x = level[way] + common[i] + by_habit * habit[i] + of_stake + fixed[i] + of_reward - of_fear
            chance[way, place] = logistic(max(x, -700.0))
    return chance


@kernel
def remember_ties(
    who: NDArray[np.int32],
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    mirror_weight: NDArray[np.float32],
    neighbours_came: NDArray[np.float32],
) -> None:
    """Let the neighbours of `who` notice that they took part: n_j <- min(1, n_j + w_ji) for each tie."""
    for row in range(who.shape[0]):
        i = who[row]
        for e in range(indptr[i], indptr[i + 1]):
            j = indices[e]
            neighbours_came[j] = min(np.float32(1.0), neighbours_came[j] + mirror_weight[e])


@kernel
def fear_weights(belonging: NDArray[np.float32], exposed: NDArray[np.bool_], out: NDArray[np.float32]) -> None:
    """g_i of D2, written to `out` (n,): 1, and for the `exposed` (tenants, the old) 2 - B_i: from the common fear at
    full belonging to twice of it at none (P11).
    """
    one, two = np.float32(1.0), np.float32(2.0)
    for i in range(out.shape[0]):
        out[i] = two - belonging[i] if exposed[i] else one


@kernel
def pulls(
    common: NDArray[np.float32], plain: NDArray[np.float32], fear: float, fear_weight: NDArray[np.float32],
    unskilled: NDArray[np.float32], adults: NDArray[np.int64], counted: NDArray[np.bool_],
) -> NDArray[np.float64]:  # fmt: skip
    """Utilities of the `counted` (n,) among `adults` (m,), in log-odds: common + plain - fear g (1 - s^e) of D2.

    `common`, `fear_weight` and `unskilled` are of shape (m,), `plain` (n,).
    """
    found, size, most = np.empty(adults.shape[0]), 0, np.float32(fear)
    for place in range(adults.shape[0]):
        i = adults[place]
        if counted[i]:
            found[size] = np.float64(common[place] + plain[i] - most * fear_weight[place] * unskilled[place])
            size += 1
    return found[:size]


@kernel
def mean_pull(drawn: NDArray[np.float64]) -> float:
    """Log of the mean of e^`drawn` (m,): added to a level, the log-odds of the mean chance where coming is rare; 0 of
    nobody.
    """
    return log(total_of(np.exp(drawn)) / drawn.shape[0]) if drawn.shape[0] else 0.0


BINS, STEPS, LONGEST, NEAR = 512, 60, 4.0, 1e-12
"""Of `level_of_bins`: bins; steps at most, far more than Newton's method needs; the longest of them, in log-odds, so
that a flat start does not throw it out; the step at which it has arrived.
"""


class Bins(NamedTuple):
    """Residents in bins by what draws them, in log-odds; of nobody no bins."""

    share: NDArray[np.float64]
    """(BINS,) share of the residents in each bin."""
    centre: NDArray[np.float64]
    """(BINS,) their mean; 0 in an empty bin."""
    pull: float
    """`mean_pull` of all."""


@kernel
def in_bins(drawn: NDArray[np.float64]) -> Bins:
    """Sorts residents into bins of equal width by what draws them, `drawn` (m,)."""
    if drawn.shape[0] == 0:
        return Bins(np.zeros(0), np.zeros(0), 0.0)
    least, width = drawn.min(), (drawn.max() - drawn.min()) / BINS
    share, centre = np.zeros(BINS), np.zeros(BINS)
    for value in drawn:
        place = min(int((value - least) / width), BINS - 1) if width > 0.0 else 0
        share[place] += 1.0 / drawn.shape[0]
        centre[place] += value / drawn.shape[0]
    for place in range(BINS):
        centre[place] = centre[place] / share[place] if share[place] > 0.0 else 0.0
    return Bins(share, centre, mean_pull(drawn))


@kernel
def level_of_bins(share: float, bins: Bins, times: float) -> float:
    """The level x at which a share `share` in (0, 1) acts at least once at `times` events, by Newton's method.

    `share` is the mean over `bins` of 1 - (1 - logistic(x + centre))^`times`. Of nobody the level of a person who is
    drawn by 0. Each resident counts as the mean of a bin: that moves a probability by less than a thousandth.
    """
    once = -expm1(log1p(-share) / times)
    start = log(once / (1.0 - once))
    if bins.share.shape[0] == 0:
        return start
    x = start - bins.pull
    for _ in range(STEPS):
        mean, slope = 0.0, 0.0
        for place in range(BINS):
            if bins.share[place] > 0.0:
                chance = logistic(max(x + bins.centre[place], -700.0))
                never = (1.0 - chance) ** times
                mean += bins.share[place] * (1.0 - never)
                slope += bins.share[place] * times * chance * never
        step = (share - mean) / slope if slope > 0.0 else LONGEST
        step = max(-LONGEST, min(LONGEST, step))
        x += step
        if abs(step) < NEAR:
            break
    return x


@kernel
def level_of_mean(share: float, drawn: NDArray[np.float64], times: float) -> float:
    """The level of `level_of_bins` for residents whom `drawn` (m,) draws."""
    return level_of_bins(share, in_bins(drawn), times)


@kernel
def cost_of_coming(
    working: NDArray[np.bool_], parent: NDArray[np.bool_], elder: NDArray[np.bool_], clash_working: float,
    clash_parent: float, clash_elder: float, time: float, evening: float, distance: NDArray[np.float32],
) -> NDArray[np.float32]:  # fmt: skip
    """Constant part of the utility for all events of a channel (D2), (n,): - c_time max(clash of workers, of parents) -
    c_eve clash of the old - d / delta.
    """
    out, zero, of_elder = np.empty(distance.shape[0], np.float32), np.float32(0.0), np.float32(evening * clash_elder)
    of_working, of_parent, cost = np.float32(clash_working), np.float32(clash_parent), np.float32(-time)
    for i in range(out.shape[0]):
        clash = max(of_working if working[i] else zero, of_parent if parent[i] else zero)
        out[i] = cost * clash - (of_elder if elder[i] else zero) - distance[i]
    return out


@kernel
def relieve(
    fear_weight: NDArray[np.float32], elder: NDArray[np.bool_], relief: float, out: NDArray[np.float32]
) -> None:
    """The weight of fear where an elders' corner takes the share `relief` of it from elders (P12), to `out` (n,)."""
    left, one = np.float32(1.0 - relief), np.float32(1.0)
    for i in range(out.shape[0]):
        out[i] = fear_weight[i] * (left if elder[i] else one)


@kernel
def housemates(dwelling: NDArray[np.int32], adult: NDArray[np.bool_], who: NDArray[np.int32]) -> NDArray[np.int32]:
    """The other adults in the dwellings of `who`, ascending; residents are numbered dwelling by dwelling."""
    ranked = np.sort(who)
    found = np.empty(0, np.int32)
    for counting in (True, False):  # first how many there are, then who
        n_found, place = 0, 0
        for row in range(ranked.shape[0]):
            if row > 0 and dwelling[ranked[row]] == dwelling[ranked[row - 1]]:
                continue
            i = np.int64(ranked[row])
            while i > 0 and dwelling[i - 1] == dwelling[ranked[row]]:
                i -= 1
            while i < dwelling.shape[0] and dwelling[i] == dwelling[ranked[row]]:
                while place < ranked.shape[0] and ranked[place] < i:
                    place += 1
                if adult[i] and not (place < ranked.shape[0] and ranked[place] == i):
                    if not counting:
                        found[n_found] = i
                    n_found += 1
                i += 1
        if counting:
            found = np.empty(n_found, np.int32)
    return found
