"""The published tables of the calibration keep what they promise, and the command makes them on a small community."""

from __future__ import annotations

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("sklearn")


def test_known_truths_are_recovered(reference):
    """At least 50 truths; 90 % intervals cover 82-97 %; ranks uniform (smallest p after Bonferroni above 1 %)."""
    table = pd.read_csv(reference / "recovery.csv").set_index("parameter")
    assert (table["truths"] >= 50).all() and len(table) == 24
    assert table["coverage90"].between(0.82, 0.97).all()
    assert table.loc["all", "coverage50"] == pytest.approx(0.5, abs=0.06)
    assert table.loc["all", "p"] > 0.01


def test_the_predictive_check_is_told_with_its_misses(reference):
    table = pd.read_csv(reference / "posterior_predictive.csv")
    judged = table[table["use"] == "calibration"]
    assert len(judged) == 12 and judged["held"].astype(bool).all()
    assert judged["held_without_error"].astype(bool).all()  # the quantity itself, not only what would be reported
    missed = judged[~judged["held"].astype(bool)]
    assert missed["verdict"].str.contains("observed value (?:above|below)", regex=True).all()
    assert not table["target"].str.contains("consensus").any()


def test_the_command_makes_every_table(load_study, reference, tmp_path):
    options = {
        "--runs": 128,
        "--sets": 40,
        "--trees": 10,
        "--candidates": 64,
        "--held-out": 16,
        "--predictive": 4,
        "--workers": 2,
        "--community": "teaching",
    }
    folders = {"--work": tmp_path, "--out": tmp_path / "out", "--posterior": tmp_path / "mine.csv"}
    study = load_study("calibration")
    given = [str(word) for pair in {**options, **folders}.items() for word in pair]
    study.main(given)
    for name in ("calibration", "recovery", "posterior_predictive", "held_out", "validation"):
        found, published = (pd.read_csv(folder / f"{name}.csv") for folder in (tmp_path / "out", reference))
        assert list(found) == list(published)
        if name not in ("validation", "recovery"):
            first = found.columns[0]
            assert found[first].tolist() == published[first].tolist()
    before = (tmp_path / "mine.csv").read_bytes()
    study.main([*given, "--table", str(tmp_path / "calibration_table.parquet")])
    assert (tmp_path / "mine.csv").read_bytes() == before

    few = ["--sets", "3", "--chances", "2", "--community", "teaching", "--workers", "2"]
    places = ["--work", str(tmp_path), "--out", str(tmp_path / "out"), "--posterior", str(tmp_path / "mine.csv")]
    load_study("calibration", "spread").main([*few, *places])
    found, published = (pd.read_csv(folder / "spread.csv") for folder in (tmp_path / "out", reference))
    assert list(found) == list(published) and found["target"].tolist() == published["target"].tolist()


def test_what_calibration_leaves_of_the_spread_is_told(reference):
    """Ratios are those of the widths, within their intervals."""
    table = pd.read_csv(reference / "spread.csv").set_index("target")
    assert len(table) == 12
    for kind in ("run", "mean"):
        widths = {name: table[f"{kind}_{name}_q95"] - table[f"{kind}_{name}_q05"] for name in ("prior", "posterior")}
        assert (widths["posterior"] / widths["prior"]).to_numpy() == pytest.approx(table[f"{kind}_ratio"], rel=1e-4)
    for kind in ("run", "mean", "parameters"):
        assert (table[f"{kind}_ratio_low"] <= table[f"{kind}_ratio"]).all()
        assert (table[f"{kind}_ratio"] <= table[f"{kind}_ratio_high"]).all()
    # narrower than before for every figure, if not surely: chance is much of the latency and of what is carried out
    for kind, unsure in (("parameters", {"latency"}), ("mean", {"latency", "execution_rate"})):
        assert (table[f"{kind}_ratio"] < 1).all()
        assert set(table.index[table[f"{kind}_ratio_high"] >= 1]) <= unsure


