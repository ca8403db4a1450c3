"""Places of a community as ranges of residents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from consensus_sim.community import Community


class Bounds:
    """First and last resident of each place: residents are numbered by micro-grid, so a place is a range.

    known_variance: variance of the positions of residents' groups by kind of topic and place
    (`TopicBook.disagreement_on`)
    """

    def __init__(self, community: Community) -> None:
        places, people = community.places, community.population
        self.n = len(people)
        self.n_micro_grids = places.n_micro_grids
        self.known_variance: dict[tuple[bytes, bytes, int, int], float] = {}
        edges = np.searchsorted(people.micro_grid, np.arange(self.n_micro_grids + 1))
        self.micro_grid = [(int(a), int(b)) for a, b in zip(edges[:-1], edges[1:], strict=True)]
        self.grid = self._ranges(people.grid, places.micro_grid_grid)
        first = np.array([a for a, _ in self.micro_grid])
        estate = people.estate[np.minimum(first, self.n - 1)]
        self.estate = self._ranges(people.estate, estate)

    @staticmethod
    def _ranges(place: NDArray[Any], of_micro_grid: NDArray[Any]) -> list[tuple[int, int]]:
        """The range of residents in the same place as each micro-grid."""
        bounds = {}
        for number in np.unique(of_micro_grid):
            rows = np.flatnonzero(place == number)
            bounds[int(number)] = (int(rows[0]), int(rows[-1]) + 1)
        return [bounds[int(number)] for number in of_micro_grid]

    def of(self, scope: str, micro_grid: int) -> tuple[int, int]:
        """First and last (exclusive) resident of the place of size `scope` that holds `micro_grid`."""
        if scope == "community":
            return 0, self.n
        return getattr(self, scope)[micro_grid]
