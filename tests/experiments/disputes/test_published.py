"""The published tables of named disputes: they are the same when regenerated, and complete."""

from __future__ import annotations

import pandas as pd
import pytest

from consensus_sim.experiments.disputes.study import OUTCOMES, disputes_of
from consensus_sim.study.config import compose

REPLICATES = {"disputes": 200, "disputes_teaching": 6}
"""Published table -> its replicates."""


def test_the_teaching_table_made_anew_is_the_published_one(publish, reference):
    """Every value as printed. If this fails after a change of the model, publish it again (experiments/README.md)."""
    made = publish("disputes", "community=teaching", "replicates=6", "engine.workers=2")
    found, expected = (pd.read_csv(folder / "disputes_teaching.csv", dtype=str) for folder in (made, reference))
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize("name", REPLICATES)
def test_every_dispute_has_a_row_for_each_scenario_and_its_replicates(reference, name):
    config = compose(["experiment=disputes"])
    table = pd.read_csv(reference / f"{name}.csv")
    wanted = [(name, scenario) for name in disputes_of(config["topic"]) for scenario in config["scenarios"]]
    assert list(table[["dispute", "scenario"]].itertuples(index=False, name=None)) == wanted
    assert (table["replicates"] == REPLICATES[name]).all()
    assert (table[list(OUTCOMES)].sum(axis=1) - 1).abs().max() < 1e-3


def test_what_is_reported_is_what_the_files_say(reference):
    topics = compose([])["topic"]
    for row in pd.read_csv(reference / "disputes.csv", keep_default_na=False).to_dict("records"):
        reported = topics[row["dispute"]]["reported"]
        assert (row["reported_zh"], row["reported_en"], row["source"]) == tuple(
            reported[n] for n in ("zh", "en", "source")
        )