def test_the_command_splits_the_variance_of_the_default_comparison(load_study, reference, tmp_path, capsys):
    small = ["--replicates", "4", "--community", "teaching", "--weeks", "8", "--workers", "1"]
    load_study("calibration", "variance").main([*small, "--out", str(tmp_path)])
    for name in ("variance", "drivers"):
        found, published = (pd.read_csv(folder / f"{name}.csv") for folder in (tmp_path, reference))
        assert list(found) == list(published)
    assert "differences: " in capsys.readouterr().out


def test_the_split_is_told_in_two_lines(load_study):
    nan = float("nan")
    rows = [("", 0.8, 0.9), ("", 0.6, 0.7), ("", nan, nan), ("council", 0.2, nan)]
    table = pd.DataFrame(rows, columns=["reference", "share_parameters", "unidentified"])
    told = load_study("calibration", "variance").told
    assert told(table) == [
        "levels: parameters make 0.70 of the variance (median of 2); of that unidentified ones 0.80 (median of 2 that "
        "can be told, 0.70 to 0.90)",
        "differences: parameters make 0.20 of the variance (median of 1)",
    ]
    assert told(table.iloc[:0]) == ["levels: not told", "differences: not told"]


def test_most_of_what_parameters_make_of_the_spread_the_data_do_not_narrow(reference):
    """As docs/calibration.md says; shares lie in their intervals."""
    table = pd.read_csv(reference / "variance.csv", keep_default_na=False, na_values=[""])
    for name, ends in (
        ("share_parameters", ("low", "high")),
        ("unidentified", ("unidentified_low", "unidentified_high")),
    ):
        known = table.dropna(subset=[name, *ends])
        assert len(known) > 100 and known[name].between(known[ends[0]], known[ends[1]]).all()
    left = table[table["reference"].notna()]["unidentified"].dropna()
    drivers = pd.read_csv(reference / "drivers.csv")
    page = (reference.parent.parent / "docs" / "calibration.md").read_text(encoding="utf-8")
    told = re.search(r"it is (0\.\d+) to (1\.00),\s+above 0\.9 for (\d+) of the (\d+) of which", page)
    assert told is not None
    assert [float(number) for number in told.groups()] == pytest.approx(
        [left.min(), left.max(), (left > 0.9).sum(), len(left)], abs=0.005
    )
    assert f"is among the {len(drivers)} of the default comparison" in page
    assert table["unidentified"].median() > 0.5


@pytest.fixture(scope="module")
def lasting(load_study):
    return load_study("calibration", "lasting")


def test_only_runs_whose_attendance_is_accepted_are_asked(lasting):
    targets = [
        SimpleNamespace(name=name, statistic=name, source="F", unit="1", low=1.0, high=2.0)
        for name in (*lasting.KEPT_BY, *lasting.ASKED_OF)
    ]
    statistics = {name: np.array([1.0, 1.5, 2.0, 2.5, 1.5]) for name in lasting.KEPT_BY}
    statistics["attendance_tea"] = np.array([1.0, 1.5, 0.9, 1.5, 2.0])
    statistics |= {"frequency_ordinary": np.array([3.0, 1.5, 9.0, 9.0, np.nan]), "active_pool": np.arange(5.0)}
    often, many = lasting.rows_of(0.6, targets, statistics)
    assert (often["q50"], often["share"], often["kept"], often["runs"]) == (2.25, 0.5, 2, 5)
    assert (many["q50"], many["share"], many["kept"]) == (1.0, 1 / 3, 3)


def test_the_published_table_of_lasting_differences_is_whole(lasting, reference):
    table = pd.read_csv(reference / "lasting.csv")
    assert list(zip(table["taste"], table["target"], strict=True)) == [
        (spread, name) for spread in lasting.SPREADS for name in lasting.ASKED_OF
    ]
    assert (table["q05"] <= table["q50"]).all() and (table["q50"] <= table["q95"]).all()
    assert table["share"].between(0, 1).all() and (table["kept"] >= 30).all() and (table["runs"] == 2048).all()
