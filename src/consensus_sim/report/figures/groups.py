"""Reach by group of residents and scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consensus_sim.catalogue import label_of, metric, text, texts
from consensus_sim.report.figures.layout import (
    REFERENCE_COLOUR,
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

PER_LINE = 4


def group_order(present: set[str]) -> list[str]:
    """`present` groups in the catalogue's order, a user's own ones behind."""
    known = [key.removeprefix("group.") for key in texts() if key.startswith("group.")]
    return [group for group in known if group in present] + sorted(present - set(known))


def draw_groups(
    summary: pd.DataFrame, scenarios: Scenarios, reference: str, language: str, name: str = "reach_quarter"
) -> Figure:
    """One panel a scenario, one row a group: mean and 90 % interval of a share, the reference in grey.

    summary: as in summary.csv; name: a metric that is reported by group
    """
    found = metric(name)
    rows = summary[summary["metric"] == name]
    groups = group_order({str(group) for group in rows["group"].unique()})
    labels = [label_of("group", group, language) for group in groups]
    lines = -(-len(scenarios) // PER_LINE)
    with styled():
        margin = max((text_width(label, 8.5) for label in labels), default=0.8) + 0.2
        height = 0.3 + 0.21 * max(len(groups), 1)
        columns = min(len(scenarios), PER_LINE)
        width = min(10.5, max(6.0, margin + 2.5 * columns))
        panel = (width - margin - 0.2) / columns - 0.18
        titles = [wrap(label[language], panel, 9.5) for _, label in scenarios]
        deepest = 1 + max(title.count("\n") for title in titles)
        top = 0.55 + 0.17 * deepest
        figure, grid = panels(
            lines, columns, height, Margins(margin, 0.2, top, 0.45, 0.18, 0.45 + 0.17 * deepest), width
        )
        tint = colours(scenarios, reference)
        flat = [axes for line in grid for axes in line]
        for axes in flat[len(scenarios) :]:
            axes.remove()
        highest = float(rows["q95"].max() or 0) * found.scale
        base = rows[rows["scenario"] == reference].set_index("group")
        for number, (axes, (scenario, _)) in enumerate(zip(flat, scenarios, strict=False)):
            if scenario != reference:
                _dots(axes, base, groups, found.scale, REFERENCE_COLOUR, hollow=True)
            _dots(
                axes,
                rows[rows["scenario"] == scenario].set_index("group"),
                groups,
                found.scale,
                tint[scenario],
                hollow=False,
            )
            axes.set_xlim(0, highest * 1.05 or 1)
            axes.set_ylim(len(groups) - 0.4, -0.6)
            axes.locator_params(axis="x", nbins=5)
            axes.grid(axis="x", color="#ececec", lw=0.6)
            axes.set_axisbelow(True)
            axes.spines["left"].set_visible(False)
            value_labels(axes, "y", [(row, words if number % columns == 0 else "") for row, words in enumerate(labels)])
            axes.tick_params(axis="y", length=0, labelsize=8.5)
            axes.set_title(titles[number], loc="left", color=tint[scenario], pad=4)
            if number // columns == lines - 1 or number + columns >= len(scenarios):
                axes.set_xlabel(text("figure.groups.axis", language), labelpad=2)
        words = text("figure.groups.reference", language, reference=dict(scenarios)[reference][language])
        heading(figure, text("figure.groups.title", language), words if len(scenarios) > 1 else "")
        return figure


def _dots(axes: Axes, rows: pd.DataFrame, groups: list[str], scale: float, colour: str, hollow: bool) -> None:
    """Means of one scenario, with intervals unless it is the reference behind another one."""
    for place, group in enumerate(groups):
        if group not in rows.index:
            continue
        row = rows.loc[group]
        if hollow:
            axes.plot(
                [row["mean"] * scale],
                [place],
                "o",
                ms=5.5,
                mew=1.0,
                mec=colour,
                mfc="none",
                alpha=0.8,
                zorder=2,
            )
            continue
        axes.plot(
            [row["q05"] * scale, row["q95"] * scale],
            [place, place],
            color=colour,
            lw=1.8,
            solid_capstyle="butt",
            zorder=3,
        )
        axes.plot([row["mean"] * scale], [place], "o", ms=4.5, color=colour, zorder=4)
