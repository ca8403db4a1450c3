"""analysis=city: the scenarios in many communities of various kinds, and which of them gain most."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consensus_sim.experiment import build_engine, check_writable, writing

if TYPE_CHECKING:
    from consensus_sim.analysis.city import CityForecast


def run(config: Mapping[str, Any], folder: Path, started: datetime.datetime) -> Path:
    """Play the city that `config` describes, write it to `folder` and print who gains; returns where it lies."""
    from consensus_sim.analysis.city import run_city

    engine = build_engine(config["engine"])
    results = Path(config["results"])
    check_writable(results)
    with writing(results):
        found = run_city(config, engine, results / ".replicates")
        place = found.save(folder, config=config, started=started, report=reporter(config))
    found.finish(config["store"]["keep"])
    show(found, config["report"]["language"], place)
    return place


def reporter(config: Mapping[str, Any]) -> Callable[[CityForecast, Path], None]:
    """What draws the figure of a city, one for each scenario but the reference."""

    def report(found: CityForecast, folder: Path) -> None:
        from consensus_sim.report.figures.city import draw_city

        if not config["report"].get("figures"):
            return
        (folder / "figures").mkdir()
        labels = {kind.name: kind.label for kind in found.city.kinds}
        for scenario in dict.fromkeys(found.gains["scenario"]):
            figure = draw_city(found.gains, scenario, labels, config["report"]["language"])
            figure.savefig(folder / "figures" / f"gains_{scenario}.png", dpi=config["report"]["dpi"])

    return report


def show(found: CityForecast, language: str, place: Path) -> None:
    """Print which communities gain most, and where the results lie."""
    from rich.console import Console

    from consensus_sim.report.city import print_gains

    kinds = {kind.name: kind.label[language] for kind in found.city.kinds}
    labels = {scenario.name: scenario.label[language] for scenario in found.study.scenarios}
    print_gains(found.gains, kinds, labels, language, Console())
    print(f"results: {os.path.relpath(place)}")
