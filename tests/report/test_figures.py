"""Figures draw what the tables say, in both languages, and nothing is cut off or laid over something else."""

from __future__ import annotations

import io
import subprocess
import sys
import warnings
from collections.abc import Callable
from datetime import date
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from consensus_sim.catalogue import forecast_metric_names, text
from consensus_sim.community import load_community
from consensus_sim.experiments.plan.figure import draw_plan, period_label
from consensus_sim.outcomes.facts import LAST_WEEKS
from consensus_sim.report import figures
from consensus_sim.report.figures.contrasts import limits
from consensus_sim.report.figures.forecasts import bands
from consensus_sim.report.figures.geometry import map_shape
from consensus_sim.report.figures.map import micro_grid_reach
from consensus_sim.report.words import cells, fold

LANGUAGES = ("zh", "en")
DAYS = {"5 months": (date(2024, 11, 1), date(2025, 4, 1)), "9 months": (date(2025, 1, 1), date(2025, 10, 1))}


def plan() -> pd.DataFrame:
    """A table as forecast_phase2.csv, of all quantities."""
    groups = {
        "reach": ("all", "young", "tenant"),
        "person_times": ("council", "tea"),
        "skill_gain_trained": ("all",),
    }
    return pd.DataFrame(
        {
            "metric": name, "period": period, "group": group,
            "basis": "prior-driven" if "open" in name else "posterior",
            **dict(zip(("q05", "q25", "q50", "q75", "q95"), (0.1, 0.2, 0.3, 0.5, 0.8), strict=True)),
        }
        for name in forecast_metric_names() for period in DAYS for group in groups.get(name, ("all",))
    )  # fmt: skip


DRAW: dict[str, Callable[[dict[str, Any], str], Figure]] = {
    "forecasts": lambda s, lang: figures.draw_forecasts(s["tables"]["weekly"], s["scenarios"], s["reference"], lang),
    "contrasts": lambda s, lang: figures.draw_contrasts(s["contrasts"], s["scenarios"], s["reference"], lang),
    "groups": lambda s, lang: figures.draw_groups(s["summary"], s["scenarios"], s["reference"], lang),
    "consensus": lambda s, lang: figures.draw_consensus(s["summary"], s["scenarios"], lang),
    "plan": lambda s, lang: draw_plan(plan(), DAYS, {"frequency_ordinary": 1.0}, lang),
    "map": lambda s, lang: figures.draw_map(s["tables"]["grids"], s["community"], s["scenarios"], lang),
}


