"""`consensus-sim --examples FOLDER`: all examples and lessons, or nothing; only into a new or an empty folder."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from consensus_sim.errors import InputError
from consensus_sim.tools.examples import write_examples

ROOT = Path(__file__).parents[2]


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def expected():
    """What the checkout holds, but for what an editor or an import left there."""
    found = {**contents(ROOT / "docs" / "examples")}
    found |= {f"course/{name}": text for name, text in contents(ROOT / "experiments" / "course").items()}
    return {name: text for name, text in found.items() if "__pycache__" not in name and "/." not in name}


@pytest.mark.parametrize("name", ["new", "several/new", "empty"])
def test_all_are_written_into_a_new_or_an_empty_folder_and_nothing_else(tmp_path, name):
    (tmp_path / "empty").mkdir()
    write_examples(tmp_path / name)
    assert contents(tmp_path / name) == expected()
    assert {path.split("/")[0] for path in expected()} == {path.name for path in (tmp_path / name).iterdir()}


def test_a_folder_that_holds_anything_is_refused_and_stays_as_it_is(tmp_path):
    (tmp_path / ".mine").write_text("mine", encoding="utf-8")
    for folder in (tmp_path, tmp_path / ".mine"):
        with pytest.raises(InputError, match="--examples: found .*; allowed: a new or an empty folder"):
            write_examples(folder)
    assert contents(tmp_path) == {".mine": b"mine"}


def command(*words, limit=resource.RLIM_INFINITY, cwd):
    """`consensus-sim` with `words`, in which no file may grow over `limit` bytes."""
    return subprocess.run(
        [sys.executable, "-B", "-m", "consensus_sim", *words],
        capture_output=True,
        text=True,
        cwd=cwd,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )


def test_the_command_says_where_they_are_in_the_language_asked_for(tmp_path):
    done = command("--examples", "mine", "report.language=zh", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "示例和课程已写入：mine\n", "")
    again = command("--examples", "mine", cwd=tmp_path)
    assert again.returncode == 2 and again.stdout == "" and again.stderr.count("\n") == 1
    assert contents(tmp_path / "mine") == expected()


@pytest.mark.parametrize("there", [True, False])
def test_where_they_cannot_all_be_written_none_is(tmp_path, there):
    if there:
        (tmp_path / "mine").mkdir()
    done = command("--examples", "mine", limit=3000, cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert done.stderr.startswith("consensus-sim: ") and "File too large" in done.stderr
    assert [path.name for path in tmp_path.rglob("*")] == ["mine"] * there
