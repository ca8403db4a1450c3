"""Digests of every table of every scenario and experiment, to see whether a change of code has changed a number.

`make digests` prints a line a table: scenario or experiment, seed, table, rows, digest. `make digests BASE=<commit>`
computes them for that commit too and prints the lines that differ, - before and + after; exit code 1 if any does, or if
a run fails. Both have to run on one machine: compiled floating-point code differs between processors.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.util import hash_array

if TYPE_CHECKING:  # the package is imported when it is used: this file also serves commits that lack it
    from consensus_sim import Community

ROOT = Path(__file__).parents[1]
SEED, WEEKS = 1, 104
"""Seed and weeks of every scenario on the case study: two years, so that points expire and a second team is chosen."""

EVERY = (
    "community=teaching", f"seed={SEED}", "engine=serial", "report.figures=false", "report.html=false",
)  # fmt: skip
WEEKS_26, TWO, TWO_SCENARIOS = "calendar.weeks=26", "replicates=2", "scenarios=[before,council]"
SMALL: Mapping[str, tuple[str, ...]] = {
    "calibrate": (
        "calibration.runs=128", "calibration.second_wave=16", "calibration.sets=40", "calibration.held_out=16",
        "calibration.predictive=4", "calibration.trees=10", "calibration.candidates=64",
        "calibration.periods.phase1.until=2024-08-01", "calibration.periods.baseline.until=2024-05-01",
        "calibration.periods.plain.until=2024-08-01",
    ),
    "city": (TWO, WEEKS_26, "city.communities=3"),
    "choose": (
        "months=6", "choose.raced=4", "choose.screened=16", "choose.screening=2", "choose.first=4", "choose.batch=2",
        "choose.most=6", "choose.final=10", "choose.structural=2", "choose.permutations=19",
    ),
    "compare": (TWO, WEEKS_26),
    "core": (TWO, WEEKS_26, TWO_SCENARIOS),
    "disputes": (TWO, WEEKS_26),
    "factorial": (TWO, "factorial.points=300"),
    "institutions": (TWO, WEEKS_26),
    "levers": (TWO, WEEKS_26),
    "patterns": (TWO,),
    "plan": ("replicates=10",),
    "response": (TWO, WEEKS_26, "response.doses=[0,1,4]"),
    "robustness": (TWO, WEEKS_26, TWO_SCENARIOS),
    "rough_size": (TWO,),
    "sensitivity": (
        WEEKS_26, "scenarios=[before,council]", "sensitivity.trajectories=2", "sensitivity.screened=2",
        "sensitivity.base=4", "sensitivity.noise=4",
    ),
    "spread": ("spread.sets=2", "spread.chances=2"),
    "validate": (TWO,),
}  # fmt: skip
"""Experiment -> overrides that make it small; one without an entry here is run as it stands."""


def digest(table: pd.DataFrame) -> str:
    """Digest of the values of `table`: 16 hexadecimal digits, from its columns in the order of their names."""
    found = hashlib.blake2b(digest_size=8)
    for name in sorted(table.columns):
        found.update(f"{name}\n".encode())
        found.update(hash_array(plain(table[name])).tobytes())
    return found.hexdigest()


def plain(column: pd.Series) -> NDArray[np.generic]:
    """Values of `column` by kind and not by type: numbers as float64 to the bit with one NaN, dates in milliseconds,
    all else as text.
    """
    if pd.api.types.is_numeric_dtype(column):
        numbers = column.to_numpy(np.float64, na_value=np.nan)
        return np.where(np.isnan(numbers), np.nan, numbers)
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.to_numpy("datetime64[ms]")
    return column.astype("string").to_numpy(object, na_value=None)


@cache
def case_study() -> Community:
    """The community of the case study, built once in a process."""
    from consensus_sim import load_community

    return load_community("case_study")


def scenario_tables(name: str, weeks: int = WEEKS, seed: int = SEED) -> dict[str, pd.DataFrame]:
    """Table -> its frame, of one run of the scenario `name` with the parameters at their centre."""
    from consensus_sim import load_model
    from consensus_sim.outcomes.facts import all_tables

    model = load_model(case_study(), name, seed=seed, weeks=weeks, overrides=["parameters=centre"])
    return {table: pd.DataFrame(columns) for table, columns in all_tables(model.run()).items()}


def experiment_tables(name: str, overrides: tuple[str, ...] | None = None) -> dict[str, pd.DataFrame]:
    """Table -> its frame, of what the experiment `name` writes: Parquet as it lies, CSV before it is rounded."""
    from consensus_sim.experiments.runner import run_experiment
    from consensus_sim.study.config import compose

    found, to_csv = {}, pd.DataFrame.to_csv

    def noted(frame: pd.DataFrame, place: Path | None = None, **options: Any) -> str | None:
        if place is not None:
            found[place.stem] = frame.copy()
        return to_csv(frame, place, **options)

    small = SMALL.get(name, ()) if overrides is None else overrides
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(pd.DataFrame, "to_csv", noted):
        config = compose([f"experiment={name}", *EVERY, *small, f"results={folder}"])
        place = run_experiment(config, Path(folder) / name)
        found |= {path.stem: pd.read_parquet(path) for path in place.glob("*.parquet")}
    return found


def lines_of(kind: str, name: str) -> list[str]:
    """The lines of one scenario or experiment; a single one if it fails, with the reason on standard error."""
    run, label = (scenario_tables, name) if kind == "scenario" else (experiment_tables, f"{kind}={name}")
    try:
        with open(os.devnull, "w") as nowhere:
            with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
                tables = run(name)
    except Exception as error:
        print(f"{label}: {error!r}", file=sys.stderr)
        return [f"{label} {SEED} {FAILED}"]
    return [f"{label} {SEED} {table} {len(found)} {digest(found)}" for table, found in sorted(tables.items())]


FAILED = "failed 0 -"


def print_digests() -> None:
    """Print the lines of the package that is imported here, experiments first: they take longest."""
    from consensus_sim.paths import configs_dir

    files = [path for kind in ("experiment", "scenario") for path in sorted((configs_dir() / kind).glob("*.yaml"))]
    units = [(path.parent.name, path.stem) for path in files]
    with ProcessPoolExecutor() as processes:
        for lines in processes.map(lines_of, *zip(*units, strict=True)):
            print(*lines, sep="\n")


ARGUMENTS = (__file__, "--print")


def digests_of(tree: Path) -> list[str]:
    """The lines of the checkout `tree`, made by this file whatever lies there."""
    command = [sys.executable, "-P", *ARGUMENTS]
    environment = {**os.environ, "PYTHONPATH": str(tree / "src"), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, env=environment, cwd=tree, stdout=subprocess.PIPE, text=True, check=True)
    return [line for line in done.stdout.splitlines() if line.strip()]  # a base of long ago may print empty lines


@contextlib.contextmanager
def checkout(commit: str) -> Iterator[Path]:
    """A worktree of `commit`, which goes at the end."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "base"
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", tree, commit], cwd=ROOT, check=True)
        try:
            yield tree
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", tree], cwd=ROOT, check=True)


