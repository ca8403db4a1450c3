"""Digests of tables: the same for the same values, whatever their type; another for any value that has changed."""

from __future__ import annotations

import subprocess

import numpy as np
import pandas as pd
import pytest

from tests import digests
from tests.digests import FAILED, ROOT, checkout, differences, digest, experiment_tables, lines_of

DAYS = np.array(["2024-05-06", "2024-05-13", "2024-05-20"], "datetime64[ms]")
COLUMNS = {
    "week": np.array([0, 1, 2]),
    "value": np.array([0.25, np.nan, -1.5], np.float32),
    "name": np.array(["tea", "茶", ""]),
    "date": DAYS,
    "acts": np.array([True, False, True]),
}
TABLE = pd.DataFrame(COLUMNS)
CHANGES = [
    {"week": [0, 1, 3]},
    {"value": [np.nextafter(0.25, 1), np.nan, -1.5]},
    {"value": [0.25, 0.0, -1.5]},
    {"name": ["tea", "茶", None]},
    {"name": ["茶", "tea", ""]},
    {"date": DAYS + np.timedelta64(1, "D")},
    {"acts": [True, True, True]},
]
SAME = [
    {"week": COLUMNS["week"].astype(np.int8)},
    {"value": COLUMNS["value"].astype(np.float64)},
    {"value": -np.array([-0.25, np.nan, 1.5])},  # NaN of the other sign
    {"name": pd.Categorical(COLUMNS["name"])},
    {"name": np.array(["tea", "茶", ""], object)},
    {"date": DAYS.astype("datetime64[ns]")},
]


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_one_changed_value_gives_another_digest(change):
    assert digest(TABLE.assign(**change)) != digest(TABLE)


@pytest.mark.parametrize("change", SAME, ids=str)
def test_the_same_values_of_another_type_give_the_same_digest(change):
    assert digest(TABLE.assign(**change)) == digest(TABLE)


def test_rows_have_an_order_and_columns_names_but_no_order():
    assert digest(TABLE[::-1]) != digest(TABLE)
    assert digest(TABLE.rename(columns={"week": "month"})) != digest(TABLE)
    assert digest(TABLE[sorted(TABLE, reverse=True)]) == digest(TABLE)
    assert digest(TABLE[:0]) != digest(TABLE[:0].drop(columns="acts"))


def test_a_scenario_has_the_same_digests_when_run_again_and_others_with_another_seed():
    options = {"weeks": 2}
    one, again, other = (
        {name: digest(table) for name, table in digests.scenario_tables("council", seed=seed, **options).items()}
        for seed in (1, 1, 2)
    )
    assert one == again and one["weekly"] != other["weekly"] and "metrics" in one


def test_an_experiment_gives_the_tables_that_it_writes_unrounded():
    changes = ("replicates=2", "calendar.weeks=3", "scenarios=[before,council]")
    found = experiment_tables("compare", changes)
    assert {"weekly", "metrics", "summary", "contrasts"} <= found.keys()
    means = found["summary"]["mean"].dropna()
    assert any(float(f"{mean:.6g}") != mean for mean in means)


def test_what_fails_has_a_line_and_is_never_the_same(capfd):
    lines = lines_of("scenario", "nowhere")
    assert lines == [f"nowhere 1 {FAILED}"] and "nowhere" in capfd.readouterr().err
    assert differences(lines, lines) == [f"- {lines[0]}", f"+ {lines[0]}"]


def test_differences_come_by_table_in_the_order_of_the_lines():
    before = ["b 1 points 2 aa", "a 1 costs 2 bb", "a 1 team 2 cc"]
    after = ["b 1 points 2 aa", "a 1 costs 2 dd", "a 1 weekly 9 ee"]
    expected = ["- a 1 costs 2 bb", "+ a 1 costs 2 dd", "- a 1 team 2 cc", "+ a 1 weekly 9 ee"]
    assert differences(before, after) == expected
    assert differences(after, after) == []


def test_another_commit_is_checked_out_and_its_own_package_is_run(monkeypatch):
    if not (ROOT / ".git").exists():
        pytest.skip("no checkout")
    monkeypatch.setattr(digests, "ARGUMENTS", ("-c", "import consensus_sim; print(consensus_sim.__file__)"))
    with checkout("HEAD") as tree:
        assert digests.digests_of(tree) == [str(tree / "src" / "consensus_sim" / "__init__.py")]
    assert not tree.exists()
    listed = subprocess.run(["git", "worktree", "list"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert str(tree) not in listed
