"""When the best scenario of an alternative is not distinguishable from that of the base."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.experiments.robustness.study import compare_ranks


@pytest.mark.parametrize(("errors", "same", "better"), [(1.9, "tied", "higher"), (2.4, "no", "lower")])
def test_a_lead_counts_from_student_s_interval_and_not_from_one_standard_error(errors, same, better):
    """20 pairs: the 95 % interval is 2.09 standard errors on either side."""
    gap = np.linspace(-1, 1, 20)
    gap += errors * gap.std(ddof=1) / np.sqrt(20)
    sign = 1.0 if better == "higher" else -1.0
    base = {"a": {"trust": sign * np.ones(20)}, "b": {"trust": np.zeros(20)}}
    other = {"a": {"trust": np.zeros(20)}, "b": {"trust": sign * gap}}
    (row,) = compare_ranks(base, other, ["trust"], {"trust": better})
    assert (row["best_base"], row["best"], row["same_best"]) == ("a", "b", same)
    assert row["lead"] == pytest.approx(errors * row["standard_error"])
