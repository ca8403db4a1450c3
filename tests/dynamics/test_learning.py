"""D6, D7: closed forms of learning, forgetting and habit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consensus_sim.dynamics.learning import (
    fade,
    forget,
    gain_saturating,
    keep_factor,
    learn,
    recover,
    return_to,
    take_part,
)
from tests.helpers import latent

share = st.floats(0, 1, width=32)


def rows(*numbers):
    return np.array(numbers, np.int32)


@settings(max_examples=60, deadline=None)
@given(start=share, rho=share, acts=st.integers(0, 30))
def test_habit_after_a_number_of_acts_has_its_closed_form(start, rho, acts):
    habit = np.array([start, start], np.float32)
    for _ in range(acts):
        gain_saturating(habit, rows(1), rho)
    assert habit[0] == np.float32(start)
    assert habit[1] == pytest.approx(1 - (1 - start) * (1 - rho) ** acts, abs=1e-5)
    assert 0 <= habit[1] <= 1


@given(start=share, loss=st.floats(-1, 0, width=32))
def test_a_negative_gain_takes_that_share_away(start, loss):
    column = np.array([start], np.float32)
    gain_saturating(column, rows(0), loss)
    assert column[0] == pytest.approx(start * (1 + loss), abs=1e-6)


@pytest.mark.parametrize("half_life", [1, 8, 30, 52])
def test_a_habit_halves_in_one_half_life(half_life):
    habit = np.array([0.8, 0.1, 0.0], np.float32)
    for _ in range(half_life):
        fade(habit, keep_factor(half_life))
    np.testing.assert_allclose(habit, [0.4, 0.05, 0.0], rtol=1e-4)


def test_a_half_life_of_nought_keeps_nothing():
    assert keep_factor(0) == 0.0


def forget_one_by_one(skill, start, used, keep):
    """The definition of `forget`, resident after resident."""
    for row, i in np.ndindex(*skill.shape):
        if skill[row, i] > start[row, i] and not used[i]:
            odds, at_start = skill[row, i] / (1.0 - skill[row, i]), start[row, i] / (1.0 - start[row, i])
            odds = at_start * (odds / at_start) ** keep
            skill[row, i] = odds / (1.0 + odds)


@pytest.mark.parametrize("learners", [0, 1, 40, 200])
def test_forgetting_is_the_same_for_all_at_once_as_one_by_one(learners):
    rng = np.random.default_rng(learners)
    start = rng.uniform(0.1, 0.8, (4, 200)).astype(np.float32)
    skill, used = start.copy(), rng.random(200) < 0.3
    skill[:, rng.choice(200, learners, replace=False)] += np.float32(0.1)
    skill[:, rng.choice(200, 5, replace=False)] -= np.float32(0.05)
    expected = skill.astype(np.float64)
    forget_one_by_one(expected, start, used, 0.9)
    forget(skill, start, used, 0.9)
    np.testing.assert_allclose(skill, expected, rtol=2e-6)


def test_a_gain_in_skill_halves_in_one_half_life_and_never_falls_below_the_start():
    start = np.array([[0.3, 0.3, 0.3, 0.3, 0.8]], np.float32)
    skill = np.array([[0.7, 0.7, 0.3, 0.2, 0.95]], np.float32)
    used = np.array([False, True, False, False, False])
    halved = [(latent(0.3) + latent(0.7)) / 2, latent(0.7), latent(0.3), latent(0.2), (latent(0.8) + latent(0.95)) / 2]
    for _ in range(28):
        forget(skill, start, used, keep_factor(28))
    np.testing.assert_allclose(latent(skill), [halved], atol=1e-3)


UNIT = np.array([0.8, 1.3])
STARTS = np.array([[0.2, 0.5, 0.8, 0.74, 0.6], [0.1, 0.3, 0.9, 0.74, 0.6]], np.float32)


def gained(block, start=STARTS, unit=UNIT):
    return (latent(block) - latent(start)) / unit[:, None]


def test_a_gain_is_its_sd_wherever_one_starts_and_only_of_those_taught_in_what_is_taught():
    for gain in (np.array([0.5, 0.0]), np.array([0.2, 0.8])):
        block = STARTS.copy()
        learn(block, STARTS, UNIT, gain, 1.5, False, rows(0, 1, 2, 3))
        np.testing.assert_allclose(gained(block)[:, :4], gain[:, None] * np.ones(4), atol=1e-5)
        np.testing.assert_array_equal(block[:, 4], STARTS[:, 4])


def test_the_sessions_of_a_course_add_up_to_its_gain():
    block = STARTS.copy()
    for _ in range(3):
        learn(block, STARTS, UNIT, np.array([0.5, 0.3]) / 3, 1.5, False, rows(0, 1, 2, 3, 4))
    np.testing.assert_allclose(gained(block), [[0.5] * 5, [0.3] * 5], atol=1e-5)


def test_courses_lead_to_the_reach_and_no_further():
    block = STARTS.copy()
    for _ in range(400):
        learn(block, STARTS, UNIT, np.array([0.17, 2.0]), 1.5, False, rows(0, 1, 2, 3, 4))
    np.testing.assert_allclose(gained(block), 1.5, atol=1e-4)
    learn(block, STARTS, UNIT, np.array([9.0, 9.0]), 0.0, False, rows(0))  # a reach of 0: only the clip holds
    assert (block[:, 0] > 0.99).all() and (block < 1).all()


def test_who_stands_above_the_reach_loses_nothing_by_learning_or_practice():
    high = np.full((2, 5), 0.99, np.float32)
    for slows in (False, True):
        block = high.copy()
        learn(block, STARTS, UNIT, np.array([0.3, 0.3]), 1.0, slows, rows(0, 1))
        np.testing.assert_allclose(block, high, atol=1e-6)


def test_practice_is_full_at_the_start_slows_down_on_the_way_and_ends_at_the_reach():
    gain, reach = np.array([0.06, 0.0]), 1.5
    block, way = STARTS.copy(), [0.0]
    for _ in range(40):
        learn(block, STARTS, UNIT, gain, reach, True, rows(0, 2))
        way.append(way[-1] + 0.06 * (1 - way[-1] / reach))
        np.testing.assert_allclose(gained(block)[0, [0, 2]], way[-1], atol=2e-4)
    np.testing.assert_array_equal(block[:, [1, 3, 4]], STARTS[:, [1, 3, 4]])
    np.testing.assert_array_equal(block[1], STARTS[1])
    for _ in range(1000):
        learn(block, STARTS, UNIT, gain, reach, True, rows(0))
    assert gained(block)[0, 0] == pytest.approx(reach, abs=1e-3)


def test_practice_below_the_start_gives_no_more_than_at_the_start():
    block = STARTS.copy()
    block[0, 1] = 0.3
    before = block.copy()
    learn(block, STARTS, UNIT, np.array([0.06, 0.0]), 1.5, True, rows(1))
    assert gained(block, before)[0, 1] == pytest.approx(0.06, abs=1e-4)


def test_practice_without_a_reach_never_slows_down():
    block = STARTS.copy()
    for _ in range(20):
        learn(block, STARTS, UNIT, np.array([0.1, 0.1]), 0.0, True, rows(0))
    np.testing.assert_allclose(gained(block)[:, 0], 2.0, atol=1e-4)


@pytest.mark.parametrize("every", [1, 2, 4, 13])
def test_ten_years_of_meetings_come_to_rest_where_practice_and_forgetting_balance(every):
    """G m (1 - x/K) = x ln2/h (1 - m) for m meetings a week; between two meetings x swings a little."""
    gain, reach, half_life = 0.06, 1.5, 28.0
    start, skill = np.array([[0.3]], np.float32), np.array([[0.3]], np.float32)
    unit, seen = np.array([0.8]), []
    for week in range(520):
        met = week % every == 0
        if met:
            learn(skill, start, unit, np.array([gain]), reach, True, rows(0))
        forget(skill, start, np.array([met]), keep_factor(half_life))
        seen.append(gained(skill, start, unit)[0, 0])
    m = 1 / every
    rest = gain * m / (gain * m / reach + np.log(2) / half_life * (1 - m))
    last, before = np.mean(seen[-52:]), np.mean(seen[-156:-104])
    assert last == pytest.approx(rest, rel=0.06) and abs(last - before) < 0.02


def test_what_moved_returns_from_either_side_and_what_was_lost_recovers():
    start = np.array([0.5, 0.5, 0.5], np.float32)
    both, lost = (np.array([0.9, 0.1, 0.5], np.float32) for _ in range(2))
    for _ in range(10):
        return_to(both, start, keep_factor(10))
        recover(lost, start, keep_factor(10))
    np.testing.assert_allclose(both, [0.7, 0.3, 0.5], rtol=1e-4)
    np.testing.assert_allclose(lost, [0.9, 0.3, 0.5], rtol=1e-4)


def test_what_stands_where_it_started_stays_exactly_there():
    start = np.random.default_rng(1).random(1000).astype(np.float32)
    for change in (return_to, recover):
        column = start.copy()
        for _ in range(50):
            change(column, start, keep_factor(30))
        np.testing.assert_array_equal(column, start)


def test_taking_part_makes_a_habit_and_tires_only_who_took_part():
    habit, fatigue, took_part = np.full(6, 0.2, np.float32), np.full(6, 0.9, np.float32), np.zeros(6, bool)
    take_part(rows(0, 3), 0.25, 0.3, habit, fatigue, took_part)
    np.testing.assert_allclose(habit, [0.4, 0.2, 0.2, 0.4, 0.2, 0.2], rtol=1e-6)
    np.testing.assert_allclose(fatigue, [1.0, 0.9, 0.9, 1.0, 0.9, 0.9], rtol=1e-6)
    assert np.flatnonzero(took_part).tolist() == [0, 3]
