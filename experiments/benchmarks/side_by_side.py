"""(g) The reduced workload with every tool: fresh process for each, interleaved, checked to compute the same."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import reduced_workload
from numpy.typing import NDArray
from package_speed import Row, against, row

HERE = Path(__file__).resolve().parent
REFERENCE = "mesa_plain"
TOOLS = {
    "mesa_plain": "plain Mesa",
    "agentpy_network": "AgentPy",
    "starsim_arrays": "starsim",
    "numpy_sparse": "NumPy + scipy.sparse",
    "fused_c": "fused loop in C",
    "package_kernels": "our kernels",
}
SLOW = {"agentpy_network": 1, "mesa_plain": 3}
"""Rounds at most of what takes seconds."""
LIKE = {"attendance": 0.05, "skill": 0.01, "variance": 0.05}
"""How far, relative to the reference, the mean over steps of a run under chance of its own may lie."""
CLOSE = (2e-3, 1e-5, 1e-4)
"""Tolerances of shares, means and variances under common random numbers: float32 may turn a decision on the edge."""

Records = NDArray[np.float64]


class MissingError(Exception):
    """A tool's package (or compiler) is not installed."""


def run_tool(tool: str, inputs: Path, python: str, shared: bool = False) -> tuple[float, Records]:
    """Seconds and records of one run in a fresh process. Raises MissingError if it cannot be imported there."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.npz"
        words = [python, str(HERE / "one_tool.py"), tool, str(inputs), str(out), *(["shared"] if shared else [])]
        single = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
        done = subprocess.run(words, env={**os.environ, **single}, capture_output=True, text=True)
        if done.returncode == 3:
            raise MissingError(done.stderr.strip().splitlines()[-1])
        if done.returncode:
            raise RuntimeError(f"{tool} failed:\n{done.stderr}")
        with np.load(out) as found:
            return float(found["seconds"]), found["records"]


def interpreters(tools: Sequence[str], inputs: Path, others: Sequence[str]) -> dict[str, tuple[str, Records]]:
    """For each tool that is installed in this environment or one of `others`: the interpreter, and its records."""
    found = {}
    for tool in tools:
        for python in (sys.executable, *others):
            try:
                found[tool] = python, run_tool(tool, inputs, python, shared=True)[1]
                break
            except MissingError:
                continue
    return found


def differences(records: Records, reference: Records) -> Records:
    """The largest difference of attendance and of skill, and the largest relative one of the variance of opinion."""
    apart = np.abs(records - reference)
    apart[:, 2] /= reference[:, 2]
    return apart.max(axis=0)


def check_same(found: dict[str, tuple[str, Records]]) -> dict[str, Records]:
    """The differences of each tool from NumPy under common random numbers; RuntimeError if they are not small."""
    reference = found["numpy_sparse"][1]
    apart = {tool: differences(records, reference) for tool, (_, records) in found.items()}
    for tool, each in apart.items():
        if not (each <= CLOSE).all():
            raise RuntimeError(f"{tool} does not compute the same: differs by {each}")
    return apart


def check_alike(tool: str, records: Records, reference: Records, n: int) -> None:
    """RuntimeError if a run of `n` residents under chance of its own is not like the reference."""
    apart = np.abs(records.mean(axis=0) / reference.mean(axis=0) - 1.0)
    by_chance = 6.0 / np.sqrt(n * reference[:, 0].sum())  # six standard errors of the number who attended
    if not (apart <= [max(LIKE["attendance"], by_chance), LIKE["skill"], LIKE["variance"]]).all():
        raise RuntimeError(f"{tool} is not alike: means differ by {apart}")


def side_by_side(
    rounds: int, n: int = 16_000, steps: int = reduced_workload.STEPS, others: Sequence[str] = (),
    tools: Sequence[str] = tuple(TOOLS), small: tuple[int, int] = (2_000, 20),
) -> Iterator[Row]:  # fmt: skip
    """Rows of all tools at `n` residents; each is first checked against NumPy (size `small`, common random numbers)."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("small.npz", "inputs.npz")]
        for file, size in zip(files, (small, (n, steps)), strict=True):
            reduced_workload.save(reduced_workload.make_inputs(*size), file)
        found = interpreters(tools, files[0], others)
        apart = check_same(found)
        seconds: dict[str, list[float]] = {tool: [] for tool in found}
        reference = run_tool("numpy_sparse", files[1], sys.executable, shared=True)[1]
        for turn in range(rounds):
            for tool, (python, _) in found.items():
                if turn < SLOW.get(tool, rounds):
                    spent, records = run_tool(tool, files[1], python)
                    check_alike(tool, records, reference, n)
                    seconds[tool].append(spent)
    name = f"g R1 {n}"
    rows = {tool: row(name, TOOLS[tool], [1000 * s for s in spent], "ms") for tool, spent in seconds.items()}
    for tool in tools:
        if tool not in rows:
            yield {"benchmark": name, "what": TOOLS[tool], "rounds": 0, "note": "not installed"}
            continue
        note = f"{n * steps / rows[tool]['best'] / 1e3:.3g} million agent-steps/s; {_said(apart[tool])}"
        yield against({**rows[tool], "note": note}, rows[REFERENCE], TOOLS[REFERENCE], faster=True)
    ours = rows.get("package_kernels")
    for tool in ("starsim_arrays", "numpy_sparse", "fused_c"):
        if tool in rows and ours:
            yield against({**ours, "note": "how many times as fast"}, rows[tool], TOOLS[tool], faster=True)


def _said(apart: Any) -> str:
    """The differences from NumPy under common random numbers, in words."""
    return "same chance: " + ", ".join(f"{name} within {each:.0e}" for name, each in zip(LIKE, apart, strict=True))
