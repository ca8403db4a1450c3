"""One sitting on one topic: who speaks, how positions move, how heated it gets, and whether the room settles.

Equations D4 and D5 of the evidence, as pure compiled functions on arrays of shape (n_present,). Three
procedures of talk:

- `PLENARY`: one speaks, all hear (D4);
- `PAIRS`: two people talk and move towards each other, as in buzz groups. With equal skills, no heat and
  susceptibility 1 this is Deffuant, Neau, Amblard & Weisbuch 2000 (Adv. Complex Syst. 3), with convergence
  parameter `step * s_e`;
- `ROUND`: everybody is heard, then all move at once to the expression-weighted mean of what they can bear to
  hear. With equal skills and no heat this is Hegselmann & Krause 2002 (JASSS 5(3)) at susceptibility 1, and
  Friedkin & Johnsen 1990 (J. Math. Sociol. 15) where the confidence bound covers the whole scale.

The confidence bound of those textbooks is `confidence * (1 + s_l)` here.

When people return to their anchor. D4 read turn by turn would pin everybody: at susceptibility 0.65 and 40
turns a listener keeps nearly nine tenths of the first position whatever is said. The time step of Friedkin &
Johnsen is one in which everybody has heard everybody, so the anchor pulls once per *round*: n turns of
plenary, or n (n - 1) / 2 exchanges in pairs, for n people present. A last incomplete share m of a round pulls
with `susceptibility ** m`, which makes whole rounds of parts of rounds. So the weight of the own first
position is 1 - susceptibility at the end of a round, whatever the size of the room, as in the textbook. Three
further departures from the letter of D4 are named where they are made: `weigh` (heat), `warm` (cooling) and
`deliberate` (the clash is a mean over the room).
"""

from __future__ import annotations

from math import ceil, exp, nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.kernels import kernel
from consensus_sim.randomness import child, uniform

PLENARY, PAIRS, ROUND = 0, 1, 2
"""Procedures of talk."""

Floats = NDArray[np.float64]


class DeliberationParameters(NamedTuple):
    """Parameters of a sitting: plain floats; P.. are evidence ids, ranges are priors (values live in
    `configs/`).
    """

    step: float
    """mu: share of the distance moved per speech at full expression and susceptibility; 0.2-0.4 (P20)."""
    confidence: float
    """epsilon_0: confidence bound at listening 0, on the scale [0, 1] of positions; 0.15-0.40 (P19)."""
    confidence_narrowing: float
    """kappa_epsilon: share of the bound that full heat takes away; 0.2-0.6 (P19)."""
    turn_steepness: float
    """eta: log-weight of getting the floor per SD of expression or status; 0.5-1.5 (P21)."""
    heat_steepness: float
    """kappa: log-weight for the floor that full heat takes at expression 0; judgement, 0-2 (D4)."""
    turn_sharing: float
    """phi: share of turns handed round evenly; 0-0.15 without, 0.3-0.6 with a moderator (P22)."""
    heat_gain: float
    """Heating per speech at full clash, as a share of the heat still missing; 0.05-0.20 (P27)."""
    cooling: float
    """chi_phi: share of the heat removed per speech at turn sharing 1; 0.1-0.4 (P27)."""
    acceptance_halfwidth: float
    """tau: distance times stake that half would accept at integration 0; 0.10-0.35 (P24)."""
    acceptance_softness: float
    """sigma_a > 0: logistic scale of acceptance, same unit as tau; 0.03-0.10 (P24)."""
    integration_widening: float
    """gamma: what a mean integration of 1 adds to tau at a sitting; 0.05-0.30 (P23)."""
    turns_per_person: float
    """Speeches per person present; rounds in `ROUND`; judgement, 1-3."""
    settlement_share: float
    """q_c: accepting share that settles the topic; a design choice, 0.5, 2/3 or 0.8 (P25)."""


class Sitting(NamedTuple):
    """What one sitting yields."""

    position: Floats
    """(n,) positions at the end, in the hull of positions and anchors."""
    turns: NDArray[np.int64]
    """(n,) speeches of each person."""
    heat: float
    """Heat at the end, in [0, 1]."""
    proposal: float
    """The moderator's proposal y; nan if nobody is present."""
    acceptance: Floats
    """(n,) chance that each accepts y."""
    accepted: NDArray[np.bool_]
    """(n,) who accepts y."""
    share: float
    """Accepting share of those present; 0 if nobody is present."""
    settled: bool
    """Whether `share` reaches the settlement share."""
    speaker: NDArray[np.int64]
    """(n_exchanges,) row of the speaker of each turn (`PLENARY`) or exchange (`PAIRS`); empty in `ROUND`."""
    partner: NDArray[np.int64]
    """(n_exchanges,) row of the partner in `PAIRS`, -1 in `PLENARY`; empty in `ROUND`."""


