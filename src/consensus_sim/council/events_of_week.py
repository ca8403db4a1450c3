"""The events of a week, and one event from its invitations to what attendees take home."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from consensus_sim.calendar import falls_due, per_week
from consensus_sim.council import attendance
from consensus_sim.council.decision import settle, shelve
from consensus_sim.council.events import Event, Rows, among
from consensus_sim.council.incubation import collectors, hear
from consensus_sim.council.meeting import meet_on, who_counts
from consensus_sim.council.practice import practise
from consensus_sim.council.screening import score
from consensus_sim.council.topics import AGENDA, HEARD, SETTLED, SHELVED, Topic
from consensus_sim.dynamics.participation import PERSONAL
from consensus_sim.dynamics.ranking import most_concerned
from consensus_sim.randomness import key, uniforms_at

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel


def standing_events(model: CommunityModel) -> list[Event]:
    """Events of the channels that are always open (F16): reception and, if a topic is heard, an ad-hoc meeting."""
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
    """Topic of an ad-hoc meeting: one begun there, else the heard one of the highest score, if there is any."""
    topics = model.topics.waiting
    begun = [topic for topic in topics if topic.state == AGENDA and topic.progress.venue_channel == "adhoc"]
    waiting = () if begun else [topic for topic in topics if topic.state == HEARD]
    if waiting:
        begun.append(min(waiting, key=lambda topic: (-score(topic), topic.number)))
    return begun[:1]


def _most_concerned(model: CommunityModel, topic: Topic) -> Rows:
    """Residents whom the committee asks to an ad-hoc meeting: those with the highest stakes, with a random part."""
    adhoc = model.known_channels["adhoc"]
    chance, places = adhoc.invite_chance, adhoc.invitations
    assert chance is not None and places is not None  # `Channel.from_config` sees to it
    asked: Rows = most_concerned(model.key("adhoc:ask"), topic.low, topic.stake, float(chance), places)
    return asked


def hold(model: CommunityModel, event: Event) -> None:
    """Hold one event: residents come, raise topics, deliberate those on the agenda, and learn from it."""
    event.topics = [topic for topic in event.topics if _still_due(topic, event)]
    for lever in model.with_hook("invite"):
        lever.invite(model, event)
    attendance.gather(model, event)
    if event.topics:
        for members in event.called:
            model.stayed_away[members] = True
        model.stayed_away[among(event.came, event.called, model.scratch.flags)] = False
    hear(model, event)
    met = _deliberate(model, event)
    if len(event.came):
        practise(model, event, met)
    for lever in model.with_hook("on_attended"):
        lever.on_attended(model, event)
    model.recorder.event(event)


def _still_due(topic: Topic, event: Event) -> bool:
    """True if a topic still waits for this channel: another event of the week may have taken it up meanwhile."""
    return topic.state == HEARD or (topic.state == AGENDA and topic.progress.venue_channel == event.channel.name)


def _deliberate(model: CommunityModel, event: Event) -> bool:
    """Hold a meeting on each topic if enough of those counted are present; returns whether there was any."""
    topics = [] if event.channel.online else event.topics
    if not topics or np.count_nonzero(who_counts(model, event)) < model.parameters.meeting.quorum:
        return False
    turns = np.zeros(len(event.came), np.int64)
    for topic in topics:
        find_leader(model, event, topic)
        minutes, spoken = meet_on(model, event, topic)
        turns += spoken
        model.recorder.minutes(minutes)
        if topic.state == SETTLED:
            settle(model, event, topic, event.came[spoken > 0])
        elif topic.state == SHELVED:
            shelve(model, topic)
    event.spoke = event.came[turns > 0]
    return True


def find_leader(model: CommunityModel, event: Event, topic: Topic) -> None:
    """Give a topic that nobody leads yet its leader 牵头 as it is taken up at `event`: the resident who raised it, if
    present; else a random one of the collectors present; else the resident who raised it all the same.
    """
    progress = topic.progress
    if progress.led_by >= 0:
        return
    progress.led_by = progress.raised_by
    if progress.raised_by in event.came:
        return
    present = among(event.came, collectors(model), model.scratch.flags)
    if len(present):
        lots = uniforms_at(key(model.seed, "lead", 0, topic.number), present)
        progress.led_by = int(present[np.argmin(lots)])
