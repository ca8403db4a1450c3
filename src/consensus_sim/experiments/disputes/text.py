"""Terminal output of named disputes: the outcome of each, beside what the case study reports."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from consensus_sim.catalogue import interval, text
from consensus_sim.report import Scenarios
from consensus_sim.report.words import say, show_rows

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

COLUMNS = ("heard", "agenda", "sittings", "settled", "rest", "first_two", "execution")


def print_disputes(
    table: pd.DataFrame,
    names: Mapping[str, Mapping[str, str]],
    scenarios: Scenarios,
    language: str,
    console: Console,
) -> None:
    """Print one short table a dispute, under what is reported of it.

    table: as in disputes.csv; names: dispute -> its label by language
    """
    labels = dict(scenarios)
    for dispute, rows in table.groupby("dispute", sort=False):
        first = rows.iloc[0]
        say(names[str(dispute)][language], console, style="bold")
        reported = {"words": first[f"reported_{language}"], "source": first["source"]}
        say(text("disputes.reported", language, **reported), console)
        headings = [text(key, language) for key in ("table.scenario", *(f"disputes.{column}" for column in COLUMNS))]
        lines = [
            (labels[str(row["scenario"])][language], *(_cell(row, column) for column in COLUMNS))
            for row in rows.to_dict("records")
        ]
        show_rows(console, headings, lines, colon=text("colon", language), whole=range(1, len(headings)))
        console.print()
    say(text("disputes.legend", language, replicates=int(table["replicates"].max())), console, style="dim")


def _cell(row: Mapping[Any, Any], column: str) -> str:
    """One cell of a row of disputes.csv in words."""
    if column == "agenda":
        low, high = (weeks(row[f"weeks_to_agenda_{edge}"]) for edge in ("q05", "q95"))
        return f"{weeks(row['weeks_to_agenda'])} {interval(low, high)}"
    if column == "sittings":
        return "–" if math.isnan(row["sittings"]) else f"{row['sittings']:.1f}"
    if column == "settled":
        low, high = (percent(row[f"settled_{edge}"]) for edge in ("low", "high"))
        return f"{percent(row['settled'])} {interval(low, high)}"
    if column == "rest":
        return f"{percent(row['shelved'])}/{percent(row['open'])}"
    if column == "execution":
        return "/".join(percent(row[name]) for name in ("on_time", "late", "never"))
    return percent(row["failed_first_two" if column == "first_two" else column])


def percent(share: float) -> str:
    """A share in per cent without the sign, whole from 1 on, so that a little does not look like none; a dash where it
    is undefined.
    """
    if math.isnan(share):
        return "–"
    return f"{100 * share:.1f}" if 0.0 < share < 0.01 else f"{100 * share:.0f}"


def weeks(number: float) -> str:
    """Weeks as people read them: infinite is never, a dash where it is undefined."""
    if math.isnan(number):
        return "–"
    return "∞" if math.isinf(number) else f"{number:.0f}"
