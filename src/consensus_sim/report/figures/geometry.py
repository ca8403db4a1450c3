"""The map of a community: cells of micro-grids around buildings, and the borders between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from consensus_sim.community.places import Places

Points = NDArray[np.float64]
MARGIN = 40.0
"""Metres around the outermost buildings; drawing only."""
SPLIT = 14.0
"""Metres between the parts of a building that lie in different micro-grids; drawing only."""


@dataclass(frozen=True)
class MapShape:
    """Shapes of the map, in metres.

    cells: one polygon (corners, 2) a part of a building in one micro-grid; cell_micro_grid: its micro-grid
    micro_borders, grid_borders: (lines, 2, 2) borders between micro-grids of one grid, and between grids
    buildings: (n, 2) places; sizes: (n,) dwellings; grid_places: (n_grids, 2) where a grid's number is written
    box: left, right, bottom, top
    """

    cells: list[Points]
    cell_micro_grid: NDArray[np.int64]
    micro_borders: Points
    grid_borders: Points
    buildings: Points
    sizes: NDArray[np.int64]
    grid_places: dict[int, tuple[float, float]]
    box: tuple[float, float, float, float]


def map_shape(places: Places) -> MapShape:
    """The map of `community.places`: each part of the area belongs to the micro-grid of the nearest building."""
    from scipy.spatial import Voronoi

    building = np.asarray(places.unit_building)[places.dwelling_unit]
    pairs, counts = np.unique(np.stack([building, places.dwelling_micro_grid], axis=1), axis=0, return_counts=True)
    at = np.stack([np.asarray(places.building_x), np.asarray(places.building_y)], axis=1).astype(np.float64)
    # The copies of a scaled community share their coordinates: the first one is drawn.
    first = np.unique(at, axis=0, return_index=True)[1]
    pairs, counts = pairs[np.isin(pairs[:, 0], first)], counts[np.isin(pairs[:, 0], first)]
    points = at[pairs[:, 0]]
    start = np.searchsorted(pairs[:, 0], pairs[:, 0])
    many = np.bincount(pairs[:, 0])[pairs[:, 0]]
    points[:, 0] += (np.arange(len(pairs)) - start - (many - 1) / 2) * SPLIT
    left, bottom = points.min(axis=0) - MARGIN
    right, top = points.max(axis=0) + MARGIN
    mirrored = [points]
    for axis, edge in ((0, left), (0, right), (1, bottom), (1, top)):
        copy = points.copy()
        copy[:, axis] = 2 * edge - copy[:, axis]
        mirrored.append(copy)
    voronoi = Voronoi(np.concatenate(mirrored))
    n = len(points)
    cells = [voronoi.vertices[voronoi.regions[voronoi.point_region[number]]] for number in range(n)]
    micro_grid = pairs[:, 1]
    grid = np.asarray(places.micro_grid_grid)
    thin: list[Points] = []
    thick: list[Points] = []
    for (one, other), ends in zip(voronoi.ridge_points, voronoi.ridge_vertices, strict=True):
        if one >= n or other >= n or micro_grid[one] == micro_grid[other]:
            continue
        line = voronoi.vertices[ends]
        (thin if grid[micro_grid[one]] == grid[micro_grid[other]] else thick).append(line)
    shape = np.zeros((0, 2, 2))
    return MapShape(
        cells=cells,
        cell_micro_grid=micro_grid.astype(np.int64),
        micro_borders=np.array(thin) if thin else shape,
        grid_borders=np.array(thick) if thick else shape,
        buildings=points,
        sizes=counts.astype(np.int64),
        grid_places=_centres(points, counts, grid[micro_grid]),
        box=(float(left), float(right), float(bottom), float(top)),
    )


def _centres(points: Points, counts: NDArray[np.int64], grid: NDArray[np.int64]) -> dict[int, tuple[float, float]]:
    """For each grid the building part nearest to the middle of its dwellings."""
    found = {}
    for number in np.unique(grid):
        own = points[grid == number]
        middle = np.average(own, axis=0, weights=counts[grid == number])
        found[int(number)] = (float(middle[0]), float(middle[1]))
    return found
