"""What happens when things break: interrupted, killed, raising, disk full: nothing half-written, same bytes later."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LEVERS = {
    "raises": "class: broken_levers.py:Raises\nstart: null\nend: null\nshare: 0.5\n",
    "kills": "class: broken_levers.py:Kills\nstart: null\nend: null\nshare: 0.5\nonce: ''\n",
    "slow": "class: broken_levers.py:Slow\nstart: null\nend: null\nseconds: 0.03\n",
}
REPLICATES = 8


@pytest.fixture
def run_with(tmp_path: Path) -> list[str]:
    """Arguments of a small run in which scenarios raises, kills and slow are known; their files are written."""
    for group in ("intervention", "scenario"):
        (tmp_path / "mine" / group).mkdir(parents=True)
    shutil.copy(HERE / "broken_levers.py", tmp_path / "mine" / "intervention")
    for name, text in LEVERS.items():
        (tmp_path / "mine" / "intervention" / f"{name}.yaml").write_text(text, encoding="utf-8")
        scenario = f"base: council\ninterventions: {{{name}: {{}}}}\n"
        (tmp_path / "mine" / "scenario" / f"{name}.yaml").write_text(scenario, encoding="utf-8")
    return ["--config-dir", "mine", "community=teaching", f"replicates={REPLICATES}", "calendar.weeks=8"]


def stored(folder: Path) -> list[Path]:
    return sorted((folder / "results").glob(".replicates/*/*.replicate"))


def summary(folder: Path, results: str = "results") -> bytes:
    """summary.csv of the only results there are; nothing half-written lies beside them."""
    (found,) = (folder / results / "compare").iterdir()
    assert not found.name.startswith(".")
    return (found / "summary.csv").read_bytes()


def test_the_bytes_do_not_depend_on_the_engine(cli, tmp_path, run_with):
    engines = ("engine=serial", "engine.workers=1", "engine.workers=2", "engine.workers=4")
    for number, engine in enumerate(engines):
        done = cli(*run_with, "scenarios=[before,full]", engine, f"results=engine{number}")
        assert done.returncode == 0, done.stderr
    assert len({summary(tmp_path, f"engine{number}") for number in range(len(engines))}) == 1


def interrupt(process: subprocess.Popen[str], folder: Path, number: int) -> tuple[int, str]:
    """Send `number` to the process group once three replicates are stored; exit code and what was said."""
    deadline = time.monotonic() + 240
    while len(stored(folder)) < 3:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, number)
    _, said = process.communicate(timeout=60)
    return process.returncode, said


def test_interrupted_and_repeated_gives_the_same_bytes(begin, cli, tmp_path, run_with):
    given = [*run_with, "scenarios=[before,slow]"]
    code, said = interrupt(begin(*given), tmp_path, signal.SIGINT)
    assert code == 130
    lines = [line for line in said.splitlines() if "compiling" not in line]
    assert len(lines) == 1 and "interrupted" in lines[0]
    assert [path.name for path in (tmp_path / "results").iterdir()] == [".replicates"]
    assert 3 <= len(stored(tmp_path)) < 2 * REPLICATES

    done = cli(*given)
    assert done.returncode == 0, done.stderr
    assert "stored already" in done.stderr
    assert stored(tmp_path) == [] and not (tmp_path / "results" / ".replicates").exists()
    assert cli(*given, "results=undisturbed").returncode == 0
    assert summary(tmp_path) == summary(tmp_path, "undisturbed")


@pytest.mark.parametrize("engine", ["serial", "processes"])
def test_asked_to_end_it_ends_at_once_and_goes_on_later(begin, cli, tmp_path, run_with, engine):
    given = [*run_with, "scenarios=[slow]", "++intervention.slow.here=true", "intervention.slow.seconds=0.1"]
    code, said = interrupt(begin(*given, f"engine={engine}"), tmp_path, signal.SIGTERM)
    assert code == 128 + signal.SIGTERM and "failed" not in said
    assert "ended by the system (SIGTERM); repeat the command" in said
    assert 3 <= len(stored(tmp_path)) < REPLICATES
    done = cli(*given)
    assert done.returncode == 0 and "stored already" in done.stderr


def test_no_worker_outlives_a_killed_command(begin, tmp_path, run_with):
    process = begin(*run_with, "scenarios=[slow]")
    code, _ = interrupt_parent(process, tmp_path)
    assert code == -signal.SIGKILL
    deadline = time.monotonic() + 20
    while group_members(process.pid):
        assert time.monotonic() < deadline, "workers are still there"
        time.sleep(0.05)


def interrupt_parent(process: subprocess.Popen[str], folder: Path) -> tuple[int, str]:
    """Kill the command itself, not its workers, once a replicate is stored."""
    deadline = time.monotonic() + 240
    while not stored(folder):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()
    _, said = process.communicate(timeout=60)
    return process.returncode, said


def group_members(group: int) -> list[int]:
    """Processes of a process group that still run."""
    listed = subprocess.run(["ps", "-eo", "pgid=,pid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in listed.splitlines()]
    return [int(pid) for pgid, pid, state in rows if int(pgid) == group and not state.startswith("Z")]


def test_an_error_in_a_replicate_is_named_and_costs_only_that_one(cli, tmp_path, run_with):
    done = cli(*run_with, "scenarios=[before,raises]")
    assert done.returncode == 1
    failed = re.findall(r"replicate (\d+) of raises \(seed 1\): RuntimeError: this lever is broken", done.stderr)
    count = re.search(r"(\d+) of 16 replicates failed", done.stderr)
    assert count and 0 < int(count[1]) < REPLICATES
    assert len(failed) == min(int(count[1]), 5)
    assert re.search(r"broken_levers\.py, line \d+\)", done.stderr)
    assert len(stored(tmp_path)) == 2 * REPLICATES - int(count[1])
    assert not (tmp_path / "results" / "compare").exists()
    assert "Traceback" not in done.stderr


def test_a_worker_killed_once_costs_nothing(cli, tmp_path, run_with):
    given = [*run_with, "scenarios=[before,kills]"]
    mark = tmp_path / "killed"
    done = cli(*given, f"intervention.kills.once={mark}")
    assert done.returncode == 0, done.stderr
    assert mark.exists()
    done = cli(*given, "intervention.kills.share=0", "results=undisturbed")
    assert done.returncode == 0, done.stderr
    assert summary(tmp_path) == summary(tmp_path, "undisturbed")


def test_a_replicate_that_always_kills_its_worker_is_named_and_the_others_finish(cli, tmp_path, run_with):
    done = cli(*run_with, "scenarios=[before,kills]")
    assert done.returncode == 1
    count = re.search(r"(\d+) of 16 replicates failed", done.stderr)
    assert count and 0 < int(count[1]) < REPLICATES
    assert "worker process was killed twice" in done.stderr
    assert len(stored(tmp_path)) == 2 * REPLICATES - int(count[1])
    assert not (tmp_path / "results" / "compare").exists()


def test_a_damaged_replicate_is_noticed_and_run_again(cli, tmp_path, run_with):
    given = [*run_with, "scenarios=[before,council]", "store.keep=true"]
    assert cli(*given).returncode == 0
    first, second = stored(tmp_path)[:2]
    first.write_bytes(first.read_bytes()[:-20])
    second.write_bytes(second.read_bytes().replace(second.read_bytes()[100:110], bytes(10)))
    (before,) = (tmp_path / "results" / "compare").iterdir()
    done = cli(*given)
    assert done.returncode == 0, done.stderr
    assert f"{2 * REPLICATES - 2} of {2 * REPLICATES} replicates are stored already" in done.stderr
    (after,) = [path for path in (tmp_path / "results" / "compare").iterdir() if path != before]
    assert (before / "summary.csv").read_bytes() == (after / "summary.csv").read_bytes()


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[object]:
    """Mount a small file system in `tmp_path`; tests that need one are skipped where mounting is not permitted."""
    places: list[Path] = []

    def mount(name: str, options: str) -> Path:
        place = tmp_path / name
        place.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], capture_output=True)
        if done.returncode != 0:
            pytest.skip("mounting a file system is not permitted here")
        places.append(place)
        return place

    if shutil.which("mount") is None:
        pytest.skip("there is no mount command here")
    yield mount
    for place in places:
        subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_one_line_and_leaves_no_table(cli, mounted, run_with):
    place = mounted("small", "size=128k")
    done = cli(*run_with, "scenarios=[before,full]", "replicates=60", "results=small")
    assert done.returncode == 2
    lines = [line for line in done.stderr.splitlines() if "compiling" not in line]
    assert len(lines) == 1 and "No space left" in lines[0]
    assert [path.name for path in place.iterdir()] == [".replicates"]
    assert not list(place.rglob(".part-*"))


def test_no_room_for_compiled_code_is_one_line_that_says_where(cli, mounted, run_with, monkeypatch):
    place = mounted("kernels", "size=64k")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(place))
    done = cli(*run_with, "scenarios=[before]", "results=elsewhere")
    lines = [line for line in done.stderr.splitlines() if "compiling" not in line]
    assert done.returncode == 2 and len(lines) == 1, done.stderr
    assert "No space left" in lines[0] and str(place) in lines[0] and "NUMBA_CACHE_DIR" in lines[0]


def test_a_read_only_results_folder_is_refused_before_anything_is_run(cli, mounted, run_with):
    mounted("shut", "size=64k,ro")
    for sweep in ([], ["-m", "seed=1,2"]):
        done = cli(*run_with, "scenarios=[before]", "results=shut", *sweep)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1 and "Read-only file system" in done.stderr
