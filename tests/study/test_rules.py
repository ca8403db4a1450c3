"""The rules of statistics are those of configs/statistics/rules.yaml, checked when they are read."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.errors import InputError
from consensus_sim.report.change import kind_of_change
from consensus_sim.study import rules as module
from consensus_sim.study.draws import draw_number
from consensus_sim.study.rules import Rules, rules

GOOD = {"repeated": 10, "caution": 0.6, "sure": 0.95, "fewest": 5}
SEEN = {
    "difference": 1.0, "least_difference": 0.1, "sets": 5, "q05": 0.5, "q95": 2.0, "mean_q05": 0.5, "mean_q95": 2.0,
    "p_mean_up": 0.95, "p_up": 0.95,
}  # fmt: skip


def test_the_rules_are_those_that_published_tables_were_made_with():
    assert rules() == Rules(**GOOD)


def test_other_rules_are_followed(monkeypatch):
    """Every fifth replicate repeats a draw then, and what was sure with five draws is not with six asked for."""
    assert kind_of_change(SEEN) == "higher" and draw_number(np.arange(6)).tolist() == [0, 1, 2, 3, 4, 5]
    for changed, found in (({"sure": 0.96}, "unclear"), ({"fewest": 6}, "unclear"), ({"repeated": 5}, "higher")):
        other = Rules(**{**GOOD, **changed})
        monkeypatch.setattr("consensus_sim.report.change.rules", lambda other=other: other)
        assert kind_of_change(SEEN) == found
    monkeypatch.setattr("consensus_sim.study.draws.rules", lambda: other)
    assert draw_number(np.arange(6)).tolist() == [0, 1, 2, 3, 3, 4]


@pytest.mark.parametrize("change", [{"repeated": 1}, {"sure": 1.2}, {"caution": -0.1}, {"fewest": 1}, {"more": 1}])
def test_what_is_out_of_range_or_unknown_is_refused(monkeypatch, change):
    monkeypatch.setattr(module, "read_plain", lambda _: {**GOOD, **change})
    with pytest.raises(InputError, match=next(iter(change))):
        rules.__wrapped__()
