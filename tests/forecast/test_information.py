"""Value of finding out: the textbook value where there is one, and nothing for a parameter without influence."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from consensus_sim.forecast.information import evppi, expected_utility, worth_knowing


def known(level, slope):
    """EVPPI of x ~ N(0, 1) between utility 0 and level + slope x (unit normal loss integral)."""
    ratio = level / slope
    return level * norm.cdf(ratio) + slope * norm.pdf(ratio) - max(0.0, level)


def two_packages(level, slope, noise, draws, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=draws)
    return np.array([np.zeros(draws), level + slope * x]) + rng.normal(0, noise, (2, draws)), x


@pytest.mark.parametrize(("level", "slope"), [(0.0, 1.0), (0.5, 1.0), (-1.0, 2.0), (3.0, 1.0)])
def test_the_value_is_the_textbooks(level, slope):
    """Mean over 40 samples of 500 draws with noise as large as the effect; tolerance: 4 standard errors."""
    found = [evppi(*two_packages(level, slope, 1.0, 500, seed)) for seed in range(40)]
    assert np.mean(found) == pytest.approx(known(level, slope), abs=4 * np.std(found) / 40**0.5 + 0.02)


def test_a_parameter_without_influence_is_seldom_worth_anything():
    """A permutation test at 5 %: of 100 such parameters at most 11 (probability 0.99)."""
    rng = np.random.default_rng(7)
    low = 0
    for seed in range(100):
        utility, _ = two_packages(0.2, 0.0, 1.0, 60, seed)
        low += worth_knowing(utility, rng.normal(size=60), permutations=19, seed=seed).p <= 0.05
    assert low <= 11


def test_a_parameter_that_decides_is_found_with_the_value_at_which_the_choice_turns():
    utility, x = two_packages(-0.5, 1.0, 0.3, 400, 3)
    worth = worth_knowing(utility, x, permutations=99, seed=1)
    assert worth.p == 0.01 and worth.below == 0
    assert [package for _, package in worth.flips] == [1]
    assert worth.flips[0][0] == pytest.approx(0.5, abs=0.15)


def test_the_unit_of_a_parameter_does_not_matter():
    utility, x = two_packages(0.3, 1.0, 0.5, 200, 4)
    assert evppi(utility, 1e6 * x + 5e3) == pytest.approx(evppi(utility, x), rel=1e-6)
    assert evppi(10 * utility, x) == pytest.approx(10 * evppi(utility, x), rel=1e-6)


def test_repeated_values_count_as_often_as_they_stand():
    utility, x = two_packages(0.3, 1.0, 0.5, 100, 5)
    values, expected = expected_utility(np.repeat(utility, 2, axis=1), np.repeat(x, 2))
    assert values.shape == (100,) and expected.shape == (2, 100)


def test_a_parameter_of_few_values_has_a_mean_at_each():
    utility = np.array([[0.0, 0.0, 0.0, 0.0], [1.0, 3.0, -1.0, -1.0]])
    x = np.array([2.0, 2.0, 1.0, 1.0])
    values, expected = expected_utility(utility, x)
    assert values.tolist() == [1.0, 2.0] and expected.tolist() == [[0.0, 0.0], [-1.0, 2.0]]
    assert evppi(utility, x) == 0.5  # max(0, -1) / 2 + max(0, 2) / 2, less the mean of 0.5


def test_a_constant_is_worth_nothing():
    utility, _ = two_packages(0.3, 1.0, 0.5, 100, 5)
    worth = worth_knowing(utility, np.full(100, 3.0), permutations=9, seed=1)
    assert (worth.value, worth.p, worth.flips) == (0.0, 1.0, ()) and worth.below == 1
