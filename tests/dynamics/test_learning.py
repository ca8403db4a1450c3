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
    practise,
    recover,
    return_to,
    session_gain,
    take_part,
)

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


def test_a_gain_in_skill_halves_in_one_half_life_and_never_falls_below_the_start():
    start = np.array([[0.3, 0.3, 0.3, 0.3]], np.float32)
    skill = np.array([[0.7, 0.7, 0.3, 0.2]], np.float32)
    used = np.array([False, True, False, False])
    for _ in range(28):
        forget(skill, start, used, keep_factor(28))
    np.testing.assert_allclose(skill, [[0.5, 0.7, 0.3, 0.2]], rtol=1e-4)


def test_learning_saturates_by_row_and_by_weight():
    block = np.array([[0.2, 0.2, 0.2], [0.5, 0.5, 0.5]], np.float32)
    learn(block, np.array([0.4, 0.0]), rows(0, 2), np.array([1.0, 0.5]))
    np.testing.assert_allclose(block, [[0.52, 0.2, 0.36], [0.5, 0.5, 0.5]], rtol=1e-6)


def test_a_gain_above_one_leads_to_full_skill_and_no_further():
    block = np.array([[0.2]], np.float32)
    learn(block, np.array([3.0]), rows(0), np.array([1.0]))
    assert block[0, 0] == 1.0


@given(total=st.floats(0, 0.99), sessions=st.integers(1, 20), start=share)
def test_the_sessions_of_a_course_together_give_the_courses_gain(total, sessions, start):
    block = np.array([[start]], np.float32)
    for _ in range(sessions):
        learn(block, np.array([session_gain(total, sessions)]), rows(0), np.array([1.0]))
    assert block[0, 0] == pytest.approx(start + total * (1 - start), abs=1e-5)


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


def test_practice_is_learning_at_full_weight():
    block = np.random.default_rng(2).random((4, 9), dtype=np.float32)
    other, who, gains = block.copy(), rows(1, 4, 8), np.array([0.1, 0.0, 0.3, 0.0])
    practise(block, gains, who)
    learn(other, gains, who, np.ones(3))
    np.testing.assert_array_equal(block, other)


def test_taking_part_makes_a_habit_and_tires_only_who_took_part():
    habit, fatigue, took_part = np.full(6, 0.2, np.float32), np.full(6, 0.9, np.float32), np.zeros(6, bool)
    take_part(rows(0, 3), 0.25, 0.3, habit, fatigue, took_part)
    np.testing.assert_allclose(habit, [0.4, 0.2, 0.2, 0.4, 0.2, 0.2], rtol=1e-6)
    np.testing.assert_allclose(fatigue, [1.0, 0.9, 0.9, 1.0, 0.9, 0.9], rtol=1e-6)
    assert np.flatnonzero(took_part).tolist() == [0, 3]
