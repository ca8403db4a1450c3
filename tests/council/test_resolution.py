"""Landing, carrying out, giving up, and the score sheet of a finished topic by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from consensus_sim.council.meeting import NO_TALK, keys_of, topic_data
from consensus_sim.council.resolution import carry_out, evaluate, land
from consensus_sim.council.topics import Progress, Resolution, Talk, Topic
from consensus_sim.dynamics.meeting import bring_positions
from tests.helpers import make_model

STAKE = np.array([1.0, 0.2, 0.5, 0.0], np.float32)


def make_topic(**facts):
    """A settled topic of residents 10 to 13 on which 10, 12 and an outsider, 99, sat."""
    kind = SimpleNamespace(
        deadline_weeks=8, responsible="property_manager", group_position=np.array([0.5]), group_stake=np.array([0.5]),
        position_spread=0.0,
    )  # fmt: skip
    topic = Topic(
        number=0, kind=kind, scope="micro_grid", micro_grid=0, low=10, high=14, offset=-1, stake=STAKE, total_stake=1.7,
        arisen_week=0, urgency=0.5, feasibility=0.5, funding_need=0.0, polarity=0.3, upper=0.5, unlike=0.0,
        progress=Progress(heard_week=7),
        talk=Talk(1, 0.0, 1.0, np.array([10, 12, 99]), np.array([0.5, 0.9, 0.1]), 2, 0.8, 0.3),
        resolution=Resolution(20, 0.7, 0.5, 0.5),
    )  # fmt: skip
    topic._state = facts.pop("state", "settled")
    for name, value in facts.items():
        (record,) = [each for each in (topic, topic.progress, topic.talk, topic.resolution) if hasattr(each, name)]
        setattr(record, name, value)
    return topic


@pytest.fixture
def model():
    still = {"execution.hazard": 0.0, "execution.give_up": 10.0, "trust.patience": 26.0}
    return make_model("council", weeks=100, behaviour=still)


def test_the_score_sheet_by_hand(model):
    topic = make_topic()
    evaluate(model, topic, 1.0, 20)
    outsider = model.parameters.topics.outsider_stake
    assert topic.resolution.satisfaction == pytest.approx(np.mean([1.0, 1 - 0.4 * 0.5, 1 - 0.4 * outsider]))
    assert topic.resolution.efficiency == pytest.approx(
        2**-0.5
    )  # thirteen weeks from hearing to now: half the patience
    even, heard = 1 - 0.4, min(1.0, 0.15 / model.vulnerable_share)
    assert topic.resolution.fairness == pytest.approx(0.5 * even + 0.5 * heard)


def test_two_issues_satisfy_by_what_each_person_cares_for(model):
    """Who starts above the middle weighs the first issue by 0.9, who starts below by 0.1; all have polarity 0.3."""
    topic = make_topic(unlike=0.8, proposal=0.5, second=0.9)
    evaluate(model, topic, 1.0, 20)
    first, _ = bring_positions(keys_of(model, topic, NO_TALK), topic.talk.who, 0, model.residents.groups,
        topic_data(topic)._replace(known=topic.talk.who[:0], kept=topic.talk.position[:0]))  # fmt: skip
    weight = np.where(first > 0.5, 0.9, 0.1)
    loss = weight * abs(topic.talk.position - 0.5) + (1 - weight) * abs(topic.talk.position - 0.9)
    stake = np.array([1.0, 0.5, model.parameters.topics.outsider_stake])
    assert topic.resolution.satisfaction == pytest.approx(np.mean(1 - loss * stake))


def test_late_or_never_is_worth_less_and_what_was_shelved_satisfies_nobody(model):
    scores = []
    for worth in (1.0, 0.5, 0.0):
        topic = make_topic()
        evaluate(model, topic, worth, 20)
        scores.append(topic.resolution.satisfaction)
    assert scores[1] == pytest.approx(scores[0] / 2) and scores[2] == 0.0
    shelved = make_topic(state="shelved", proposal=float("nan"))
    evaluate(model, shelved, 0.0, 20)
    assert shelved.resolution.satisfaction == 0.0


def test_a_topic_whose_stakes_were_dropped_and_one_nobody_sat_on_can_be_judged(model):
    topic = make_topic(stake=np.empty(0, np.float32))
    evaluate(model, topic, 1.0, 20)
    outsider = model.parameters.topics.outsider_stake
    assert topic.resolution.satisfaction == pytest.approx(np.mean([1.0, 1 - 0.4 * outsider, 1 - 0.4 * outsider]))
    empty = make_topic(who=np.empty(0, np.int64), position=np.empty(0), heard_week=-1, spoken=0)
    evaluate(model, empty, 1.0, 20)
    assert (
        np.isnan(empty.resolution.satisfaction)
        and empty.resolution.efficiency == 0.0
        and np.isnan(empty.resolution.fairness)
    )


def test_a_resolution_is_given_up_after_its_time_and_not_before(model):
    topic = make_topic()
    land(topic, 20)
    assert topic.resolution.execution == "pending" and topic.resolution.deadline_week == 28
    for week in range(20, 39):
        assert carry_out(model, [topic], week) == []
    assert carry_out(model, [topic], 39) == [(topic, 0.0)]
    assert topic.resolution.execution == "never" and topic.resolution.executed_week == -1
    assert carry_out(model, [topic], 40) == []


def test_the_luck_of_a_resolution_goes_by_its_age_and_its_attempt():
    """The same resolution reached later is carried out after as many weeks; a second attempt has luck of its own."""
    model = make_model("council", weeks=100, behaviour={"execution.hazard": 0.15, "execution.give_up": 60.0})

    def weeks_taken(number, settled, failed):
        topic = make_topic(number=number, settled_week=settled, failed_before=failed)
        land(topic, settled)
        for week in range(settled, settled + 60):
            if carry_out(model, [topic], week):
                return week - settled
        return None

    first = [weeks_taken(number, 20, 0) for number in range(30)]
    assert first == [weeks_taken(number, 31, 0) for number in range(30)] and len(set(first)) > 5
    assert first != [weeks_taken(number, 20, 1) for number in range(30)]


@pytest.mark.parametrize(
    ("week", "execution", "worth"), [(21, "on_time", 1.0), (28, "on_time", 1.0), (29, "late", 0.5)]
)
def test_on_time_is_until_the_deadline(week, execution, worth):
    model = make_model("council", weeks=100, behaviour={"execution.hazard": 100.0})
    topic = make_topic()
    land(topic, 20)
    assert carry_out(model, [topic], 20) == [], "not in the week of the consensus"
    known = carry_out(model, [topic], week)
    assert known == [(topic, worth)]
    assert topic.resolution.execution == execution and topic.resolution.executed_week == week
