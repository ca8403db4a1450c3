"""docs/model.md says the same as the code and the configs: functions, equations' parameters, tables, chance, files."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

import consensus_sim
from consensus_sim.model.model import PHASES
from consensus_sim.parameters import Behaviour
from consensus_sim.residents.columns import COLUMNS
from consensus_sim.study.config import compose

ROOT = Path(__file__).parent.parent.parent
SOURCE = Path(consensus_sim.__file__).parent
PAGE = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
MODULES = "|".join(sorted(path.stem for path in SOURCE.iterdir() if path.stem[0].isalpha()))
NAMED = sorted(set(re.findall(rf"`((?:{MODULES})(?:\.[A-Za-z_]+)+)`", PAGE)))
BEHAVIOUR = yaml.safe_load((ROOT / "configs" / "behaviour" / "case_study.yaml").read_text(encoding="utf-8"))
PARAMETERS = list(Behaviour.from_config(BEHAVIOUR))
SYMBOLS = Counter(parameter.symbol for parameter in PARAMETERS)


def functions_of(path: Path) -> list[str]:
    """Names of the public functions that a module defines, without importing it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]


KERNELS = [
    f"dynamics.{path.stem}.{name}"
    for path in sorted((SOURCE / "dynamics").glob("*.py"))
    if path.stem != "measures"  # sums for the record, no part of the model
    for name in functions_of(path)
]


def streams_of_the_source() -> set[str]:
    """Every stream of chance that a run draws from, with <...> for what is filled in."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        if path.relative_to(SOURCE).parts[0] in ("study", "runs", "outcomes", "forecast", "experiments", "report"):
            continue
        for name in re.findall(r"\bkey\((?:[\w.]*seed, )?f?\"([^\"]+)\"", path.read_text(encoding="utf-8")):
            found.add(re.sub(r"\{[^}]*\}", "<>", name))
    return found


def test_the_tables_are_those_of_the_files(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs")
    spec = importlib.util.spec_from_file_location("build", ROOT / "docs" / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    stale = []
    for name, tables in module.BLOCKS.items():
        page = (ROOT / "docs" / name).read_text(encoding="utf-8")
        stale += [
            f"{name}: {marker}" for marker, table in tables.items() if module.with_table(page, marker, table()) != page
        ]
    assert not stale, f"stale in docs: {stale}; run: python docs/build.py"


def test_the_page_names_many_functions():
    assert len(NAMED) > 60


@pytest.mark.parametrize("name", NAMED)
def test_what_the_page_names_is_there(name):
    parts, found = name.split("."), None
    for cut in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(["consensus_sim", *parts[:cut]]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[cut:]:
            found = getattr(found, attribute, None)
        break
    assert found is not None, f"docs/model.md names {name}, which does not exist"


@pytest.mark.parametrize("name", KERNELS)
def test_every_function_of_dynamics_is_told(name):
    assert f"`{name}`" in PAGE, f"docs/model.md does not say what {name} does"


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.name)
def test_every_parameter_is_used_in_the_text(parameter):
    """By its name in backticks, or by its symbol where no other parameter has the same."""
    name = parameter.name.split(".")[-1]
    unique = parameter.symbol and SYMBOLS[parameter.symbol] == 1
    by_symbol = unique and re.search(rf"(?<![\w^]){re.escape(parameter.symbol)}(?!\w)(?!\()", PAGE)
    assert f"`{name}`" in PAGE or by_symbol, f"{parameter.name} ({parameter.symbol}) is in no equation of docs/model.md"


@pytest.mark.parametrize("group", ["channel", "topic", "intervention", "scenario"])
def test_every_file_of_a_group_is_mentioned(group):
    missing = [name for name in compose([])[group] if f"`{name}`" not in PAGE]
    assert not missing


def test_the_phases_are_those_of_the_model_in_their_order():
    named = re.findall(r"^\| (\w+) \|", PAGE, flags=re.M)
    phases = [name for name, _ in PHASES]
    assert [name for name in named if name in phases] == phases


def test_every_column_is_in_the_table_of_state():
    rows = re.findall(r"^\| ([\w, ]+) \|", PAGE, flags=re.M)
    named = {name.strip() for row in rows for name in row.split(",")}
    assert not [column.name for column in COLUMNS if column.name not in named]


def test_every_stream_of_chance_is_told():
    expected = {re.sub(r"<\w+>", "<>", name) for name in re.findall(r"`([\w.:<>]+)`", PAGE)}
    synthesis = {"ties.<>", "members"}  # listed as community.<name>: Draw puts that in front
    assert len(expected & streams_of_the_source()) > 25
    assert not streams_of_the_source() - expected - synthesis


@pytest.mark.parametrize("number", range(1, 14))
def test_every_equation_of_the_evidence_is_taken_up(number):
    assert re.search(rf"\bD{number}\b", PAGE)


@pytest.mark.parametrize("number", range(1, 12))
def test_every_limit_of_the_case_is_told(number):
    assert f"**G{number}**" in PAGE
