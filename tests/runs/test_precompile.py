"""Compiling ahead: the list is what the default scenarios call, and whatever happens to a helper is harmless."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from consensus_sim.dynamics.trust import TrustParameters
from consensus_sim.runs import precompile
from tests import kernel_calls


def test_the_list_is_what_the_default_scenarios_call(tmp_path):
    listed = precompile.CALLS.read_text("utf-8").splitlines()
    again = "kernels or their calls have changed: python -m tests.kernel_calls"
    assert set(listed) == set(kernel_calls.recorded(tmp_path)), again


def test_every_type_is_read_as_it_was_written():
    for line in precompile.CALLS.read_text("utf-8").splitlines():
        for text in json.loads(line)[1:]:
            assert kernel_calls.described(precompile.numba_type(text)) == text


@pytest.mark.parametrize(
    "value",
    [1.5, True, np.uint64(3), np.zeros((2, 3), np.float32), np.zeros(4)[::2], (np.zeros(2), np.zeros(2))]
    + [TrustParameters(*[0.5] * len(TrustParameters._fields))],
)
def test_a_type_is_the_one_that_numba_gives_the_value(value):
    from numba import typeof

    assert precompile.numba_type(kernel_calls.described(typeof(value))) == typeof(value)


def test_an_array_that_cannot_be_written_is_told_apart():
    from numba import typeof

    values = np.zeros(3)
    values.flags.writeable = False
    assert precompile.numba_type("float64 1 C readonly") == typeof(values) != precompile.numba_type("float64 1 C")


SMALL = ["consensus_sim.dynamics.learning.fade", "float32 1 C", "float64"]


def _listing(tmp_path, monkeypatch, *calls):
    place = tmp_path / "calls.jsonl"
    place.write_text("".join(json.dumps(call) + "\n" for call in calls))
    monkeypatch.setattr(precompile, "CALLS", place)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def _compiled(cache):
    return sorted(file.name.split("-")[0] for file in cache.rglob("*.nbc"))


def test_helpers_fill_the_cache_and_a_line_they_cannot_read_costs_nothing_else(tmp_path, monkeypatch):
    wrong = ["consensus_sim.dynamics.no_such.kernel", "float64"]
    cache = _listing(tmp_path, monkeypatch, wrong, SMALL, ["consensus_sim.dynamics.learning.fade", "no_such_type"])
    precompile.compile_ahead(2)
    assert _compiled(cache) == ["learning.fade"]


@pytest.mark.parametrize(
    "text", ["", "no line", json.dumps(["consensus_sim.dynamics.learning.fade", "float32 1 C"])[:-3]]
)
def test_a_damaged_list_costs_nothing_but_time(tmp_path, monkeypatch, text):
    cache = _listing(tmp_path, monkeypatch, SMALL)
    precompile.CALLS.write_text(json.dumps(SMALL) + "\n" + text)
    precompile.compile_ahead(1)
    assert _compiled(cache) == ["learning.fade"]


def test_without_list_or_interpreter_nothing_is_compiled_ahead(tmp_path, monkeypatch):
    cache = _listing(tmp_path, monkeypatch, SMALL)
    for wrong in ("", None, str(tmp_path / "no-python")):
        monkeypatch.setattr(sys, "executable", wrong)
        precompile.compile_ahead(2)
    monkeypatch.undo()
    monkeypatch.setattr(precompile, "CALLS", tmp_path / "no-list")
    precompile.compile_ahead(2)
    assert not cache.exists()


def test_a_module_of_the_working_folder_is_not_run(tmp_path, monkeypatch):
    cache = _listing(tmp_path, monkeypatch, SMALL)
    (tmp_path / "json.py").write_text("raise SystemExit('the working folder was searched')")
    monkeypatch.chdir(tmp_path)
    precompile.compile_ahead(1)
    assert _compiled(cache) == ["learning.fade"]


def test_no_helper_outlives_a_parent_that_is_killed(tmp_path):
    """In the middle of a kernel that takes some seconds."""
    slow = precompile.CALLS.read_text("utf-8").splitlines()[0]
    (tmp_path / "calls.jsonl").write_text(f"{slow}\n")
    code = (
        "import pathlib; from consensus_sim.runs import precompile;"
        f"precompile.CALLS = pathlib.Path({str(tmp_path / 'calls.jsonl')!r}); print(flush=True);"
        "precompile.compile_ahead(1)"
    )
    surroundings = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True, env=surroundings
    ) as parent:
        parent.stdout.readline()
        time.sleep(2.0)
        helper = subprocess.run(["pgrep", "-P", str(parent.pid)], capture_output=True, text=True).stdout.split()
        parent.kill()
    until = time.monotonic() + 5
    while _alive(parent.pid) and time.monotonic() < until:
        time.sleep(0.1)
    assert helper and not _alive(parent.pid)


def _alive(session: int) -> str:
    return subprocess.run(["pgrep", "-s", str(session)], capture_output=True, text=True).stdout


def test_helpers_that_are_killed_are_not_waited_for(tmp_path, monkeypatch):
    slow = json.loads(precompile.CALLS.read_text("utf-8").splitlines()[0])
    _listing(tmp_path, monkeypatch, slow, SMALL)
    waiting = threading.Thread(target=precompile.compile_ahead, args=(1,))
    waiting.start()
    children, until = [], time.monotonic() + 30
    while not children and time.monotonic() < until:
        listed = subprocess.run(["pgrep", "-P", str(os.getpid()), "-f", "precompile"], capture_output=True, text=True)
        children = [int(number) for number in listed.stdout.split()]
    for child in children:
        os.kill(child, signal.SIGKILL)
    waiting.join(20)
    assert children and not waiting.is_alive()


def test_an_interrupted_start_leaves_no_helper(tmp_path, monkeypatch):
    slow = json.loads(precompile.CALLS.read_text("utf-8").splitlines()[0])
    _listing(tmp_path, monkeypatch, slow, slow)
    code = (
        "import os, signal, threading, pathlib; from consensus_sim.runs import precompile;"
        f"precompile.CALLS = pathlib.Path({str(precompile.CALLS)!r});"
        "threading.Timer(3, os.kill, (os.getpid(), signal.SIGINT)).start();"
        "precompile.compile_ahead(2)"
    )
    pipes = {"stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as started:
        _, said = started.communicate(timeout=60)
    assert "KeyboardInterrupt" in said
    assert not _alive(started.pid)
