"""睦邻会客厅: the parlour, a furnished venue: ambience, capacity, showing results; elders' corner (F30, F39, P12)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consensus_sim.council.events import Event
from consensus_sim.interventions.base import DOSE, Intervention, setting, switch

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel

PARLOUR = "parlour"


@dataclass(kw_only=True, eq=False)
class Parlour(Intervention):
    """The council meets in the parlour: part of the fear of speaking goes, heat is lower, and passers-by see what is
    held there.

    `relief` is the share of the fear of speaking, and of the heat, that is taken away (P12); `elder_relief` with the
    `elders_corner` the further share of the fear of elders (magnifiers, seats, volunteers); `show` the share of the
    notice rate at which those who live near hear of it (P13); with `display_results` outcomes are shown on its wall.
    """

    capacity: int = setting(0, 100000, "persons", integer=True, dose=DOSE)
    relief: float = setting(0, 1, "share of the fear of speaking", source="P12, F67")
    show: float = setting(0, 1, "share of the notice rate", dose=DOSE)
    elders_corner: bool = switch()
    elder_relief: float = setting(0, 1, "share of elders' fear of speaking", source="P12, F39")
    display_results: bool = switch()

    @property
    def idle(self) -> bool:
        """True if the parlour has no room, so that the council stays in the committee's office."""
        return self.capacity == 0

    def apply(self, model: CommunityModel) -> None:
        if self.idle:
            self.on_end(model)
            return
        self.set_room(model, PARLOUR, capacity=self.capacity, relief=self.relief, show=self.show)
        elder_relief = self.elder_relief if self.elders_corner else 0.0
        self.set_room(model, PARLOUR, elder_relief=elder_relief, display=self.display_results)
        self._meet_in(model, PARLOUR)

    def on_end(self, model: CommunityModel) -> None:
        self._meet_in(model, model.venue_of("council").name)

    @staticmethod
    def _meet_in(model: CommunityModel, venue: str) -> None:
        """Let the council meet in `venue`."""
        if model.rules.council_venue != venue:
            model.rules.council_venue = venue
            model.move_channel("council", venue)

    def on_attended(self, model: CommunityModel, event: Event) -> None:
        if event.channel.name == "council" and event.open.venue.name == PARLOUR:
            self.count_event()
