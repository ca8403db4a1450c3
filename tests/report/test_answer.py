"""The answer in words follows from the intervals and from nothing else."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from consensus_sim.report.answer import change_words, headlines, verdicts
from consensus_sim.report.tables import Numbers

SCENARIOS = [("a", {"zh": "甲", "en": "A"}), ("b", {"zh": "乙", "en": "B"}), ("c", {"zh": "丙", "en": "C"})]


def change(difference: float, q05: float, q95: float, sets: int = 9, p: float = 1.0) -> dict[str, Any]:
    """A row of contrasts whose mean effect lies in the middle half of the interval of one community."""
    half, (up, down) = (q95 - q05) / 4, (p, 1 - p) if difference > 0 else (1 - p, p)
    return {
        "difference": difference, "q05": q05, "q95": q95, "mean_q05": difference - half, "mean_q95": difference + half,
        "p_mean_up": float(difference > 0), "p_mean_down": float(difference < 0), "p_up": up, "p_down": down,
        "least_difference": 0.02, "standard_error": 0.05, "replicates": sets, "sets": sets,
    }  # fmt: skip


@pytest.fixture
def numbers() -> Numbers:
    contrasts = [("b", "trust", change(0.3, 0.1, 0.5)), ("c", "trust", change(-0.3, -0.5, -0.1))]
    contrasts += [
        ("b", "cost_money", change(1000, 900, 1100)),
        ("b", "cost_hours", change(-5, -6, -4)),
    ]
    contrasts += [
        ("b", "frequency", {**change(0.05, -0.3, 0.5, p=0.6), "p_mean_up": 0.7}),
        ("b", "silent_micro_grids", change(-4.0, -6, -2)),
        ("b", "vulnerable_present", change(0.1, 0.05, 0.2, 6)),
        ("b", "attendance_tea", change(2.0, -1.0, 5.0, p=0.84)),
        ("c", "attendance_tea", change(-2.0, -5.0, 1.0, p=0.84)),
        ("b", "consensus_settled", change(0.001, -0.01, 0.01, p=0.6)),
        ("c", "consensus_settled", {**change(0.01, -0.05, 0.09), "p_mean_up": 0.97}),
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
    settled, trust = headlines(numbers, SCENARIOS, "en")
    assert trust == ("Trust", "clearly higher under B; clearly lower under C.")
    assert settled[1] == (
        "sure in direction, but perhaps too small to be worth a word, under C; no difference worth a word under B."
    )
    settled, trust = headlines(numbers, SCENARIOS, "zh")
    assert trust == ("信任", "明确提高：乙；明确降低：丙。")
    assert settled[1] == "方向有把握，但差别也许小到不值一提：丙；差别小到不值一提：乙。"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "rises on average, direction uncertain in a single community, under B (P = 0.84); "
         "cannot say, may rise or fall, under C."),
        ("zh", "总体会提高，但单个社区不一定：乙（把握 84%）；说不准，可能升也可能降：丙。"),
    ],
)  # fmt: skip
def test_a_headline_gives_the_probability_in_a_single_community(language: str, said: str) -> None:
    rows = [
        {"scenario": "b", "reference": "a", "metric": "trust", "group": "all", **change(0.2, -0.1, 0.5, p=0.84)},
        {"scenario": "c", "reference": "a", "metric": "trust", "group": "all", **change(0.2, -0.1, 0.5, sets=4)},
    ]
    summary = [{"scenario": "a", "metric": "trust", "group": "all", "mean": 0.5, "replicates": 9}]
    assert headlines(Numbers(pd.DataFrame(summary), pd.DataFrame(rows), "a"), SCENARIOS, language)[0][1] == said


def test_a_verdict_tells_changes_cost_and_silence(numbers: Numbers) -> None:
    first, second = verdicts(numbers, SCENARIOS, "en", 50)
    both = "on average +0.200 to +0.400, P = 1.00; in one community +0.100 to +0.500, P = 1.00"
    assert f"Trust +0.300 ({both})" in first.higher and len(first.higher) == 2
    assert first.higher[0].endswith("(6/9 replicates have values)")
    assert first.lower == first.leaning_down == first.slight == []
    both = "on average +0.5 to +3.5, P = 1.00; in one community -1.0 to +5.0, P = 0.84"
    assert first.leaning_up == [f"Tea attendance +2.0 ({both})"]
    assert first.negligible == second.slight == ["Consensus settled"]
    assert first.unclear == ["Frequency (rises 0.60, falls 0.40)"]
    assert first.cost == "2,000 CNY and 20 staff hours; +1,000 CNY and -5 hours against the reference."
    assert first.silent.startswith("12.5 of 50 on average")
    assert first.silent.endswith("Clearly -4.0 against the reference, -6.0 to -2.0.")
    both = "on average -0.400 to -0.200, P = 1.00; in one community -0.500 to -0.100, P = 1.00"
    assert second.lower == [f"Trust -0.300 ({both})"]
    assert len(second.leaning_down) == 1 and "P = 0.84" in second.leaning_down[0]
    assert second.cost == second.silent == ""


@pytest.mark.parametrize(
    ("difference", "adults", "language", "said"),
    [
        (0.0066, 13600, "zh", "季度参与面 +0.66 个百分点，约多 90 人（"),
        (-0.012, 13600, "zh", "季度参与面 -1.20 个百分点，约少 160 人（"),
        (0.0066, 400, "en", "Reach in the quarter +0.66 pp, about 3 more people ("),
        (-0.0066, 13600, "en", "Reach in the quarter -0.66 pp, about 90 fewer people ("),
        (0.0066, 50, "en", "Reach in the quarter +0.66 pp ("),
        (0.0066, 0, "en", "Reach in the quarter +0.66 pp ("),
    ],
)
def test_a_change_of_reach_is_given_in_persons_too(difference: float, adults: int, language: str, said: str) -> None:
    row = change(difference, difference - 0.001, difference + 0.001)
    assert change_words("reach_quarter", row, language, adults=adults).startswith(said)
    assert "人" not in change_words("trust", row, "zh", adults=13600)
