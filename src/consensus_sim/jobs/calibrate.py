"""analysis=calibrate: which parameter sets the reported figures leave, and what they say of each parameter."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from consensus_sim.experiment import build_engine, check_writable, writing


def run(config: Mapping[str, Any], folder: Path, started: datetime.datetime) -> Path:
    """Calibrate, write posterior sets, identification and checks to `folder`, print what the data say."""
    from rich.console import Console

    from consensus_sim.analysis.calibrate import run_calibration
    from consensus_sim.report.calibration import print_identification

    engine = build_engine(config["engine"])
    results = Path(config["results"])
    check_writable(results)
    with writing(results):
        place, found = run_calibration(config, engine, folder, started)
    print_identification(found.identification(), config["report"]["language"], Console())
    print(f"results: {os.path.relpath(place)}")
    return place
