"""Step 4, deliberation 协商议事: one sitting of those present on one topic (F26, D4, D5)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.events import Event
from consensus_sim.council.topics import AGENDA, SETTLED, SHELVED, Topic
from consensus_sim.dynamics.deliberation import PAIRS, PLENARY, ROUND, DeliberationParameters
from consensus_sim.dynamics.measures import sum_at
from consensus_sim.dynamics.sitting import Held, Standing, hold_sitting, share_of
from consensus_sim.dynamics.topics import draw_positions
from consensus_sim.randomness import key
from consensus_sim.residents.columns import group_bit

PARTY, TENANT = group_bit("party"), group_bit("tenant")
PROCEDURES = {"plenary": PLENARY, "pairs": PAIRS, "round": ROUND}


class MeetingParameters(NamedTuple):
    """P18, P22, P26 and what else goes into a sitting; see configs/behaviour for units, ranges and sources."""

    turn_sharing_none: float
    turn_sharing_moderator: float
    agenda_size: int
    sittings_max: int
    procedure: float
    susceptibility: float
    unmoving: float
    start_heat: float
    status_team: float
    status_officer: float
    status_tenant: float
    officer_skill: float
    no_show: float
    quorum: int


class SupportParameters(NamedTuple):
    """P12, P22 and what else helps people take part: shares, SD; see configs/behaviour."""

    observer_turns: float
    observer_calm: float
    social_worker_turns: float
    social_worker_quality: float
    service_team_calm: float
    service_team_gives_way: float
    parlour_relief: float
    tea_relief: float
    elder_relief: float
    tenant_relief: float
    voice: float
    festival_belonging: float
    public_lecture_cognition: float
    salon_depth: float
    household_news: float
    passing_on: float
    box_share: float


class Help(NamedTuple):
    """What helpers bring to a sitting beside the moderator."""

    turn_sharing: float = 0.0
    """Turns handed round (P22), share."""
    calm: float = 0.0
    """Share of the heat that pauses and mediation take away."""
    quality: float = 0.0
    """Share of the way to full integration skill that help with proposals brings everybody."""
    give_way: float = 0.0
    """Least susceptibility of Party members on the floor (0: their own)."""
    voice: float = 0.0
    """Status given to the vulnerable on the floor by large print, company and the like, SD."""


class Facilitation(NamedTuple):
    """How a session is run: share of turns handed round (phi, P22), procedure of talk, and help."""

    turn_sharing: float
    procedure: int
    help: Help


class Minutes(NamedTuple):
    """One row of the observation sheet 观察记录表 (F47): a topic at a sitting."""

    week: int
    channel: str
    venue: str
    topic: Topic
    sitting: int
    present: int
    team_present: int
    team_or_party_share: float
    vulnerable_offered: float
    vulnerable_accepted: float
    vulnerable_present: float
    vulnerable_speaking: float
    elder_speaking: float
    tenant_speaking: float
    turns: int
    gini_speaking: float
    top_fifth_speaking: float
    heat_end: float
    how: str
    acceptance: float


def facilitation(model: Any, event: Event) -> Facilitation:
    """How talk is run at `event`: the moderator's share of turns (P22), what helpers add, and, under a moderator, how
    well those present know the rules of a meeting: b_r (mean procedure skill - that of all adults at the start).
    """
    m, rules, help_given = model.parameters.meeting, model.rules, model.rules.helped()
    sharing = m.turn_sharing_moderator if event.moderated else m.turn_sharing_none
    if event.moderated and m.procedure and len(event.came):
        officers = event.officers * m.officer_skill
        known = (float(sum_at(model.residents.procedure, event.came)) + officers) / (len(event.came) + event.officers)
        sharing += m.procedure * (known - float(model.skill_mean[3]))
    procedure = rules.procedure if event.channel.name == "council" else "plenary"
    sharing = min(1.0, max(0.0, sharing + help_given.turn_sharing))
    return Facilitation(sharing, PROCEDURES[procedure], help_given)


def sit(model: Any, event: Event, topic: Topic) -> tuple[Minutes, NDArray[np.int64]]:
    """Hold one sitting on `topic` with those present at `event`; returns its minutes and the turns of the residents
    present.

    The topic's positions, heat and state move on: settled on consensus, shelved after m_max sittings (P26), else
    still on the agenda.
    """
    m = model.parameters.meeting
    if topic.state != AGENDA:
        topic.state, topic.agenda_week, topic.venue_channel = AGENDA, event.week, event.channel.name
    run = model.facilitation(event)
    held = _play(model, event, topic, run)
    topic.sittings += 1
    topic.heat, topic.who, topic.position = held.heat, held.who, held.position
    topic.groundwork = held.groundwork
    if held.n_turns > 0:
        topic.spoken_turns += 1
        topic.gini_sum += held.gini
        topic.vulnerable_turns += held.vulnerable_speaking
    if held.settled:
        topic.state, topic.settled_week = SETTLED, event.week
        topic.acceptance, topic.proposal = held.share, held.proposal
    elif topic.sittings >= m.sittings_max:
        topic.state = SHELVED
        topic.acceptance = held.share
    return _minutes(model, event, topic, held), held.turns


def _play(model: Any, event: Event, topic: Topic, run: Facilitation) -> Held:
    """The sitting itself: turns as the session is run; in a kindly room a clash heats less (F67, P12)."""
    p, kind, residents = model.parameters.deliberation, topic.kind, model.residents
    return hold_sitting(
        model.key(f"sitting:{topic.number}", sub=event.number),
        key(model.seed, "topics:position", topic.arisen_week, topic.number),
        key(model.seed, "topics:officers", topic.arisen_week, topic.number),
        key(model.seed, "residents:susceptibility"),
        event.came,
        event.officers,
        topic.low,
        topic.stake,
        kind.group_position,
        kind.group_stake,
        topic.polarity,
        kind.position_spread,
        topic.who,
        topic.position,
        residents.groups,
        PARTY,
        TENANT,
        residents.skill,
        model.vulnerable,
        model.team_mask,
        _standing(model, run.help),
        _opening_heat(model, event, topic, run.help.calm),
        topic.groundwork,
        run.procedure,
        run.turn_sharing,
        p.heat_gain * (1.0 - event.open.venue.relief) * (1.0 - run.help.calm),
        p,
    )


def _opening_heat(model: Any, event: Event, topic: Topic, calm: float) -> float:
    """Heat at the opening: what the last sitting left or what the matter's urgency brings, less in a kindly room
    (F67) and where helpers calm.
    """
    urgent = model.parameters.meeting.start_heat * topic.urgency
    return max(topic.heat, urgent) * (1.0 - event.open.venue.relief) * (1.0 - calm)


def _standing(model: Any, given: Help) -> Standing:
    """What goes into a room where helpers give what is `given`."""
    m = model.parameters.meeting
    return Standing(
        susceptibility=m.susceptibility,
        unmoving=m.unmoving,
        give_way=float(given.give_way),
        outsider_stake=model.parameters.topics.outsider_stake,
        officer_skill=m.officer_skill,
        quality=float(given.quality),
        skill_mean=float(model.skill_mean[0]),
        skill_sd=float(model.skill_sd[0]),
        status_inside=m.status_team,
        status_tenant=m.status_tenant,
        status_vulnerable=float(given.voice),
        status_officer=m.status_officer,
    )


def first_positions(
    topic: Topic, draw: Any, who: NDArray[np.int64], groups: NDArray[np.uint16], out: NDArray[np.float64]
) -> None:
    """Write the first positions on `topic` of `who`, whose groups are `groups[who]`, to `out` (m,)."""
    kind = topic.kind
    draw_positions(draw, who, groups, kind.group_position, kind.group_stake, topic.polarity, kind.position_spread, out)


def _spoken_by(member: NDArray[np.bool_], event: Event, held: Held) -> float:
    """Share of all speeches by those of the residents present who are `member` (n,); nan if nobody spoke."""
    return float(held.turns[member[event.came]].sum()) / held.n_turns if held.n_turns else float("nan")


def _minutes(model: Any, event: Event, topic: Topic, held: Held) -> Minutes:
    total, nan = len(event.came) + event.officers, float("nan")
    offered, accepted = event.seats_offered, event.seats_accepted
    return Minutes(
        week=event.week,
        channel=event.channel.name,
        venue=event.open.venue.name,
        topic=topic,
        sitting=topic.sittings,
        present=total,
        team_present=held.n_team + event.officers,
        team_or_party_share=(held.n_inside + event.officers) / total if total else nan,
        vulnerable_offered=nan if offered is None else share_of(model.vulnerable, offered),
        vulnerable_accepted=nan if accepted is None else share_of(model.vulnerable, accepted),
        vulnerable_present=share_of(model.vulnerable, event.came),
        vulnerable_speaking=held.vulnerable_speaking,
        elder_speaking=_spoken_by(model.elder, event, held),
        tenant_speaking=_spoken_by(model.tenant, event, held),
        turns=held.n_turns,
        gini_speaking=held.gini,
        top_fifth_speaking=held.top_fifth,
        heat_end=held.heat,
        how="consensus" if held.settled else "none",
        acceptance=held.share,
    )


def deliberation_parameters(numbers: dict[str, float]) -> DeliberationParameters:
    """The kernel's parameters from the behaviour group `deliberation`; turn sharing is set per session."""
    return DeliberationParameters(turn_sharing=0.0, **numbers)
