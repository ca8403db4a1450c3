"""Settlement of a topic (D5): the proposal, its acceptance by attendees, and how far the topic is worked out."""

from __future__ import annotations

from math import exp, nan

import numpy as np

from consensus_sim.dynamics.talk import DeliberationParameters, Flags, Floats, Rows
from consensus_sim.kernels import kernel
from consensus_sim.randomness import uniform


@kernel
def work_out(found: float, integration: Floats, procedure: Floats, pace: float) -> float:
    """Share of a topic that is worked out after a meeting at which people with these skills (n,) decide, in [0, 1].

    `f <- f + (1 - f) pace (mean(s_g) + mean(s_p)) / 2`: integration finds solutions and procedure brings the talk to a
    point. The easy parts come first, so each meeting works out a share of what is left (judgement). It is the work of
    those who decide; the audience expresses views (F20).
    """
    n = integration.shape[0]
    if n == 0:
        return found
    return found + (1.0 - found) * pace * (integration.sum() + procedure.sum()) / (2 * n)


@kernel(inline="always")
def is_worked_out(found: float, feasibility: float) -> bool:
    """Tests if enough of a topic is worked out to decide on it: at least 1 - `feasibility` of it."""
    return found >= 1.0 - feasibility


@kernel
def weighted_median(position: Floats, weight: Floats) -> float:
    """The median of `position` (n,) under `weight` (n,) >= 0; the plain median if all weights are 0, nan if n
    = 0.

    Where exactly half of the weight lies below, the middle between the two neighbours, so that mirrored input
    gives the mirrored median.
    """
    n = position.shape[0]
    if n == 0:
        return nan
    order = np.argsort(position)
    total = weight.sum()
    even = total == 0
    half = (n if even else total) / 2.0
    below = 0.0
    for k in range(n):
        i = order[k]
        below += 1 if even else weight[i]
        if below == half:
            for later in range(k + 1, n):
                if even or weight[order[later]] > 0:
                    return 0.5 * (position[i] + position[order[later]])
        if below >= half:
            return position[i]
    return position[order[n - 1]]


@kernel
def unlikeness(weight: Floats) -> float:
    """Range of the weights of attendees (n,) on the issues, in [0, 1]: 0 for one issue or if one side is absent."""
    return weight.max() - weight.min() if weight.shape[0] > 0 else 0.0


@kernel
def propose(position: Floats, turns: Rows, weight: Floats, skill: float) -> tuple[float, float]:
    """The moderator's proposal on the two issues of a topic, given the mean integration `skill` in the room.

    Without skill it is one point for both issues: the median weighted with speeches, m. A package gives each issue to
    those who care for it: y_k = median weighted with speeches times weight of issue k. These two minimise the sum over
    speeches of `weight |x - y_1| + (1 - weight) |x - y_2|`, so they are a Pareto point (Raiffa 1982, L52). Skill goes
    that share of the way from m to y_k. Where all weights are alike, y_1 = y_2 = m: nothing can be traded.
    """
    said = turns.astype(np.float64)
    middle = weighted_median(position, said)
    if skill * unlikeness(weight) == 0.0:
        return middle, middle
    if turns.sum() == 0:
        said[:] = 1.0
    first = weighted_median(position, said * weight)
    second = weighted_median(position, said * (1.0 - weight))
    return middle + skill * (first - middle), middle + skill * (second - middle)


@kernel
def losses(position: Floats, weight: Floats, first: float, second: float) -> Floats:
    """(n,) distance of each person from a proposal: weight |x - y_1| + (1 - weight) |x - y_2|, in [0, 1]."""
    return weight * np.abs(position - first) + (1.0 - weight) * np.abs(position - second)


@kernel
def accept_chance(loss: Floats, stake: Floats, traded: float, p: DeliberationParameters) -> Floats:
    """(n,) probability that each accepts a proposal at distance `loss` (D5).

    `logistic([tau + gamma traded - loss_i S_i] / sigma_a)`; `traded`: mean integration in the room times `unlikeness`.
    D5 widens acceptance by gamma mean(s_g), for integration finds packages. Where nothing can be traded there are none
    (L52), so one issue leaves acceptance as it is.
    """
    chance = np.empty(loss.shape[0])
    width = p.acceptance_halfwidth + p.integration_widening * traded
    for i in range(loss.shape[0]):
        chance[i] = 1.0 / (1.0 + exp(-(width - loss[i] * stake[i]) / p.acceptance_softness))
    return chance


@kernel
def draw_acceptance(key: np.uint64, resident: Rows, chance: Floats) -> Flags:
    """(n,) who accepts, by a draw that each `resident` has once per topic (`key`): only better proposals or changed
    minds win a person over, no second draw.
    """
    accepted = np.empty(chance.shape[0], np.bool_)
    for i in range(chance.shape[0]):
        accepted[i] = uniform(key, resident[i]) < chance[i]
    return accepted


@kernel
def accepting_share(accepted: Flags, counted: Flags) -> float:
    """Share of those `counted` (n,) who accept; 0 if nobody is counted."""
    number, yes = 0, 0
    for i in range(accepted.shape[0]):
        number += counted[i]
        yes += counted[i] and accepted[i]
    return yes / number if number else 0.0


@kernel(inline="always")
def settles(share: float, settlement_share: float) -> bool:
    """Tests if `share` reaches `settlement_share` (D5), which may have three decimals: 0.667 is two thirds."""
    return share >= settlement_share - 0.0005
