"""The three stages and six steps 三阶六步 (F22): incubation and screening; seating and deliberation; landing and
evaluation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from consensus_sim.calendar import falls_due, per_week
from consensus_sim.council import attendance
from consensus_sim.council.events import Event, Rows
from consensus_sim.council.meeting import NO_TALK, Minutes, keys_of, matter_of, sit, who_counts
from consensus_sim.council.resolution import NEVER, carry_out, evaluate, land, reopen
from consensus_sim.council.screening import URGENT, formal_chance, label, score
from consensus_sim.council.topics import (
    AGENDA,
    ANSWERED,
    COLLECTED,
    HEARD,
    LAPSED,
    SETTLED,
    SHELVED,
    UNHEARD,
    Topic,
    Turn,
)
from consensus_sim.dynamics.fatigue import add_bounded
from consensus_sim.dynamics.learning import gain_saturating, learn, take_part
from consensus_sim.dynamics.participation import (
    OWN_GROUP,
    PERSONAL,
    TEAM_CALL,
    common_utility,
    fear_weights,
    remember_ties,
)
from consensus_sim.dynamics.ranking import most_concerned
from consensus_sim.dynamics.settlement import is_worked_out, work_out
from consensus_sim.dynamics.sitting import cast_votes
from consensus_sim.dynamics.topics import raise_concern, raise_matters, recompute_concern
from consensus_sim.dynamics.trust import TrustParameters, move_efficacy, see_outcome
from consensus_sim.randomness import key, uniform, uniforms_at

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel

NONE_FIRST = np.empty(0, np.bool_)
"""No matter is raised before the others."""
SPOKE_ROWS, LISTENED_ROWS = (0, 2), (1, 3)
"""Rows of `Residents.skill` practised by speaking (expression, integration) and by listening (listening, procedure)."""


def incubate(model: CommunityModel) -> None:
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
                if topic.promised and model.week - topic.heard_week <= _patience(model):
                    _show_waiting(model, topic)  # given up before patience has run out
                topic.state = LAPSED
                _close(model, topic)
    arisen = book.arise_before(model.residents.groups) if model.week == 0 else []
    for topic in arisen + book.arise(model.week, model.residents.groups):
        raise_concern(topic.low, topic.stake, model.concern)
    collect(model)


def collectors(model: CommunityModel) -> list[Rows]:
    """Residents who collect the matters of others and lead them, (m,) ascending for each institution in force (F41)."""
    return [lever.collectors(model) for lever in model.with_hook("collectors")]


def collect(model: CommunityModel) -> None:
    """Collectors raise, on behalf of those who live with it, what nobody has raised (F41): each takes up `collecting`
    matters a month, members of the council team anywhere, the others in their own micro-grid. Members who stayed away
    from the last meeting on topics to which their group called them collect nothing.

    First comes what weighs most: urgency times the mean stake of who lives with it, of equal ones the older. The
    collector leads what becomes a formal topic. Who goes first is up to chance. A collected matter is an act of duty in
    person: it tires and strains as one (D10), and takes working time from those who are paid for theirs.
    """
    found, rate = collectors(model), per_week(model.parameters.topics.collecting)
    if not found or not rate:
        return
    who = found[0] if len(found) == 1 else np.unique(np.concatenate(found))
    who = who[~model.stayed_away[who]]
    if not len(who):
        return
    drawn = uniforms_at(model.key("collect"), who)
    going = np.argsort(drawn, kind="stable")[: int(np.count_nonzero(drawn < rate))]
    if not len(going):
        return
    unheard = [topic for topic in model.topics.waiting if topic.state == UNHEARD]
    home, collected = model.community.population.micro_grid, []
    for row in who[going].tolist():
        own = None if model.team_mask[row] else int(home[row])
        near = [topic for topic in unheard if own is None or topic.micro_grid == own]
        if near:
            topic = max(near, key=lambda topic: topic.urgency * topic.total_stake / max(1, len(topic.stake)))
            unheard.remove(topic)
            topic.mentions += 1
            take_up(model, topic, row, COLLECTED)
            if topic.state == HEARD:
                topic.led_by = row
            collected.append(row)
    if collected:
        rows = np.array(collected, np.int32)
        for worn in (model.residents.fatigue, model.residents.strain):
            add_bounded(worn, rows, model.parameters.fatigue.load)
        for lever in model.with_hook("on_collected"):
            lever.on_collected(model, rows)


def find_leader(model: CommunityModel, event: Event, topic: Topic) -> None:
    """Gives a topic that nobody leads yet its leader 牵头 as it is taken up at `event`: who raised it, if present, else
    one of the collectors present, by lot, else who raised it all the same.
    """
    if topic.led_by >= 0:
        return
    topic.led_by = topic.raised_by
    if topic.raised_by in event.came:
        return
    present = _present(model, event.came, collectors(model))
    if len(present):
        lots = uniforms_at(key(model.seed, "lead", 0, topic.number), present)
        topic.led_by = int(present[np.argmin(lots)])


def attraction(model: CommunityModel) -> NDArray[np.float32]:
    """The part of the decision to come that is common to all events of the week (D2), (n,), in the working space."""
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


def feel_like_coming(model: CommunityModel) -> None:
    """Bring up to date what all decisions of the week share: attraction and the fear of speaking (D2)."""
    attraction(model)
    fear_weights(model.residents.belonging, model.exposed, model.scratch.fear_weight)


def standing_events(model: CommunityModel) -> list[Event]:
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


def _for_adhoc(model: CommunityModel) -> list[Topic]:
    """The matter an ad-hoc meeting takes: one begun there, else the heard one of the highest score not on another
    agenda.
    """
    topics = model.topics.waiting
    begun = [topic for topic in topics if topic.state == AGENDA and topic.venue_channel == "adhoc"]
    waiting = () if begun else [topic for topic in topics if topic.state == HEARD]
    if waiting:
        begun.append(min(waiting, key=lambda topic: (-score(topic), topic.number)))
    return begun[:1]


def _most_concerned(model: CommunityModel, topic: Topic) -> Rows:
    """Whom the committee asks to an ad-hoc meeting: those with the highest stakes, with a little chance."""
    adhoc = model.known_channels["adhoc"]
    by_lot, places = adhoc.invite_chance, adhoc.invitations
    assert by_lot is not None and places is not None  # `Channel.from_config` sees to it
    asked: Rows = most_concerned(model.key("adhoc:ask"), topic.low, topic.stake, float(by_lot), places)
    return asked


def hold(model: CommunityModel, event: Event) -> None:
    """One event: seat who comes, hear what they raise, deliberate each topic, and let those present learn from it."""
    event.topics = [topic for topic in event.topics if _still_due(topic, event)]
    for lever in model.with_hook("invite"):
        lever.invite(model, event)
    attendance.gather(model, event)
    if event.topics:
        called = _called(event)
        for members in called:
            model.stayed_away[members] = True
        model.stayed_away[_present(model, event.came, called)] = False
    hear(model, event)
    turns = None
    to_discuss = [] if event.channel.online else event.topics
    if to_discuss and np.count_nonzero(who_counts(model, event)) >= model.parameters.meeting.quorum:
        for topic in to_discuss:
            find_leader(model, event, topic)
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


def _called(event: Event) -> list[Rows]:
    """Members of the council team or the seed group whom their group calls to `event`."""
    return [who for code, who in event.asked if code in (TEAM_CALL, OWN_GROUP)]


def _present(model: CommunityModel, came: Rows, groups: list[Rows]) -> Rows:
    """Those of `came` who belong to one of the `groups`."""
    flags = model.scratch.flags
    for who in groups:
        flags[who] = True
    present = came[flags[came]]
    for who in groups:
        flags[who] = False
    return present


def _still_due(topic: Topic, event: Event) -> bool:
    """Whether a matter still waits for this channel: another event of the week may have taken it up meanwhile."""
    return topic.state == HEARD or (topic.state == AGENDA and topic.venue_channel == event.channel.name)


def hear(model: CommunityModel, event: Event) -> None:
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


def take_up(model: CommunityModel, topic: Topic, who: int, channel: str) -> None:
    """A matter reaches the committee through `channel`, raised by resident `who`: it becomes a formal topic, and who
    raised it finds that this counts, or it is answered on the spot (F31, F55): the likelier, the less residents differ
    over it. What is collected for others is no suggestion of the collector, and moves nothing in them (D8).
    """
    p, residents = model.parameters, model.residents
    topic.heard_week, topic.channel = model.week, channel
    chance = formal_chance(topic, residents.groups, model.topics, p.topics)
    if uniform(key(model.seed, "topics:conversion", 0, topic.number), 0) < chance:
        raiser = np.array([who], np.int32)
        topic.state, topic.raised_by = HEARD, who
        topic.turns.append(Turn(model.week, HEARD, channel))
        topic.label = label(topic, model.rules.labels)
        if not topic.promised:
            return
        move_efficacy(residents.efficacy, raiser, 1.0, p.trust.gain, p.trust.loss_ratio)
        gain_saturating(residents.initiative, raiser, p.learning.behaviour_gain)
        for lever in model.with_hook("on_adopted"):
            lever.on_adopted(model, topic)
    else:
        topic.state = ANSWERED
        _close(model, topic)


def _practise(model: CommunityModel, event: Event, sat: bool) -> None:
    """D6-D8, D10 for those who took part: habit, load, belonging, practice where people `sat` on a topic; their ties
    notice.
    """
    residents, p, came = model.residents, model.parameters, event.came
    online = event.channel.online
    take_part(
        came,
        p.habit.gain,
        0.0 if online else p.fatigue.load,
        residents.habit_online if online else residents.habit_offline,
        residents.fatigue,
        model.took_part,
    )
    model.last_act[came] = model.week
    if online:
        return
    for members in _called(event):
        add_bounded(residents.strain, _present(model, came, [members]), p.fatigue.load)
    network = model.community.network
    gain_saturating(residents.belonging, came, p.learning.belonging_gain)
    remember_ties(came, network.indptr, network.indices, model.scratch.mirror_weight, model.scratch.neighbours_came)
    if sat:
        for gain, who in zip(model.practice, (came, event.spoke), strict=True):
            learn(residents.skill, residents.start_skill, model.skill_unit, gain, p.learning.reach, True, who)
        model.used_skill[came] = True


def practice_gains(model: CommunityModel) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gain of each skill by listening at a meeting that sits on a topic, and by speaking there (P30), SD, (4,) each."""
    p, gains = model.parameters.learning, np.zeros((2, len(model.skill_unit)))
    gains[0, list(LISTENED_ROWS)] = p.practice_listened
    gains[1, list(SPOKE_ROWS)] = p.practice_spoke
    return gains[0], gains[1]


