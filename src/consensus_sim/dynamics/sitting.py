"""What attendees bring to a meeting on a topic and what is kept of it: everything around `dynamics.deliberation`."""

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
from consensus_sim.dynamics.topics import draw_positions, draw_susceptibility
from consensus_sim.kernels import kernel

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]
EXPRESSION, LISTENING, INTEGRATION, PROCEDURE = 0, 1, 2, 3
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
    status: float
    """Status of officers, of the team and of Party members, and, downwards, of tenants; SD."""
    status_vulnerable: float
    """What helpers add to the status of the vulnerable, SD."""


class Keys(NamedTuple):
    """Keys of the random draws of a meeting (`randomness.key`)."""

    talk: np.uint64
    """Of this meeting: who gets the floor."""
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


class Matter(NamedTuple):
    """A topic as it comes to a meeting; the fields are those of `council.topics.Topic` and its kind."""

    low: int
    """First resident who lives where it lies."""
    stake: NDArray[np.float32]
    """(high - low,) stakes."""
    group_position: Floats
    """(groups,) nan for a group without a position of its own."""
    group_stake: Floats
    """(groups,)."""
    polarity: float
    upper: float
    """Share of the upper camp."""
    spread: float
    unlike: float
    """How unlike the two sides weigh two issues, in [0, 1]; 0: one issue."""
    feasibility: float
    known: Rows
    """(k,) residents who have sat on it, ascending."""
    kept: Floats
    """(k,) the positions with which they left."""
    found: float
    """Share worked out so far."""
    meeting: int
    """Number of this meeting on the topic, from 0."""


class Present(NamedTuple):
    """People present at a meeting: residents, then officers."""

    who: NDArray[np.int32]
    """(m,) residents, ascending."""
    officers: int
    """Officers of the team, behind the residents."""
    counted: Flags
    """(m + officers,) people whose acceptance counts."""


class Register(NamedTuple):
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
    """(n_present,) who accepts the proposal, residents first."""
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
    """Flags those who count of the residents `came` (m,), ascending, and the officers behind them: officers, residents
    of the `core` (n,) and of the `panel` (k,); (m + officers,).
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
    keys: Keys, came: Rows, officers: int, groups: NDArray[np.uint16], matter: Matter
) -> tuple[Floats, Floats]:
    """Positions with which `came` (m,) and the officers behind them come to a meeting, and their weights of the first
    issue; (m + officers,) each.

    Positions are those with which the last meeting left the residents `known`, else as `draw_positions` says; officers
    belong to no group. Weights go by the first position, so they stay for the life of a topic: who starts above the
    middle of the scale weighs the first issue by (1 + unlike) / 2, who starts below by (1 - unlike) / 2.
    """
    m, of = came.shape[0], matter
    position = np.empty(m + officers)
    draw_positions(
        keys.position, came, groups, of.group_position, of.group_stake, of.polarity, of.upper, of.spread, position[:m]
    )
    nobodys = np.zeros(officers, np.uint16)
    draw_positions(
        keys.officer, np.arange(officers), nobodys, of.group_position, of.group_stake, of.polarity, of.upper, of.spread,
        position[m:],
    )  # fmt: skip
    weight = 0.5 + 0.5 * of.unlike * np.sign(position - 0.5)
    known, kept, place = of.known, of.kept, 0
    for row in range(m):
        while place < known.shape[0] and known[place] < came[row]:
            place += 1
        if place < known.shape[0] and known[place] == came[row]:
            position[row] = kept[place]
    return position, weight


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

    Status adds up: residents who are `inside` (m,: team or Party) and officers stand above the others, tenants as much
    below; helpers lift the vulnerable (n,).
    """
    voice = (expression - room.skill_mean) / room.skill_sd
    for row in range(came.shape[0]):
        i = came[row]
        voice[row] += room.status if inside[row] else 0.0
        voice[row] -= room.status if groups[i] & tenant else 0.0
        if room.status_vulnerable != 0.0:
            voice[row] += room.status_vulnerable if vulnerable[i] else 0.0
    for row in range(came.shape[0], expression.shape[0]):
        voice[row] += room.status
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
    keys: Keys, groups: NDArray[np.uint16], matter: Matter, proposal: float, second: float, outsider_stake: float
) -> float:
    """Mean over the residents who have sat on `matter`, at least one, of 1 - loss_i S_i: how well a resolution fits
    them (F28); `dynamics.settlement.losses` from the proposals on its two issues, stakes as in `bring_stake`.
    """
    position, weight = bring_positions(keys, matter.known, 0, groups, matter)
    stakes = bring_stake(matter.stake, matter.low, matter.known, 0, outsider_stake)
    return total_of(1.0 - losses(position, weight, proposal, second) * stakes) / matter.known.shape[0]


