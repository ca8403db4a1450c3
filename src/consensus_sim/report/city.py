"""What is told of a city in the terminal: which communities gain most, and each kind's mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from consensus_sim.catalogue import metric, text
from consensus_sim.report.words import show_rows

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
    colon = text("colon", language)
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
        most = [
            (
                str(row["community"]),
                kinds[str(row["kind"])],
                f"{row['residents']:,}",
                found.show_difference(row["difference"], language),
                found.show(row["standard_error"], after=False),
            )
            for row in rows.head(MOST).to_dict("records")
        ]
        keys = ("community", "kind", "residents", "difference", "error")
        headings = [text(f"city.{heading}", language) for heading in keys]
        show_rows(console, headings, most, title=title, colon=colon, whole=(2, 3, 4))
        means = [
            (kinds[str(kind)], str(len(own)), found.show_difference(float(own["difference"].mean()), language))
            for kind, own in rows.groupby("kind", sort=False)
        ]
        headings = [text(f"city.{heading}", language) for heading in ("kind", "communities", "difference")]
        show_rows(console, headings, means, title=text("city.kinds", language), colon=colon, whole=(1, 2))
        console.print()
