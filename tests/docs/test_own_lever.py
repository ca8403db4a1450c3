"""The documented lever of one's own is shown as it is, is at most thirty lines, and runs as the page says."""

from __future__ import annotations

import csv
import inspect
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from consensus_sim import load_model
from consensus_sim.interventions.base import Intervention

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "levers.md").read_text(encoding="utf-8")
FOLDER = ROOT / "docs" / "examples" / "own_lever"
SHORT = ["replicates=4", "calendar.weeks=30", "engine=serial", "report.figures=false", "report.html=false"]


def blocks(language: str) -> list[str]:
    """The page's code blocks in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.M | re.S)


def test_the_class_is_at_most_thirty_lines():
    assert len((FOLDER / "intervention" / "letter_campaign.py").read_text(encoding="utf-8").splitlines()) <= 30


def test_the_page_shows_the_files_as_they_are():
    class_, settings, scenario = blocks("python")[0], *blocks("yaml")
    assert class_ in (FOLDER / "intervention" / "letter_campaign.py").read_text(encoding="utf-8")
    assert settings == (FOLDER / "intervention" / "letter_campaign.yaml").read_text(encoding="utf-8")
    assert scenario == (FOLDER / "scenario" / "letters.yaml").read_text(encoding="utf-8")


def test_every_hook_is_in_the_table():
    hooks = {name for name, _ in inspect.getmembers(Intervention, inspect.isfunction) if not name.startswith("_")}
    named = set(re.findall(r"`(\w+)\([\w, ]*\)`", PAGE))
    assert hooks - {"book", "count_event", "settings"} <= named
    assert named <= hooks | {"check"}


def test_it_runs_as_the_page_says(tmp_path):
    (block,) = blocks("sh")
    program, *words = block.split()
    assert program == ".venv/bin/consensus-sim"
    script = Path(sys.executable).with_name("consensus-sim")
    start = [str(script)] if script.exists() else [sys.executable, "-m", "consensus_sim.cli"]
    done = subprocess.run(
        [*start, *words, *SHORT, f"results={tmp_path}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    (contrasts,) = tmp_path.glob("compare/*/contrasts.csv")
    with contrasts.open(encoding="utf-8") as file:
        rows = {row["metric"]: row for row in csv.DictReader(file) if row["group"] == "all"}
    assert float(rows["cost_money"]["difference"]) > 0
    assert float(rows["person_times_quarter"]["difference"]) > 0  # sixty letters to some 330 adults bring people


def test_at_zero_strength_it_changes_nothing():
    none = load_model("teaching", "council", weeks=20).run()
    zero = load_model(
        "teaching", "letters", weeks=20, config_dir=FOLDER, overrides=["intervention.letter_campaign.letters=0"]
    ).run()
    assert zero.recorder.events_held == none.recorder.events_held
    assert np.array_equal(zero.residents.trust, none.residents.trust)


def test_the_python_example_runs_as_written(monkeypatch):
    monkeypatch.chdir(ROOT)
    names: dict = {}
    exec(compile(blocks("python")[1], "docs/levers.md", "exec"), names)
    assert set(names["forecast"].summary()["scenario"]) == {"council", "letters"}
