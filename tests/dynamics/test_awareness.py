"""D1: hearing of a channel and forgetting it. False-alarm rates of statistical checks are stated; seeds are fixed."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse

from consensus_sim import load_community
from consensus_sim.dynamics.awareness import (
    Announcements,
    TieRows,
    mirror_weights,
    resting_rate,
    spread_awareness,
    tell_by_unit,
    who_can_read,
)
from consensus_sim.model import weekly
from consensus_sim.model.weekly import freshness
from consensus_sim.randomness import bits_of, key, uniform
from tests.helpers import make_model

N = 20_000


def make_world(n=N, channels=1, notice=0.0, online=0.0, neighbours=0.0, forget=0.0, ties=None):
    """A world in which every channel is announced next door and nobody has a tie unless `ties` (CSR) says so."""
    indptr, indices, weight = ties or (np.zeros(n + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))
    return SimpleNamespace(
        bits=np.arange(channels),
        notice=np.full(channels, notice),
        online=np.full(channels, online),
        venue=np.zeros(channels, np.int64),
        nearness=np.ones((1, n), np.float32),
        habit_row=np.zeros(channels, np.int64),
        habit=np.zeros((2, n), np.float32),
        reached=np.ones(n, bool),
        online_user=np.zeros(n, bool),
        indptr=indptr,
        indices=indices,
        weight=weight,
        neighbours=neighbours,
        forget=forget,
        aware=np.zeros(n, np.uint16),
    )


def a_week(w, week, seed=1):
    spread_awareness(
        key(seed, "news", week), key(seed, "news:fine", week),
        Announcements(w.bits, w.notice, w.online, w.venue, w.habit_row), w.nearness, w.habit, w.reached, w.online_user,
        TieRows(w.indptr, w.indices, w.weight), w.neighbours, w.forget, w.aware, np.empty_like(w.aware),
    )  # fmt: skip


def assert_share(found: np.ndarray, expected: float):
    """Within 5 standard errors of a binomial share: false alarm 6e-7 a check."""
    limit = 5 * np.sqrt(expected * (1 - expected) / found.size)
    assert abs(found.mean() - expected) < limit, f"{found.mean():.4f}, wanted {expected:.4f} +/- {limit:.4f}"


@pytest.mark.parametrize(("notice", "forget"), [(0.0275, 0.045), (0.3, 0.1), (0.01, 0.2)])
def test_the_steady_state_is_that_of_the_two_state_chain(notice, forget):
    world = make_world(notice=notice, forget=forget)
    for week in range(150):
        a_week(world, week)
    hears = 1 - np.exp(-notice)
    assert_share(world.aware & 1 != 0, hears / (hears + forget))


def test_the_way_there_is_that_of_the_two_state_chain():
    world, expected = make_world(notice=0.05, forget=0.08), 0.0
    for week in range(10):
        a_week(world, week)
        expected += (1 - expected) * (1 - np.exp(-0.05)) - expected * 0.08
        assert_share(world.aware != 0, expected)


def test_who_lives_far_off_hears_less_and_users_hear_online():
    world = make_world(notice=0.2, online=0.1)
    world.nearness[0, : N // 2] = np.exp(-1.0)
    world.online_user[::2] = True
    a_week(world, 0)
    far, near = world.aware[: N // 2] != 0, world.aware[N // 2 :] != 0
    for half, rate in ((far, 0.2 * np.exp(-1.0)), (near, 0.2)):
        assert_share(half[::2], 1 - np.exp(-(rate + 0.1)))
        assert_share(half[1::2], 1 - np.exp(-rate))


def test_a_habit_is_not_forgotten_and_half_a_habit_is_forgotten_half_as_often():
    world = make_world(forget=0.4)
    world.aware[:] = 1
    world.habit[0, : N // 2], world.habit[0, N // 2 :] = 1.0, 0.5
    a_week(world, 0)
    assert (world.aware[: N // 2] == 1).all()
    assert_share(world.aware[N // 2 :] == 0, 0.2)


def test_who_is_not_reached_hears_of_nothing_from_anybody_and_forgets_like_others():
    world = make_world(notice=5.0, online=5.0, neighbours=5.0, forget=0.3, ties=ring(N))
    world.reached[::3], world.online_user[:] = False, True
    world.aware[1::2] = 1
    knew = world.aware != 0
    a_week(world, 0)
    assert not world.aware[~world.reached & ~knew].any() and world.aware[world.reached & ~knew].all()
    for reached in (True, False):
        assert_share(world.aware[knew & (world.reached == reached)] == 0, 0.3)


def test_at_the_door_those_hear_whom_news_reach_with_the_chance_of_their_unit_and_nobody_else():
    """Tolerance: 5 standard errors of the binomial. Residents who hear gain bit 2; bit 1 does not change."""
    n = 40_000
    unit, reached = np.arange(n, dtype=np.int32) % 2, np.arange(n) % 5 < 3
    aware = np.where(np.arange(n) % 7 == 0, 3, 1).astype(np.uint16)
    before = aware.copy()
    tell_by_unit(key(1, "hierarchy:down:tea"), unit, reached, np.array([0.0, 0.2]), 2, aware)
    told = (aware != before) & (aware == before | 2)
    np.testing.assert_array_equal(aware != before, told)
    may = reached & (unit == 1) & (before == 1)
    assert not told[~may].any() and abs(told[may].mean() - 0.2) < 5 * np.sqrt(0.16 / may.sum())
    again = before.copy()
    tell_by_unit(key(1, "hierarchy:down:council"), unit, reached, np.array([0.0, 0.2]), 2, again)
    assert (again != aware).any(), "the key decides who"


def test_at_the_resting_rate_as_many_hear_as_forget():
    """The share after 100 weeks is that at the start; ties of a ring, and half a habit in a tenth of residents."""
    world = make_world(forget=0.05, neighbours=0.03, ties=ring(N))
    rng = np.random.default_rng(5)
    world.nearness[0] = 0.5
    world.habit[0, : N // 10] = 0.5
    world.reached = rng.random(N) < 0.6
    world.aware[:] = world.reached & (rng.random(N) < 0.5)
    arguments = (world.reached, world.habit[0], world.nearness[0])
    start, rate = world.aware.mean(), resting_rate(world.aware != 0, *arguments, 0.03, 0.05)
    world.notice[:] = rate
    for week in range(100):
        a_week(world, week)
    assert 0.03 < rate < 0.2
    assert world.aware.mean() == pytest.approx(start, rel=0.06)
    assert resting_rate(world.reached, *arguments, 0.03, 0.05) == 0.0, "nobody is left who could hear"
    assert resting_rate(world.aware != 0, *arguments, 3.0, 0.05) == 0.0, "ties alone tell more than are lost"


def opened_at(week, novel=True):
    return SimpleNamespace(opened_week=week, novel=novel)


def test_news_wear_out_by_half_in_each_half_life_from_the_opening_of_the_channel():
    assert [freshness(opened_at(10), week, 26.0) for week in (10, 36, 62)] == [1.0, 0.5, 0.25]
    assert freshness(opened_at(0, novel=False), 0, 26.0) == 0.0, "long-standing channels are no news"
    assert freshness(opened_at(0), 500, 0.0) == 1.0, "0: news do not wear out"


def told(model):
    """The rates by channel that a week's news go out with: notices, online."""
    found = {}

    def note(*arguments):
        _, notice, online, *_ = arguments[2]
        names = [channel.name for channel in model.news.channels]
        found.update({name: (notice[row], online[row]) for row, name in enumerate(names)})
        assert arguments[5] is model.residents.reached

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weekly, "spread_awareness", note)
        weekly.spread_news(model)
    return found


