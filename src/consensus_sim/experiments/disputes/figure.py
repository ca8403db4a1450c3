"""Outcome of named disputes: their state at the end, and the weeks until an agenda."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from consensus_sim.catalogue import text
from consensus_sim.report import Scenarios
from consensus_sim.report.figures.layout import Margins, colours, heading, panels, text_width, wrap
from consensus_sim.report.typeface import styled

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STATES = (
    ("settled", "#0072B2"), ("shelved", "#E69F00"), ("open", "#d9d9d9"), ("answered", "#56B4E9"), ("lapsed", "#8C6D31")
)  # fmt: skip
GAP = 0.8
"""Room between two disputes, in bars."""


def draw_disputes(
    table: pd.DataFrame, names: Mapping[str, Mapping[str, str]], scenarios: Scenarios, reference: str, language: str
) -> Figure:
    """Left, a stacked bar for each dispute and scenario; right, weeks to the agenda: median, 5th to 95th percentile.

    table: as in disputes.csv; names: dispute -> its label by language
    """
    disputes = list(dict.fromkeys(table["dispute"].astype(str)))
    block = len(scenarios) + GAP
    with styled():
        labels = [wrap(label[language], 1.9, 7.5) for _, label in scenarios]
        titles = [names[dispute][language] for dispute in disputes]
        margin = max(text_width(label, 7.5) for label in labels) + 0.25
        figure, grid = panels(1, 2, 0.19 * (block + 1) * len(disputes), Margins(margin, 0.3, 0.85, 0.5, 0.3, 0))
        shares, weeks = grid[0]
        places, ticks = {}, []
        for number in range(len(disputes)):
            for line, (scenario, _) in enumerate(scenarios):
                places[disputes[number], scenario] = number * (block + 1) + 1 + line
                ticks.append((number * (block + 1) + 1 + line, labels[line]))
        end = len(disputes) * (block + 1)
        for axes in (shares, weeks):
            axes.set_ylim(end - 0.5, -0.9)
            axes.set_yticks([place for place, _ in ticks], [""] * len(ticks))
            axes.tick_params(axis="y", length=0)
        shares.set_yticks([place for place, _ in ticks], [words for _, words in ticks], fontsize=7.5)
        for number, title in enumerate(titles):
            shares.text(0, number * (block + 1) + 0.1, title, size=9, va="center", ha="left")
        _bars(shares, table, places, language)
        _weeks(weeks, table, places, colours(scenarios, reference), language)
        heading(figure, text("figure.disputes.title", language))
        _key(figure, margin, language)
        return figure


def _bars(axes: Axes, table: pd.DataFrame, places: Mapping[tuple[str, str], float], language: str) -> None:
    """The five shares of each row, and the interval of the share settled."""
    for row in table.to_dict("records"):
        place, left = places[str(row["dispute"]), str(row["scenario"])], 0.0
        if not row["replicates"]:
            continue
        for state, colour in STATES:
            axes.barh([place], [100 * row[state]], left=left, color=colour, height=0.75, edgecolor="white", lw=0.5)
            left += 100 * row[state]
        axes.plot([100 * row["settled_low"], 100 * row["settled_high"]], [place, place], color="black", lw=1)
    axes.set_xlim(0, 100)
    axes.set_xlabel(text("figure.disputes.shares", language))


def _weeks(
    axes: Axes,
    table: pd.DataFrame,
    places: Mapping[tuple[str, str], float],
    tints: Mapping[str, str],
    language: str,
) -> None:
    """Median and quantiles of the weeks to an agenda; an arrow at the edge where they are infinite."""
    columns = ["weeks_to_agenda", "weeks_to_agenda_q05", "weeks_to_agenda_q95"]
    values = table[columns].to_numpy(np.float64)
    edge = 1.08 * max(values[np.isfinite(values)], default=1.0) + 1
    for row in table.to_dict("records"):
        place, tint = places[str(row["dispute"]), str(row["scenario"])], tints[str(row["scenario"])]
        middle, low, high = (row[column] for column in columns)
        if not row["replicates"] or np.isinf(low):
            if row["replicates"]:
                axes.plot([edge], [place], ">", color=tint, markersize=4, clip_on=False)
            continue
        axes.plot([low, min(high, edge)], [place, place], color=tint, lw=1.6)
        if np.isinf(high):
            axes.plot([edge], [place], ">", color=tint, markersize=4, clip_on=False)
        if np.isfinite(middle):
            axes.plot([middle], [place], "o", color=tint, markersize=4)
    axes.set_xlim(0, edge)
    axes.set_xlabel(text("figure.disputes.weeks", language))


def _key(figure: Figure, left: float, language: str) -> None:
    """Colour and word of each state, above the bars."""
    width, height = figure.get_size_inches()
    for state, colour in STATES:
        words = text(f"figure.disputes.{state}", language)
        figure.text(left / width, 1 - 0.6 / height, "■", color=colour, size=11, va="center")
        figure.text((left + 0.2) / width, 1 - 0.6 / height, words, size=9, va="center")
        left += 0.45 + text_width(words, 9)
