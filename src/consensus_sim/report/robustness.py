"""What a study of robustness found, for the terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from consensus_sim.catalogue import metric, text
from consensus_sim.report import Scenarios

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
    from rich.table import Table
    from rich.text import Text

    labels = {name: label[language] for name, label in scenarios}
    shown = Table(title=text("robustness.title", language), title_justify="left", box=None, pad_edge=False)
    for key in ("metric", "tau", "best", "same"):
        shown.add_column(text(f"robustness.{key}", language), overflow="fold")
    for name, rows in agreement.groupby("alternative", sort=False):
        shown.add_row(Text(alternatives[str(name)][language], style="bold"))
        for row in rows.to_dict("records"):
            label = f"  {metric(row['metric']).label(language)}"
            best, same = labels.get(row["best"], row["best"]), text(f"robustness.{row['same_best']}", language)
            shown.add_row(label, _tau(row), best, same)
    console.print(shown)


def _tau(row: Mapping[Any, Any]) -> str:
    """Kendall's tau with its interval, as far as they are defined: with fewer than two scenarios that can be ranked, or
    all of them tied, they are not; with few replicates the interval is not.
    """
    if math.isnan(row["tau"]):
        return "–"
    known = not math.isnan(row["tau_low"])
    return f"{row['tau']:.2f}" + (f" ({row['tau_low']:.2f} – {row['tau_high']:.2f})" if known else "")
