"""The deliberation of one topic at one meeting: talk (`dynamics.talk`), then whether the room settles
(`dynamics.settlement`), and how evenly people spoke.
"""

from __future__ import annotations

from math import nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.dynamics.settlement import (
    accept_chance,
    accepting_share,
    draw_acceptance,
    is_worked_out,
    losses,
    propose,
    settles,
    unlikeness,
)
from consensus_sim.dynamics.talk import (
    PAIRS,
    PLENARY,
    ROUND,
    DeliberationParameters,
    Flags,
    Floats,
    People,
    Rows,
    Talk,
    hold_pairs,
    hold_plenary,
    hold_rounds,
)
from consensus_sim.kernels import kernel
from consensus_sim.randomness import child


class Sitting(NamedTuple):
    """Result of one meeting on one topic."""

    position: Floats
    """(n,) positions at the end, in the hull of positions and anchors."""
    turns: Rows
    """(n,) speeches of each person."""
    heat: float
    """Heat at the end, in [0, 1]."""
    proposal: float
    """The moderator's proposal on the first issue; nan if nobody is present."""
    second: float
    """The same on the second issue."""
    acceptance: Floats
    """(n,) probability that each accepts the proposal."""
    accepted: Flags
    """(n,) who accepts it."""
    share: float
    """Accepting share of those counted; 0 if nobody is."""
    settled: bool
    """Whether the topic is worked out and `share` reaches the settlement share."""
    speaker: Rows
    """As in `Talk`."""
    partner: Rows
    trace: Floats


@kernel
def deliberate(
    key: np.uint64, lot: np.uint64, people: People, heat: float, found: float, feasibility: float, procedure: int,
    parameters: DeliberationParameters, traced: bool,
) -> Sitting:  # fmt: skip
    """Hold one meeting on one topic (D4, D5); the arguments are left as they are.

    - `key`: of this meeting (stream, week, sub); the floor is drawn per turn;
    - `lot`: of the topic; acceptance is drawn once per resident;
    - `heat` in [0, 1] at the opening; `found`: share of the topic worked out, this meeting's work included, decided on
      from 1 - `feasibility`; `procedure`: `PLENARY`, `PAIRS` or `ROUND`; `traced`: whether to keep a trace.

    A speech heats by the mean over the n - 1 others of distance times stake times (1 - s_l); in a pair only one hears
    it. `PAIRS` holds half as many exchanges as plenary has turns, so the speeches are the same. A person alone talks to
    nobody in `PAIRS`. If nobody speaks, the proposal is the plain median.
    """
    n = people.position.shape[0]
    exchanges, rows = 0, 0
    if n > 0 and procedure == PLENARY:
        exchanges = rows = parameters.speeches
    elif n > 1 and procedure == PAIRS:
        exchanges = rows = (parameters.speeches + 1) // 2
    elif n > 0 and procedure == ROUND:
        rows = (parameters.speeches + n - 1) // n
    talk = Talk(
        people.position.copy(),
        np.zeros(n, np.int64),
        np.empty(exchanges, np.int64),
        np.full(exchanges, -1, np.int64),
        np.empty((rows, n + 1)) if traced else np.empty((0, 0)),
    )
    if n > 0 and procedure == PLENARY:
        heat = hold_plenary(child(key, 0), people, heat, parameters, talk)
    elif n > 1 and procedure == PAIRS:
        heat = hold_pairs(child(key, 1), people, heat, parameters, talk)
    elif n > 0 and procedure == ROUND:
        heat = hold_rounds(child(key, 2), people, heat, parameters, talk)
    skill = people.integration.mean() if n > 0 else 0.0
    first, second = propose(talk.x, talk.turns, people.weight, skill)
    loss = losses(talk.x, people.weight, first, second)
    acceptance = accept_chance(loss, people.stake, skill * unlikeness(people.weight), parameters)
    accepted = draw_acceptance(lot, people.resident, acceptance)
    share = accepting_share(accepted, people.counted)
    settled = n > 0 and is_worked_out(found, feasibility) and settles(share, parameters.settlement_share)
    return Sitting(
        talk.x, talk.turns, heat, first, second, acceptance, accepted, share, settled, talk.speaker, talk.partner,
        talk.trace,
    )  # fmt: skip


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
