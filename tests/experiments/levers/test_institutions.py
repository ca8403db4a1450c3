"""The table of institutions says what its numbers say, and every institution is in it."""

from __future__ import annotations

import pandas as pd
import pytest

from consensus_sim.experiments.levers.study import read_contrasts, verdict
from consensus_sim.study.config import compose


@pytest.fixture(scope="module")
def published(reference):
    return pd.read_csv(reference / "institutions.csv", keep_default_na=False, na_values=[""])


def test_every_expectation_has_its_row_and_its_source(published):
    wanted = [
        (each.contrast, each.scenario, each.reference, metric, group, sign, source)
        for each in read_contrasts(compose(["experiment=institutions"])["levers"])
        for metric, group, sign, source in each.expectations
    ]
    keys = ["contrast", "scenario", "reference", "metric", "group", "expectation", "source"]
    assert list(published[keys].itertuples(index=False, name=None)) == wanted
    assert published["source"].str.contains(r"[ABDFGLP]\d").all()


def test_every_lever_is_switched_on_or_off_by_some_contrast(published):
    config = compose()
    changed = {
        lever
        for name in {*published["scenario"], *published["reference"]}
        for lever in (config["scenario"][name]["interventions"] or {})
    }
    lectures_only_with_others = {"lectures"}
    assert set(config["intervention"]) - changed <= lectures_only_with_others


def test_published_verdicts_follow_from_the_published_numbers(published):
    for row in published.to_dict("records"):
        assert verdict(row["expectation"], row) == row["verdict"], row
