"""The interval of the mean effect holds what it says, and probabilities of signs go with it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from consensus_sim.ensemble.effects import mean_effect, mean_squares, signs
from consensus_sim.ensemble.summary import standard_error

Array = np.ndarray
RUNS = 2000


def drawn(rng: np.random.Generator, draws: int, between: float, chance: float, runs: int = RUNS) -> Array:
    """Paired differences of `runs` studies (runs, 2 draws): mean effects N(1, between), chance N(0, chance)."""
    effects = 1 + np.sqrt(between) * rng.normal(size=(runs, draws))
    return (effects[:, :, None] + np.sqrt(chance) * rng.normal(size=(runs, draws, 2))).reshape(runs, -1)


def found(values: Array, together: int = 2) -> dict[str, Array]:
    return mean_effect(values, together, standard_error(values, together))


@pytest.mark.parametrize(
    ("draws", "between", "chance", "low", "high"),
    [
        # coverage as stated in the docstring; its own standard error is 0.007
        (10, 1.0, 0.0, 0.83, 0.94),
        (10, 1.0, 1.0, 0.83, 0.94),
        (10, 1.0, 4.0, 0.83, 0.94),
        (30, 1.0, 1.0, 0.86, 0.92),
        (30, 1.0, 4.0, 0.86, 0.94),
        (5, 1.0, 0.0, 0.78, 0.90),
        (10, 0.0, 1.0, 0.97, 1.0),
    ],
)
def test_the_interval_holds_the_mean_effect_of_one_more_draw(
    draws: int, between: float, chance: float, low: float, high: float
) -> None:
    rng = np.random.Generator(np.random.PCG64(7))
    interval = found(drawn(rng, draws, between, chance))
    fresh = 1 + np.sqrt(between) * rng.normal(size=RUNS)
    share = float(np.mean((interval["mean_q05"] <= fresh) & (fresh <= interval["mean_q95"])))
    assert low <= share <= high


def test_chance_is_averaged_out() -> None:
    rng = np.random.Generator(np.random.PCG64(8))
    values = drawn(rng, 200, 1.0, 25.0, runs=40)
    interval = found(values)
    width = np.mean(interval["mean_q95"] - interval["mean_q05"])
    single = np.mean(np.quantile(values, 0.95, axis=1) - np.quantile(values, 0.05, axis=1))
    # true widths: 3.3 and 16.8; between is hardly seen under so much chance, so the interval is too wide, never as wide
    assert 3.0 < width < 0.5 * single


def test_without_drawn_parameters_it_is_student_s_interval() -> None:
    values = np.random.Generator(np.random.PCG64(9)).normal(0.4, 1.0, size=(20, 12))
    interval, error = found(values, 1), standard_error(values, 1)
    t = stats.t.ppf(0.95, 11)
    assert interval["mean_q05"] == pytest.approx(values.mean(axis=1) - t * error)
    assert interval["mean_q95"] == pytest.approx(values.mean(axis=1) + t * error)


@pytest.mark.parametrize("together", [1, 2])
def test_the_sign_is_sure_just_where_the_interval_leaves_out_zero(together: int) -> None:
    values = np.random.Generator(np.random.PCG64(10)).normal(0.5, 1.0, size=(300, 20))
    values[100:200] *= -1
    interval = found(values, together)
    assert np.array_equal(interval["p_mean_up"] > 0.95, interval["mean_q05"] > 0)
    assert np.array_equal(interval["p_mean_down"] > 0.95, interval["mean_q95"] < 0)
    assert interval["p_mean_up"] + interval["p_mean_down"] == pytest.approx(1)
    turned = found(-values, together)
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
    interval = found(values)
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


def test_mean_squares_agree_with_an_analysis_of_variance() -> None:
    runs = np.random.Generator(np.random.PCG64(11)).normal(size=(6, 3)) + np.arange(6)[:, None]
    between, within = mean_squares(np.vstack([runs, [[1.0, np.nan, 2.0]]]))
    assert between / within == pytest.approx(stats.f_oneway(*runs).statistic)
    assert within == pytest.approx(np.mean(runs.var(axis=1, ddof=1)))
