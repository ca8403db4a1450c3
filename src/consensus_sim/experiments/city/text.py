"""Terminal output of a city: the communities that gain most, and the mean of each kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from consensus_sim.catalogue import interval, metric, text
from consensus_sim.report.change import MARKS, kind_of_change, one_community
from consensus_sim.report.words import say, show_rows
from consensus_sim.study.rules import rules

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

MOST = 5
"""Communities that are listed for each metric."""


def print_gains(
    gains: pd.DataFrame, kinds: Mapping[str, str], scenarios: Mapping[str, str], language: str, console: Console
) -> None:
    """Print, for each scenario and metric, the communities that gain most and the mean difference of each kind.

    Each difference has two intervals, of the mean effect and with chance.
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
                found.show_difference(row["difference"], language) + MARKS.get(kind_of_change(row), ""),
                *(
                    interval(found.show_difference(low), found.show_difference(high))
                    for low, high in ((row["mean_q05"], row["mean_q95"]), one_community(row))
                ),
            )
            for row in rows.head(MOST).to_dict("records")
        ]
        keys = ("community", "kind", "residents", "difference", "mean_interval", "interval")
        headings = [text(f"city.{heading}", language) for heading in keys]
        show_rows(console, headings, most, title=title, colon=colon, whole=(2, 3, 4, 5))
        means = [
            (kinds[str(kind)], str(len(own)), found.show_difference(float(own["difference"].mean()), language))
            for kind, own in rows.groupby("kind", sort=False)
        ]
        headings = [text(f"city.{heading}", language) for heading in ("kind", "communities", "difference")]
        show_rows(console, headings, means, title=text("city.kinds", language), colon=colon, whole=(1, 2))
        console.print()
    say(text("city.legend", language, fewest=rules().fewest), console, style="dim")
