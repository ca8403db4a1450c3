"""The interval of the mean effect holds what it says, and probabilities of signs go with it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from consensus_sim.forecast.effects import mean_effect, signs
from consensus_sim.forecast.summary import standard_error
from consensus_sim.study.draws import draw_number, one_way

Array = np.ndarray
RUNS = 2000


def drawn(rng: np.random.Generator, replicates: int, between: float, chance: float, runs: int = RUNS) -> Array:
    """Paired differences of `runs` studies (runs, replicates): mean effects N(1, between), chance N(0, chance)."""
    effects = 1 + np.sqrt(between) * rng.normal(size=(runs, replicates))
    return effects[:, tenth(replicates)] + np.sqrt(chance) * rng.normal(size=(runs, replicates))


def tenth(replicates: int) -> Array:
    """The draws of a study."""
    return draw_number(np.arange(replicates))


def found(values: Array, draws: Array | None) -> dict[str, Array]:
    return mean_effect(values, draws, standard_error(values, draws))


@pytest.mark.parametrize(
    ("replicates", "between", "chance", "low", "high"),
    [
        # coverage as stated in the docstring; its own standard error is 0.007
        (20, 1.0, 0.0, 0.83, 0.96),
        (20, 1.0, 0.25, 0.83, 0.92),
        (20, 1.0, 1.0, 0.83, 0.92),
        (20, 1.0, 4.0, 0.83, 0.96),
        (60, 1.0, 1.0, 0.86, 0.92),
        (60, 1.0, 4.0, 0.88, 0.96),
        (200, 1.0, 1.0, 0.86, 0.92),
        (10, 1.0, 0.25, 0.78, 0.90),
        (5, 1.0, 0.25, 0.78, 0.92),  # no draw is repeated: all is kept
        (20, 0.0, 1.0, 0.97, 1.0),
    ],
)
def test_the_interval_holds_the_mean_effect_of_one_more_draw(
    replicates: int, between: float, chance: float, low: float, high: float
) -> None:
    rng = np.random.Generator(np.random.PCG64(7))
    interval = found(drawn(rng, replicates, between, chance), tenth(replicates))
    fresh = 1 + np.sqrt(between) * rng.normal(size=RUNS)
    share = float(np.mean((interval["mean_q05"] <= fresh) & (fresh <= interval["mean_q95"])))
    assert low <= share <= high


def test_chance_is_averaged_out() -> None:
    rng = np.random.Generator(np.random.PCG64(8))
    values = drawn(rng, 400, 1.0, 25.0, runs=40)
    interval = found(values, tenth(400))
    width = np.mean(interval["mean_q95"] - interval["mean_q05"])
    single = np.mean(np.quantile(values, 0.95, axis=1) - np.quantile(values, 0.05, axis=1))
    # true widths: 3.3 and 16.8; between is hardly seen under so much chance, so the interval is too wide, never as wide
    assert 3.0 < width < 0.5 * single


def test_without_drawn_parameters_it_is_student_s_interval() -> None:
    values = np.random.Generator(np.random.PCG64(9)).normal(0.4, 1.0, size=(20, 12))
    interval, error = found(values, None), standard_error(values)
    t = stats.t.ppf(0.95, 11)
    assert interval["mean_q05"] == pytest.approx(values.mean(axis=1) - t * error)
    assert interval["mean_q95"] == pytest.approx(values.mean(axis=1) + t * error)


@pytest.mark.parametrize("draws", [None, tenth(20), np.arange(20) // 2, np.arange(20) % 7])
def test_the_sign_is_sure_just_where_the_interval_leaves_out_zero(draws: Array | None) -> None:
    values = np.random.Generator(np.random.PCG64(10)).normal(0.5, 1.0, size=(300, 20))
    values[100:200] *= -1
    interval = found(values, draws)
    assert np.array_equal(interval["p_mean_up"] > 0.95, interval["mean_q05"] > 0)
    assert np.array_equal(interval["p_mean_down"] > 0.95, interval["mean_q95"] < 0)
    assert interval["p_mean_up"] + interval["p_mean_down"] == pytest.approx(1)
    turned = found(-values, draws)
    assert turned["mean_q05"] == pytest.approx(-interval["mean_q95"])
    assert turned["p_mean_up"] == pytest.approx(interval["p_mean_down"])


def test_gaps_cut_off_clusters_and_ties() -> None:
    nan = np.nan
    values = np.array(
        [
            [0.0, 0, 0, 0, 0],
            [2.0, 2, 2, 2, 2],
            [nan, nan, nan, nan, nan],
            [1.0, 2, nan, nan, nan],
            [nan, nan, nan, nan, 1.0],
            [1.0, nan, 2, nan, 3],
            [1.0, 1, 3, 3, 5],
        ]
    )
    interval = found(values, np.array([0, 0, 1, 1, 2]))
    assert [interval[name][0] for name in interval] == [0, 0, 0, 0]  # neither up nor down
    assert [interval[name][1] for name in interval] == [2, 2, 1, 0]
    for name, each in interval.items():
        assert np.isnan(each[2:5]).all(), name
        assert not np.isnan(each[5:]).any(), name
    assert interval["mean_q05"][6] < 1 and interval["mean_q95"][6] > 5  # all of the differences stem from parameters


def test_shares_of_signs() -> None:
    nan = np.nan
    found = signs(np.array([[1.0, -1, 0, 2], [nan, nan, -1, 0], [nan] * 4]))
    assert found["p_up"][:2].tolist() == [0.5, 0.0]
    assert found["p_down"][:2].tolist() == [0.25, 0.5]
    assert np.isnan(found["p_up"][2]) and np.isnan(found["p_down"][2])


def test_ends_are_where_the_mixture_says() -> None:
    """5 % of the mixture of blurred means lie below the lower end, however the root is found: to 1e-9."""
    rng = np.random.Generator(np.random.PCG64(12))
    values, draws = drawn(rng, 20, 1.0, 1.0, runs=5), tenth(20)
    interval, own = found(values, None), one_way(values, None)
    width = standard_error(values) * stats.t.ppf(0.95, 19) / stats.norm.ppf(0.95)
    centre = own.mean.mean(axis=1)
    assert stats.norm.cdf((interval["mean_q05"] - centre) / width) == pytest.approx(0.05, abs=1e-9)
    shifted = found(values + 3.0, draws)["mean_q05"] - found(values, draws)["mean_q05"]
    assert shifted == pytest.approx(3.0, abs=1e-9)


def test_a_single_repeated_draw_that_differs_much_shows_chance() -> None:
    """The two replicates of a draw lie as far apart as any two draws, or agree: the interval is narrower, or not."""
    rng, draws = np.random.Generator(np.random.PCG64(13)), tenth(40)
    values = rng.normal(size=(1, 40))
    repeated = np.flatnonzero(np.diff(draws) == 0)
    alike = values.copy()
    alike[:, repeated + 1] = alike[:, repeated]
    widths = [np.ptp([found(own, draws)[end][0] for end in ("mean_q05", "mean_q95")]) for own in (values, alike)]
    assert widths[0] < 0.85 * widths[1]


@pytest.mark.parametrize(
    "draws", [np.arange(18) // 3, np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 3, 4, 5, 5, 5, 5, 5, 6, 6])]
)
def test_mean_squares_agree_with_an_analysis_of_variance(draws: Array) -> None:
    rng = np.random.Generator(np.random.PCG64(11))
    values = rng.normal(size=(1, 18)) + draws
    order = rng.permutation(18)
    between, within, _ = one_way(values[:, order], draws[order]).mean_squares()
    runs = [values[0, draws == draw] for draw in np.unique(draws)]
    assert between / within == pytest.approx(stats.f_oneway(*runs).statistic)
    squares = sum(((run - run.mean()) ** 2).sum() for run in runs)
    assert within == pytest.approx(squares / (18 - len(runs)))
