"""The three stages and six steps: topics, screening, seating, meeting, resolution, evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consensus_sim.lazy import lazy

if TYPE_CHECKING:
    from consensus_sim.council.events import Channel, Event
    from consensus_sim.council.topic_class import TopicClass
    from consensus_sim.council.topics import STATES, Topic

__all__ = ["Channel", "Event", "STATES", "Topic", "TopicClass"]
__getattr__, __dir__ = lazy(
    __name__, {"events": "Channel Event", "topic_class": "TopicClass", "topics": "STATES Topic"}
)
