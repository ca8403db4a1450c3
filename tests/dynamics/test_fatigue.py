"""D9, D10: load and rest, crowding out, the pull of points."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consensus_sim.dynamics.fatigue import add_bounded, crowd_out, crowding_depth, reward_pull, tired_out
from consensus_sim.randomness import key, uniforms_at

share = st.floats(0, 1, width=32)


@given(start=share, amount=st.floats(-2, 2, width=32))
def test_fatigue_stays_between_nought_and_one(start, amount):
    column = np.array([start, start], np.float32)
    add_bounded(column, np.array([1], np.int32), amount)
    assert column[0] == np.float32(start)
    assert column[1] == pytest.approx(min(1.0, max(0.0, start + amount)), abs=1e-6)


@given(start=share, now=share, depth=share, step=share, acts=st.integers(1, 20))
def test_crowding_out_never_raises_motive_and_never_goes_below_its_floor(start, now, depth, step, acts):
    motive, who = np.array([now], np.float32), np.array([0], np.int32)
    floor = (1 - depth) * start
    for _ in range(acts):
        before = motive[0]
        crowd_out(motive, np.array([start], np.float32), who, depth, step)
        assert motive[0] <= before
        assert motive[0] >= min(now, floor) - 1e-6
    if now > floor:
        assert motive[0] == pytest.approx(floor + (now - floor) * (1 - step) ** acts, abs=1e-5)
    else:
        assert motive[0] == np.float32(now)


def test_full_exposure_costs_a_motivated_person_the_parameter_in_log_odds():
    """P32: one SD above the mean, omega is lost through beta_M per SD."""
    pull, mean, sd = 0.3, 0.4, 0.15
    for omega in (0.05, 0.2, 0.4):
        lost = crowding_depth(omega, pull, mean, sd) * (mean + sd)
        assert pull * lost / sd == pytest.approx(omega)
    assert crowding_depth(0.0, pull, mean, sd) == 0.0
    assert crowding_depth(50.0, pull, mean, sd) == 1.0, "no more motive can be lost than there is"
    assert crowding_depth(0.2, 0.0, mean, sd) == 0.0, "motive that pulls nobody cannot be crowded out"


def test_two_points_of_one_yuan_at_full_belief_pull_by_the_parameter():
    assert reward_pull(0.4, 1.0, 2.0, 1.0) == pytest.approx(0.4)
    assert reward_pull(0.4, 1.0, 8.0, 1.0) == pytest.approx(0.8)  # log 9 = 2 log 3


@pytest.mark.parametrize("place", range(1, 4))
def test_points_pull_nothing_without_value_points_or_belief(place):
    arguments = [0.4, 1.0, 2.0, 1.0]
    arguments[place] = 0.0
    assert reward_pull(*arguments) == 0.0


@given(value=st.floats(0, 100), points=st.floats(0, 100), belief=share)
def test_the_pull_of_points_rises_ever_more_slowly(value, points, belief):
    pull = reward_pull(0.4, value, points, belief)
    more = reward_pull(0.4, value, points + 1, belief)
    most = reward_pull(0.4, value, points + 2, belief)
    assert pull <= more <= most
    assert most - more <= more - pull + 1e-9
    assert pull <= 0.4 * log(1 + value * points) / log(3) + 1e-12


@pytest.mark.parametrize("hazard", [0.0, 0.4, 1.0])
def test_members_leave_with_a_hazard_that_grows_with_the_worse_of_fatigue_and_strain(hazard):
    fatigue, strain = np.random.default_rng(3).random((2, 500), dtype=np.float32)
    members, draw = np.arange(0, 500, 7, dtype=np.int32), key(1, "exit")
    lot = uniforms_at(draw, members.astype(np.int64))
    expected = np.flatnonzero(lot < np.float32(hazard) * np.maximum(fatigue, strain)[members])
    np.testing.assert_array_equal(tired_out(draw, members, hazard, fatigue, strain), expected)
