"""analysis=validate: forecasts scored against observed figures, beside naive rivals."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consensus_sim.experiment import LANGUAGES, build_engine, check_writable, writing

if TYPE_CHECKING:
    import pandas as pd


def run(config: Mapping[str, Any], folder: Path, started: datetime.datetime) -> Path:
    """Score the forecasts, write scores, verdicts and figure to `folder`, print the scores."""
    from rich.console import Console

    from consensus_sim.analysis.validate import run_validation
    from consensus_sim.report.validation import print_scores

    engine = build_engine(config["engine"])
    results = Path(config["results"])
    check_writable(results)
    with writing(results):
        place, table = run_validation(config, engine, folder, started, report=reporter(config))
    print_scores(table, config["report"]["language"], Console())
    print(f"results: {os.path.relpath(place)}")
    return place


def reporter(config: Mapping[str, Any]) -> Callable[[pd.DataFrame, Path], None]:
    """What draws the figure of a validation and writes its verdicts in words."""

    def report(table: pd.DataFrame, folder: Path) -> None:
        from consensus_sim.report.validation import draw_scores, verdicts

        for language in LANGUAGES:
            text = "\n".join(verdicts(table, language)) + "\n"
            (folder / f"verdicts_{language}.txt").write_text(text, encoding="utf-8")
        if config["report"].get("figures"):
            (folder / "figures").mkdir()
            figure = draw_scores(table, config["report"]["language"])
            figure.savefig(folder / "figures" / "validation.png", dpi=config["report"]["dpi"])

    return report
