"""The package's own speed: rows (a) to (f) of the suite."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

HERE = Path(__file__).resolve().parent
WEEKS = 56
TINY = ("community=teaching", "scenarios=[before,council]", "replicates=1", "calendar.weeks=4", "engine=serial")
WARM = 5  # runs of the main job after the first start
GROWTH = (("teaching", 3), ("case_study", 1), ("case_study", 4))
BIG = (("case_study", 16), ("case_study", 63))
SHARE = "Python and NumPy; numba's own dispatch of some 4,500 calls counts as compiled"
FULL_RUN = "full model run"

Row = dict[str, Any]


def measure(*words: Any, **environment: str) -> Any:
    """What the case of one_case.py says, run in a fresh process."""
    command = [sys.executable, str(HERE / "one_case.py"), *map(str, words)]
    done = subprocess.run(command, stdout=subprocess.PIPE, env={**os.environ, **environment}, check=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def row(benchmark: str, what: str, values: list[float], unit: str, note: str = "", larger: bool = False) -> Row:
    """A row from the values of all rounds: `value` the median, `low` and `high` the range.

    `best` is what ratios are taken of and is not published: the smallest value, or the largest if `larger` is better.
    """
    return {
        "benchmark": benchmark, "what": what, "value": median(values), "unit": unit, "low": min(values),
        "high": max(values), "rounds": len(values), "note": note, "best": (max if larger else min)(values),
    }  # fmt: skip


def against(row: Row, other: Row, name: str, faster: bool = False) -> Row:
    """`row` with its ratio to `other`, best to best; `faster` turns times round: how many times as fast."""
    ratio = other["best"] / row["best"] if faster else row["best"] / other["best"]
    return {**row, "ratio_to": name, "ratio": ratio}


def full_run(rounds: int, weeks: int = WEEKS, community: str = "case_study") -> Iterator[Row]:
    """(a) One replicate of `full` with all its tables."""
    found = measure("run", community, "full", weeks, rounds)
    note = f"{community}, {found['residents']} residents, {weeks} weeks, compiled, with its tables"
    yield row("a run", FULL_RUN, [1000 * s for s in found["seconds"]], "ms", note)
    yield row("a run", "outside compiled kernels", found["outside"], "share", SHARE)


def build(rounds: int, community: str = "case_study") -> Iterator[Row]:
    """(b) Building the community."""
    seconds = measure("build", community, rounds)["seconds"]
    yield row("b build", community, [1000 * s for s in seconds], "ms", "compiled")


def start(rounds: int, cold: bool = False) -> Iterator[Row]:
    """(c) From nothing to an answer; each round is a fresh process."""
    yield row("c start", "import consensus_sim", [measure("importing")["seconds"] for _ in range(rounds)], "s")
    bare = row("c start", "python -c pass", [_wall("-c", "pass") for _ in range(rounds)], "s", "the whole process")
    yield bare
    case = str(HERE / "one_case.py")
    for what, words in (("consensus-sim --help", ["--help"]), ("consensus-sim, tiny, warm", [*TINY])):
        measure("command", *words)  # compiles if need be
        walls = [_wall(case, "command", *words) for _ in range(rounds)]
        note = "" if words == ["--help"] else "teaching, 2 scenarios, 1 replicate, 4 weeks"
        yield row("c start", what, walls, "s", note or "the whole process")
    if cold:
        with tempfile.TemporaryDirectory() as folder:
            first, *later = (_wall(case, "command", NUMBA_CACHE_DIR=folder) for _ in range(1 + WARM))
            note = "the main job (case_study, 7 scenarios, 20 replicates), compiling all that it needs"
            yield row("c start", "consensus-sim, first start", [first], "s", note)
            yield row("c start", "consensus-sim, warm", later, "s", "the main job again, the whole process")


def _wall(*words: str, **environment: str) -> float:
    started = perf_counter()
    surroundings = {**os.environ, **environment}
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL, env=surroundings)
    return perf_counter() - started


def workers(rounds: int, replicates: int = 40, weeks: int = WEEKS, community: str = "case_study") -> Iterator[Row]:
    """(d) Replicates a second with one worker and with two."""
    found = measure("workers", community, replicates, weeks, rounds)["seconds"]
    note = f"{replicates} replicates of full through compare, pool and tables included"
    one, two = (
        row("d workers", f"workers={number}", [replicates / s for s in found[number]], "1/s", note, larger=True)
        for number in ("1", "2")
    )
    yield one
    yield against(two, one, "workers=1")


def growth(rounds: int, sizes: Any = GROWTH, weeks: int = WEEKS) -> Iterator[Row]:
    """(e) Time to build and to run, per resident against the case study, and (f) the most memory of each process."""
    first: dict[str, Row] = {}
    made, memory = [], []
    for community, scale in sizes:
        found = measure("grow", community, scale, weeks, max(1, rounds if scale < 10 else rounds // 2))
        n = found["residents"]
        note = f"{community}, scale={scale}"
        rows = {
            "build": row("e growth", f"build {n} residents", [1e6 * found["build"] / n], "us per resident", note),
            "run": row("e growth", f"run {n} residents", [1e6 * s / n for s in found["seconds"]], "us per resident",
                       f"{note}, {weeks} weeks of full"),
        }  # fmt: skip
        beside = [s / n / each for s, each in zip(found["seconds"], found["alone"], strict=True)]
        rows["run"] |= {"ratio_to": "case_study around it", "ratio": median(beside)}
        if (community, scale) == ("case_study", 1):
            first = rows
        made += [(key, each) for key, each in rows.items()]
        memory.append(row("f memory", f"run {n} residents", [found["peak"] / 2**20], "MiB", "peak of the process"))
    for key, each in made:
        yield against(each, first[key], "case_study") if first and "ratio" not in each else each
    yield row("f memory", "bare interpreter", [measure("memory", "nothing")["peak"] / 2**20], "MiB")
    yield row("f memory", "package imported", [measure("memory", "import")["peak"] / 2**20], "MiB", "with its kernels")
    yield from memory
