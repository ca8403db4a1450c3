"""Numbers behind a page: which rows they come from, and in which order an interval is written."""

from __future__ import annotations

import pandas as pd
import pytest

from consensus_sim.report.tables import Numbers

SUMMARY = {"metric": "trust", "group": "all", "replicates": 20, "standard_error": 0.01}
CHANGE = {
    "reference": "a", "metric": "trust", "group": "all", "difference": 0.3, "q05": 0.1, "q95": 0.5, "mean_q05": 0.2,
    "mean_q95": 0.4, "p_mean_up": 0.99, "p_mean_down": 0.01, "p_up": 0.97, "p_down": 0.03, "least_difference": 0.02,
    "standard_error": 0.05, "replicates": 20, "sets": 18,
}  # fmt: skip


@pytest.fixture
def numbers():
    summary = [
        {"scenario": name, "mean": mean, "q05": mean - 0.1, "q95": mean + 0.2, **SUMMARY}
        for name, mean in (("a", 0.4), ("b", 0.7))
    ]
    return Numbers(pd.DataFrame(summary), pd.DataFrame([{"scenario": "b", **CHANGE}]), "a")


def test_parameter_draws_are_counted_apart_from_replicates(numbers):
    """Every tenth replicate repeats a draw, so the two are not the same number."""
    assert (numbers.sets(), numbers.replicates()) == (18, 20)


def test_intervals_of_a_cell_are_written_from_low_to_high(numbers):
    cell = numbers.cell("b", "trust")
    assert (cell.value, cell.interval) == ("0.700", "[0.600; 0.900]")
    assert (cell.difference, cell.mean_interval) == ("+0.300", "[+0.200; +0.400]")
    assert cell.difference_interval == "[+0.100; +0.500]"
    assert cell.mark == "*" and cell.clear and cell.welcome


def test_an_error_is_the_largest_over_scenarios_of_means_and_of_differences(numbers):
    assert numbers.error("trust") == (0.01, 0.05)
