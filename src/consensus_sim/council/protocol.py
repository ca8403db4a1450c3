"""The three stages and six steps 三阶六步 (F22): incubation and screening; seating and deliberation; landing and
evaluation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.calendar import falls_due, per_week
from consensus_sim.council import attendance
from consensus_sim.council.events import Event, Rows
from consensus_sim.council.meeting import Minutes, first_positions, sit
from consensus_sim.council.resolution import NEVER, carry_out, evaluate, land, reopen
from consensus_sim.council.screening import formal_chance, label, score
from consensus_sim.council.topics import AGENDA, ANSWERED, HEARD, LAPSED, SETTLED, SHELVED, UNHEARD, Topic
from consensus_sim.dynamics.deliberation import accept_chance, settles
from consensus_sim.dynamics.fatigue import add_bounded
from consensus_sim.dynamics.learning import gain_saturating, practise, take_part
from consensus_sim.dynamics.participation import PERSONAL, common_utility, fear_weights, remember_ties
from consensus_sim.dynamics.ranking import most_concerned
from consensus_sim.dynamics.topics import raise_concern, raise_matters, recompute_concern
from consensus_sim.dynamics.trust import move_efficacy, see_outcome
from consensus_sim.randomness import key, uniform, uniforms_at

NONE_FIRST = np.empty(0, np.bool_)
"""No matter is raised before the others."""
SPOKE_ROWS, LISTENED_ROWS = (0, 2), (1, 3)
"""Rows of `Residents.skill` practised by speaking (expression, integration) and by listening (listening, procedure)."""


def incubate(model: Any) -> None:
    """Step 1, incubation 议题孵化: matters arise, those that wait grow more urgent, and in the end lapse (D12)."""
    book, p = model.topics, model.parameters.topics
    waiting, escalation = book.waiting, p.escalation
    for topic in waiting:
        topic.urgency += escalation * (1.0 - topic.urgency)
    if p.lapse:
        oldest = model.week - p.lapse
        for topic in waiting:
            if topic.arisen_week >= oldest:
                break  # the older come first
            if topic.state != AGENDA and topic.agenda_week < 0:  # what has been on an agenda does not lapse
                topic.state = LAPSED
                _close(model, topic)
    arisen = book.arise_before(model.residents.groups) if model.week == 0 else []
    for topic in arisen + book.arise(model.week, model.residents.groups):
        raise_concern(topic.low, topic.stake, model.concern)


def attraction(model: Any) -> NDArray[np.float32]:
    """The part of the decision to come that is common to all events of the week (D2), (n,), in the working space."""
    residents, scratch, p = model.residents, model.scratch, model.parameters.participation
    common_utility(
        residents.cognition,
        residents.efficacy,
        residents.trust,
        residents.motive,
        scratch.neighbours_came,
        residents.fatigue,
        model.standard,
        p,
        scratch.common,
    )
    return scratch.common


def feel_like_coming(model: Any) -> None:
    """Bring up to date what all decisions of the week share: attraction and the fear of speaking (D2)."""
    attraction(model)
    residents, scratch, p = model.residents, model.scratch, model.parameters.participation
    fear_weights(p.status, residents.belonging, model.exposed, scratch.fear_weight)


def standing_events(model: Any) -> list[Event]:
    """Reception and, when some matter has been heard, an ad-hoc meeting: the channels that are always
    there (F16).
    """
    events = []
    if falls_due(per_week(model.known_channels["reception"].sessions_per_month), model.week):
        events.append(model.event("reception"))
    rate = per_week(model.known_channels["adhoc"].sessions_per_month)
    if falls_due(rate, model.week):
        topics = _for_adhoc(model)
        if topics:
            event = model.event("adhoc", topics=topics)
            event.asked.append((PERSONAL, _most_concerned(model, topics[0])))
            events.append(event)
    return events


def _for_adhoc(model: Any) -> list[Topic]:
    """The matter an ad-hoc meeting takes: one begun there, else the heard one of the highest score not on another
    agenda.
    """
    topics = model.topics.waiting
    begun = [topic for topic in topics if topic.state == AGENDA and topic.venue_channel == "adhoc"]
    waiting = () if begun else [topic for topic in topics if topic.state == HEARD]
    if waiting:
        begun.append(min(waiting, key=lambda topic: (-score(topic, model.parameters.topics), topic.number)))
    return begun[:1]


def _most_concerned(model: Any, topic: Topic) -> Rows:
    """Whom the committee asks to an ad-hoc meeting: those with the highest stakes, with a little chance."""
    adhoc = model.known_channels["adhoc"]
    asked: Rows = most_concerned(
        model.key("adhoc:ask"), topic.low, topic.stake, float(adhoc.invite_chance), adhoc.invitations
    )
    return asked


def hold(model: Any, event: Event) -> None:
    """One event: seat who comes, hear what they raise, deliberate each topic, and let those present learn from it."""
    event.topics = [topic for topic in event.topics if _still_due(topic, event)]
    for lever in model.with_hook("invite"):
        lever.invite(model, event)
    attendance.gather(model, event)
    hear(model, event)
    turns = None
    if not event.channel.online and len(event.came) + event.officers >= model.parameters.meeting.quorum:
        for topic in event.topics:
            minutes, spoken = sit(model, event, topic)
            turns = spoken if turns is None else turns + spoken
            model.recorder.minutes(minutes)
            if topic.state == SETTLED:
                _settle(model, event, topic, event.came[spoken > 0])
            elif topic.state == SHELVED:
                _shelve(model, topic)
    if turns is not None:
        event.spoke = event.came[turns > 0]
    if len(event.came):
        _practise(model, event, sat=turns is not None)
    for lever in model.with_hook("on_attended"):
        lever.on_attended(model, event)
    model.recorder.event(event)


def _still_due(topic: Topic, event: Event) -> bool:
    """Whether a matter still waits for this channel: another event of the week may have taken it up meanwhile."""
    return topic.state == HEARD or (topic.state == AGENDA and topic.venue_channel == event.channel.name)


def hear(model: Any, event: Event) -> None:
    """Those present raise matters; a new one becomes a formal topic or is answered on the spot (F31, F55). Of several
    who raise the same one, one counts by lot.

    Where what is new is gathered (F23), people come out with what nobody has raised yet, if they have such a matter.
    """
    topics, low, high, offset = model.topics.open_topics()
    if not topics or not len(event.came):
        return
    p, residents = model.parameters, model.residents
    new = np.array([topic.state == UNHEARD for topic in topics]) if event.channel.gathers else NONE_FIRST
    raisers, matters = raise_matters(
        model.key(f"raise:{event.channel.name}", sub=event.number),
        event.came,
        p.topics.suggestion * event.channel.voice,
        residents.expression,
        residents.efficacy,
        low,
        high,
        offset,
        model.topics.stakes,
        new,
    )
    if len(raisers) > 1:  # who is heard first is up to chance, not to where people live
        order = np.argsort(uniforms_at(model.key(f"heard:{event.channel.name}", sub=event.number), raisers))
        raisers, matters = raisers[order], matters[order]
    for at, who in zip(matters.tolist(), raisers.tolist(), strict=True):
        topic = topics[at]
        topic.mentions += 1
        event.raised.append((who, topic.number))
        if topic.state == UNHEARD:
            take_up(model, topic, who, event.channel.name)


def take_up(model: Any, topic: Topic, who: int, channel: str) -> None:
    """A matter reaches the committee through `channel`, raised by resident `who`: it becomes a formal topic, and who
    raised it finds that this counts, or it is answered on the spot (F31, F55): the likelier, the less residents differ
    over it.
    """
    p, residents = model.parameters, model.residents
    topic.heard_week, topic.channel = model.week, channel
    chance = formal_chance(topic, residents.groups, model.topics, p.topics)
    if uniform(key(model.seed, "topics:conversion", 0, topic.number), 0) < chance:
        raiser = np.array([who], np.int32)
        topic.state, topic.raised_by = HEARD, who
        topic.label = label(topic, p.topics)
        move_efficacy(residents.efficacy, raiser, 1.0, p.trust.efficacy_gain, p.trust.loss_ratio)
        gain_saturating(residents.initiative, raiser, p.learning.initiative_gain)
        for lever in model.with_hook("on_adopted"):
            lever.on_adopted(model, topic)
    else:
        topic.state = ANSWERED
        _close(model, topic)


def _practise(model: Any, event: Event, sat: bool) -> None:
    """D6-D8, D10 for those who took part: habit, load, belonging, practice where people `sat` on a topic; their ties
    notice.
    """
    residents, p, came = model.residents, model.parameters, event.came
    online = event.channel.online
    take_part(
        came,
        p.habit.gain,
        p.fatigue.online_load if online else p.fatigue.load,
        residents.habit_online if online else residents.habit_offline,
        residents.fatigue,
        model.took_part,
    )
    if online:
        return
    network = model.community.network
    gain_saturating(residents.belonging, came, p.learning.belonging_gain)
    remember_ties(came, network.indptr, network.indices, model.scratch.mirror_weight, model.scratch.neighbours_came)
    if sat:
        listened, spoke = model.practice
        practise(residents.skill, listened, came)
        practise(residents.skill, spoke, event.spoke)
        model.used_skill[came] = True


def practice_gains(model: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gain of each skill by listening at a meeting that sits on a topic, and by speaking there (P30), (4,) each."""
    p, gains = model.parameters.learning, np.zeros((2, len(model.skill_unit)))
    gains[0, list(LISTENED_ROWS)] = p.practice_listened
    gains[1, list(SPOKE_ROWS)] = p.practice_spoke
    listened, spoke = gains * model.skill_unit
    return listened, spoke


