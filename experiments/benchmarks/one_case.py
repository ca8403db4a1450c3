"""One measurement of the package in a process of its own: `python one_case.py CASE [words]` prints a JSON object.

Every case says in its docstring what it takes and what it gives; times are in seconds.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
import tempfile
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from time import perf_counter
from typing import Any

Numbers = dict[str, Any]
BESIDE = 16
"""Runs of the case study around each run of a scaled community."""


def run(community: str, scenario: str, weeks: str, rounds: str) -> Numbers:
    """Replicates of `scenario`, compiled code warm: seconds of each, and of these in compiled functions."""
    from consensus_sim.runs.replicate import run_replicate

    built, study = _study(community, scenario, int(weeks))
    watch, seconds, shares = _Watch(), [], []

    def play(number: int) -> None:
        # Another one first: what a replicate's scenarios share at the start would be at hand the second time.
        run_replicate(built, study.scenario(scenario), study, 0)
        seconds.append(_timed(run_replicate, built, study.scenario(scenario), study, number))

    play(0)
    gc.freeze()  # as in a worker
    seconds.clear()
    for number in range(1, int(rounds) + 1):
        play(number)
        run_replicate(built, study.scenario(scenario), study, 0)
        with watch:
            run_replicate(built, study.scenario(scenario), study, number)
        play(number)  # before and after, for the machine does not stay as fast as it is
        shares.append(1.0 - watch.spent / (sum(seconds[-2:]) / 2))
    return {"seconds": seconds, "outside": shares, "residents": built.n_residents}


def build(community: str, rounds: str) -> Numbers:
    """Building of a community, compiled code warm: seconds of each."""
    from consensus_sim import load_community

    load_community(community)
    return {"seconds": [_timed(load_community, community) for _ in range(int(rounds))]}


def grow(community: str, scale: str, weeks: str, rounds: str) -> Numbers:
    """`scale` copies side by side under `full`: seconds to build and of each run, residents, and the most memory;
    `alone`: seconds a resident of the case study itself, the mean of several runs before and after each of these.
    """
    from consensus_sim import load_community
    from consensus_sim.runs.copies import run_copies

    load_community("teaching")
    warm, study = _study("teaching", "full", int(weeks))
    run_copies(warm, study.scenario("full"), study, 0)
    started = perf_counter()
    built = load_community(community, scale=int(scale))
    spent = perf_counter() - started
    full = study.scenario("full")
    run_copies(built, full, study, 0)
    peak = _peak()
    seconds, alone, small = [], [], load_community("case_study")
    for number in range(int(rounds)):
        # Every run has chance of its own and so other work to do: one is compared with the mean of several.
        times = [_timed(run_copies, small, full, study, BESIDE * number + each) for each in range(BESIDE // 2)]
        seconds.append(_timed(run_copies, built, full, study, number))
        times += [_timed(run_copies, small, full, study, BESIDE * number + each) for each in range(BESIDE // 2, BESIDE)]
        alone.append(sum(times) / BESIDE / small.n_residents)
    return {"build": spent, "seconds": seconds, "alone": alone, "residents": built.n_residents, "peak": peak}


def memory(what: str) -> Numbers:
    """The most memory this process has held, in bytes, after `what`: nothing, import or run."""
    if what == "import":
        import consensus_sim.model.model  # noqa: F401
    elif what == "run":
        grow("case_study", "1", "56", "1")
    return {"peak": _peak()}


def workers(community: str, replicates: str, weeks: str, rounds: str) -> Numbers:
    """Replicates of `full` through `compare` with one worker and with two, in turns: seconds for each."""
    from consensus_sim import compare, load_community

    built = load_community(community)
    seconds: dict[str, list[float]] = {"1": [], "2": []}
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        compare(built, ["full"], replicates=2, weeks=int(weeks), workers=1)
        for _ in range(int(rounds)):
            for number in ("1", "2"):
                started = perf_counter()
                compare(built, ["full"], replicates=int(replicates), weeks=int(weeks), workers=int(number))
                seconds[number].append(perf_counter() - started)
    return {"seconds": seconds}


def importing() -> Numbers:
    """Seconds that `import consensus_sim` takes in a fresh interpreter."""
    started = perf_counter()
    import consensus_sim  # noqa: F401

    return {"seconds": perf_counter() - started}


def command(*words: str) -> Numbers:
    """Seconds of the command `consensus-sim` with these words, from its import to its end, in a folder of its own."""
    import os

    with tempfile.TemporaryDirectory() as folder, redirect_stdout(StringIO()):
        os.chdir(folder)
        started = perf_counter()
        from consensus_sim.cli import main

        sys.argv = ["consensus-sim", *words]
        try:
            main()
        except SystemExit as ended:
            if ended.code:
                raise
        spent = perf_counter() - started
        os.chdir("/")
    return {"seconds": spent}


def _study(community: str, scenario: str, weeks: int) -> tuple[Any, Any]:
    from consensus_sim import load_community
    from consensus_sim.study.config import compose
    from consensus_sim.study.study import read_study

    config = compose([f"community={community}"])
    config |= {"scenarios": [scenario], "seed": 1}
    config["calendar"]["weeks"] = weeks
    return load_community(community), read_study(config)


def _timed(function: Callable[..., Any], *arguments: Any) -> float:
    started = perf_counter()
    function(*arguments)
    return perf_counter() - started


class _Watch:
    """While entered, the time `spent` in all compiled functions that Python calls, in seconds.

    To be made once all is compiled: compiled functions keep those that they call. The time of the whole is to be
    taken from a run without it, since it slows what is not compiled.
    """

    def __init__(self) -> None:
        from numba.core.registry import CPUDispatcher

        self.spent = 0.0
        self._found = [
            (module, name, value)
            for module_name, module in list(sys.modules.items())
            if module_name.startswith("consensus_sim.") and not module_name.startswith("consensus_sim.dynamics.")
            for name, value in list(vars(module).items())
            if isinstance(value, CPUDispatcher)
        ]

    def __enter__(self) -> None:
        self.spent = 0.0
        for module, name, kernel in self._found:
            setattr(module, name, self._watched(kernel))

    def __exit__(self, *_: object) -> None:
        for module, name, kernel in self._found:
            setattr(module, name, kernel)

    def _watched(self, kernel: Any) -> Any:
        def call(*arguments: Any) -> Any:
            started = perf_counter()
            result = kernel(*arguments)
            self.spent += perf_counter() - started
            return result

        return call


def _peak() -> int:
    """Bytes. Linux's getrusage counts what the parent held when this process began, so its own file comes first."""
    status = Path("/proc/self/status")
    if status.exists():
        words = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM")).split()
        return int(words[1]) * 1024
    found = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return found if sys.platform == "darwin" else found * 1024


CASES = {case.__name__: case for case in (run, build, grow, memory, workers, importing, command)}

if __name__ == "__main__":
    print(json.dumps(CASES[sys.argv[1]](*sys.argv[2:])))
