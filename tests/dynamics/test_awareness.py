"""D1: hearing of a channel and forgetting it. False-alarm rates of statistical checks are stated; seeds are fixed."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse

from consensus_sim import load_community
from consensus_sim.dynamics.awareness import mirror_weights, spread_awareness, who_can_read
from consensus_sim.randomness import bits_of, key, uniform

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
        adult=np.ones(n, bool),
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
        key(seed, "news", week), key(seed, "news:fine", week), w.bits, w.notice, w.online, w.venue, w.nearness,
        w.habit_row, w.habit, w.adult, w.online_user, w.indptr, w.indices, w.weight, w.neighbours, w.forget, w.aware,
        np.empty_like(w.aware),
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


def test_those_under_18_hear_of_nothing():
    world = make_world(notice=5.0)
    world.adult[::3] = False
    a_week(world, 0)
    assert not world.aware[::3].any() and world.aware[1::3].any()


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
    world.adult, world.online_user = rng.random(n) < 0.8, rng.random(n) < 0.4
    world.aware = np.where(world.adult, rng.integers(0, 32, n), 0).astype(np.uint16)
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
            expected = np.where(world.adult, expected, knew)
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
