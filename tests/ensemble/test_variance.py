"""The split of variance into parameters and chance finds what was put in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from consensus_sim.ensemble.summary import Values
from consensus_sim.ensemble.variance import ENOUGH, drivers_table, split, unidentified, variance_table


def pairs(seed, sets, parameters, chance, k=2):
    rng = np.random.default_rng(seed)
    return rng.normal(0, parameters, (sets, 1)) + rng.normal(0, chance, (sets, k))


@pytest.mark.parametrize("k", [2, 4])
def test_components_are_found(k):
    found = split(pairs(1, 20_000, 2.0, 1.0, k))
    assert found["parameters"] == pytest.approx(4, rel=0.05) and found["chance"] == pytest.approx(1, rel=0.05)
    assert found["share_parameters"] == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize("k", [2, 4])
def test_the_interval_holds_the_truth_nine_times_in_ten(k):
    """400 splits of 10 sets: coverage of a 90 % interval within 4 standard errors."""
    inside = [s["low"] <= 0.5 <= s["high"] for s in (split(pairs(n, 10, 1.0, 1.0, k)) for n in range(400))]
    assert np.mean(inside) == pytest.approx(0.9, abs=0.06)


def test_no_negative_variance_and_no_split_of_one_pair():
    assert min(split(pairs(n, 5, 0.0, 1.0))["parameters"] for n in range(50)) == 0
    assert np.isnan(split(pairs(1, 1, 1.0, 1.0))["parameters"])
    assert split(np.array([[1.0, np.nan], [1.0, 2.0], [3.0, 4.0]]))["sets"] == 2
    assert split(np.ones((4, 2)))["chance"] == 0


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
def test_the_share_of_unidentified_parameters_is_found(weight):
    """Of unit variance from parameters, `weight` comes from one that the data narrow: the rest is found, in 0 to 1."""
    rng = np.random.default_rng(7)
    narrowed, others = rng.normal(size=(600, 3)), rng.normal(size=600)
    level = np.sqrt(weight) * narrowed[:, 0] + np.sqrt(1 - weight) * others
    found, low, high = unidentified(level[:, None] + rng.normal(0, 0.5, (600, 2)), narrowed)
    assert found == pytest.approx(1 - weight, abs=0.08) and low <= found <= high
    assert np.isnan(unidentified(np.ones((ENOUGH - 1, 2)), np.ones((ENOUGH - 1, 1)))[0])


def test_intervals_of_the_unidentified_share_hold_the_truth():
    """60 samples of 80 sets, half of the variance unidentified: nominal 90 % intervals hold it in at least 45 (chance
    of fewer at the nominal level: 0.03 %).
    """
    rng, held = np.random.default_rng(8), 0
    for _ in range(60):
        narrowed, others = rng.normal(size=(80, 4)), rng.normal(size=80)
        pairs_ = (narrowed[:, 0] + others)[:, None] + rng.normal(0, 1, (80, 2))
        _, low, high = unidentified(pairs_, narrowed)
        held += low <= 0.5 <= high
    assert held >= 45


def values_of(array):
    """`array` (scenarios, replicates) of one metric as a Values."""
    rows = [
        ("s" + str(s), r, "trust", "all", array[s, r]) for s in range(array.shape[0]) for r in range(array.shape[1])
    ]
    frame = pd.DataFrame(rows, columns=["scenario", "replicate", "metric", "group", "value"])
    return Values(frame, [f"s{s}" for s in range(array.shape[0])], array.shape[1])


def test_levels_and_differences_are_split():
    base = pairs(1, 30, 1.0, 1.0).reshape(-1)
    table = variance_table(
        values_of(np.stack([base, base + pairs(2, 30, 0.0, 0.1).reshape(-1)])), {"trust": "scale"}, "s0"
    )
    assert table["reference"].tolist() == ["", "", "s0"] and (table["sets"] == 30).all()
    assert table["share_parameters"].iloc[2] < table["share_parameters"].iloc[0] + 0.3
    few = variance_table(values_of(base[None, :5]), {"trust": "scale"}, "s0")
    assert few["note"].tolist() == ["few sets: rough"] and few["sets"].tolist() == [2]


def test_the_parameter_that_matters_is_named_and_noise_is_not():
    rng = np.random.default_rng(5)
    drawn = {f"g.p{n}": rng.uniform(size=ENOUGH) for n in range(100)}
    array = (np.repeat(drawn["g.p7"], 2) + rng.normal(0, 0.05, 2 * ENOUGH))[None, :]
    identified = dict.fromkeys(drawn, "no")
    table = drivers_table(values_of(array), "s0", drawn, identified, ["trust"])
    assert table["parameter"].tolist() == ["g.p7"] and table["rank_correlation"].iloc[0] > 0.9
    assert drivers_table(
        values_of(array[:, :20]), "s0", {n: v[:10] for n, v in drawn.items()}, identified, ["trust"]
    ).empty
