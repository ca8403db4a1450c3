"""What an experiment does is looked up by name; every name leads somewhere, and a wrong one is told."""

from __future__ import annotations

import importlib

import pytest

from consensus_sim.experiment import EXPERIMENTS, check_config
from consensus_sim.paths import configs_dir
from consensus_sim.study.config import compose


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_name_leads_to_a_function(name):
    module, function = EXPERIMENTS[name].split(":")
    assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.parametrize("path", sorted((configs_dir() / "experiment").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_built_in_experiment_can_be_looked_up(path):
    config = compose([f"experiment={path.stem}"])
    check_config(config)
    assert config["analysis"] in EXPERIMENTS and config["experiment_name"] == path.stem


def test_a_wrong_name_is_told(cli):
    done = cli("analysis=citty")
    assert done.returncode == 2 and not done.stdout
    assert "analysis" in done.stderr and "did you mean 'city'" in done.stderr and done.stderr.count("\n") == 1
