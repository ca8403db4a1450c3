"""Compiling ahead: the kernels that the default scenarios call, made in several processes at once.

numba compiles a kernel at its first call, and one at a time in a process, so a first start would spend most of a minute
on one core. `kernel_calls.jsonl` lists each kernel with the types it is called with, those that take longest first;
helper processes compile them from there into the cache that all processes share. What the list misses (a lever of
one's own, a changed kernel) is compiled when it is called, as ever: the list saves time and decides nothing.
`python -m tests.kernel_calls` writes it anew.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

CALLS = Path(__file__).parent / "kernel_calls.jsonl"


def compile_ahead(processes: int) -> None:
    """Compile the listed kernels in `processes` helpers and wait; what a helper that ends early leaves is undone."""
    waiting = deque(CALLS.read_bytes().splitlines(keepends=True))
    command = [sys.executable, "-P", "-m", "consensus_sim.ensemble.precompile"]  # -P: not from the working folder
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "bufsize": 0}
    with contextlib.ExitStack() as helpers, ThreadPoolExecutor(processes) as threads:
        for _ in range(processes):
            helper = helpers.enter_context(subprocess.Popen(command, **pipes))  # type: ignore[call-overload]
            helpers.callback(helper.kill)  # where this process is interrupted in the middle of a kernel
            threads.submit(_hand_out, waiting, helper)


def _hand_out(waiting: deque[bytes], helper: subprocess.Popen[bytes]) -> None:
    """Give `helper` one line of `waiting` after another, until none is left or it has ended."""
    assert helper.stdin and helper.stdout
    with contextlib.suppress(IndexError, OSError, ValueError):
        while True:
            helper.stdin.write(waiting.popleft())
            if not helper.stdout.readline():
                return


def compile_call(line: str) -> None:
    """Compile the kernel of a line of `kernel_calls.jsonl` for its types, or load it from the cache."""
    name, *types = json.loads(line)
    _named(name).compile(tuple(map(numba_type, types)))


def numba_type(text: str | list[Any]) -> Any:
    """The numba type of `text`: a scalar ("float64"), an array ("float32 2 C", "int32 1 C readonly": dtype, dimensions,
    layout), or a list, whose first item is "tuple" or a named tuple's class and whose others are its fields.
    """
    from numba import types

    if isinstance(text, list):
        kind, *fields = text
        return types.BaseTuple.from_types(tuple(map(numba_type, fields)), None if kind == "tuple" else _named(kind))
    dtype, *shape = text.split()
    scalar, array = getattr(types, dtype), getattr(types, "Array")  # noqa: B009 - its typing knows literal layouts only
    if not shape:
        return scalar
    dimensions, layout, *kept = shape
    return array(scalar, int(dimensions), layout, readonly=bool(kept))


def _named(path: str) -> Any:
    """What `path` names: a module of the package and a name in it, joined by a dot."""
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


def main() -> None:
    """Compile the calls that standard input names, a line each; answer each with an empty line."""
    for line in sys.stdin:
        with contextlib.suppress(Exception):  # it is compiled when it is called, and fails there with its reason
            compile_call(line)
        print(flush=True)


if __name__ == "__main__":
    main()
