"""The answer in words follows from the intervals and from nothing else."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from consensus_sim.report.answer import headlines, kind_of_change, verdicts
from consensus_sim.report.tables import Numbers

SCENARIOS = [("a", {"zh": "甲", "en": "A"}), ("b", {"zh": "乙", "en": "B"}), ("c", {"zh": "丙", "en": "C"})]


def change(
    difference: float, q05: float, q95: float, error: float, replicates: int = 9, same_way: float = 1.0
) -> dict[str, Any]:
    return {
        "difference": difference, "q05": q05, "q95": q95, "standard_error": error, "same_way": same_way,
        "replicates": replicates, "sets": replicates,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (change(0.3, 0.1, 0.5, 0.05), "higher"),
        (change(-0.3, -0.5, -0.1, 0.05), "lower"),
        (change(0.2, -0.1, 0.5, 0.05), "leaning"),
        (change(0.05, -0.3, 0.5, 0.05), "unclear"),
        (change(0.0, 0.0, 0.0, 0.0), "same"),
        (change(0.2, -0.1, 0.5, math.nan), "unclear"),
        (change(0.01, 0.0, 0.05, 0.01), "unclear"),
        (change(0.3, 0.1, 0.5, 0.05, 5), "higher"),
        (change(0.3, 0.1, 0.5, 0.05, 4), "unclear"),
        (change(0.2, -0.1, 0.5, 0.05, 4), "unclear"),
        (change(0.3, 0.3, 0.3, math.nan, 1), "unclear"),
        (change(0.0, 0.0, 0.0, math.nan, 1), "unclear"),
        (change(0.3, 0.1, 0.5, 0.05, 20, 0.95), "higher"),
        (change(0.3, 0.1, 0.5, 0.05, 9, 8 / 9), "leaning"),
    ],
)
def test_kinds_of_change(given: dict[str, Any], kind: str) -> None:
    assert kind_of_change(given) == kind


@pytest.fixture
def numbers() -> Numbers:
    contrasts = [("b", "trust", change(0.3, 0.1, 0.5, 0.05)), ("c", "trust", change(-0.3, -0.5, -0.1, 0.05))]
    contrasts += [
        ("b", "cost_money", change(1000, 900, 1100, 10)),
        ("b", "cost_hours", change(-5, -6, -4, 1)),
    ]
    contrasts += [
        ("b", "frequency", change(0.05, -0.3, 0.5, 0.05)),
        ("b", "silent_micro_grids", change(-4.0, -6, -2, 0.5)),
        ("b", "vulnerable_present", change(0.1, 0.05, 0.2, 0.01, 6)),
    ]
    rows = [{"scenario": s, "reference": "a", "metric": m, "group": "all", **c} for s, m, c in contrasts]
    values = [("a", "trust", 0.5), ("b", "trust", 0.8), ("b", "cost_money", 2000), ("b", "cost_hours", 20)]
    values += [("b", "silent_micro_grids", 12.5)]
    summary = [
        {"scenario": s, "metric": m, "group": "all", "mean": v, "q05": v, "q95": v, "replicates": 9}
        for s, m, v in values
    ]
    return Numbers(pd.DataFrame(summary), pd.DataFrame(rows), "a")


def test_headlines_name_the_scenarios_on_each_side(numbers: Numbers) -> None:
    assert headlines(numbers, SCENARIOS, "en") == [("Trust", "clearly higher under B; clearly lower under C.")]
    assert headlines(numbers, SCENARIOS, "zh") == [("信任", "明确提高：乙；明确降低：丙。")]


def test_a_verdict_tells_changes_cost_and_silence(numbers: Numbers) -> None:
    first, second = verdicts(numbers, SCENARIOS, "en", 50)
    assert "Trust +0.300 (+0.100 to +0.500)" in first.higher and len(first.higher) == 2
    assert first.higher[0].endswith("(6/9 replicates have values)")
    assert first.lower == first.leaning == []
    assert first.unclear == ["Frequency"]
    assert first.cost == "2,000 CNY and 20 staff hours; +1,000 CNY and -5 hours against the reference."
    assert first.silent.startswith("12.5 of 50 on average")
    assert first.silent.endswith("Clearly -4.0 against the reference, -6.0 to -2.0.")
    assert second.lower == ["Trust -0.300 (-0.500 to -0.100)"]
    assert second.cost == second.silent == ""
