"""Checks: quotas and register are compared before anything is drawn, and all that is wrong is reported at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from consensus_sim.errors import InputError, Phrase, phrase
from consensus_sim.tools.panel_draw.tables import Table, at, lines_phrase, not_among, raise_some, read_table

Quotas = Mapping[str, Mapping[str, tuple[int, int]]]
"""For every feature (a column of the register) and every value of it: least and greatest number of seats."""

QUOTA_COLUMNS = ("feature", "value", "min", "max")


def read_quotas(path: str | Path, encoding: str | None = None) -> dict[str, dict[str, tuple[int, int]]]:
    """Quotas from a CSV file with the columns feature, value, min, max.

    Raises:
        InputError: a column is missing, a cell is blank, a number is none, or a value comes twice; all at once.
    """
    table = read_table(path, phrase("panel_quotas_file", path=path), encoding)
    missing = [column for column in QUOTA_COLUMNS if column not in table.head]
    raise_some([InputError("panel_no_column", file=table.name, column=c, needed=list(QUOTA_COLUMNS)) for c in missing])
    quotas: dict[str, dict[str, tuple[int, int]]] = {}
    errors: list[InputError] = []
    for line, row in zip(table.lines, table.rows, strict=True):
        values = quotas.setdefault(row["feature"], {})
        if row["value"] in values:
            errors.append(
                InputError("panel_value_twice", where=at(table.name, [line], row["feature"]), value=row["value"])
            )
        for column in ("feature", "value"):
            if not row[column]:
                errors.append(InputError("panel_blank", where=at(table.name, [line], column), count=1))
        numbers = []
        for column in ("min", "max"):
            try:
                numbers.append(int(row[column]))
            except ValueError:
                allowed = phrase("panel_count_from", low=0)
                errors.append(
                    InputError("not_allowed", where=at(table.name, [line], column), found=row[column], allowed=allowed)
                )
        values[row["value"]] = (numbers[0], numbers[1]) if len(numbers) == 2 else (0, 0)
    raise_some(errors)
    return quotas


def quota_errors(quotas: Quotas, seats: int, name: Phrase) -> list[InputError]:
    """Contradictions of quotas among themselves or with the number of seats, for any register."""
    errors: list[InputError] = []
    if not quotas:
        errors.append(InputError("panel_no_quotas", file=name))
    for feature, values in quotas.items():
        for value, (least, most) in values.items():
            if not 0 <= least <= most:
                errors.append(
                    InputError("panel_quota_order", file=name, feature=feature, value=value, least=least, most=most)
                )
        least, most = sum(low for low, _ in values.values()), sum(high for _, high in values.values())
        if not least <= seats <= most:
            errors.append(
                InputError("panel_quota_sum", file=name, feature=feature, least=least, most=most, seats=seats)
            )
    return errors


def column_errors(
    register: Table, quotas: Quotas, name: Phrase, id_column: str, one_per: Sequence[str]
) -> list[InputError]:
    """Columns that the register lacks."""
    options = [("--id-column", id_column), *(("--one-per", column) for column in one_per)]
    wanted = [(phrase("panel_column_of", option=option, file=register.name), column) for option, column in options]
    wanted += [(phrase("panel_feature_of", file=name, register=register.name), feature) for feature in quotas]
    return [not_among(where, column, register.head) for where, column in wanted if column not in register.head]


def people_errors(register: Table, quotas: Quotas, seats: int, id_column: str) -> list[InputError]:
    """Rows that cannot be used, each kind once with all its lines, and quotas that the register cannot fill."""
    errors = _id_errors(register, id_column)
    if len(register.rows) < seats:
        errors.append(InputError("panel_too_few", file=register.name, people=len(register.rows), seats=seats))
    for feature, values in quotas.items():
        strange: dict[str, list[int]] = {}
        for line, person in zip(register.lines, register.rows, strict=True):
            if person[feature] not in values:
                strange.setdefault(person[feature], []).append(line)
        for value, lines in strange.items():
            where = at(register.name, lines, feature)
            if value:
                errors.append(not_among(where, value, values))
            else:
                errors.append(InputError("panel_blank_feature", where=where, count=len(lines), allowed=list(values)))
        held = Counter(person[feature] for person in register.rows)
        errors += [
            InputError(
                "panel_held", file=register.name, feature=feature, value=value, least=least, seats=seats,
                held=held[value],
            )
            for value, (least, _) in values.items()
            if held[value] < least and not strange
        ]  # fmt: skip
    return errors


def _id_errors(register: Table, id_column: str) -> list[InputError]:
    """People without an identifier, and identifiers that several people have."""
    lines_of: dict[str, list[int]] = {}
    for line, person in zip(register.lines, register.rows, strict=True):
        lines_of.setdefault(person[id_column], []).append(line)
    blank = lines_of.pop("", [])
    errors = [InputError("panel_blank", where=at(register.name, blank, id_column), count=len(blank))] if blank else []
    errors += [
        InputError("panel_id_twice", where=at(register.name, lines, id_column), found=name)
        for name, lines in lines_of.items()
        if len(lines) > 1
    ]
    return errors


def households(people: Iterable[Mapping[str, str]], one_per: Sequence[str]) -> list[int]:
    """Number of each person's household: one address, one household.

    Blank means unknown: whoever has a blank cell in a column of the address is a household of their own.
    """
    numbers: dict[tuple[str, ...], int] = {}
    found = []
    for place, person in enumerate(people):
        address = tuple(person[column].casefold() for column in one_per)
        known = bool(address) and all(address)
        found.append(numbers.setdefault(("at", *address) if known else ("alone", str(place)), len(numbers)))
    return found


def address_phrases(register: Table, homes: Sequence[int], one_per: Sequence[str], seats: int) -> list[Phrase]:
    """Effect of one person per address on the people of this register, and the people without an address."""
    largest, average = max(Counter(homes).values()), len(homes) / seats
    if largest > 1:
        said = [phrase("panel_one_per", columns=list(one_per), largest=largest, average=average)]
    else:
        said = [phrase("panel_no_shared_address", columns=list(one_per))]
    numbered = zip(register.lines, register.rows, strict=True)
    blank = [line for line, person in numbered if not all(person[column] for column in one_per)]
    if blank:
        said.append(phrase("panel_blank_address", count=len(blank), lines=lines_phrase(blank)))
    return said