@pytest.fixture(scope="module")
def seven(make_sample: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    return make_sample(replicates=5)


def texts(figure: Figure) -> list[tuple[str, Any]]:
    """Every text that is drawn, with its place."""
    figure.savefig(io.BytesIO())
    figure.draw_without_rendering()
    beyond = set()  # labels of ticks beyond the limits of their axis are there and not drawn
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        low, high = sorted(axis.get_view_interval())
        beyond |= {tick.label1 for tick in axis.get_major_ticks() if not low <= tick.get_loc() <= high}
    shown = [one for one in figure.findobj(Text) if one.get_visible() and one.get_text().strip() and one not in beyond]
    return [(one.get_text(), one.get_window_extent()) for one in shown]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", list(DRAW))
def test_no_glyph_is_missing_and_no_text_is_cut(seven: dict[str, Any], name: str, language: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = DRAW[name](seven, language)
        page = figure.bbox
        for words, box in texts(figure):
            inside = page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1
            assert inside, (words, box)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", list(DRAW))
def test_titles_do_not_lie_over_one_another(seven: dict[str, Any], name: str, language: str) -> None:
    figure = DRAW[name](seven, language)
    figure.draw_without_rendering()
    titles = [axes.title if axes.title.get_text() else axes._left_title for axes in figure.axes]  # type: ignore[attr-defined]
    boxes = [one.get_window_extent() for one in [*titles, *figure.texts] if one.get_text().strip()]
    for number, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[number + 1 :])


@pytest.mark.parametrize("names", [["council"], ["council", "points"]])
@pytest.mark.parametrize("name", ["forecasts", "groups", "consensus", "map"])
def test_one_or_two_scenarios_fill_their_figure(
    make_sample: Callable[..., dict[str, Any]], name: str, names: list[str]
) -> None:
    sample = make_sample(replicates=2, names=names)
    figure = DRAW[name](sample, "zh")
    for words, box in texts(figure):
        assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1, words


def test_figures_leave_matplotlib_as_it_was(seven: dict[str, Any]) -> None:
    before = dict(matplotlib.rcParams)
    DRAW["consensus"](seven, "zh")
    assert dict(matplotlib.rcParams) == before


def test_no_figure_needs_pyplot() -> None:
    code = "import sys; from consensus_sim.report import figures; assert 'matplotlib.pyplot' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == 0


def test_bands_sum_a_quarter_of_participations_and_average_attendances() -> None:
    week = np.arange(20)
    rows = [
        pd.DataFrame(
            {
                "scenario": "a",
                "replicate": r,
                "week": week,
                "metric": metric,
                "group": "all",
                "value": values + r,
            }
        )
        for r in (0, 1, 2)
        for metric, values in (
            ("participations", week * 1.0),
            ("attendance_tea", np.where(week % 4, np.nan, 10.0)),
        )
    ]
    weekly = pd.concat(rows)
    found = bands(weekly, "participations")["a"]
    assert found["q50"].isna().sum() == 12
    assert found.loc[19, "q50"] == sum(range(7, 20)) + 13
    assert bands(weekly, "attendance_tea")["a"]["q50"].tolist() == [11.0] * 20


def test_one_far_scenario_does_not_squeeze_the_others() -> None:
    near = {"a": (-0.1, 0.2), "b": (0.0, 0.3)}
    assert limits({**near, "far": (-3.0, -2.5)}) == pytest.approx((-0.14, 0.34))
    assert limits({**near, "wide": (-0.4, 0.4)}) == pytest.approx((-0.48, 0.48))
    assert limits({"a": (1.0, 2.0), "b": (0.1, 0.2)}) == pytest.approx((-0.2, 2.2))
    assert limits({"a": (0.0, 0.0), "b": (0.0, 0.0), "c": (5.0, 6.0)}) == pytest.approx((-0.6, 6.6))
    assert limits({"a": (0.0, 0.0)}) == limits({}) == (-1.0, 1.0)


def test_a_micro_grid_is_silent_if_half_of_the_replicates_are() -> None:
    columns = ["scenario", "replicate", "quarter", "level", "place", "participations", "reach"]
    rows = [
        ("a", r, LAST_WEEKS, "micro_grid", p, n, 0.01 * n) for r, p, n in ((0, 0, 0), (1, 0, 2), (0, 1, 1), (1, 1, 1))
    ]
    rows += [("a", r, "2024Q2", "micro_grid", p, 9, 0.09) for r in (0, 1) for p in (0, 1)]
    found = micro_grid_reach(pd.DataFrame(rows, columns=columns)).set_index("place")
    assert found["silent"].tolist() == [True, False]
    assert found["reach"].tolist() == pytest.approx([0.01, 0.01])


def test_the_map_covers_the_area_once_and_keeps_buildings_in_their_cells() -> None:
    places = load_community("teaching").places
    shape = map_shape(places)
    left, right, bottom, top = shape.box
    areas = [area(cell) for cell in shape.cells]
    assert sum(areas) == pytest.approx((right - left) * (top - bottom), rel=1e-6)
    assert set(shape.cell_micro_grid) == set(range(places.n_micro_grids))
    assert shape.sizes.sum() == places.n_dwellings
    for cell, point in zip(shape.cells, shape.buildings, strict=True):
        assert matplotlib.path.Path(cell).contains_point(point)


def area(cell: np.ndarray[Any, Any]) -> float:
    """Area of a polygon (shoelace formula)."""
    x, y = cell.T
    return float(abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2)


@pytest.mark.parametrize(
    "words", ["Council as carried out in the first phase", "议事会（第一阶段，照实际推行）", "abc"]
)
def test_folding_keeps_every_word_and_the_width(words: str) -> None:
    folded = fold(words, 12)
    assert folded.replace("\n", "").replace(" ", "") == words.replace(" ", "")
    assert cells(folded) <= 13  # a closing sign may hang over


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_plan_has_a_panel_a_quantity_and_a_line_a_period_and_group(language: str) -> None:
    figure = draw_plan(plan(), DAYS, {"frequency_ordinary": 1.0}, language)
    shown = [name for name in forecast_metric_names() if name != "person_times"]
    assert len(figure.axes) == len(shown)
    drawn = dict(zip(shown, figure.axes, strict=True))
    middles = {name: [line for line in axes.lines if line.get_marker() == "o"] for name, axes in drawn.items()}
    assert len(middles["reach"]) == 3 * len(DAYS) and len(middles["trust"]) == len(DAYS)
    assert [line.get_xdata()[0] for line in middles["reach"]] == pytest.approx([30.0] * 6)  # per cent
    (diamond,) = (line for axes in figure.axes for line in axes.lines if line.get_marker() == "D")
    assert diamond.axes is drawn["frequency_ordinary"]
    assert text("plan.prior_driven", language) in drawn["consensus_open"].get_title(loc="left")
    assert period_label("5 months", DAYS["5 months"], "en") == "5 months (2024-11 to 2025-03)"
