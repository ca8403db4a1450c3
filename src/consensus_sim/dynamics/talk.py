"""Talk at one meeting on one topic: turns to speak, moves of positions, and heat (D4).

Three procedures of talk:

- `PLENARY`: one speaks, all hear (D4);
- `PAIRS`: two people talk and move towards each other, as in buzz groups. With equal skills, no heat and
  susceptibility 1 this is Deffuant, Neau, Amblard & Weisbuch 2000 (Adv. Complex Syst. 3), with convergence
  parameter `step * s_e`;
- `ROUND`: everybody is heard, then all move at once to the expression-weighted mean of what they can bear to
  hear. With equal skills and no heat this is Hegselmann & Krause 2002 (JASSS 5(3)) at susceptibility 1, and
  Friedkin & Johnsen 1990 (J. Math. Sociol. 15) where the confidence bound covers the whole scale.

The confidence bound of those textbooks is `confidence * (1 + s_l)` here.

Minutes bound every procedure: a meeting has so many speeches, whatever the number of people. A `ROUND` that the
minutes cut short is heard from those who still get the floor, drawn evenly.

When people return to their anchor. D4 read turn by turn would pin everybody: at susceptibility 0.65 and 40
turns a listener keeps nearly nine tenths of the first position whatever is said. The time step of Friedkin &
Johnsen is one in which everybody has heard everybody, so the anchor pulls once per *round*: n turns of
plenary, or n (n - 1) / 2 exchanges in pairs, for n people present. A last incomplete share m of a round pulls
with `susceptibility ** m`, which makes whole rounds of parts of rounds. So the weight of the own first
position is 1 - susceptibility at the end of a round, whatever the size of the room, as in the textbook. Two further
departures from the letter of D4 are named where they are made: `weigh` (heat) and `warm` (cooling).
"""

from __future__ import annotations

from math import exp
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.kernels import kernel
from consensus_sim.randomness import child, normal, uniform

PLENARY, PAIRS, ROUND = 0, 1, 2
"""Procedures of talk."""
COOLS = 2.0
"""Cooling under a full facilitator over heating at full clash: P27 gives 0.1-0.4 and 0.05-0.20, a ratio of two."""
PASSES, NEAR = 40, 1e-5
"""Most passes that bring the mean of a room to where information moves it, and how near is near enough: each pass makes
up for part of what the ends of the scale cut off.
"""

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]


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
    turn_sharing: float
    """phi: share of turns handed round evenly; 0 without a moderator, 0.3-0.6 with one (P22)."""
    heat_gain: float
    """g: heating per speech at full clash, as a share of the heat still missing; 0.05-0.20 (P27)."""
    calm: float
    """Share of that heating that the room and helpers take away, in [0, 1] (P12, F67); set per meeting."""
    acceptance_halfwidth: float
    """tau: distance times stake that half would accept at integration 0; 0.10-0.35 (P24)."""
    acceptance_softness: float
    """sigma_a > 0: logistic scale of acceptance, same unit as tau; 0.03-0.10 (P24)."""
    integration_widening: float
    """gamma: what a mean integration of 1 adds to tau where two issues can be traded; 0.05-0.30 (P23)."""
    settlement_share: float
    """q_c: accepting share that settles the topic; a design choice, 0.5, 2/3 or 0.8 (P25)."""
    information: float
    """SD of the shift of a whole room by what is presented at one meeting, on the scale of positions; 0.05-0.10
    (L16, L67)."""
    pace: float
    """Share of what is left of a topic that a room of full skill works out at one meeting; judgement, 0.3-0.9."""
    speeches: int
    """Speeches that the minutes of the meeting allow for this topic; set per meeting."""


class People(NamedTuple):
    """Attendees of one meeting; arrays of shape (n,), n >= 0, in ascending `resident`, since the floor goes by row."""

    resident: Rows
    """Indices >= 0; random draws are keyed by them."""
    position: Floats
    """x(t) in [0, 1]: held now."""
    anchor: Floats
    """x(0) in [0, 1]: held at the opening."""
    stake: Floats
    """S in [0, 1]."""
    susceptibility: Floats
    """theta in [0, 1] (P18; 0 never moves)."""
    expression: Floats
    """s_e in [0, 1]."""
    listening: Floats
    """s_l in [0, 1]."""
    integration: Floats
    """s_g in [0, 1]."""
    voice: Floats
    """z(expression) + status, in SD at the start of the run: what D4 puts in square brackets."""
    weight: Floats
    """Weight of the first issue in [0, 1]; the rest is that of the second. All alike: the topic is one issue."""
    counted: Flags
    """Whether a person's acceptance counts; all others are heard only."""