@kernel
def weigh(voice: Floats, expression: Floats, heat: float, p: DeliberationParameters, weights: Floats) -> float:
    """Write each person's weight for the floor into `weights` (n,) and return their sum.

    `w_i = exp(eta (v_i - max v) - kappa heat (1 - s_e_i))`. In D4 heat enters all weights alike and so
    cancels from the turn share; here it silences those who express themselves badly, and drops out when
    expression is equal.
    """
    top = voice.max()
    total = 0.0
    for i in range(voice.shape[0]):
        floor = p.turn_steepness * (voice[i] - top)
        weights[i] = exp(floor - p.heat_steepness * heat * (1.0 - expression[i]))
        total += weights[i]
    return total


@kernel
def draw_row(weights: Floats, total: float, sharing: float, chance: float) -> int:
    """The row that `chance`, in [0, 1), picks under `(1 - sharing) w_i / total + sharing / n`."""
    n = weights.shape[0]
    even = sharing / n
    scale = (1.0 - sharing) / total
    reached = 0.0
    for i in range(n):
        reached += scale * weights[i] + even
        if chance < reached:
            return i
    return n - 1


@kernel(inline="always")
def warm(heat: float, clash: float, p: DeliberationParameters) -> float:
    """Heat after one speech: `h + g c (1 - h) - chi phi h`, in [0, 1]; clash c in [0, 1].

    Cooling takes a share of the heat, not a fixed amount: a fixed one holds heat at 0 or lets it run to 1.
    """
    warmer = heat + p.heat_gain * clash * (1.0 - heat) - p.cooling * p.turn_sharing * heat
    return min(1.0, max(0.0, warmer))


@kernel
def pull_back(position: Floats, anchor: Floats, susceptibility: Floats, share: float) -> None:
    """Friedkin-Johnsen anchoring of `share` of a round, in place: `x <- a + theta ** share (x - a)`."""
    for i in range(position.shape[0]):
        kept = susceptibility[i] if share == 1.0 else susceptibility[i] ** share
        position[i] = kept * position[i] + (1.0 - kept) * anchor[i]


@kernel
def _plenary(
    key: np.uint64, x: Floats, anchor: Floats, touchy: Floats, susceptibility: Floats, expression: Floats,
    listening: Floats, voice: Floats, heat: float, p: DeliberationParameters, turns: NDArray[np.int64],
    speaker: NDArray[np.int64],
) -> float:  # fmt: skip
    """Play one turn per entry of `speaker`: move `x`, count `turns`, note `speaker`; return the heat."""
    n = x.shape[0]
    weights = np.empty(n)
    total = weigh(voice, expression, heat, p, weights)
    since = 0
    for turn in range(speaker.shape[0]):
        j = draw_row(weights, total, p.turn_sharing, uniform(key, turn))
        turns[j] += 1
        speaker[turn] = j
        said, pull = x[j], p.step * expression[j]
        bound = p.confidence * (1.0 - p.confidence_narrowing * heat)
        clash = 0.0
        for i in range(n):
            distance = said - x[i]
            clash += abs(distance) * touchy[i]
            if abs(distance) <= bound * (1.0 + listening[i]):
                x[i] += pull * susceptibility[i] * distance
        before = heat
        heat = warm(heat, clash / max(1, n - 1), p)
        if heat != before and p.heat_steepness != 0.0:
            total = weigh(voice, expression, heat, p, weights)
        since += 1
        if since == n:
            pull_back(x, anchor, susceptibility, 1.0)
            since = 0
    if since > 0:
        pull_back(x, anchor, susceptibility, since / n)
    return heat


