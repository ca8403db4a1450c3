"""Step 4, deliberation 协商议事: one meeting of the attendees of an event on one topic (F26, D4, D5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.events import Event, Rows
from consensus_sim.council.topics import AGENDA, SETTLED, SHELVED, Topic
from consensus_sim.dynamics.meeting import (
    Attendees,
    DeliberationContext,
    DeliberationResult,
    MeetingKeys,
    MeetingRules,
    ResidentColumns,
    count_in,
    hold_meeting,
    share_of,
)
from consensus_sim.dynamics.talk import PAIRS, PLENARY, ROUND, DeliberationParameters
from consensus_sim.dynamics.topics import InitialPositions, TopicData
from consensus_sim.randomness import key
from consensus_sim.residents.columns import group_bit

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel

PARTY, TENANT = group_bit("party"), group_bit("tenant")
NO_TALK = np.uint64(0)
"""Key of a meeting at which nobody talks."""
MEETINGS = 64
"""More meetings than a topic can have before it is settled or shelved: numbers meetings over several attempts."""
PROCEDURES = {"plenary": PLENARY, "pairs": PAIRS, "round": ROUND}
COUNTS = ("core", "core_and_panel", "present")
"""Rules for whose acceptance counts at the council (F19, F20): team and officers, these and the panel, or everybody."""


class MeetingParameters(NamedTuple):
    """Parameters of meetings: P18, P22, P26 and others; see configs/behaviour for units, ranges and sources."""

    turn_sharing: float
    agenda_size: int
    sittings_max: int
    speeches: int
    susceptibility: float
    unmoving: float
    status: float
    no_show: float
    quorum: int


class FacilitationSupport(NamedTuple):
    """Effects of support roles at a meeting, on top of the moderator's."""

    turn_sharing: float = 0.0
    """Turns handed round (P22), share."""
    calm: float = 0.0
    """Share of the heat that pauses and mediation take away."""
    quality: float = 0.0
    """Share of the gap to full integration skill that help with proposals closes for everybody."""
    give_way: float = 0.0
    """Least susceptibility of Party members on the floor (0: their own)."""
    voice: float = 0.0
    """Status given to the vulnerable by large print, company and the like, SD."""


class Facilitation(NamedTuple):
    """Rules of talk at an event: share of turns handed round (phi, P22), procedure, speeches a topic, support."""

    turn_sharing: float
    procedure: int
    speeches: int
    help: FacilitationSupport


class Minutes(NamedTuple):
    """One row of the observation sheet 观察记录表 (F47): a topic at one meeting."""

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


class Trace(NamedTuple):
    """One meeting turn by turn, kept on request (`Recorder.keep_traces`); n = residents and officers present."""

    week: int
    channel: str
    topic: int
    """Number of the topic."""
    sitting: int
    resident: NDArray[np.int64]
    """(n,) residents, then -1 for each officer."""
    counted: NDArray[np.bool_]
    """(n,) whose acceptance counts."""
    speaker: NDArray[np.int64]
    """(turns,) row of the speaker of each turn or exchange; empty in rounds."""
    partner: NDArray[np.int64]
    """(turns,) row of the partner in pairs, else -1."""
    position: NDArray[np.float64]
    """(turns or rounds, n) positions after each."""
    heat: NDArray[np.float64]
    """(turns or rounds,) heat after each."""
    proposal: tuple[float, float]
    """On the first and on the second issue."""
    accepted: NDArray[np.bool_]
    """(n,) votes."""
    share: float
    """Accepting share of those counted."""
    found: float
    """Share of the topic worked out."""
    settled: bool


def facilitation(model: CommunityModel, event: Event) -> Facilitation:
    """Rules of talk at `event`: the share of turns that a neutral moderator hands round (P22), if there is one, and the
    effects of support roles.
    """
    m, rules, help_given = model.parameters.meeting, model.rules, model.rules.helped()
    procedure = rules.procedure if event.channel.name == "council" else "plenary"
    sharing = min(1.0, (m.turn_sharing if event.moderated else 0.0) + help_given.turn_sharing)
    return Facilitation(sharing, PROCEDURES[procedure], speeches_for(len(event.topics), m), help_given)