class Talk(NamedTuple):
    """State of a meeting while people talk; the procedures change its arrays in place."""

    x: Floats
    """(n,) positions."""
    turns: Rows
    """(n,) speeches of each person."""
    speaker: Rows
    """(n_exchanges,) row of the speaker of each turn (`PLENARY`) or exchange (`PAIRS`); empty in `ROUND`."""
    partner: Rows
    """(n_exchanges,) row of the partner in `PAIRS`, -1 in `PLENARY`; empty in `ROUND`."""
    trace: Floats
    """(n_exchanges or rounds, n + 1) positions and heat after each turn, exchange or round; (0, 0) if not kept."""


@kernel
def weigh(voice: Floats, steepness: float, weights: Floats) -> float:
    """Writes each person's weight for the floor into `weights` (n,) and returns their sum.

    `w_i = exp(eta (v_i - max v))`, eta: `steepness`. In D4 heat enters all weights alike, so it cancels from the share
    of turns and is left out.
    """
    top = voice.max()
    total = 0.0
    for i in range(voice.shape[0]):
        weights[i] = exp(steepness * (voice[i] - top))
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
    """Heat after one speech: `h + g (1 - calm) c (1 - h) - chi phi h` with chi = 2 g (`COOLS`), in [0, 1]; clash c in
    [0, 1].

    Cooling takes a share of the heat, not a fixed amount: a fixed one holds heat at 0 or lets it run to 1.
    """
    warmer = heat + p.heat_gain * ((1.0 - p.calm) * clash * (1.0 - heat) - COOLS * p.turn_sharing * heat)
    return min(1.0, max(0.0, warmer))


@kernel
def pull_back(position: Floats, anchor: Floats, susceptibility: Floats, share: float) -> None:
    """Friedkin-Johnsen anchoring of `share` of a round, in place: `x <- a + theta ** share (x - a)`."""
    for i in range(position.shape[0]):
        kept = susceptibility[i] if share == 1.0 else susceptibility[i] ** share
        position[i] = kept * position[i] + (1.0 - kept) * anchor[i]


@kernel
def inform(key: np.uint64, meeting: int, position: Floats, expression: Floats, spread: float) -> None:
    """Shift the positions (n,) of a whole room, in place, by what is presented at meeting number `meeting` of a topic.

    The mean position moves by normal(0, `spread`), keyed by topic and meeting, as far as the scale allows. Less able
    speakers have weighed fewer of the arguments before, so shares in the shift go by 1 - s_e (L67: the less educated
    move more). Positions stay in [0, 1]: what attendees at the end of the scale cannot move is made up by the others,
    since the polls report moves of means (L16).
    """
    n = position.shape[0]
    own = 1.0 - expression
    if n == 0 or spread == 0.0 or own.sum() == 0.0:
        return
    own *= n / own.sum()
    wanted = position.mean() + spread * normal(key, meeting)
    for _ in range(PASSES):
        missing = wanted - position.mean()
        if abs(missing) < NEAR:
            break
        for i in range(n):
            position[i] = min(1.0, max(0.0, position[i] + missing * own[i]))


@kernel(inline="always")
def keep(talk: Talk, row: int, heat: float) -> None:
    """Write positions and heat into row `row` of the trace, if one is kept."""
    if talk.trace.shape[0] > 0:
        n = talk.x.shape[0]
        talk.trace[row, :n] = talk.x
        talk.trace[row, n] = heat


