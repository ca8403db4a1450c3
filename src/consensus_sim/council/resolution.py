"""Steps 5 and 6, landing 方案落地 and evaluation 效果评估: resolutions, their execution, and how they are judged."""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from consensus_sim.council import publicity
from consensus_sim.council.meeting import NO_TALK, keys_of, topic_data
from consensus_sim.council.organisations import funds_of_quarter, pay
from consensus_sim.council.topic_book import TopicBook
from consensus_sim.council.topics import LATE, NEVER, ON_TIME, PENDING, SETTLED, Resolution, Topic
from consensus_sim.dynamics.learning import keep_factor
from consensus_sim.dynamics.meeting import mean_fit
from consensus_sim.dynamics.topics import raise_concern
from consensus_sim.randomness import key, uniforms_at

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel

WORTH = {ON_TIME: 1.0, LATE: 0.5, NEVER: 0.0}
"""Worth o of the outcome of a resolution (D8): three ordered steps, evenly spaced. A definition, as of a score with
three marks."""


class ExecutionParameters(NamedTuple):
    """D13, P46-P48: weekly hazard, log-hazards, weeks, CNY a quarter; see configs/behaviour."""

    hazard: float
    acceptance: float
    funded: float
    cooperation: float
    supervision: float
    funds: float
    give_up: float


def execute(model: CommunityModel) -> None:
    """Carry out resolutions or not, judge and show the results (D13, D8).

    A suggestion that is still open after `patience` weeks disappoints once. A topic that nobody raised of their own
    accord was never promised.
    """
    pending = [topic for topic in model.topics.topics if topic.resolution.execution == PENDING]
    for topic, worth in carry_out(model, pending, model.week):
        evaluate(model, topic, worth, model.week)
        publicity.show_outcome(model, topic, worth)
        if topic.resolution.execution != NEVER:
            model.recorder.landed()
        elif model.rules.redeliberate:
            reopen(model.topics, topic, model.week)
            raise_concern(topic.low, topic.stake, model.concern)
        if worth > 0:
            for lever in model.active:
                lever.on_executed(model, topic)
    heard = model.week - publicity.patience(model)
    for topic in model.topics.waiting:
        if topic.progress.heard_week == heard and topic.promised:
            publicity.show_waiting(model, topic)


def land(topic: Topic, week: int) -> None:
    """Make a settled topic a resolution: a responsible actor (of its class), a deadline (F27) and money to find."""
    resolution = topic.resolution
    resolution.execution = PENDING
    resolution.gap, resolution.carried_by_residents = topic.funding_need, False
    resolution.deadline_week = week + topic.kind.deadline_weeks


def hazard(
    resolution: Resolution, p: ExecutionParameters, settlement_share: float, supervision: float, cooperation: float
) -> float:
    """Weekly probability that a resolution is carried out (D13).

    eta_0 exp(b_s supervision + b_a (acceptance - q_c) / 0.1 + b_c cooperation +- b_f), + where no money is missing,
    - where some is. `supervision` and `cooperation` are the strengths in force: 0 none, 1 a supervision group or a
    joint meeting that meets monthly (P47).
    """
    money = p.funded if resolution.gap <= 0 else -p.funded
    strength = (
        p.acceptance * (resolution.acceptance - settlement_share) / 0.1
        + p.cooperation * cooperation
        + money
        + p.supervision * supervision
    )
    return float(min(1.0, p.hazard * exp(strength)))


def _entity(topic: Topic, week: int) -> int:
    """Key of the draw that decides in `week` whether a resolution is carried out: by topic, attempt and weeks since it
    was settled.

    By its age rather than by the week: a resolution that one scenario reaches a week earlier has the same draws.
    """
    return (topic.number << 16) + (topic.progress.failed_before << 10) + week - topic.resolution.settled_week


def carry_out(model: CommunityModel, topics: list[Topic], week: int) -> list[tuple[Topic, float]]:
    """One week of execution. Returns the topics whose outcome became known, with its worth: 1 on time, less late, 0
    never.
    """
    p, rules, share = model.parameters.execution, model.rules, model.parameters.deliberation.settlement_share
    known: list[tuple[Topic, float]] = []
    if model.calendar.ends_quarter(week - 1):
        model.funds = funds_of_quarter(p.funds)
    if not topics:
        return known
    entities = np.array([_entity(topic, week) for topic in topics], np.int64)
    draws = uniforms_at(key(model.seed, "execution"), entities).tolist()
    for topic, drawn in zip(topics, draws, strict=True):
        resolution = topic.resolution
        if resolution.execution != PENDING or resolution.settled_week >= week:
            continue
        if resolution.gap > 0:
            pay(topic, model.funds)
        late = week > resolution.deadline_week
        cooperation = 1.0 if resolution.carried_by_residents else rules.cooperation  # residents need no winning over
        watched = rules.supervision * (rules.chase if late else 1.0)
        if drawn < hazard(resolution, p, share, watched, cooperation):
            resolution.executed_week, resolution.execution = week, LATE if late else ON_TIME
        elif week > resolution.deadline_week + p.give_up:
            resolution.execution = NEVER
        if resolution.execution != PENDING:
            known.append((topic, WORTH[resolution.execution]))
    return known


def reopen(book: TopicBook, topic: Topic, week: int) -> None:
    """Let a resolution that came to nothing be heard again as a topic; what was said is kept (D13).

    It counts as a new attempt: meetings are counted from 0, the failure stays on record in `failed_before`.
    """
    book.reopen(topic)
    progress, resolution = topic.progress, topic.resolution
    progress.failed_before += 1
    progress.heard_week, topic.talk.meetings = week, 0
    resolution.execution, resolution.settled_week, resolution.deadline_week = "none", -1, -1
    topic.note(week, progress.venue_channel)


def evaluate(model: CommunityModel, topic: Topic, worth: float, week: int) -> None:
    """Fill the score sheet of a finished topic (F28): satisfaction, efficiency, fairness, each in [0, 1].

    Satisfaction: mean over residents who attended a meeting of (1 - loss_i S_i), times the outcome's worth. Efficiency:
    2^(-weeks from hearing to now / `patience`), so that it is halved once people are no longer patient. Fairness: mean
    of the evenness of speaking (1 - Gini) and the vulnerable's share of speech over their share of residents.
    """
    talk, resolution, heard_week = topic.talk, topic.resolution, topic.progress.heard_week
    if len(talk.who) and topic.state == SETTLED:
        outsider = model.parameters.topics.outsider_stake
        keys, groups = keys_of(model, topic, NO_TALK), model.residents.groups
        fit = mean_fit(keys, groups, topic_data(topic), resolution.proposal, resolution.second, outsider)
        resolution.satisfaction = worth * fit
    elif len(talk.who):
        resolution.satisfaction = 0.0
    keep = keep_factor(model.parameters.trust.patience)
    resolution.efficiency = keep ** (week - heard_week) if heard_week >= 0 else 0.0
    if talk.spoken:
        even = 1.0 - talk.gini_sum / talk.spoken
        heard = min(1.0, talk.vulnerable_sum / talk.spoken / max(model.vulnerable_share, 1e-9))
        resolution.fairness = float((even + heard) / 2.0)
