"""How much is enough follows from the interval of the mean effect of every larger dose, at its very thresholds."""

from __future__ import annotations

import io
import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from consensus_sim.catalogue import text
from consensus_sim.experiments.response.figure import draw_response
from consensus_sim.experiments.response.study import Curve
from consensus_sim.experiments.response.text import (
    ANSWERS,
    at_limit,
    how_much,
    in_words,
    print_response,
    scope,
    with_verdicts,
)
from tests.report.test_figures import texts

LANGUAGES = ("zh", "en")
LEAST = 0.05


def row(dose: float, against: float, low: float, high: float, **other: Any) -> dict[str, Any]:
    """A difference whose mean effect lies in [low, high], in the middle of it."""
    up = 1.0 if low > 0 else 0.0 if high < 0 else 0.6
    return {
        "intervention": "points", "dose": dose, "against": against, "settings": f"points.attendance={2 * dose:g}",
        "clipped": "", "metric": "frequency_ordinary", "group": "all", "unit": "times_a_quarter",
        "difference": (low + high) / 2, "mean_q05": low, "mean_q95": high, "p_mean_up": up, "p_mean_down": 1 - up,
        "q05": low - 0.1, "q95": high + 0.1, "p_up": 0.7, "p_down": 0.3, "standard_error": 0.01,
        "least_difference": LEAST, "replicates": 20, "sets": 10, **other,
    }  # fmt: skip


def curve(levels: list[tuple[float, float]], half: float = 0.04, **other: Any) -> list[dict[str, Any]]:
    """Rows of a curve: (dose, mean against none) with every interval `half` to either side."""
    points = [(0.0, 0.0), *levels]
    pairs = itertools.combinations(points, 2)
    rows = [row(d, a, x - y - half, x - y + half, **other) for (a, y), (d, x) in pairs]
    return sorted(rows, key=lambda one: (one["dose"], one["against"]))


RISING, STEP, FLAT = [(1, 0.3), (2, 0.6), (4, 0.9)], [(1, 0.3), (2, 0.305), (4, 0.309)], [(1, 0.0), (2, 0.005)]
CASES = [
    (curve(RISING), ("more", 4.0)),
    (curve(STEP), ("enough", 1.0)),
    (curve([(1, 0.3), (2, 0.6), (4, 0.605)]), ("enough", 2.0)),
    (curve([(1, -0.3), (2, -0.305)]), ("worse", 1.0)),
    (curve(STEP, metric="sittings_per_settled"), ("worse", 1.0)),
    (curve(STEP, metric="attendance_reception"), ("enough", 1.0)),
    (curve(FLAT), ("none", 2.0)),
    (curve(STEP, half=0.06), ("unknown", 1.0)),
    (curve(STEP, sets=4), ("unknown", 1.0)),
    ([row(1, 0, -0.02, 0.08), row(2, 0, -0.02, 0.08), row(2, 1, -0.01, 0.01)], ("flat", 1.0)),
]


@pytest.mark.parametrize(("rows", "expected"), CASES)
def test_the_smallest_dose_beyond_which_more_brings_nothing(rows, expected):
    found = how_much(rows, 1.0)
    assert (found.kind, found.dose) == expected


def test_enough_begins_where_the_interval_reaches_the_least_difference():
    """Of dose 2 against 1; that of dose 1 against none is sure."""

    def kind(high: float, within: float = 1.0) -> str:
        return how_much([row(1, 0, 0.2, 0.4), row(2, 0, 0.2, 0.4), row(2, 1, -0.01, high)], within).kind

    assert kind(LEAST) == "enough" and kind(LEAST + 1e-9) == "unknown"
    assert kind(2 * LEAST) == "unknown" and kind(2 * LEAST, within=2.0) == "enough" and kind(LEAST, 0.9) == "unknown"


def test_every_larger_dose_counts_not_the_next_alone():
    rows = curve([(1, 0.3), (2, 0.303), (4, 0.9)])
    found = how_much(rows, 1.0)
    assert found.kind == "more" and (found.before, found.most) == (2.0, 4.0)


def test_a_dose_that_is_wholly_clipped_says_nothing_of_more():
    """Doses 4 and 8 are one and the same run: that they do not differ does not make 4 enough."""
    rows = curve([*RISING, (8, 0.9)], half=0.0)
    for one in rows:
        if one["dose"] == 8:
            one.update(settings="points.attendance=8", clipped="points.attendance")
    found = how_much(rows, 1.0)
    assert (found.kind, found.dose, found.before) == ("more", 4.0, 2.0)


