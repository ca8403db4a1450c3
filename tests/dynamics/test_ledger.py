"""The points bank's book: nothing is lost, the oldest goes first, the line of honour is that of a sort."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consensus_sim.dynamics.ledger import (
    age_lots,
    book_points,
    claimed_worth,
    held_by_who_can_pay,
    lay_pull,
    points_reach,
    queue_up,
    spend_oldest,
    within_reach,
)
from consensus_sim.randomness import key, uniforms_at

N = 40


@pytest.mark.parametrize("prices", [[1], [4, 9], [100]])
def test_what_is_held_by_who_can_pay_is_the_sum_written_out(prices):
    held = np.random.default_rng(5).integers(0, 20, 300).astype(np.int32)
    told = held_by_who_can_pay(held, np.array(prices, np.int64))
    np.testing.assert_array_equal(told, [held[held >= price].sum() for price in prices])


def test_claims_count_only_points_of_who_can_pay_for_the_item():
    held, prices, worth = np.array([3, 5, 12], np.int32), np.array([4, 10], np.int64), np.array([0.5, 2.0])
    assert claimed_worth(held, prices, worth) == 0.5 * (5 + 12) + 2.0 * 12
    assert claimed_worth(held, prices + 100, worth) == 0


def test_the_pull_of_points_is_laid_over_that_of_an_honour():
    honour, reach = np.array([0.0, 0.25, 0.0, 0.25], np.float32), np.array([1.0, 0.5, 0.0, 0.0], np.float32)
    out = np.empty(4, np.float32)
    lay_pull(honour, 0.5, reach, out)
    np.testing.assert_array_equal(out, [0.5, 0.5, 0.0, 0.25])


def test_points_reach_the_active_and_the_ties_of_holders():
    """A chain 0 - 1 - 2 - 3 with weights of its own in each direction; 1 holds points, 3 was active last in week 7."""
    indptr, indices = np.array([0, 1, 3, 5, 6]), np.array([1, 0, 2, 1, 3, 2], np.int32)
    mirror = np.array([0.4, 1.0, 0.7, 0.6, 1.0, 0.3], np.float32)  # weight of each tie in the other's row
    held, last, out = np.array([0, 9, 0, 0], np.int32), np.array([-99, -99, -99, 7], np.int32), np.empty(4, np.float32)
    points_reach(held, last, 7, indptr, indices, mirror, out)
    np.testing.assert_allclose(out, [1.0, 0.0, 0.7, 1.0])
    points_reach(held, last, 8, indptr, indices, mirror, out)
    np.testing.assert_allclose(out, [1.0, 0.0, 0.7, 0.0])


def test_holders_come_in_an_order_by_lot():
    held = np.random.default_rng(6).integers(0, 3, 300).astype(np.int32)
    holders, queue = queue_up(key(1, "queue"), held)
    np.testing.assert_array_equal(holders, np.flatnonzero(held))
    assert (np.diff(uniforms_at(key(1, "queue"), holders)[queue]) > 0).all() and 0 < len(holders) < 300
    assert [len(array) for array in queue_up(key(1, "queue"), np.zeros(9, np.int32))] == [0, 0]


@pytest.mark.parametrize("quarters", [1, 2, 4])
def test_points_live_for_as_many_quarters_as_there_are_lots(quarters):
    lots = np.zeros((quarters, N), np.int32)
    earned, held, who = np.zeros(N, np.int32), np.zeros(N, np.int32), np.arange(0, N, 3, dtype=np.int32)
    book_points(lots[0], earned, held, who, 5)
    for _ in range(quarters - 1):
        assert age_lots(lots, earned, held) == 0
    assert held.sum() == lots[-1].sum() == 5 * len(who)
    assert age_lots(lots, earned, held) == 5 * len(who)
    assert not (lots.any() or held.any() or earned.any())


def test_points_are_booked_in_the_newest_lot_and_held():
    lots, earned, held = np.zeros((3, N), np.int32), np.zeros(N, np.int32), np.full(N, 7, np.int32)
    who = np.array([1, 4, 39], np.int32)
    book_points(lots[0], earned, held, who, 5)
    assert lots.sum() == earned.sum() == 15 and (lots[0, who] == 5).all() and (held[who] == 12).all()
    assert held.sum() == 7 * N + 15


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=8), st.data())
def test_the_oldest_points_go_first_and_the_book_adds_up(owned, data):
    lots = np.array(owned, np.int32).T.copy()
    held, before = lots.sum(axis=0, dtype=np.int32), lots.copy()
    given_ = np.array([data.draw(st.integers(0, int(most))) for most in held])
    spend_oldest(lots, held, np.arange(len(held)), given_)
    np.testing.assert_array_equal(lots.sum(axis=0), held)
    np.testing.assert_array_equal(held, before.sum(axis=0) - given_)
    assert (lots >= 0).all()
    for person in range(len(held)):  # a younger lot is touched only when all older ones are empty
        for lot in range(len(lots) - 1):
            assert lots[lot, person] == before[lot, person] or not lots[lot + 1 :, person].any()


@pytest.mark.parametrize("honours", [1, 3, 10, 100])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.8, 1.0])
def test_within_reach_is_a_share_of_the_last_honoured_places_points(honours: int, share: float):
    rng = np.random.default_rng(honours)
    earned = (rng.integers(0, 30, N) * (rng.random(N) < 0.6)).astype(np.int32)
    near = within_reach(earned, honours, share, np.empty(N, np.int32))
    ranked = np.sort(earned[earned > 0])[::-1]
    line = share * ranked[min(honours, len(ranked)) - 1]
    np.testing.assert_array_equal(near, np.flatnonzero((earned > 0) & (earned >= line)))


def test_nobody_is_within_reach_where_nobody_earned():
    assert len(within_reach(np.zeros(N, np.int32), 10, 0.8, np.empty(N, np.int32))) == 0