@kernel
def hold_plenary(key: np.uint64, people: People, heat: float, p: DeliberationParameters, talk: Talk) -> float:
    """Hold one turn per entry of `talk.speaker`; return the heat."""
    x, expression, listening = talk.x, people.expression, people.listening
    n = x.shape[0]
    touchy, weights = people.stake * (1.0 - listening), np.empty(n)
    total = weigh(people.voice, p.turn_steepness, weights)
    since = 0
    for turn in range(talk.speaker.shape[0]):
        j = draw_row(weights, total, p.turn_sharing, uniform(key, turn))
        talk.turns[j] += 1
        talk.speaker[turn] = j
        said, pull = x[j], p.step * expression[j]
        bound = p.confidence * (1.0 - p.confidence_narrowing * heat)
        clash = 0.0
        for i in range(n):
            distance = said - x[i]
            clash += abs(distance) * touchy[i]
            if abs(distance) <= bound * (1.0 + listening[i]):
                x[i] += pull * people.susceptibility[i] * distance
        heat = warm(heat, clash / max(1, n - 1), p)
        since += 1
        if since == n:
            pull_back(x, people.anchor, people.susceptibility, 1.0)
            since = 0
        elif turn == talk.speaker.shape[0] - 1:
            pull_back(x, people.anchor, people.susceptibility, since / n)
        keep(talk, turn, heat)
    return heat


@kernel
def hold_pairs(key: np.uint64, people: People, heat: float, p: DeliberationParameters, talk: Talk) -> float:
    """Hold one exchange per entry of `talk.speaker`, in which two people speak once each; needs n >= 2.

    The person who opens is drawn as in plenary, the other evenly. Returns the heat.
    """
    x, expression, listening = talk.x, people.expression, people.listening
    susceptibility = people.susceptibility
    n = x.shape[0]
    touchy, weights = people.stake * (1.0 - listening), np.empty(n)
    total = weigh(people.voice, p.turn_steepness, weights)
    others = child(key, 0)
    heard = 0
    for turn in range(talk.speaker.shape[0]):
        i = draw_row(weights, total, p.turn_sharing, uniform(key, turn))
        j = min(n - 2, int(uniform(others, turn) * (n - 1)))
        j += j >= i
        talk.speaker[turn], talk.partner[turn] = i, j
        talk.turns[i] += 1
        talk.turns[j] += 1
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
            pull_back(x, people.anchor, susceptibility, 1.0)
            heard = 0
        elif turn == talk.speaker.shape[0] - 1:
            pull_back(x, people.anchor, susceptibility, heard / (n * (n - 1)))
        keep(talk, turn, heat)
    return heat


@kernel
def draw_floor(key: np.uint64, resident: Rows, number: int, floor: Flags) -> None:
    """Flag in `floor` (n,) the `number` people who get the floor in a round, evenly by keyed chance of `resident`."""
    n = resident.shape[0]
    floor[:] = number >= n
    if number < n:
        rank = np.empty(n)
        for i in range(n):
            rank[i] = uniform(key, resident[i])
        floor[np.argsort(rank)[:number]] = True


@kernel
def hold_rounds(key: np.uint64, people: People, heat: float, p: DeliberationParameters, talk: Talk) -> float:
    """Hear everybody, then move all at once, until `p.speeches` have been made; return the heat.

    In a last round for which there is no time left only some get the floor (`draw_floor`). Everybody moves to the mean
    of those heard and of the own position, which counts as heard.
    """
    x, n, left, row = talk.x, talk.x.shape[0], p.speeches, 0
    touchy = people.stake * (1.0 - people.listening)
    heard, floor = np.empty(n), np.empty(n, np.bool_)
    while left > 0:
        speaking = min(n, left)
        draw_floor(child(key, row), people.resident, speaking, floor)
        bound = p.confidence * (1.0 - p.confidence_narrowing * heat)
        clash = 0.0
        for i in range(n):
            weight, mean = 0.0, 0.0
            reach = bound * (1.0 + people.listening[i])
            for j in range(n):
                if floor[j] or j == i:
                    distance = x[j] - x[i]
                    clash += abs(distance) * touchy[i]
                    if abs(distance) <= reach:
                        weight += people.expression[j]
                        mean += people.expression[j] * distance
            heard[i] = x[i] + mean / weight if weight > 0.0 else x[i]
        x[:] = heard
        for i in range(n):
            talk.turns[i] += floor[i]
        for _speech in range(speaking):
            heat = warm(heat, clash / (speaking * max(1, n - 1)), p)
        pull_back(x, people.anchor, people.susceptibility, speaking / n)
        keep(talk, row, heat)
        left -= speaking
        row += 1
    return heat
