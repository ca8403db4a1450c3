"""docs/results.md names the columns that are written, and no others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from consensus_sim import load_model
from consensus_sim.ensemble.facts import all_tables

PAGE = (Path(__file__).parent.parent.parent / "docs" / "results.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\w+)\.parquet\n(.*?)(?=^## |\Z)", PAGE, flags=re.M | re.S))


@pytest.fixture(scope="module")
def tables():
    return all_tables(load_model("teaching", "points", weeks=30).run())


def test_every_table_has_a_section(tables):
    assert SECTIONS.keys() == tables.keys()


@pytest.mark.parametrize("name", SECTIONS)
def test_the_columns_are_those_written(tables, name):
    cells = re.findall(r"^\| ([^|]+) \|", SECTIONS[name], flags=re.M)
    named = [column.strip() for cell in cells for column in cell.split(",") if cell != "column" and "-" not in cell]
    assert named == list(tables[name]) or sorted(named) == sorted(tables[name])
