"""Step 4, deliberation 协商议事: one sitting of those present on one topic (F26, D4, D5)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.events import Event
from consensus_sim.council.topics import AGENDA, SETTLED, SHELVED, Topic
from consensus_sim.dynamics.deliberation import (
    PAIRS,
    PLENARY,
    ROUND,
    DeliberationParameters,
    deliberate,
    gini,
    group_share,
    top_fifth_share,
)
from consensus_sim.dynamics.topics import draw_positions, draw_susceptibility
from consensus_sim.randomness import key

PROCEDURES = {"plenary": PLENARY, "pairs": PAIRS, "round": ROUND}


class MeetingParameters(NamedTuple):
    """P18, P22, P26 and what else goes into a sitting; see configs/behaviour for units, ranges and sources."""

    turn_sharing_none: float
    turn_sharing_moderator: float
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
        known = (float(model.residents.procedure[event.came].sum()) + officers) / (len(event.came) + event.officers)
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
    residents, m = model.residents, model.parameters.meeting
    came = event.came.astype(np.int64)
    n_residents, n = len(came), len(came) + event.officers
    if topic.state != AGENDA:
        topic.state, topic.agenda_week, topic.venue_channel = AGENDA, event.week, event.channel.name
    position = _positions(model, topic, came, event.officers)
    stake = np.full(n, model.parameters.topics.outsider_stake)
    inside = (came >= topic.low) & (came < topic.high)
    stake[:n_residents][inside] = topic.stake[came[inside] - topic.low]
    susceptibility = np.full(n, m.susceptibility)
    draw_susceptibility(
        key(model.seed, "residents:susceptibility"), came, m.susceptibility, m.unmoving, susceptibility[:n_residents]
    )
    expression, listening, integration = (
        _with_officers(residents.column(name), came, n, m.officer_skill)
        for name in ("expression", "listening", "integration")
    )
    run = model.facilitation(event)
    if run.help.quality:
        integration += run.help.quality * (1.0 - integration)
    if run.help.give_way:
        party = residents.are("party", came)
        susceptibility[:n_residents][party] = np.maximum(susceptibility[:n_residents][party], run.help.give_way)
    sitting = deliberate(
        model.key(f"sitting:{topic.number}", sub=event.number),
        np.concatenate([came, residents.n + np.arange(event.officers)]),
        position,
        position,
        stake,
        susceptibility,
        expression,
        listening,
        integration,
        _voice(model, event, expression, run.help.voice),
        np.zeros(n),
        _opening_heat(model, event, topic, run.help.calm),
        run.procedure,
        _room(model, event, run),
    )
    topic.sittings += 1
    topic.heat = sitting.heat
    _remember(topic, came, sitting.position[:n_residents])
    turns = sitting.turns
    vulnerable = np.zeros(n, bool)
    vulnerable[:n_residents] = model.vulnerable[came]
    speaking = group_share(turns, vulnerable)
    if turns.sum() > 0:
        topic.spoken_turns += 1
        topic.gini_sum += gini(turns)
        topic.vulnerable_turns += speaking
    if sitting.settled:
        topic.state, topic.settled_week = SETTLED, event.week
        topic.acceptance, topic.proposal = sitting.share, sitting.proposal
    elif topic.sittings >= m.sittings_max:
        topic.state = SHELVED
        topic.acceptance = sitting.share
    return _minutes(model, event, topic, sitting, speaking), turns[:n_residents]


def _room(model: Any, event: Event, run: Facilitation) -> DeliberationParameters:
    """The parameters of this sitting: turns as the session is run; in a kindly room a clash heats less (F67, P12)."""
    p = model.parameters.deliberation
    heat_gain = p.heat_gain * (1.0 - event.open.venue.relief) * (1.0 - run.help.calm)
    return p._replace(turn_sharing=run.turn_sharing, heat_gain=heat_gain)


def _opening_heat(model: Any, event: Event, topic: Topic, calm: float) -> float:
    """Heat at the opening: what the last sitting left or what the matter's urgency brings, less in a kindly room
    (F67) and where helpers calm.
    """
    urgent = model.parameters.meeting.start_heat * topic.urgency
    return max(topic.heat, urgent) * (1.0 - event.open.venue.relief) * (1.0 - calm)


def _with_officers(column: NDArray[np.float32], came: NDArray[np.int64], n: int, skill: float) -> NDArray[np.float64]:
    """The column of those present with the officers' skill behind."""
    out = np.full(n, skill)
    out[: len(came)] = column[came]
    return out


