"""Outcome of the topics deliberated: settled, shelved, still open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consensus_sim.catalogue import metric, text
from consensus_sim.report.figures.layout import Margins, heading, panels, text_width, value_labels, wrap
from consensus_sim.report.typeface import styled

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from consensus_sim.report import Scenarios

STATES = (("settled", "#0072B2", "white"), ("shelved", "#E69F00", "#222222"), ("open", "#d9d9d9", "#222222"))


def draw_consensus(summary: pd.DataFrame, scenarios: Scenarios, language: str) -> Figure:
    """Stacked bars of the three shares, with the interval of the share settled and the count of topics.

    summary: as in summary.csv
    """
    records = summary[summary["group"] == "all"].to_dict("records")
    rows = {(record["scenario"], record["metric"]): record for record in records}
    labels = [wrap(label[language], 2.2, 9) for _, label in scenarios]
    with styled():
        margin = max(text_width(label, 9) for label in labels) + 0.25
        figure, grid = panels(1, 1, 0.42 * len(scenarios), Margins(margin, 1.1, 0.8, 0.5, 0, 0), width=9.0)
        axes = grid[0][0]
        for place, (scenario, _) in enumerate(scenarios):
            left = 0.0
            for state, colour, ink in STATES:
                if (scenario, f"consensus_{state}") not in rows:
                    continue
                share = 100 * rows[scenario, f"consensus_{state}"]["mean"]
                axes.barh([place], [share], left=left, color=colour, height=0.66, edgecolor="white", lw=0.8)
                if share >= 7:
                    axes.text(
                        left + share / 2,
                        place,
                        f"{share:.0f} %",
                        color=ink,
                        ha="center",
                        va="center",
                        size=8.5,
                    )
                left += share
            if (scenario, "consensus_settled") in rows:
                settled = rows[scenario, "consensus_settled"]
                axes.plot([100 * settled["q05"], 100 * settled["q95"]], [place + 0.25] * 2, color="black", lw=1.2)
            if (scenario, "topics_deliberated") in rows:
                count = metric("topics_deliberated").show(rows[scenario, "topics_deliberated"]["mean"])
                axes.text(
                    101.5,
                    place,
                    text("figure.consensus.topics", language, count=count),
                    va="center",
                    size=8.5,
                )
        axes.set_xlim(0, 100)
        axes.set_ylim(len(scenarios) - 0.5, -0.5)
        value_labels(axes, "y", list(enumerate(labels)))
        axes.tick_params(axis="y", length=0, labelsize=9)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(text("figure.consensus.axis", language))
        heading(figure, text("figure.consensus.title", language))
        _key(figure, margin, language)
        return figure


def _key(figure: Figure, left: float, language: str) -> None:
    """Colour and word of each state, above the bars."""
    width, height = figure.get_size_inches()
    for state, colour, _ in STATES:
        words = text(f"figure.consensus.{state}", language)
        figure.text(left / width, 1 - 0.6 / height, "■", color=colour, size=11, va="center")
        figure.text((left + 0.2) / width, 1 - 0.6 / height, words, size=9, va="center")
        left += 0.45 + text_width(words, 9)
    figure.text(left / width, 1 - 0.6 / height, "—", color="black", size=11, va="center")
    figure.text(
        (left + 0.22) / width,
        1 - 0.6 / height,
        text("figure.consensus.interval", language),
        size=9,
        va="center",
    )
