"""睦邻会客厅: the parlour, a furnished venue: ambience, capacity, showing results; elders' corner (F30, F39, P12)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consensus_sim.council.events import Event
from consensus_sim.interventions.base import DOSE, Intervention, setting, switch

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel


@dataclass(kw_only=True, eq=False)
class Parlour(Intervention):
    """The council meets in the parlour: part of the fear of speaking goes, heat is lower, and what is held there is
    seen.

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

    def __post_init__(self) -> None:
        super().__post_init__()
        self.bare_room: int | None = None  # what the room holds without the lever, while it is in force

    @property
    def idle(self) -> bool:
        """Whether there is no room in the parlour, so that the council stays in the committee's office."""
        return self.capacity == 0

    def on_start(self, model: CommunityModel) -> None:
        if self.idle:
            return
        venue = model.venues["parlour"]
        self.bare_room = venue.capacity
        venue.capacity = self.capacity
        venue.relief = self.relief
        venue.elder_relief = self.elder_relief if self.elders_corner else 0.0
        venue.display = self.display_results
        model.rules.council_venue = "parlour"
        model.move_channel("council", "parlour")
        model.show_at("parlour", self.show)

    def on_end(self, model: CommunityModel) -> None:
        if self.bare_room is None:
            return
        model.rules.council_venue = model.venue_of("council").name
        model.move_channel("council", model.rules.council_venue)
        venue = model.venues["parlour"]
        venue.relief, venue.elder_relief, venue.display = 0.0, 0.0, False
        venue.capacity, self.bare_room = self.bare_room, None
        model.show_at("parlour", 0.0)

    def on_attended(self, model: CommunityModel, event: Event) -> None:
        if event.channel.name == "council" and event.open.venue.name == "parlour":
            self.count_event()