def test_what_is_left_of_worn_news_is_the_notice_board_and_the_old_channels_keep_theirs():
    model = make_model("interactive_ballot", weeks=60, behaviour={"awareness.wear_out": 10})
    while not model.is_open("council"):
        model.step()
    p, opened = model.parameters.awareness, model.channels["council"].opened_week
    best = max(venue.show for venue in model.venues.values())
    for age in (0, 10, 5000):
        model.week = opened + age
        left = 0.5 ** (age / 10)
        rates = told(model)
        for name in ("council", "tea", "ballot"):
            assert rates[name][0] == pytest.approx(p.notice * max(p.notice_plain, left * best))
            assert rates[name][1] == pytest.approx(p.online * max(p.notice_plain, left))
        for name in ("reception", "adhoc"):
            assert rates[name][0] == pytest.approx(max(p.notice * p.notice_plain, model.channels[name].routine))
            assert rates[name][1] == pytest.approx(p.online * p.notice_plain)
    model.rules.notice_board = 0.7
    assert told(model)["council"] == pytest.approx((0.7 * p.notice, p.online * p.notice_plain)), "posters stay"


def test_old_channels_rest_where_they_start():
    """Four years of the case study's base; only channels that were there before have a rate of their own."""
    base = make_model("before", weeks=200, place="case_study")
    start = base.residents.aware_of("reception")[base.residents.adult].mean()
    base.run()
    assert base.residents.aware_of("reception")[base.residents.adult].mean() == pytest.approx(start, rel=0.1)
    assert base.channels["reception"].routine > 0 and base.open_channel("council").routine == 0.0


