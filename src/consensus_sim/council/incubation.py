"""Step 1, incubation 议题孵化: topics arise, are raised at events or collected, and become formal or are answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from consensus_sim.calendar import per_week
from consensus_sim.council import publicity
from consensus_sim.council.decision import close
from consensus_sim.council.events import Event, Rows
from consensus_sim.council.screening import formal_chance, label
from consensus_sim.council.topics import AGENDA, ANSWERED, COLLECTED, HEARD, LAPSED, UNHEARD, Topic
from consensus_sim.dynamics.fatigue import add_bounded
from consensus_sim.dynamics.learning import gain_saturating
from consensus_sim.dynamics.topics import Readiness, raise_concern, raise_topics
from consensus_sim.dynamics.trust import move_efficacy
from consensus_sim.randomness import key, uniform, uniforms_at

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel

NONE_FIRST = np.empty(0, np.bool_)
"""No topic is raised before the others."""


def incubate(model: CommunityModel) -> None:
    """Let topics arise; those that wait grow more urgent, and in the end lapse (D12)."""
    book, p = model.topics, model.parameters.topics
    waiting, escalation = book.waiting, p.escalation
    for topic in waiting:
        topic.urgency += escalation * (1.0 - topic.urgency)
    if p.lapse:
        oldest = model.week - p.lapse
        for topic in waiting:
            if topic.arisen_week >= oldest:
                break  # the older come first
            if topic.state != AGENDA and topic.progress.agenda_week < 0:  # what has been on an agenda does not lapse
                if topic.promised and model.week - topic.progress.heard_week <= publicity.patience(model):
                    publicity.show_waiting(model, topic)  # given up before patience has run out
                topic.move(LAPSED)
                close(model, topic)
    arisen = book.arise_before(model.residents.groups) if model.week == 0 else []
    for topic in arisen + book.arise(model.week, model.residents.groups):
        raise_concern(topic.low, topic.stake, model.concern)
    collect(model)


def collectors(model: CommunityModel) -> list[Rows]:
    """Residents who collect the topics of others and lead them, (m,) ascending for each institution in force (F41)."""
    return [lever.collectors(model) for lever in model.with_hook("collectors")]


def collect(model: CommunityModel) -> None:
    """Let collectors raise topics that nobody has raised, on behalf of those who live with them (F41): each takes up
    `collecting` topics a month, members of the council team anywhere, the others in their own micro-grid. Members who
    stayed away from the last meeting on topics to which their group called them collect nothing.

    They take the topic with the largest product of urgency and mean stake of its residents, on ties the older one. A
    collector leads a topic that becomes formal. The order of collectors is random. Collecting is an act of duty in
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
            topic.progress.mentions += 1
            take_up(model, topic, row, COLLECTED)
            if topic.state == HEARD:
                topic.progress.led_by = row
            collected.append(row)
    if collected:
        rows = np.array(collected, np.int32)
        for worn in (model.residents.fatigue, model.residents.strain):
            add_bounded(worn, rows, model.parameters.fatigue.load)
        for lever in model.with_hook("on_collected"):
            lever.on_collected(model, rows)


def hear(model: CommunityModel, event: Event) -> None:
    """Let attendees raise topics; a new one becomes a formal topic or is answered on the spot (F31, F55). Of several
    residents who raise the same topic, a random one counts.

    Where new topics are gathered (F23), people raise one that nobody has raised yet, if they have any.
    """
    topics = model.topics.waiting
    if not topics or not len(event.came):
        return
    residents = model.residents
    new = np.array([topic.state == UNHEARD for topic in topics]) if event.channel.gathers else NONE_FIRST
    rate = model.parameters.topics.suggestion * event.channel.voice
    raisers, raised = raise_topics(
        model.key(f"raise:{event.channel.name}", sub=event.number),
        event.came,
        Readiness(rate, residents.expression, residents.efficacy),
        model.topics.open_topics(),
        new,
    )
    if len(raisers) > 1:  # a random order, not that of where people live
        order = np.argsort(uniforms_at(model.key(f"heard:{event.channel.name}", sub=event.number), raisers))
        raisers, raised = raisers[order], raised[order]
    for at, who in zip(raised.tolist(), raisers.tolist(), strict=True):
        topic = topics[at]
        topic.progress.mentions += 1
        event.raised.append((who, topic.number))
        if topic.state == UNHEARD:
            take_up(model, topic, who, event.channel.name)


def take_up(model: CommunityModel, topic: Topic, who: int, channel: str) -> None:
    """Bring a topic, raised by resident `who`, before the committee through `channel`: it becomes formal, and the
    resident finds that raising it counts, or it is answered on the spot (F31, F55): the likelier, the less residents
    differ over it. A topic collected for others is no suggestion of the collector, and moves nothing in them (D8).
    """
    p, residents, progress = model.parameters, model.residents, topic.progress
    progress.heard_week, progress.channel = model.week, channel
    chance = formal_chance(topic, residents.groups, model.topics, p.topics)
    if uniform(key(model.seed, "topics:conversion", 0, topic.number), 0) >= chance:
        topic.move(ANSWERED)
        close(model, topic)
        return
    topic.move(HEARD)
    topic.note(model.week, channel)
    progress.raised_by, progress.label = who, label(topic, model.rules.labels)
    if topic.promised:
        raiser = np.array([who], np.int32)
        move_efficacy(residents.efficacy, raiser, 1.0, p.trust.gain, p.trust.loss_ratio)
        gain_saturating(residents.initiative, raiser, p.learning.behaviour_gain)
        for lever in model.with_hook("on_adopted"):
            lever.on_adopted(model, topic)
