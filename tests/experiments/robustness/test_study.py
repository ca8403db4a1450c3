"""Ranks under structural alternatives, by hand; settings that cannot be read."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.errors import InputError
from consensus_sim.experiments.robustness.study import (
    compare_ranks,
    rank_correlation,
    read_alternatives,
    told_apart,
    with_changes,
)


def runs(**means):
    noise = np.array([-0.1, 0.1, 0.0, 0.05, -0.05])
    return {name: {"trust": mean + noise * (number + 1)} for number, (name, mean) in enumerate(means.items())}


@pytest.mark.parametrize(
    ("other", "tau", "best", "same"),
    [
        ({"a": 1.0, "b": 2.0, "c": 3.0}, 1.0, "c", "yes"),
        ({"a": 3.0, "b": 2.0, "c": 1.0}, -1.0, "a", "no"),
        ({"a": 1.0, "b": 3.01, "c": 3.0}, 1 / 3, "b", "tied"),
    ],
)
def test_agreement_of_ranks(other, tau, best, same):
    (row,) = compare_ranks(runs(a=1.0, b=2.0, c=3.0), runs(**other), ["trust"], {"trust": "higher"})
    assert row["tau"] == pytest.approx(tau) and row["best"] == best and row["same_best"] == same


def test_the_error_of_a_lead_is_over_the_pairs_that_share_parameters():
    gap = np.array([0.4, 0.6, 0.1, 0.1, 0.9, 0.7])
    base = {"a": {"trust": np.ones(6)}, "b": {"trust": np.zeros(6)}}
    there = {"a": {"trust": np.zeros(6)}, "b": {"trust": gap}}
    single, paired = (
        compare_ranks(base, there, ["trust"], {"trust": "higher"}, draws)[0] for draws in (None, np.arange(6) // 2)
    )
    assert single["standard_error"] == pytest.approx(gap.std(ddof=1) / 6**0.5)
    assert paired["standard_error"] == pytest.approx(gap.reshape(3, 2).mean(axis=1).std(ddof=1) / 3**0.5)


def test_scenarios_are_told_apart_by_student_s_interval_over_draws():
    """A mean difference of 2.2 standard errors is significant with 20 draws (t = 2.09), but not with 10 (t = 2.26)."""
    for draws, told in ((20, 1.0), (10, 0.0)):
        gap = np.linspace(-1, 1, draws)
        gap += 2.2 * gap.std(ddof=1) / np.sqrt(draws)
        values = np.array([gap, np.zeros(draws)]).repeat(2, axis=1)
        assert told_apart(values, np.arange(2 * draws) // 2)[0, 1] == told
        assert told_apart(values)[1, 0] == -1.0  # as if all were independent


def test_pairs_told_apart_are_counted_as_kept_lost_or_reversed():
    base = runs(a=1.0, b=2.0, c=3.0, d=3.0)
    other = runs(a=4.0, b=2.0, c=2.0, d=3.0)
    (row,) = compare_ranks(base, other, ["trust"], {"trust": "higher"})
    assert {name: row[name] for name in ("pairs", "kept", "lost", "reversed")} == {
        "pairs": 5, "kept": 1, "lost": 1, "reversed": 3,
    }  # fmt: skip


def test_a_scenario_without_the_metric_is_left_out_of_the_ranking():
    base, other = runs(a=1.0, b=2.0, c=3.0), runs(a=1.0, b=2.0, c=3.0)
    base["a"]["trust"] = np.full(5, np.nan)
    (row,) = compare_ranks(base, other, ["trust"], {"trust": "higher"})
    assert row["tau"] == 1.0 and row["pairs"] == 1
    assert compare_ranks({"a": base["a"]}, {"a": base["a"]}, ["trust"], {"trust": "higher"}) == []


def test_the_interval_of_the_rank_correlation_is_narrow_where_scenarios_are_far_apart():
    rng = np.random.default_rng(2)
    noise, steps = rng.normal(size=(6, 40)), np.arange(6.0)[:, None]
    far = rank_correlation(10 * steps + noise, 10 * steps + rng.normal(size=(6, 40)))
    assert far == pytest.approx((1.0, 1.0, 1.0))
    tau, low, high = rank_correlation(noise, rng.normal(size=(6, 40)))
    assert -1 <= low < tau < high <= 1 and high - low > 0.3
    assert np.isnan(rank_correlation(noise[:1], noise[:1])[0])


def test_replicates_of_a_set_are_drawn_together():
    """Two replicates of a set that are always alike say no more than one: the interval is the same."""
    rng = np.random.default_rng(4)
    first, second = rng.normal(size=(5, 20)), rng.normal(size=(5, 20))
    twice = [np.repeat(values, 2, axis=1) for values in (first, second)]
    assert rank_correlation(*twice, np.arange(40) // 2) == pytest.approx(rank_correlation(first, second))
    cut_off = rank_correlation(*(values[:, :-1] for values in twice), np.arange(39) // 2)
    assert -1 <= cut_off[1] <= cut_off[2] <= 1


def test_where_less_is_better_the_lowest_is_best():
    (row,) = compare_ranks(runs(a=1.0, b=2.0), runs(a=1.0, b=2.0), ["trust"], {"trust": "lower"})
    assert row["best"] == "a" and row["same_best"] == "yes"


@pytest.mark.parametrize(
    ("config", "word"),
    [
        ({"metrics": ["happiness"], "alternatives": {}}, "robustness.metrics"),
        (
            {"metrics": ["trust"], "alternatives": {"x": {"label": {"zh": "一", "en": "x"}, "settings": "a=1"}}},
            "settings",
        ),
        ({"metrics": ["trust"], "alternatives": {"x": {"label": "x", "settings": ["a=1"]}}}, "label"),
        ({"metric": [], "alternatives": {}}, "unknown key"),
    ],
)
def test_settings_that_cannot_be_read_are_refused(config, word):
    with pytest.raises(InputError, match=word):
        read_alternatives(config)


def test_an_alternative_is_laid_over_what_the_user_has_set():
    plain = {"points": {"value": 1, "budget": 5}, "tie": 0.5}
    mine = {"points": {"value": 2, "budget": 5, "own": 7}, "tie": 0.5, "more": 1}
    changed = {"points": {"value": 1, "budget": 9}, "tie": 0.1}
    assert with_changes(mine, plain, changed) == {"points": {"value": 2, "budget": 9, "own": 7}, "tie": 0.1, "more": 1}
    assert with_changes(mine, plain, plain) == mine
