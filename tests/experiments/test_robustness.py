"""The robustness command plays alternatives on a small community, and what is published agrees with itself."""

from __future__ import annotations

import pandas as pd
import pytest


@pytest.fixture(scope="module")
def study(load_study):
    return load_study("robustness")


def test_the_command_plays_the_alternatives_it_is_given(study, reference, tmp_path):
    study.main(
        [
            "--community", "teaching", "--replicates", "4", "--weeks", "28", "--only", "other_chance", "no_influence",
            "--workers", "1", "--work", str(tmp_path), "--out", str(tmp_path),
        ]
    )  # fmt: skip
    found, published = (pd.read_csv(folder / "robustness.csv") for folder in (tmp_path, reference))
    assert list(found) == list(published)
    assert set(found["alternative"]) == {"other_chance", "no_influence"}
    assert (found["kept"] + found["lost"] + found["reversed"] == found["pairs"]).all()
    assert found["tau"].dropna().between(-1, 1).all() and found["pairs"].sum() > 0


def test_an_unknown_alternative_is_refused(study, capsys):
    with pytest.raises(SystemExit):
        study.main(["--only", "no_gravity"])
    assert "--only: found no_gravity; allowed: other_chance" in capsys.readouterr().err


def test_the_published_table_holds_every_alternative_and_metric(study, reference):
    from consensus_sim.analysis.robustness import read_alternatives
    from consensus_sim.study.config import compose

    table = pd.read_csv(reference / "robustness.csv")
    metrics, alternatives = read_alternatives(compose(["experiment=robustness"])["robustness"])
    pairs = {(each.name, metric) for each in alternatives for metric in metrics}
    assert set(zip(table["alternative"], table["metric"], strict=True)) == pairs
    assert (table["kept"] + table["lost"] + table["reversed"] == table["pairs"]).all()
    assert (table["tau_low"] <= table["tau_high"]).all()
