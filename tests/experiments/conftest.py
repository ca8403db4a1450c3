"""Experiments that publish their tables, and scripts of experiments/, for tests that regenerate tables."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of published tables."""
    return ROOT / "results" / "reference"


@pytest.fixture(scope="session")
def publish(tmp_path_factory) -> Callable[..., Path]:
    """Runs an experiment with `publish=true` and overrides; the folder of what it publishes."""

    def run(name: str, *overrides: str, **nodes: object) -> Path:
        from consensus_sim.experiments.runner import run_experiment
        from consensus_sim.study.config import compose

        results = tmp_path_factory.mktemp(name)
        own = [f"experiment={name}", "publish=true", "report.figures=false", "report.html=false", *overrides]
        run_experiment({**compose([*own, f"results={results}"]), **nodes}, results / name / "now")
        return results / "reference"

    return run


@pytest.fixture(scope="session")
def load_study() -> Callable[..., ModuleType]:
    """The script experiments/<name>/run.py, or another one there, as a module; it may import what lies beside it."""

    def load(name: str, script: str = "run") -> ModuleType:
        folder = ROOT / "experiments" / name
        spec = importlib.util.spec_from_file_location(f"study_{name}_{script}", folder / f"{script}.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.path.insert(0, str(folder))
        try:
            spec.loader.exec_module(module)
        finally:
            sys.path.remove(str(folder))
        return module

    return load
