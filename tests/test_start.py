"""`sh start.sh` where it cannot work: one line in each language, exit code 2, nothing made. CI runs it where it can."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOOLS = ("sh", "cat", "cksum", "dirname")


@pytest.fixture
def checkout(tmp_path):
    """What start.sh reads, in a folder whose name holds a space; and beside it a PATH without Python."""
    folder = tmp_path / "a checkout"
    (folder / "requirements").mkdir(parents=True)
    for name in ("start.sh", "pyproject.toml", "requirements/core.txt", "requirements/dev.txt"):
        shutil.copy(ROOT / name, folder / name)
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool))
    return folder


def start(checkout, *words):
    """`sh start.sh` with `words`, begun in another folder."""
    surroundings = {**os.environ, "PATH": str(checkout.parent / "bin"), "PYTHON": ""}
    command = ["sh", str(checkout / "start.sh"), *words]
    return subprocess.run(command, cwd=checkout.parent, env=surroundings, capture_output=True, text=True)


@pytest.mark.parametrize("words", [[], ["tests"]])
@pytest.mark.parametrize("version", ["3.10.4", "3.14.0", ""])
def test_another_python_or_none_is_said_in_both_languages(checkout, version, words):
    if version:
        other = checkout.parent / "bin" / "python3"
        other.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo Python {version}\n', encoding="utf-8")
        other.chmod(0o755)
    done = start(checkout, *words)
    assert done.returncode == 2 and done.stdout == ""
    english, chinese = done.stderr.splitlines()
    assert english.startswith("start.sh: needed: Python 3.11") and chinese.startswith("start.sh：需要 Python 3.11")
    assert version in english and version in chinese
    assert not (checkout / ".venv").exists()


def test_what_is_installed_already_is_not_installed_again(checkout):
    """Python, the program and the stamp are there: the program is run with the words given, and nothing else is."""
    inside = checkout / ".venv" / "bin"
    inside.mkdir(parents=True)
    for name, script in {"python": "exit 0", "consensus-sim": 'echo "ran: $*"'}.items():
        (inside / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (inside / name).chmod(0o755)
    assert start(checkout, "seed=7").returncode == 2  # no stamp, and no Python to install with
    state = f'cd "{checkout}" && {{ pwd && cat requirements/core.txt pyproject.toml; }} | cksum'
    stamp = subprocess.run(["sh", "-c", state], capture_output=True, text=True, check=True).stdout
    (checkout / ".venv" / ".installed-core").write_text(stamp, encoding="utf-8")
    done = start(checkout, "seed=7", "report.language=zh")
    assert (done.returncode, done.stdout, done.stderr) == (0, "ran: seed=7 report.language=zh\n", "")
    (checkout / "requirements" / "core.txt").write_text("changed\n", encoding="utf-8")
    assert start(checkout, "seed=7").returncode == 2
