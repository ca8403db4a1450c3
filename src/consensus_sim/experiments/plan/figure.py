"""The forecast of the revised plan: every quantity with its intervals, for each period in which the plan is read."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING

from consensus_sim.catalogue import forecast_metric, forecast_metric_names, label_of, text
from consensus_sim.report.figures.layout import COLOURS, Margins, heading, panels, text_width, value_labels, wrap
from consensus_sim.report.typeface import styled

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from consensus_sim.catalogue import Metric

COLUMNS = 3
LEFT_OUT = ("person_times",)
"""Quantities whose rows are too unlike each other for one axis; they stand in the table."""
ROW, APART = 0.34, 0.25
"""Height of a row in inches; distance of the periods' lines within it, as a share of that."""


def period_label(name: str, days: tuple[datetime.date, datetime.date], language: str) -> str:
    """A period as people read it: its length, as its `name` ("5 months") says, and its first and last month."""
    last = days[1] - datetime.timedelta(days=1)
    first, end = (f"{day.year}-{day.month:02}" for day in (days[0], last))
    return text("plan.period", language, months=name.split()[0], first=first, last=end)


def draw_plan(
    table: pd.DataFrame,
    periods: Mapping[str, tuple[datetime.date, datetime.date]],
    reported: Mapping[str, float],
    language: str,
) -> Figure:
    """One panel a quantity, one row a group, one line a period: 90 % interval thin, 50 % interval thick, median a dot.

    table: as in forecast_phase2.csv; periods: name -> first day, and first day after
    reported: quantity -> what the case study reports of phase 1, a hollow diamond in the row of all adults
    """
    names = [name for name in forecast_metric_names() if name not in LEFT_OUT and (table["metric"] == name).any()]
    groups = {name: list(dict.fromkeys(table.loc[table["metric"] == name, "group"])) for name in names}
    rows = [max(len(groups[name]) for name in names[at : at + COLUMNS]) for at in range(0, len(names), COLUMNS)]
    labels = {group: label_of("group", group, language) for found in groups.values() for group in found}
    with styled():
        margin = max(text_width(label, 8.5) for label in labels.values()) + 0.15
        heights = [0.12 + ROW * number for number in rows]
        figure, grid = panels(len(rows), COLUMNS, heights, Margins(margin, 0.2, 1.1, 0.5, margin + 0.1, 0.85))
        flat = [axes for line in grid for axes in line]
        for axes in flat[len(names) :]:
            axes.remove()
        for number, (axes, name) in enumerate(zip(flat, names, strict=False)):
            own, found = table[table["metric"] == name], forecast_metric(name)
            _intervals(axes, own, groups[name], list(periods), found)
            if name in reported and "all" in groups[name]:
                at = ([reported[name] * found.scale], [groups[name].index("all")])
                axes.plot(*at, "D", ms=6, mec="black", mfc="none", mew=1.1, zorder=5)
            axes.set_ylim(rows[number // COLUMNS] - 0.4, -0.6)
            shown = [labels[group] if groups[name] != ["all"] else "" for group in groups[name]]
            value_labels(axes, "y", list(enumerate(shown)))
            driven = text("plan.prior_driven", language) if (own["basis"] == "prior-driven").any() else ""
            axes.set_title(wrap(found.label(language) + driven, 2.9, 9.5), loc="left", pad=4)
            axes.set_xlabel(found.unit_label(language), labelpad=2)
        heading(figure, text("plan.title", language), text("plan.key", language))
        _legend(figure, {name: period_label(name, days, language) for name, days in periods.items()}, language)
        return figure


def _intervals(axes: Axes, rows: pd.DataFrame, groups: list[str], periods: list[str], found: Metric) -> None:
    """The lines of one quantity."""
    for row in rows.to_dict("records"):
        number = periods.index(row["period"])
        place = groups.index(row["group"]) + APART * (number - (len(periods) - 1) / 2)
        low, first, middle, third, high = (row[name] * found.scale for name in ("q05", "q25", "q50", "q75", "q95"))
        axes.plot([low, high], [place, place], color=COLOURS[number], lw=1.1, solid_capstyle="butt", zorder=2)
        axes.plot([first, third], [place, place], color=COLOURS[number], lw=3.2, solid_capstyle="butt", zorder=3)
        axes.plot([middle], [place], "o", ms=4.2, mec="white", mew=0.7, color=COLOURS[number], zorder=4)
    axes.set_xlim(left=min(0.0, axes.get_xlim()[0]))
    axes.locator_params(axis="x", nbins=5)
    axes.grid(axis="x", color="#ececec", lw=0.6)
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0, labelsize=8.5)


def _legend(figure: Figure, periods: Mapping[str, str], language: str) -> None:
    """Legend of the colours and the diamond, below the title."""
    from matplotlib.lines import Line2D

    signs = [Line2D([], [], color=COLOURS[number], lw=3.2) for number in range(len(periods))]
    signs.append(Line2D([], [], marker="D", ls="none", ms=6, mec="black", mfc="none", mew=1.1))
    width, height = figure.get_size_inches()
    figure.legend(
        signs, [*periods.values(), text("plan.reported", language)], loc="upper left", ncols=len(signs), frameon=False,
        bbox_to_anchor=(0.05 / width, 1 - 0.38 / height), fontsize=8.5, handlelength=1.4, columnspacing=1.4,
    )  # fmt: skip
