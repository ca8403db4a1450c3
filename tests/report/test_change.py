"""What is said of a difference follows from both intervals, their probabilities and the least difference."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consensus_sim.catalogue import text
from consensus_sim.report.change import KINDS, MARKS, is_clear, kind_of_change, one_community
from consensus_sim.study.rules import rules

ROW = {
    "difference": 0.3, "q05": 0.1, "q95": 0.5, "mean_q05": 0.2, "mean_q95": 0.4, "p_mean_up": 0.99, "p_mean_down": 0.01,
    "p_up": 0.97, "p_down": 0.03, "least_difference": 0.02, "sets": 20,
}  # fmt: skip


def mirrored(row: dict[str, Any]) -> dict[str, Any]:
    """`row` with scenario and reference exchanged."""
    turned = {f"{stem}q05": -row[f"{stem}q95"] for stem in ("", "mean_")}
    turned |= {f"{stem}q95": -row[f"{stem}q05"] for stem in ("", "mean_")}
    turned |= {f"{stem}_up": row[f"{stem}_down"] for stem in ("p", "p_mean")}
    turned |= {f"{stem}_down": row[f"{stem}_up"] for stem in ("p", "p_mean")}
    return {**row, **turned, "difference": -row["difference"]}


FEWEST, SURE = rules().fewest, rules().sure
ONE_UNSURE = {"q05": -0.1, "p_up": 0.84}
AVERAGE_UNSURE = {"mean_q05": -0.1, "p_mean_up": 0.94, "p_mean_down": 0.06}
WITHIN = {"difference": 0.005, "mean_q05": -0.01, "mean_q95": 0.02}
CASES = [
    ({}, "higher"),
    ({"p_up": SURE, "p_mean_up": SURE}, "higher"),
    (ONE_UNSURE, "leaning_up"),
    ({"p_up": 0.94}, "leaning_up"),
    ({"q05": -0.01}, "leaning_up"),
    (AVERAGE_UNSURE, "unclear"),
    ({"p_mean_up": 0.94}, "unclear"),
    ({"least_difference": 0.3}, "higher"),
    ({"least_difference": 0.31}, "slight"),
    ({**ONE_UNSURE, "least_difference": 0.31}, "slight"),
    ({"least_difference": 0.4}, "negligible"),
    (WITHIN, "negligible"),
    ({**WITHIN, "mean_q05": -0.03}, "slight"),
    ({**WITHIN, "mean_q05": -0.03, "p_mean_up": 0.8}, "unclear"),
    ({"least_difference": math.nan}, "unclear"),
    ({"mean_q05": math.nan, "mean_q95": math.nan, "p_mean_up": math.nan, "p_mean_down": math.nan}, "unclear"),
    ({"sets": FEWEST}, "higher"),
    ({"sets": FEWEST - 1}, "unclear"),
    ({**WITHIN, "sets": FEWEST - 1}, "unclear"),
]


@pytest.mark.parametrize(("changed", "kind"), CASES)
def test_kinds_of_change_in_both_directions(changed: dict[str, Any], kind: str) -> None:
    row = {**ROW, **changed}
    assert kind_of_change(row) == kind
    other = {"higher": "lower", "leaning_up": "leaning_down"}
    assert kind_of_change(mirrored(row)) == other.get(kind, kind)


@pytest.mark.parametrize(("sets", "kind"), [(5, "negligible"), (4, "unclear")])
def test_no_difference_at_all_is_not_worth_a_word(sets: int, kind: str) -> None:
    nothing = {**dict.fromkeys(ROW, 0.0), "sets": sets}
    assert kind_of_change(nothing) == kind
    assert not is_clear(nothing)


NUMBERS = st.floats(-1, 1)


@given(st.fixed_dictionaries({name: NUMBERS for name in ROW}), st.floats(0, 1), st.integers(1, 9))
def test_no_mark_below_the_least_difference_or_with_few_draws(row: dict[str, Any], least: float, sets: int) -> None:
    row |= {"least_difference": least, "sets": sets}
    if kind_of_change(row) in MARKS:
        assert abs(row["difference"]) >= least and sets >= FEWEST
        assert row["p_mean_up" if row["difference"] > 0 else "p_mean_down"] >= SURE


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_kind_has_its_words_and_none_is_weak(language: str) -> None:
    said = [text(f"report.{kind}", language) for kind in KINDS]
    said += [text(f"report.under.{kind}", language, scenarios="X") for kind in KINDS]
    assert len(set(said)) == len(said)
    assert not any(word in each for each in said for word in ("weak", "不是每次", "surely nothing"))


def test_one_community_is_shown_no_surer_than_the_average():
    assert one_community(ROW) == (0.1, 0.5)
    assert one_community({**ROW, "mean_q05": 0.05, "mean_q95": 0.6}) == (0.05, 0.6)
    assert one_community({**ROW, "mean_q05": math.nan, "mean_q95": math.nan}) == (0.1, 0.5)
