"""Files and folders that appear whole or not at all; what killed writers leave is removed, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from consensus_sim.saving import PREFIX, save_whole, write_whole

WRITER = """
import sys, time
from pathlib import Path
from consensus_sim.saving import save_whole
def write(folder):
    (folder / "half.csv").write_text("a,b")
    print("writing", flush=True)
    time.sleep(600)
save_whole(Path(sys.argv[1]), write)
"""
Writer = Callable[[Path], "subprocess.Popen[str]"]


def fill(folder: Path) -> None:
    (folder / "x").touch()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def writer() -> Iterator[Writer]:
    """Starts a process that is in the middle of saving a folder."""
    started: list[subprocess.Popen[str]] = []

    def start(wanted: Path) -> subprocess.Popen[str]:
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(wanted)], stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None and process.stdout.readline() == "writing\n"
        return process

    yield start
    for process in started:
        killed(process)


def killed(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def test_an_interrupted_write_leaves_nothing(tmp_path: Path) -> None:
    def write(folder: Path) -> None:
        (folder / "half.csv").write_text("a,b\n", encoding="utf-8")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_whole(tmp_path / "results" / "compare" / "now", write)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_writer_left_is_removed_at_once(tmp_path: Path, writer: Writer) -> None:
    killed(writer(tmp_path / "results" / "now"))
    assert [name.startswith(PREFIX) for name in names(tmp_path / "results")] == [True]
    save_whole(tmp_path / "results" / "later", fill)
    assert names(tmp_path / "results") == ["later"]


def test_what_a_running_writer_writes_stays(tmp_path: Path, writer: Writer) -> None:
    process = writer(tmp_path / "now")
    save_whole(tmp_path / "later", fill)
    write_whole(tmp_path / "file", b"text")
    (hidden,) = tmp_path.glob(f"{PREFIX}*/content/half.csv")
    assert hidden.read_text(encoding="utf-8") == "a,b"
    killed(process)
    write_whole(tmp_path / "file", b"text")
    assert names(tmp_path) == ["file", "later"]


def test_folders_made_for_a_sweep_that_was_killed_go_with_what_it_left(tmp_path: Path, writer: Writer) -> None:
    """Each sweep saves in a folder of its own; one that the killed command did not make stays."""
    (tmp_path / "theirs").mkdir()
    killed(writer(tmp_path / "theirs" / "0"))
    killed(writer(tmp_path / "old" / "0"))
    save_whole(tmp_path / "new" / "0", fill)
    assert names(tmp_path) == ["new", "theirs"] and names(tmp_path / "theirs") == []


@pytest.mark.parametrize("left", [(), ("lock",), ("lock", "content")])
def test_a_writer_killed_at_any_step_is_cleaned_up_after(tmp_path: Path, left: tuple[str, ...]) -> None:
    hidden = tmp_path / f"{PREFIX}abcdefgh"
    hidden.mkdir()
    for name in left:
        (hidden / name).touch()
    write_whole(tmp_path / "file", b"text")
    assert names(tmp_path) == ["file"]


def test_what_others_made_stays(tmp_path: Path) -> None:
    for name in (".part-mine", "results-of-somebody", f"{PREFIX}with-notes"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "notes.txt").write_text("dear", encoding="utf-8")
        os.utime(tmp_path / name, (0, 0))
    before = names(tmp_path)
    save_whole(tmp_path / "now", fill)
    assert names(tmp_path) == sorted([*before, "now"])
    assert all((tmp_path / name / "notes.txt").exists() for name in before)


def test_a_taken_name_gets_a_number(tmp_path: Path) -> None:
    places = [save_whole(tmp_path / "now", fill) for _ in range(3)]
    assert [place.name for place in places] == ["now", "now-2", "now-3"]
    assert all((place / "x").exists() for place in places)


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    write_whole(path, b"old")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert names(path.parent) == ["file"]