def _settle(model: Any, event: Event, topic: Topic, spoke: Rows) -> None:
    """A consensus: it becomes a resolution, and who spoke for it finds that speaking counts."""
    land(topic, event.week)
    p = model.parameters.trust
    move_efficacy(model.residents.efficacy, spoke, 1.0, p.efficacy_gain, p.loss_ratio)
    _close(model, topic)
    for lever in model.active:
        lever.on_settled(model, event, topic)


def _shelve(model: Any, topic: Topic) -> None:
    """No consensus within the sittings allowed: shelved, seen as not delivered, and a failure for who sat on it."""
    evaluate(model, topic, 0.0, model.week)
    p = model.parameters.trust
    sat = topic.who.astype(np.int32)
    move_efficacy(model.residents.efficacy, sat, 0.0, p.efficacy_gain, p.loss_ratio)
    _close(model, topic)
    show_outcome(model, topic, 0.0)


def _close(model: Any, topic: Topic) -> None:
    """The matter is no longer open: concern about it ends."""
    model.topics.closed(topic)
    _, low, high, offset = model.topics.open_topics()
    recompute_concern(topic.low, topic.high, low, high, offset, model.topics.stakes, model.concern)


def vote(model: Any, event: Event, topic: Topic, voters: Rows) -> None:
    """A vote online: D5's acceptance of the median position among the voters; settled above the settlement share
    (F76).
    """
    residents, p = model.residents, model.parameters
    rows = voters.astype(np.int64)
    position = np.empty(len(rows))
    draw = key(model.seed, "topics:position", topic.arisen_week, topic.number)
    first_positions(topic, draw, rows, residents.groups, position)
    proposal = float(np.median(position))
    stake = topic.stake[rows - topic.low].astype(np.float64)
    integration = residents.integration[rows].astype(np.float64)
    leeway = np.full(len(rows), p.deliberation.integration_widening * topic.groundwork)
    chance = accept_chance(position, stake, integration, leeway, proposal, p.deliberation)
    share = float(np.mean(uniforms_at(model.key(f"vote:{topic.number}"), rows) < chance))
    topic.agenda_week, topic.venue_channel, topic.sittings = event.week, event.channel.name, 1
    topic.acceptance, topic.who, topic.position = share, rows, position
    settled = bool(settles(share, p.deliberation.settlement_share))
    if settled:
        topic.state, topic.settled_week, topic.proposal = SETTLED, event.week, proposal
        _settle(model, event, topic, voters)
    else:
        topic.state = AGENDA
        topic.venue_channel = "council" if model.is_open("council") else "adhoc"
    model.recorder.minutes(_vote_minutes(model, event, topic, voters, share, settled))


