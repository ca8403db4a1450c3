"""楼栋议事会: councils on the ground floor, for topics of one micro-grid (F77: planned, not evidenced)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consensus_sim.council.events import Event
from consensus_sim.council.screening import score
from consensus_sim.council.topics import AGENDA, HEARD, Topic
from consensus_sim.dynamics.participation import PERSONAL
from consensus_sim.interventions.base import DOSE, Intervention, setting, switch

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel


@dataclass(kw_only=True, eq=False)
class BuildingCouncil(Intervention):
    """Opens the channel `building_council` at people's own doors: up to `councils_per_week` a week take one heard topic
    of a micro-grid each, for its residents only.

    The building group asks the `neighbours_asked` residents with the highest stakes.
    """

    councils_per_week: int = setting(0, 50, "councils a week", integer=True, dose=DOSE)
    neighbours_asked: int = setting(0, 200, "persons a council", integer=True)
    relief: float = setting(0, 1, "share of the fear of speaking")
    moderated: bool = switch()

    def apply(self, model: CommunityModel) -> None:
        if self.councils_per_week:
            self.open_channel(model, "building_council")
            self.set_room(model, model.venue_of("building_council").name, relief=self.relief)

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
        """True if a topic belongs to one micro-grid and is heard, or is already deliberated by a building council."""
        if topic.state == AGENDA:
            return topic.progress.venue_channel == "building_council"
        return topic.state == HEARD and topic.scope == "micro_grid"

    def invite(self, model: CommunityModel, event: Event) -> None:
        if event.channel.name == "building_council" and self.neighbours_asked:
            event.asked += [(PERSONAL, topic.most_at_stake(self.neighbours_asked)) for topic in event.topics]
