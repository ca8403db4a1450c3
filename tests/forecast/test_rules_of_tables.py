"""Tables of a forecast where replicates, parameter draws and gaps are not the same number."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from consensus_sim.forecast.summary import Values, contrast
from consensus_sim.forecast.variance import split, unidentified, variance_table
from consensus_sim.study.draws import draw_number

UNIT = {"trust": "score", "reach_year": "share"}


def values_of(lines, draws):
    """Values from (scenario, metric) -> value of each replicate."""
    rows = [
        (scenario, replicate, metric, "all", value)
        for (scenario, metric), line in lines.items()
        for replicate, value in enumerate(line)
    ]
    frame = pd.DataFrame(rows, columns=["scenario", "replicate", "metric", "group", "value"])
    return Values(frame, list(dict.fromkeys(scenario for scenario, _ in lines)), len(draws), draws)


def test_pairs_and_draws_of_a_difference_are_those_in_which_both_are_defined():
    """Six replicates of three draws; the reference lacks a whole draw and one replicate of another."""
    nan = float("nan")
    lines = {("a", "trust"): [1.0, 2.0, nan, nan, 3.0, nan], ("b", "trust"): [2.0, 2.0, 5.0, 5.0, 5.0, 5.0]}
    (row,) = contrast(values_of(lines, np.array([0, 0, 1, 1, 2, 2])), UNIT, "a").to_dict("records")
    assert (row["replicates"], row["sets"], row["difference"]) == (3, 2, 1.0)
    (turned,) = contrast(values_of(lines, np.array([0, 0, 1, 1, 2, 2])), UNIT, "b").to_dict("records")
    assert (turned["replicates"], turned["sets"], turned["difference"]) == (3, 2, -1.0)
    assert (turned["q05"], turned["q95"]) == pytest.approx((-row["q95"], -row["q05"]))


def test_the_table_tells_the_unidentified_share_of_wanted_metrics_where_parameters_surely_matter():
    """Half of the variance from parameters is of one that the data narrow; the row of another metric is left empty."""
    draws = draw_number(np.arange(220))
    rng = np.random.default_rng(3)
    narrowed, others = rng.normal(size=(draws.max() + 1, 2)), rng.normal(size=draws.max() + 1)
    level = (narrowed[:, 0] + others)[draws] + rng.normal(0, 0.3, 220)
    lines = {("a", "trust"): level, ("a", "reach_year"): level, ("b", "trust"): level + narrowed[:, 0][draws]}
    lines["b", "reach_year"] = rng.normal(size=220)
    table = variance_table(values_of(lines, draws), UNIT, "a", narrowed, ["trust"]).set_index(
        ["scenario", "reference", "metric"]
    )
    for scenario in ("a", "b"):
        row = table.loc[scenario, "", "trust"]
        expected = unidentified(lines[scenario, "trust"], draws, narrowed)
        assert tuple(row[["unidentified", "unidentified_low", "unidentified_high"]]) == pytest.approx(expected)
        assert row["share_parameters"] == pytest.approx(split(lines[scenario, "trust"], draws)["share_parameters"])
        assert np.isnan(table.loc[scenario, "", "reach_year"]["unidentified"])
    assert table.loc["a", "", "trust"]["unidentified"] > table.loc["b", "", "trust"]["unidentified"]
    against = table.loc["b", "a", "trust"]
    assert against["unidentified"] < 0.2, "the difference is all of the parameter that the data narrow"
