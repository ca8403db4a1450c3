"""A planner's own building register: a CSV file used instead of generated buildings.

Columns: `estate` (its key in the spec), `building` (any name, one name = one building of the estate),
`units` and `dwellings` (whole numbers), `x`, `y` (metres), `micro_grid` (any name). One row is one
building, or the part of a building that lies in one micro-grid; `units` and `dwellings` then count that
part.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

from consensus_sim.errors import InputError, Phrase, Where, not_allowed, one_line, one_of, phrase, unknown_column
from consensus_sim.settings import number_phrase

COLUMNS = ("estate", "building", "units", "dwellings", "x", "y", "micro_grid")


@dataclass(frozen=True)
class Part:
    """One row of the register: a building, or the part of it that lies in one micro-grid."""

    estate: str
    building: str
    units: int
    dwellings: int
    x: float
    y: float
    micro_grid: str


def read_register(path: Path, estates: tuple[str, ...]) -> dict[str, list[Part]]:
    """The parts of each of the `estates`, in the order of the file.

    Raises `InputError` with file, line and column: unknown or missing columns, numbers that are none,
    unknown estates, a micro-grid in two estates, one building at two places, an estate without buildings.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.reader(stream))
    except OSError as error:
        allowed = phrase("a_register")
        raise InputError("cannot_read", where=str(path), why=str(error.strerror), allowed=allowed) from None
    except (UnicodeDecodeError, csv.Error) as error:
        wanted, allowed = phrase("a_csv_file"), phrase("columns_named", names=COLUMNS)
        raise InputError("not_a_file", where=str(path), wanted=wanted, why=one_line(error), allowed=allowed) from None
    header = [name.strip() for name in rows[0]] if rows else []
    _check_header(path, header)
    parts: dict[str, list[Part]] = {estate: [] for estate in estates}
    for line, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            wanted = phrase("cells_of_header", count=len(header))
            raise not_allowed(f"{path}:{line}", phrase("cells", count=len(row)), wanted)
        part = _part(f"{path}:{line}", dict(zip(header, (cell.strip() for cell in row), strict=True)), estates)
        _check_consistent(f"{path}:{line}", part, parts)
        parts[part.estate].append(part)
    for estate, found in parts.items():
        if not found:
            raise InputError("no_building", where=str(path), name=estate)
    return parts


def _check_header(path: Path, header: list[str]) -> None:
    """Every column once, none besides."""
    for name in COLUMNS:
        if header.count(name) != 1:
            found = phrase("columns_called", count=header.count(name), name=name)
            raise not_allowed(f"{path}:1", found, phrase("one_column_each", names=COLUMNS))
    for name in header:
        if name not in COLUMNS:
            raise unknown_column(f"{path}:1", name, COLUMNS)


def _part(where: str, cells: dict[str, str], estates: tuple[str, ...]) -> Part:
    """One checked row."""
    if cells["estate"] not in estates:
        raise one_of(_column(where, "estate"), cells["estate"], estates)
    for name in ("building", "micro_grid"):
        if not cells[name]:
            raise not_allowed(_column(where, name), phrase("an_empty_cell"), phrase("a_name"))
    units, dwellings = (_whole(_column(where, name), cells[name]) for name in ("units", "dwellings"))
    if dwellings < units:
        raise not_allowed(_column(where, "dwellings"), dwellings, phrase("one_dwelling_a_unit", units=units))
    x, y = (_metres(_column(where, name), cells[name]) for name in ("x", "y"))
    return Part(cells["estate"], cells["building"], units, dwellings, x, y, cells["micro_grid"])


def _column(where: str, name: str) -> Phrase:
    """The column `name` of the line `where`."""
    return phrase("column_of", where=where, name=name)


def _whole(where: Where, cell: str) -> int:
    """A whole number from 1 to 100,000."""
    if not cell.isdecimal() or not 1 <= int(cell) <= 100_000:
        raise not_allowed(where, cell, number_phrase(1, 100_000, whole=True))
    return int(cell)


def _metres(where: Where, cell: str) -> float:
    """A finite number of metres, at most 100 km off."""
    try:
        metres = float(cell)
    except ValueError:
        metres = math.nan
    if not abs(metres) <= 100_000:
        raise not_allowed(where, cell, phrase("metres", low=-100_000, high=100_000))
    return metres


def _check_consistent(where: str, part: Part, parts: dict[str, list[Part]]) -> None:
    """One micro-grid lies in one estate; one building stands at one place, once in a micro-grid."""
    for estate, others in parts.items():
        for other in others:
            if other.micro_grid == part.micro_grid and estate != part.estate:
                found = phrase("in_estate_before", name=part.micro_grid, estate=part.estate, other=estate)
                raise not_allowed(_column(where, "micro_grid"), found, phrase("one_estate"))
            if estate == part.estate and other.building == part.building:
                if (other.x, other.y) != (part.x, part.y):
                    name, x, y = part.building, part.x, part.y
                    found = phrase("building_at", name=name, x=x, y=y, x_before=other.x, y_before=other.y)
                    raise not_allowed(_column(where, "x"), found, phrase("one_place"))
                if other.micro_grid == part.micro_grid:
                    found = phrase("building_twice", name=part.building, micro_grid=part.micro_grid)
                    raise not_allowed(_column(where, "building"), found, phrase("one_row"))