@kernel
def _pairs(
    key: np.uint64, x: Floats, anchor: Floats, touchy: Floats, susceptibility: Floats, expression: Floats,
    listening: Floats, voice: Floats, heat: float, p: DeliberationParameters, turns: NDArray[np.int64],
    speaker: NDArray[np.int64], partner: NDArray[np.int64],
) -> float:  # fmt: skip
    """Play one exchange per entry of `speaker`, in which two people speak once each; needs n >= 2.

    The one who opens is drawn as in plenary, the other evenly. Moves `x`, counts `turns`, notes `speaker` and
    `partner`; returns the heat.
    """
    n = x.shape[0]
    weights = np.empty(n)
    others = child(key, 0)
    heard = 0
    for turn in range(speaker.shape[0]):
        total = weigh(voice, expression, heat, p, weights)
        i = draw_row(weights, total, p.turn_sharing, uniform(key, turn))
        j = min(n - 2, int(uniform(others, turn) * (n - 1)))
        j += j >= i
        speaker[turn], partner[turn] = i, j
        turns[i] += 1
        turns[j] += 1
        distance = x[j] - x[i]
        bound = p.confidence * (1.0 - p.confidence_narrowing * heat)
        if abs(distance) <= bound * (1.0 + listening[i]):
            x[i] += p.step * expression[j] * susceptibility[i] * distance
        if abs(distance) <= bound * (1.0 + listening[j]):
            x[j] -= p.step * expression[i] * susceptibility[j] * distance
        heat = warm(heat, abs(distance) * touchy[j] / (n - 1), p)
        heat = warm(heat, abs(distance) * touchy[i] / (n - 1), p)
        heard += 2
        if heard == n * (n - 1):
            pull_back(x, anchor, susceptibility, 1.0)
            heard = 0
    if heard > 0:
        pull_back(x, anchor, susceptibility, heard / (n * (n - 1)))
    return heat


@kernel
def _rounds(
    x: Floats, anchor: Floats, touchy: Floats, susceptibility: Floats, expression: Floats, listening: Floats,
    heat: float, p: DeliberationParameters, turns: NDArray[np.int64], rounds: int,
) -> float:  # fmt: skip
    """Hear everybody, then move all at once, `rounds` times: move `x`, count `turns`; return the heat."""
    n = x.shape[0]
    heard = np.empty(n)
    for _ in range(rounds):
        bound = p.confidence * (1.0 - p.confidence_narrowing * heat)
        clash = 0.0
        for i in range(n):
            weight, mean = 0.0, 0.0
            reach = bound * (1.0 + listening[i])
            for j in range(n):
                distance = x[j] - x[i]
                clash += abs(distance) * touchy[i]
                if abs(distance) <= reach:
                    weight += expression[j]
                    mean += expression[j] * distance
            heard[i] = x[i] + mean / weight if weight > 0.0 else x[i]
        x[:] = heard
        turns += 1
        for _speech in range(n):
            heat = warm(heat, clash / max(1, n * (n - 1)), p)
        pull_back(x, anchor, susceptibility, 1.0)
    return heat


@kernel
def weighted_median(position: Floats, weight: NDArray[np.int64]) -> float:
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
def accept_chance(
    position: Floats,
    stake: Floats,
    integration: Floats,
    leeway: Floats,
    proposal: float,
    p: DeliberationParameters,
) -> Floats:
    """(n,) chance that each accepts `proposal` (D5).

    `logistic([tau + leeway_i + gamma mean(s_g) - |x_i - y| S_i] / sigma_a)`.
    """
    n = position.shape[0]
    chance = np.empty(n)
    width = p.acceptance_halfwidth + p.integration_widening * (integration.mean() if n > 0 else 0.0)
    for i in range(n):
        slack = width + leeway[i] - abs(position[i] - proposal) * stake[i]
        chance[i] = 1.0 / (1.0 + exp(-slack / p.acceptance_softness))
    return chance


@kernel(inline="always")
def settles(share: float, settlement_share: float) -> bool:
    """Whether `share` reaches `settlement_share` (D5), which may have three decimals: 0.667 is two thirds."""
    return share >= settlement_share - 0.0005


