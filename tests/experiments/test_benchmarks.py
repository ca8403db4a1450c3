"""The benchmark suite at a tiny size: every tool computes the same, every part gives its rows. No gate on time."""

from __future__ import annotations

import csv
import shutil
import sys

import numpy as np
import pytest

NEEDED = {"plain Mesa", "NumPy + scipy.sparse", "our kernels"}


@pytest.fixture(scope="module")
def benchmarks(load_study):
    return load_study("benchmarks")


@pytest.fixture
def side(benchmarks):
    return sys.modules["side_by_side"]


def test_every_tool_computes_the_same(side):
    """Tools agree to a few parts in a million under common random numbers, otherwise in distribution; `side_by_side`
    raises if not.
    """
    rows = list(side.side_by_side(1, n=1000, steps=12, small=(600, 10)))
    timed = {row["what"]: row for row in rows if row["rounds"]}
    assert set(timed) >= NEEDED | ({"fused loop in C"} if shutil.which("gcc") else set())
    assert all(row["ratio"] > 0 for row in timed.values())
    assert timed["plain Mesa"]["ratio"] == 1.0
    assert {row["note"] for row in rows if not row["rounds"]} <= {"not installed"}
    assert {row["what"] for row in rows} == set(side.TOOLS.values())


def test_a_tool_that_computes_something_else_is_found(side):
    records = np.array([[0.02, 0.5, 0.08], [0.03, 0.5, 0.07]])
    same = {"numpy_sparse": ("", records)}
    side.check_same({**same, "other": ("", records + [1e-4, 1e-7, 1e-7])})
    for column, change in enumerate((3e-3, 1e-4, 1e-4)):
        wrong = records.copy()
        wrong[1, column] += change
        with pytest.raises(RuntimeError, match="other does not compute the same"):
            side.check_same({**same, "other": ("", wrong)})
    with pytest.raises(RuntimeError, match="not alike"):
        side.check_alike("other", records * [1.5, 1, 1], records, n=10_000)


def test_the_package_parts_give_their_rows(benchmarks):
    speed = benchmarks.package_speed
    rows = [
        *speed.full_run(1, weeks=3, community="teaching"),
        *speed.growth(1, sizes=(("teaching", 2),), weeks=2),
        *speed.workers(1, replicates=2, weeks=2, community="teaching"),
    ]
    found = {row["what"]: row for row in rows}
    assert all(row["low"] <= row["value"] <= row["high"] for row in rows)
    assert all(row["value"] > 0 for row in rows)
    assert 0 < found["outside compiled kernels"]["value"] < 1
    assert found["workers=2"]["ratio"] == pytest.approx(found["workers=2"]["value"] / found["workers=1"]["value"])
    assert {"build 800 residents", "run 800 residents", "package imported"} <= set(found)


def test_the_table_is_written_whole_and_keeps_the_other_parts(benchmarks, tmp_path):
    file = tmp_path / "benchmarks.csv"
    old = [{"benchmark": name, "what": "x", "value": 1.0} for name in ("machine", "a run", "g R1 16000")]
    benchmarks.write(old, file)
    assert [row["benchmark"] for row in benchmarks.kept(file, "g")] == ["a run"]
    assert [row["benchmark"] for row in benchmarks.kept(file, "h")] == ["machine", "a run", "g R1 16000"]
    assert [path.name for path in tmp_path.iterdir()] == ["benchmarks.csv"]


def test_the_published_table_covers_every_part(benchmarks, reference):
    with (reference / "benchmarks.csv").open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    assert tuple(rows[0]) == benchmarks.COLUMNS
    assert {row["benchmark"][0] for row in rows[1:]} == set(benchmarks.PARTS)
    assert rows[0]["benchmark"] == "machine"
