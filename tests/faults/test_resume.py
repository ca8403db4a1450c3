"""What broke is mended by the same command: on every engine, with the bytes of a run that nothing disturbed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from consensus_sim import compare

HERE = Path(__file__).parent
LEVERS = {
    "raises": "class: broken_levers.py:Raises\nstart: null\nend: null\nshare: 0.7\nmended: ''\n",
    "kills": "class: broken_levers.py:Kills\nstart: null\nend: null\nshare: 0.5\nonce: ''\n",
    "slow": "class: broken_levers.py:Slow\nstart: null\nend: null\nseconds: 0.25\n",
}
REPLICATES, WEEKS = 4, 8
ENGINES = ("engine=processes", "engine=cluster")


@pytest.fixture
def given(tmp_path: Path) -> list[str]:
    """Arguments of a small run in which scenarios raises, kills and slow are known; their files are written."""
    for group in ("intervention", "scenario"):
        (tmp_path / "mine" / group).mkdir(parents=True)
    shutil.copy(HERE / "broken_levers.py", tmp_path / "mine" / "intervention")
    for name, text in LEVERS.items():
        (tmp_path / "mine" / "intervention" / f"{name}.yaml").write_text(text, encoding="utf-8")
        scenario = f"base: before\ninterventions: {{{name}: {{}}}}\n"
        (tmp_path / "mine" / "scenario" / f"{name}.yaml").write_text(scenario, encoding="utf-8")
    return [
        *("--config-dir", "mine", "community=teaching", f"replicates={REPLICATES}", f"calendar.weeks={WEEKS}"),
        *("report.html=false", "report.figures=false", "engine.workers=2"),
    ]


def undisturbed(folder: Path, scenarios: list[str], *overrides: str) -> bytes:
    """summary.csv of the same study, run by the library in this process."""
    forecast = compare(
        "teaching", scenarios, replicates=REPLICATES, weeks=WEEKS, workers=1,
        overrides=overrides, config_dir=folder / "mine", progress=False,
    )  # fmt: skip
    return (forecast.save(folder / "undisturbed") / "summary.csv").read_bytes()


def summary(folder: Path, results: str = "results") -> bytes:
    """summary.csv of the only results there are; nothing half-written lies beside them."""
    (found,) = (folder / results / "compare").iterdir()
    assert not found.name.startswith(".")
    return (found / "summary.csv").read_bytes()


def stored(folder: Path) -> list[Path]:
    return sorted(folder.glob(".replicates/*/*.replicate"))


@pytest.mark.parametrize("engine", ENGINES)
def test_an_exception_costs_its_replicates_until_it_is_mended(cli, tmp_path, given, engine):
    mended = tmp_path / "mended"
    lever = f"intervention.raises.mended={mended}"
    command = [*given, "scenarios=[before,raises]", lever]
    done = cli(*command, engine)
    assert done.returncode == 1
    count = re.search(rf"(\d+) of {2 * REPLICATES} replicates failed", done.stderr)
    assert count and 0 < int(count[1]) < REPLICATES
    assert "of raises (seed 1): RuntimeError: this lever is broken" in done.stderr and "Traceback" not in done.stderr
    assert len(stored(tmp_path / "results")) == 2 * REPLICATES - int(count[1])
    assert not (tmp_path / "results" / "compare").exists()

    mended.touch()
    done = cli(*command, "engine=processes")  # any engine takes what another one left
    assert done.returncode == 0, done.stderr
    assert "stored already" in done.stderr
    assert summary(tmp_path) == undisturbed(tmp_path, ["before", "raises"], lever)


def test_a_cluster_worker_that_is_killed_once_costs_nothing(cli, tmp_path, given):
    mark = tmp_path / "killed"
    lever = f"intervention.kills.once={mark}"
    done = cli(*given, "scenarios=[before,kills]", "engine=cluster", lever)
    assert done.returncode == 0, done.stderr
    assert mark.exists()
    assert summary(tmp_path) == undisturbed(tmp_path, ["before", "kills"], lever)


def test_a_replicate_that_always_kills_its_cluster_worker_is_named(cli, tmp_path, given):
    done = cli(*given, "scenarios=[kills]", "engine=cluster", "replicates=3", "intervention.kills.share=0.1")
    assert done.returncode == 1
    failed = re.findall(r"replicate (\d) of kills \(seed 1\): its worker process was killed twice", done.stderr)
    assert f"{len(failed)} of 3 replicates failed" in done.stderr
    left = [int(path.stem) for path in stored(tmp_path / "results")]
    assert sorted([*left, *map(int, failed)]) == [0, 1, 2] and left and failed


def wait_for(count: int, process: subprocess.Popen[str], folder: Path) -> None:
    """Wait until `count` replicates are stored."""
    deadline = time.monotonic() + 120
    while len(stored(folder)) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def alive(group: int) -> list[str]:
    """Processes of a process group that still run."""
    listed = subprocess.run(["ps", "-eo", "pgid=,stat=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    return [row[2] for row in rows if int(row[0]) == group and not row[1].startswith("Z")]


def test_ctrl_c_ends_the_cluster_and_the_same_command_goes_on(begin, cli, tmp_path, given):
    command = [*given, "scenarios=[slow]", "engine=cluster"]
    process = begin(*command)
    wait_for(1, process, tmp_path / "results")
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    lines = [line for line in said.splitlines() if "compiling" not in line]
    assert len(lines) == 1 and "interrupted" in lines[0]
    assert alive(process.pid) == []
    assert 1 <= len(stored(tmp_path / "results")) < REPLICATES
    assert cli(*given, "scenarios=[slow]").returncode == 0
    assert summary(tmp_path) == undisturbed(tmp_path, ["slow"])


def test_a_command_killed_while_writing_leaves_nothing_that_counts(begin, cli, tmp_path, given):
    process = begin(*given, "scenarios=[slow]")
    wait_for(1, process, tmp_path / "results")
    process.kill()
    process.communicate(timeout=60)
    (first, *_) = stored(tmp_path / "results")
    half = next(
        path for number in range(REPLICATES) if not (path := first.with_name(f"{number:06d}.replicate")).exists()
    )
    half.write_bytes(first.read_bytes()[:1000])
    done = cli(*given, "scenarios=[slow]")
    assert done.returncode == 0, done.stderr
    assert "stored already" in done.stderr
    assert not (tmp_path / "results" / ".replicates").exists()
    assert summary(tmp_path) == undisturbed(tmp_path, ["slow"])


def test_replicates_auto_goes_on_where_it_was_interrupted(begin, cli, tmp_path, given):
    """Interrupted between its second and third batch, goes on elsewhere: nothing is run twice, and the bytes are those
    of the number at which it ends.
    """
    settings = {"minimum": 4, "batch": 2, "maximum": 8}
    auto = ["replicates=auto", "precision=1e-6", *(f"monte_carlo.{name}={value}" for name, value in settings.items())]
    command = [*(word for word in given if not word.startswith("replicates=")), "scenarios=[slow]", *auto]
    process = begin(*command)
    wait_for(5, process, tmp_path / "results")
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and "interrupted" in said and alive(process.pid) == []
    kept = {path: path.stat().st_mtime_ns for path in stored(tmp_path / "results")}
    assert 5 <= len(kept) < 8
    done = cli(*command, "engine=cluster", "store.keep=true")
    assert done.returncode == 0, done.stderr
    now = {path: path.stat().st_mtime_ns for path in stored(tmp_path / "results")}
    assert len(now) == 8 and kept.items() <= now.items()
    whole = compare(
        "teaching", ["slow"], replicates=8, weeks=WEEKS, workers=1, config_dir=tmp_path / "mine",
        overrides=["parameters=posterior"], progress=False,
    )  # fmt: skip
    assert (whole.save(tmp_path / "whole") / "summary.csv").read_bytes() == summary(tmp_path)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """A small file system in `tmp_path`, made or resized by calling it; skipped where mounting is not permitted."""
    place = tmp_path / "disk"

    def sized(size: str) -> Path:
        how = f"remount,size={size}" if place.exists() else f"size={size}"
        place.mkdir(exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", how, "tmpfs", str(place)]
        try:
            done = subprocess.run(command, capture_output=True)
        except FileNotFoundError:
            pytest.skip("there is no mount command here")
        if done.returncode != 0:
            pytest.skip("mounting a file system is not permitted here")
        return place

    yield sized
    if os.path.ismount(place):
        subprocess.run(["umount", str(place)], check=True)


def test_after_a_full_disk_the_same_command_goes_on(cli, tmp_path, given, disk):
    place = disk("24k")
    command = [*given, "scenarios=[before,raises]", "intervention.raises.share=0", "results=disk"]
    done = cli(*command)
    assert done.returncode == 2
    lines = [line for line in done.stderr.splitlines() if "compiling" not in line]
    assert len(lines) == 1 and "No space left" in lines[0]
    kept = stored(place)
    assert 0 < len(kept) < 2 * REPLICATES and not list(place.rglob(".part-*"))
    disk("8m")
    done = cli(*command)
    assert done.returncode == 0, done.stderr
    assert f"{len(kept)} of {2 * REPLICATES} replicates are stored already" in done.stderr
    assert summary(tmp_path, "disk") == undisturbed(tmp_path, ["before", "raises"], "intervention.raises.share=0")


def test_after_a_quota_on_the_size_of_files_the_same_command_goes_on(cli, begin, tmp_path, given):
    """Needs no file system of its own: a write stops with an error in the middle, as where a quota is used up."""
    command = [*given, "scenarios=[before,raises]", "intervention.raises.share=0"]
    first = cli(*command, "store.keep=true", "results=first")
    assert first.returncode == 0, first.stderr
    sizes = sorted(path.stat().st_size for path in stored(tmp_path / "first"))
    largest = sizes[-1]
    process = begin(*command, limit=largest - 1)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 2
    assert len(said.splitlines()) == 1 and "File too large" in said
    assert not (tmp_path / "results" / "compare").exists() and not list((tmp_path / "results").rglob(".part-*"))
    kept = stored(tmp_path / "results")
    assert len(kept) < len(sizes) and all(path.stat().st_size < largest for path in kept)
    done = cli(*command)
    assert done.returncode == 0, done.stderr
    assert summary(tmp_path) == summary(tmp_path, "first")
