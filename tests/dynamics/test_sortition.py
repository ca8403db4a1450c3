"""The parts of a panel's draw against NumPy written out; chances and rounds are in tests/council/test_seating.py."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.dynamics.sortition import (
    OFFERED,
    PRESENT,
    SEATED,
    Pool,
    SeatingRule,
    draw_by_lot,
    fill_panel,
    group_weights,
    largest_remainders,
    lowest,
    ordinary_left,
    seats_needed,
    shortlist,
    stakeholder_race,
    strata_seats,
)
from consensus_sim.randomness import child, key, uniforms_at

N = 400
RNG = np.random.default_rng(17)
RESIDENT = np.sort(RNG.choice(5000, N, replace=False)).astype(np.int64)
STRATUM, GROUP = RNG.integers(0, 9, N), RNG.integers(-1, 5, N)
VULNERABLE = RNG.random(N) < 0.3
STAKE = RNG.random(N) * (RNG.random(N) < 0.4)
DRAW = key(3, "panel")
POOL = Pool(RESIDENT, STRATUM, VULNERABLE, np.zeros(N), np.zeros(N), STAKE, GROUP, np.zeros(N))


def under(entity: int) -> np.uint64:
    return np.uint64(child(DRAW, entity))


def test_the_lowest_of_each_cell_are_those_of_a_sort():
    order, cell = RNG.random(N), RNG.integers(-1, 6, N)
    order[::50] = np.inf
    quota = np.array([3, 0, 100, 1, 20, 7])
    found = lowest(order, cell, quota)
    expected = []
    for c, seats in enumerate(quota):
        rows = np.flatnonzero((cell == c) & np.isfinite(order))
        expected += rows[np.argsort(order[rows])[:seats]].tolist()
    assert found.tolist() == sorted(expected)


def test_weights_of_groups_and_their_seats():
    weights = group_weights(STAKE, GROUP)
    np.testing.assert_array_equal(weights, np.bincount(GROUP[GROUP >= 0], STAKE[GROUP >= 0]))
    counts = largest_remainders(weights, 12)
    exact = weights / weights.sum() * 12
    assert counts.sum() == 12 and (np.abs(counts - exact) < 1).all()
    assert largest_remainders(np.zeros(3), 5).tolist() == [0, 0, 0] and len(group_weights(STAKE[:0], GROUP[:0])) == 0
    assert seats_needed(25, 0.1) == 3 and seats_needed(30, 0.1) == 3 and seats_needed(30, 0.0) == 0


def test_the_race_is_an_exponential_one_by_stake():
    race = stakeholder_race(DRAW, RESIDENT, STAKE)
    able = STAKE > 0
    expected = -np.log1p(-uniforms_at(under(2), RESIDENT[able])) / STAKE[able]
    np.testing.assert_allclose(race[able], expected, rtol=1e-14)
    assert np.isinf(race[~able]).all()


def test_the_shortlist_is_the_lot_without_those_left_out():
    left_out, out = RNG.random(5000) < 0.1, np.empty(5000, np.int32)
    size = shortlist(DRAW, RESIDENT, 0.3, left_out, out)
    np.testing.assert_array_equal(out[:size], RESIDENT[(uniforms_at(DRAW, RESIDENT) < 0.3) & ~left_out[RESIDENT]])


def test_who_was_asked_is_not_drawn_again_and_strata_get_their_share():
    asked, lot = RNG.random(N) < 0.2, uniforms_at(under(0), RESIDENT)
    rows = draw_by_lot(DRAW, lot, POOL, asked, (90, 30), 1)
    assert len(rows) == 90 and not asked[rows].any() and VULNERABLE[rows].sum() >= 30
    ordinary = np.bincount(STRATUM[~asked & ~VULNERABLE], minlength=9)
    weak = np.bincount(STRATUM[~asked & VULNERABLE], minlength=9)
    seats = strata_seats(np.uint64(child(under(1), 1)), ordinary, weak, 90, 30)
    np.testing.assert_array_equal(np.bincount(STRATUM[rows[VULNERABLE[rows]]], minlength=9), seats[:, 1])
    np.testing.assert_array_equal(np.bincount(STRATUM[rows[~VULNERABLE[rows]]], minlength=9), seats[:, 0])


def test_seats_left_for_ordinary_people():
    seated, counts = RNG.random((2, N)) < 0.1
    rule = SeatingRule(100, 5, 0.25, SEATED, 4.0, 8)
    taken = (seated & counts & ~VULNERABLE).sum()
    assert ordinary_left(seated, counts, VULNERABLE, rule) == 75 - taken
    assert ordinary_left(seated, counts, VULNERABLE, rule._replace(counted=OFFERED)) == 100 - taken


@pytest.mark.parametrize("counted", [OFFERED, SEATED, PRESENT])
@pytest.mark.parametrize("seats", [1, 20, 60])
def test_a_panel_is_asked_before_it_sits_and_nobody_declines_twice(counted: int, seats: int):
    acceptance, in_person, turnout = np.full(N, 0.3), np.full(N, 0.5), np.full(N, 0.8)
    rule = SeatingRule(seats, min(5, seats), 0.25, counted, 3.0, 6)
    offered, accepted, present, representing, rounds, shares = fill_panel(
        DRAW, POOL._replace(acceptance=acceptance, turnout=turnout, stakeholder_acceptance=in_person), rule
    )
    comes = uniforms_at(under(5), RESIDENT) < turnout
    willing = uniforms_at(under(4), RESIDENT) < np.where(STAKE > 0, in_person, acceptance)
    assert 1 <= rounds <= 6 and set(representing) <= set(accepted) <= set(offered)
    assert willing[accepted].all()  # a stakeholder asked in person may say yes where a letter would not do
    np.testing.assert_array_equal(present, accepted[comes[accepted]])
    np.testing.assert_array_equal(shares, [VULNERABLE[rows].mean() for rows in (offered, accepted, present)])
    held = present if counted == PRESENT else accepted
    assert len(held) <= seats and (STAKE[representing] > 0).all()
    if counted != OFFERED:
        assert (~VULNERABLE[held]).sum() <= seats - seats_needed(seats, 0.25)


def test_an_empty_pool_fills_nothing():
    nobody, nothing = np.empty(0, np.int64), np.empty(0)
    rule = SeatingRule(5, 2, 0.1, SEATED, 4.0, 3)
    found = fill_panel(DRAW, Pool(nobody, nobody, np.empty(0, bool), nothing, nothing, nothing, nobody, nothing), rule)
    assert [len(rows) for rows in found[:4]] == [0, 0, 0, 0] and found[4] == 1
    assert np.isnan(found[5]).all()
