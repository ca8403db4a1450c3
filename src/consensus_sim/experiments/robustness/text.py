"""Terminal output of a robustness study."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from consensus_sim.catalogue import metric, text
from consensus_sim.report import Scenarios
from consensus_sim.report.words import show_rows

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console


def print_agreement(
    agreement: pd.DataFrame,
    alternatives: Mapping[str, Mapping[str, str]],
    scenarios: Scenarios,
    language: str,
    console: Console,
) -> None:
    """Print, below the name of each alternative, a row a metric: how far the ranking of the scenarios agrees, and
    whether the best one stays. `agreement`: as robustness.csv; `alternatives`: name -> label by language.
    """
    labels = {name: label[language] for name, label in scenarios}
    lines: list[Sequence[str] | str] = []
    for name, rows in agreement.groupby("alternative", sort=False):
        lines.append(alternatives[str(name)][language])
        for row in rows.to_dict("records"):
            best, same = labels.get(row["best"], row["best"]), text(f"robustness.{row['same_best']}", language)
            lines.append((metric(row["metric"]).label(language), _tau(row), best, same))
    headings = [text(f"robustness.{key}", language) for key in ("metric", "tau", "best", "same")]
    title, colon = text("robustness.title", language), text("colon", language)
    show_rows(console, headings, lines, title=title, colon=colon, whole=(1,))


def _tau(row: Mapping[Any, Any]) -> str:
    """Kendall's tau with its interval, as far as they are defined: with fewer than two scenarios that can be ranked, or
    all of them tied, they are not; with few replicates the interval is not.
    """
    if math.isnan(row["tau"]):
        return "–"
    known = not math.isnan(row["tau_low"])
    return f"{row['tau']:.2f}" + (f" ({row['tau_low']:.2f} – {row['tau_high']:.2f})" if known else "")
