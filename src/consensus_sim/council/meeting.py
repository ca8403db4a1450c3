"""Step 4, deliberation 协商议事: one sitting of those present on one topic (F26, D4, D5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.events import Event, Rows
from consensus_sim.council.topics import AGENDA, SETTLED, SHELVED, Topic
from consensus_sim.dynamics.sitting import (
    Held,
    Keys,
    Matter,
    Present,
    Register,
    Standing,
    count_in,
    hold_sitting,
    share_of,
)
from consensus_sim.dynamics.talk import PAIRS, PLENARY, ROUND, DeliberationParameters
from consensus_sim.randomness import key
from consensus_sim.residents.columns import group_bit

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel

PARTY, TENANT = group_bit("party"), group_bit("tenant")
NO_TALK = np.uint64(0)
"""Key of a meeting at which nobody talks."""
MEETINGS = 64
"""More than any topic has before it is settled or shelved: numbers its meetings over several attempts."""
PROCEDURES = {"plenary": PLENARY, "pairs": PAIRS, "round": ROUND}
COUNTS = ("core", "core_and_panel", "present")
"""Rules of whose acceptance counts at the council (F19, F20): team and officers, they and the panel, or all present."""


class MeetingParameters(NamedTuple):
    """P18, P22, P26 and what else goes into a sitting; see configs/behaviour for units, ranges and sources."""

    turn_sharing: float
    agenda_size: int
    sittings_max: int
    speeches: int
    susceptibility: float
    unmoving: float
    status: float
    no_show: float
    quorum: int


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
    """How a session is run: share of turns handed round (phi, P22), procedure of talk, speeches a topic, and help."""

    turn_sharing: float
    procedure: int
    speeches: int
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
    """Rules of talk at `event`: the share of turns that a neutral moderator hands round (P22), if there is one, and
    what helpers add.
    """
    m, rules, help_given = model.parameters.meeting, model.rules, model.rules.helped()
    procedure = rules.procedure if event.channel.name == "council" else "plenary"
    sharing = min(1.0, (m.turn_sharing if event.moderated else 0.0) + help_given.turn_sharing)
    return Facilitation(sharing, PROCEDURES[procedure], speeches_for(len(event.topics), m), help_given)


def speeches_for(topics: int, m: MeetingParameters) -> int:
    """Speeches for each of the `topics` that share the time of a meeting, at least one (L63)."""
    return max(1, m.speeches // max(1, topics))


def who_counts(model: CommunityModel, event: Event) -> NDArray[np.bool_]:
    """Flags whose acceptance counts at `event`, residents present first, then officers; (n,). At the council as
    `Rules.counts` says; other channels have no core, so everybody counts there.
    """
    counts = model.rules.counts if event.channel.name == "council" else "present"
    return count_by(counts, event.came, event.officers, model.team_mask, event.panel)


def count_by(counts: str, came: Rows, officers: int, core: NDArray[np.bool_], panel: Rows) -> NDArray[np.bool_]:
    """Flags whose acceptance counts by the rule `counts` (`COUNTS`; F19, F20, F25) of the residents `came` (m,),
    ascending, and the officers behind them; (m + officers,).

    `core`: officers and residents flagged in `core` (n,); `core_and_panel`: these and residents of the `panel` (k,);
    `present`: everybody.
    """
    if counts == "present":
        return np.ones(len(came) + officers, np.bool_)
    counted: NDArray[np.bool_] = count_in(came, officers, core, panel if counts == "core_and_panel" else panel[:0])
    return counted


def sit(model: CommunityModel, event: Event, topic: Topic) -> tuple[Minutes, NDArray[np.int64]]:
    """Hold one sitting on `topic` with those present at `event`; returns its minutes and the turns of the residents
    present.

    The topic's positions, heat and state move on: settled on consensus, shelved after m_max sittings (P26), else
    still on the agenda.
    """
    m = model.parameters.meeting
    if topic.state != AGENDA:
        topic.state, topic.agenda_week, topic.venue_channel = AGENDA, event.week, event.channel.name
    run = model.facilitation(event)
    counted = who_counts(model, event)
    held = _play(model, event, topic, run, counted)
    topic.sittings += 1
    topic.heat, topic.who, topic.position = held.heat, held.who, held.position
    topic.found = held.found
    if held.n_turns > 0:
        topic.spoken_turns += 1
        topic.gini_sum += held.gini
        topic.vulnerable_turns += held.vulnerable_speaking
    if held.settled:
        topic.state, topic.settled_week = SETTLED, event.week
        topic.acceptance, topic.proposal, topic.second = held.share, held.proposal, held.second
    elif topic.sittings >= m.sittings_max:
        topic.state = SHELVED
        topic.acceptance = held.share
    if model.recorder.keep_traces:
        model.recorder.traces.append(_trace(event, topic, held, counted))
    return _minutes(model, event, topic, held), held.turns


def keys_of(model: CommunityModel, topic: Topic, talk: np.uint64) -> Keys:
    """Keys of all random draws of a meeting on `topic`; `talk` is that of this meeting."""
    seed, week, number = model.seed, topic.arisen_week, topic.number
    return Keys(
        talk,
        key(seed, "topics:position", week, number),
        key(seed, "topics:officers", week, number),
        key(seed, "residents:susceptibility"),
        key(seed, "topics:acceptance", week, number),
        key(seed, "topics:information", week, number),
    )


def matter_of(topic: Topic) -> Matter:
    """A topic as it comes to its next meeting."""
    kind = topic.kind
    return Matter(
        topic.low, topic.stake, kind.group_position, kind.group_stake, topic.polarity, topic.upper,
        kind.position_spread, topic.unlike, topic.feasibility, topic.who, topic.position, topic.found,
        topic.sittings + MEETINGS * topic.failed_before,
    )  # fmt: skip


def _play(model: CommunityModel, event: Event, topic: Topic, run: Facilitation, counted: NDArray[np.bool_]) -> Held:
    """The meeting itself: turns as the session is run; in a kindly room, and where helpers calm, heat left by the last
    meeting is less and a clash heats less (F67, P12).
    """
    p = model.parameters.deliberation
    kept = (1.0 - event.open.venue.relief) * (1.0 - run.help.calm)
    return hold_sitting(
        keys_of(model, topic, model.key(f"sitting:{topic.number}", sub=event.number)),
        Present(event.came, event.officers, counted),
        matter_of(topic),
        register_of(model, model.residents.skill),
        standing_of(model, run.help),
        topic.heat * kept,
        run.procedure,
        p._replace(
            turn_sharing=run.turn_sharing,
            calm=1.0 - kept,
            speeches=run.speeches,
        ),
        model.recorder.keep_traces,
    )


def register_of(model: CommunityModel, skill: NDArray[np.float32]) -> Register:
    """Columns of all residents that a meeting reads, with `skill` (4, n) for skills."""
    return Register(model.residents.groups, PARTY, TENANT, skill, model.vulnerable, model.team_mask)


def standing_of(model: CommunityModel, given: Help) -> Standing:
    """What goes into a room where helpers give what is `given`."""
    m = model.parameters.meeting
    return Standing(
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


def _trace(event: Event, topic: Topic, held: Held, counted: NDArray[np.bool_]) -> Trace:
    return Trace(
        event.week, event.channel.name, topic.number, topic.sittings,
        np.concatenate((event.came.astype(np.int64), np.full(event.officers, -1))), counted, held.speaker, held.partner,
        held.trace[:, :-1], held.trace[:, -1], (held.proposal, held.second), held.accepted, held.share, held.found,
        held.settled,
    )  # fmt: skip


def _spoken_by(member: NDArray[np.bool_], event: Event, held: Held) -> float:
    """Share of all speeches by those of the residents present who are `member` (n,); nan if nobody spoke."""
    return float(held.turns[member[event.came]].sum()) / held.n_turns if held.n_turns else float("nan")


def _minutes(model: CommunityModel, event: Event, topic: Topic, held: Held) -> Minutes:
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
    """The kernel's parameters from the group `deliberation`; turn sharing, calm and speeches are set per meeting."""
    return DeliberationParameters(turn_sharing=0.0, calm=0.0, speeches=0, **numbers)
