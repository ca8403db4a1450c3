"""Summaries and paired differences against values worked out by hand and by pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from consensus_sim.forecast.summary import CONTRASTS, SUMMARY, Values, contrast, count_clusters, same_way, summarise

UNIT = {"reach_year": "share", "trust": "score"}


def metrics(values: dict[tuple[str, str, str], list[float]]) -> pd.DataFrame:
    """Rows of table metrics from (scenario, metric, group) -> value of each replicate."""
    rows = [
        (scenario, replicate, metric, group, value)
        for (scenario, metric, group), line in values.items()
        for replicate, value in enumerate(line)
    ]
    return pd.DataFrame(rows, columns=["scenario", "replicate", "metric", "group", "value"])


def test_summary_agrees_with_pandas():
    draws = np.random.Generator(np.random.PCG64(1)).normal(size=(2, 9))
    names = ("before", "full")
    frame = metrics({(name, "trust", "all"): list(draws[number]) for number, name in enumerate(names)})
    found = summarise(Values(frame, names, 9), UNIT).set_index("scenario")
    assert tuple(found.reset_index().columns) == SUMMARY
    for number, name in enumerate(names):
        series = pd.Series(draws[number])
        assert found.loc[name, "mean"] == pytest.approx(series.mean())
        assert found.loc[name, "sd"] == pytest.approx(series.std())
        for column, share in (("q05", 0.05), ("q50", 0.5), ("q95", 0.95)):
            assert found.loc[name, column] == pytest.approx(series.quantile(share))
        assert (found.loc[name, "unit"], found.loc[name, "replicates"]) == ("score", 9)


def test_contrasts_are_paired_by_replicate():
    frame = metrics({("before", "trust", "all"): [1.0, 5.0, 9.0], ("full", "trust", "all"): [2.0, 6.0, 10.0]})
    (row,) = contrast(Values(frame, ("before", "full"), 3), UNIT, "before").to_dict("records")
    assert tuple(row) == CONTRASTS
    assert (row["scenario"], row["reference"], row["replicates"]) == ("full", "before", 3)
    assert (row["difference"], row["q05"], row["q95"], row["standard_error"]) == (1.0, 1.0, 1.0, 0.0)
    assert (row["mean_q05"], row["mean_q95"], row["p_mean_up"], row["p_mean_down"]) == (1.0, 1.0, 1.0, 0.0)
    assert (row["p_up"], row["p_down"]) == (1.0, 0.0) and np.isnan(row["least_difference"])


def test_contrasts_have_both_intervals_and_the_least_difference():
    draws = np.random.Generator(np.random.PCG64(2)).normal(size=(2, 40))
    frame = metrics({(name, "trust", "all"): list(draws[number]) for number, name in enumerate(("before", "full"))})
    rows = {
        name: contrast(Values(frame, ("before", "full"), 40, draws), UNIT, "before", {"trust": 0.02}).iloc[0]
        for name, draws in (("alone", None), ("pairs", np.arange(40) // 2), ("one", np.zeros(40, np.int64)))
    }
    paired = draws[1] - draws[0]
    assert all(row["least_difference"] == 0.02 and row["p_up"] == np.mean(paired > 0) for row in rows.values())
    alone = rows["alone"]
    assert alone["mean_q05"] + alone["mean_q95"] == pytest.approx(2 * alone["difference"])
    assert alone["q05"] < rows["pairs"]["mean_q05"] < alone["mean_q05"]  # parameters may matter where they are drawn
    assert np.isnan(rows["one"]["mean_q05"]) and np.isnan(rows["one"]["p_mean_up"])  # a single parameter draw


def test_replicates_without_a_value_are_left_out_and_counted():
    nan = float("nan")
    frame = metrics(
        {
            ("before", "trust", "all"): [1.0, nan, 3.0],
            ("full", "trust", "all"): [2.0, 4.0, nan],
            ("before", "reach_year", "all"): [nan, nan, nan],
            ("full", "reach_year", "all"): [0.5, nan, nan],
        }
    )
    values = Values(frame, ("before", "full"), 3)
    summary = summarise(values, UNIT).set_index(["scenario", "metric"])
    assert summary["replicates"].to_dict() == {
        ("before", "trust"): 2, ("full", "trust"): 2, ("full", "reach_year"): 1,
    }  # fmt: skip
    assert summary.loc[("before", "trust"), "mean"] == 2.0
    assert np.isnan(summary.loc[("full", "reach_year"), "sd"])
    (row,) = contrast(values, UNIT, "before").to_dict("records")
    assert (row["metric"], row["difference"], row["replicates"]) == ("trust", 1.0, 1)


def test_rows_follow_the_study_and_not_the_order_of_arrival():
    frame = metrics({(name, "trust", "all"): [1.0, 2.0] for name in ("full", "before")})
    shuffled = frame.sample(frac=1, random_state=3)
    for order in (("before", "full"), ("full", "before")):
        assert tuple(summarise(Values(shuffled, order, 2), UNIT)["scenario"]) == order


def test_the_share_that_goes_the_same_way():
    nan = np.nan
    values = np.array([[1.0, 2, -1, 0], [nan, -1, -2, nan], [0, 0, 0, nan], [nan, nan, nan, nan], [5, -1, -1, -1]])
    found = same_way(values)
    assert found[:3].tolist() == [0.5, 1.0, 1.0] and np.isnan(found[3])
    assert found[4] == 0.25  # the sign is that of the mean, not of most
    assert np.array_equal(same_way(-values), found, equal_nan=True)


def test_sets_that_share_parameters_count_once():
    defined = np.array([[True] * 5, [True, False, False, False, True], [False] * 5])
    assert count_clusters(defined, np.array([7, 7, 3, 3, 5])).tolist() == [3, 2, 0]
    assert count_clusters(defined, np.array([1, 2, 3, 4, 1])).tolist() == [4, 1, 0]
    assert count_clusters(defined, None).tolist() == [5, 2, 0]


def test_the_interval_of_the_mean_effect_stays_within_what_the_unit_allows():
    values = {
        ("before", "reach_year", "all"): [0.0, 0.1, 0.0, 0.0],
        ("full", "reach_year", "all"): [1.0, 1.0, 0.2, 1.0],
    }
    frame = metrics(values)
    (share,) = contrast(Values(frame, ("before", "full"), 4), {"reach_year": "share"}, "before").to_dict("records")
    (count,) = contrast(Values(frame, ("before", "full"), 4), {"reach_year": "topics"}, "before").to_dict("records")
    assert share["mean_q95"] == 1.0 < count["mean_q95"] and share["mean_q05"] == count["mean_q05"]
