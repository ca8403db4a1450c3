"""Chance is a function of (seed, stream, week, entity). False-alarm rates are stated; seeds are fixed."""

from __future__ import annotations

import itertools

import numba
import numpy as np
import pytest
from scipy import stats

from consensus_sim.errors import InputError
from consensus_sim.randomness import (
    bits_of,
    child,
    key,
    keys,
    keys_of_weeks,
    normal_pair,
    normals,
    poissons,
    stream,
    uniform,
    uniforms,
    uniforms_at,
    uniforms_of,
)

N = 200_000
LEVEL = 1e-6  # false-alarm rate of each statistical check


def test_every_argument_of_a_key_matters():
    keys = {
        int(key(seed, name, week, sub))
        for seed, name, week, sub in itertools.product((0, 1, 2**62), ("a", "b", "ab"), (0, 1, 2), (0, 1, 2))
    }
    assert len(keys) == 3 * 3 * 3 * 3


@pytest.mark.parametrize("seed", [-1, 2**64, 2**128])
def test_a_seed_that_keys_cannot_hold_is_refused(seed):
    with pytest.raises(InputError, match="seed: found"):
        key(seed, "a")


def test_streams_have_lasting_numbers():
    assert stream("attend:council") == stream("attend:council")
    assert stream("attend:council") != stream("attend:tea")
    assert int(key(1, "attend:council", 3, 0)) == 2163940408927553604


@pytest.mark.parametrize("entities", ["entity", "week", "seed", "sub"])
def test_draws_are_uniform_along_every_argument(entities):
    n = 20_000
    draws = {
        "entity": lambda: uniforms(key(5, "s", 3), n),
        "week": lambda: np.array([uniform(key(5, "s", week), 7) for week in range(n)]),
        "seed": lambda: np.array([uniform(key(seed, "s", 3), 7) for seed in range(n)]),
        "sub": lambda: np.array([uniform(key(5, "s", 3, sub), 7) for sub in range(n)]),
    }[entities]()
    assert draws.min() >= 0.0 and draws.max() < 1.0
    assert stats.kstest(draws, "uniform").pvalue > LEVEL
    pairs = np.histogram2d(draws[:-1], draws[1:], bins=8, range=[[0, 1], [0, 1]])[0]
    assert stats.chisquare(pairs.ravel()).pvalue > LEVEL


def test_two_streams_are_independent():
    first, second = uniforms(key(1, "first"), N), uniforms(key(1, "second"), N)
    counts = np.histogram2d(first, second, bins=10)[0]
    assert stats.chisquare(counts.ravel()).pvalue > LEVEL


def test_the_four_quarters_of_the_bits_are_uniform_and_independent():
    words = np.array([int(bits_of(key(2, "bits"), i)) for i in range(20_000)], dtype=np.uint64)
    quarters = [((words >> np.uint64(16 * q)) & np.uint64(0xFFFF)).astype(float) / 65536 for q in range(4)]
    for quarter in quarters:
        assert stats.kstest(quarter + 0.5 / 65536, "uniform").pvalue > LEVEL
    for first, second in itertools.combinations(quarters, 2):
        assert stats.chisquare(np.histogram2d(first, second, bins=8)[0].ravel()).pvalue > LEVEL


def test_normals_are_standard_normal():
    assert stats.kstest(normals(key(3, "normal"), N), "norm").pvalue > LEVEL
    pairs = np.array([normal_pair(key(3, "pair"), i) for i in range(20_000)])
    assert stats.kstest(pairs[:, 0], "norm").pvalue > LEVEL and stats.kstest(pairs[:, 1], "norm").pvalue > LEVEL
    assert abs(np.corrcoef(pairs.T)[0, 1]) < 5 / np.sqrt(20_000)


def test_poisson_counts_follow_their_law():
    mean = 0.7
    counts = np.bincount(poissons(key(4, "poisson"), N, mean), minlength=8)[:8]
    expected = N * stats.poisson.pmf(np.arange(8), mean)
    expected[-1] += N * stats.poisson.sf(7, mean)
    assert stats.chisquare(counts, expected * counts.sum() / expected.sum()).pvalue > LEVEL


def test_draws_do_not_depend_on_who_else_is_drawn():
    whole = uniforms(key(1, "who"), 1000)
    some = np.array([999, 3, 500])
    np.testing.assert_array_equal(uniforms_at(key(1, "who"), some), whole[some])


def test_compiled_code_and_python_draw_the_same():
    @numba.njit
    def inside(k, n):
        total = np.empty(n)
        for i in range(n):
            total[i] = uniform(child(k, i), 0)
        return total

    k = key(9, "same")
    np.testing.assert_array_equal(inside(k, 50), [uniform(np.uint64(child(k, i)), 0) for i in range(50)])


def test_many_keys_and_draws_at_once_are_those_one_by_one():
    subs = np.array([0, 7, 123_456, 2_000_000_000])
    several = keys(3, "topics:kind", 5, subs)
    np.testing.assert_array_equal(several, [key(3, "topics:kind", 5, int(sub)) for sub in subs])
    np.testing.assert_array_equal(uniforms_of(several, 7), [uniforms(each, 7) for each in several])
    for sub in (0, 4):
        weeks = [key(3, "news", week, sub) for week in range(60)]
        np.testing.assert_array_equal(keys_of_weeks(3, "news", 60, sub), weeks)
