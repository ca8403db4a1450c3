"""A city's communities: what each gains, by kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from consensus_sim.catalogue import metric, text
from consensus_sim.report.figures.layout import COLOURS, Margins, panels, text_width, wrap
from consensus_sim.report.typeface import styled

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def draw_city(gains: pd.DataFrame, scenario: str, labels: dict[str, dict[str, str]], language: str) -> Figure:
    """One panel a metric, one line a kind, one dot a community: its difference to the reference; a bar at the median.

    gains: as in gains.csv; scenario: whose differences; labels: of the kinds, by language
    """
    rows = gains[gains["scenario"] == scenario]
    names = list(dict.fromkeys(rows["metric"]))
    kinds = [kind for kind in labels if (rows["kind"] == kind).any()]
    written = [wrap(labels[kind][language], 1.6, 8.5) for kind in kinds]
    with styled():
        margin = max((text_width(label, 8.5) for label in written), default=1.0) + 0.2
        height = 0.3 + 0.4 * max(len(kinds), 1)
        figure, grid = panels(1, max(len(names), 1), height, Margins(margin, 0.2, 0.6, 0.5, 0.26, 0.8))
        for column, (axes, name) in enumerate(zip(grid[0], names, strict=False)):
            found = metric(name)
            for line, kind in enumerate(kinds):
                own = rows[(rows["metric"] == name) & (rows["kind"] == kind)]["difference"].to_numpy() * found.scale
                spread = (np.arange(len(own)) % 7 - 3) * 0.06  # so that dots do not hide each other
                axes.plot(own, line + spread, "o", color=COLOURS[line % len(COLOURS)], markersize=3, alpha=0.6)
                if len(own):
                    axes.plot([np.median(own)] * 2, [line - 0.35, line + 0.35], color="#222222", linewidth=1.5)
            axes.axvline(0, color="#888888", linewidth=0.7)
            axes.set_ylim(len(kinds) - 0.5, -0.5)
            axes.set_yticks(range(len(kinds)), written if column == 0 else [""] * len(kinds), fontsize=8.5)
            unit = text("point_axis", language) if found.is_share else found.unit_label(language)
            axes.set_title(wrap(found.label(language), 2.6, 9), fontsize=9, loc="left")
            axes.set_xlabel(unit, fontsize=8)
        return figure
