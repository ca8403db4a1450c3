"""The command line as a process of its own, for every test that needs it."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("compiled", deadline=None)  # the first example may compile a kernel
settings.load_profile("compiled")

Cli = Callable[..., subprocess.CompletedProcess[str]]
SMALL = ("community=teaching", "scenarios=[before,points]", "replicates=3", "calendar.weeks=12")


LONG = ("experiments", "course", "faults", "analysis", "study", "runs", "forecast", "report")
"""Folders of tests that take longest. They come first, so that no core waits for the other at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the folders `LONG` before all others, in their order."""
    place = {name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.path.parent.name, len(LONG)))


@pytest.fixture(scope="session", autouse=True)
def interruptions_are_heard() -> None:
    """Whoever runs the tests in the background has Ctrl-C ignored, here and in every process of pytest-xdist; with a
    handler of its own, which children do not inherit, the tests do not depend on it.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


def environment() -> dict[str, str]:
    """This environment, with no Hydra setting of the caller."""
    return {name: value for name, value in os.environ.items() if not name.startswith("HYDRA_")}


def command(*arguments: str) -> list[str]:
    """`consensus-sim` with `arguments`, in the interpreter of the tests."""
    return [sys.executable, "-m", "consensus_sim.cli", *arguments]


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Run `consensus-sim` with arguments in a folder of its own (`tmp_path`); the finished process with its output."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*arguments), cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=300
        )

    return run


@pytest.fixture
def begin(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Start `consensus-sim` in a process group of its own, to be interrupted."""

    def prepare(limit: int | None) -> None:
        # Whoever runs the tests in the background has Ctrl-C ignored, and children would inherit that.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    def start(*arguments: str, limit: int | None = None) -> subprocess.Popen[str]:
        """limit: bytes that a file may have, as under a quota."""
        return subprocess.Popen(
            command(*arguments),
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: prepare(limit),
        )

    return start