def _vote_minutes(model: Any, event: Event, topic: Topic, voters: Rows, share: float, settled: bool) -> Minutes:
    nan = float("nan")
    inside = model.team_mask[voters] | model.residents.are("party", voters)
    return Minutes(
        event.week, event.channel.name, event.open.venue.name, topic, topic.sittings, len(voters),
        int(np.count_nonzero(model.team_mask[voters])), float(inside.mean()), nan, nan,
        float(model.vulnerable[voters].mean()), nan, nan, nan, 0, nan, nan, 0.0, "vote" if settled else "none", share,
    )  # fmt: skip


def execute(model: Any) -> None:
    """Steps 5 and 6, landing and evaluation: resolutions are carried out or not, judged, and seen (D13, D8).

    A matter that was heard and is still open after `patience` weeks, and again each time so long has passed, is seen
    as one not delivered; what nobody has raised was never promised.
    """
    pending = [topic for topic in model.topics.topics if topic.execution == "pending"]
    for topic, worth in carry_out(model, pending, model.week):
        evaluate(model, topic, worth, model.week)
        show_outcome(model, topic, worth)
        if topic.execution != NEVER:
            model.recorder.landed()
        elif model.rules.redeliberate:
            reopen(model.topics, topic, model.week)
            raise_concern(topic.low, topic.stake, model.concern)
        if worth > 0:
            for lever in model.active:
                lever.on_executed(model, topic)
    patience = max(1, round(model.parameters.trust.patience))
    for topic in model.topics.waiting:
        if topic.heard_week >= 0:
            waited = model.week - topic.heard_week
            if waited and waited % patience == 0:
                show_outcome(model, topic, 0.0)


