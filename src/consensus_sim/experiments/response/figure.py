"""Response curves: the difference to no dose, by dose, on average and in one community."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from consensus_sim.catalogue import metric, text
from consensus_sim.experiments.response.study import Curve
from consensus_sim.experiments.response.text import by_metric, how_much, label_of_metric
from consensus_sim.report.change import is_clear, one_community
from consensus_sim.report.figures.layout import COLOURS, Margins, heading, panels, value_labels, wrap
from consensus_sim.report.typeface import styled

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEIGHT = 1.15
"""Height of a panel, inches."""


def draw_response(table: pd.DataFrame, curves: Mapping[str, Curve], within: float, language: str) -> Figure:
    """One row of panels an intervention, one panel a metric; a point a dose, at even distances.

    table: as response.csv; within: as for `report.response.how_much`
    """
    found = {(one, name, group): rows for one, name, group, rows in by_metric(table)}
    columns = max(sum(map(len, curve.metrics.values())) for curve in curves.values())
    with styled():
        figure, grid = panels(len(curves), columns, HEIGHT, Margins(1.65, 0.15, 0.95, 0.5, 0.62, 0.52))
        for number, ((one, curve), line) in enumerate(zip(curves.items(), grid, strict=True)):
            pairs = [(name, group) for name, groups in curve.metrics.items() for group in groups]
            for axes in line[len(pairs) :]:
                axes.remove()
            for (name, group), axes in zip(pairs, line, strict=False):
                rows = found.get((one, name, group), [])
                _curve(axes, name, rows, within, COLOURS[number % len(COLOURS)])
                axes.set_title(wrap(label_of_metric(name, group, language), 2.4, 9), loc="left", pad=4, fontsize=9)
                axes.set_ylabel(_unit(name, language), fontsize=8, labelpad=2)
            words, top = wrap(curve.label[language], 1.05, 9.5), line[0].get_position().y1
            figure.text(0.12 / figure.get_figwidth(), top, words, size=9.5, va="top", ha="left")
        figure.text(0.5, 0.12 / figure.get_figheight(), text("response.axis", language), size=9, ha="center")
        heading(figure, text("response.title", language))
        place = 1 - 0.42 / figure.get_figheight()
        figure.text(0.12 / figure.get_figwidth(), place, text("response.key", language), size=8.5, va="top")
        return figure


def _unit(name: str, language: str) -> str:
    found = metric(name)
    return text("point_axis", language) if found.is_share else found.unit_label(language)


def _curve(axes: Axes, name: str, rows: list[dict[Any, Any]], within: float, colour: str) -> None:
    """One metric by dose: both intervals, a triangle where a setting is clipped, a dashed line where it is enough."""
    scale = metric(name).scale
    shown = [row for row in rows if row["against"] == 0]
    doses = [0.0, *(row["dose"] for row in shown)]
    axes.axhline(0, color="#666666", lw=0.9, zorder=1)
    if shown and np.isfinite(shown[0]["least_difference"]):
        least = within * shown[0]["least_difference"] * scale
        axes.axhspan(-least, least, color="#eeeeee", lw=0, zorder=0)
    means = [0.0, *(row["difference"] * scale for row in shown)]
    axes.plot(range(len(doses)), means, color=colour, lw=0.9, alpha=0.6, zorder=2)
    axes.plot([0], [0], "o", ms=3.5, color="#666666", zorder=3)
    for place, row in enumerate(shown, start=1):
        low, high = (edge * scale for edge in one_community(row))
        axes.plot([place, place], [low, high], color=colour, lw=1.1, solid_capstyle="butt", zorder=2)
        inner = [row["mean_q05"] * scale, row["mean_q95"] * scale]
        axes.plot([place, place], inner, color=colour, lw=3.4, alpha=0.75, solid_capstyle="butt", zorder=2)
        mark, face = "^" if row["clipped"] else "o", colour if is_clear(row) else "white"
        axes.plot([place], [means[place]], mark, ms=5.5, mew=1.2, mec=colour, mfc=face, zorder=3)
    if shown:
        found = how_much(rows, within)
        if found.kind in ("none", "enough", "worse", "flat"):
            axes.axvline(
                0 if found.kind == "none" else doses.index(found.dose),
                color="#333333",
                lw=0.9,
                ls=(0, (3, 2)),
                zorder=1,
            )
    axes.set_xlim(-0.4, len(doses) - 0.6)
    value_labels(axes, "x", [(place, f"{dose:g}") for place, dose in enumerate(doses)])
    axes.tick_params(labelsize=8)
    axes.locator_params(axis="y", nbins=4)
