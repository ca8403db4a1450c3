"""From who decided to come to who is in the room: the kernels against NumPy on the same draws, and their bounds."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.dynamics.attendance import (
    clear_asked,
    join_seated,
    keep_promises,
    learn_of,
    leave_out,
    let_in,
    not_asked_yet,
    note_asked,
)
from consensus_sim.dynamics.participation import HOUSEMATE, LETTER, NOT_INVITED, OWN_GROUP, PERSONAL, TEAM_CALL
from consensus_sim.randomness import key, uniforms_at

N = 400
RNG = np.random.default_rng(8)
CAME = np.sort(RNG.choice(N, 90, replace=False)).astype(np.int32)
ASKED = RNG.integers(0, 6, N).astype(np.uint8)


def test_who_is_asked_is_noted_once_and_cleared_and_knows():
    asked, aware = np.zeros(N, np.uint8), np.full(N, 4, np.uint16)
    note_asked(asked, CAME, PERSONAL)
    note_asked(asked, CAME[:9], LETTER)  # the higher code stays
    assert (asked[CAME] == PERSONAL).all() and asked.sum() == PERSONAL * len(CAME)
    others = not_asked_yet(asked, np.arange(CAME[3] + 1, dtype=np.int32), HOUSEMATE)
    assert not set(others.tolist()) & set(CAME.tolist()) and (asked[others] == HOUSEMATE).all()
    clear_asked(asked, CAME, 2, aware)
    assert (asked[CAME] == NOT_INVITED).all() and (aware[CAME] == 6).all() and (np.delete(aware, CAME) == 4).all()
    clear_asked(asked, others, 0, aware)
    assert not asked.any() and (aware[others] == 4).all()
    learn_of(aware, others, 8)
    assert (aware[others] == 12).all() and (np.delete(aware, others) & 8 == 0).all()


def test_those_with_little_follow_through_stay_away_more_often():
    follow, draw = RNG.random(N, dtype=np.float32), key(1, "no_show")
    before = follow.copy()
    there = keep_promises(draw, CAME, ASKED, 0.7, 0.1, follow)
    promised = (ASKED[CAME] == LETTER) | (ASKED[CAME] == PERSONAL)
    stays = promised & (uniforms_at(draw, CAME.astype(np.int64)) < np.float32(0.7) * (1 - before[CAME]))
    np.testing.assert_array_equal(there, CAME[~stays])
    expected = before.astype(np.float64)
    expected[CAME[promised & ~stays]] += 0.1 * (1 - expected[CAME[promised & ~stays]])
    expected[CAME[stays]] *= 0.9
    np.testing.assert_allclose(follow, expected, rtol=1e-6)
    assert stays.sum() > 5 and (promised & ~stays).sum() > 5


def test_who_declined_a_seat_is_not_there_and_who_took_one_is():
    follow, flags = np.full(N, 0.5, np.float32), np.zeros(N, bool)
    offered = np.arange(0, N, 4, dtype=np.int32)
    accepted, present = offered[::2], offered[::6]
    others = leave_out(CAME, offered, flags)
    np.testing.assert_array_equal(others, np.setdiff1d(CAME, offered))
    room = join_seated(others, accepted, present, 0.2, flags, follow)
    np.testing.assert_array_equal(room, np.union1d(np.setdiff1d(CAME, offered), present))
    assert not flags.any()
    np.testing.assert_allclose(follow[present], 0.6, rtol=1e-6)
    np.testing.assert_allclose(follow[np.setdiff1d(accepted, present)], 0.4, rtol=1e-6)
    assert (np.delete(follow, np.union1d(accepted, present)) == 0.5).all()


@pytest.mark.parametrize("capacity", [0, 1, 30, 89, 90])
def test_team_and_panel_go_in_first_then_the_asked_each_by_lot(capacity: int):
    draw, panel, flags = key(2, "door"), CAME[ASKED[CAME] <= LETTER][:4], np.zeros(N, bool)
    inside = let_in(draw, CAME, ASKED, panel, flags, capacity)
    first = np.isin(ASKED[CAME], (TEAM_CALL, OWN_GROUP)) | np.isin(CAME, panel)
    lot = uniforms_at(draw, CAME.astype(np.int64)) + np.where(
        first, 0, np.where(np.isin(ASKED[CAME], (LETTER, PERSONAL)), 1, 2)
    )
    np.testing.assert_array_equal(inside, np.sort(CAME[np.argsort(lot, kind="stable")[:capacity]]))
    assert TEAM_CALL in ASKED[CAME] and len(inside) == capacity and len(panel) == 4 and not flags.any()
