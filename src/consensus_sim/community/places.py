"""The nested places: estates, buildings, units and dwellings; grids and micro-grids; where they stand.

Dwellings are numbered so that estates, micro-grids, buildings and units are contiguous runs (a building
that lies in two micro-grids makes one run in each). Grids and micro-grids never cross an estate. In a
generated community the micro-grids of an estate are runs of about equally many dwellings, whose borders
move to a stairwell unit's border when one is near; a large unit may so lie in two micro-grids, a dwelling
always in one unit and one micro-grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from math import ceil, sqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.community.register import Part, read_register
from consensus_sim.community.spec import ROOT, TOTALS, CommunitySpec, Estate, check_near, check_total, without_room
from consensus_sim.errors import InputError, phrase, raise_all

Ints = NDArray[np.integer[Any]]
UNIT_LENGTH = 16.0
"""Metres between the doors of neighbouring units; only for the middles of micro-grids on the map."""


@dataclass(frozen=True, eq=False, repr=False)
class Places:
    """The nested places as arrays: `a_b[i]` is the number of the `b` in which the `a` number `i` lies.

    Coordinates are metres from the south-western corner of the community; all copies of a scaled community
    share them, each with its own venues at the same points. `micro_grid_worker` holds the number of a
    resident.
    """

    estate_key: tuple[str, ...]
    estate_label: tuple[dict[str, str], ...]
    venues: dict[str, tuple[float, float]]
    side: float
    n_copies: int
    estate_guaranteed: NDArray[np.bool_]
    estate_copy: Ints
    grid_estate: Ints
    micro_grid_grid: Ints
    micro_grid_estate: Ints
    micro_grid_x: NDArray[np.float32]
    micro_grid_y: NDArray[np.float32]
    micro_grid_worker: Ints
    building_estate: Ints
    building_x: NDArray[np.float32]
    building_y: NDArray[np.float32]
    unit_building: Ints
    dwelling_unit: Ints
    dwelling_building: Ints
    dwelling_estate: Ints
    dwelling_micro_grid: Ints
    dwelling_grid: Ints

    def __repr__(self) -> str:
        """How many of the main places."""
        return f"<Places: {self.n_dwellings} dwellings, {self.n_grids} grids, {self.n_micro_grids} micro-grids>"

    @property
    def n_estates(self) -> int:
        """Number of estates."""
        return len(self.estate_guaranteed)

    @property
    def n_buildings(self) -> int:
        """Number of buildings."""
        return len(self.building_estate)

    @property
    def n_units(self) -> int:
        """Number of stairwell units."""
        return len(self.unit_building)

    @property
    def n_dwellings(self) -> int:
        """Number of dwellings, occupied or not."""
        return len(self.dwelling_unit)

    @property
    def n_grids(self) -> int:
        """Number of grids."""
        return len(self.grid_estate)

    @property
    def n_micro_grids(self) -> int:
        """Number of micro-grids."""
        return len(self.micro_grid_grid)

    def estate_name(self, estate: int, language: str) -> str:
        """The name of an estate in `language` (zh or en); copies after the first carry their number."""
        per_copy = self.n_estates // self.n_copies
        copy, first = divmod(estate, per_copy)
        name = self.estate_label[first][language]
        return name if copy == 0 else f"{name} ({copy + 1})"


@dataclass(frozen=True)
class Layout:
    """The places of one estate, numbered within it; `dwelling_*` has one entry a dwelling, in order."""

    building_x: NDArray[np.float32]
    building_y: NDArray[np.float32]
    unit_building: Ints
    dwelling_unit: Ints
    dwelling_micro_grid: Ints


def build_places(spec: CommunitySpec) -> Places:
    """The places of one copy of the community (`replicate_places` lays more beside it).

    Raises `InputError` if the building register cannot be used.
    """
    side = sqrt(float(spec.area)) * 1000
    if spec.buildings_file is not None:
        parts = read_register(Path(spec.folder) / spec.buildings_file, tuple(spec.estates))
        _check_register(spec, parts)
        layouts = [_registered(parts[name]) for name in spec.estates]
    else:
        blocks = _blocks(spec.estates, side)
        layouts = [
            _generated(estate, blocks[name], float(spec.micro_grid_snap)) for name, estate in spec.estates.items()
        ]
    return _joined(spec, layouts, side)


def _joined(spec: CommunitySpec, layouts: list[Layout], side: float) -> Places:
    """The layouts of all estates as one set of places, numbered through."""
    estates = list(spec.estates.values())
    n_grids = np.array([int(estate.grids) for estate in estates])
    n_micro_grids = np.array([int(layout.dwelling_micro_grid.max()) + 1 for layout in layouts])
    buildings = _shifts([len(layout.building_x) for layout in layouts])
    units = _shifts([len(layout.unit_building) for layout in layouts])
    grids, micro_grids = _shifts(n_grids), _shifts(n_micro_grids)
    own_grid = [np.arange(n) * g // n for n, g in zip(n_micro_grids, n_grids, strict=True)]
    unit_building = _stack([layout.unit_building + at for layout, at in zip(layouts, buildings, strict=True)])
    dwelling_unit = _stack([layout.dwelling_unit + at for layout, at in zip(layouts, units, strict=True)])
    dwelling_building = unit_building[dwelling_unit]
    dwelling_micro_grid = _stack(
        [layout.dwelling_micro_grid + at for layout, at in zip(layouts, micro_grids, strict=True)]
    )
    micro_grid_grid = _stack([own + at for own, at in zip(own_grid, grids, strict=True)])
    building_x = np.concatenate([layout.building_x for layout in layouts]).astype(np.float32)
    building_y = np.concatenate([layout.building_y for layout in layouts]).astype(np.float32)
    x, y = _middles(dwelling_micro_grid, dwelling_unit, dwelling_building, building_x, building_y, unit_building)
    numbers = np.arange(len(estates))
    return Places(
        estate_key=tuple(spec.estates),
        estate_label=tuple(estate.label for estate in estates),
        venues={name: (float(venue.x), float(venue.y)) for name, venue in spec.venues.items()},
        side=side,
        n_copies=1,
        estate_guaranteed=np.array([estate.housing == "guaranteed" for estate in estates]),
        estate_copy=np.zeros(len(estates), np.int16),
        grid_estate=np.repeat(numbers, n_grids).astype(np.int16),
        micro_grid_grid=micro_grid_grid.astype(np.int16),
        micro_grid_estate=np.repeat(numbers, n_micro_grids).astype(np.int16),
        micro_grid_x=x,
        micro_grid_y=y,
        micro_grid_worker=np.full(len(micro_grid_grid), -1, np.int32),
        building_estate=np.repeat(numbers, [len(layout.building_x) for layout in layouts]).astype(np.int16),
        building_x=building_x,
        building_y=building_y,
        unit_building=unit_building,
        dwelling_unit=dwelling_unit,
        dwelling_building=dwelling_building,
        dwelling_estate=np.repeat(numbers, [len(layout.dwelling_unit) for layout in layouts]).astype(np.int16),
        dwelling_micro_grid=dwelling_micro_grid.astype(np.int16),
        dwelling_grid=micro_grid_grid[dwelling_micro_grid].astype(np.int16),
    )


def replicate_places(places: Places, copies: int) -> Places:
    """`copies` of one community, numbered through; coordinates and venues are local to each."""
    if copies == 1:
        return places
    counts = {
        "micro_grid": places.n_micro_grids,
        "grid": places.n_grids,
        "estate": places.n_estates,
        "building": places.n_buildings,
        "unit": places.n_units,
    }
    changed: dict[str, Any] = {"n_copies": copies}
    for each in fields(Places):
        value = getattr(places, each.name)
        if not isinstance(value, np.ndarray):
            continue
        repeated = np.tile(value, copies)
        inner = next((name for name in counts if each.name.endswith(f"_{name}")), None)
        if inner is not None:
            repeated += np.repeat(np.arange(copies) * counts[inner], len(value)).astype(value.dtype)
        changed[each.name] = repeated
    changed["estate_copy"] = np.repeat(np.arange(copies), places.n_estates).astype(np.int16)
    return replace(places, **changed)


def _shifts(counts: Sequence[int] | Ints) -> Ints:
    """The first number of each estate's places when they are numbered through."""
    return np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)


