"""Who comes first: the kernels against NumPy's sorts on the same draws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consensus_sim.dynamics.ranking import (
    drawn_by_lot,
    first_asked,
    keep_lowest,
    most_concerned,
    most_driven,
    most_driven_of,
    note_present,
    trainees,
)
from consensus_sim.randomness import key, uniforms, uniforms_at

RNG = np.random.default_rng(4)
N = 500
NOBODY = np.zeros(N, bool)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 9), max_size=30), st.integers(0, 12))
def test_the_lowest_are_kept_in_order_and_ties_go_to_who_comes_first(values: list[int], places: int):
    kept, rows, filled = np.empty(places), np.empty(places, np.int32), 0
    for row, value in enumerate(values):
        filled = keep_lowest(float(value), row, kept, rows, filled)
    assert filled == min(places, len(values))
    assert rows[:filled].tolist() == np.argsort(np.array(values, float), kind="stable")[:places].tolist()
    assert kept[:filled].tolist() == sorted(values)[:places]


@pytest.mark.parametrize("number", [0, 1, 20, 90, 200])
def test_the_most_concerned_are_those_of_highest_stake_and_lot(number: int):
    stake, draw = RNG.random(90, dtype=np.float32), key(2, "ask")
    found = most_concerned(draw, 100, stake, 0.3, number)
    rank = stake + 0.3 * uniforms_at(draw, np.arange(100, 190))
    np.testing.assert_array_equal(found, np.sort(100 + np.argsort(-rank)[:number]))


@pytest.mark.parametrize("column", [np.empty(0, np.float32), RNG.random(N, dtype=np.float32)], ids=["lot", "column"])
@pytest.mark.parametrize("number", [1, 40, 600])
def test_the_first_asked_are_those_of_lowest_lot_less_their_column(column, number: int):
    draw, who, left_out = key(3, "ask"), np.flatnonzero(RNG.random(N) < 0.7), RNG.random(N) < 0.1
    found = first_asked(draw, who, left_out, 0.5, column, number)
    pool = who[~left_out[who]]
    rank = 0.5 * uniforms_at(draw, pool) - (column[pool] if len(column) else 0.0)
    np.testing.assert_array_equal(found, np.sort(pool[np.argsort(rank)[:number]]))


def test_the_successor_is_the_first_of_highest_drive_who_can_and_has_not_been():
    traits = tuple(RNG.integers(0, 4, N).astype(np.float32) for _ in range(4))
    able, taken, past = RNG.random(N) < 0.5, RNG.random(N) < 0.3, RNG.integers(0, N, 100)
    pool = np.setdiff1d(np.flatnonzero(able & ~taken), past)
    assert most_driven_of(traits, able, taken, past) == pool[np.argmax(sum(traits)[pool])]
    assert most_driven_of(traits, able, able, past) == -1


@pytest.mark.parametrize("number", [0, 1, 7, 400, 19_000, 50_000])
def test_those_drawn_by_lot_are_those_of_the_lowest_lots(number: int):
    draw, who = key(5, "ask"), np.flatnonzero(RNG.random(30_000) < 0.7)
    lowest = np.argsort(uniforms_at(draw, who), kind="stable")[:number]
    np.testing.assert_array_equal(drawn_by_lot(draw, who, number), np.sort(who[lowest]))


def test_the_most_driven_come_highest_first_and_nobody_is_taken_twice():
    drive, able, taken = RNG.random(N).round(1), RNG.random(N) < 0.5, RNG.random(N) < 0.3
    found = most_driven(drive, able, taken, 30)
    pool = np.flatnonzero(able & ~taken)
    np.testing.assert_array_equal(found, pool[np.argsort(-drive[pool], kind="stable")[:30]])


@pytest.mark.parametrize(
    "asks", [(True, False, False), (False, True, False), (True, True, False), (False, False, True)]
)
@pytest.mark.parametrize("places", [0, 5, 60, 700])
def test_trainees_are_asked_by_sessions_rank_and_lot_and_enrol_with_their_turnout(asks, places: int):
    able, team, active = RNG.random(N) < 0.8, RNG.random(N) < 0.05, RNG.random(N) < 0.2
    team &= able
    lot, come = key(5, "lot"), key(5, "come")
    attended = RNG.integers(0, 3, N).astype(np.int32)
    found = trainees(lot, come, able, attended, team, active, *asks, 0.6, places)
    with_team, with_active, others = asks
    rank = np.where(able & others, 2.0, np.inf)
    if with_active:
        rank[active & able & ~team] = 1.0
    if with_team:
        rank[team] = 0.0
    rank += 3.0 * attended  # those who attended the fewest sessions go first
    queue = np.argsort(rank + 0.5 * uniforms(lot, N), kind="stable")
    queue = queue[np.isfinite(rank[queue])]
    expected = queue[uniforms_at(come, queue) < 0.6][:places]
    np.testing.assert_array_equal(found, np.sort(expected))


def test_who_is_present_is_noted_once_each():
    members, who = np.array([2, 5, 9, 30], np.int32), np.array([0, 5, 6, 30, 31], np.int32)
    record = np.array([4, 4, 4, 4], np.int32)
    note_present(members, who, record)
    note_present(members, who[:0], record)
    assert record.tolist() == [4, 5, 4, 5]
