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

from consensus_sim.errors import InputError, one_of

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
        raise InputError(
            f"{path}: cannot be read ({error.strerror}); allowed: a CSV file with a building register"
        ) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not a CSV file in UTF-8 ({error}); allowed: columns {', '.join(COLUMNS)}") from None
    header = [name.strip() for name in rows[0]] if rows else []
    _check_header(path, header)
    parts: dict[str, list[Part]] = {estate: [] for estate in estates}
    for line, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            raise InputError(f"{path}:{line}: found {len(row)} cells; allowed: {len(header)}, as in the header")
        part = _part(f"{path}:{line}", dict(zip(header, (cell.strip() for cell in row), strict=True)), estates)
        _check_consistent(f"{path}:{line}", part, parts)
        parts[part.estate].append(part)
    for estate, found in parts.items():
        if not found:
            raise InputError(
                f"{path}: no row of the estate {estate!r}; allowed: every estate of the spec has buildings"
            )
    return parts


def _check_header(path: Path, header: list[str]) -> None:
    """Every column once, none besides."""
    for name in COLUMNS:
        if header.count(name) != 1:
            raise InputError(
                f"{path}:1: found {header.count(name)} columns {name!r}; allowed: one each of {', '.join(COLUMNS)}"
            )
    for name in header:
        if name not in COLUMNS:
            raise one_of(f"{path}:1: column", name, COLUMNS)


def _part(where: str, cells: dict[str, str], estates: tuple[str, ...]) -> Part:
    """One checked row."""
    if cells["estate"] not in estates:
        raise one_of(f"{where}, column estate", cells["estate"], estates)
    for name in ("building", "micro_grid"):
        if not cells[name]:
            raise InputError(f"{where}, column {name}: found nothing; allowed: a name")
    units, dwellings = (_whole(f"{where}, column {name}", cells[name]) for name in ("units", "dwellings"))
    if dwellings < units:
        raise InputError(f"{where}, column dwellings: found {dwellings}; allowed: at least one a unit ({units})")
    x, y = (_metres(f"{where}, column {name}", cells[name]) for name in ("x", "y"))
    return Part(cells["estate"], cells["building"], units, dwellings, x, y, cells["micro_grid"])


def _whole(where: str, cell: str) -> int:
    """A whole number from 1 to 100,000."""
    if not cell.isdecimal() or not 1 <= int(cell) <= 100_000:
        raise InputError(f"{where}: found {cell!r}; allowed: a whole number from 1 to 100000")
    return int(cell)


def _metres(where: str, cell: str) -> float:
    """A finite number of metres, at most 100 km off."""
    try:
        metres = float(cell)
    except ValueError:
        metres = math.nan
    if not abs(metres) <= 100_000:
        raise InputError(f"{where}: found {cell!r}; allowed: metres from -100000 to 100000")
    return metres


def _check_consistent(where: str, part: Part, parts: dict[str, list[Part]]) -> None:
    """One micro-grid lies in one estate; one building stands at one place, once in a micro-grid."""
    for estate, others in parts.items():
        for other in others:
            if other.micro_grid == part.micro_grid and estate != part.estate:
                raise InputError(
                    f"{where}, column micro_grid: found {part.micro_grid!r} in {part.estate}, before in "
                    f"{estate}; allowed: one estate a micro-grid"
                )
            if estate == part.estate and other.building == part.building:
                if (other.x, other.y) != (part.x, part.y):
                    raise InputError(
                        f"{where}, column x: found building {part.building!r} at ({part.x:g}, {part.y:g}), "
                        f"before at ({other.x:g}, {other.y:g}); allowed: one place a building"
                    )
                if other.micro_grid == part.micro_grid:
                    raise InputError(
                        f"{where}, column building: found {part.building!r} twice in micro-grid "
                        f"{part.micro_grid!r}; allowed: one row"
                    )