def differences(before: list[str], after: list[str]) -> list[str]:
    """Lines of `before` (-) and `after` (+) that the other lacks or that report a failure, by scenario and table."""
    same = {line for line in {*before} & {*after} if not line.endswith(FAILED)}
    marked = [f"{mark} {line}" for mark, lines in (("-", before), ("+", after)) for line in lines if line not in same]
    place = {name: at for at, name in enumerate(dict.fromkeys(line.split()[0] for line in [*after, *before]))}
    return sorted(marked, key=lambda line: (place[line.split()[1]], line.split()[3], line[0] == "+"))


def main() -> int:
    """Do what the command line asks for; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base", nargs="?", help="commit to compare with")
    parser.add_argument("--print", action="store_true", help="only print the digests of the package that is imported")
    asked = parser.parse_args()
    if asked.print:
        print_digests()
        return 0
    after = digests_of(ROOT)
    if not asked.base:
        print(*after, sep="\n")
        return int(any(line.endswith(FAILED) for line in after))
    with checkout(asked.base) as tree:
        before = digests_of(tree)
    differing = differences(before, after)
    print(*differing, f"{len(differing)} lines differ from {asked.base}, of {len(after)}", sep="\n")
    return int(bool(differing))


if __name__ == "__main__":
    sys.exit(main())
