"""微网实格: committee, grid branches, building groups, Party-member households; micro-grid workers invite
(F8-F10).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from consensus_sim.council.attendance import clear_stakes, lay_stakes
from consensus_sim.council.events import NOBODY, Event, Rows
from consensus_sim.council.incubation import take_up
from consensus_sim.council.topics import UNHEARD, Topic
from consensus_sim.dynamics.awareness import tell_by_unit
from consensus_sim.dynamics.participation import PERSONAL
from consensus_sim.interventions.base import DOSE, Intervention, setting
from consensus_sim.randomness import uniform, uniforms_at

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel

TIERS_BELOW_COMMITTEE = 3
"""Grid branch, building group, Party-member household (F10)."""
INVITED_TO = ("council", "tea", "salon")


@dataclass(kw_only=True, eq=False)
class GridHierarchy(Intervention):
    """News goes down the chain and topics go up it, one tier in `tier_weeks`. Each micro-grid worker asks people in
    person for as long as the week's `worker_hours` last, `invitation_hours` each; a topic collected takes as long.

    Down: once a channel has been open long enough for word to come to the Party-member households, each of them informs
    each other household of its unit with probability `household_news` a week, as far as news reaches its members at
    all. Up: member households that live with a topic nobody has raised pass it on with probability `passing_on` a week
    times how well they can put it; it reaches the committee tiers later. Ties carry the same news at a speed of their
    own (D1). Workers ask the residents of their micro-grid with the highest stakes, whether news reaches them or not,
    with a random draw of weight `chance`; at the tea, which has no agenda, by open concern. Residents asked by them are
    no panel of the council. `strength` scales all of it, the hours too.
    """

    tier_weeks: int = setting(0, 26, "weeks a tier", integer=True)
    worker_hours: float = setting(0, 40, "hours a week and worker", dose=DOSE)
    invitation_hours: float = setting(0.05, 8, "hours an invitation")
    chance: float = setting(0, 1, "weight of the random draw against stake")
    household_news: float = setting(0, 1, "probability a week", source="F10, P13")
    passing_on: float = setting(0, 1, "probability a week", source="F10, F71")
    strength: float = setting(0, 1, "share of the full effect")

    def on_start(self, model: CommunityModel) -> None:
        self.party = model.residents.member_of("party")
        self.on_the_way: dict[int, tuple[int, int]] = {}
        self.hours = np.zeros(model.community.places.n_micro_grids)

    def apply(self, model: CommunityModel) -> None:
        people = model.community.population
        _, one_of_each = np.unique(people.dwelling[self.party], return_index=True)
        households = np.bincount(people.unit[self.party][one_of_each], minlength=int(people.unit.max()) + 1)
        rate = self.strength * self.household_news
        self.told = 1.0 - (1.0 - rate) ** households

    def on_week_start(self, model: CommunityModel) -> None:
        self.hours[:] = self.strength * self.worker_hours
        if self.strength:
            self._pass_up(model)

    def collectors(self, model: CommunityModel) -> Rows:
        """Micro-grid workers with time for it, where a council or a seed group takes up what they bring."""
        asked_for = self.strength * self.worker_hours >= self.invitation_hours and (
            model.team is not None or model.is_open("seed_group")
        )
        return np.flatnonzero(model.residents.worker).astype(np.int32) if asked_for else NOBODY

    def on_collected(self, model: CommunityModel, who: Rows) -> None:
        """Take the time for a topic, as long as an invitation, off the hours that its worker has left this week."""
        micro_grids = model.community.population.micro_grid[who[model.residents.worker[who]]]
        np.subtract.at(self.hours, micro_grids, self.invitation_hours)
        np.maximum(self.hours, 0.0, out=self.hours)

    def _pass_up(self, model: CommunityModel) -> None:
        """Take up topics that have climbed all tiers; let others begin to climb."""
        for topic in model.topics.waiting:
            if topic.state != UNHEARD:
                continue
            if topic.number in self.on_the_way:
                arrives, who = self.on_the_way[topic.number]
                if model.week >= arrives:
                    topic.progress.mentions += 1
                    take_up(model, topic, who, "hierarchy")
            else:
                self._begin_to_climb(model, topic)

    def _begin_to_climb(self, model: CommunityModel, topic: Topic) -> None:
        there = topic.low + np.flatnonzero(self.party[topic.low : topic.high])
        if not len(there):
            return
        put = topic.stake[there - topic.low] * model.residents.expression[there]
        chance = self.strength * self.passing_on * float(put.mean())
        if uniform(model.key("hierarchy:up"), topic.number) < chance:
            arrives = model.week + TIERS_BELOW_COMMITTEE * self.tier_weeks
            self.on_the_way[topic.number] = arrives, int(there[np.argmax(put)])

    def invite(self, model: CommunityModel, event: Event) -> None:
        if event.channel.name not in INVITED_TO:
            return
        places = np.floor(self.hours / self.invitation_hours + 1e-9).astype(np.int64)
        if not places.any():
            return
        self.hours -= places * self.invitation_hours
        event.asked.append((PERSONAL, self._neighbours(model, event, places)))

    def _neighbours(self, model: CommunityModel, event: Event, places: Any) -> Rows:
        """The `places` adults of each micro-grid, outside the team, whom its worker asks; ascending."""
        rows = model.adults[~model.team_mask[model.adults]]
        rank = -self.chance * uniforms_at(model.key("hierarchy:ask", sub=event.number), rows)
        if event.topics:
            rank -= lay_stakes(model, event)[rows]
            clear_stakes(model, event)
        else:
            rank -= model.concern[rows]
        micro_grid = model.community.population.micro_grid[rows]
        order = np.lexsort((rank, micro_grid))
        first_of = np.searchsorted(micro_grid, np.arange(len(places)))
        place = np.arange(len(rows)) - first_of[micro_grid[order]]
        return np.sort(rows[order[place < places[micro_grid[order]]]]).astype(np.int32)

    def on_week_end(self, model: CommunityModel) -> None:
        if not self.strength:
            return
        people, residents = model.community.population, model.residents
        for name, channel in sorted(model.channels.items()):
            if model.week - max(channel.opened_week, self.begun) >= TIERS_BELOW_COMMITTEE * self.tier_weeks:
                tell_by_unit(
                    model.key(f"hierarchy:down:{name}"), people.unit, residents.reached, self.told, channel.bit,
                    residents.aware,
                )  # fmt: skip