@kernel
def hold_sitting(
    keys: Keys, present: Present, matter: Matter, register: Register, room: Standing, heat: float, procedure: int,
    parameters: DeliberationParameters, traced: bool,
) -> Held:  # fmt: skip
    """One meeting of the people `present` on one topic, from what they bring to what it leaves: `bring_...`, `inform`,
    `work_out`, `deliberate`, `merge_positions`.

    `heat` in [0, 1] at the opening; `procedure`: of talk; `traced`: whether to keep a trace, which changes no number.
    """
    officers, counted = present.officers, present.counted
    groups, party, skill = register.groups, register.party, register.skill
    came, m = present.who.astype(np.int64), present.who.shape[0]
    n_team, n_inside, inside, weak = 0, 0, np.zeros(m, np.bool_), np.zeros(m + officers, np.bool_)
    for row in range(m):
        inside[row] = register.team[came[row]] or (groups[came[row]] & party) != 0
        weak[row] = register.vulnerable[came[row]]
        n_team += register.team[came[row]]
        n_inside += inside[row]
    expression = bring_skill(skill[EXPRESSION], came, officers, room.officer_skill)
    listening = bring_skill(skill[LISTENING], came, officers, room.officer_skill)
    integration = bring_skill(skill[INTEGRATION], came, officers, room.officer_skill)
    if room.quality != 0.0:
        integration += room.quality * (1.0 - integration)
    position, weight = bring_positions(keys, came, officers, groups, matter)
    susceptibility = bring_susceptibility(keys.susceptibility, came, officers, groups, party, room)
    if m + officers > 0:  # what is presented well and prepared with help moves a room more
        spread = parameters.information * max(0.0, 1.0 + expression.mean() - room.skill_mean + room.quality)
        inform(keys.information, matter.meeting, position, expression, spread)
    rules = bring_skill(skill[PROCEDURE], came, officers, room.officer_skill)
    found = work_out(matter.found, integration[counted], rules[counted], parameters.pace)
    people = People(
        np.concatenate((came, groups.shape[0] + np.arange(officers))),
        position,
        position,
        bring_stake(matter.stake, matter.low, came, officers, room.outsider_stake),
        susceptibility,
        expression,
        listening,
        integration,
        bring_voice(came, expression, inside, groups, register.tenant, register.vulnerable, room),
        weight,
        counted,
    )
    sitting = deliberate(
        keys.talk, keys.acceptance, people, heat, found, matter.feasibility, procedure, parameters, traced
    )
    who, positions = merge_positions(matter.known, matter.kept, came, sitting.position[:m])
    turns = sitting.turns
    return Held(
        who, positions, turns[:m].copy(), turns.sum(), sitting.heat, sitting.proposal, sitting.second, sitting.share,
        sitting.settled, gini(turns), top_fifth_share(turns), group_share(turns, weak), n_team, n_inside, found,
        sitting.accepted, sitting.speaker, sitting.partner, sitting.trace,
    )  # fmt: skip


class Ballot(NamedTuple):
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
    keys: Keys, voters: NDArray[np.int32], matter: Matter, groups: NDArray[np.uint16], draft_skill: float,
    outsider_stake: float, p: DeliberationParameters,
) -> Ballot:  # fmt: skip
    """A vote of `voters` (m,), ascending, m >= 1, on the median of their positions as one point for both issues (D5).

    The draft is worked out by people of the skill `draft_skill`, as at one meeting of them.
    """
    rows = voters.astype(np.int64)
    position, _weight = bring_positions(keys, rows, 0, groups, matter)
    drafting = np.full(1, draft_skill)
    found = work_out(matter.found, drafting, drafting, p.pace)
    proposal = weighted_median(position, np.ones(rows.shape[0]))
    stake = bring_stake(matter.stake, matter.low, rows, 0, outsider_stake)
    chance = accept_chance(np.abs(position - proposal), stake, 0.0, p)
    accepted = draw_acceptance(keys.acceptance, rows, chance)
    share = accepted.sum() / rows.shape[0]
    settled = is_worked_out(found, matter.feasibility) and settles(share, p.settlement_share)
    who, positions = merge_positions(matter.known, matter.kept, rows, position)
    return Ballot(who, positions, proposal, share, found, settled)
