"""The documented lever of one's own is at most thirty lines and runs as written."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "docs" / "examples" / "own_lever"


def test_the_class_is_at_most_thirty_lines():
    assert len((FOLDER / "letter_campaign.py").read_text(encoding="utf-8").splitlines()) <= 30


def test_it_runs_as_the_page_says(tmp_path):
    page = (ROOT / "docs" / "levers.md").read_text(encoding="utf-8")
    assert "PYTHONPATH=. consensus-sim --config-dir . scenarios=[council,letters]" in page
    command = [
        sys.executable, "-m", "consensus_sim.cli", "--config-dir", str(FOLDER), "scenarios=[council,letters]",
        "intervention.letter_campaign.letters=300", "community=teaching", "replicates=4", "calendar.weeks=30",
        "engine=serial", "report.figures=false", "report.html=false",
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(FOLDER)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    (contrasts,) = tmp_path.glob("results/compare/*/contrasts.csv")
    with contrasts.open(encoding="utf-8") as file:
        rows = {row["metric"]: row for row in csv.DictReader(file) if row["group"] == "all"}
    assert float(rows["cost_money"]["difference"]) > 0
    assert float(rows["person_times_quarter"]["difference"]) > 0  # 300 letters to 330 adults bring people