def _voice(model: Any, event: Event, expression: NDArray[np.float64], support: float) -> NDArray[np.float64]:
    """z(expression) + status of D4, in SD of all adults at the start; `support` lifts the vulnerable."""
    m, residents, came = model.parameters.meeting, model.residents, event.came
    voice = (expression - model.skill_mean[0]) / model.skill_sd[0]
    inside = residents.are("party", came) | model.team_mask[came]
    voice[: len(came)] += np.where(inside, m.status_team, 0.0)
    voice[: len(came)] += np.where(residents.are("tenant", came), m.status_tenant, 0.0)
    if support:
        voice[: len(came)] += np.where(model.vulnerable[came], support, 0.0)
    voice[len(came) :] += m.status_officer
    return voice


def _positions(model: Any, topic: Topic, came: NDArray[np.int64], officers: int) -> NDArray[np.float64]:
    """The positions x(0) with which those present come to the sitting.

    As the last sitting on the topic left them (what one sitting has moved stays moved), else by their groups and lot;
    officers, who belong to no group, by lot.
    """
    draw = key(model.seed, "topics:position", topic.arisen_week, topic.number)
    position = np.empty(len(came) + officers)
    first_positions(topic, draw, came, model.residents.groups, position[: len(came)])
    nobodys, draw = np.zeros(officers, np.uint16), key(model.seed, "topics:officers", topic.arisen_week, topic.number)
    first_positions(topic, draw, np.arange(officers), nobodys, position[len(came) :])
    if len(topic.who):
        place = np.searchsorted(topic.who, came)
        known = (place < len(topic.who)) & (topic.who[np.minimum(place, len(topic.who) - 1)] == came)
        position[: len(came)][known] = topic.position[place[known]]
    return position


def first_positions(
    topic: Topic, draw: Any, who: NDArray[np.int64], groups: NDArray[np.uint16], out: NDArray[np.float64]
) -> None:
    """Write the first positions on `topic` of `who`, whose groups are `groups[who]`, to `out` (m,)."""
    kind = topic.kind
    draw_positions(draw, who, groups, kind.group_position, kind.group_stake, topic.polarity, kind.position_spread, out)


def _remember(topic: Topic, came: NDArray[np.int64], position: NDArray[np.float64]) -> None:
    """Keep the positions of all who ever sat on the topic, ascending by resident."""
    absent = np.ones(len(topic.who), bool)
    if len(came) and len(topic.who):
        absent = came[np.minimum(np.searchsorted(came, topic.who), len(came) - 1)] != topic.who
    who = np.concatenate([topic.who[absent], came])
    order = np.argsort(who)
    topic.position = np.concatenate([topic.position[absent], position])[order]
    topic.who = who[order]


def _minutes(model: Any, event: Event, topic: Topic, sitting: Any, speaking: float) -> Minutes:
    came = event.came
    total = len(came) + event.officers
    inside = model.team_mask[came] | model.residents.are("party", came)
    vulnerable = model.vulnerable

    def share(rows: Any) -> float:
        return np.count_nonzero(vulnerable[rows]) / len(rows) if rows is not None and len(rows) else float("nan")

    return Minutes(
        week=event.week,
        channel=event.channel.name,
        venue=event.open.venue.name,
        topic=topic,
        sitting=topic.sittings,
        present=total,
        team_present=int(np.count_nonzero(model.team_mask[came])) + event.officers,
        team_or_party_share=(int(np.count_nonzero(inside)) + event.officers) / total if total else float("nan"),
        vulnerable_offered=share(event.seats_offered),
        vulnerable_accepted=share(event.seats_accepted),
        vulnerable_present=share(came),
        vulnerable_speaking=speaking,
        turns=int(sitting.turns.sum()),
        gini_speaking=gini(sitting.turns),
        top_fifth_speaking=top_fifth_share(sitting.turns),
        heat_end=sitting.heat,
        how="consensus" if sitting.settled else "none",
        acceptance=sitting.share,
    )


def deliberation_parameters(numbers: dict[str, float]) -> DeliberationParameters:
    """The kernel's parameters from the behaviour group `deliberation`; turn sharing is set per session."""
    return DeliberationParameters(turn_sharing=0.0, **numbers)
