"""The command of response curves on a small community, and what is published is whole."""

from __future__ import annotations

from itertools import combinations

import pandas as pd
import pytest

from consensus_sim.errors import InputError
from consensus_sim.experiments.response.study import plan_of, read_response
from consensus_sim.study.config import compose

SETTINGS = read_response(compose(["experiment=response"])["response"])


def test_the_command_writes_the_table_and_the_figure_of_the_scenarios_it_is_given(publish, capsys):
    made = publish(
        "response", "community=teaching", "replicates=2", "calendar.weeks=20", "scenarios=[supervision]",
        "engine=serial",
    )  # fmt: skip
    name = "response_teaching"
    assert {path.name for path in made.iterdir()} == {f"{name}.csv", f"{name}.png", f"{name}.zh.png"}
    table = pd.read_csv(made / f"{name}.csv")
    assert set(table["intervention"]) == {"supervision"} and "supervision group" in capsys.readouterr().out


def test_an_unknown_scenario_is_refused():
    with pytest.raises(InputError, match="scenario: found 'gravity'"):
        plan_of(compose(["experiment=response", "scenarios=[gravity]"]))


def test_the_published_table_holds_every_curve_and_pair_of_doses(reference):
    table = pd.read_csv(reference / "response.csv", keep_default_na=False)
    found = set(
        zip(table["intervention"], table["metric"], table["group"], table["dose"], table["against"], strict=True)
    )
    wanted = {
        (name, metric, group, high, low)
        for name, curve in SETTINGS.interventions.items()
        for metric, groups in curve.metrics.items()
        for group in groups
        for low, high in combinations(SETTINGS.doses, 2)
    }
    assert found == wanted
    assert (table["mean_q05"] <= table["mean_q95"]).all() and (table["replicates"] > 0).all()