@kernel
def deliberate(
    key: np.uint64, resident: NDArray[np.int64], position: Floats, anchor: Floats, stake: Floats,
    susceptibility: Floats, expression: Floats, listening: Floats, integration: Floats, voice: Floats,
    leeway: Floats, heat: float, procedure: int, parameters: DeliberationParameters,
) -> Sitting:  # fmt: skip
    """Play one sitting on one topic (D4, D5); the arguments are left as they are.

    All arrays have shape (n_present,), n_present >= 0, float64; rows in ascending `resident`, since the floor
    goes by row.

    - `key`: of this sitting (stream, week, sub = sitting); the floor is drawn per turn, acceptance per
      `resident`;
    - `resident`: indices >= 0;
    - `position` x(t) and `anchor` x(0) in [0, 1]: what they hold now, and held when the topic arose;
    - `stake` S in [0, 1]; `susceptibility` theta in [0, 1] (P18; 0 never moves);
    - `expression` s_e, `listening` s_l, `integration` s_g in [0, 1];
    - `voice`: z(expression) + status, in SD at the start of the run; what D4 puts in square brackets;
    - `leeway`: added to the half-width of acceptance (0 for nothing), such as what earlier sittings have worked out;
    - `heat` in [0, 1] at the opening; `procedure`: `PLENARY`, `PAIRS` or `ROUND`.

    A speech heats by the mean over the n - 1 others of distance times stake times (1 - s_l); in a pair only
    one hears it. `PAIRS` holds half as many exchanges as plenary has turns, so speeches per person are the
    same. A person alone talks to nobody in `PAIRS`. Nobody speaking, the proposal is the plain median.
    """
    n = position.shape[0]
    x = position.astype(np.float64)
    turns = np.zeros(n, dtype=np.int64)
    speeches = ceil(parameters.turns_per_person * n - 1e-9)
    exchanges = 0
    if procedure == PLENARY:
        exchanges = speeches
    elif procedure == PAIRS and n > 1:
        exchanges = (speeches + 1) // 2
    speaker = np.empty(exchanges, dtype=np.int64)
    partner = np.full(exchanges, -1, dtype=np.int64)
    touchy = stake * (1.0 - listening)
    if n > 0 and procedure == PLENARY:
        heat = _plenary(
            child(key, 0), x, anchor, touchy, susceptibility, expression, listening, voice, heat, parameters,
            turns, speaker,
        )  # fmt: skip
    elif n > 1 and procedure == PAIRS:
        heat = _pairs(
            child(key, 1), x, anchor, touchy, susceptibility, expression, listening, voice, heat, parameters,
            turns, speaker, partner,
        )  # fmt: skip
    elif n > 0 and procedure == ROUND:
        rounds = ceil(parameters.turns_per_person - 1e-9)
        heat = _rounds(x, anchor, touchy, susceptibility, expression, listening, heat, parameters, turns, rounds)
    proposal = weighted_median(x, turns)
    acceptance = accept_chance(x, stake, integration, leeway, proposal, parameters)
    accepted = np.empty(n, dtype=np.bool_)
    lot = child(key, 2)
    for i in range(n):
        accepted[i] = uniform(lot, resident[i]) < acceptance[i]
    share = accepted.sum() / n if n > 0 else 0.0
    settled = n > 0 and settles(share, parameters.settlement_share)
    return Sitting(x, turns, heat, proposal, acceptance, accepted, share, settled, speaker, partner)


@kernel
def gini(turns: NDArray[np.int64]) -> float:
    """Gini coefficient of speeches (n,), the silent included: 0 all alike to 1 - 1/n; nan if nobody spoke."""
    n, total = turns.shape[0], turns.sum()
    if total == 0:
        return nan
    ranked = np.sort(turns)
    weighted = 0.0
    for k in range(n):
        weighted += (2 * k + 1 - n) * ranked[k]
    return weighted / (n * total)


@kernel
def top_fifth_share(turns: NDArray[np.int64]) -> float:
    """Share of speeches (n,) by the fifth of those present who spoke most: 0.2 to 1; nan if nobody spoke.

    A fifth that is no whole number of people counts the next one in part (the Lorenz curve at 0.8).
    """
    n, total = turns.shape[0], turns.sum()
    if total == 0:
        return nan
    ranked = np.sort(turns)
    left, said = 0.2 * n, 0.0
    for k in range(n - 1, -1, -1):
        said += min(1.0, left) * ranked[k]
        left -= 1.0
        if left <= 0.0:
            break
    return said / total


@kernel
def group_share(turns: NDArray[np.int64], member: NDArray[np.bool_]) -> float:
    """Share of speeches (n,) by the members (n,) of a group, 0 to 1; nan if nobody spoke."""
    total = turns.sum()
    if total == 0:
        return nan
    said = 0
    for i in range(turns.shape[0]):
        if member[i]:
            said += turns[i]
    return said / total
