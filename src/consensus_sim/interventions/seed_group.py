"""种子小组: members lead small topics of their own from call to execution: learning by doing (F41)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from consensus_sim.calendar import falls_due, per_week
from consensus_sim.council.attendance import member_level
from consensus_sim.council.events import Event, Rows
from consensus_sim.council.screening import agenda
from consensus_sim.council.topics import AGENDA, HEARD, Topic
from consensus_sim.dynamics.fatigue import add_bounded
from consensus_sim.dynamics.learning import gain_saturating
from consensus_sim.dynamics.participation import OWN_GROUP, PERSONAL
from consensus_sim.interventions.base import DOSE, Intervention, setting, switch
from consensus_sim.randomness import uniforms


@dataclass(kw_only=True, eq=False)
class SeedGroup(Intervention):
    """Opens the channel `seed_group`: `members` Party members and backbone residents meet and take small
    matters (of one micro-grid, no more money than `most_money`) that have been heard, with those who live
    with them.

    They collect the matters of their micro-grids and lead them. What they settle they carry out themselves; leading
    a matter to landing raises initiative. `coached` sittings have a neutral moderator.
    """

    members: int = setting(0, 500, "persons", integer=True, dose=DOSE)
    sessions_per_month: float = setting(0, 4.33, "meetings a month")
    agenda_size: int = setting(0, 10, "topics a meeting", integer=True)
    most_money: float = setting(0, 1e7, "CNY")
    neighbours_asked: int = setting(0, 200, "persons a topic", integer=True)
    chance: float = setting(0, 1, "weight of the random draw against drive when the group is formed")
    coached: bool = switch()

    def on_start(self, model: Any) -> None:
        self.begun = model.week
        self.group = np.empty(0, np.int32)
        self.level: float | None = None  # once, when the group first meets: afterwards habit and fatigue act
        if self.members == 0 or self.sessions_per_month == 0:
            return
        residents = model.residents
        able = np.flatnonzero(residents.adult & (residents.member_of("party") | model.team_mask | residents.worker))
        drive = residents.motive[able] + residents.initiative[able] + residents.follow_through[able]
        drive = drive + self.chance * uniforms(model.key("seed_group:members"), residents.n)[able]
        self.group = np.sort(able[np.argsort(-drive, kind="stable")[: self.members]]).astype(np.int32)
        model.tell(model.open_channel("seed_group"), self.group)

    def on_end(self, model: Any) -> None:
        model.close_channel("seed_group")

    def on_adjusted(self, model: Any) -> None:
        """The group stays in office unless another size is asked for."""
        if len(self.group) != self.members or self.sessions_per_month == 0:
            super().on_adjusted(model)

    def collectors(self, model: Any) -> Rows:
        return self.group

    def events(self, model: Any) -> list[Event]:
        if not len(self.group) or not falls_due(per_week(self.sessions_per_month), model.week - self.begun):
            return []
        small = [topic for topic in model.topics.waiting if self._small(topic)]
        topics = agenda(small, self.agenda_size, model.parameters.topics, "seed_group")
        self.count_event()
        return [model.event("seed_group", topics=topics, moderated=self.coached)]

    def _small(self, topic: Topic) -> bool:
        own = topic.state == AGENDA and topic.venue_channel == "seed_group"
        return own or (topic.state == HEARD and topic.scope == "micro_grid" and topic.funding_need <= self.most_money)

    def invite(self, model: Any, event: Event) -> None:
        if event.channel.name != "seed_group":
            return
        if self.level is None:
            self.level = member_level(model, event.open, self.group)
        event.open.member = self.level
        event.asked.append((OWN_GROUP, self.group))
        add_bounded(model.residents.fatigue, self.group, model.parameters.fatigue.team_load)
        add_bounded(model.residents.strain, self.group, model.parameters.fatigue.team_load)
        for topic in event.topics:
            if self.neighbours_asked:
                most = np.argsort(-topic.stake, kind="stable")[: self.neighbours_asked]
                event.asked.append((PERSONAL, np.sort(topic.low + most).astype(np.int32)))

    def on_settled(self, model: Any, event: Event, topic: Topic) -> None:
        if event.channel.name == "seed_group":
            topic.carried_by_residents = True
            topic.gap = 0.0
            led = np.intersect1d(event.came, self.group).astype(np.int32)
            gain_saturating(model.residents.initiative, led, model.parameters.learning.initiative_gain)
