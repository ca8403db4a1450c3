"""漫步议事: strolling talks through one grid after the other; people say what bothers them (F77: planned, not
evidenced).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from consensus_sim.council.events import Event
from consensus_sim.interventions.base import DOSE, Intervention, setting
from consensus_sim.interventions.schedule import times_a_month

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel


@dataclass(kw_only=True, eq=False)
class StrollingTalk(Intervention):
    """Opens the channel `talk`: `walks_per_month` walks, each through the next grid in turn, for its residents only.
    Nothing is deliberated; topics are raised and, if they are easy, answered on the spot.
    """

    walks_per_month: float = setting(0, 4.33, "walks a month", dose=DOSE)
    relief: float = setting(0, 1, "share of the fear of speaking")

    def on_start(self, model: CommunityModel) -> None:
        self.walked = 0

    def apply(self, model: CommunityModel) -> None:
        if self.walks_per_month:
            self.open_channel(model, "talk")
            self.set_room(model, model.venue_of("talk").name, relief=self.relief)

    def events(self, model: CommunityModel) -> list[Event]:
        if not model.is_open("talk") or not self.is_due(model, times_a_month(self.walks_per_month)):
            return []
        grid = model.community.population.grid
        grids = np.unique(grid)
        first, last = np.searchsorted(grid, grids[self.walked % len(grids)] + np.arange(2))
        self.walked += 1
        self.count_event()
        event = model.event("talk")
        event.within = (int(first), int(last))
        return [event]
