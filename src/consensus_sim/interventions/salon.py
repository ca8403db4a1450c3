"""主题沙龙: learning by discussing cases with property managers and owners' committee (F42)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from consensus_sim.council.events import Event, Rows
from consensus_sim.dynamics.learning import learn
from consensus_sim.dynamics.participation import PERSONAL
from consensus_sim.dynamics.ranking import first_asked
from consensus_sim.interventions.base import DOSE, Intervention, setting
from consensus_sim.interventions.schedule import every_weeks
from consensus_sim.residents.columns import COGNITIONS, SKILLS

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel


@dataclass(kw_only=True, eq=False)
class ThemedSalon(Intervention):
    """Opens the channel `salon`: `salons` in all, one every `weeks_between` weeks. It asks `invitations` residents in
    person: those who took part before, then others at random.

    Attendees learn `depth` times what a session of a workshop teaches.
    """

    salons: int = setting(0, 200, "salons", integer=True, dose=DOSE)
    weeks_between: float = setting(1, 52, "weeks")
    invitations: int = setting(0, 1000, "persons a salon", integer=True)
    places: int | None = setting(0, 1000, "persons a salon", integer=True, optional=True)
    course: int = setting(1, 20, "sessions to which a workshop's gain refers", integer=True)
    depth: float = setting(0, 1, "share of a workshop's gain", source="F42, P29")

    def most(self, setting: str, weeks: int) -> float:
        return int(weeks / self.weeks_between + 1e-9) if setting == "salons" else super().most(setting, weeks)

    def on_start(self, model: CommunityModel) -> None:
        self.held = 0

    def apply(self, model: CommunityModel) -> None:
        if self.salons:
            self.open_channel(model, "salon")

    def events(self, model: CommunityModel) -> list[Event]:
        if self.held >= self.salons or not self.is_due(model, every_weeks(self.weeks_between)):
            return []
        self.held += 1
        self.count_event()
        event = model.event("salon")
        event.places = self.places
        return [event]

    def invite(self, model: CommunityModel, event: Event) -> None:
        if event.channel.name == "salon" and self.invitations:
            event.asked.append((PERSONAL, self._asked(model, event)))

    def _asked(self, model: CommunityModel, event: Event) -> Rows:
        """Residents who took part before, then all others, in random order."""
        key, nobody = model.key("salon:ask", sub=event.number), model.scratch.flags
        asked: Rows = first_asked(key, model.adults, nobody, 1.0, model.took_part, self.invitations)
        return asked

    def on_attended(self, model: CommunityModel, event: Event) -> None:
        if event.channel.name != "salon":
            return
        p, residents = model.parameters, model.residents
        depth, reach = self.depth, p.learning.reach
        skill = np.full(len(SKILLS), depth * p.learning.workshop_skill / self.course)
        cognition = np.full(len(COGNITIONS), depth * p.learning.course_cognition / self.course)
        learn(residents.skill, residents.start_skill, model.skill_unit, skill, reach, False, event.came)
        learn(residents.cognition, residents.start_cognition, model.cognition_unit, cognition, reach, False, event.came)
        model.used_skill[event.came] = True
        model.taught[event.came] = True
