"""analysis=disputes: named disputes under each scenario, beside what the case study reports of them."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consensus_sim.experiment import labels, play

if TYPE_CHECKING:
    import pandas as pd

    from consensus_sim.forecast.forecast import Forecast


def run(config: Mapping[str, Any], folder: Path, started: datetime.datetime) -> Path:
    """Play the topics with a date, write disputes.csv and a figure to `folder` beside the tables of a comparison, and
    print what became of them; returns where it lies.
    """
    from consensus_sim.analysis.disputes import disputes_of
    from consensus_sim.study.study import section

    for name, entry in section("topic", config.get("topic")).items():
        section(f"topic.{name}", entry)
    disputes_of(config["topic"])

    def report(forecast: Forecast, place: Path, facts: dict[str, Any]) -> None:
        write(table_of(forecast), forecast, config, place)

    def save(forecast: Forecast) -> Path:
        return forecast.save(folder, config=config, started=started, report=report)

    forecast, place = play(config, save)
    show(table_of(forecast), forecast, config, place)
    return place


def table_of(forecast: Forecast) -> pd.DataFrame:
    """The table of disputes of `forecast`."""
    from consensus_sim.analysis.disputes import disputes_table

    names = [scenario.name for scenario in forecast.study.scenarios]
    return disputes_table(forecast.tables["topics"], forecast.study.topic, names, forecast.study.draws())


def write(table: pd.DataFrame, forecast: Forecast, config: Mapping[str, Any], place: Path) -> None:
    """Write disputes.csv and, where figures are asked for, figures/disputes.png."""
    from consensus_sim.forecast.forecast import NUMBERS

    table.to_csv(place / "disputes.csv", index=False, float_format=NUMBERS, lineterminator="\n")
    if not config["report"].get("figures"):
        return
    from consensus_sim.report.figures.disputes import draw_disputes
    from consensus_sim.report.typeface import styled

    figure = draw_disputes(
        table, names_of(forecast), labels(forecast), forecast.study.reference, config["report"]["language"]
    )
    (place / "figures").mkdir()
    with styled():
        figure.savefig(place / "figures" / "disputes.png", dpi=config["report"]["dpi"])


def names_of(forecast: Forecast) -> dict[str, dict[str, str]]:
    """Kind of topic -> its label by language."""
    return {name: dict(entry["label"]) for name, entry in forecast.study.topic.items()}


def show(table: pd.DataFrame, forecast: Forecast, config: Mapping[str, Any], place: Path) -> None:
    """Print the table and where the results lie."""
    from rich.console import Console

    from consensus_sim.report.disputes import print_disputes

    print_disputes(table, names_of(forecast), labels(forecast), config["report"]["language"], Console())
    print(f"results: {os.path.relpath(place)}")
