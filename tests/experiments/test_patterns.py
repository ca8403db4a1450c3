"""The published tables of patterns and of the rough size: single runs made anew are the same, the rest follows."""

from __future__ import annotations

import pandas as pd
import pytest

AGAIN = 1  # replicates that are made anew, two with the posterior's parameters


@pytest.fixture(scope="module")
def patterns(load_study):
    return load_study("patterns")


@pytest.fixture(scope="module")
def made_anew(patterns, tmp_path_factory):
    folder = tmp_path_factory.mktemp("patterns")
    patterns.main(["--replicates", str(AGAIN), "--workers", "2", "--out", str(folder)])
    return folder


@pytest.mark.parametrize(
    ("name", "again"),
    [
        ("patterns_replicates.csv", AGAIN),
        ("patterns_posterior_replicates.csv", 2 * AGAIN),
        ("rough_size_replicates.csv", AGAIN),
    ],
)
def test_single_runs_made_anew_are_the_published_ones(made_anew, reference, name, again):
    """Every value as printed. If this fails after a change of the model, run experiments/patterns/run.py and look."""
    found, published = (pd.read_csv(folder / name, dtype=str) for folder in (made_anew, reference))
    expected = published[published["replicate"].astype(int) < again].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, expected)


def test_the_published_targets_follow_from_the_published_runs(patterns, reference, tmp_path):
    single = pd.read_csv(reference / "rough_size_replicates.csv")
    assert single["replicate"].nunique() == 30
    patterns.write(patterns.target_table(single), tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_text() == (reference / "rough_size.csv").read_text()


@pytest.mark.parametrize(("name", "replicates"), [("patterns", 30), ("patterns_posterior", 60)])
def test_the_published_patterns_follow_from_the_published_runs(patterns, reference, tmp_path, name, replicates):
    single = pd.read_csv(reference / f"{name}_replicates.csv")
    assert single["replicate"].nunique() == replicates
    patterns.write(patterns.pattern_table(patterns.read_patterns(), single), tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_text() == (reference / f"{name}.csv").read_text()


@pytest.mark.parametrize("name", ["patterns", "patterns_posterior"])
def test_null_checks_hold(reference, name):
    """B26 is no matter of degree: a lever of zero strength changes nothing at all."""
    table = pd.read_csv(reference / f"{name}.csv")
    nulls = table[table["pattern"] == "B26"]
    assert len(nulls) >= 8 and (nulls["q05"] == 0).all() and (nulls["q95"] == 0).all()
