"""One fused single-thread loop in C, compiled when first asked for: gcc -O3 -march=native, float64."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import reduced_workload as w

SOURCE = Path(__file__).resolve().parent / "fused.c"
if shutil.which("gcc") is None:
    raise ImportError("no gcc")


class Settings(ctypes.Structure):
    """The constants of the workload in the order of fused.c."""

    _fields_ = [
        *((name, ctypes.c_double) for name in ("base", "cognition", "habit", "trust", "neighbours", "incentive")),
        *((name, ctypes.c_double) for name in ("practice", "habit_gain", "habit_keep", "pull", "reach")),
        ("cost", ctypes.c_double * 6),
        ("points", ctypes.c_int64),
    ]


class State(NamedTuple):
    """The compiled loop and its arrays."""

    loop: Any
    settings: Settings
    arrays: list[Any]
    records: Any


def library() -> Any:
    """The compiled loop; kept beside the other temporary files of this user under a digest of its source."""
    digest = hashlib.blake2b(SOURCE.read_bytes(), digest_size=8).hexdigest()
    place = Path(tempfile.gettempdir()) / f"reduced-workload-{os.getuid()}-{digest}.so"
    if not place.exists():
        fresh = place.with_suffix(f".{os.getpid()}")
        command = ["gcc", "-O3", "-march=native", "-shared", "-fPIC", "-o", str(fresh), str(SOURCE), "-lm"]
        subprocess.run(command, check=True)
        fresh.replace(place)
    return ctypes.CDLL(str(place))


def prepare(inputs: w.Inputs, shared: bool) -> State:
    """Arrays in the order of `run` in fused.c; chance is keyed in any case."""
    cognition, skill, habit, trust, opinion = (column.copy() for column in inputs.columns)
    n = inputs.n
    settings = Settings(
        w.BASE, w.COGNITION, w.HABIT, w.TRUST, w.NEIGHBOURS, w.INCENTIVE, w.PRACTICE, w.HABIT_GAIN, w.HABIT_KEEP,
        w.PULL, w.REACH, w.COST, w.POINTS,
    )  # fmt: skip
    records = np.empty((len(inputs.keys), 3))
    flags = np.zeros(n, np.uint8), np.zeros(n, np.uint8)
    arrays = [
        inputs.keys, inputs.indptr, inputs.indices, inputs.group, cognition, skill, habit, trust, opinion,
        np.zeros(n), np.zeros(n, np.int64), *flags, records,
    ]  # fmt: skip
    return State(library().run, settings, arrays, records)


def run(state: State) -> Any:
    """All steps; records (steps, 3)."""
    steps, n = len(state.records), len(state.arrays[4])
    pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in state.arrays]
    state.loop(ctypes.byref(state.settings), ctypes.c_int64(n), ctypes.c_int64(steps), *pointers)
    return state.records
