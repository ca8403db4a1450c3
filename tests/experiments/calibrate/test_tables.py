"""Tables of a calibration: their shape does not depend on which statistics the runs report."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.experiments.calibrate.tables import joint_table, predictive_table
from consensus_sim.experiments.targets import Target, read_targets

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


def test_figures_that_do_not_go_together_are_noticed():
    """Two figures with correlation 0.95 in the runs, each within its own range: at (1, 1) nothing is odd, at (1, -1)
    much is; what is far out alone is, too. Of runs from the same distribution the share further away is uniform.
    """
    rng = np.random.default_rng(1)
    covariance = [[1.0, 0.95], [0.95, 1.0]]
    runs = rng.multivariate_normal([0, 0], covariance, 2000)

    def further(*observed):
        targets = [target_of(f"t{n}", value) for n, value in enumerate(observed)]
        return joint_table(targets, {"prior": runs}).loc[0, "further"]

    assert further(1.0, 1.0) > 0.3 and further(1.0, -1.0) < 0.001 and further(4.0, 4.0) < 0.01
    shares = [further(*one) for one in rng.multivariate_normal([0, 0], covariance, 100)]
    assert 0.35 < np.mean(shares) < 0.65 and 0.02 < np.mean(np.array(shares) < 0.1) < 0.2


def test_too_few_runs_tell_nothing_jointly():
    assert joint_table([target_of("t", 0.0)], {"prior": np.zeros((2, 1))}).empty


def target_of(name, value):
    """A figure that is observed almost without error."""
    return Target(name, name, "phase1", "all", value, -9.0, 9.0, 1e-6, "1", "F1", "calibration")
