"""书记坝坝茶: the secretary's tea: monthly, in the park, informal, on-the-spot replies (F31, F53-F55)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consensus_sim.council.events import Event
from consensus_sim.interventions.base import DOSE, Intervention, setting
from consensus_sim.interventions.schedule import times_a_month

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel


@dataclass(kw_only=True, eq=False)
class SecretaryTea(Intervention):
    """Opens the channel `tea` in the park, where fear of speaking is low and passers-by see what goes on."""

    sessions_per_month: float = setting(0, 4.33, "teas a month", dose=DOSE)
    relief: float = setting(0, 1, "share of the fear of speaking taken away", source="P12, F67")
    show: float = setting(0, 1, "share of the notice rate")

    def apply(self, model: CommunityModel) -> None:
        if self.sessions_per_month:
            self.open_channel(model, "tea")
            self.set_room(model, model.venue_of("tea").name, relief=self.relief, show=self.show)

    def events(self, model: CommunityModel) -> list[Event]:
        if not self.is_due(model, times_a_month(self.sessions_per_month)):
            return []
        self.count_event()
        return [model.event("tea")]
