"""Tables of a calibration: their shape does not hang on what the runs happen to tell."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.analysis.tables import predictive_table
from consensus_sim.analysis.targets import read_targets

TARGETS = read_targets(["baseline", "phase1"], ["phase1", "baseline", "plain"])


@pytest.mark.parametrize("silent", ["latency", "retired_over_working", "attendance_tea"])
def test_the_columns_are_the_same_where_no_run_tells_a_figure(silent):
    """Also of the first target: its row comes first and must not leave out a column."""
    runs = {target.statistic: np.arange(1.0, 9.0) for target in TARGETS}
    whole = predictive_table(TARGETS, runs, runs)
    statistic = next(target.statistic for target in TARGETS if target.name == silent)
    lacking = predictive_table(TARGETS, runs, {**runs, statistic: np.full(8, np.nan)})
    assert list(lacking) == list(whole) and len(lacking) == len(whole) == len(TARGETS)
    row = lacking.set_index("target").loc[silent]
    assert row["posterior_runs"] == 0 and np.isnan(row["posterior_share"]) and not row["held"]
    assert row["prior_runs"] == 8