def ring(n):
    """Each resident has a tie of weight 1/2 to the one before and the one after."""
    rows = np.arange(n)
    indices = np.sort(np.stack([(rows - 1) % n, (rows + 1) % n], axis=1), axis=1).astype(np.int32).ravel()
    return 2 * np.arange(n + 1), indices, np.full(2 * n, 0.5, np.float32)


def test_ties_tell_in_proportion_to_how_many_of_them_know():
    world = make_world(neighbours=0.6, ties=ring(N))
    world.aware[0::4] = 1  # one row of four knows: of the others two have one such tie, one has none
    a_week(world, 0)
    one_tie = 1 - np.exp(-0.6 * 0.5)
    assert_share(world.aware[1::4] != 0, one_tie)
    assert_share(world.aware[3::4] != 0, one_tie)
    assert not world.aware[2::4].any(), "news runs one tie a week: it is spread from who knew at the week's start"


def test_channels_do_not_hear_of_each_other():
    world = make_world(channels=5, notice=0.0, forget=0.0)
    world.notice[:] = [0.4, 0.0, 0.4, 0.4, 0.4]
    a_week(world, 0)
    knows = (world.aware[:, None] >> np.arange(5)) & 1
    assert not knows[:, 1].any()
    hears = 1 - np.exp(-0.4)
    for first, second in ((0, 2), (0, 3), (2, 4), (3, 4)):
        assert_share(knows[:, first] & knows[:, second], hears**2)


def test_a_week_equals_the_equation_written_out_in_numpy():
    """Same keyed draws, channel by channel, ties by a sparse product."""
    n, rng = 600, np.random.default_rng(3)
    pattern = scipy.sparse.random(n, n, 0.02, random_state=4, format="csr")
    pattern = ((pattern + pattern.T) > 0).astype(np.float32)
    pattern = scipy.sparse.csr_matrix(pattern.multiply(1 / np.maximum(pattern.sum(axis=1), 1)), dtype=np.float32)
    pattern.sort_indices()
    ties = (pattern.indptr.astype(np.int64), pattern.indices.astype(np.int32), pattern.data)
    world = make_world(n=n, channels=5, neighbours=0.5, forget=0.15, ties=ties)
    world.bits = np.array([0, 1, 2, 3, 4])
    world.notice, world.online = rng.random(5) * 0.3, rng.random(5) * 0.3
    world.nearness, world.venue = rng.random((2, n), np.float32), rng.integers(0, 2, 5)
    world.habit, world.habit_row = rng.random((2, n), np.float32), rng.integers(0, 2, 5)
    world.reached, world.online_user = rng.random(n) < 0.8, rng.random(n) < 0.4
    world.aware = rng.integers(0, 32, n).astype(np.uint16)
    for week in range(4):
        before = world.aware.copy()
        a_week(world, week)
        coarse, fine = key(1, "news", week), key(1, "news:fine", week)
        for c in range(5):
            words = np.array([int(bits_of(coarse, 4 * i + c // 4)) for i in range(n)], np.uint64)
            first = (words >> np.uint64(16 * (c % 4))) & np.uint64(0xFFFF)
            chance = (first.astype(float) + [uniform(fine, 16 * i + c) for i in range(n)]) / 65536
            knew = (before >> c) & 1 == 1
            rate = world.notice[c] * world.nearness[world.venue[c]] + world.online[c] * world.online_user
            rate = rate + 0.5 * (pattern @ knew.astype(np.float64))
            expected = np.where(
                knew, chance >= 0.15 * (1 - world.habit[world.habit_row[c]]), chance < 1 - np.exp(-rate)
            )
            expected = np.where(world.reached | knew, expected, knew)
            np.testing.assert_array_equal((world.aware >> c) & 1 == 1, expected)


def test_mirror_weights_are_those_of_the_transposed_matrix():
    network = load_community("teaching").network
    n = len(network.indptr) - 1
    matrix = scipy.sparse.csr_matrix((network.weight, network.indices, network.indptr), shape=(n, n))
    turned = matrix.T.tocsr()
    turned.sort_indices()
    found = mirror_weights(network.indptr, network.indices, network.weight)
    np.testing.assert_array_equal(turned.indices, network.indices)
    np.testing.assert_array_equal(found, turned.data)
    assert not np.array_equal(found, network.weight), "the weights of this network are not symmetric"


def test_who_can_read_has_access_and_knows_the_programme():
    rng = np.random.default_rng(6)
    aware, online = rng.integers(0, 2**9, 500).astype(np.uint16), rng.random(500) < 0.5
    out = np.empty(500, bool)
    who_can_read(aware, 16, online, out)
    np.testing.assert_array_equal(out, ((aware & 16) != 0) & online)
