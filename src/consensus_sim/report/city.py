"""What is told of a city in the terminal: which communities gain most, and each kind's mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from consensus_sim.catalogue import metric, text

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

MOST = 5
"""Communities that are listed for each metric."""


def print_gains(
    gains: pd.DataFrame, kinds: Mapping[str, str], scenarios: Mapping[str, str], language: str, console: Console
) -> None:
    """Print, for each scenario and metric, the communities that gain most and the mean difference of each kind.

    gains: as in gains.csv; kinds, scenarios: name -> label in `language`
    """
    from rich.table import Table

    for key, rows in gains.groupby(["scenario", "reference", "metric"], sort=False):
        scenario, reference, name = (str(part) for part in key)
        found = metric(name)
        title = text(
            "city.heading",
            language,
            scenario=scenarios[scenario],
            metric=found.label(language),
            reference=scenarios[reference],
        )
        most = Table(title=title, title_justify="left", box=None)
        for heading in ("community", "kind"):
            most.add_column(text(f"city.{heading}", language))
        for heading in ("residents", "difference", "error"):
            most.add_column(text(f"city.{heading}", language), justify="right")
        for row in rows.head(MOST).to_dict("records"):
            most.add_row(
                str(row["community"]),
                kinds[str(row["kind"])],
                f"{row['residents']:,}",
                found.show_difference(row["difference"], language),
                found.show(row["standard_error"], after=False),
            )
        means = Table(title=text("city.kinds", language), title_justify="left", box=None)
        means.add_column(text("city.kind", language))
        for heading in ("communities", "difference"):
            means.add_column(text(f"city.{heading}", language), justify="right")
        for kind, own in rows.groupby("kind", sort=False):
            mean = found.show_difference(float(own["difference"].mean()), language)
            means.add_row(kinds[str(kind)], str(len(own)), mean)
        console.print(most)
        console.print(means)
        console.print()