def speeches_for(topics: int, m: MeetingParameters) -> int:
    """Speeches for each of the `topics` that share the time of a meeting, at least one (L63)."""
    return max(1, m.speeches // max(1, topics))


def who_counts(model: CommunityModel, event: Event) -> NDArray[np.bool_]:
    """Flags of the people whose acceptance counts at `event`, residents present first, then officers; (n,). At the
    council by `Rules.counts`; other channels have no core, so everybody counts there.
    """
    counts = model.rules.counts if event.channel.name == "council" else "present"
    return count_by(counts, event.came, event.officers, model.team_mask, event.panel)


def count_by(counts: str, came: Rows, officers: int, core: NDArray[np.bool_], panel: Rows) -> NDArray[np.bool_]:
    """Flags of the people whose acceptance counts by the rule `counts` (`COUNTS`; F19, F20, F25), among the residents
    `came` (m,), ascending, and the officers behind them; (m + officers,).

    `core`: officers and residents flagged in `core` (n,); `core_and_panel`: these and residents of the `panel` (k,);
    `present`: everybody.
    """
    if counts == "present":
        return np.ones(len(came) + officers, np.bool_)
    counted: NDArray[np.bool_] = count_in(came, officers, core, panel if counts == "core_and_panel" else panel[:0])
    return counted


def meet_on(model: CommunityModel, event: Event, topic: Topic) -> tuple[Minutes, NDArray[np.int64]]:
    """Hold one meeting on `topic` of the attendees of `event`; returns its minutes and the turns of the residents
    present.

    The topic moves on: settled on consensus, shelved after m_max meetings (P26), else still on the agenda.
    """
    talk, resolution = topic.talk, topic.resolution
    if topic.state != AGENDA:
        topic.move(AGENDA)
        topic.progress.agenda_week, topic.progress.venue_channel = event.week, event.channel.name
    counted = who_counts(model, event)
    held = _deliberate(model, event, topic, model.facilitation(event), counted)
    talk.meetings += 1
    talk.heat, talk.who, talk.position, talk.found = held.heat, held.who, held.position, held.found
    if held.n_turns > 0:
        talk.spoken += 1
        talk.gini_sum += held.gini
        talk.vulnerable_sum += held.vulnerable_speaking
    if held.settled:
        topic.move(SETTLED)
        resolution.settled_week, resolution.acceptance = event.week, held.share
        resolution.proposal, resolution.second = held.proposal, held.second
    elif talk.meetings >= model.parameters.meeting.sittings_max:
        topic.move(SHELVED)
        resolution.acceptance = held.share
    if model.recorder.keep_traces:
        model.recorder.traces.append(_trace(event, topic, held, counted))
    return _minutes(model, event, topic, held), held.turns


def keys_of(model: CommunityModel, topic: Topic, talk: np.uint64) -> MeetingKeys:
    """Keys of all random draws of a meeting on `topic`; `talk` is that of this meeting."""
    seed, week, number = model.seed, topic.arisen_week, topic.number
    return MeetingKeys(
        talk,
        key(seed, "topics:position", week, number),
        key(seed, "topics:officers", week, number),
        key(seed, "residents:susceptibility"),
        key(seed, "topics:acceptance", week, number),
        key(seed, "topics:information", week, number),
    )


def topic_data(topic: Topic) -> TopicData:
    """A topic as kernels take it to its next meeting."""
    kind = topic.kind
    initial = InitialPositions(kind.group_position, kind.group_stake, topic.polarity, topic.upper, kind.position_spread)
    talk, meeting = topic.talk, topic.talk.meetings + MEETINGS * topic.progress.failed_before
    return TopicData(
        topic.low, topic.stake, initial, topic.unlike, topic.feasibility, talk.who, talk.position, talk.found, meeting
    )


def _deliberate(
    model: CommunityModel, event: Event, topic: Topic, run: Facilitation, counted: NDArray[np.bool_]
) -> DeliberationResult:
    """The meeting itself. In a room with relief, and with support that calms, less heat is left from the last meeting
    and a clash heats less (F67, P12).
    """
    kept = (1.0 - event.open.venue.relief) * (1.0 - run.help.calm)
    parameters = model.parameters.deliberation._replace(
        turn_sharing=run.turn_sharing, calm=1.0 - kept, speeches=run.speeches
    )
    return hold_meeting(
        keys_of(model, topic, model.key(f"sitting:{topic.number}", sub=event.number)),
        Attendees(event.came, event.officers, counted),
        topic_data(topic),
        resident_columns(model, model.residents.skill),
        deliberation_context(model, run.help),
        MeetingRules(run.procedure, topic.talk.heat * kept, parameters, model.recorder.keep_traces),
    )


def resident_columns(model: CommunityModel, skill: NDArray[np.float32]) -> ResidentColumns:
    """Columns of all residents that a meeting reads, with `skill` (4, n) for skills."""
    return ResidentColumns(model.residents.groups, PARTY, TENANT, skill, model.vulnerable, model.team_mask)


def deliberation_context(model: CommunityModel, given: FacilitationSupport) -> DeliberationContext:
    """Parameters of a meeting besides the residents' own columns, with the support `given`."""
    m = model.parameters.meeting
    return DeliberationContext(
        susceptibility=m.susceptibility,
        unmoving=m.unmoving,
        give_way=float(given.give_way),
        outsider_stake=model.parameters.topics.outsider_stake,
        officer_skill=model.parameters.initial.skill_able,
        quality=float(given.quality),
        skill_mean=float(model.skill_mean[0]),
        skill_sd=float(model.skill_sd[0]),
        status=m.status,
        status_vulnerable=float(given.voice),
    )


def _trace(event: Event, topic: Topic, held: DeliberationResult, counted: NDArray[np.bool_]) -> Trace:
    return Trace(
        event.week, event.channel.name, topic.number, topic.talk.meetings,
        np.concatenate((event.came.astype(np.int64), np.full(event.officers, -1))), counted, held.speaker, held.partner,
        held.trace[:, :-1], held.trace[:, -1], (held.proposal, held.second), held.accepted, held.share, held.found,
        held.settled,
    )  # fmt: skip


def _spoken_by(member: NDArray[np.bool_], event: Event, held: DeliberationResult) -> float:
    """Share of all speeches by attendees with the flag `member` (n,); nan if nobody spoke."""
    return float(held.turns[member[event.came]].sum()) / held.n_turns if held.n_turns else float("nan")


def _minutes(model: CommunityModel, event: Event, topic: Topic, held: DeliberationResult) -> Minutes:
    total, nan = len(event.came) + event.officers, float("nan")
    offered, accepted = event.seats_offered, event.seats_accepted
    return Minutes(
        week=event.week,
        channel=event.channel.name,
        venue=event.open.venue.name,
        topic=topic,
        sitting=topic.talk.meetings,
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
    """The kernel's parameters from the group `deliberation`; turn sharing, calm and speeches are set per meeting."""
    return DeliberationParameters(turn_sharing=0.0, calm=0.0, speeches=0, **numbers)
