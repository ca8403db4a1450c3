"""协商观察员: a Party member of the backbone watches the heat and the silent, and asks for pauses (F38,
P22).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consensus_sim.council.meeting import FacilitationSupport
from consensus_sim.interventions.base import DOSE, Intervention, setting

if TYPE_CHECKING:
    from consensus_sim.council.events import Event
    from consensus_sim.model.model import CommunityModel


@dataclass(kw_only=True, eq=False)
class Observer(Intervention):
    """Sends `observers` to every meeting: they hand round the share `turns` of the speeches, beside the moderator, and
    take away the share `calm` of the heat. One observer has the full effect; further observers add none.
    """

    observers: int = setting(0, 20, "persons a sitting", integer=True, dose=DOSE)
    turns: float = setting(0, 1, "share of speeches", source="P22, F38, L17, L19")
    calm: float = setting(0, 1, "share of heat", source="F38, P27")

    def apply(self, model: CommunityModel) -> None:
        if self.observers:
            self.support(model, FacilitationSupport(turn_sharing=self.turns, calm=self.calm))

    def on_attended(self, model: CommunityModel, event: Event) -> None:
        if self.observers and event.topics and not event.channel.online:
            self.count_event(self.observers)
