"""The published tables of patterns and of the rough size: single runs made anew are the same, the rest follows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

AGAIN = 2  # replicates that are made anew


@pytest.fixture(scope="module")
def patterns(load_study):
    return load_study("patterns")


@pytest.fixture(scope="module")
def made_anew(patterns, tmp_path_factory):
    folder = tmp_path_factory.mktemp("patterns")
    patterns.main(["--replicates", str(AGAIN), "--workers", "2", "--out", str(folder)])
    return folder


@pytest.mark.parametrize("name", ["patterns_replicates.csv", "rough_size_replicates.csv"])
def test_single_runs_made_anew_are_the_published_ones(made_anew, reference, name):
    """Every value as printed. If this fails after a change of the model, run experiments/patterns/run.py and look."""
    found, published = (pd.read_csv(folder / name, dtype=str) for folder in (made_anew, reference))
    expected = published[published["replicate"].astype(int) < AGAIN].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize(("name", "make"), [("patterns", "pattern_table"), ("rough_size", "target_table")])
def test_the_published_table_follows_from_the_published_runs(patterns, reference, tmp_path, name, make):
    single = pd.read_csv(reference / f"{name}_replicates.csv")
    assert single["replicate"].nunique() == 30
    patterns.write(getattr(patterns, make)(single), tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_text() == (reference / f"{name}.csv").read_text()


def test_null_checks_hold(reference):
    """B26 is no matter of degree: a lever of zero strength changes nothing at all."""
    table = pd.read_csv(reference / "patterns.csv")
    nulls = table[table["pattern"] == "B26"]
    assert len(nulls) >= 8 and (nulls["q05"] == 0).all() and (nulls["q95"] == 0).all()


def test_differences_between_runs_are_found(patterns):
    """The null checks count what differs: the same scenario has none, another has some."""
    forecast = patterns.compare("teaching", ["before", "council"], replicates=1, weeks=20, workers=1)
    entry = {"id": "B26", "quantity": "self", "scenario": "council", "reference": "council"}
    other = {**entry, "quantity": "other", "reference": "before"}
    found = patterns.measure_nulls(forecast, [entry, other])
    assert found["B26", "self"][0] == 0 and found["B26", "other"][0] > 10


ENTRY = {"id": "X", "quantity": "x", "reading": ""}


def judged(patterns, values, rule, **band):
    single = patterns.replicate_table({("X", "x"): np.array(values, float)})
    return patterns.tabulate([{**ENTRY, "rule": rule, "band": band}], single)[0]


def test_rules(patterns):
    assert judged(patterns, [1, 3], "mean", low=2, high=2.5)["passed"]
    assert judged(patterns, [1, 2], "mean", low=2)["said"] == "mean below the band"
    assert judged(patterns, [3, 4], "mean", high=2)["said"] == "mean above the band"
    assert judged(patterns, [1] * 9 + [-1], "pairs", above=0)["passed"]
    assert not judged(patterns, [1] * 8 + [-1] * 2, "pairs", above=0)["passed"]
    assert not judged(patterns, [0] * 10, "pairs", above=0)["passed"]
    assert judged(patterns, [0] * 3, "all", low=0, high=0)["passed"]
    assert not judged(patterns, [0, 0, 1], "all", low=0, high=0)["passed"]


def test_undefined_runs_are_left_out_and_counted(patterns):
    row = judged(patterns, [2, float("nan"), 4], "mean", low=2, high=3)
    assert row["replicates"] == 2 and row["mean"] == 3 and row["passed"]
    empty = judged(patterns, [float("nan")], "mean", low=2)
    assert empty["passed"] is None and empty["said"] == "undefined in every run"
