"""The published tables of patterns and of the rough size: regenerated single runs are the same, the rest follows."""

from __future__ import annotations

import pandas as pd
import pytest

from consensus_sim.experiments.patterns.study import pattern_table, read_patterns
from consensus_sim.experiments.rough_size.study import Settings, target_table
from consensus_sim.settings import read
from consensus_sim.study.config import compose

AGAIN = 1  # replicates that are regenerated, two with the posterior's parameters


@pytest.mark.parametrize(
    ("experiment", "parameters", "name", "again"),
    [
        ("patterns", "centre", "patterns_replicates.csv", AGAIN),
        ("patterns", "posterior", "patterns_posterior_replicates.csv", 2 * AGAIN),
        ("rough_size", "centre", "rough_size_replicates.csv", AGAIN),
    ],
)
def test_single_runs_made_anew_are_the_published_ones(publish, reference, experiment, parameters, name, again):
    """Every value as printed. If this fails after a change of the model, publish it again (experiments/README.md)."""
    made = publish(experiment, f"parameters={parameters}", f"replicates={again}", "engine.workers=2")
    found, published = (pd.read_csv(folder / name, dtype=str) for folder in (made, reference))
    expected = published[published["replicate"].astype(int) < again].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, expected)


def as_csv(table: pd.DataFrame) -> str:
    return table.to_csv(index=False, float_format="%.6g", lineterminator="\n")


def test_the_published_targets_follow_from_the_published_runs(reference):
    targets = read(Settings, compose(["experiment=rough_size"])["rough_size"], "rough_size").targets
    single = pd.read_csv(reference / "rough_size_replicates.csv")
    assert single["replicate"].nunique() == 30
    assert as_csv(target_table(targets, single)) == (reference / "rough_size.csv").read_text()


@pytest.mark.parametrize(("name", "replicates"), [("patterns", 30), ("patterns_posterior", 60)])
def test_the_published_patterns_follow_from_the_published_runs(reference, name, replicates):
    single = pd.read_csv(reference / f"{name}_replicates.csv")
    assert single["replicate"].nunique() == replicates
    assert as_csv(pattern_table(read_patterns(), single)) == (reference / f"{name}.csv").read_text()


@pytest.mark.parametrize("name", ["patterns", "patterns_posterior"])
def test_null_checks_hold(reference, name):
    """B26 is no matter of degree: a lever of zero strength changes nothing at all."""
    table = pd.read_csv(reference / f"{name}.csv")
    nulls = table[table["pattern"] == "B26"]
    assert len(nulls) >= 8 and (nulls["q05"] == 0).all() and (nulls["q95"] == 0).all()
