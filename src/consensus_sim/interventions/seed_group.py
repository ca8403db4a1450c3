"""种子小组: members lead small topics of their own from call to execution: learning by doing (F41)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from consensus_sim.council.attendance import member_level
from consensus_sim.council.events import NOBODY, Event, Rows
from consensus_sim.council.screening import agenda
from consensus_sim.council.team import worn_members
from consensus_sim.council.topics import AGENDA, HEARD, Topic
from consensus_sim.dynamics.fatigue import add_bounded
from consensus_sim.dynamics.learning import gain_saturating
from consensus_sim.dynamics.participation import OWN_GROUP, PERSONAL
from consensus_sim.interventions.base import DOSE, Intervention, setting, switch
from consensus_sim.interventions.schedule import times_a_month
from consensus_sim.randomness import uniforms

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel


@dataclass(kw_only=True, eq=False)
class SeedGroup(Intervention):
    """Opens the channel `seed_group`: `members` Party members and backbone residents meet on small topics (of one
    micro-grid, no more money than `most_money`) that have been heard, with the residents who live with them.

    They collect the topics of their micro-grids and lead them. They carry out themselves what they settle; leading a
    topic to landing raises initiative. `coached` meetings have a neutral moderator. When the group first meets,
    `member_attendance` of its members come; habit and fatigue act from then on. Worn members leave as those of the
    council team do, and others follow. A change of size keeps the members in office.
    """

    members: int = setting(0, 500, "persons", integer=True, dose=DOSE)
    sessions_per_month: float = setting(0, 4.33, "meetings a month")
    agenda_size: int = setting(0, 10, "topics a meeting", integer=True)
    most_money: float = setting(0, 1e7, "CNY")
    neighbours_asked: int = setting(0, 200, "persons a topic", integer=True)
    chance: float = setting(0, 1, "weight of the random draw against drive when the group is formed")
    coached: bool = switch()
    member_attendance: float = setting(0, 1, "probability")

    def on_start(self, model: CommunityModel) -> None:
        self.group = self.founders = NOBODY
        self.past: set[int] = set()
        self.level: float | None = None  # once, when the group first meets: afterwards habit and fatigue act

    def apply(self, model: CommunityModel) -> None:
        if self.members == 0 or self.sessions_per_month == 0:
            self.group = NOBODY
            return
        self.open_channel(model, "seed_group")
        if len(self.group) != self.members:
            self._fill(model, self.members)
        if not len(self.founders):
            self.founders = self.group

    def _fill(self, model: CommunityModel, size: int) -> None:
        """Make the group `size` strong: members stay; others come by drive, with a random draw of weight `chance`;
        residents who left for good do not come back.
        """
        residents = model.residents
        may = residents.adult & (residents.member_of("party") | model.team_mask | residents.worker)
        may[list(self.past)] = False
        may[self.group] = True
        able = np.flatnonzero(may)
        drive = residents.motive[able] + residents.initiative[able] + residents.follow_through[able]
        drive = drive + self.chance * uniforms(model.key("seed_group:members"), residents.n)[able]
        ranked = np.lexsort((-drive, ~np.isin(able, self.group)))
        before, self.group = self.group, np.sort(able[ranked[:size]]).astype(np.int32)
        model.tell(model.channels["seed_group"], np.setdiff1d(self.group, before))

    def on_week_end(self, model: CommunityModel) -> None:
        leaving = worn_members(model, "seed_group:exit", self.group)
        if len(leaving):
            size = len(self.group)
            self.past.update(self.group[leaving].tolist())
            self.group = np.delete(self.group, leaving)
            self._fill(model, size)

    def collectors(self, model: CommunityModel) -> Rows:
        return self.group

    def events(self, model: CommunityModel) -> list[Event]:
        if not len(self.group) or not self.is_due(model, times_a_month(self.sessions_per_month)):
            return []
        small = [topic for topic in model.topics.waiting if self._small(topic)]
        topics = agenda(small, self.agenda_size, model.rules.labels, "seed_group")
        self.count_event()
        return [model.event("seed_group", topics=topics, moderated=self.coached)]

    def _small(self, topic: Topic) -> bool:
        own = topic.state == AGENDA and topic.progress.venue_channel == "seed_group"
        return own or (topic.state == HEARD and topic.scope == "micro_grid" and topic.funding_need <= self.most_money)

    def invite(self, model: CommunityModel, event: Event) -> None:
        if event.channel.name != "seed_group":
            return
        if self.level is None:
            self.level = member_level(model, event.open, self.group, self.member_attendance)
        event.open.member = self.level
        event.asked.append((OWN_GROUP, self.group))
        add_bounded(model.residents.fatigue, self.group, model.parameters.fatigue.team_load)
        add_bounded(model.residents.strain, self.group, model.parameters.fatigue.team_load)
        if self.neighbours_asked:
            event.asked += [(PERSONAL, topic.most_at_stake(self.neighbours_asked)) for topic in event.topics]

    def on_settled(self, model: CommunityModel, event: Event, topic: Topic) -> None:
        if event.channel.name == "seed_group":
            topic.resolution.carried_by_residents = True
            topic.resolution.gap = 0.0
            led = np.intersect1d(event.came, self.group).astype(np.int32)
            gain_saturating(model.residents.initiative, led, model.parameters.learning.behaviour_gain)
