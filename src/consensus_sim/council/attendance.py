"""Step 3, multi-party seating 多元参与: awareness of an event, invitations, the decision to come, places."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.events import NOBODY, Event, OpenChannel, Rows
from consensus_sim.dynamics.attendance import (
    clear_asked,
    join_seated,
    keep_promises,
    leave_out,
    let_in,
    not_asked_yet,
    note_asked,
)
from consensus_sim.dynamics.participation import (
    HOUSEMATE,
    LETTER,
    NOT_INVITED,
    OWN_GROUP,
    PERSONAL,
    TEAM_CALL,
    UtilityTerms,
    accept_chance_of_seat,
    common_utility,
    decide,
    fear_weights,
    level_of_mean,
    relieve,
)
from consensus_sim.dynamics.topics import spread_stakes

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel

NOTHING: NDArray[np.float32] = np.empty(0, np.float32)
"""In place of a column (n,): it adds nothing."""
NOVELTY_WEEKS = 26.0
"""Weeks over which the trend of a new channel grows to its full size: the half-year over which P2 is stated."""


def base_utility(model: CommunityModel) -> NDArray[np.float32]:
    """Part of the attendance utility common to all events of the week (D2), (n,), in the working space."""
    residents, scratch, p = model.residents, model.scratch, model.parameters.participation
    common_utility(
        residents.cognition,
        residents.efficacy,
        residents.trust,
        residents.motive,
        scratch.neighbours_came,
        residents.fatigue,
        residents.strain,
        model.standard,
        p,
        scratch.common,
    )
    return scratch.common


def update_base_utility(model: CommunityModel) -> None:
    """Recompute what is common to all events of the week: the base utility and the weights of the fear of speaking
    (D2).
    """
    base_utility(model)
    fear_weights(model.residents.belonging, model.exposed, model.scratch.fear_weight)


def asked_levels(model: CommunityModel, channel: OpenChannel) -> NDArray[np.float64]:
    """Log-odds of an average adult for each way of being asked, indexed by the codes of dynamics.participation (P1,
    P3, P4, P8); read-only.
    """
    p = model.parameters.participation
    return _levels(channel.level, channel.letter, channel.personal, p.household_spillover, p.team_call, channel.member)


@lru_cache(maxsize=64)
def _levels(
    knows: float, letter: float, personal: float, spillover: float, team: float, member: float
) -> NDArray[np.float64]:
    levels = np.empty(6)
    levels[NOT_INVITED] = knows
    levels[LETTER] = letter
    levels[PERSONAL] = personal
    levels[HOUSEMATE] = knows + spillover * (personal - knows)
    levels[TEAM_CALL] = team
    levels[OWN_GROUP] = member
    levels.setflags(write=False)
    return levels


def fear_of(model: CommunityModel, channel: OpenChannel) -> float:
    """Log-odds of the fear of speaking of an unskilled person at `channel` in its present room (P11, P12)."""
    return model.parameters.participation.fear * channel.channel.formality * (1.0 - channel.venue.relief)


def fear_weight_at(model: CommunityModel, channel: OpenChannel) -> NDArray[np.float32]:
    """g_i of each resident at `channel`, (n,): elders' less the share that an elders' corner there takes away (P12)."""
    scratch, relief = model.scratch, channel.venue.elder_relief
    if not relief:
        return scratch.fear_weight
    relieve(scratch.fear_weight, model.elder, relief, scratch.fear_here)
    return scratch.fear_here


def member_level(model: CommunityModel, channel: OpenChannel, members: Rows, share: float) -> float:
    """Log-odds at which `members`, as they are now and without a stake, come to a meeting of their own group at
    `channel` with the mean probability `share`.
    """
    p, residents = model.parameters.participation, model.residents
    fear = fear_of(model, channel) * fear_weight_at(model, channel)[members] * (1.0 - residents.expression[members])
    drawn = model.scratch.common[members] + channel.fixed[members] + p.habit * residents.habit_offline[members] - fear
    share = min(max(share, 1e-9), 1.0 - 1e-9)
    return float(level_of_mean(share, drawn.astype(np.float64), 1.0)) + channel.centre


def utility_terms(model: CommunityModel, channel: OpenChannel, reward: NDArray[np.float32]) -> UtilityTerms:
    """Terms of the utility of coming to an event of `channel` this week; `reward` (n,) or (0,): of interventions."""
    residents = model.residents
    return UtilityTerms(
        model.scratch.common,
        channel.fixed,
        fear_weight_at(model, channel),
        residents.expression,
        residents.habit_online if channel.channel.online else residents.habit_offline,
        reward,
    )


def novelty(model: CommunityModel, channel: OpenChannel, week: int) -> float:
    """Trend of a new channel not explained otherwise (P2): grows evenly over its first `NOVELTY_WEEKS` weeks."""
    if not channel.novel:
        return 0.0
    return model.parameters.participation.trend * min(1.0, (week - channel.opened_week) / NOVELTY_WEEKS)


def gather(model: CommunityModel, event: Event) -> None:
    """Let residents decide whether to come to `event`; fills `event.came` (ascending) and the officers present.

    Residents who are asked decide even if they did not know of the channel, and then know of it. A seat accepted is not
    always taken: residents with little follow-through stay away more often. Above the room's capacity team and panel
    go in first (`dynamics.attendance.let_in`).
    """
    residents, channel = model.residents, event.open
    asked = model.scratch.asked
    for code, who in event.asked:
        note_asked(asked, who, code)
    housemates = _tell_housemates(model, event, asked)
    stake = lay_stakes(model, event)
    shift, reward = model.utility_of_levers(event)
    n_came = decide(
        model.key(f"attend:{channel.name}", sub=event.number),
        channel.bit,
        residents.adult,
        residents.aware,
        asked,
        utility_terms(model, channel, reward),
        stake,
        shift + novelty(model, channel, event.week) - channel.centre,
        fear_of(model, channel),
        asked_levels(model, channel),
        model.parameters.participation,
        model.scratch.rows,
    )
    came = model.scratch.rows[:n_came].copy()
    if event.within is not None:
        came = came[np.searchsorted(came, event.within[0]) : np.searchsorted(came, event.within[1])]
    came = _there_in_the_end(model, event, came)
    if event.channel.name == "council" and model.team is not None:
        event.officers = min(event.capacity, model.team.officers_present(model, event))
    event.came = _let_in(model, event, came)
    for code, who in (*event.asked, (HOUSEMATE, housemates)):
        if len(who):
            clear_asked(asked, who, channel.bit if code in (LETTER, PERSONAL, HOUSEMATE) else 0, residents.aware)
    clear_stakes(model, event)


def _tell_housemates(model: CommunityModel, event: Event, asked: NDArray[np.uint8]) -> Rows:
    """Other residents of the dwellings, whom a personal invitation reaches with part of its pull (P8)."""
    invited = [who for code, who in event.asked if code == PERSONAL]
    if not invited or model.parameters.participation.household_spillover == 0:
        return NOBODY
    others: Rows = not_asked_yet(asked, model.housemates_of(np.concatenate(invited)), HOUSEMATE)
    return others


def lay_stakes(model: CommunityModel, event: Event) -> NDArray[np.float32]:
    """Stake of each resident in the topics of the event, (n,); open concerns where it has no agenda."""
    if not event.topics:
        return model.concern
    for topic in event.topics:
        spread_stakes(topic.low, topic.stake, model.scratch.stake, False)
    return model.scratch.stake


def clear_stakes(model: CommunityModel, event: Event) -> None:
    """Undo `lay_stakes`."""
    for topic in event.topics:
        spread_stakes(topic.low, topic.stake, model.scratch.stake, True)


def _there_in_the_end(model: CommunityModel, event: Event, came: Rows) -> Rows:
    """Attendees without the invited residents who accepted but stay away, and with those who took a seat given by rule
    and came; residents who were offered a seat and declined or stay away are not there.
    """
    residents, gain = model.residents, model.parameters.learning.behaviour_gain
    offered, accepted = event.seats_offered, event.seats_accepted
    if offered is not None and accepted is not None:
        # First: a resident who was offered a seat makes one promise, though a neighbour asked, too.
        came = leave_out(came, offered, model.scratch.flags)
    if [code for code, _ in event.asked if code in (LETTER, PERSONAL)]:
        no_show = model.parameters.meeting.no_show
        draw = model.key(f"no_show:{event.channel.name}", sub=event.number)
        came = keep_promises(draw, came, model.scratch.asked, no_show, gain, residents.follow_through)
    if offered is not None and accepted is not None:
        model.tell(event.open, offered)
        came = join_seated(came, accepted, event.panel, gain, model.scratch.flags, residents.follow_through)
    return came


def _let_in(model: CommunityModel, event: Event, came: Rows) -> Rows:
    """Residents who find a place: everybody if the room holds them, else as `dynamics.attendance.let_in` says."""
    capacity = max(0, event.capacity - event.officers)
    if len(came) <= capacity:
        return came
    scratch, door = model.scratch, model.key(f"door:{event.channel.name}", sub=event.number)
    inside: Rows = let_in(door, came, scratch.asked, event.panel, scratch.flags, capacity)
    return inside


def accept_chances(
    model: CommunityModel, event: Event, rows: NDArray[Any], codes: Sequence[int], stake: NDArray[np.float64]
) -> NDArray[np.float64]:
    """a_g of D3: probability that each of `rows` (m,) accepts a seat at `event` when asked in each of the ways `codes`
    (k,); (k, m). `stake` (m,): their stakes in the topics of the event.
    """
    channel = event.open
    shift, reward = model.utility_of_levers(event)
    return accept_chance_of_seat(
        rows,
        utility_terms(model, channel, reward),
        stake,
        fear_of(model, channel),
        asked_levels(model, channel)[list(codes)] - channel.centre + shift + novelty(model, channel, event.week),
        model.parameters.participation,
    )
