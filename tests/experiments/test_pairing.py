"""Paired against independent seeds: the ratio on numbers with a known answer, on runs, and in the published table."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="module")
def pairing(load_study):
    load_study("benchmarks")
    return sys.modules["pairing"]


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_the_ratio_of_correlated_normals(pairing, correlation):
    """Two normals of equal variance: the standard error falls by 1 / sqrt(1 - correlation)."""
    rng = np.random.default_rng(3)
    a, own = rng.normal(size=(2, 200_000))
    b = correlation * a + np.sqrt(1 - correlation**2) * own
    assert pairing.ratio(a, b) == pytest.approx(1 / np.sqrt(1 - correlation), rel=0.01)
    assert np.isnan(pairing.ratio(a, a))


def test_intervals_hold_the_truth(pairing):
    """100 samples of 60 pairs, correlation 0.8: 90 % intervals hold sqrt(5) in at least 80 (chance of fewer: 0.1 %)."""
    rng, held = np.random.default_rng(4), 0
    for _ in range(100):
        a = rng.normal(size=60)
        b = 0.8 * a + 0.6 * rng.normal(size=60)
        ((row),) = pairing.contrast_rows("x", ("s", "r"), {"s": (["trust"], b[None, :]), "r": (["trust"], a[None, :])})
        held += row["low"] <= np.sqrt(5) <= row["high"]
    assert held >= 80


def test_what_depends_on_the_parameters_no_common_chance_takes_away(pairing):
    """a = m + e, b = m + d + e' with SDs 3, 1, 2, 1 of sets' m and d and runs' e, e': over two runs of 40,000 sets the
    variances are 9 + 1/2 and 9 + 4 + 1/2, and the difference keeps 4 of the parameters; with one run it cannot be told.
    """
    rng = np.random.default_rng(5)
    draws = np.arange(80_000) // 2
    m, d = 3 * rng.normal(size=40_000)[draws], 2 * rng.normal(size=40_000)[draws]
    a, b = m + rng.normal(size=80_000), m + d + rng.normal(size=80_000)
    bound = pairing.most_with_parameters(a, b, draws)
    assert bound == pytest.approx(np.sqrt((9.5 + 13.5) / 4), rel=0.02)
    assert pairing.ratio(*(each.reshape(-1, 2).mean(axis=1) for each in (a, b))) < bound
    assert np.isnan(pairing.most_with_parameters(a[::2], b[::2], draws[::2]))
    assert np.isnan(pairing.most_with_parameters(a, b, None))
    assert pairing.most_with_parameters(a, a + 1.0, draws) == np.inf


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ((4.0, 3.0, 5.0), "at least 3 times"),
        ((2.5, 2.0, 2.9), "less than 3 times"),
        ((3.0, 2.0, 4.0), "cannot be told from 3"),
        ((3.0, np.nan, np.nan), "cannot be told from 3"),
        ((np.nan, np.nan, np.nan), "no chance in it"),
    ],
)
def test_verdicts(pairing, row, said):
    assert pairing.verdict(*row) == said


def test_runs_of_other_seeds_vary_as_the_formula_says(pairing):
    """Differences between runs that share no seed have the variance that the table takes for them, within 35 %
    (240 runs: about 3 standard errors), and paired ones have less.
    """
    from consensus_sim import compare

    def played(seed):
        forecast = compare(
            "teaching", ["council", "parlour"], replicates=240, seed=seed, weeks=26, workers=1, progress=False,
            overrides=["parameters=centre"],
        )  # fmt: skip
        return pairing.values_of(forecast)

    (names, base), (_, parlour) = (played(1)[name] for name in ("council", "parlour"))
    _, elsewhere = played(2)["parlour"]
    place = names.index("reach_year")
    expected = base[place].var(ddof=1) + parlour[place].var(ddof=1)
    assert (elsewhere[place] - base[place]).var(ddof=1) == pytest.approx(expected, rel=0.35)
    assert (parlour[place] - base[place]).var(ddof=1) < 0.5 * expected


def test_the_part_gives_a_row_for_every_case_and_contrast(pairing, tmp_path):
    cases = {"chance only": ("centre", 12), "chance and parameters": ("posterior", 24)}
    rows = list(pairing.pairing(tmp_path / "pairing.csv", "teaching", 20, 1, cases))
    table = pd.read_csv(tmp_path / "pairing.csv")
    assert len(rows) == len(cases) * len(pairing.CONTRASTS)
    known = table[table["low"].notna()]
    assert len(known) > 100 and (known["low"] <= known["high"]).all()
    assert set(table["n"]) <= set(range(10, 23)) and all(row["low"] <= row["ratio"] <= row["high"] for row in rows)


def test_the_published_table_says_where_three_times_holds(pairing, reference):
    from consensus_sim.catalogue import contrast_metrics

    table = pd.read_csv(reference / "pairing.csv")
    assert set(table["case"]) == set(pairing.CASES)
    assert set(zip(table["scenario"], table["reference"], strict=True)) == set(pairing.CONTRASTS)
    expected = [pairing.verdict(*row) for row in table[["ratio", "low", "high"]].to_numpy()]
    assert table["verdict"].tolist() == expected
    told = table[table["metric"].isin(contrast_metrics()) & table["ratio"].notna()]
    np.testing.assert_allclose(told["ratio"], told["independent"] / told["paired"], rtol=2e-3)


@pytest.mark.parametrize(("share", "most"), [(0.1, 1.1167), (0.5, 2.2361), (2.0, 2.2361)])
def test_no_correlation_beats_the_most(pairing, share, most):
    """SDs 1 and s, perfectly correlated: sqrt(1 + s^2) / |1 - s|; any other correlation gives less."""
    rng = np.random.default_rng(5)
    a, own = rng.normal(size=(2, 1000))
    assert pairing.most(a, share * a) == pytest.approx(most, abs=1e-3)
    assert pairing.ratio(a, share * a) == pytest.approx(most, abs=1e-3)
    b = share * (0.9 * a + np.sqrt(1 - 0.81) * own)
    assert pairing.ratio(a, b) < pairing.most(a, b)
    assert pairing.most(a, a) == np.inf


def test_programmes_are_told_apart_three_times_as_well(reference):
    bench = pd.read_csv(reference / "benchmarks.csv").query("benchmark == 'h pairing'").set_index("what")
    drawn = bench[bench.index.str.endswith("parameters")]
    programmes = drawn[~drawn.index.str.startswith("before")]
    assert (programmes["ratio"] >= 3).all() and len(programmes) == 6
