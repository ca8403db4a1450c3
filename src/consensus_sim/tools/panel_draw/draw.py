"""The draw: a large register is thinned, then the package draws in an interpreter of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

from consensus_sim.errors import InputError, Phrase, phrase, raise_all
from consensus_sim.tools.panel_draw.checks import (
    QUOTA_COLUMNS,
    Quotas,
    address_phrases,
    column_errors,
    households,
    people_errors,
    quota_errors,
    read_quotas,
)
from consensus_sim.tools.panel_draw.tables import Row, Table, not_among, raise_some, read_table

ALGORITHMS = ("maximin", "nash", "leximin", "legacy")
"""maximin: greatest chance for the least likely; nash: greatest product of chances; legacy: greedy."""

PROGRESS_EVERY = 5.0
"""Seconds between two lines of progress."""

Say = Callable[[Phrase], None]


class _Task(TypedDict):
    """What the package is asked: columns, people, limits as it reads them, settings."""

    head: list[str]
    people: list[Row]
    limits: list[dict[str, str]]
    seats: int
    seed: int
    id_column: str
    one_per: list[str]
    algorithm: str


class _Answer(TypedDict, total=False):
    """What the package answers: identifiers drawn, or why not, or quotas that could be met instead."""

    chosen: list[str]
    refusal: str
    relaxed: list[tuple[str, str, int, int]]


def _silent(_: Phrase) -> None:
    """Says nothing."""


def draw_panel(
    register: str | Path,
    seats: int,
    quotas: Quotas | str | Path,
    seed: int,
    *,
    id_column: str = "id",
    one_per: Sequence[str] = (),
    algorithm: str = "maximin",
    encoding: str | None = None,
    say: Say = _silent,
) -> list[Row]:
    """Draw a panel of `seats` people from the CSV file `register` under `quotas` (a mapping or a CSV file).

    `seed` >= 1 makes the draw repeatable; announce it before the draw. `one_per` names columns that make up
    an address: no two people of one address are drawn. `encoding` is that of files that are not in UTF-8. `say`
    takes what there is to report on the way. Returns the drawn rows in the order of the register.

    Raises:
        InputError: the extra is missing, a file cannot be used, or no panel meets the quotas.
    """
    _check_settings(seats, seed, algorithm)
    given = isinstance(quotas, Mapping)
    name = phrase("panel_quotas") if given else phrase("panel_quotas_file", path=quotas)
    table, limits = _read(register, quotas, encoding)
    raise_some(column_errors(table, limits, name, id_column, one_per))
    raise_some([*quota_errors(limits, seats, name), *people_errors(table, limits, seats, id_column)])
    if find_spec("sortition_algorithms") is None:
        raise InputError("panel_extra_missing")
    people, homes = table.rows, households(table.rows, one_per)
    say(phrase("panel_read", file=table.name, people=len(people), encoding=table.encoding.upper()))
    for words in address_phrases(table, homes, one_per, seats) if one_per else ():
        say(words)
    from consensus_sim.tools.panel_draw.thinning import pool_size, thin_register

    places = list(range(len(people)))
    if len(people) > pool_size(seats):
        places = thin_register(people, homes, limits, seats, seed)
        say(phrase("panel_thinned", people=len(people), kept=len(places), per_seat=len(places) / seats))
    if algorithm == "leximin" and find_spec("gurobipy") is None:
        say(phrase("panel_no_gurobi"))
    kept = [(people[place], homes[place]) for place in places]
    task = _task(kept, limits, seats, seed, id_column, bool(one_per), algorithm)
    chosen = _select(task, limits, name, say)
    return [person for person in people if person[id_column] in chosen]


def _read(register: str | Path, quotas: Quotas | str | Path, encoding: str | None) -> tuple[Table, Quotas]:
    """Register and quotas; what is wrong with either file is reported together."""
    errors: list[InputError] = []
    table: Table | None = None
    limits: Quotas = {}
    try:
        limits = quotas if isinstance(quotas, Mapping) else read_quotas(quotas, encoding)
    except InputError as error:
        errors.append(error)
    try:
        table = read_table(register, phrase("panel_register", path=register), encoding)
    except InputError as error:
        errors.append(error)
    raise_all(errors)
    assert table is not None
    return table, limits


def _task(
    people: Sequence[tuple[Row, int]], quotas: Quotas, seats: int, seed: int, id_column: str, one_per_home: bool,
    algorithm: str,
) -> _Task:  # fmt: skip
    """The task for the package: people and their households, with the columns that it needs."""
    home_column, taken = "household", {name.casefold() for name in (id_column, *quotas)}
    while home_column in taken:
        home_column += "_"
    columns = [id_column, *(feature for feature in quotas if feature != id_column)]
    return {
        "head": [*columns, home_column],
        "people": [{**{c: person[c] for c in columns}, home_column: str(home)} for person, home in people],
        "limits": [
            {"feature": feature, "value": value, "min": str(least), "max": str(most)}
            for feature, values in quotas.items()
            for value, (least, most) in values.items()
        ],
        "seats": seats, "seed": seed, "id_column": id_column, "one_per": [home_column] if one_per_home else [],
        "algorithm": algorithm,
    }  # fmt: skip


def _check_settings(seats: int, seed: int, algorithm: str) -> None:
    """Refuse numbers below 1 and an unknown algorithm."""
    errors = [
        InputError("not_allowed", where=where, found=found, allowed=phrase("panel_count_from", low=1))
        for where, found in (("seats", seats), ("seed", seed))
        if found < 1
    ]
    if algorithm not in ALGORITHMS:
        errors.append(not_among(phrase("panel_algorithm"), algorithm, ALGORITHMS))
    raise_some(errors)


def _select(task: _Task, quotas: Quotas, name: Phrase, say: Say) -> frozenset[str]:
    """Identifiers that the package draws.

    The package walks through sets of names, whose order changes from one interpreter to the next; it
    therefore runs in an interpreter of its own with a fixed order. What it prints goes to standard error
    there, and is kept back.
    """
    code, out, errors = _run_worker(json.dumps(task), len(task["people"]), task["algorithm"], say)
    if code != 0:
        last = (errors.strip().splitlines() or [""])[-1]
        raise InputError("panel_package_failed", reason=last)
    answer: _Answer = json.loads(out)
    if "relaxed" in answer:
        changes = [
            phrase("panel_relaxed", feature=feature, value=value, least=least, most=most)
            for feature, value, least, most in answer["relaxed"]
            if quotas[feature][value] != (least, most)
        ]
        raise InputError("panel_no_panel", file=name, changes=changes)
    if "refusal" in answer:
        lines = [line.strip() for line in answer["refusal"].splitlines() if line.strip()]
        raise InputError("panel_refused", file=name, reason="; ".join(lines))
    return frozenset(answer["chosen"])


def _run_worker(task: str, people: int, algorithm: str, say: Say) -> tuple[int, str, str]:
    """Exit code and output of the interpreter that works on `task`; whatever happens here, it does not outlive us."""
    worker = subprocess.Popen(
        [sys.executable, "-c", f"from {__name__} import _work; _work()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
        env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    begun = time.monotonic()
    unsent: str | None = task
    try:
        while True:
            seconds = round(time.monotonic() - begun)
            say(phrase("panel_drawing", algorithm=algorithm, people=people, seconds=seconds))
            try:
                out, errors = worker.communicate(unsent, timeout=PROGRESS_EVERY)
            except subprocess.TimeoutExpired:
                unsent = None
                continue
            return worker.returncode, out, errors
    finally:
        if worker.poll() is None:
            worker.kill()
            worker.wait()


def _leave_with(parent: int) -> None:
    """End this process when the one that started it has ended, even if that was killed."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _work() -> None:
    """Run the package on the task on standard input and print its answer; everything else goes to standard
    error.
    """
    threading.Thread(target=_leave_with, args=(os.getppid(),), daemon=True).start()
    answer_to = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    task: _Task = json.load(sys.stdin)
    import sortition_algorithms as sortition

    settings = sortition.Settings(
        id_column=task["id_column"], columns_to_keep=[], check_same_address=bool(task["one_per"]),
        check_same_address_columns=task["one_per"], selection_algorithm=task["algorithm"],
        random_number_seed=task["seed"],
    )  # fmt: skip
    answer: _Answer
    try:
        features, _, _ = sortition.read_in_features(list(QUOTA_COLUMNS), task["limits"], task["seats"])
        pool, _ = sortition.read_in_people(task["head"], task["people"], features, settings)
        done, panels, report = sortition.run_stratification(features, pool, task["seats"], settings)
        answer = {"chosen": sorted(panels[0])} if done else _refusal(report.last_error())
    except sortition.SortitionBaseError as error:
        answer = _refusal(error)
    json.dump(answer, answer_to)
    answer_to.close()


def _refusal(error: BaseException | None) -> _Answer:
    """Why the package draws nobody: the quotas that could be met, where it found such, or its words."""
    from sortition_algorithms.errors import InfeasibleQuotasError

    if not isinstance(error, InfeasibleQuotasError):
        return {"refusal": str(error)}
    return {
        "relaxed": [
            (feature, value, limits.min, limits.max)
            for feature, values in error.features.items()
            for value, limits in values.items()
        ]
    }
