"""What those present bring to a sitting and what is kept of it: everything around `dynamics.deliberation`."""

from __future__ import annotations

from math import nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.dynamics.deliberation import (
    DeliberationParameters,
    deliberate,
    gini,
    group_share,
    top_fifth_share,
)
from consensus_sim.dynamics.measures import total_of
from consensus_sim.dynamics.topics import draw_positions, draw_susceptibility
from consensus_sim.kernels import kernel

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]
EXPRESSION, LISTENING, INTEGRATION = 0, 1, 2
"""Rows of a block of skills."""


class Standing(NamedTuple):
    """What goes into a room beside the residents' columns: plain floats; P.. are evidence ids."""

    susceptibility: float
    """Mean susceptibility theta (P18), also that of officers; share."""
    unmoving: float
    """Share of residents with susceptibility 0 (P18)."""
    give_way: float
    """Least susceptibility of Party members; 0 leaves them their own."""
    outsider_stake: float
    """Stake of who does not live where the matter lies; share."""
    officer_skill: float
    """Skill of officers, share."""
    quality: float
    """Share of the way to full integration skill that helpers bring everybody."""
    skill_mean: float
    """Mean of expression over all adults at the start."""
    skill_sd: float
    """Its SD: the unit of voice."""
    status_inside: float
    """Status of the team and of Party members, SD."""
    status_tenant: float
    """Status of tenants, SD."""
    status_vulnerable: float
    """What helpers add to the status of the vulnerable, SD."""
    status_officer: float
    """Status of officers, SD."""


class Held(NamedTuple):
    """What one sitting leaves."""

    who: Rows
    """(m,) all residents who ever sat on the topic, ascending."""
    position: Floats
    """(m,) theirs as the last sitting left them."""
    turns: NDArray[np.int64]
    """(n_residents_present,) speeches of the residents present."""
    n_turns: int
    """Speeches of all present."""
    heat: float
    proposal: float
    share: float
    """Accepting share of those present."""
    settled: bool
    gini: float
    top_fifth: float
    vulnerable_speaking: float
    """Share of speeches by the vulnerable; nan if nobody spoke."""
    n_team: int
    """Members of the team among the residents present."""
    n_inside: int
    """Members of the team or the Party among them."""
    groundwork: float
    """What all sittings on the topic have worked out: mean integration skill of those present, summed over them."""


@kernel
def share_of(member: Flags, who: NDArray[np.int32]) -> float:
    """Share of the members, given as flags (n,), among the residents `who` (m,); nan if there is nobody."""
    found = 0
    for row in range(who.shape[0]):
        found += member[who[row]]
    return found / who.shape[0] if who.shape[0] else nan


@kernel
def merge_positions(known: Rows, kept: Floats, came: Rows, position: Floats) -> tuple[Rows, Floats]:
    """The residents of `known` and `came`, both ascending, with their positions: the new one of who came, else the one
    `kept`.
    """
    who, out = np.empty(known.shape[0] + came.shape[0], np.int64), np.empty(known.shape[0] + came.shape[0])
    size, old, new = 0, 0, 0
    while old < known.shape[0] or new < came.shape[0]:
        if new == came.shape[0] or (old < known.shape[0] and known[old] < came[new]):
            who[size], out[size] = known[old], kept[old]
            old += 1
        else:
            if old < known.shape[0] and known[old] == came[new]:
                old += 1
            who[size], out[size] = came[new], position[new]
            new += 1
        size += 1
    return who[:size], out[:size]


@kernel
def bring_positions(
    key: np.uint64, officer_key: np.uint64, came: Rows, officers: int, groups: NDArray[np.uint16],
    group_position: Floats, group_stake: Floats, polarity: float, spread: float, known: Rows, kept: Floats,
) -> Floats:  # fmt: skip
    """Positions x(0) with which `came` (m,) and the officers behind them come to a sitting; (m + officers,).

    As the last sitting left them (`known`, ascending, with `kept`), else as `draw_positions` says; officers, who
    belong to no group, by lot.
    """
    m = came.shape[0]
    position = np.empty(m + officers)
    draw_positions(key, came, groups, group_position, group_stake, polarity, spread, position[:m])
    nobodys = np.zeros(officers, np.uint16)
    draw_positions(
        officer_key, np.arange(officers), nobodys, group_position, group_stake, polarity, spread, position[m:]
    )
    place = 0
    for row in range(m):
        while place < known.shape[0] and known[place] < came[row]:
            place += 1
        if place < known.shape[0] and known[place] == came[row]:
            position[row] = kept[place]
    return position


@kernel
def bring_susceptibility(
    key: np.uint64, came: Rows, officers: int, groups: NDArray[np.uint16], party: int, room: Standing
) -> Floats:
    """Susceptibility theta of `came` (m,) and the officers behind them, (m + officers,): `draw_susceptibility`, Party
    members (bit `party` of `groups`) at least `give_way`, officers the mean.
    """
    m = came.shape[0]
    out = np.full(m + officers, room.susceptibility)
    draw_susceptibility(key, came, room.susceptibility, room.unmoving, out[:m])
    if room.give_way != 0.0:
        for row in range(m):
            if groups[came[row]] & party:
                out[row] = max(out[row], room.give_way)
    return out