def show_outcome(model: Any, topic: Topic, worth: float) -> None:
    """Residents who see the outcome move their trust; a result seen relieves those who worked for it (D8, D10).

    Good news is published: on the parlour's wall if it shows results, and online if the programme carries notices. Bad
    news reaches those who took part, their ties, and those who live with it; a monthly notice follows resolutions
    (F37), so it tells also of one that was never carried out, not of what waits or was shelved.
    """
    residents, scratch, p, rules = model.residents, model.scratch, model.parameters, model.rules
    flags = scratch.flags
    flags[topic.who] = True
    venue = model.venues[rules.council_venue]
    published = worth > 0 or (rules.monthly_notice and topic.execution == NEVER)
    n_seen = see_outcome(
        model.key("see", sub=topic.number),
        worth,
        residents.adult,
        topic.stake,
        topic.low,
        flags,
        scratch.neighbours_came,
        model.show_nearness(venue),
        scratch.online_user,
        p.trust.visible_notice * venue.show if published and (venue.display or rules.monthly_notice) else 0.0,
        p.trust.visible_online * rules.online_publicity if worth > 0 else 0.0,
        p.trust,
        residents.trust,
        scratch.rows,
    )
    model.recorder.seen(n_seen)
    flags[topic.who] = False
    if worth > 0 and len(topic.who):
        add_bounded(residents.fatigue, topic.who.astype(np.int32), -p.fatigue.relief_result)
