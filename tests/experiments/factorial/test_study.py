"""The factorial: its design, its estimates on a known surface, and its published table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from consensus_sim import load_community
from consensus_sim.experiments.factorial import study as factorial
from consensus_sim.forecast.simulator import Simulator
from consensus_sim.runs.engines import Serial
from consensus_sim.study.config import compose
from consensus_sim.study.study import read_study

pytest.importorskip("statsmodels")


def test_the_design_is_balanced_and_its_terms_can_be_told_apart():
    levels = factorial.design(23, 512)
    assert set(np.unique(levels)) == {-1, 1} and (levels.sum(axis=0) == 0).all()
    pairs = [levels[:, a] * levels[:, b] for a in range(23) for b in range(a)]
    terms = np.column_stack([np.ones(512), levels, *pairs])
    assert np.linalg.matrix_rank(terms) == terms.shape[1]


def test_a_known_surface_is_recovered():
    levels = factorial.design(5, 256)
    present = (levels + 1) / 2
    generator = np.random.default_rng(3)
    noise, apart = generator.normal(0, 0.1, (256, 6)), generator.normal(0, 0.05, 6)  # sets differ in the first effect
    surface = 2.0 * present[:, 0] - present[:, 1] + 0.8 * present[:, 2] * present[:, 3]
    values = surface[:, None] + np.outer(present[:, 0], apart) + noise
    values[5, 2] = np.nan
    table = factorial.effects(levels, list("abcde"), values).set_index(["first", "second"])
    for term, truth in {("a", ""): 2.0, ("b", ""): -1.0, ("c", ""): 0.4, ("c", "d"): 0.4, ("e", ""): 0.0}.items():
        assert table.loc[term, "low"] - 0.05 < truth < table.loc[term, "high"] + 0.05
    clear = set(table.index[table["q_value"] < 0.01])
    assert clear == {("a", ""), ("b", ""), ("c", ""), ("d", ""), ("c", "d")}


def test_what_the_fraction_cannot_resolve_is_not_taken_for_an_effect():
    """Three factors that work only together, alike in every set: over sets alone nothing varies, and whatever of it the
    drawn fraction leaks into another term would seem certain.
    """
    levels = factorial.design(5, 64)
    together = levels[:, 0] * levels[:, 1] * levels[:, 2]
    values = together[:, None] + np.random.default_rng(6).normal(0, 0.01, (64, 12))
    table = factorial.effects(levels, list("abcde"), values)
    assert (table["q_value"] > 0.01).all()
    assert ((table["low"] < 0) & (table["high"] > 0)).mean() > 0.8  # of 15 terms without effect; 0.95 on average


def test_cells_are_played_with_their_levers_and_no_others():
    study = read_study(compose(["community=teaching", "scenarios=[everything]", "replicates=1", "calendar.weeks=16"]))
    names = list(factorial.factors_of(study))
    assert len(names) == 23 and "council" not in names
    levels = np.ones((2, 23), int)
    levels[1] = -1
    means = factorial.play(study, levels, Simulator(Serial(), progress=False), load_community("teaching"))
    assert len(means) == 2
    assert means.loc[("p0000", 0), "attendance_council"] > means.loc[("p0001", 0), "attendance_council"]


def test_the_published_table_has_every_main_effect_and_interaction(reference):
    table = pd.read_csv(reference / "factorial.csv", keep_default_na=False, na_values=[""])
    counts = table.groupby("metric").size()
    assert set(counts.index) == set(factorial.METRICS) and (counts == 23 + 23 * 22 // 2).all()
    assert (table["low"] <= table["effect"]).all() and (table["effect"] <= table["high"]).all()
