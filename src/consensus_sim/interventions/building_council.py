"""楼栋议事会: councils on the ground floor, for matters of one micro-grid (F77: planned, not evidenced)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from consensus_sim.council.events import Event
from consensus_sim.council.screening import score
from consensus_sim.council.topics import AGENDA, HEARD, Topic
from consensus_sim.dynamics.participation import PERSONAL
from consensus_sim.interventions.base import DOSE, Intervention, setting, switch

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel


@dataclass(kw_only=True, eq=False)
class BuildingCouncil(Intervention):
    """Opens the channel `building_council` at people's own doors: up to `councils_per_week` a week take one
    heard matter of their own micro-grid each; only who lives there comes.

    The building group asks `neighbours_asked` of those with the highest stakes.
    """

    councils_per_week: int = setting(0, 50, "councils a week", integer=True, dose=DOSE)
    neighbours_asked: int = setting(0, 200, "persons a council", integer=True)
    relief: float = setting(0, 1, "share of the fear of speaking")
    moderated: bool = switch()

    def on_start(self, model: CommunityModel) -> None:
        if self.councils_per_week:
            model.venue_of("building_council").relief = self.relief
            model.open_channel("building_council")

    def on_end(self, model: CommunityModel) -> None:
        model.close_channel("building_council")
        model.venue_of("building_council").relief = 0.0

    def events(self, model: CommunityModel) -> list[Event]:
        if not model.is_open("building_council"):
            return []
        local = [topic for topic in model.topics.waiting if self._local(topic)]
        local.sort(key=lambda topic: (topic.state != AGENDA, -score(topic), topic.number))
        held = []
        for topic in local[: self.councils_per_week]:
            event = model.event("building_council", topics=[topic], moderated=self.moderated)
            event.within = (topic.low, topic.high)
            held.append(event)
            self.count_event()
        return held

    @staticmethod
    def _local(topic: Topic) -> bool:
        """Whether a matter belongs to one micro-grid and is heard, or already on a building council's table."""
        if topic.state == AGENDA:
            return topic.venue_channel == "building_council"
        return topic.state == HEARD and topic.scope == "micro_grid"

    def invite(self, model: CommunityModel, event: Event) -> None:
        if event.channel.name == "building_council" and self.neighbours_asked:
            topic = event.topics[0] if event.topics else None
            if topic is not None:
                most = np.argsort(-topic.stake, kind="stable")[: self.neighbours_asked]
                event.asked.append((PERSONAL, np.sort(topic.low + most).astype(np.int32)))
