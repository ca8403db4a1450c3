"""docs/results.md names the files and columns that a run writes, each with a unit, and no others."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from consensus_sim import compare

PAGE = (Path(__file__).parent.parent.parent / "docs" / "results.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\w+\.(?:parquet|csv))\n(.*?)(?=^## |\Z)", PAGE, flags=re.M | re.S))


def told_columns(section: str) -> list[str]:
    """The columns that a section's first table names; every row has a unit."""
    table = section.split("| column | unit | meaning |\n|---|---|---|\n")[1].split("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.strip().splitlines()]
    assert all(len(row) == 3 and row[1] for row in rows), f"a row without a unit: {rows}"
    return [name.strip() for row in rows for name in row[0].split(",")]


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> dict[str, list[str]]:
    """File -> columns of a tiny run that uses every table."""
    forecast = compare("teaching", ["council", "points"], replicates=1, weeks=30, workers=1, progress=False)
    folder = forecast.save(tmp_path_factory.mktemp("results") / "run")
    found = {}
    for path in folder.glob("*.parquet"):
        found[path.name] = list(pd.read_parquet(path))
    for path in folder.glob("*.csv"):
        found[path.name] = list(pd.read_csv(path))
    return found


def test_every_table_has_a_section_and_no_other(written):
    assert SECTIONS.keys() == written.keys()


@pytest.mark.parametrize("name", SECTIONS)
def test_the_columns_are_those_written_in_their_order(written, name):
    columns = written[name]
    if name.endswith(".parquet"):
        assert columns[:2] == ["scenario", "replicate"]
        columns = columns[2:]
    assert told_columns(SECTIONS[name]) == columns
