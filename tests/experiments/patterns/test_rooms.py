"""Rooms of a chosen size: their attendees, the meaning of raised skills, and a model that stays unchanged."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.dynamics.talk import PAIRS, PLENARY, ROUND
from consensus_sim.errors import InputError
from consensus_sim.experiments.patterns.rooms import draw_present, meet, raised_skill, room_settings, survey_rooms
from tests.helpers import make_model


@pytest.fixture(scope="module")
def model():
    return make_model("before", weeks=1, seed=3).run()


def test_a_smaller_room_holds_part_of_the_people_of_a_larger_one(model):
    topic = model.topics.waiting[0]
    small, large = (set(draw_present(model, topic, number).tolist()) for number in (10, 15))
    assert len(small) == 10 and len(large) == 15 and small <= large
    party = model.residents.member_of("party")[sorted(large)].sum()
    assert party >= round(room_settings().party * 15)


def test_skills_are_raised_by_standard_deviations_on_the_logit_scale(model):
    def latent(skill):
        return np.log(skill) - np.log1p(-skill)

    adult, skill = model.residents.adult, model.residents.skill
    unit = latent(skill[:, adult]).std(axis=1)
    gain = (latent(raised_skill(model, 0.5)) - latent(skill))[:, adult]
    assert gain == pytest.approx(np.repeat(0.5 * unit[:, None], gain.shape[1], axis=1), abs=1e-3)


def test_meetings_end_with_consensus_and_leave_the_model_as_it_is(model):
    topic, skill = model.topics.waiting[0], model.residents.skill.copy()
    room = meet(model, topic, 12, 5)
    assert 1 <= room.meetings <= 5 and (room.settled or room.meetings == 5)
    assert room.before.shape == room.after.shape == room.turns.shape == (12 - room_settings().officers,)
    assert topic.talk.meetings == 0 and len(topic.talk.who) == 0 and np.array_equal(skill, model.residents.skill)


def test_the_survey_asks_twelve_to_twenty_people(model):
    fewest, most = room_settings().survey
    for room, before, after in survey_rooms(model):
        assert fewest <= len(room.who) + room_settings().officers <= most
        assert before.min() >= 0 and after.max() <= 1


def test_who_sat_before_does_not_shift_the_positions_of_who_is_there(model):
    """`after` has the rows of `who`, though the topic remembers others, too."""
    topic = model.topics.waiting[1]
    others = np.setdiff1d(np.arange(topic.low, topic.high), draw_present(model, topic, 13))[:4]
    plain = meet(model, topic, 15, 2)
    topic.talk.who, topic.talk.position = others, np.full(len(others), 0.5)
    try:
        again = meet(model, topic, 15, 2)
    finally:
        topic.talk.who, topic.talk.position = others[:0], np.empty(0)
    np.testing.assert_array_equal(plain.after, again.after)


def test_even_sides_are_two_camps_of_one_size(model):
    topic = max(model.topics.waiting, key=lambda topic: topic.high - topic.low)
    upper, topic.upper = topic.upper, 0.95
    try:
        drawn, even = (meet(model, topic, 40, 1, sides=sides).before for sides in ("drawn", "even"))
    finally:
        topic.upper = upper
    assert (even < 0.5).mean() > 0.25 > (drawn < 0.5).mean()


def test_who_counts_is_passed_on():
    """The same talk whoever counts; other rooms settle. Unknown names are refused."""
    model = make_model("before", weeks=1, seed=3).run()
    topics = [topic for topic in model.topics.waiting if topic.high - topic.low > 60]
    for topic in topics:
        topic.feasibility = 1.0
    found = {
        counts: [meet(model, topic, 30, 1, counts=counts) for topic in topics]
        for counts in ("core", "core_and_panel", "present")
    }
    for some, all_of_them in zip(found["core"], found["present"], strict=True):
        np.testing.assert_array_equal(some.after, all_of_them.after)
    settled = [[room.settled for room in rooms] for rooms in found.values()]
    assert settled[0] != settled[2]
    with pytest.raises(InputError):
        meet(model, model.topics.waiting[0], 12, 1, counts="nobody")


@pytest.mark.parametrize("procedure", [PLENARY, PAIRS, ROUND])
def test_minutes_are_the_same_in_every_room(model, procedure):
    topic = max(model.topics.waiting, key=lambda topic: topic.high - topic.low)
    small, large = (meet(model, topic, number, 1, procedure=procedure).turns for number in (15, 40))
    assert small.sum() <= 22 and large.sum() <= 22 and small.mean() > large.mean()
    assert (small > 0).mean() > (large > 0).mean()
