"""analysis=patterns: do the patterns of the evidence come out of the mechanisms?"""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consensus_sim.experiment import build_engine, check_writable, writing

if TYPE_CHECKING:
    from consensus_sim.analysis.patterns import PatternResults


def run(config: Mapping[str, Any], folder: Path, started: datetime.datetime) -> Path:
    """Check the patterns that `config` names, write them to `folder` and print the verdicts; returns where it lies."""
    from consensus_sim.analysis.patterns import run_patterns

    engine = build_engine(config["engine"])
    results = Path(config["results"])
    check_writable(results)
    with writing(results):
        found = run_patterns(config, engine, results / ".replicates")
        place = found.save(folder, config=config, started=started, report=reporter(config))
    found.finish(config["store"]["keep"])
    show(found, config["report"]["language"], place)
    return place


def reporter(config: Mapping[str, Any]) -> Any:
    """What draws the figures, one a pattern."""

    def report(found: PatternResults, folder: Path) -> None:
        from consensus_sim.report.figures.patterns import draw_pattern

        if not config["report"].get("figures"):
            return
        (folder / "figures").mkdir()
        for pattern in found.patterns:
            figure = draw_pattern(pattern, found.singles, config["report"]["language"])
            figure.savefig(folder / "figures" / f"{pattern.id}.png", dpi=config["report"]["dpi"])

    return report


def show(found: PatternResults, language: str, place: Path) -> None:
    """Print the checks, the verdict on each pattern, and where the results lie."""
    from rich.console import Console

    from consensus_sim.report.patterns import print_patterns

    print_patterns(found, language, Console())
    print(f"results: {os.path.relpath(place)}")
