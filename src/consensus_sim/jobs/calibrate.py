"""analysis=calibrate: which parameter sets the reported figures leave, and what they say of each parameter."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from consensus_sim.experiment import build_engine, check_writable, writing


def run(config: Mapping[str, Any], folder: Path, started: datetime.datetime) -> Path:
    """Calibrate, write posterior sets, identification and checks to `folder`; print what the data say, which figures
    the model then holds, and how far to trust it.
    """
    from rich.console import Console

    from consensus_sim.analysis.calibrate import run_calibration
    from consensus_sim.report.calibration import print_identification, print_predictive, trust_lines
    from consensus_sim.report.words import say

    engine = build_engine(config["engine"])
    results, language, console = Path(config["results"]), config["report"]["language"], Console()
    check_writable(results)
    with writing(results):
        place, problem, tables = run_calibration(config, engine, folder, started)
    print_identification(tables["identification"], language, console)
    if "posterior_predictive" in tables:
        print_predictive(tables["posterior_predictive"], language, console)
    for line in trust_lines(tables.get("recovery"), problem.settings.runs, problem.left_out, language):
        say(line, console)
    print(f"results: {os.path.relpath(place)}")
    return place
