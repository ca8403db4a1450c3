"""Sensitivity: settings, what is left out, what goes on from the screening."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from consensus_sim.analysis.sensitivity import defined, read_settings, screened
from consensus_sim.errors import InputError

GOOD = {"trajectories": 4, "levels": 4, "screened": 2, "base": 8, "chances": 1, "noise": 4, "metrics": ["trust"]}


def test_good_settings_are_read():
    assert read_settings(GOOD).base == 8


@pytest.mark.parametrize(
    ("change", "word"),
    [({"base": 12}, "power of two"), ({"metrics": ["x"]}, "metrics"), ({"levels": 1}, "levels"), ({"bas": 1}, "bas")],
)
def test_settings_that_cannot_be_read_are_refused(change, word):
    with pytest.raises(InputError, match=word):
        read_settings(GOOD | change)


def test_outputs_seldom_defined_or_constant_are_left_out():
    few, many = np.arange(100.0), np.arange(100.0)
    few[:4], many[:50] = np.nan, np.nan
    kept = defined({("a", "", "few"): few, ("a", "", "many"): many, ("a", "", "flat"): np.ones(100)})
    assert list(kept) == [("a", "", "few")]
    assert not np.isnan(kept["a", "", "few"]).any() and kept["a", "", "few"][0] == np.nanmedian(few)


def test_the_largest_effects_relative_to_their_output_go_on():
    rows = [("p", 1.0, 10.0), ("q", 0.5, 1.0), ("r", 0.2, 1.0), ("p", 0.1, 1.0)]
    table = pd.DataFrame(rows, columns=["parameter", "mu_star", "output_sd"])
    assert screened(table, 2) == ["q", "r"]
