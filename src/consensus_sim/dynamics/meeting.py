"""Inputs of a meeting on a topic from its attendees, and its effects on them: all steps around the deliberation."""

from __future__ import annotations

from math import nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.dynamics.deliberation import deliberate, gini, group_share, top_fifth_share
from consensus_sim.dynamics.measures import total_of
from consensus_sim.dynamics.settlement import (
    accept_chance,
    draw_acceptance,
    is_worked_out,
    losses,
    settles,
    weighted_median,
    work_out,
)
from consensus_sim.dynamics.talk import DeliberationParameters, People, inform
from consensus_sim.dynamics.topics import TopicData, draw_positions, draw_susceptibility
from consensus_sim.kernels import kernel

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]
EXPRESSION, LISTENING, INTEGRATION, PROCEDURE = 0, 1, 2, 3
"""Rows of a block of skills."""


class DeliberationContext(NamedTuple):
    """Parameters of a meeting, apart from the residents' columns: plain floats; P.. are evidence ids."""

    susceptibility: float
    """Mean susceptibility theta (P18), also that of officers; share."""
    unmoving: float
    """Share of residents with susceptibility 0 (P18)."""
    give_way: float
    """Least susceptibility of Party members; 0 leaves them their own."""
    outsider_stake: float
    """Stake of participants from outside the affected area; share."""
    officer_skill: float
    """Skill of officers, share."""
    quality: float
    """Share of the gap to full integration skill that support roles close for everybody."""
    skill_mean: float
    """Mean of expression over all adults at the start."""
    skill_sd: float
    """Its SD: the unit of voice."""
    status: float
    """Status of officers, of the team and of Party members, and, downwards, of tenants; SD."""
    status_vulnerable: float
    """What support roles add to the status of the vulnerable, SD."""


class MeetingKeys(NamedTuple):
    """MeetingKeys of the random draws of a meeting (`randomness.key`)."""

    talk: np.uint64
    """Of this meeting: the next speaker."""
    position: np.uint64
    """Of the topic: first positions of residents."""
    officer: np.uint64
    """Of the topic: first positions of officers."""
    susceptibility: np.uint64
    """Of the run."""
    acceptance: np.uint64
    """Of the topic: the draw of each person on any proposal."""
    information: np.uint64
    """Of the topic: the shift of the room at each meeting."""


class Attendees(NamedTuple):
    """People present at a meeting: residents, then officers."""

    who: NDArray[np.int32]
    """(m,) residents, ascending."""
    officers: int
    """Officers of the team, behind the residents."""
    counted: Flags
    """(m + officers,) flags of the people whose acceptance counts."""


class ResidentColumns(NamedTuple):
    """Columns of all residents that a meeting reads; n residents."""

    groups: NDArray[np.uint16]
    """(n,) bits of the groups."""
    party: int
    """Bit of Party members in `groups`."""
    tenant: int
    """Bit of tenants in `groups`."""
    skill: NDArray[np.float32]
    """(4, n) expression, listening, integration, procedure."""
    vulnerable: Flags
    """(n,)."""
    team: Flags
    """(n,) members of the council team."""


class MeetingRules(NamedTuple):
    """Format of one meeting."""

    procedure: int
    """Procedure of talk (`dynamics.talk`)."""
    heat: float
    """Heat at the opening, in [0, 1]."""
    parameters: DeliberationParameters
    traced: bool
    """Whether to keep a trace, which changes no number."""


class DeliberationResult(NamedTuple):
    """Outcome of one meeting on a topic."""

    who: Rows
    """(m,) all residents who have attended a meeting on the topic, ascending."""
    position: Floats
    """(m,) their positions as the last meeting left them."""
    turns: NDArray[np.int64]
    """(n_residents_present,) speeches of the residents present."""
    n_turns: int
    """Speeches of all present."""
    heat: float
    proposal: float
    second: float
    """The proposal on the second issue."""
    share: float
    """Accepting share of those counted."""
    settled: bool
    gini: float
    top_fifth: float
    vulnerable_speaking: float
    """Share of speeches by the vulnerable; nan if nobody spoke."""
    n_team: int
    """Members of the team among the residents present."""
    n_inside: int
    """Members of the team or the Party among them."""
    found: float
    """Share of the topic worked out at all meetings on it."""
    accepted: Flags
    """(n_present,) flags of those who accept the proposal, residents first."""
    speaker: Rows
    """As in `dynamics.talk.Talk`, rows of those present."""
    partner: Rows
    trace: Floats


