"""Draw a real panel from a register within quotas, by the sortition-algorithms package (an optional extra).

The model's own draw (`seating`) is small and fast and plays thousands of meetings; a panel that will really
sit deserves the package's published algorithms (Flanigan, Goelz, Gupta, Hennig & Procaccia 2021, Nature 596,
doi 10.1038/s41586-021-03788-6). As a program:

    python -m consensus_sim.council.panel_draw --register people.csv --quotas quotas.csv --seats 25 --seed 7
        --output panel.csv

The register has one row a person: an identifier column and one column for every feature of the quotas. The
quotas have the columns feature, value, min, max. The same files and the same seed give the same panel.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

from consensus_sim.errors import InputError, one_of

Quotas = Mapping[str, Mapping[str, tuple[int, int]]]
"""For every feature (a column of the register) and every value of it: least and greatest number of seats."""

Row = dict[str, str]

ALGORITHMS = ("maximin", "nash", "leximin", "legacy")
"""maximin: greatest chance for the least likely; nash: greatest product of chances; legacy: greedy."""

_QUOTA_COLUMNS = ("feature", "value", "min", "max")


def read_table(path: str | Path, what: str) -> tuple[list[str], list[Row]]:
    """Column names and rows of a CSV file, in UTF-8 (with or without mark) or GB 18030 as Chinese
    spreadsheets save it.

    Raises:
        InputError: the file is missing, cannot be read, is empty, or has a column twice.
    """
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{what} {path}: cannot be read ({error.strerror}); a CSV file is needed") from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = raw.decode("gb18030")
        except UnicodeDecodeError as error:
            raise InputError(f"{what} {path}: is not a text file; allowed: CSV in UTF-8 or GB 18030") from error
    lines = [[cell.strip() for cell in line] for line in csv.reader(text.splitlines()) if any(line)]
    if len(lines) < 2:
        raise InputError(f"{what} {path}: found no rows; a line of column names and at least one row are needed")
    head = lines[0]
    twice = sorted({name for name in head if head.count(name) > 1})
    if twice:
        raise InputError(f"{what} {path}: found column {twice[0]!r} twice; every column once is allowed")
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != len(head):
            raise InputError(f"{what} {path}, row {number}: found {len(line)} cells; the header has {len(head)}")
    return head, [dict(zip(head, line, strict=True)) for line in lines[1:]]


def read_quotas(path: str | Path) -> dict[str, dict[str, tuple[int, int]]]:
    """Quotas from a CSV file with the columns feature, value, min, max.

    Raises:
        InputError: a column is missing, a number is none, or a value comes twice.
    """
    head, rows = read_table(path, "quotas")
    for column in _QUOTA_COLUMNS:
        if column not in head:
            raise InputError(f"quotas {path}: found no column {column!r}; needed: {', '.join(_QUOTA_COLUMNS)}")
    quotas: dict[str, dict[str, tuple[int, int]]] = {}
    for number, row in enumerate(rows, start=2):
        values = quotas.setdefault(row["feature"], {})
        if row["value"] in values:
            raise InputError(f"quotas {path}, row {number}: found {row['feature']} {row['value']!r} a second time")
        try:
            values[row["value"]] = int(row["min"]), int(row["max"])
        except ValueError as error:
            found = f"{row['min']!r} and {row['max']!r}"
            raise InputError(
                f"quotas {path}, row {number}: found {found} as min and max; whole numbers needed"
            ) from error
    return quotas


def check_quotas(quotas: Quotas, seats: int) -> None:
    """Refuse quotas that contradict themselves or the number of seats, whoever is in the register."""
    if seats < 1:
        raise InputError(f"seats: found {seats}; allowed: 1 or more")
    if not quotas:
        raise InputError("quotas: found none; at least one feature is needed")
    for feature, values in quotas.items():
        for value, (least, most) in values.items():
            if not 0 <= least <= most:
                raise InputError(
                    f"quotas, {feature} {value!r}: found min {least}, max {most}; allowed: 0 <= min <= max"
                )
        least, most = sum(low for low, _ in values.values()), sum(high for _, high in values.values())
        if not least <= seats <= most:
            raise InputError(f"quotas, {feature}: allow {least} to {most} seats in all; found {seats} seats")


def check_register(head: Sequence[str], people: Sequence[Row], quotas: Quotas, seats: int, id_column: str) -> None:
    """Refuse a register that lacks a column or cannot fill a quota taken alone."""
    if id_column not in head:
        raise one_of("register, column", id_column, head)
    seen: set[str] = set()
    for number, person in enumerate(people, start=2):
        name = person[id_column]
        if not name or name in seen:
            raise InputError(f"register, row {number}: found {id_column} {name!r}; every person needs one of their own")
        seen.add(name)
        for feature, values in quotas.items():
            if person[feature] not in values:
                raise one_of(f"register, row {number}, {feature}", person[feature], values)
    if len(people) < seats:
        raise InputError(f"register: found {len(people)} people; {seats} seats need at least as many")
    for feature, values in quotas.items():
        for value, (least, _) in values.items():
            held = sum(person[feature] == value for person in people)
            if held < least:
                raise InputError(
                    f"quotas, {feature} {value!r}: need {least} of {seats} seats, the register holds {held} such people"
                )


def draw_panel(
    register: str | Path,
    seats: int,
    quotas: Quotas | str | Path,
    seed: int,
    *,
    id_column: str = "id",
    one_per: Sequence[str] = (),
    algorithm: str = "maximin",
) -> list[Row]:
    """Draw a panel of `seats` people from the CSV file `register` under `quotas` (a mapping or a CSV file).

    `seed` >= 1 makes the draw repeatable; announce it before the draw. `one_per` names columns that make up
    an address: no two people of one address are drawn. Returns the drawn rows in the order of the register.

    Raises:
        InputError: the extra is missing, a file cannot be used, or no panel meets the quotas.
    """
    if algorithm not in ALGORITHMS:
        raise one_of("algorithm", algorithm, ALGORITHMS)
    if seed < 1:
        raise InputError(f"seed: found {seed}; allowed: 1 or more")
    limits = quotas if isinstance(quotas, Mapping) else read_quotas(quotas)
    head, people = read_table(register, "register")
    for feature in limits:  # first: the quotas of a misspelt one do not add up either
        if feature not in head:
            raise one_of("quotas, feature (a column of the register)", feature, head)
    try:
        check_quotas(limits, seats)
    except InputError as error:
        where = "quotas" if isinstance(quotas, Mapping) else f"quotas {quotas}"
        raise InputError(re.sub("^quotas", lambda _: where, str(error))) from None
    for column in one_per:
        if column not in head:
            raise one_of("register, column", column, head)
    check_register(head, people, limits, seats, id_column)
    chosen = _select(people, head, limits, seats, seed, id_column, list(one_per), algorithm)
    return [person for person in people if person[id_column] in chosen]


def _select(
    people: list[Row], head: list[str], quotas: Quotas, seats: int, seed: int, id_column: str, one_per: list[str],
    algorithm: str,
) -> frozenset[str]:  # fmt: skip
    """Identifiers that the package draws.

    The package walks through sets of names, whose order changes from one interpreter to the next; it
    therefore runs in an interpreter of its own with a fixed order. What it prints goes to standard error
    there, and is kept back.
    """
    if find_spec("sortition_algorithms") is None:
        raise InputError("a real panel needs the sortition-algorithms package: pip install 'consensus-sim[sortition]'")
    limits = [
        {"feature": feature, "value": value, "min": str(least), "max": str(most)}
        for feature, values in quotas.items()
        for value, (least, most) in values.items()
    ]
    task = {
        "head": head, "people": people, "limits": limits, "seats": seats, "seed": seed, "id_column": id_column,
        "one_per": one_per, "algorithm": algorithm,
    }  # fmt: skip
    worker = subprocess.run(
        [sys.executable, "-c", f"from {__spec__.name} import _work; _work()"],
        input=json.dumps(task), capture_output=True, encoding="utf-8",
        env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    if worker.returncode != 0:
        last = (worker.stderr.strip().splitlines() or ["no message"])[-1]
        raise InputError(f"the sortition-algorithms package failed: {last}")
    answer = json.loads(worker.stdout)
    if "refusal" in answer:
        lines = [line.strip() for line in answer["refusal"].splitlines() if line.strip()]
        raise InputError("quotas: no panel from this register meets them all: " + "; ".join(lines))
    return frozenset(answer["chosen"])


def _work() -> None:
    """Run the package on the task on standard input and print its answer; everything else goes to standard
    error.
    """
    answer_to = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    import sortition_algorithms as sortition

    task: dict[str, Any] = json.load(sys.stdin)
    settings = sortition.Settings(
        id_column=task["id_column"], columns_to_keep=[], check_same_address=bool(task["one_per"]),
        check_same_address_columns=task["one_per"], selection_algorithm=task["algorithm"],
        random_number_seed=task["seed"],
    )  # fmt: skip
    try:
        features, _, _ = sortition.read_in_features(list(_QUOTA_COLUMNS), task["limits"], task["seats"])
        pool, _ = sortition.read_in_people(task["head"], task["people"], features, settings)
        done, panels, report = sortition.run_stratification(features, pool, task["seats"], settings)
        answer = {"chosen": sorted(panels[0])} if done else {"refusal": str(report.last_error())}
    except sortition.SortitionBaseError as error:
        answer = {"refusal": str(error)}
    json.dump(answer, answer_to)
    answer_to.close()


def write_rows(rows: Iterable[Row], path: str | Path) -> None:
    """Write `rows` as CSV (UTF-8 with mark, which spreadsheets open rightly), whole or not at all.

    Raises:
        InputError: the folder is missing or cannot be written.
    """
    target, rows = Path(path), list(rows)
    draft: str | None = None
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8-sig", newline="", dir=target.parent, prefix=f".{target.name}.", delete=False
        ) as file:
            draft = file.name
            writer = csv.DictWriter(file, fieldnames=list(rows[0]) if rows else [])
            writer.writeheader()
            writer.writerows(rows)
        os.chmod(draft, 0o644)
        os.replace(draft, target)
    except OSError as error:
        raise InputError(f"output {target}: cannot be written ({error.strerror})") from error
    finally:
        if draft is not None and os.path.exists(draft):
            os.unlink(draft)


def check_output(output: str | Path, *inputs: str | Path) -> None:
    """Refuse, before anything is drawn, to write over one of the `inputs` or into a folder that is not there."""
    target = Path(output)
    for source in inputs:
        if target.resolve() == Path(source).resolve():
            raise InputError(f"output {target}: is a file that is read; allowed: another one")
    if not target.parent.is_dir():
        raise InputError(f"output {target}: there is no folder {target.parent}; allowed: one that is there")


def main(argv: Sequence[str] | None = None) -> int:
    """The program; returns its exit code: 0, or 2 with one line on standard error for unusable input."""
    parser = argparse.ArgumentParser(
        prog="consensus-sim-panel", description="Draw a real panel from a register by lot, within quotas."
    )
    parser.add_argument("--register", required=True, help="CSV file, one row a person")
    parser.add_argument("--quotas", required=True, help="CSV file with the columns feature, value, min, max")
    parser.add_argument("--seats", required=True, type=int, help="size of the panel")
    parser.add_argument("--seed", required=True, type=int, help="1 or more; the same seed draws the same panel")
    parser.add_argument("--output", required=True, help="CSV file to write")
    parser.add_argument("--id-column", default="id", help="column of the register that tells people apart (id)")
    parser.add_argument("--one-per", nargs="*", default=[], metavar="COLUMN", help="columns of an address: one each")
    parser.add_argument("--algorithm", default="maximin", help=f"{', '.join(ALGORITHMS)} (maximin)")

    def refuse(message: str) -> NoReturn:
        raise InputError(f"{message}; consensus-sim-panel --help shows how it is used")

    parser.error = refuse  # type: ignore[method-assign]
    try:
        args = parser.parse_args(argv)
        check_output(args.output, args.register, args.quotas)
        rows = draw_panel(
            args.register, args.seats, args.quotas, args.seed, id_column=args.id_column, one_per=args.one_per,
            algorithm=args.algorithm,
        )  # fmt: skip
        write_rows(rows, args.output)
    except InputError as error:
        print(f"consensus-sim-panel: {error}", file=sys.stderr)
        return 2
    print(f"{len(rows)} people drawn from {args.register}: {args.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
