"""Steps 5 and 6, landing 方案落地 and evaluation 效果评估: who acts by when, whether it happens, how it is judged."""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from consensus_sim.council.meeting import NO_TALK, keys_of, matter_of
from consensus_sim.council.organisations import funds_of_quarter, pay
from consensus_sim.council.topics import HEARD, SETTLED, Topic, TopicBook, Turn
from consensus_sim.dynamics.learning import keep_factor
from consensus_sim.dynamics.sitting import mean_fit
from consensus_sim.randomness import key, uniforms_at

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel

PENDING, ON_TIME, LATE, NEVER = "pending", "on_time", "late", "never"
WORTH = {ON_TIME: 1.0, LATE: 0.5, NEVER: 0.0}
"""Outcome o of a resolution (D8): three ordered steps, evenly spaced. A definition, as of a score with three marks."""


class ExecutionParameters(NamedTuple):
    """D13, P46-P48: weekly hazard, log-hazards, weeks, CNY a quarter; see configs/behaviour."""

    hazard: float
    acceptance: float
    funded: float
    cooperation: float
    supervision: float
    funds: float
    give_up: float


def land(topic: Topic, week: int) -> None:
    """A settled topic becomes a resolution: a responsible actor (of its class), a deadline (F27) and money to find."""
    topic.execution = PENDING
    topic.gap, topic.carried_by_residents = topic.funding_need, False
    topic.deadline_week = week + topic.kind.deadline_weeks


def hazard(
    topic: Topic, p: ExecutionParameters, settlement_share: float, supervision: float, cooperation: float
) -> float:
    """Weekly chance that a resolution is carried out (D13).

    eta_0 exp(b_s supervision + b_a (acceptance - q_c) / 0.1 + b_c cooperation +- b_f), + where no money is missing,
    - where some is. `supervision` and `cooperation` are the strengths in force: 0 none, 1 a supervision group or a
    joint meeting that meets monthly (P47).
    """
    money = p.funded if topic.gap <= 0 else -p.funded
    strength = (
        p.acceptance * (topic.acceptance - settlement_share) / 0.1
        + p.cooperation * cooperation
        + money
        + p.supervision * supervision
    )
    return float(min(1.0, p.hazard * exp(strength)))


def _lot(topic: Topic, week: int) -> int:
    """Number of the chance that decides in `week` whether a resolution is carried out: by topic, attempt and weeks
    since it was settled.

    By its age rather than by the week: a resolution that one scenario reaches a week earlier meets the same luck.
    """
    return (topic.number << 16) + (topic.failed_before << 10) + week - topic.settled_week


def carry_out(model: CommunityModel, topics: list[Topic], week: int) -> list[tuple[Topic, float]]:
    """One week of execution. Returns the topics whose outcome became known, with its worth: 1 on time, less late, 0
    never.
    """
    p, rules = model.parameters.execution, model.rules
    known: list[tuple[Topic, float]] = []
    if model.calendar.ends_quarter(week - 1):
        model.funds = funds_of_quarter(p.funds)
    if not topics:
        return known
    lots = np.array([_lot(topic, week) for topic in topics], np.int64)
    chances = uniforms_at(key(model.seed, "execution"), lots).tolist()
    for topic, drawn in zip(topics, chances, strict=True):
        if topic.execution != PENDING or topic.settled_week >= week:
            continue
        if topic.gap > 0:
            pay(topic, model.funds)
        won = 1.0 if topic.carried_by_residents else rules.cooperation  # residents need not win anybody over
        watched = rules.supervision * (rules.chase if week > topic.deadline_week else 1.0)
        chance = hazard(topic, p, model.parameters.deliberation.settlement_share, watched, won)
        if drawn < chance:
            topic.executed_week = week
            topic.execution = ON_TIME if week <= topic.deadline_week else LATE
            known.append((topic, WORTH[topic.execution]))
        elif week > topic.deadline_week + p.give_up:
            topic.execution = NEVER
            known.append((topic, WORTH[NEVER]))
    return known


def reopen(book: TopicBook, topic: Topic, week: int) -> None:
    """A resolution that came to nothing is heard again as a matter, with what was said kept in mind (D13).

    It counts as a new attempt: sittings start anew, its failed execution stays on record in `failed_before`.
    """
    book.reopen(topic, HEARD)
    topic.execution = "none"
    topic.failed_before += 1
    topic.heard_week, topic.sittings = week, 0
    topic.settled_week = topic.deadline_week = -1
    topic.turns.append(Turn(week, HEARD, topic.venue_channel))


def evaluate(model: CommunityModel, topic: Topic, worth: float, week: int) -> None:
    """The score sheet of a finished topic (F28): satisfaction, efficiency, fairness, each in [0, 1].

    Satisfaction: mean over who took part of (1 - loss_i S_i) times the outcome's worth. Efficiency: 2^(-weeks from
    hearing to now / `patience`), so that it is halved once people are no longer patient. Fairness: mean of the evenness
    of speaking (1 - Gini) and the vulnerable's share of speech against their share of residents.
    """
    if len(topic.who) and topic.state == SETTLED:
        outsider = model.parameters.topics.outsider_stake
        keys, groups = keys_of(model, topic, NO_TALK), model.residents.groups
        topic.satisfaction = worth * mean_fit(keys, groups, matter_of(topic), topic.proposal, topic.second, outsider)
    elif len(topic.who):
        topic.satisfaction = 0.0
    patience = model.parameters.trust.patience
    topic.efficiency = keep_factor(patience) ** (week - topic.heard_week) if topic.heard_week >= 0 else 0.0
    if topic.spoken_turns:
        even = 1.0 - topic.gini_sum / topic.spoken_turns
        heard = min(1.0, topic.vulnerable_turns / topic.spoken_turns / max(model.vulnerable_share, 1e-9))
        topic.fairness = float((even + heard) / 2.0)
