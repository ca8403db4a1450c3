"""15分钟协商圈: a channel, or a point with notice board and suggestion box, within a walk of everybody (F45, F23)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.events import PLACELESS
from consensus_sim.council.incubation import take_up
from consensus_sim.council.topics import UNHEARD, Topic
from consensus_sim.interventions.base import DOSE, Intervention, setting
from consensus_sim.randomness import uniforms_at

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel

Floats = NDArray[np.float64]


@dataclass(kw_only=True, eq=False)
class FifteenMinuteCircle(Intervention):
    """Computes from the map which residents live within `minutes` of an open channel's venue, walking `speed` on ways
    `detour` times the straight line, and sets up to `points` points where most people are out of reach.

    Points are set up when the intervention starts or is changed, by the channels open in that week. Each has a board,
    read at the share `show` of the rate of a notice next door, and a box: a resident next door with full stake,
    expression and efficacy puts an unheard topic into it with probability `box_share` a week. In a community as small
    as the case study's everybody is in reach (F45, G9): no point is set. `walk_reach` of the weekly results is the
    share of adults in reach of a point or of a channel open in that week.
    """

    minutes: float = setting(0, 120, "minutes")
    speed: float = setting(20, 150, "metres a minute")
    detour: float = setting(1, 3, "way walked over straight line")
    points: int = setting(0, 1000, "points", integer=True, dose=DOSE)
    show: float = setting(0, 1, "share of the notice rate")
    box_share: float = setting(0, 1, "probability a week", source="F23, F45")

    def on_start(self, model: CommunityModel) -> None:
        self.plain = model.nearness

    def apply(self, model: CommunityModel) -> None:
        model.nearness, self.near = self.plain, np.zeros(model.residents.n, np.float32)
        self.venues: set[str] | None = None

    @property
    def radius(self) -> float:
        """Distance within reach, metres as the crow flies."""
        return self.minutes * self.speed / self.detour

    def on_adjusted(self, model: CommunityModel) -> None:
        super().on_adjusted(model)
        self.on_week_start(model)

    def on_week_start(self, model: CommunityModel) -> None:
        """By now the week's channels are open, whatever the order of the interventions' names."""
        venues = {channel.venue.name for channel in model.channels.values()} - set(PLACELESS)
        if venues == self.venues:
            return
        people, adults = model.community.population, model.adults
        here = np.stack([people.x, people.y], axis=1).astype(np.float64)
        nearest = np.full(len(people), np.inf)
        for name in sorted(venues):
            np.minimum(nearest, _away(here, np.array([model.venues[name].x, model.venues[name].y])), out=nearest)
        self.before = float(np.mean(nearest[adults] <= self.radius))
        if self.venues is None:
            self.places = self._place(here, nearest.copy(), model.residents.adult)
            self._put_up(model, here)
        for place in self.places:
            np.minimum(nearest, _away(here, place), out=nearest)
        self.venues, self.reach = venues, float(np.mean(nearest[adults] <= self.radius))

    def _put_up(self, model: CommunityModel, here: Floats) -> None:
        """Boards and boxes at the points: how near each resident within reach is, e^(-d / delta)."""
        if not self.places:
            return
        delta = model.parameters.awareness.distance
        away = np.min([_away(here, place) for place in self.places], axis=0)
        near = np.exp(-away / delta) if delta > 0 else np.ones(len(here))
        self.near = (near * (away <= self.radius)).astype(np.float32)
        if self.show:
            model.nearness = np.maximum(self.plain, np.float32(self.show) * self.near)

    def _place(self, here: Floats, nearest: Floats, adult: NDArray[np.bool_]) -> list[Floats]:
        """Points at buildings, one after the other where they bring most adults into reach; lowers `nearest`."""
        places: list[Floats] = []
        spots = np.unique(here, axis=0)
        while len(places) < self.points and np.any(adult & (nearest > self.radius)):
            left = here[adult & (nearest > self.radius)]
            gains = [np.count_nonzero(_away(left, spot) <= self.radius) for spot in spots]
            if not max(gains):
                break
            places.append(spots[int(np.argmax(gains))])
            np.minimum(nearest, _away(here, places[-1]), out=nearest)
        return places

    def on_end(self, model: CommunityModel) -> None:
        model.nearness = self.plain

    def on_week_end(self, model: CommunityModel) -> None:
        if self.venues is None:  # a policy has started it in the midst of the week
            self.on_week_start(model)
        model.recorder.note("walk_reach", self.reach)
        if self.near.any():
            for topic in model.topics.waiting:
                if topic.state == UNHEARD:
                    self._box(model, topic)

    def _box(self, model: CommunityModel, topic: Topic) -> None:
        """Let somebody in reach of a point put an unheard topic into the box, or nobody."""
        residents, rows = model.residents, np.arange(topic.low, topic.high)
        chance = topic.stake * residents.expression[rows] * residents.efficacy[rows] * self.near[rows]
        lot = uniforms_at(model.key("circle:box", sub=topic.number), rows)
        wrote = np.flatnonzero(lot < self.box_share * chance)
        if len(wrote):
            topic.progress.mentions += len(wrote)
            first = wrote[np.argmin(lot[wrote] / chance[wrote])]  # any of them, with equal probability
            take_up(model, topic, int(rows[first]), "box")


def _away(here: Floats, place: Floats) -> Floats:
    """Straight distance of each of `here` (n, 2) from `place` (2,), metres."""
    distance: Floats = np.hypot(*(here - place).T)
    return distance
