"""Compiling ahead: the kernels that the default scenarios call, made in several processes at once.

numba compiles a kernel at its first call, and one at a time in a process, so a first start would spend most of a minute
on one core. `kernel_calls.jsonl` lists each kernel with the types it is called with, those that take longest first;
helper processes compile them from there into the cache that all processes share. What the list misses (a lever of
one's own, a changed kernel) is compiled when it is called, as ever: the list saves time and decides nothing.
`python -m tests.kernel_calls` regenerates it.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

CALLS = Path(__file__).parent / "kernel_calls.jsonl"
MOST = 8
"""Helpers at most: each holds a third of a gigabyte, and the longest kernel takes a tenth of the whole."""


def compile_ahead(processes: int) -> None:
    """Compile the listed kernels in `processes` helpers (`MOST` at most), and wait. What a helper that does not start
    or ends early leaves is undone.
    """
    command = [sys.executable, "-P", "-m", "consensus_sim.runs.precompile"]  # -P: not from the working folder
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "bufsize": 0}
    with contextlib.ExitStack() as helpers, contextlib.suppress(OSError, TypeError):  # no list, no interpreter
        waiting = deque(_batches(CALLS.read_bytes()))
        with ThreadPoolExecutor(MOST) as threads:
            for _ in range(min(processes, MOST)):
                helper = helpers.enter_context(subprocess.Popen(command, **pipes))  # type: ignore[call-overload]
                helpers.callback(helper.kill)  # where this process is interrupted in the middle of a kernel
                threads.submit(_hand_out, waiting, helper)


def _batches(listed: bytes) -> Iterator[list[bytes]]:
    """The lines of one kernel together: what numba keeps of a kernel in its cache has one index, without a lock."""
    for _, lines in itertools.groupby(listed.splitlines(), lambda line: line.split(b",")[0]):
        yield [line + b"\n" for line in lines]


def _hand_out(waiting: deque[list[bytes]], helper: subprocess.Popen[bytes]) -> None:
    """Gives `helper` one kernel of `waiting` after another, until none is left or it has ended."""
    assert helper.stdin and helper.stdout
    with contextlib.suppress(IndexError, OSError, ValueError):
        while True:
            for line in waiting.popleft():
                helper.stdin.write(line)
                if not helper.stdout.readline():
                    return


def compile_call(line: str) -> None:
    """Compiles the kernel of a line of `kernel_calls.jsonl` for its types, or loads it from the cache."""
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
    """Returns the object that `path` names: a module of the package and a name in it, joined by a dot."""
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


def main() -> None:
    """Compile the calls that standard input names, a line each; answer each with an empty line; end when it ends."""
    calls: queue.SimpleQueue[str] = queue.SimpleQueue()

    def listen() -> None:
        for line in sys.stdin:
            calls.put(line)
        os._exit(0)  # in the middle of a kernel, if need be: nobody waits for it

    threading.Thread(target=listen, daemon=True).start()
    while True:
        with contextlib.suppress(Exception):  # it is compiled when it is called, and fails there with its reason
            compile_call(calls.get())
        print(flush=True)


if __name__ == "__main__":
    main()
