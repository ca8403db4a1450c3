"""The list of kernel calls that a first start compiles ahead: `python -m tests.kernel_calls` regenerates it.

Every top-level call of a kernel with new types is noted while the default scenarios are simulated on the case study and
on the teaching community. A kernel whose call tree has more instructions takes longer to compile and stands earlier.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from numba import types
from numba.core.dispatcher import Dispatcher

from consensus_sim.runs.precompile import CALLS

JOBS = (["community=teaching", "replicates=1"], ["replicates=1"])


def described(kind: Any) -> str | list[Any]:
    """A numba type as the list writes it."""
    if isinstance(kind, types.BaseTuple):
        named = getattr(kind, "instance_class", None)
        return [f"{named.__module__}.{named.__qualname__}" if named else "tuple", *map(described, kind.types)]
    if isinstance(kind, types.Array):
        return f"{kind.dtype} {kind.ndim} {kind.layout}{'' if kind.mutable else ' readonly'}"
    return str(kind)


def name_of(kernel: Dispatcher) -> str:
    return f"{kernel.py_func.__module__}.{kernel.py_func.__qualname__}"


def weight(kernel: Dispatcher) -> int:
    """Bytes of bytecode of a kernel and of all kernels that it calls."""
    found, waiting = {}, [kernel]
    while waiting:
        function = waiting.pop().py_func
        if function not in found:
            found[function] = len(function.__code__.co_code)
            called = (function.__globals__.get(name) for name in function.__code__.co_names)
            waiting += [each for each in called if isinstance(each, Dispatcher)]
    return sum(found.values())


def record() -> list[str]:
    """The calls of one job, as lines, in this process: those for which a kernel has no code loaded yet."""
    calls: dict[str, int] = {}
    compile_for = Dispatcher._compile_for_args

    def noted(self: Dispatcher, *values: Any, **named: Any) -> Any:
        kinds = [self.typeof_pyval(value) for value in values]
        if name_of(self).startswith("consensus_sim."):
            calls[json.dumps([name_of(self), *map(described, kinds)])] = weight(self)
        return compile_for(self, *values, **named)

    Dispatcher._compile_for_args = noted
    from consensus_sim.cli import main

    with contextlib.suppress(SystemExit):
        main()
    return sorted(calls, key=lambda line: (-calls[line], line))


def recorded(folder: Path) -> list[str]:
    """The lines of the list as the jobs give them now; each is a process of its own, with its results in `folder`."""
    lines: dict[str, None] = {}
    for number, job in enumerate(JOBS):
        place = [f"results={folder / str(number)}", "engine=serial"]
        command = [sys.executable, "-m", "tests.kernel_calls", "--record", *job, *place]
        done = subprocess.run(command, check=True, text=True, capture_output=True)
        lines |= dict.fromkeys(line for line in done.stdout.splitlines() if line.startswith('["consensus_sim.'))
    return list(lines)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--record"]:
        del sys.argv[1]
        print(*record(), sep="\n")
    else:
        import tempfile

        with tempfile.TemporaryDirectory() as temporary:
            CALLS.write_text("".join(line + "\n" for line in recorded(Path(temporary))), "utf-8")
