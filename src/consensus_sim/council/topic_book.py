"""All topics of a run: those that arise week by week, and their stakes in one store that kernels can scan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from statistics import mean
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.calendar import WEEK, Calendar, per_week
from consensus_sim.council.bounds import Bounds
from consensus_sim.council.topic_class import SCOPES, TopicClass
from consensus_sim.council.topics import HEARD, OPEN_STATES, PENDING, STATES, Topic
from consensus_sim.dynamics.topics import (
    OpenTopics,
    disagreement,
    draw_arrivals,
    draw_kinds,
    draw_stakes,
    draw_traits,
    variance_of_groups,
)
from consensus_sim.errors import not_allowed, phrase
from consensus_sim.randomness import key, keys, uniforms, uniforms_of

if TYPE_CHECKING:
    from consensus_sim.community import Community

STORE = 32
"""First size of the store of stakes, in numbers a resident. What is not used takes no memory; it grows when needed."""
DRAWS = 11
"""Random numbers that make a topic: kind, scope, urgency, feasibility, whether it needs money and how much, polarity,
size of the larger camp and which it is, whether there are two issues and how unlike their weights are.
"""


class TopicParameters(NamedTuple):
    """D12, P44; see configs/behaviour for units, ranges and sources."""

    arrivals: float
    suggestion: float
    collecting: float
    conversion: float
    contested: float
    backlog: float
    escalation: float
    stake_spread: float
    outsider_stake: float
    lapse: float


@lru_cache(maxsize=1)
def bounds_of(community: Community) -> Bounds:
    """The places of a community as ranges of residents; the same for all its runs."""
    return Bounds(community)


class Arrival(NamedTuple):
    """A topic that arises, with its traits drawn (`dynamics.topics.draw_traits`)."""

    kind: TopicClass
    scope: str
    micro_grid: int
    week: int
    traits: Sequence[float]
    stake_key: np.uint64
    number: int


class TopicBook:
    """All topics of a run, and the stakes of the open ones in one flat store that kernels can scan.

    `waiting` are the open ones, the older first. Each change makes a new list, so that a loop over the old one sees it
    whole.
    """

    def __init__(
        self,
        community: Community,
        classes: Mapping[str, TopicClass],
        seed: int,
        p: TopicParameters,
        calendar: Calendar | None = None,
    ) -> None:
        """`calendar` gives dates their weeks; None: no topic arises on a date.

        Raises InputError for a place that the community lacks, or a date before the first day of the run.
        """
        self.seed, self.p = seed, p
        # Kinds of weight 0 are left out of the draw, so that adding one cannot move a last bit of the other weights.
        self.classes = [classes[name] for name in sorted(classes) if classes[name].weight > 0]
        weights = np.array([kind.weight for kind in self.classes])
        self.cumulative = np.cumsum(weights) / weights.sum() if len(weights) else weights
        self.kinds = _Kinds.of(self.classes)
        self.topics: list[Topic] = []
        self.numbered: dict[int, Topic] = {}
        self.by_chance = 0
        self.bounds = bounds_of(community)
        self.dated = self._weeks_of([classes[name] for name in sorted(classes)], calendar)
        self.stakes = np.zeros(STORE * len(community.population), np.float32)
        self.used = 0
        self.waiting: list[Topic] = []
        self._spans = np.empty((3, 64), np.int64)
        self._ever: dict[str, set[int]] = {state: set() for state in STATES if state not in OPEN_STATES}
        self._mean_disagreement: float | None = None

    def _weeks_of(self, kinds: list[TopicClass], calendar: Calendar | None) -> dict[int, list[TopicClass]]:
        """Week -> the kinds whose date lies in it. A date after the run's last day has no effect."""
        dated: dict[int, list[TopicClass]] = {}
        for kind in kinds:
            last = self.bounds.n_micro_grids - 1
            if kind.place is not None and kind.place > last:
                raise not_allowed(f"topic.{kind.name}.place", kind.place, phrase("null_or_micro_grid", last=last))
            if kind.arises is None or calendar is None:
                continue
            if kind.arises < calendar.start:
                found, allowed = str(kind.arises), phrase("null_or_date_from", date=str(calendar.start))
                raise not_allowed(f"topic.{kind.name}.arises", found, allowed)
            dated.setdefault((kind.arises - calendar.start) // WEEK, []).append(kind)
        return dated

    def arise(self, week: int, groups: NDArray[np.uint16]) -> list[Topic]:
        """Topics that arise in `week`, the same for every scenario of one seed: Poisson by micro-grid (D12), and those
        whose date lies in it.
        """
        rate = per_week(self.p.arrivals)
        arrivals = key(self.seed, "topics:arrivals", week)
        places, before = draw_arrivals(arrivals, self.bounds.n_micro_grids, rate if self.classes else 0.0)
        new = self._by_chance(week, places, before, groups) if len(places) else []
        return new + [self._create_named(kind, week, groups) for kind in self.dated.get(week, [])]

    def arise_before(self, groups: NDArray[np.uint16]) -> list[Topic]:
        """Topics that arose in the `backlog` weeks before the first day (not so long ago that they have lapsed) and are
        still unheard on it, oldest first; their weeks are below 0.

        A community exists before the first day of a run, and topics that nobody has raised have been waiting (F71: a
        topic came to an agenda after near 6 months).
        """
        weeks = round(self.p.backlog)
        if self.p.lapse:
            weeks = min(weeks, int(self.p.lapse))
        found = []
        for week in range(-weeks, 0):
            for topic in self.arise(week, groups):
                topic.urgency = 1.0 - (1.0 - topic.urgency) * (1.0 - self.p.escalation) ** -week
                found.append(topic)
        return found

    def _by_chance(
        self, week: int, places: NDArray[np.int64], before: NDArray[np.int64], groups: NDArray[np.uint16]
    ) -> list[Topic]:
        """Topics drawn for `week` in the micro-grids `places`, after as many there as `before`."""
        # Topics with a date have numbers of their own, so that one more of them leaves all other draws alone.
        first, self.by_chance = self.by_chance, self.by_chance + len(places)
        chances = uniforms_of(keys(self.seed, "topics:kind", week, 100 * places + before), DRAWS)
        kinds = draw_kinds(chances, self.cumulative)
        scopes, traits = draw_traits(chances, kinds, *self.kinds)
        of_stakes = keys(self.seed, "topics:stake", week, np.arange(first, self.by_chance))
        drawn = zip(kinds.tolist(), scopes.tolist(), places.tolist(), traits.tolist(), of_stakes, strict=True)
        return [
            self._enter(
                Arrival(self.classes[kind], SCOPES[scope], micro_grid, week, about, stake_key, first + at), groups
            )
            for at, (kind, scope, micro_grid, about, stake_key) in enumerate(drawn)
        ]

    def _create_named(self, kind: TopicClass, week: int, groups: NDArray[np.uint16]) -> Topic:
        """The topic of a kind with a date; its draws are keyed by the kind's name."""
        draw = key(self.seed, "topics:named", 0, kind.number)
        chances = uniforms(draw, DRAWS + 1)
        drawn = int(chances[DRAWS] * self.bounds.n_micro_grids)
        place = drawn if kind.place is None else kind.place
        scope, _ = _draw_one(kind, chances)
        return self.add(kind, scope, place, week, groups, draw, kind.number)

    def add(
        self,
        kind: TopicClass,
        scope: str,
        micro_grid: int,
        week: int,
        groups: NDArray[np.uint16],
        draw: np.uint64,
        number: int,
    ) -> Topic:
        """Enter a topic of `kind` that arises in the given place; `draw` is the key of its traits, `number` that of all
        later draws.
        """
        _, traits = _draw_one(kind, uniforms(draw, DRAWS))
        of_stakes = key(self.seed, "topics:stake", week, number)
        return self._enter(Arrival(kind, scope, micro_grid, week, traits, of_stakes, number), groups)

    def _enter(self, new: Arrival, groups: NDArray[np.uint16]) -> Topic:
        """Enter a topic whose traits are drawn; `groups` (n,) are those of all residents."""
        low, high = self.bounds.of(new.scope, new.micro_grid)
        size = high - low
        if self.used + size > len(self.stakes):
            self._make_room(size)
        stake = self.stakes[self.used : self.used + size]
        draw_stakes(new.stake_key, low, groups, new.kind.group_stake, self.p.stake_spread, stake)
        urgency, feasibility, funding_need, polarity, upper, unlike = new.traits
        topic = Topic(
            number=new.number,
            kind=new.kind,
            scope=new.scope,
            micro_grid=new.micro_grid,
            low=low,
            high=high,
            offset=self.used,
            stake=stake,
            total_stake=float(stake.sum()),
            arisen_week=new.week,
            urgency=urgency,
            feasibility=feasibility,
            funding_need=funding_need,
            polarity=polarity,
            upper=upper,
            unlike=unlike,
        )
        self.used += size
        self.topics.append(topic)
        self.numbered[new.number] = topic
        self._set_open([*self.waiting, topic], first=len(self.waiting))
        return topic

    def disagreement_on(
        self, kind: TopicClass, low: int, high: int, groups: NDArray[np.uint16], polarity: float, upper: float
    ) -> float:
        """Standard deviation of the first positions on a topic of `kind` among the adults of the residents
        `low`..`high`; `groups` (n,) of all residents. The part between groups is found once for all runs.
        """
        place = (kind.group_position.tobytes(), kind.group_stake.tobytes(), low, high)
        variance = self.bounds.known_variance.get(place)
        if variance is None:
            variance = variance_of_groups(groups[low:high], kind.group_position, kind.group_stake)
            self.bounds.known_variance[place] = variance
        return disagreement(variance, polarity, upper, kind.position_spread)

    def mean_disagreement(self, groups: NDArray[np.uint16]) -> float:
        """Disagreement on an average topic: of all residents, at each kind's middle polarity and majority, weighted by
        the frequency of the kinds; 0 if none arises.
        """
        if self._mean_disagreement is None:
            found = [
                self.disagreement_on(kind, 0, self.bounds.n, groups, mean(kind.polarity), mean(kind.majority))
                for kind in self.classes
            ]
            weights = [kind.weight for kind in self.classes]
            self._mean_disagreement = float(np.average(found, weights=weights)) if found else 0.0
        return self._mean_disagreement

    def _make_room(self, size: int) -> None:
        """Drop the stakes of closed topics from the store, and enlarge it if that is not enough."""
        kept = []
        for topic in self.topics:
            if topic.offset < 0:
                continue
            if topic.open or topic.resolution.execution == PENDING:
                kept.append(topic)
            else:
                topic.offset, topic.stake = -1, np.empty(0, np.float32)
        needed = sum(len(topic.stake) for topic in kept) + size
        store = np.zeros(max(len(self.stakes), 2 * needed), np.float32)
        self.used = 0
        for topic in kept:
            span = slice(self.used, self.used + len(topic.stake))
            store[span] = topic.stake
            topic.offset, topic.stake = self.used, store[span]
            self.used = span.stop
        self.stakes = store
        self._set_open(self.waiting)

    def closed(self, topic: Topic) -> None:
        """Note that `topic` has come to a state in which it no longer waits for an answer."""
        place = self.waiting.index(topic)
        self._ever[topic.state].add(topic.number)
        last = len(self.waiting)
        self.waiting = self.waiting[:place] + self.waiting[place + 1 :]
        self._spans[:, place : last - 1] = self._spans[:, place + 1 : last]

    def reopen(self, topic: Topic) -> None:
        """Let a topic that was closed be heard again."""
        topic.move(HEARD)
        self._set_open([each for each in self.topics if each.open])

    def _set_open(self, topics: list[Topic], first: int = 0) -> None:
        """Make `topics`, in the order of `self.topics`, the open ones; those before `first` are unchanged."""
        self.waiting = topics
        if len(topics) > self._spans.shape[1]:
            self._spans = np.concatenate((self._spans, np.empty_like(self._spans)), axis=1)
        for place in range(first, len(topics)):
            topic, spans = topics[place], self._spans
            spans[0, place], spans[1, place], spans[2, place] = topic.low, topic.high, topic.offset

    def open_topics(self) -> OpenTopics:
        """The topics `waiting`, in their order, as kernels take them.

        The arrays hold until the next topic is opened or closed.
        """
        low, high, offset = self._spans[:, : len(self.waiting)]
        return OpenTopics(low, high, offset, self.stakes)

    def count_states(self) -> dict[str, int]:
        """Number of topics in each of `OPEN_STATES`, and number that have ever come to each of the other `STATES`; a
        topic that is heard again stays counted there, once.
        """
        states = [topic.state for topic in self.waiting]
        return {state: len(self._ever[state]) if state in self._ever else states.count(state) for state in STATES}


class _Kinds(NamedTuple):
    """Distributions of the traits by kind of topic, as `draw_traits` takes them."""

    scope: NDArray[np.float64]
    """(k, scopes) cumulative shares."""
    bounds: NDArray[np.float64]
    """(k, 6, 2) of urgency, feasibility, need of money, polarity, share of the larger camp, difference of weights."""
    funding_chance: NDArray[np.float64]
    """(k,)."""
    issue_chance: NDArray[np.float64]
    """(k,)."""

    @classmethod
    def of(cls, kinds: Sequence[TopicClass]) -> _Kinds:
        """Those of `kinds` (k), in their order."""
        bounds = [
            (kind.urgency, kind.feasibility, kind.funding.need, kind.polarity, kind.majority, kind.issues.unlike)
            for kind in kinds
        ]
        return cls(
            np.cumsum(np.array([kind.scopes for kind in kinds], np.float64).reshape(-1, len(SCOPES)), axis=1),
            np.array(bounds, np.float64).reshape(-1, 6, 2),
            np.array([kind.funding.chance for kind in kinds], np.float64),
            np.array([kind.issues.chance for kind in kinds], np.float64),
        )


def _draw_one(kind: TopicClass, chances: NDArray[np.float64]) -> tuple[str, list[float]]:
    """Scope and traits of a single topic of `kind`, by its `chances` (m,)."""
    scopes, traits = draw_traits(chances[None], np.zeros(1, np.int64), *_Kinds.of([kind]))
    return SCOPES[scopes[0]], traits[0].tolist()
