"""Rooms of a chosen size: who is there, what raising skills means, and that the model stays as it is."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.analysis.rooms import draw_present, meet, raised_skill, room_settings, survey_rooms


@pytest.fixture(scope="module")
def model():
    from consensus_sim import load_model

    return load_model("teaching", "before", weeks=1, seed=3).run()


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
    assert topic.sittings == 0 and len(topic.who) == 0 and np.array_equal(skill, model.residents.skill)


def test_the_survey_asks_twelve_to_twenty_people(model):
    fewest, most = room_settings().survey
    for room, before, after in survey_rooms(model):
        assert fewest <= len(room.who) + room_settings().officers <= most
        assert before.min() >= 0 and after.max() <= 1
