"""The published tables of the calibration keep what they promise, and the command makes them on a small community."""

from __future__ import annotations

import pandas as pd
import pytest

pytest.importorskip("sklearn")


def test_known_truths_are_recovered(reference):
    """At least 50 truths; 90 % intervals cover 82-97 %; ranks uniform (smallest p after Bonferroni above 1 %)."""
    table = pd.read_csv(reference / "recovery.csv").set_index("parameter")
    assert (table["truths"] >= 400).all() and len(table) == 20
    assert table["coverage90"].between(0.82, 0.97).all()
    assert table.loc["all", "coverage50"] == pytest.approx(0.5, abs=0.06)
    assert table.loc["all", "p"] > 0.01


def test_the_predictive_check_is_told_with_its_misses(reference):
    table = pd.read_csv(reference / "posterior_predictive.csv")
    judged = table[table["use"] == "calibration"]
    assert len(judged) == 12 and judged["held"].astype(bool).all()
    # The quantity itself, not only what would be reported; of the pool only a band is told, and the median lies in it.
    assert set(judged.loc[~judged["held_without_error"].astype(bool), "target"]) <= {"active_pool"}
    inside = judged["posterior_q50"].between(judged["low"], judged["high"])
    assert inside.sum() >= 10 and inside[judged["target"] == "active_pool"].all()
    missed = judged[~judged["held"].astype(bool)]
    assert missed["verdict"].str.contains("observed value (?:above|below)", regex=True).all()
    assert not table["target"].str.contains("consensus").any()


def test_the_command_makes_every_table(load_study, reference, tmp_path):
    options = {
        "--runs": 128,
        "--second-wave": 16,
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
    for name in ("calibration", "recovery", "posterior_predictive", "held_out", "validation", "joint"):
        found, published = (pd.read_csv(folder / f"{name}.csv") for folder in (tmp_path / "out", reference))
        assert list(found) == list(published)
        if name not in ("validation", "recovery", "joint"):  # so few runs tell nothing jointly
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
    # Only the frequency, which the priors have too low and too narrow, is surely wider than before; what parameters
    # cause is surely narrower but for it and the months to an agenda.
    wider = (table[["mean_ratio_low", "parameters_ratio_low"]] >= 1).any(axis=1)
    assert set(table.index[wider]) == {"frequency_ordinary"}
    assert set(table.index[table["parameters_ratio_high"] >= 1]) == {"frequency_ordinary", "latency"}


def test_the_command_splits_the_variance_of_the_default_comparison(load_study, reference, tmp_path, capsys):
    small = ["--replicates", "10", "--community", "teaching", "--weeks", "8", "--workers", "1"]
    load_study("calibration", "variance").main([*small, "--out", str(tmp_path)])
    for name in ("variance", "drivers"):
        found, published = (pd.read_csv(folder / f"{name}.csv") for folder in (tmp_path, reference))
        assert list(found) == list(published)
    assert "differences: " in capsys.readouterr().out


def test_the_command_compares_the_core_with_all_parameters(load_study, tmp_path, capsys):
    """Intervals of levels and differences, of the mean and of one community, and the ratio of widths."""
    core = load_study("calibration", "core")
    core.main(
        ["--replicates", "4", "--community", "teaching", "--weeks", "8", "--workers", "1", "--out", str(tmp_path)]
    )
    table = pd.read_csv(tmp_path / "core.csv", keep_default_na=False, na_values=[""])
    assert {"before", "council"} <= set(table["scenario"]) and set(table["reference"].fillna("")) == {"", "council"}
    assert "one community: width with the core over width with all " in capsys.readouterr().out
    ends = ["mean_q05", "mean_q95", "q05", "q95"]
    index = pd.MultiIndex.from_tuples([("council", "", "reach", "share")], names=core.KEYS)
    narrow, wide = (pd.DataFrame([row], index, ends) for row in ((0.2, 0.4, 0.1, 0.4), (0.1, 0.5, 0.0, 0.6)))
    row = core.core_table(narrow, wide).iloc[0]
    assert row["mean_ratio"] == pytest.approx(0.5) and row["one_ratio"] == pytest.approx(0.5)
    assert (row["mean_core_q05"], row["one_all_q95"], row["metric"]) == (0.2, 0.6, "reach")


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


def test_shares_of_the_variance_lie_in_their_intervals(reference):
    table = pd.read_csv(reference / "variance.csv", keep_default_na=False, na_values=[""])
    for name, ends in (
        ("share_parameters", ("low", "high")),
        ("unidentified", ("unidentified_low", "unidentified_high")),
    ):
        known = table.dropna(subset=[name, *ends])
        assert len(known) > 90 and known[name].between(known[ends[0]], known[ends[1]]).all()
