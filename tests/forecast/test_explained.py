"""The share of variance that a parameter explains, where the answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from consensus_sim.forecast.explained import EXPLAINED, FEWEST, explained_table, share_by_rank
from consensus_sim.forecast.summary import Values
from consensus_sim.parameters import Behaviour
from consensus_sim.study.config import compose

REFERENCE = Path(__file__).parent.parent.parent / "results" / "reference"


def metrics(values):
    """The table of metrics of scenarios `a` and `b`: scenario -> values of replicates, of all adults and of elders."""
    return pd.concat(
        pd.DataFrame(
            {"scenario": name, "replicate": np.arange(len(line)), "metric": "trust", "group": group, "value": line}
        )
        for name, line in values.items()
        for group in ("all", "elder")
    )


def test_share_is_the_part_of_the_variance_that_was_put_in():
    """Uniform levels make 1/12 of variance a unit, the noise 1/12: half; a U shape counts, a permutation does not."""
    rng = np.random.default_rng(1)
    level = rng.random(4_000)
    noise = rng.normal(0, np.sqrt(1 / 12), len(level))
    assert share_by_rank(level, level + noise) == pytest.approx(0.5, abs=0.04)
    assert share_by_rank(np.exp(9 * level), level + noise) == pytest.approx(0.5, abs=0.04)
    assert share_by_rank(level, (level - 0.5) ** 2) > 0.99
    assert share_by_rank(rng.permutation(level), level + noise) < 0.005


def test_each_parameter_has_the_output_that_it_explains_most():
    rng = np.random.default_rng(2)
    n = 4 * FEWEST
    one, other = rng.random(n), rng.random(n)
    noise = rng.normal(0, 0.3, n)
    values = {"a": one + noise, "b": one + noise + 0.5 * other}
    table = explained_table(
        Values(metrics(values), ["a", "b"], n, np.arange(n)),
        "a",
        {"other": other, "one": one, "same": np.ones(n)},
        ["trust"],
    )
    assert list(table) == list(EXPLAINED)
    assert table["parameter"].tolist() == ["other", "one"]
    assert table["scenario"].tolist() == ["b", "a"] and table["reference"].tolist() == ["a", ""]
    assert table["share"][0] > 0.99 and 0.3 < table["share"][1] < 0.7
    assert np.allclose(table["narrowing"], 1 - np.sqrt(1 - table["share"]))


def test_few_draws_say_nothing():
    n = FEWEST - 1
    level = np.arange(n) / n
    values = Values(metrics({"a": level, "b": level}), ["a", "b"], n, np.arange(n))
    assert explained_table(values, "a", {"one": level}, ["trust"]).empty


def test_no_fixed_parameter_narrows_a_published_interval_by_a_tenth():
    """Each parameter that forecasts do not draw has its row, but for rules, which are not uncertain."""
    table = pd.read_csv(REFERENCE / "core_parameters.csv", keep_default_na=False)
    uncertain = [
        p for p in Behaviour.from_config(compose([])["behaviour"]) if not p.drawn and p.distribution != "fixed"
    ]
    assert sorted(table["parameter"]) == sorted(p.name.removeprefix("behaviour.") for p in uncertain)
    assert list(table) == list(EXPLAINED) and table["share"].is_monotonic_decreasing
    assert np.allclose(table["narrowing"], 1 - np.sqrt(1 - table["share"]), atol=1e-5)
    assert table["narrowing"].max() < 0.10
