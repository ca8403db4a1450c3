"""The sensitivity command makes its tables and page on a small community, and the published ones agree."""

from __future__ import annotations

import pandas as pd
import pytest

pytest.importorskip("SALib")


@pytest.fixture(scope="module")
def study(load_study):
    return load_study("sensitivity")


def test_the_command_makes_both_tables(study, reference, tmp_path):
    study.main(
        [
            "--community", "teaching", "--trajectories", "2", "--base", "4", "--screened", "2", "--noise", "4",
            "--weeks", "16", "--workers", "1", "--work", str(tmp_path), "--out", str(tmp_path),
        ]
    )  # fmt: skip
    for name in ("sensitivity_morris.csv", "sensitivity_sobol.csv"):
        assert list(pd.read_csv(tmp_path / name)) == list(pd.read_csv(reference / name))


def test_the_published_tables_cover_levels_and_differences_of_every_headline_metric(study, reference):
    from consensus_sim.study.config import compose

    morris = pd.read_csv(reference / "sensitivity_morris.csv", keep_default_na=False)
    sobol = pd.read_csv(reference / "sensitivity_sobol.csv", keep_default_na=False)
    told = set(compose(["experiment=sensitivity"])["sensitivity"]["metrics"])
    for table in (morris, sobol):
        assert {(s, r) for s, r in zip(table["scenario"], table["reference"], strict=True)} == {
            ("before", ""), ("council", ""), ("full", ""), ("before", "council"), ("full", "council"),
        }  # fmt: skip
        assert told == set(table["metric"])
        assert set(table["matters"]) <= {study.YES, study.NO, study.UNTOLD}
    assert (morris.groupby(study.KEYS).size() == study.LARGEST).all()
