"""Step 2, democratic screening 民主筛选: three-colour label and the order of the agenda (F24, D12)."""

from __future__ import annotations

from math import exp, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.topic_book import TopicBook, TopicParameters
from consensus_sim.council.topics import AGENDA, HEARD, Topic

URGENT, IMPORTANT, ROUTINE = "urgent", "important", "routine"


class Labels(NamedTuple):
    """Bounds of the three-colour label, in [0, 1] (F24): the urgency of urgent topics, the score of important ones."""

    urgent_from: float
    important_from: float


def attention(mentions: float) -> float:
    """Attention of residents in [0, 1): m / (1 + m) after m mentions, one half after the first."""
    return mentions / (1.0 + mentions)


def formal_chance(topic: Topic, groups: NDArray[np.uint16], book: TopicBook, p: TopicParameters) -> float:
    """Probability that a topic, once raised, becomes formal and is not answered on the spot (P44).

    logistic(logit(conversion) + b_d (D - mean D) / 0.1): D is the standard deviation of the first positions of the
    adults who live where it lies, its mean that of the kinds that arise. Easy topics are answered at once, hard ones go
    to the council (F31). `groups` (n,) are those of all residents.
    A named dispute is on record because it was hard, and is no random topic; it keeps P44's probability.
    """
    kind = topic.kind
    if not 0.0 < p.conversion < 1.0 or p.contested == 0.0 or kind.weight == 0:
        return p.conversion
    own = book.disagreement_on(kind, topic.low, topic.high, groups, topic.polarity, topic.upper)
    odds = log(p.conversion / (1.0 - p.conversion)) + p.contested * (own - book.mean_disagreement(groups)) / 0.1
    return 1.0 / (1.0 + exp(-odds))


def score(topic: Topic) -> float:
    """Mean of a topic's urgency, attention and feasibility, in [0, 1]: F24 names them and gives no weights (D12)."""
    return (topic.urgency + attention(topic.progress.mentions) + topic.feasibility) / 3.0


def label(topic: Topic, labels: Labels | None) -> str:
    """The three-colour label 三色标签: urgent, important or routine (F24); empty where no council screens."""
    if labels is None:
        return ""
    if topic.urgency >= labels.urgent_from:
        return URGENT
    return IMPORTANT if score(topic) >= labels.important_from else ROUTINE


def agenda(topics: list[Topic], size: int, labels: Labels | None, channel: str) -> list[Topic]:
    """The topics of the next session of `channel`, at most `size`: those begun there first, then urgent ones, then by
    score.

    Heard topics are labelled here; ties go to the older topic.
    """
    begun = [topic for topic in topics if topic.state == AGENDA and topic.progress.venue_channel == channel]
    begun.sort(key=lambda topic: (topic.progress.agenda_week, topic.number))
    heard = [topic for topic in topics if topic.state == HEARD]
    for topic in heard:
        topic.progress.label = label(topic, labels)
    heard.sort(key=lambda topic: (topic.progress.label != URGENT, -score(topic), topic.number))
    return (begun + heard)[:size]
