"""The emulated likelihood on a normal toy whose posterior is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.stats import qmc

from consensus_sim.errors import InputError
from consensus_sim.experiments.calibrate import emulator
from consensus_sim.experiments.calibrate.emulator import Emulator, Posterior, recover, weighted_quantile
from consensus_sim.experiments.calibrate.tables import identification, recovery_table
from consensus_sim.parameters import Parameter

pytest.importorskip("sklearn")
FunctionTransformer = pytest.importorskip("sklearn.preprocessing").FunctionTransformer
RUNS = 3000
NOISE, ERROR = 0.5, np.array([0.2, 0.2])
MOVED = np.array([0, 1, 2])
DRAWS = np.random.default_rng(8).uniform(size=(128, 4))
CANDIDATES = qmc.Sobol(3, rng=np.random.default_rng(9)).random(512)


def toy(seed: int, runs: int = RUNS):
    """theta = 4 q - 2; first statistic theta_1 + theta_2 + noise, second theta_1 + noise; the third is idle, and so is
    the fourth, which stays at its prior.
    """
    rng = np.random.default_rng(seed)
    quantiles = rng.uniform(size=(runs, 4))
    theta = 4 * quantiles - 2
    statistics = np.column_stack([theta[:, 0] + theta[:, 1], theta[:, 0]]) + NOISE * rng.normal(size=(runs, 2))
    return quantiles, statistics


def fit(quantiles, statistics, draws=DRAWS, trees=100):
    return Emulator.fit(quantiles, MOVED, statistics, ERROR, draws, CANDIDATES, trees, seed=2)


@pytest.fixture(scope="module")
def fitted():
    return fit(*toy(1))


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
    found = fitted.posterior(np.array(observed), times=64)
    theta = 4 * found.quantiles - 2
    assert found.weights.sum() == pytest.approx(1)
    for number, (mean, sd) in enumerate(exact(observed)):
        got = found.weights @ theta[:, number]
        assert got == pytest.approx(mean, abs=0.2)
        assert np.sqrt(found.weights @ (theta[:, number] - got) ** 2) == pytest.approx(sd, rel=0.2)
    idle = found.quantiles[:, 2]
    mean = found.weights @ idle
    assert mean == pytest.approx(0.5, abs=0.06)
    assert np.sqrt(found.weights @ (idle - mean) ** 2) == pytest.approx(12**-0.5, rel=0.1)


def test_sets_are_sampled_from_the_posterior(fitted):
    """The mean of the sets lies within 4 standard errors of that of the weighted candidates; each is a candidate of its
    draw, and two draws have none in common.
    """
    some = fitted.posterior(np.array([1.0, 0.5]), seed=4)
    own = (CANDIDATES + DRAWS[:, None, MOVED]) % 1
    weights = fitted.weights(np.array([1.0, 0.5]))[:, :, None] / len(DRAWS)
    mean = (weights * own).sum(axis=(0, 1))
    sd = np.sqrt((weights * (own - mean) ** 2).sum(axis=(0, 1)))
    assert len(some.rows) == len(DRAWS) and (some.weights == 1 / len(DRAWS)).all()
    assert (np.abs(some.quantiles.mean(axis=0) - mean) < 4 * sd / np.sqrt(len(DRAWS))).all()
    assert all((row == candidates).all(axis=1).any() for row, candidates in zip(some.quantiles, own, strict=True))
    assert len(np.unique(own.reshape(-1, 3), axis=0)) == own.size // 3
    again = fitted.posterior(np.array([1.0, 0.5]), seed=4)
    np.testing.assert_array_equal(some.quantiles, again.quantiles)


def test_statistics_learned_side_by_side_are_the_same(monkeypatch):
    """In as many processes as there are cores, or in this one: every number, also of what is undefined in some runs."""
    quantiles, statistics = toy(5, 400)
    statistics[::7, 1] = np.nan
    found = []
    for worth in (np.inf, 0):
        monkeypatch.setattr(emulator, "WORTH_PROCESSES", worth)
        found.append(fit(quantiles, statistics, DRAWS[:3], trees=20))
    here, beside = found
    for name in ("mean", "log_variance", "correlation", "explained", "shifts"):
        np.testing.assert_array_equal(getattr(here, name), getattr(beside, name))
    observed = np.array([1.0, 0.5])
    np.testing.assert_array_equal(here.weights(observed), beside.weights(observed))


def test_what_is_known_of_the_other_parameters_is_used():
    """Where a parameter that stays moves a figure, the calibrated one makes up for it, within each draw."""
    rng = np.random.default_rng(6)
    quantiles = rng.uniform(size=(RUNS, 4))
    statistics = (4 * quantiles[:, 0] + 4 * quantiles[:, 3] + 0.3 * rng.normal(size=RUNS))[:, None]
    draws = np.full((2, 4), 0.5)
    draws[:, 3] = 0.25, 0.75
    found = Emulator.fit(quantiles, MOVED, statistics, np.array([0.1]), draws, CANDIDATES, 100)
    low, high = found.posterior(np.array([4.0]), times=64).quantiles[:, 0].reshape(2, 64).mean(axis=1)
    assert low == pytest.approx(0.75, abs=0.08) and high == pytest.approx(0.25, abs=0.08)


def linear(draws, candidates, shifts, seed=3):
    """The exact emulator of 12 figures that are linear in 24 calibrated and 12 other parameters, all with standard
    normal priors, and noise; 200 truths with what is observed of each. Of a figure's variance, one, noise makes 0.3.
    """
    rng = np.random.default_rng(seed)

    def slopes(parameters, variance):
        found = rng.normal(size=(parameters, 12)) * np.exp(1.2 * rng.normal(size=(parameters, 12)))
        return found / np.sqrt((found**2).sum(axis=0)) * np.sqrt(variance)

    moved, others = slopes(24, 0.35), slopes(12, 0.35)
    own = (candidates + shifts[:, None]) % 1
    mean = stats.norm.ppf(own) @ moved + (stats.norm.ppf(draws) @ others)[:, None]
    truths, rest = rng.normal(size=(200, 24)), rng.normal(size=(200, 12))
    observed = truths @ moved + rest @ others + np.sqrt(0.3) * rng.normal(size=(200, 12))
    scores = tuple(FunctionTransformer() for _ in range(12))
    noise = np.full(mean.shape, np.log(0.3))
    return (
        Emulator(scores, mean, noise, np.eye(12), np.full(12, 0.7), candidates, shifts),
        stats.norm.cdf(truths),
        observed,
    )


def test_intervals_cover_90_percent_where_the_likelihood_is_exact():
    """Normal and linear, so that only the sampling can be wrong: 90 % lies in the 95 % interval of the coverage of all
    parameters together. Of candidates that all draws share too few weigh, and it does not.
    """
    draws = qmc.Sobol(36, rng=np.random.default_rng(1)).random(256)
    candidates = qmc.Sobol(24, rng=np.random.default_rng(2)).random(256)
    parameters = [Parameter(f"behaviour.{n}", 0, -2, 2, "", "", "J", "yes") for n in range(24)]
    rows = []
    for shifts in (draws[:, :24], np.zeros((256, 24))):
        emulated, truths, observed = linear(draws[:, 24:], candidates, shifts)
        found = recover(emulated, truths, observed, np.zeros(12), seed=5)
        rows.append(recovery_table(parameters, *found).set_index("parameter").loc["all"])
    own, shared = rows
    assert own["coverage90_low"] < 0.9 < own["coverage90_high"] and own["p"] > 0.01
    assert own["coverage50"] == pytest.approx(0.5, abs=0.02)
    assert shared["coverage90_high"] < 0.88


def test_known_truths_are_recovered_with_the_coverage_that_is_claimed(fitted):
    """400 truths held out: coverage within 4 standard errors, ranks uniform by chi-square after Bonferroni."""
    quantiles, statistics = toy(7, 400)
    ranks, spread, joint = recover(fitted, quantiles[:, MOVED], statistics, ERROR, seed=3)
    assert ((ranks > 0.05) & (ranks < 0.95)).mean(axis=0) == pytest.approx(0.9, abs=0.06)
    assert ((ranks > 0.25) & (ranks < 0.75)).mean(axis=0) == pytest.approx(0.5, abs=0.1)
    parameters = [Parameter(f"behaviour.{n}", 0, -2, 2, "", "", "J", "yes") for n in "abc"]
    table = recovery_table(parameters, ranks, spread, joint).set_index("parameter")
    assert table.loc["all", "p"] > 0.01 and table.loc["joint", "p"] > 0.01
    for name in ("all", "joint"):
        row = table.loc[name]
        assert row["coverage90_low"] < row["coverage90"] < row["coverage90_high"]
        assert row["coverage90_low"] - 0.03 < 0.9 < row["coverage90_high"] + 0.03
    assert spread[:, 0].mean() < 0.7 and spread[:, 2].mean() == pytest.approx(1, abs=0.1)


def test_a_wrong_inference_is_noticed_by_the_ranks(fitted):
    """Truths from another model (shifted statistics) give ranks that are not uniform."""
    quantiles, statistics = toy(7, 200)
    found = recover(fitted, quantiles[:, MOVED], statistics + 1.0, ERROR, seed=3)
    parameters = [Parameter(f"behaviour.{n}", 0, -2, 2, "", "", "J", "yes") for n in "abc"]
    table = recovery_table(parameters, *found).set_index("parameter")
    assert table.loc["all", "p"] < 1e-6


def test_a_ridge_that_is_missed_is_noticed_jointly_alone(fitted):
    """Two parameters of which the data know the sum: with weights that ignore how they go together, as the product of
    their marginals does, each one's ranks stay uniform, and the joint ones do not.
    """
    rng = np.random.default_rng(8)
    candidates = rng.uniform(size=(2000, 2))
    truths = rng.uniform(size=(1500, 2))
    right, wrong, ranks = np.empty(1500), np.empty(1500), np.empty((1500, 2))
    for number, truth in enumerate(truths):
        told = truth.sum() + 0.05 * rng.normal()
        weights = np.exp(-0.5 * ((candidates.sum(axis=1) - told) / 0.05) ** 2)
        weights /= weights.sum()
        apart = candidates[rng.choice(2000, 4000, p=weights), 0], candidates[rng.choice(2000, 4000, p=weights), 1]
        point = rng.uniform(size=2)
        limit = ((truth - point) ** 2).sum()
        right[number] = weights @ (((candidates - point) ** 2).sum(axis=1) < limit)
        wrong[number] = (((np.column_stack(apart) - point) ** 2).sum(axis=1) < limit).mean()
        ranks[number] = weights @ (candidates < truth)
    parameters = [Parameter(f"behaviour.{n}", 0, -2, 2, "", "", "J", "yes") for n in "ab"]
    tables = [recovery_table(parameters, ranks, ranks, joint).set_index("parameter") for joint in (right, wrong)]
    assert tables[0].loc["joint", "p"] > 0.01 > tables[1].loc["joint", "p"] and tables[1].loc["all", "p"] > 0.01


def test_missing_statistics_are_no_obstacle(fitted):
    quantiles, statistics = toy(4)
    statistics[np.random.default_rng(5).uniform(size=len(statistics)) < 0.3, 1] = np.nan
    gaps = fit(quantiles, statistics, trees=50)
    both, alone = (gaps.posterior(np.array([1.0, second]), times=64) for second in (0.5, np.nan))
    spread = [np.sqrt(np.cov(each.quantiles[:, 0], aweights=each.weights)) for each in (both, alone)]
    assert spread[0] < spread[1]
    np.testing.assert_allclose(gaps.weights(np.full(2, np.nan)), 1 / len(CANDIDATES))


def test_some_of_the_statistics_are_those_alone(fitted):
    one = fitted.only([1])
    np.testing.assert_allclose(one.weights(np.array([0.5])), fitted.weights(np.array([np.nan, 0.5])))


def test_an_observation_out_of_all_bounds_leaves_a_posterior(fitted):
    found = fitted.weights(np.array([50.0, -50.0]))
    assert np.isfinite(found).all() and found.sum(axis=1) == pytest.approx(1)


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
    posterior = Posterior(np.arange(3000), np.full(3000, 1 / 3000), quantiles)
    parameters = [Parameter(f"behaviour.g.{n}", 0.5, 0, 1, "", "", "J", "yes") for n in "abc"]
    table = identification(parameters, posterior).set_index("parameter")
    assert (
        table.loc["g.a", "verdict"] == "the data say nothing about it alone"
        and "g.b (-1.00)" in table.loc["g.a", "ridges"]
    )
    assert table.loc["g.c", "verdict"] == "the data narrow it"


def test_too_few_runs_are_told():
    with pytest.raises(InputError, match="at least 50"):
        fit(*toy(1, 20))