@kernel
def bring_voice(
    came: Rows, expression: Floats, inside: Flags, groups: NDArray[np.uint16], tenant: int, vulnerable: Flags,
    room: Standing,
) -> Floats:  # fmt: skip
    """Voice v = z(s^e) + status (D4) of `came` (m,) and the officers behind them, (m + officers,), in SD at the start.

    Status adds up: that of who is `inside` (m,: team or Party), of tenants, of the vulnerable (n,) where helpers lift
    them; officers have their own.
    """
    voice = (expression - room.skill_mean) / room.skill_sd
    for row in range(came.shape[0]):
        i = came[row]
        voice[row] += room.status_inside if inside[row] else 0.0
        voice[row] += room.status_tenant if groups[i] & tenant else 0.0
        if room.status_vulnerable != 0.0:
            voice[row] += room.status_vulnerable if vulnerable[i] else 0.0
    for row in range(came.shape[0], expression.shape[0]):
        voice[row] += room.status_officer
    return voice


@kernel
def bring_skill(column: NDArray[np.float32], came: Rows, officers: int, officer_skill: float) -> Floats:
    """A skill of `came` (m,) from its `column` (n,), with that of the officers behind, (m + officers,)."""
    out = np.full(came.shape[0] + officers, officer_skill)
    for row in range(came.shape[0]):
        out[row] = column[came[row]]
    return out


@kernel
def bring_stake(stake: NDArray[np.float32], low: int, came: Rows, officers: int, outsider_stake: float) -> Floats:
    """Stakes of `came` (m,) and the officers behind them, (m + officers,): `stake` of the residents `low`, `low` + 1,
    ..., and `outsider_stake` of all others.
    """
    out = np.full(came.shape[0] + officers, outsider_stake)
    for row in range(came.shape[0]):
        if low <= came[row] < low + stake.shape[0]:
            out[row] = stake[came[row] - low]
    return out


@kernel
def mean_fit(
    who: Rows, position: Floats, proposal: float, low: int, stake: NDArray[np.float32], outsider_stake: float
) -> float:
    """Mean over `who` (m,), m >= 1, who hold `position` (m,), of 1 - |x_i - y| S_i: how well a resolution y fits them
    (F28); stakes as in `bring_stake`.
    """
    stakes = bring_stake(stake, low, who, 0, outsider_stake)
    return total_of(1.0 - np.abs(position - proposal) * stakes) / who.shape[0]


@kernel
def hold_sitting(
    key: np.uint64, position_key: np.uint64, officer_key: np.uint64, susceptibility_key: np.uint64,
    present: NDArray[np.int32], officers: int, low: int, stake: NDArray[np.float32], group_position: Floats,
    group_stake: Floats, polarity: float, spread: float, known: Rows, kept: Floats, groups: NDArray[np.uint16],
    party: int, tenant: int, skill: NDArray[np.float32], vulnerable: Flags, team: Flags, room: Standing, heat: float,
    groundwork: float, procedure: int, turn_sharing: float, heat_gain: float, parameters: DeliberationParameters,
) -> Held:  # fmt: skip
    """One sitting of the residents `present` (ascending) and some officers on one topic, from what they bring to what
    it leaves: `bring_...`, `deliberate` with `turn_sharing` and `heat_gain` of this room, `merge_positions`.

    `groups`, `vulnerable`, `team` are (n,), `skill` is (4, n); `party` and `tenant` are bits of `groups`; the topic has
    `low`, `stake`, positions and stakes by group, `polarity` and `spread` as in `dynamics.topics`, and is remembered by
    the residents `known` with the positions `kept`. What earlier sittings have worked out, `groundwork`, stays on the
    table: it widens acceptance for all by `integration_widening` times it, as this sitting's work does.
    """
    came, m = present.astype(np.int64), present.shape[0]
    n_team, n_inside, inside, weak = 0, 0, np.zeros(m, np.bool_), np.zeros(m + officers, np.bool_)
    for row in range(m):
        inside[row] = team[came[row]] or (groups[came[row]] & party) != 0
        weak[row] = vulnerable[came[row]]
        n_team += team[came[row]]
        n_inside += inside[row]
    expression = bring_skill(skill[EXPRESSION], came, officers, room.officer_skill)
    listening = bring_skill(skill[LISTENING], came, officers, room.officer_skill)
    integration = bring_skill(skill[INTEGRATION], came, officers, room.officer_skill)
    if room.quality != 0.0:
        integration += room.quality * (1.0 - integration)
    position = bring_positions(
        position_key, officer_key, came, officers, groups, group_position, group_stake, polarity, spread, known, kept
    )
    p = parameters
    here = DeliberationParameters(
        p.step, p.confidence, p.confidence_narrowing, p.turn_steepness, p.heat_steepness, turn_sharing, heat_gain,
        p.cooling, p.acceptance_halfwidth, p.acceptance_softness, p.integration_widening, p.turns_per_person,
        p.settlement_share,
    )  # fmt: skip
    sitting = deliberate(
        key,
        np.concatenate((came, groups.shape[0] + np.arange(officers))),
        position,
        position,
        bring_stake(stake, low, came, officers, room.outsider_stake),
        bring_susceptibility(susceptibility_key, came, officers, groups, party, room),
        expression,
        listening,
        integration,
        bring_voice(came, expression, inside, groups, tenant, vulnerable, room),
        np.full(m + officers, p.integration_widening * groundwork),
        heat,
        procedure,
        here,
    )
    who, positions = merge_positions(known, kept, came, sitting.position[:m])
    turns = sitting.turns
    return Held(
        who, positions, turns[:m].copy(), turns.sum(), sitting.heat, sitting.proposal, sitting.share, sitting.settled,
        gini(turns), top_fifth_share(turns), group_share(turns, weak), n_team, n_inside,
        groundwork + (total_of(integration) / (m + officers) if m + officers > 0 else 0.0),
    )  # fmt: skip
