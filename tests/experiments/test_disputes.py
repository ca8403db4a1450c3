"""The published tables of named disputes: made anew they are the same, and whole."""

from __future__ import annotations

import pandas as pd
import pytest

from consensus_sim.analysis.disputes import OUTCOMES, disputes_of
from consensus_sim.study.config import compose


@pytest.fixture(scope="module")
def disputes(load_study):
    return load_study("disputes")


def test_the_teaching_table_made_anew_is_the_published_one(disputes, reference, tmp_path):
    """Every value as printed. If this fails after a change of the model, run experiments/disputes/run.py and look."""
    place = tmp_path / "disputes.csv"
    disputes.main(["--community", "teaching", "--workers", "2", "--out", str(place)])
    found, expected = (pd.read_csv(file, dtype=str) for file in (place, reference / "disputes_teaching.csv"))
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize("community", ["case_study", "teaching"])
def test_every_dispute_has_a_row_for_each_scenario_and_its_replicates(disputes, community):
    config = compose(["experiment=disputes"])
    table = pd.read_csv(disputes.place_of(community))
    wanted = [(name, scenario) for name in disputes_of(config["topic"]) for scenario in config["scenarios"]]
    assert list(table[["dispute", "scenario"]].itertuples(index=False, name=None)) == wanted
    assert (table["replicates"] == disputes.PUBLISHED[community]).all()
    assert (table[list(OUTCOMES)].sum(axis=1) - 1).abs().max() < 1e-3


def test_what_is_reported_is_what_the_files_say(disputes):
    topics = compose([])["topic"]
    for row in pd.read_csv(disputes.place_of("case_study"), keep_default_na=False).to_dict("records"):
        reported = topics[row["dispute"]]["reported"]
        assert (row["reported_zh"], row["reported_en"], row["source"]) == tuple(
            reported[n] for n in ("zh", "en", "source")
        )
