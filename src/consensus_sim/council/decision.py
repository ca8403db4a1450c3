"""Consequences of a decision on a topic: a resolution, shelving, and the end of concern about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from consensus_sim.council.events import Event, Rows
from consensus_sim.council.publicity import show_outcome
from consensus_sim.council.resolution import evaluate, land
from consensus_sim.council.topics import Topic
from consensus_sim.dynamics.topics import recompute_concern
from consensus_sim.dynamics.trust import move_efficacy

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel


def settle(model: CommunityModel, event: Event, topic: Topic, spoke: Rows) -> None:
    """Turn a consensus into a resolution; residents who `spoke` for it find that speaking counts."""
    land(topic, event.week)
    p = model.parameters.trust
    move_efficacy(model.residents.efficacy, spoke, 1.0, p.gain, p.loss_ratio)
    close(model, topic)
    for lever in model.active:
        lever.on_settled(model, event, topic)


def shelve(model: CommunityModel, topic: Topic) -> None:
    """Shelve a topic without consensus within the meetings allowed: seen as not delivered, and a failure for those who
    attended.
    """
    evaluate(model, topic, 0.0, model.week)
    p = model.parameters.trust
    move_efficacy(model.residents.efficacy, topic.talk.who.astype(np.int32), 0.0, p.gain, p.loss_ratio)
    close(model, topic)
    show_outcome(model, topic, 0.0)


def close(model: CommunityModel, topic: Topic) -> None:
    """Take a topic, whose state is no longer an open one, off the open ones: concern about it ends."""
    model.topics.closed(topic)
    topic.note(model.week, topic.progress.venue_channel)
    recompute_concern(topic.low, topic.high, model.topics.open_topics(), model.concern)