def _settle(model: CommunityModel, event: Event, topic: Topic, spoke: Rows) -> None:
    """A consensus: it becomes a resolution, and who spoke for it finds that speaking counts."""
    land(topic, event.week)
    p = model.parameters.trust
    move_efficacy(model.residents.efficacy, spoke, 1.0, p.gain, p.loss_ratio)
    _close(model, topic)
    for lever in model.active:
        lever.on_settled(model, event, topic)


def _shelve(model: CommunityModel, topic: Topic) -> None:
    """No consensus within the sittings allowed: shelved, seen as not delivered, and a failure for who sat on it."""
    evaluate(model, topic, 0.0, model.week)
    p = model.parameters.trust
    sat = topic.who.astype(np.int32)
    move_efficacy(model.residents.efficacy, sat, 0.0, p.gain, p.loss_ratio)
    _close(model, topic)
    show_outcome(model, topic, 0.0)


def _close(model: CommunityModel, topic: Topic) -> None:
    """The matter is no longer open: concern about it ends."""
    model.topics.closed(topic)
    topic.turns.append(Turn(model.week, topic.state, topic.venue_channel, topic.deadline_week))
    _, low, high, offset = model.topics.open_topics()
    recompute_concern(topic.low, topic.high, low, high, offset, model.topics.stakes, model.concern)