@kernel
def share_of(member: Flags, who: NDArray[np.int32]) -> float:
    """Share of the members, given as flags (n,), among the residents `who` (m,); nan if there is nobody."""
    found = 0
    for row in range(who.shape[0]):
        found += member[who[row]]
    return found / who.shape[0] if who.shape[0] else nan


@kernel
def count_in(came: NDArray[np.int32], officers: int, core: Flags, panel: NDArray[np.int32]) -> Flags:
    """Flags of the people counted among the residents `came` (m,), ascending, and the officers behind them: officers,
    residents of the `core` (n,) and of the `panel` (k,); (m + officers,).
    """
    m = came.shape[0]
    counted = np.ones(m + officers, np.bool_)
    for row in range(m):
        counted[row] = core[came[row]]
    for i in panel:
        row = np.searchsorted(came, i)
        if row < m and came[row] == i:
            counted[row] = True
    return counted


@kernel
def merge_positions(known: Rows, kept: Floats, came: Rows, position: Floats) -> tuple[Rows, Floats]:
    """Residents of `known` and `came`, both ascending, with their positions: the new one of attendees, else the one
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
    keys: MeetingKeys, came: Rows, officers: int, groups: NDArray[np.uint16], topic: TopicData
) -> tuple[Floats, Floats]:
    """Positions with which `came` (m,) and the officers behind them come to a meeting, and their weights of the first
    issue; (m + officers,) each.

    Residents `known` have the positions with which they left the last meeting; others have those of `draw_positions`.
    Officers belong to no group. Weights depend on the first position, so they stay for the life of a topic: a person
    above the middle of the scale gives the first issue the weight (1 + unlike) / 2, a person below (1 - unlike) / 2.
    """
    m = came.shape[0]
    position = np.empty(m + officers)
    draw_positions(keys.position, came, groups, topic.positions, position[:m])
    draw_positions(keys.officer, np.arange(officers), np.zeros(officers, np.uint16), topic.positions, position[m:])
    weight = 0.5 + 0.5 * topic.unlike * np.sign(position - 0.5)
    known, kept, place = topic.known, topic.kept, 0
    for row in range(m):
        while place < known.shape[0] and known[place] < came[row]:
            place += 1
        if place < known.shape[0] and known[place] == came[row]:
            position[row] = kept[place]
    return position, weight


@kernel
def bring_susceptibility(
    key: np.uint64, came: Rows, officers: int, residents: ResidentColumns, context: DeliberationContext
) -> Floats:
    """Susceptibility theta of `came` (m,) and the officers behind them, (m + officers,): `draw_susceptibility`; at
    least `give_way` for Party members; the mean for officers.
    """
    m = came.shape[0]
    out = np.full(m + officers, context.susceptibility)
    draw_susceptibility(key, came, context.susceptibility, context.unmoving, out[:m])
    if context.give_way != 0.0:
        for row in range(m):
            if residents.groups[came[row]] & residents.party:
                out[row] = max(out[row], context.give_way)
    return out


@kernel
def bring_voice(
    came: Rows, expression: Floats, inside: Flags, residents: ResidentColumns, context: DeliberationContext
) -> Floats:
    """Voice v = z(s^e) + status (D4) of `came` (m,) and the officers behind them, (m + officers,), in SD at the start.

    Status adds up: that of officers and of residents `inside` (m,: team or Party) is higher, that of tenants as much
    lower; support roles raise that of the vulnerable.
    """
    voice = (expression - context.skill_mean) / context.skill_sd
    for row in range(came.shape[0]):
        i = came[row]
        voice[row] += context.status if inside[row] else 0.0
        voice[row] -= context.status if residents.groups[i] & residents.tenant else 0.0
        if context.status_vulnerable != 0.0:
            voice[row] += context.status_vulnerable if residents.vulnerable[i] else 0.0
    for row in range(came.shape[0], expression.shape[0]):
        voice[row] += context.status
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
    keys: MeetingKeys, groups: NDArray[np.uint16], topic: TopicData, proposal: float, second: float,
    outsider_stake: float,
) -> float:  # fmt: skip
    """Mean over the residents who have attended a meeting on `topic`, at least one, of 1 - loss_i S_i: how well a
    resolution fits them (F28); `dynamics.settlement.losses` from the proposals on its two issues, stakes as in
    `bring_stake`.
    """
    position, weight = bring_positions(keys, topic.known, 0, groups, topic)
    stakes = bring_stake(topic.stake, topic.low, topic.known, 0, outsider_stake)
    return total_of(1.0 - losses(position, weight, proposal, second) * stakes) / topic.known.shape[0]


@kernel
def hold_meeting(
    keys: MeetingKeys, attendees: Attendees, topic: TopicData, residents: ResidentColumns, context: DeliberationContext,
    rules: MeetingRules,
) -> DeliberationResult:  # fmt: skip
    """One meeting of `attendees` on `topic`: `bring_...`, `inform`, `work_out`, `deliberate`, `merge_positions`."""
    officers, counted, parameters = attendees.officers, attendees.counted, rules.parameters
    groups, skill = residents.groups, residents.skill
    came, m = attendees.who.astype(np.int64), attendees.who.shape[0]
    n_team, n_inside, inside, weak = 0, 0, np.zeros(m, np.bool_), np.zeros(m + officers, np.bool_)
    for row in range(m):
        inside[row] = residents.team[came[row]] or (groups[came[row]] & residents.party) != 0
        weak[row] = residents.vulnerable[came[row]]
        n_team += residents.team[came[row]]
        n_inside += inside[row]
    expression = bring_skill(skill[EXPRESSION], came, officers, context.officer_skill)
    listening = bring_skill(skill[LISTENING], came, officers, context.officer_skill)
    integration = bring_skill(skill[INTEGRATION], came, officers, context.officer_skill)
    if context.quality != 0.0:
        integration += context.quality * (1.0 - integration)
    position, weight = bring_positions(keys, came, officers, groups, topic)
    susceptibility = bring_susceptibility(keys.susceptibility, came, officers, residents, context)
    if m + officers > 0:  # what is presented well and prepared with help moves a room more
        spread = parameters.information * max(0.0, 1.0 + expression.mean() - context.skill_mean + context.quality)
        inform(keys.information, topic.meeting, position, expression, spread)
    known_rules = bring_skill(skill[PROCEDURE], came, officers, context.officer_skill)
    found = work_out(topic.found, integration[counted], known_rules[counted], parameters.pace)
    people = People(
        np.concatenate((came, groups.shape[0] + np.arange(officers))),
        position,
        position,
        bring_stake(topic.stake, topic.low, came, officers, context.outsider_stake),
        susceptibility,
        expression,
        listening,
        integration,
        bring_voice(came, expression, inside, residents, context),
        weight,
        counted,
    )
    held = deliberate(
        keys.talk, keys.acceptance, people, rules.heat, found, topic.feasibility, rules.procedure, parameters,
        rules.traced,
    )  # fmt: skip
    who, positions = merge_positions(topic.known, topic.kept, came, held.position[:m])
    turns = held.turns
    return DeliberationResult(
        who, positions, turns[:m].copy(), turns.sum(), held.heat, held.proposal, held.second, held.share, held.settled,
        gini(turns), top_fifth_share(turns), group_share(turns, weak), n_team, n_inside, found, held.accepted,
        held.speaker, held.partner, held.trace,
    )  # fmt: skip


class VoteResult(NamedTuple):
    """Result of a vote without talk."""

    who: Rows
    """(m,) all residents who have taken part in deciding on the topic, ascending."""
    position: Floats
    """(m,) theirs."""
    proposal: float
    share: float
    """Accepting share of the voters."""
    found: float
    """Share of the topic worked out, the draft included."""
    settled: bool


@kernel
def cast_votes(
    keys: MeetingKeys, voters: NDArray[np.int32], topic: TopicData, groups: NDArray[np.uint16],
    context: DeliberationContext, p: DeliberationParameters,
) -> VoteResult:  # fmt: skip
    """A vote of `voters` (m,), ascending, m >= 1, on the median of their positions as one point for both issues (D5).

    The draft is worked out by officers, as at one meeting of them.
    """
    rows = voters.astype(np.int64)
    position, _weight = bring_positions(keys, rows, 0, groups, topic)
    drafting = np.full(1, context.officer_skill)
    found = work_out(topic.found, drafting, drafting, p.pace)
    proposal = weighted_median(position, np.ones(rows.shape[0]))
    stake = bring_stake(topic.stake, topic.low, rows, 0, context.outsider_stake)
    chance = accept_chance(np.abs(position - proposal), stake, 0.0, p)
    accepted = draw_acceptance(keys.acceptance, rows, chance)
    share = accepted.sum() / rows.shape[0]
    settled = is_worked_out(found, topic.feasibility) and settles(share, p.settlement_share)
    who, positions = merge_positions(topic.known, topic.kept, rows, position)
    return VoteResult(who, positions, proposal, share, found, settled)
