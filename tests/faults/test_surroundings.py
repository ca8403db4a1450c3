"""Terminals, folders and neighbours that are not as one would wish."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from consensus_sim import kernels
from consensus_sim.errors import InputError, phrase
from consensus_sim.runs import progress

TINY = ("community=teaching", "scenarios=[before,council]", "replicates=2", "calendar.weeks=8", "report.figures=false")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_terminal_without_the_characters_gets_others(tmp_path, encoding, language):
    """What it writes is in the terminal's encoding, whole."""
    command = [sys.executable, "-m", "consensus_sim.cli", *TINY, f"report.language={language}"]
    env = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, encoding=encoding, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "results: results/compare/" in done.stdout


@pytest.fixture
def caches(tmp_path, monkeypatch):
    """Places for compiled code in `tmp_path`: the user's cache folder, and the one for temporary files."""
    for name, folder in (("XDG_CACHE_HOME", "cache"), ("TMPDIR", "tmp")):
        (tmp_path / folder).mkdir()
        monkeypatch.setenv(name, str(tmp_path / folder))
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    return tmp_path


def cache_dir_of_a_process(**changes: str | None) -> subprocess.CompletedProcess[str]:
    """Where a fresh process keeps compiled code, whether it is there, and its permissions."""
    code = (
        "from consensus_sim.kernels import cache_dir\n"
        "folder = cache_dir(); print(folder); print(oct(folder.stat().st_mode & 0o777))"
    )
    kept = {name: value for name, value in {**os.environ, **changes}.items() if value is not None}
    return subprocess.run([sys.executable, "-c", code], env=kept, capture_output=True, text=True)


def test_compiled_code_is_kept_where_nobody_else_can_write(caches):
    folder, mode = cache_dir_of_a_process().stdout.split()
    assert Path(folder).is_relative_to(caches / "cache") and mode == "0o700"
    assert cache_dir_of_a_process().stdout.split()[0] == folder


@pytest.mark.parametrize("trap", ["open to all", "link", "somebody else's", "file"])
def test_a_folder_that_others_can_write_to_is_not_used(caches, trap):
    if trap == "somebody else's" and os.getuid() != 0:
        pytest.skip("only root can give a folder away")
    first = Path(cache_dir_of_a_process().stdout.split()[0])
    second = Path(cache_dir_of_a_process(XDG_CACHE_HOME="/dev/null").stdout.split()[0])
    assert second.parent == caches / "tmp"
    for folder in (first, second):
        if trap == "open to all":
            folder.chmod(0o777)
        elif trap == "somebody else's":
            os.chown(folder, 12345, 12345)
        else:
            folder.rmdir()
            folder.symlink_to(caches, target_is_directory=True) if trap == "link" else folder.write_text("")
    fresh, mode = cache_dir_of_a_process().stdout.split()
    assert Path(fresh) not in (first, second) and Path(fresh).parent == caches / "tmp" and mode == "0o700"
    assert not Path(fresh).exists()  # gone with its process
    assert os.path.lexists(first) and os.path.lexists(second)


def test_without_a_home_and_a_name_the_temporary_folder_is_used(caches):
    if os.getuid() != 0:
        pytest.skip("only root can become a user whom the system does not know")
    (caches / "tmp").chmod(0o777)
    for folder in (caches, *[*caches.parents][:-2]):  # those of the test session, below /tmp
        folder.chmod(0o755)
    code = (
        "import hashlib, os, pwd, shutil, tempfile, numba.core.caching, consensus_sim.errors, consensus_sim.paths\n"
        "os.setgid(54321); os.setuid(54321)\n"
        "from consensus_sim import kernels; print(kernels.cache_dir())"
    )
    kept = {name: value for name, value in os.environ.items() if name not in ("HOME", "XDG_CACHE_HOME")}
    done = subprocess.run([sys.executable, "-c", code], env=kept, capture_output=True, text=True)
    if any(error in done.stderr for error in ("PermissionError", "ModuleNotFoundError", "ImportError")):
        pytest.skip("the environment cannot be read by other users")
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).parent == caches / "tmp"


def test_a_chosen_folder_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(InputError, match="NUMBA_CACHE_DIR"):
        kernels.cache_dir()


def test_processes_that_compile_at_once_lose_nothing_of_the_cache(tmp_path):
    """Each writer reads the index, adds its line and writes it back."""

    def save(writer: int) -> None:
        file = kernels._SharedCacheFile(str(tmp_path), "kernel", "stamp")
        for number in range(10):
            file.save((writer, number), (writer, number))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(save, range(8)))
    file = kernels._SharedCacheFile(str(tmp_path), "kernel", "stamp")
    for writer in range(8):
        for number in range(10):
            assert file.load((writer, number)) == (writer, number)


def test_something_long_shows_that_it_is_alive_and_stops_with_its_block(monkeypatch, capfd):
    monkeypatch.setattr(progress, "EVERY", 0.05)
    with progress.signs_of_life(lambda seconds: phrase("compiling", seconds=seconds)):
        time.sleep(0.3)
    said = capfd.readouterr().err.splitlines()
    assert len(said) >= 3 and said[0] == "compiling kernels: 0 s"
    time.sleep(0.2)
    assert capfd.readouterr().err == ""
