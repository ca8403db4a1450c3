"""Step 2, democratic screening 民主筛选: three-colour label and the order of the agenda (F24, D12)."""

from __future__ import annotations

from math import exp, log

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.topics import AGENDA, HEARD, Topic, TopicBook, TopicParameters

URGENT, IMPORTANT, ROUTINE = "urgent", "important", "routine"


def attention(mentions: float, scale: float) -> float:
    """Residents' attention in [0, 1): 1 - e^(-mentions / scale)."""
    return 1.0 - exp(-mentions / scale) if scale > 0 else 0.0


def formal_chance(topic: Topic, groups: NDArray[np.uint16], book: TopicBook, p: TopicParameters) -> float:
    """Chance that a raised matter becomes a formal topic and is not answered on the spot (P44).

    logistic(logit(conversion) + b_d (D - mean D) / 0.1): D is the standard deviation of the first positions of the
    adults who live where it lies, its mean that of the kinds that arise. Easy matters are taken at once, hard ones go
    to the council (F31). `groups` (n,) are those of all residents.
    A named dispute, no draw from what arises and on record because it was no easy matter, keeps P44's chance.
    """
    kind = topic.kind
    if not 0.0 < p.conversion < 1.0 or p.contested == 0.0 or kind.weight == 0:
        return p.conversion
    own = book.disagreement_on(kind, groups[topic.low : topic.high], topic.polarity, topic.upper)
    odds = log(p.conversion / (1.0 - p.conversion)) + p.contested * (own - book.mean_disagreement(groups)) / 0.1
    return 1.0 / (1.0 + exp(-odds))


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
