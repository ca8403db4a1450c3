"""Paired differences to the reference, with the interval of the mean effect and that of one community."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from consensus_sim.catalogue import Metric, contrast_metrics, metric, text
from consensus_sim.report.change import is_clear, one_community
from consensus_sim.report.figures.layout import (
    Margins,
    colours,
    heading,
    panels,
    text_width,
    value_labels,
    wrap,
)
from consensus_sim.report.typeface import styled

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from consensus_sim.report import Scenarios

SQUEEZED = 0.4
"""Share of a panel's width below which scenarios count as squeezed by one that lies far out."""


def draw_contrasts(
    contrasts: pd.DataFrame,
    scenarios: Scenarios,
    reference: str,
    language: str,
    metrics: Sequence[str] | None = None,
) -> Figure:
    """Forest plots: one panel a metric on its own scale, one row a scenario.

    contrasts: as in contrasts.csv; metrics: default the headline tables'; metrics without a difference are left out
    """
    rows = contrasts[contrasts["group"] == "all"]
    wanted = metrics or contrast_metrics(rows["metric"])
    rows = rows[rows["reference"] == reference]
    names = [name for name in wanted if (rows["metric"] == name).any()]
    shown = [pair for pair in scenarios if pair[0] != reference]
    columns = 4 if len(names) > 4 else max(len(names), 1)
    lines = max(-(-len(names) // columns), 1)
    labels = [wrap(label[language], 1.5, 8.5) for _, label in shown]
    with styled():
        margin = max((text_width(label, 8.5) for label in labels), default=1.0) + 0.2
        height = 0.3 + 0.24 * max(len(shown), 1)
        figure, grid = panels(lines, columns, height, Margins(margin, 0.2, 0.75, 0.5, 0.26, 0.8))
        tint = colours(scenarios, reference)
        flat = [axes for line in grid for axes in line]
        for axes in flat[len(names) :]:
            axes.remove()
        for number, (axes, name) in enumerate(zip(flat, names, strict=False)):
            own = {row["scenario"]: row for row in rows[rows["metric"] == name].to_dict("records")}
            _forest(axes, own, metric(name), shown, tint)
            value_labels(axes, "y", [(row, label if number % columns == 0 else "") for row, label in enumerate(labels)])
            axes.tick_params(axis="y", length=0, labelsize=8.5)
            axes.set_title(metric(name).label(language), loc="left", pad=5)
            axes.set_xlabel(_unit(metric(name), language), labelpad=2)
        label = dict(scenarios)[reference][language]
        heading(
            figure,
            text("figure.contrasts.title", language, reference=label),
            text("figure.contrasts.key", language),
        )
        return figure


def _unit(found: Metric, language: str) -> str:
    """The unit of a difference."""
    return text("point_axis", language) if found.is_share else found.unit_label(language)


def limits(intervals: dict[str, tuple[float, float]]) -> tuple[float, float]:
    """Ends of a panel's axis, zero always inside.

    One scenario that lies far out (before there was a council, as a rule) would squeeze all others to dots: where the
    others need less than `SQUEEZED` of the whole width, the axis is theirs, and the far one becomes an arrow.
    """

    def ends(names: set[str]) -> tuple[float, float]:
        return min(0.0, *(intervals[n][0] for n in names)), max(0.0, *(intervals[n][1] for n in names))

    if not intervals:
        return -1.0, 1.0
    low, high = ends(set(intervals))
    if len(intervals) > 2:
        rest = min((ends(set(intervals) - {name}) for name in intervals), key=lambda pair: pair[1] - pair[0])
        if 0 < rest[1] - rest[0] < SQUEEZED * (high - low):
            low, high = rest
    room = 0.1 * (high - low)
    return (low - room, high + room) if room > 0 else (-1.0, 1.0)


def _ends(row: dict[Any, Any], scale: float) -> tuple[float, float]:
    """Ends of what is drawn of a difference: of both its intervals, as far as they are known."""
    drawn = [row[name] * scale for name in ("q05", "q95", "mean_q05", "mean_q95")]
    return float(np.nanmin(drawn)), float(np.nanmax(drawn))


def _forest(axes: Axes, rows: dict[Any, dict[Any, Any]], found: Metric, shown: Scenarios, tint: dict[str, str]) -> None:
    """One metric's differences."""
    axes.axvline(0, color="#666666", lw=0.9, zorder=1)
    present = [scenario for scenario, _ in shown if scenario in rows]
    ends = {name: _ends(rows[name], found.scale) for name in present}
    left, right = limits(ends)
    axes.set_xlim(left, right)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    for place, (scenario, _) in enumerate(shown):
        if scenario not in ends:
            continue
        row, colour = rows[scenario], tint[scenario]
        low, high = (edge * found.scale for edge in one_community(row))
        middle = row["difference"] * found.scale
        if not left <= middle <= right:
            _arrow(axes, place, middle > right, f"{found.show_difference(row['difference'])}", colour)
            continue
        axes.plot([low, high], [place, place], color=colour, lw=1.1, solid_capstyle="butt", zorder=2)
        inner = [row["mean_q05"] * found.scale, row["mean_q95"] * found.scale]
        axes.plot(inner, [place, place], color=colour, lw=3.4, alpha=0.75, solid_capstyle="butt", zorder=2)
        face = colour if is_clear(row) else "white"
        axes.plot([middle], [place], "o", ms=5.5, mew=1.4, zorder=3, mec=colour, mfc=face)
    axes.locator_params(axis="x", nbins=4)
    axes.grid(axis="x", color="#ececec", lw=0.6)
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)


def _arrow(axes: Axes, place: int, to_the_right: bool, words: str, colour: str) -> None:
    """A difference beyond the axis, with its value."""
    edge = 0.99 if to_the_right else 0.01
    sign = f"{words} →" if to_the_right else f"← {words}"
    side = "right" if to_the_right else "left"
    across = axes.get_yaxis_transform()
    blank = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
    axes.text(edge, place, sign, transform=across, ha=side, va="center", size=8, color=colour, zorder=4, bbox=blank)
