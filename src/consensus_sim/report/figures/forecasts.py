"""Weekly metrics over time: one column a scenario, the reference behind it."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING

from consensus_sim.catalogue import text, weekly_metric
from consensus_sim.report.figures.layout import (
    PAPER,
    REFERENCE_COLOUR,
    Margins,
    colours,
    heading,
    panels,
    value_labels,
    wrap,
)
from consensus_sim.report.typeface import styled

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from consensus_sim.report import Scenarios

QUARTER = 13
"""Weeks over which counts are summed and attendances averaged."""
METRICS = ("participations", "attendance_council", "attendance_tea", "topics_settled", "trust")


def bands(weekly: pd.DataFrame, metric: str) -> dict[str, pd.DataFrame]:
    """Scenario -> one row a week (index `week`) with q05, q50, q95 over replicates of a weekly metric of all residents.

    Participations are summed over the trailing quarter (from the first full one on), attendances averaged over it.
    """
    chosen = weekly[(weekly["metric"] == metric) & (weekly["group"] == "all")].dropna(subset="value")
    weeks = range(int(weekly["week"].min()), int(weekly["week"].max()) + 1)
    found = {}
    for scenario, rows in chosen.groupby("scenario", observed=True):
        table = rows.pivot_table(index="week", columns="replicate", values="value", observed=True, aggfunc="mean")
        table = table.reindex(weeks)
        if metric.startswith("participa"):
            table = table.fillna(0).rolling(QUARTER, min_periods=min(QUARTER, len(table))).sum()
        elif metric.startswith("attendance"):
            table = table.rolling(QUARTER, min_periods=1).mean()
        found[str(scenario)] = table.quantile([0.05, 0.5, 0.95], axis=1).T.set_axis(["q05", "q50", "q95"], axis=1)
    return found


def draw_forecasts(
    weekly: pd.DataFrame,
    scenarios: Scenarios,
    reference: str,
    language: str,
    metrics: Sequence[str] = METRICS,
) -> Figure:
    """Medians and 90 % bands over replicates of weekly metrics.

    weekly: the table weekly (scenario, replicate, week, date, metric, group, value)
    metrics: rows of the figure; those that the table does not hold are left out
    """
    known = set(weekly["metric"].unique())
    rows = [name for name in metrics if name in known]
    shown = [pair for pair in scenarios if pair[0] != reference] or list(scenarios)
    alone = shown[0][0] == reference
    ticks = _dates(weekly, language)
    first = int(weekly["week"].min())
    length = int(weekly["week"].max()) - first + 1
    with styled():
        labels = [_row_label(name, language) for name in rows]
        left = 0.5 + 0.16 * max((label.count("\n") + 1 for label in labels), default=1)
        width = min(PAPER, max(5.0, left + 2.6 * len(shown)))
        panel = (width - left - 0.1) / len(shown) - 0.12
        titles = [wrap(label[language], panel, 9.5) for _, label in shown]
        top = 0.75 + 0.17 * max(title.count("\n") for title in titles)
        margins = Margins(left=left, right=0.15, top=top, bottom=0.5, across=0.12, down=0.22)
        figure, grid = panels(max(len(rows), 1), len(shown), 1.25, margins, width)
        tint = colours(scenarios, reference)
        for line, name, label in zip(grid, rows, labels, strict=False):
            found = bands(weekly, name)
            for axes, (scenario, _) in zip(line, shown, strict=True):
                if not alone:
                    _band(axes, found.get(reference), name, REFERENCE_COLOUR, dashed=True)
                _band(axes, found.get(scenario), name, tint[scenario], dashed=False)
            _share_scale(line, ticks, (first, first + length), last=line is grid[-1])
            line[0].set_ylabel(label)
            line[0].yaxis.set_label_coords(-0.45 / panel, 0.5)
        for axes, (scenario, _), title in zip(grid[0], shown, titles, strict=True):
            axes.set_title(title, loc="left", color=tint[scenario], pad=6)
        words = text("figure.forecasts.reference", language, reference=dict(scenarios)[reference][language])
        heading(figure, text("figure.forecasts.title", language), "" if alone else words)
        return figure


def _band(axes: Axes, band: pd.DataFrame | None, metric: str, colour: str, dashed: bool) -> None:
    """One scenario's median and 90 % band."""
    if band is None or band["q50"].isna().all():
        return
    scaled = band * weekly_metric(metric).scale
    axes.fill_between(scaled.index, scaled["q05"], scaled["q95"], color=colour, alpha=0.13 if dashed else 0.25, lw=0)
    axes.plot(
        scaled.index,
        scaled["q50"],
        color=colour,
        lw=1.0 if dashed else 1.6,
        ls=(0, (4, 2)) if dashed else "-",
    )


def _row_label(metric: str, language: str) -> str:
    """Name and unit of a row."""
    found = weekly_metric(metric)
    unit = found.unit_label(language)
    if metric.startswith("participa"):
        unit = text("figure.forecasts.trailing", language, unit=unit)
    return wrap(found.label(language), 1.4, 8.5) + "\n" + wrap(unit, 1.4, 8.5)


def _share_scale(line: list[Axes], ticks: list[tuple[float, str]], weeks: tuple[int, int], last: bool) -> None:
    """One vertical scale for a row, dates below the last row."""
    low = min(axes.get_ylim()[0] for axes in line)
    high = max(axes.get_ylim()[1] for axes in line)
    if low < 0.3 * high:
        low = 0
    for axes in line:
        axes.set_ylim(low, high)
        axes.set_xlim(*weeks)
        axes.grid(axis="y", color="#e6e6e6", lw=0.6)
        axes.set_axisbelow(True)
        axes.locator_params(axis="y", nbins=4)
        value_labels(axes, "x", ticks if last else [(place, "") for place, _ in ticks])
        if axes is not line[0]:
            axes.tick_params(axis="y", labelleft=False)


def _dates(weekly: pd.DataFrame, language: str) -> list[tuple[float, str]]:
    """Ticks at quarters (years, in runs over two years): (week, words)."""
    if not len(weekly):
        return []
    week, weeks = int(weekly["week"].min()), int(weekly["week"].max())
    start = weekly["date"].min().date()
    end = start + datetime.timedelta(weeks=weeks - week)
    found: list[tuple[float, str]] = []
    for year in range(start.year, end.year + 1):
        for month in (1, 4, 7, 10) if (end - start).days < 800 else (1,):
            date = datetime.date(year, month, 1)
            if start <= date <= end:
                words = str(year) if (end - start).days >= 800 else text(f"month.{month}", language)
                if (end - start).days < 800 and (month == 1 or not found):
                    words += f"\n{year}"
                found.append((week + (date - start).days / 7, words))
    if len(found) > 6:
        found = found[:: len(found) // 5]
    return found
