"""The robustness command runs alternatives on a small community, and the published table is consistent."""

from __future__ import annotations

import pandas as pd

from consensus_sim.study.config import compose


def test_the_command_plays_the_alternatives_it_is_given(publish, reference):
    node = compose(["experiment=robustness"])["robustness"]
    given = {name: node["alternatives"][name] for name in ("other_chance", "no_influence")}
    made = publish(
        "robustness", "community=teaching", "replicates=4", "calendar.weeks=28", "engine=serial",
        robustness={**node, "alternatives": given},
    )  # fmt: skip
    found, published = pd.read_csv(made / "robustness_teaching.csv"), pd.read_csv(reference / "robustness.csv")
    assert list(found) == list(published)
    assert set(found["alternative"]) == {"other_chance", "no_influence"}
    assert (found["kept"] + found["lost"] + found["reversed"] == found["pairs"]).all()
    assert found["tau"].dropna().between(-1, 1).all() and found["pairs"].sum() > 0


def test_the_published_table_holds_every_alternative_and_metric(reference):
    from consensus_sim.experiments.robustness.study import read_alternatives
    from consensus_sim.study.config import compose

    table = pd.read_csv(reference / "robustness.csv")
    metrics, alternatives = read_alternatives(compose(["experiment=robustness"])["robustness"])
    pairs = {(each.name, metric) for each in alternatives for metric in metrics}
    assert set(zip(table["alternative"], table["metric"], strict=True)) == pairs
    assert (table["kept"] + table["lost"] + table["reversed"] == table["pairs"]).all()
    assert (table["tau_low"] <= table["tau_high"]).all()
