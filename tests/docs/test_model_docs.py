"""docs/model.md says the same as the code: the parameter table, the functions it names, every file of configs."""

from __future__ import annotations

import importlib
import importlib.util
import re
from pathlib import Path

import pytest

from consensus_sim.ensemble.config import compose
from consensus_sim.model import PHASES
from consensus_sim.residents.columns import COLUMNS

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
PACKAGES = "calendar|catalogue|community|council|dynamics|interventions|model|randomness|residents"
NAMED = sorted(set(re.findall(rf"`((?:{PACKAGES})(?:\.[A-Za-z_]+)+)`", PAGE)))


def test_the_parameter_table_is_that_of_the_config():
    spec = importlib.util.spec_from_file_location("build_parameter_table", ROOT / "docs" / "build_parameter_table.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.with_table(PAGE) == PAGE, "run: python docs/build_parameter_table.py"


def test_the_page_names_many_functions():
    assert len(NAMED) > 20


@pytest.mark.parametrize("name", NAMED)
def test_what_the_page_names_is_there(name):
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(["consensus_sim", *parts[:cut]]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[cut:]:
            found = getattr(found, attribute)
        return
    pytest.fail(f"docs/model.md names {name}, which does not exist")


@pytest.mark.parametrize("group", ["channel", "topic", "intervention", "scenario"])
def test_every_file_of_a_group_is_mentioned(group):
    missing = [name for name in compose([])[group] if f"`{name}`" not in PAGE]
    assert not missing


def test_the_phases_are_those_of_the_model_in_their_order():
    named = re.findall(r"^\| (\w+) \|", PAGE, flags=re.M)
    phases = [name for name, _ in PHASES]
    assert [name for name in named if name in phases] == phases


def test_every_column_is_in_the_table():
    assert not [column.name for column in COLUMNS if column.name not in PAGE]
