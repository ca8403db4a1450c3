"""A command killed at any moment and repeated gives the bytes of one that nothing disturbed, and leaves nothing else.

`INTERRUPTIONS=50 pytest tests/faults/test_killed.py` tries 50 moments instead of 6.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from consensus_sim.saving import PREFIX
from tests.faults.commands import Commands

INTERRUPTIONS = int(os.environ.get("INTERRUPTIONS", "6"))
WORDS = [
    *("community=teaching", "scenarios=[before,points]", "replicates=20", "calendar.weeks=8", "engine=serial"),
    *("report.html=false", "report.figures=false"),
]
TIMES = ("started", "finished", "seconds")
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="commands start as forks here")


def simulating(folder: Path) -> bool:
    """Whether the first replicate is stored."""
    return next(folder.glob("results/.replicates/*/*.replicate"), None) is not None


def saving(folder: Path) -> bool:
    """Whether the results are being written, or are there."""
    return next(folder.glob("results/compare/*"), None) is not None


@dataclass(frozen=True)
class Undisturbed:
    """What a command gives that nothing disturbs, by file, and how many seconds it simulates and saves."""

    files: dict[str, bytes]
    seconds: dict[Callable[[Path], bool], float]


@pytest.fixture(scope="module")
def commands() -> Iterator[Commands]:
    """One process that starts commands for all tests."""
    found = Commands()
    yield found
    found.close()


@pytest.fixture(scope="module")
def undisturbed(commands: Commands, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """The command run to its end."""
    folder = tmp_path_factory.mktemp("undisturbed")
    number = commands.begin(folder, WORDS)
    assert wait_for(simulating, folder, number)
    first = time.monotonic()
    assert wait_for(saving, folder, number)
    second = time.monotonic()
    assert commands.end() == 0, (folder / "said.txt").read_text()
    (files,) = results(folder)
    return Undisturbed(files, {simulating: second - first, saving: time.monotonic() - second})


def wait_for(stage: Callable[[Path], bool], folder: Path, number: int) -> bool:
    """Waits until the command, process `number`, has reached `stage`; whether it has before it ended."""
    deadline = time.monotonic() + 300
    while not stage(folder):
        assert time.monotonic() < deadline
        if not Path(f"/proc/{number}").exists() and sys.platform == "linux":
            return stage(folder)
        time.sleep(0.001)
    return True


def results(folder: Path) -> list[dict[str, bytes]]:
    """The files of each results folder by name, the times in provenance.json left out; there is nothing else."""
    assert sorted(path.name for path in folder.iterdir()) == ["results", "said.txt"]
    assert [path.name for path in (folder / "results").iterdir()] == ["compare"]
    found = []
    for place in sorted((folder / "results" / "compare").iterdir()):
        files = {path.relative_to(place).as_posix(): path.read_bytes() for path in place.rglob("*") if path.is_file()}
        facts = json.loads(files["provenance.json"])
        facts = {name: value for name, value in facts.items() if name not in TIMES}
        found.append({**files, "provenance.json": json.dumps(facts).encode()})
    return found


@pytest.mark.parametrize("moment", range(INTERRUPTIONS))
def test_a_killed_command_repeated_gives_the_same_bytes_and_nothing_else(
    commands: Commands, undisturbed: Undisturbed, tmp_path: Path, moment: int
) -> None:
    stage = (simulating, saving)[moment % 2]
    delay = random.Random(moment).random() * undisturbed.seconds[stage]
    for attempt in range(20):  # sooner, where the command had ended before
        folder = tmp_path / str(attempt)
        folder.mkdir()
        number = commands.begin(folder, WORDS)
        assert wait_for(stage, folder, number)
        time.sleep(delay / 2**attempt)
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
        if commands.end() == -signal.SIGKILL:
            break
    else:
        pytest.fail("the command always ended before it could be killed")
    complete = [path.name for path in folder.glob("results/compare/*") if not path.name.startswith(PREFIX)]
    commands.begin(folder, WORDS)
    assert commands.end() == 0, (folder / "said.txt").read_text()
    found = results(folder)
    assert len(found) == 1 + len(complete)
    assert all(files == undisturbed.files for files in found)
