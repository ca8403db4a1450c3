"""The README is true: its two commands are those of CI, and every command line in it is one that the program takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from consensus_sim.study.config import compose
from consensus_sim.study.study import read_study

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```[^\n]*\n(.*?)^```", README, flags=re.M | re.S)
LINES = [line.split("#")[0].strip() for block in BLOCKS for line in block.splitlines()]
RUNS = [line for line in LINES if re.match(r"(\.venv/bin/)?consensus-sim\b", line)]


@pytest.mark.parametrize("mark", ["run", "test"])
def test_ci_takes_its_command_from_the_readme(mark):
    found = re.search(rf"^<!-- ci: {mark} -->\n```[^\n]*\n(.+?)^```", README, flags=re.M | re.S)
    assert found, f"README.md: no code block after <!-- ci: {mark} -->"
    assert f"readme_block {mark}" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    (line,) = found[1].splitlines()
    assert len(line) <= 40 and (ROOT / line.split()[1]).is_file()


def test_the_readme_shows_how_to_run_it():
    assert RUNS


def test_the_readme_is_short_and_its_links_lead_somewhere():
    lines = README.splitlines()
    assert len(lines) <= 120
    assert [line for line in lines if len(line) > 120 and not line.startswith("|") and "](" not in line] == []
    links = re.findall(r"\]\(([^)#]+)", README)
    assert len(links) > 10 and [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("line", RUNS)
def test_every_command_in_the_readme_makes_a_study(line):
    words = shlex.split(line)[1:]
    overrides = [word for word in words if "=" in word and not word.startswith("--")]
    if "-m" not in words and "--config-dir" not in words:
        assert read_study(compose(overrides)).scenarios


def test_the_python_example_runs_as_written(capsys):
    (code,) = re.findall(r"^```python\n(.*?)^```", README, flags=re.M | re.S)
    exec(compile(code, "README.md", "exec"), {})
    assert "reach_quarter" in capsys.readouterr().out
