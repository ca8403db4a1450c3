"""Screening: what becomes a formal topic and what is answered on the spot (F31)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from consensus_sim.council.screening import formal_chance
from consensus_sim.council.topic_class import TopicClass
from consensus_sim.dynamics.topics import disagreement, variance_of_groups
from tests.helpers import config, make_model


@pytest.fixture(scope="module")
def model():
    model = make_model("before", weeks=30)
    model.run()
    return model


def chances(model, **changes):
    p = model.parameters.topics._replace(**changes)
    return np.array([formal_chance(topic, model.residents.groups, model.topics, p) for topic in model.topics.topics])


def spread_on(model, topic):
    kind, groups = topic.kind, model.residents.groups[topic.low : topic.high]
    variance = variance_of_groups(groups, kind.group_position, kind.group_stake)
    return disagreement(variance, topic.polarity, topic.upper, kind.position_spread)


def test_without_the_effect_every_matter_has_the_same_chance(model):
    assert (chances(model, conversion=0.57, contested=0.0) == 0.57).all()


def test_a_named_dispute_keeps_its_chance(model):
    named = TopicClass.from_config("landscape_water", config()["topic"]["landscape_water"])
    topic = replace(model.topics.topics[0], kind=named)
    p = model.parameters.topics._replace(conversion=0.57, contested=4.0)
    assert formal_chance(topic, model.residents.groups, model.topics, p) == 0.57


@pytest.mark.parametrize("conversion", [0.0, 1.0])
def test_a_share_of_nothing_or_all_stays(model, conversion):
    assert (chances(model, conversion=conversion, contested=3.0) == conversion).all()


def test_the_more_residents_differ_the_likelier_a_matter_goes_to_the_council(model):
    spread = np.array([spread_on(model, topic) for topic in model.topics.topics])
    chance = chances(model, conversion=0.57, contested=2.0)
    order = np.argsort(spread)
    assert len(order) > 12 and (np.diff(chance[order]) >= 0).all()
    odds = np.log(chance / (1 - chance)) - np.log(0.57 / 0.43)
    mean = model.topics.mean_disagreement(model.residents.groups)
    np.testing.assert_allclose(odds, 20.0 * (spread - mean), atol=1e-9)


def test_the_mean_is_that_of_the_matters_that_arise(model):
    book, groups = model.topics, model.residents.groups
    expected, weights = [], []
    for kind in book.classes:
        middle = (kind.polarity[0] + kind.polarity[1]) / 2
        variance = variance_of_groups(groups, kind.group_position, kind.group_stake)
        expected.append(disagreement(variance, middle, sum(kind.majority) / 2, kind.position_spread))
        weights.append(kind.weight)
    assert book.mean_disagreement(groups) == pytest.approx(np.average(expected, weights=weights))


def test_formal_topics_are_more_contested_than_what_is_answered_at_once():
    """Their SDs lie about 0.06 apart within each side: with 60 a side 4 SE of the difference are some 0.045."""
    behaviour = {"topics.contested": 8.0, "topics.suggestion": 1.0, "topics.arrivals": 2.0}
    formal, answered = [], []
    for seed in range(8):
        found = make_model("council", weeks=56, seed=seed, behaviour=behaviour).run()
        for topic in found.topics.topics:
            if topic.progress.heard_week >= 0:
                (answered if topic.state == "answered" else formal).append(spread_on(found, topic))
    assert min(len(formal), len(answered)) > 60
    assert np.mean(formal) - np.mean(answered) > 0.045