def test_a_metric_without_a_value_at_none_is_told_of_the_other_doses():
    rows = [one for one in curve(STEP) if one["against"] > 0]
    assert how_much(rows, 1.0)[:2] == ("flat", 1.0)
    assert len(in_words("frequency_ordinary", "all", rows, 1.0, "en")) == 1
    assert how_much([], 1.0).kind == "undefined"


SAID = {
    "en": [
        "Frequency of ordinary residents: dose 1 is enough; more brings no difference worth a word on average.",
        "Dose 1 against none: Frequency of ordinary residents +0.30 (on average +0.26 to +0.34, P = 1.00; in one "
        "community +0.16 to +0.44, P = 0.70).",
    ],
    "zh": [
        "普通居民参与频次：1 倍就够了，再多，总体上没有值得一提的差别。",
        "1 倍与不用相比：普通居民参与频次 +0.30（总体 +0.26 至 +0.34，把握 99 % 以上；"
        "单个社区 +0.16 至 +0.44，把握 70%）。",
    ],
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_say_how_much_and_what_it_does_on_average_and_in_one_community(language):
    assert in_words("frequency_ordinary", "all", curve(STEP), 1.0, language) == SAID[language]
    first = [in_words("frequency_ordinary", "elder", rows, 1.0, language)[0] for rows, _ in CASES]
    kinds = [kind for _, (kind, _) in CASES]
    starts = {kind: said for kind, said in zip(kinds, first, strict=True)}
    assert len(set(starts.values())) == len(starts) and starts.keys() == ANSWERS.keys() - {"undefined"}
    assert all(("60 岁及以上" if language == "zh" else "60 and over") in said for said in first)
    assert "+0.30" in starts["more"] and "4" in starts["more"] and "2" in starts["more"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_clipped_and_of_what_community_is_said(language):
    rows = curve(STEP)
    for one in rows:
        one["clipped"] = {1: "", 2: "a.use", 4: "a.use; a.show"}[one["dose"]]
    said = at_limit(pd.DataFrame(rows), language)
    assert said.count("a.use") == 1 and said.index("2") < said.index("a.show") < said.rindex("4")
    assert at_limit(pd.DataFrame(curve(STEP)), language) == ""
    kind = scope({"zh": "教学社区", "en": "The teaching community"}, 1338, 56, language)
    assert "1,338" in kind and "56" in kind and ("教学社区" if language == "zh" else "The teaching community") in kind


def sample() -> tuple[pd.DataFrame, dict[str, Curve]]:
    """Two curves, one with a clipped dose, one of whose metrics is undefined throughout."""
    label = {"zh": "积分和兑付经费", "en": "points and the money behind them"}
    metrics = {"frequency_ordinary": ("all",), "reach_quarter": ("elder", "tenant")}
    made = {"label": label, "scenario": "points", "doses": ("points",), "purpose": label, "metrics": metrics}
    rows = curve(RISING) + curve(STEP, metric="reach_quarter", group="elder", clipped="points.attendance")
    others = [{**one, "intervention": "other"} for one in curve(FLAT)]
    table = with_verdicts(pd.DataFrame(rows + others))
    return table, {"points": Curve(**made), "other": Curve(**made)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_terminal_shows_both_intervals_and_what_is_clipped(language):
    console = Console(file=io.StringIO(), width=80)
    print_response(*sample(), 1.0, language, console)
    said = console.file.getvalue()
    assert "nan" not in said and "…" not in said and "▲" in said and "[+0.26; +0.34]" in said
    assert text("response.title", language) in said and max(map(len, said.splitlines())) <= 80


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_figure_marks_clipped_doses_and_where_it_is_enough(language):
    figure = draw_response(*sample(), 1.0, language)
    for words, box in texts(figure):
        assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1, words
    boxes = [one.get_window_extent() for one in [*(axes._left_title for axes in figure.axes), *figure.texts]]
    boxes = [box for box in boxes if box.width > 1]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    first, second, *_, flat = [axes for axes in figure.axes if len(axes.lines) > 3]
    marks = [[line.get_marker() for line in axes.lines if line.get_marker() != "None"] for axes in (first, second)]
    assert marks == [["o"] * 4, ["o"] + ["^"] * 3]
    dashed = [[line.get_xdata()[0] for line in axes.lines if line.is_dashed()] for axes in (first, second, flat)]
    assert dashed == [[], [1], [0]]
    heights = [line.get_ydata() for line in second.lines if len(line.get_ydata()) == 2]
    assert any(np.allclose(each, [26, 34]) for each in heights) and any(np.allclose(each, [16, 44]) for each in heights)
