"""The split of variance into parameters and chance finds what was put in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from consensus_sim.forecast.summary import Values
from consensus_sim.forecast.variance import ENOUGH, FEW, drivers_table, split, unidentified, variance_table
from consensus_sim.study.draws import draw_number


def drawn_runs(seed, draws, parameters, chance):
    """Values of replicates with `draws`."""
    rng = np.random.default_rng(seed)
    return rng.normal(0, parameters, draws.max() + 1)[draws] + rng.normal(0, chance, len(draws))


def layout(kind, replicates):
    """Draws of replicates: every tenth repeated, or each `kind` times."""
    return draw_number(np.arange(replicates)) if kind == "tenth" else np.arange(replicates) // kind


@pytest.mark.parametrize("kind", [2, 4, "tenth"])
def test_components_are_found(kind):
    draws = layout(kind, 40_000)
    found = split(drawn_runs(1, draws, 2.0, 1.0), draws)
    assert found["parameters"] == pytest.approx(4, rel=0.05) and found["chance"] == pytest.approx(1, rel=0.06)
    assert found["share_parameters"] == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize(("kind", "replicates"), [(2, 20), (4, 40), ("tenth", 40), ("tenth", 200)])
def test_the_interval_holds_the_truth_nine_times_in_ten(kind, replicates):
    """400 splits: coverage of a 90 % interval within 4 standard errors."""
    draws = layout(kind, replicates)
    found = [split(drawn_runs(n, draws, 1.0, 1.0), draws) for n in range(400)]
    inside = [s["low"] <= 0.5 <= s["high"] for s in found]
    assert np.mean(inside) == pytest.approx(0.9, abs=0.06)


def test_no_negative_variance_and_no_split_of_one_draw_or_without_a_repeated_one():
    draws = layout(2, 10)
    assert min(split(drawn_runs(n, draws, 0.0, 1.0), draws)["parameters"] for n in range(50)) == 0
    assert np.isnan(split(np.array([1.0, 2.0]), np.array([3, 3]))["parameters"])
    assert np.isnan(split(np.array([1.0, 2.0, 4.0]), np.array([3, 4, 5]))["share_parameters"])
    some = split(np.array([1.0, np.nan, 1.0, 2.0, np.nan, np.nan]), np.array([0, 0, 1, 1, 2, 2]))
    assert (some["sets"], some["repeated"]) == (2, 1)
    assert split(np.ones(8), layout(2, 8))["chance"] == 0


def test_the_interval_is_that_of_balanced_pairs_worked_out_by_hand():
    """With two replicates a draw F / (quantile of F) is 1 + 2 theta at the ends."""
    from scipy.stats import f

    draws = layout(2, 30)
    values = drawn_runs(3, draws, 1.0, 1.0)
    runs = values.reshape(-1, 2)
    ratio = 2 * runs.mean(axis=1).var(ddof=1) / runs.var(axis=1, ddof=1).mean()
    theta = [(ratio / f.ppf(q, 14, 15) - 1) / 2 for q in (0.95, 0.05)]
    found = split(values, draws)
    assert [found["low"], found["high"]] == pytest.approx([t / (1 + t) for t in theta], abs=1e-9)


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
def test_the_share_of_unidentified_parameters_is_found(weight):
    """Of unit variance from parameters, `weight` comes from one that the data narrow: the rest is found, in 0 to 1."""
    rng = np.random.default_rng(7)
    narrowed, others = rng.normal(size=(600, 3)), rng.normal(size=600)
    level = np.sqrt(weight) * narrowed[:, 0] + np.sqrt(1 - weight) * others
    draws = layout("tenth", 666)
    found, low, high = unidentified(level[draws] + rng.normal(0, 0.5, 666), draws, narrowed)
    assert found == pytest.approx(1 - weight, abs=0.08) and low <= found <= high
    few = layout(2, 2 * ENOUGH - 2)
    assert np.isnan(unidentified(rng.normal(size=len(few)), few, np.ones((ENOUGH - 1, 1)))[0])
    few = layout("tenth", 10 * FEW - 1)
    assert np.isnan(unidentified(rng.normal(size=len(few)), few, np.ones((few.max() + 1, 1)))[0])


def test_intervals_of_the_unidentified_share_hold_the_truth():
    """60 samples of 200 replicates, half of the variance unidentified: nominal 90 % intervals hold it in at least 45
    (chance of fewer at the nominal level: 0.03 %).
    """
    rng, held, draws = np.random.default_rng(8), 0, layout("tenth", 200)
    for _ in range(60):
        narrowed, others = rng.normal(size=(180, 4)), rng.normal(size=180)
        values = (narrowed[:, 0] + others)[draws] + rng.normal(0, 1, 200)
        _, low, high = unidentified(values, draws, narrowed)
        held += low <= 0.5 <= high
    assert held >= 45


def values_of(array, draws):
    """`array` (scenarios, replicates) of one metric as a Values."""
    rows = [
        ("s" + str(s), r, "trust", "all", array[s, r]) for s in range(array.shape[0]) for r in range(array.shape[1])
    ]
    frame = pd.DataFrame(rows, columns=["scenario", "replicate", "metric", "group", "value"])
    return Values(frame, [f"s{s}" for s in range(array.shape[0])], array.shape[1], draws)


def test_levels_and_differences_are_split():
    draws = layout(2, 60)
    base = drawn_runs(1, draws, 1.0, 1.0)
    table = variance_table(
        values_of(np.stack([base, base + drawn_runs(2, draws, 0.0, 0.1)]), draws), {"trust": "scale"}, "s0"
    )
    assert table["reference"].tolist() == ["", "", "s0"] and (table["sets"] == 30).all()
    assert table["share_parameters"].iloc[2] < table["share_parameters"].iloc[0] + 0.3
    for kind, note, sets in ((2, "few repeated draws: rough", 3), ("tenth", "no repeated draws", 5)):
        few = variance_table(values_of(base[None, :5], layout(kind, 5)), {"trust": "scale"}, "s0")
        assert few["note"].tolist() == [note] and few["sets"].tolist() == [sets]
    assert variance_table(values_of(base[None, :], None), {"trust": "scale"}, "s0").empty


def test_the_parameter_that_matters_is_named_and_noise_is_not():
    rng = np.random.default_rng(5)
    drawn = {f"g.p{n}": rng.uniform(size=ENOUGH) for n in range(100)}
    draws = layout("tenth", 44)
    array = (drawn["g.p7"][draws] + rng.normal(0, 0.05, 44))[None, :]
    identified = dict.fromkeys(drawn, "no")
    table = drivers_table(values_of(array, draws), "s0", drawn, identified, ["trust"])
    assert table["parameter"].tolist() == ["g.p7"] and table["rank_correlation"].iloc[0] > 0.9
    assert drivers_table(
        values_of(array[:, :20], draws[:20]), "s0", {n: v[:18] for n, v in drawn.items()}, identified, ["trust"]
    ).empty