def _stack(runs: list[Ints]) -> NDArray[np.int32]:
    """Runs of numbers one after the other."""
    return np.concatenate(runs).astype(np.int32)


def _middles(
    micro_grid: Ints,
    unit: Ints,
    building: Ints,
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    unit_building: Ints,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The middle of each micro-grid's dwellings; units stand side by side along x."""
    first = np.searchsorted(unit_building, np.arange(len(x)), side="left")
    n_units = np.bincount(unit_building, minlength=len(x))
    along = unit - first[building] - (n_units[building] - 1) / 2
    size = np.bincount(micro_grid)
    middle_x = np.bincount(micro_grid, x[building] + UNIT_LENGTH * along) / size
    middle_y = np.bincount(micro_grid, y[building]) / size
    return middle_x.astype(np.float32), middle_y.astype(np.float32)


def _check_register(spec: CommunitySpec, parts: dict[str, list[Part]]) -> None:
    """The register must agree with what the spec says of each estate and in total."""
    sums = dict.fromkeys(TOTALS, 0)
    for name, estate in spec.estates.items():
        found = {
            "buildings": len({part.building for part in parts[name]}),
            "units": sum(part.units for part in parts[name]),
            "dwellings": sum(part.dwellings for part in parts[name]),
            "micro_grids": len({part.micro_grid for part in parts[name]}),
        }
        for part in parts[name]:
            check_near(
                spec, phrase("building_of", file=spec.buildings_file, name=part.building, estate=name), part.x, part.y
            )
        for key, counted in found.items():
            given = getattr(estate, key)
            if given is not None and int(given) != counted:
                where, file = f"{ROOT}.estates.{name}.{key}", spec.buildings_file
                raise InputError("register_differs", where=where, found=int(given), file=file, counted=counted)
            sums[key] += counted
        raise_all(without_room(f"{ROOT}.estates.{name}", estate, found))
        sums["residents"] += int(estate.residents)
        sums["grids"] += int(estate.grids)
    for total, counted in sums.items():
        check_total(spec, total, counted)


def _even(whole: int, n: int) -> list[int]:
    """`whole` shared out over `n` as evenly as whole numbers allow, the larger shares spread out."""
    cuts = [round(part * whole / n) for part in range(n + 1)]
    return [cuts[part + 1] - cuts[part] for part in range(n)]


def _blocks(estates: dict[str, Estate], side: float) -> dict[str, tuple[float, float, float, float]]:
    """Each estate's rectangle (x, y, width, height) in the square of `side`, metres.

    Areas go by buildings. The square is halved again and again, across its longer side, between two groups
    of estates of about equal weight. An assumption: the case study has no map.
    """
    weight = {name: int(estate.buildings or 1) for name, estate in estates.items()}
    blocks: dict[str, tuple[float, float, float, float]] = {}
    open_blocks = [(list(estates), (0.0, 0.0, side, side))]
    while open_blocks:
        group, (x, y, width, height) = open_blocks.pop()
        if len(group) == 1:
            blocks[group[0]] = (x, y, width, height)
            continue
        whole = sum(weight[name] for name in group)
        uneven = [abs(sum(weight[name] for name in group[:n]) - whole / 2) for n in range(1, len(group))]
        cut = 1 + uneven.index(min(uneven))
        share = sum(weight[name] for name in group[:cut]) / whole
        if width >= height:
            first, rest = (x, y, width * share, height), (x + width * share, y, width * (1 - share), height)
        else:
            first, rest = (x, y, width, height * share), (x, y + height * share, width, height * (1 - share))
        open_blocks += [(group[:cut], first), (group[cut:], rest)]
    return blocks


def _generated(estate: Estate, block: tuple[float, float, float, float], snap: float) -> Layout:
    """The generated places of one estate: buildings row by row, micro-grids as runs of dwellings."""
    n_buildings, n_units, n_dwellings, n_micro_grids = (
        int(getattr(estate, key)) for key in ("buildings", "units", "dwellings", "micro_grids")
    )
    x, y, width, height = block
    rows = ceil(n_buildings / max(1, round(sqrt(n_buildings * width / height))))
    in_row = _even(n_buildings, rows)
    row = np.repeat(np.arange(rows), in_row)
    column = np.concatenate([np.arange(n) if at % 2 == 0 else np.arange(n)[::-1] for at, n in enumerate(in_row)])
    sizes = _even(n_dwellings, n_units)
    cuts = _micro_grid_cuts(n_dwellings, n_micro_grids, np.concatenate([[0], np.cumsum(sizes)]), snap)
    return Layout(
        building_x=(x + width * (column + 0.5) / np.array(in_row)[row]).round(1).astype(np.float32),
        building_y=(y + height * (row + 0.5) / rows).round(1).astype(np.float32),
        unit_building=np.repeat(np.arange(n_buildings), _even(n_units, n_buildings)),
        dwelling_unit=np.repeat(np.arange(n_units), sizes),
        dwelling_micro_grid=np.repeat(np.arange(n_micro_grids), np.diff(cuts)),
    )


def _registered(parts: list[Part]) -> Layout:
    """The places of one estate as its register gives them, in the order of the file."""
    micro_grids = {name: at for at, name in enumerate(dict.fromkeys(part.micro_grid for part in parts))}
    buildings = {name: at for at, name in enumerate(dict.fromkeys(part.building for part in parts))}
    first = {part.building: part for part in reversed(parts)}
    by_building = sorted(
        range(len(parts)), key=lambda at: (buildings[parts[at].building], micro_grids[parts[at].micro_grid])
    )
    n_before = dict(zip(by_building, np.cumsum([0, *(parts[at].units for at in by_building)]), strict=False))
    order = sorted(range(len(parts)), key=lambda at: (micro_grids[parts[at].micro_grid], buildings[parts[at].building]))
    return Layout(
        building_x=np.array([first[name].x for name in buildings], np.float32),
        building_y=np.array([first[name].y for name in buildings], np.float32),
        unit_building=np.repeat(
            [buildings[parts[at].building] for at in by_building], [parts[at].units for at in by_building]
        ),
        dwelling_unit=np.concatenate(
            [
                np.repeat(n_before[at] + np.arange(parts[at].units), _even(parts[at].dwellings, parts[at].units))
                for at in order
            ]
        ),
        dwelling_micro_grid=np.repeat(
            [micro_grids[parts[at].micro_grid] for at in order], [parts[at].dwellings for at in order]
        ),
    )


def _micro_grid_cuts(n_dwellings: int, n_micro_grids: int, borders: Ints, snap: float) -> list[int]:
    """Borders of an estate's micro-grids: even, but moved to a unit's border that is near enough."""
    cuts = [0]
    for micro_grid in range(1, n_micro_grids):
        ideal = micro_grid * n_dwellings / n_micro_grids
        nearest = int(borders[np.argmin(np.abs(borders - ideal))])
        near = abs(nearest - ideal) <= snap * n_dwellings / n_micro_grids
        cuts.append(nearest if near and nearest > cuts[-1] else max(round(ideal), cuts[-1] + 1))
    return [*cuts, n_dwellings]
