"""The sensitivity command makes its tables and page on a small community, and the published ones agree."""

from __future__ import annotations

import pandas as pd
import pytest

pytest.importorskip("SALib")


from consensus_sim.experiments.sensitivity import study


def test_the_command_makes_both_tables(publish, reference):
    made = publish(
        "sensitivity", "community=teaching", "sensitivity.trajectories=2", "sensitivity.base=4",
        "sensitivity.screened=2", "sensitivity.noise=4", "calendar.weeks=16", "engine=serial",
    )  # fmt: skip
    for name in ("sensitivity_morris", "sensitivity_sobol"):
        assert list(pd.read_csv(made / f"{name}_teaching.csv")) == list(pd.read_csv(reference / f"{name}.csv"))


def test_the_published_tables_cover_levels_and_differences_of_every_headline_metric(reference):
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
