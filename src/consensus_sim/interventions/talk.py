"""漫步议事: strolling talks through one grid after the other; people say what bothers them (F77: planned, not
evidenced).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from consensus_sim.calendar import falls_due, per_week
from consensus_sim.council.events import Event
from consensus_sim.interventions.base import DOSE, Intervention, setting

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel


@dataclass(kw_only=True, eq=False)
class StrollingTalk(Intervention):
    """Opens the channel `talk`: `walks_per_month` walks, each through the next grid in turn; only who lives
    there meets them. Nothing is deliberated; matters are raised and, if they are easy, answered on the
    spot.
    """

    GOES_ON = ("begun", "walked")

    walks_per_month: float = setting(0, 4.33, "walks a month", dose=DOSE)
    relief: float = setting(0, 1, "share of the fear of speaking")

    def on_start(self, model: CommunityModel) -> None:
        self.begun, self.walked = model.week, 0
        grid = model.community.population.grid
        self.grids = [np.searchsorted(grid, [number, number + 1]) for number in np.unique(grid)]
        if self.walks_per_month:
            model.venue_of("talk").relief = self.relief
            model.open_channel("talk")

    def on_end(self, model: CommunityModel) -> None:
        model.close_channel("talk")
        model.venue_of("talk").relief = 0.0

    def events(self, model: CommunityModel) -> list[Event]:
        if not model.is_open("talk") or not falls_due(per_week(self.walks_per_month), model.week - self.begun):
            return []
        first, last = self.grids[self.walked % len(self.grids)]
        self.walked += 1
        self.count_event()
        event = model.event("talk")
        event.within = (int(first), int(last))
        return [event]
