"""Step 2, democratic screening 民主筛选: three-colour label and the order of the agenda (F24, D12)."""

from __future__ import annotations

from math import exp

from consensus_sim.council.topics import AGENDA, HEARD, Topic, TopicParameters

URGENT, IMPORTANT, ROUTINE = "urgent", "important", "routine"


def attention(mentions: float, scale: float) -> float:
    """Residents' attention in [0, 1): 1 - e^(-mentions / scale)."""
    return 1.0 - exp(-mentions / scale) if scale > 0 else 0.0


def score(topic: Topic, p: TopicParameters) -> float:
    """omega_u urgency + omega_a attention + omega_f feasibility, in [0, 1] with weights scaled to sum to one (D12,
    P45).
    """
    total = p.weight_urgency + p.weight_attention + p.weight_feasibility
    if total <= 0:
        return 0.0
    noticed = attention(topic.mentions, p.attention_scale)
    weighted = (
        p.weight_urgency * topic.urgency + p.weight_attention * noticed + p.weight_feasibility * topic.feasibility
    )
    return weighted / total


def label(topic: Topic, p: TopicParameters) -> str:
    """The three-colour label 三色标签: urgent, important or routine (F24)."""
    return _label(topic, score(topic, p), p)


def _label(topic: Topic, reached: float, p: TopicParameters) -> str:
    """The label of a topic of the score `reached`."""
    if topic.urgency >= p.urgent_from:
        return URGENT
    return IMPORTANT if reached >= p.important_from else ROUTINE


def agenda(topics: list[Topic], size: int, p: TopicParameters, channel: str) -> list[Topic]:
    """The topics of the next session of `channel`, at most `size`: those begun there first, then urgent ones, then by
    score.

    Heard topics are labelled here; ties go to the older topic.
    """
    begun = [topic for topic in topics if topic.state == AGENDA and topic.venue_channel == channel]
    begun.sort(key=lambda topic: (topic.agenda_week, topic.number))
    ranked = []
    for topic in topics:
        if topic.state == HEARD:
            reached = score(topic, p)
            topic.label = _label(topic, reached, p)
            ranked.append((topic.label != URGENT, -reached, topic.number, topic))
    ranked.sort()
    return (begun + [topic for *_, topic in ranked])[:size]