def can_be_voted_on(model: CommunityModel, topic: Topic) -> bool:
    """True if a vote online may settle `topic`: heard, not urgent, without money at stake, and easy
    enough for a draft by officers to work it out (F76: a naming was settled by vote).
    """
    p = model.parameters
    if topic.state != HEARD or topic.funding_need > 0 or label(topic, model.rules.labels) == URGENT:
        return False
    drafting = np.full(1, p.initial.skill_able)
    return bool(is_worked_out(work_out(topic.found, drafting, drafting, p.deliberation.pace), topic.feasibility))


def vote(model: CommunityModel, event: Event, topic: Topic, voters: Rows) -> None:
    """A vote online on a draft by the committee: D5's acceptance of the median position among the voters; settled from
    the settlement share if the topic is worked out (F76).

    The draft works out as much as one meeting of officers (`can_be_voted_on`). Nobody talks, so there is no package of
    two issues. A vote is no meeting: nobody is given the lead, and a topic that is not settled waits on as before.
    """
    p = model.parameters
    ballot = cast_votes(
        keys_of(model, topic, NO_TALK), voters, matter_of(topic), model.residents.groups, p.initial.skill_able,
        p.topics.outsider_stake, p.deliberation,
    )  # fmt: skip
    topic.who, topic.position, topic.found = ballot.who, ballot.position, ballot.found
    if ballot.settled:
        topic.state, topic.settled_week, topic.acceptance = SETTLED, event.week, ballot.share
        topic.agenda_week, topic.venue_channel = event.week, event.channel.name
        topic.proposal = topic.second = ballot.proposal
        _settle(model, event, topic, voters)
    model.recorder.minutes(_vote_minutes(model, event, topic, voters, ballot.share, ballot.settled))


