"""One pattern: the values of its checks over runs or pairs of runs, and the band that each is expected in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from consensus_sim.catalogue import text
from consensus_sim.experiments.verdicts import band_text, judge
from consensus_sim.report.figures.layout import COLOURS, Margins, heading, panels, text_width, value_labels, wrap
from consensus_sim.report.typeface import styled

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from consensus_sim.experiments.patterns.study import Check, Pattern

WIDTH, LABEL, SIZE = 8.5, 2.7, 8.5


def draw_pattern(pattern: Pattern, singles: pd.DataFrame, language: str) -> Figure:
    """One panel a check: a dot a run or pair of runs, a bar at the median, the band shaded.

    singles: as in patterns_replicates.csv
    """
    own = singles[singles["id"] == pattern.id]
    labels = [wrap(check.words[language], LABEL, SIZE) for check in pattern.checks]
    margin = max(text_width(label, SIZE) for label in labels) + 0.3
    tall = max(0.42, 0.155 * max(label.count("\n") + 1 for label in labels))
    with styled():
        figure, grid = panels(len(labels), 1, tall, Margins(margin, 1.5, 0.7, 0.35, 0, 0.34), width=WIDTH)
        for line, (check, label) in enumerate(zip(pattern.checks, labels, strict=True)):
            axes = grid[line][0]
            _draw_check(axes, check, own[own["quantity"] == check.quantity], language)
            value_labels(axes, "y", [(0.0, label)])
            axes.tick_params(axis="both", labelsize=SIZE, length=2)
            axes.tick_params(axis="y", length=0)
        title = text("pattern.title", language, id=pattern.id, words=pattern.words[language])
        heading(figure, title, text("pattern.key", language))
        return figure


def _draw_check(axes: Axes, check: Check, found: pd.DataFrame, language: str) -> None:
    """The dots of one check, its band, and its verdict at the right."""
    values = found["value"].dropna().to_numpy(np.float64)
    low = max(check.band.get("low", -np.inf), check.band.get("above", -np.inf))
    high = min(check.band.get("high", np.inf), check.band.get("below", np.inf))
    spread = (np.arange(len(values)) % 7 - 3) * 0.09  # so that dots do not hide each other
    axes.plot(values, spread, "o", color=COLOURS[0], markersize=3.5, alpha=0.55, zorder=3)
    if len(values):
        axes.plot([np.median(values)] * 2, [-0.4, 0.4], color="#222222", linewidth=1.6, zorder=4)
    shown = [*values, *(edge for edge in (low, high) if np.isfinite(edge))] or [0.0, 1.0]
    room = 0.06 * (max(shown) - min(shown)) or 0.5
    left, right = min(shown) - room, max(shown) + room
    axes.set_xlim(left, right)
    axes.set_ylim(-0.5, 0.5)
    if check.band:
        axes.axvspan(max(low, left), min(high, right), color=COLOURS[2], alpha=0.18, linewidth=0)
        whole, draws = found["value"].to_numpy(np.float64), found["draw"].to_numpy(np.int64)
        passed = bool(len(values)) and judge({"band": check.band, "rule": check.rule}, whole, draws)[0]
        verdict = text(f"pattern.verdicts.{'pass' if passed else 'fail'}", language)
        words = f"{band_text(check.band, check.rule)}\n{verdict}"
        colour = "#222222" if passed else COLOURS[1]
    else:
        words, colour = text("pattern.verdicts.reported", language), "#555555"
    axes.text(1.02, 0.5, words, transform=axes.transAxes, va="center", size=8, color=colour)
