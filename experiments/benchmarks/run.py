"""How fast the package is, and against what: one command, ratios in one run.

    python experiments/benchmarks/run.py                # some minutes: everything but what follows
    python experiments/benchmarks/run.py --big --cold   # also 256,000 and 1,000,000 residents, and the main job
    python experiments/benchmarks/run.py --only g --python /path/to/another/python

Prints a table and writes results/reference/benchmarks.csv; with --only, rows of the other benchmarks are kept. --python
names an interpreter with packages that this environment lacks (starsim, agentpy); a tool that is found nowhere is said
to be not installed. Times belong to the machine; ratios, within one run, are what can be compared. `value` is the
median of the rounds, `low` and `high` are their range, `ratio` is that of the best rounds; for runs of part e it is the
median over rounds of each against the mean of the case study's runs before and after it, since every run has chance of
its own and so other work to do. Part h is no time: how many times common random numbers cut the standard error of a
contrast, the whole table of which goes to pairing.csv.
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))
import package_speed
from package_speed import Row
from pairing import pairing
from side_by_side import side_by_side

REFERENCE = HERE.parent.parent / "results" / "reference" / "benchmarks.csv"
COLUMNS = ("benchmark", "what", "value", "unit", "ratio_to", "ratio", "low", "high", "rounds", "note")
PARTS, TIMED = "abcdefgh", "abcdefg"
"""a run, b build, c start, d workers, e growth, f memory (comes with e), g the reduced workload, h paired contrasts."""


def machine() -> Row:
    """What it was measured on."""
    import numba
    import numpy

    versions = f"Python {platform.python_version()}, numpy {numpy.__version__}, numba {numba.__version__}"
    name = next((line.split(":")[1].strip() for line in _cpu_lines() if line.startswith("model name")), "")
    return {
        "benchmark": "machine", "what": name or platform.machine(), "value": os.cpu_count(), "unit": "cores",
        "rounds": 1, "note": versions,
    }  # fmt: skip


def _cpu_lines() -> list[str]:
    file = Path("/proc/cpuinfo")
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def rows_of(
    parts: str, rounds: int, others: Sequence[str], big: bool = False, cold: bool = False, table: Path | None = None
) -> Iterator[Row]:
    """All rows of the chosen parts of the suite; `table`: where the whole table of paired contrasts goes."""
    if set(parts) & set(TIMED):
        yield machine()
    if "a" in parts:
        yield from package_speed.full_run(max(rounds, 10))
    if "b" in parts:
        yield from package_speed.build(rounds)
    if "c" in parts:
        yield from package_speed.start(rounds, cold)
    if "d" in parts:
        yield from package_speed.workers(max(3, rounds // 2))
    if "e" in parts or "f" in parts:
        sizes = (*package_speed.GROWTH, *(package_speed.BIG if big else ()))
        yield from package_speed.growth(rounds, sizes)
    if "g" in parts:
        yield from side_by_side(rounds, others=others)
    if "h" in parts:
        yield from pairing(table)


def kept(file: Path, parts: str) -> list[dict[str, str]]:
    """Rows of an earlier run that belong to none of `parts`; its machine's, too, unless something is timed again."""
    gone = parts + ("m" if set(parts) & set(TIMED) else "")
    if not file.exists():
        return []
    with file.open(encoding="utf-8", newline="") as text:
        return [row for row in csv.DictReader(text) if row["benchmark"][0] not in gone]


def printed(value: Any) -> str:
    """Numbers with four digits, nothing as nothing."""
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


def say(row: Row) -> None:
    """One row on the screen."""
    ratio = f"{row['ratio']:10.3g} x {row['ratio_to']}" if row.get("ratio") is not None else ""
    value = f"{printed(row.get('value')):>9} {row.get('unit', ''):<16}"
    print(f"{row['benchmark']:<12}{row['what']:<34}{value}{ratio:<32}{row.get('note', '')}", flush=True)


def write(rows: Sequence[Row], file: Path) -> None:
    """The table, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".part")
    with draft.open("w", encoding="utf-8", newline="") as text:
        table = csv.writer(text, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows([printed(row.get(column)) for column in COLUMNS] for row in rows)
    draft.replace(file)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options, measure, print, write."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    options.add_argument("--only", default=PARTS, help="parts to run, letters of abcdefgh (default: all)")
    options.add_argument("--rounds", type=int, default=7, help="rounds of each measurement (default: 7)")
    options.add_argument("--big", action="store_true", help="also 256,000 and 1,000,000 residents")
    options.add_argument("--cold", action="store_true", help="also the main job, at a first start and warm")
    options.add_argument("--python", action="append", default=[], help="an interpreter with further tools")
    options.add_argument("--out", type=Path, default=REFERENCE, help="file to write")
    given = options.parse_args(arguments)
    if given.rounds < 1 or not set(given.only) <= set(PARTS):
        options.error("--rounds: at least 1; --only: letters of abcdefgh")
    rows = []
    for row in rows_of(given.only, given.rounds, given.python, given.big, given.cold, given.out.parent / "pairing.csv"):
        say(row)
        rows.append(row)
    merged = sorted([*rows, *kept(given.out, given.only + ("ef" if set("ef") & set(given.only) else ""))], key=_order)
    write(merged, given.out)


def _order(row: Row) -> tuple[bool, str]:
    """The machine first, then by letter; sorting keeps the order within a benchmark."""
    return row["benchmark"] != "machine", str(row["benchmark"])


if __name__ == "__main__":
    main()