def _vote_minutes(
    model: CommunityModel, event: Event, topic: Topic, voters: Rows, share: float, settled: bool
) -> Minutes:
    nan = float("nan")
    inside = model.team_mask[voters] | model.residents.are("party", voters)
    return Minutes(
        event.week, event.channel.name, event.open.venue.name, topic, topic.sittings, len(voters),
        int(np.count_nonzero(model.team_mask[voters])), float(inside.mean()), nan, nan,
        float(model.vulnerable[voters].mean()), nan, nan, nan, 0, nan, nan, 0.0, "vote" if settled else "none", share,
    )  # fmt: skip


def execute(model: CommunityModel) -> None:
    """Steps 5 and 6, landing and evaluation: resolutions are carried out or not, judged, and seen (D13, D8).

    A suggestion that is still open after `patience` weeks disappoints once. What nobody raised of their own accord was
    never promised.
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
    heard = model.week - _patience(model)
    for topic in model.topics.waiting:
        if topic.heard_week == heard and topic.promised:
            _show_waiting(model, topic)


def _patience(model: CommunityModel) -> int:
    """Weeks, at least 1, for which a suggestion may wait before it disappoints."""
    return max(1, round(model.parameters.trust.patience))


def show_outcome(model: CommunityModel, topic: Topic, worth: float) -> None:
    """Residents who see the outcome move their trust (D8).

    Good news is published: on the parlour's wall if it shows results, and online if the programme carries notices. Bad
    news reaches those who took part, their ties, and those who live with it; a monthly notice follows resolutions
    (F37), so it tells also of one that was never carried out, not of what waits or was shelved. Where the reason for
    shelving a topic is public, the share `reason` of the loss is left (L60).
    """
    p, rules = model.parameters, model.rules
    venue = model.venues[rules.council_venue]
    published = worth > 0 or (rules.monthly_notice and topic.execution == NEVER)
    notice = p.trust.visible_notice * venue.show if published and (venue.display or rules.monthly_notice) else 0.0
    online = p.trust.visible_online * rules.online_publicity if worth > 0 else 0.0
    trust = p.trust
    if topic.state == SHELVED and reason_is_public(model, topic):
        trust = trust._replace(loss_ratio=trust.reason * trust.loss_ratio)
    _see(model, topic, worth, topic.who, notice, online, trust)


def reason_is_public(model: CommunityModel, topic: Topic) -> bool:
    """Whether residents can learn why `topic` was shelved: the council makes its evaluation public (F28), and a wall of
    results (F30) or the monthly notice (F37) tells of what other venues shelve.
    """
    rules = model.rules
    return topic.venue_channel == "council" or rules.monthly_notice or model.venues[rules.council_venue].display


def _show_waiting(model: CommunityModel, topic: Topic) -> None:
    """A suggestion has waited as long as people are patient, or lapsed: the resident who raised it and those who live
    with it and notice are disappointed. It was put off, not refused, and nobody else was promised anything.
    """
    raiser = np.array([topic.raised_by], np.int64)
    _see(model, topic, 0.0, raiser, 0.0, 0.0, model.parameters.trust, through_ties=False)


def _see(
    model: CommunityModel,
    topic: Topic,
    worth: float,
    sure: NDArray[np.int64],
    notice: float,
    online: float,
    p: TrustParameters,
    through_ties: bool = True,
) -> None:
    """Shows an outcome of `worth` to residents: the rows `sure` see it for certain, others by the chances of P40, which
    include ties who took part only `through_ties`.
    """
    residents, scratch = model.residents, model.scratch
    flags, venue = scratch.flags, model.venues[model.rules.council_venue]
    flags[sure] = True
    n_seen = see_outcome(
        model.key("see", sub=topic.number),
        worth,
        residents.adult,
        topic.stake,
        topic.low,
        flags,
        scratch.neighbours_came if through_ties else np.zeros(residents.n, np.float32),
        model.show_nearness(venue),
        scratch.online_user,
        notice,
        online,
        p,
        residents.trust,
        scratch.rows,
    )
    model.recorder.seen(n_seen)
    flags[sure] = False
