"""书记坝坝茶: the secretary's tea: monthly, in the park, informal, on-the-spot replies (F31, F53-F55)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consensus_sim.calendar import falls_due, per_week
from consensus_sim.council.events import Event
from consensus_sim.interventions.base import DOSE, Intervention, setting

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel


@dataclass(kw_only=True, eq=False)
class SecretaryTea(Intervention):
    """Opens the channel `tea` in the park, where fear of speaking is low and what is going on is seen by passers-by."""

    sessions_per_month: float = setting(0, 4.33, "teas a month", dose=DOSE)
    relief: float = setting(0, 1, "share of the fear of speaking taken away", source="P12, F67")
    show: float = setting(0, 1, "share of the notice rate")

    def on_start(self, model: CommunityModel) -> None:
        self.begun = model.week
        if self.sessions_per_month == 0:
            return
        venue = model.venue_of("tea")
        venue.relief = self.relief
        venue.show = self.show
        model.open_channel("tea")
        model.show_at(model.venue_of("tea").name, self.show)

    def on_end(self, model: CommunityModel) -> None:
        model.close_channel("tea")
        model.venue_of("tea").relief = 0.0
        model.show_at(model.venue_of("tea").name, 0.0)

    def events(self, model: CommunityModel) -> list[Event]:
        if not falls_due(per_week(self.sessions_per_month), model.week - self.begun):
            return []
        self.count_event()
        return [model.event("tea")]
