"""The algebra of approximate Bayesian computation on a normal toy whose posterior is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from consensus_sim.analysis.abc import Amortised, Posterior, expit, keep_prior, logit, recover, weighted_quantile
from consensus_sim.analysis.tables import identification, recovery_table
from consensus_sim.errors import InputError
from consensus_sim.parameters import Parameter

pytest.importorskip("sklearn")
RUNS, KEPT = 6000, 600
NOISE, ERROR = 0.5, np.array([0.2, 0.2])


def toy(seed: int, runs: int = RUNS):
    """theta = 4 q - 2; first statistic theta_1 + theta_2 + noise, second theta_1 + noise; a third parameter is idle."""
    rng = np.random.default_rng(seed)
    quantiles = rng.uniform(size=(runs, 3))
    theta = 4 * quantiles - 2
    statistics = np.column_stack([theta[:, 0] + theta[:, 1], theta[:, 0]]) + NOISE * rng.normal(size=(runs, 2))
    return quantiles, statistics


@pytest.fixture(scope="module")
def fitted():
    quantiles, statistics = toy(1)
    return Amortised(quantiles, statistics, ERROR, seed=2)


def exact(observed):
    """Mean and standard deviation of theta_1 and theta_2 on a grid."""
    grid = np.linspace(-2, 2, 401)
    first, second = np.meshgrid(grid, grid, indexing="ij")
    sd = np.hypot(NOISE, 0.2)
    density = stats.norm.pdf(observed[0], first + second, sd) * stats.norm.pdf(observed[1], first, sd)
    density /= density.sum()
    found = []
    for values in (first, second):
        mean = (density * values).sum()
        found.append((mean, np.sqrt((density * (values - mean) ** 2).sum())))
    return found


@pytest.mark.parametrize("observed", [(0.0, 0.0), (1.0, 0.5), (-1.5, -1.0)])
def test_the_posterior_is_the_exact_one(fitted, observed):
    found = fitted.posterior(np.array(observed), KEPT)
    theta = 4 * found.quantiles - 2
    assert found.weights.sum() == pytest.approx(1)
    for number, (mean, sd) in enumerate(exact(observed)):
        got = found.weights @ theta[:, number]
        assert got == pytest.approx(mean, abs=0.15)
        assert np.sqrt(found.weights @ (theta[:, number] - got) ** 2) == pytest.approx(sd, rel=0.2)
    idle = found.quantiles[:, 2]
    assert found.weights @ idle == pytest.approx(0.5, abs=0.06) and idle.std() == pytest.approx(12**-0.5, rel=0.1)


def test_known_truths_are_recovered_with_the_coverage_that_is_claimed(fitted):
    """400 truths held out: coverage within 4 standard errors, ranks uniform by chi-square after Bonferroni."""
    quantiles, statistics = toy(7, 400)
    ranks, spread = recover(fitted, quantiles, statistics, ERROR, KEPT, seed=3)
    assert ((ranks > 0.05) & (ranks < 0.95)).mean(axis=0) == pytest.approx(0.9, abs=0.06)
    assert ((ranks > 0.25) & (ranks < 0.75)).mean(axis=0) == pytest.approx(0.5, abs=0.1)
    parameters = [Parameter(f"behaviour.{n}", 0, -2, 2, "", "", "J", "yes") for n in "abc"]
    table = recovery_table(parameters, ranks, spread).set_index("parameter")
    assert table.loc["all", "p"] > 0.01
    assert spread[:, 0].mean() < 0.7 and spread[:, 2].mean() == pytest.approx(1, abs=0.1)


def test_a_wrong_inference_is_noticed_by_the_ranks(fitted):
    """Truths from another model (shifted statistics) give ranks that are not uniform."""
    quantiles, statistics = toy(7, 200)
    ranks, spread = recover(fitted, quantiles, statistics + 1.0, ERROR, KEPT, seed=3)
    parameters = [Parameter(f"behaviour.{n}", 0, -2, 2, "", "", "J", "yes") for n in "abc"]
    assert recovery_table(parameters, ranks, spread).set_index("parameter").loc["all", "p"] < 1e-6


def test_missing_statistics_are_no_obstacle():
    quantiles, statistics = toy(4)
    statistics[np.random.default_rng(5).uniform(size=len(statistics)) < 0.3, 1] = np.nan
    found = Amortised(quantiles, statistics, ERROR).posterior(np.array([1.0, 0.5]), KEPT)
    alone = Amortised(quantiles, statistics, ERROR).posterior(np.array([1.0, np.nan]), KEPT)
    spread = [np.sqrt(np.cov(each.quantiles[:, 0], aweights=each.weights)) for each in (found, alone)]
    assert spread[0] < spread[1]


def test_quantiles_stay_within_the_prior(fitted):
    found = fitted.posterior(np.array([50.0, -50.0]), KEPT)
    assert np.isfinite(found.quantiles).all() and found.quantiles.min() > 0 and found.quantiles.max() < 1
    assert expit(logit(np.array([0.2, 0.9]))) == pytest.approx([0.2, 0.9])


def test_keeping_the_prior_restores_its_means_with_the_least_change():
    rng = np.random.default_rng(1)
    quantiles = rng.beta(2, 1, size=(2000, 3))
    weights = np.full(2000, 1 / 2000)
    found = keep_prior(weights, quantiles)
    assert found.sum() == pytest.approx(1) and found @ quantiles == pytest.approx([0.5] * 3, abs=0.01)
    even = rng.uniform(size=(2000, 3))
    assert np.abs(keep_prior(weights, even) * 2000 - 1).max() < 0.5


def test_weighted_quantiles():
    values, weights = np.arange(101.0), np.ones(101)
    assert weighted_quantile(values, weights, [0.5]) == pytest.approx(50)
    assert weighted_quantile(np.append(values, np.nan), np.append(weights, 9), [0.5]) == pytest.approx(50)
    assert weighted_quantile(values, np.where(values > 90, 1.0, 1e-9), [0.02])[0] > 89
    assert np.isnan(weighted_quantile(np.full(2, np.nan), np.ones(2), [0.5])).all()


def test_identification_says_what_is_silent_and_what_is_a_ridge():
    rng = np.random.default_rng(3)
    first = rng.uniform(size=3000)
    quantiles = np.column_stack([first, 1 - first, 0.45 + 0.1 * rng.uniform(size=3000)])
    posterior = Posterior(np.arange(3000), np.full(3000, 1 / 3000), quantiles, np.zeros(3000))
    parameters = [Parameter(f"behaviour.g.{n}", 0.5, 0, 1, "", "", "J", "yes") for n in "abc"]
    table = identification(parameters, posterior).set_index("parameter")
    assert (
        table.loc["g.a", "verdict"] == "the data say nothing about it alone"
        and "g.b (-1.00)" in table.loc["g.a", "ridges"]
    )
    assert table.loc["g.c", "verdict"] == "the data narrow it"


def test_too_few_runs_are_told():
    with pytest.raises(InputError, match="at least 50"):
        Amortised(*toy(1, 20), ERROR)
