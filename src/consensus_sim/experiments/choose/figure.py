"""Cost and gain of each package, and the Pareto front of the packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consensus_sim.catalogue import text
from consensus_sim.report.figures.layout import Margins, heading, panels
from consensus_sim.report.typeface import styled

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

HEIGHT = 3.4
"""Height of the panel, inches."""
INSIDE, OUTSIDE = "#0072B2", "#7f7f7f"


def draw_front(packages: pd.DataFrame, language: str) -> Figure:
    """Money against the gain over what is done now; a line joins the packages on the front.

    packages: as packages.csv
    """
    with styled():
        figure, grid = panels(1, 1, HEIGHT, Margins(0.75, 0.25, 0.85, 0.6, 0.3, 0))
        axes = grid[0][0]
        front = packages[packages["front"]].sort_values("money")
        axes.plot(front["money"], front["gain"], color=INSIDE, lw=1, ls="--", zorder=1)
        for row in packages.to_dict("records"):
            colour = INSIDE if row["within_budget"] else OUTSIDE
            marker, size = ("*", 14) if row["chosen"] else ("o", 5)
            fill = colour if row["within_budget"] else "none"
            axes.plot(
                [row["money"]], [row["gain"]], color=colour, markerfacecolor=fill, ls="", marker=marker, markersize=size
            )
        axes.axhline(0, color="#999999", lw=0.6)
        axes.set_xlabel(text("choose.axis_money", language))
        axes.set_ylabel(text("choose.axis_gain", language))
        heading(figure, text("choose.title", language), text("choose.key", language))
        return figure
