"""Functions of experiments are looked up by name: every name leads to one, and a wrong name raises an error."""

from __future__ import annotations

import importlib

import pandas as pd
import pytest

from consensus_sim.experiments.runner import EXPERIMENTS, check_config
from consensus_sim.paths import configs_dir
from consensus_sim.study.config import compose


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_name_leads_to_a_function(name):
    assert callable(importlib.import_module(f"consensus_sim.experiments.{name}.study").run)


@pytest.mark.parametrize("path", sorted((configs_dir() / "experiment").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_built_in_experiment_can_be_looked_up(path):
    config = compose([f"experiment={path.stem}"])
    check_config(config)
    assert config["analysis"] in EXPERIMENTS and config["experiment_name"] == path.stem


OWN = """
from consensus_sim.experiments.compare.study import forecast_of
from consensus_sim.experiments.runner import of_forecast

def reach(command):
    forecast = forecast_of(command.config, command.simulator)
    summary = forecast.summary()
    table = summary[(summary["metric"] == "reach_quarter") & (summary["group"] == "all")]
    show = lambda language, console: console.print(f"{len(table)} scenarios")
    return of_forecast(forecast, tables={"reach": table}, show=show)

other = 3
"""


def test_an_experiment_of_the_users_own_is_one_function_and_one_file(cli, tmp_path):
    folder = tmp_path / "mine" / "experiment"
    folder.mkdir(parents=True)
    (folder / "reach.py").write_text(OWN, encoding="utf-8")
    for name in ("reach", "other"):
        text = f"experiment_name: reach\nanalysis: reach.py:{name}\nscenarios: [before, council]\nreplicates: 2\n"
        text += "question: {zh: 参与, en: reach}\nreference: null\nseed: 1\n"
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    small = ("--config-dir", "mine", "community=teaching", "calendar.weeks=8", "engine=serial", "publish=true")
    done = cli(*small, "experiment=reach")
    assert done.returncode == 0 and "2 scenarios" in done.stdout, done.stderr
    (place,) = (tmp_path / "results" / "reach").iterdir()
    found = [pd.read_csv(file) for file in (place / "reach.csv", place.parents[1] / "reference/reach_teaching.csv")]
    assert found[0]["scenario"].tolist() == ["before", "council"] == found[1]["scenario"].tolist()
    assert (place / "metrics.parquet").is_file() and (place / "provenance.json").is_file()
    wrong = cli(*small, "experiment=other")
    assert wrong.returncode == 2 and "reach.py:other" in wrong.stderr and wrong.stderr.count("\n") == 1


def test_a_wrong_name_is_told(cli):
    done = cli("analysis=citty")
    assert done.returncode == 2 and not done.stdout
    assert "analysis" in done.stderr and "did you mean 'city'" in done.stderr and done.stderr.count("\n") == 1
