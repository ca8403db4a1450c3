"""Topics 议题: they arise where people live, are heard through a channel, and run through the six steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from statistics import mean
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.calendar import WEEK, Calendar, per_week
from consensus_sim.council.bounds import Bounds
from consensus_sim.council.topic_class import SCOPES, TopicClass
from consensus_sim.dynamics.topics import (
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

STATES = ("unheard", "heard", "answered", "agenda", "settled", "shelved", "lapsed")
UNHEARD, HEARD, ANSWERED, AGENDA, SETTLED, SHELVED, LAPSED = STATES
OPEN_STATES = (UNHEARD, HEARD, AGENDA)
COLLECTED = "collected"
"""Stands for the channel of a topic that a collector took up for others."""
STORE = 32
"""First size of the store of stakes, in numbers a resident: what is not used takes no memory; it grows when needed."""
CHANCES = 11
"""Numbers by chance that make a topic: its kind, how large its place is, urgency, feasibility, whether it needs money
and how much, polarity, how large the larger camp is and which it is, whether there are two issues and how unlike.
"""
NOBODY, NO_POSITIONS = np.empty(0, np.int64), np.empty(0)
"""Who has sat on a new topic, and their positions; never written to."""


class Turn(NamedTuple):
    """A change of a topic's state: the week, the state it came to, the channel it was at then, and the deadline of the
    resolution if it was settled (-1: no resolution).
    """

    week: int
    state: str
    channel: str
    deadline_week: int = -1


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


@dataclass(slots=True, eq=False)
class Topic:
    """One topic from its arising to its evaluation. Weeks are -1 until they come; `arisen_week` is below 0 for a matter
    that arose before the run's first day.

    The residents `low`..`high` live where it lies; their stakes are `stake` (high - low,). `who` and `position` grow
    with those who take part in its sittings; `found` is the share of it that they have worked out (D5). A share `upper`
    of residents belongs to the upper camp; `unlike` says how unlike the two sides weigh its two issues (0: one issue),
    on which `proposal` and `second` are the points of a resolution. `gap`
    is the money still missing for its resolution, CNY; `carried_by_residents` says that no organisation is needed;
    `failed_before` counts resolutions that came to nothing. Resident `raised_by` raised it, `led_by` leads it 牵头
    (-1: nobody yet). `turns` are its changes of state from being heard on, in their order.
    """

    number: int
    kind: TopicClass
    scope: str
    micro_grid: int
    low: int
    high: int
    offset: int
    stake: NDArray[np.float32]
    total_stake: float
    arisen_week: int
    urgency: float
    feasibility: float
    funding_need: float
    polarity: float
    upper: float
    unlike: float
    state: str = UNHEARD
    label: str = ""
    mentions: float = 0.0
    heard_week: int = -1
    channel: str = ""
    raised_by: int = -1
    led_by: int = -1
    turns: list[Turn] = field(default_factory=list)
    agenda_week: int = -1
    venue_channel: str = ""
    sittings: int = 0
    heat: float = 0.0
    found: float = 0.0
    who: NDArray[np.int64] = field(default_factory=lambda: NOBODY)
    position: NDArray[np.float64] = field(default_factory=lambda: NO_POSITIONS)
    spoken_turns: int = 0
    gini_sum: float = 0.0
    vulnerable_turns: float = 0.0
    settled_week: int = -1
    acceptance: float = float("nan")
    proposal: float = float("nan")
    second: float = float("nan")
    deadline_week: int = -1
    execution: str = "none"
    gap: float = 0.0
    carried_by_residents: bool = False
    failed_before: int = 0
    executed_week: int = -1
    satisfaction: float = float("nan")
    efficiency: float = float("nan")
    fairness: float = float("nan")

    @property
    def open(self) -> bool:
        """Whether the matter still waits for an answer."""
        return self.state in OPEN_STATES

    @property
    def promised(self) -> bool:
        """True if a resident raised the topic as a suggestion of their own, so that an answer is owed (D8)."""
        return self.heard_week >= 0 and self.channel != COLLECTED


@lru_cache(maxsize=1)
def bounds_of(community: Community) -> Bounds:
    """The places of a community as ranges of residents: the same for all its runs."""
    return Bounds(community)


class TopicBook:
    """All topics of a run, and the stakes of the open ones in one flat store that kernels can scan.

    `waiting` are the open ones, the older first; each change makes a new list, so that whoever goes through the old one
    sees it whole.
    """

    def __init__(
        self,
        community: Community,
        classes: Mapping[str, TopicClass],
        seed: int,
        p: TopicParameters,
        calendar: Calendar | None = None,
    ) -> None:
        """`calendar`: gives dates their weeks; None: nothing arises on a date.

        Raises InputError for a place that the community lacks, or a date before the first day of the run.
        """
        self.seed, self.p = seed, p
        # Kinds of weight 0 take no part in the draw, so that adding one cannot move a last bit of the others' chances.
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
        """Week -> the kinds whose date lies in it. One after the run's last day stays without effect."""
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
        """The topics that arise in `week`, the same for every scenario of one seed: Poisson by micro-grid (D12), and
        those whose date lies in it.
        """
        rate = per_week(self.p.arrivals)
        arrivals = key(self.seed, "topics:arrivals", week)
        places, before = draw_arrivals(arrivals, self.bounds.n_micro_grids, rate if self.classes else 0.0)
        new = self._by_chance(week, places, before, groups) if len(places) else []
        return new + [self._create_named(kind, week, groups) for kind in self.dated.get(week, [])]

    def arise_before(self, groups: NDArray[np.uint16]) -> list[Topic]:
        """The topics that arose in the `backlog` weeks before the first day (not so long ago that they have lapsed) and
        are still unheard on it, oldest first; their weeks are below 0.

        A community does not begin its life on the first day of a run: what nobody has raised yet has been waiting
        (F71: a matter came to an agenda after near 6 months).
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
        """The topics that arise by chance in `week` in the micro-grids `places`, after as many there as `before`."""
        # Those with a date have numbers of their own, so that one more of them leaves the chances of all others alone.
        first, self.by_chance = self.by_chance, self.by_chance + len(places)
        chances = uniforms_of(keys(self.seed, "topics:kind", week, 100 * places + before), CHANCES)
        kinds = draw_kinds(chances, self.cumulative)
        scopes, traits = draw_traits(chances, kinds, *self.kinds)
        of_stakes = keys(self.seed, "topics:stake", week, np.arange(first, self.by_chance))
        drawn = zip(kinds.tolist(), scopes.tolist(), places.tolist(), traits.tolist(), of_stakes, strict=True)
        return [
            self._enter(self.classes[kind], SCOPES[scope], micro_grid, week, groups, about, stake_key, first + at)
            for at, (kind, scope, micro_grid, about, stake_key) in enumerate(drawn)
        ]

    def _create_named(self, kind: TopicClass, week: int, groups: NDArray[np.uint16]) -> Topic:
        """The topic of a kind with a date; its chances are keyed by the kind's name."""
        draw = key(self.seed, "topics:named", 0, kind.number)
        chances = uniforms(draw, CHANCES + 1)
        drawn = int(chances[CHANCES] * self.bounds.n_micro_grids)
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
        """Enter a topic of `kind` that lies in the given place; `draw` is the key of its chances, `number` that of
        what happens to it.
        """
        _, traits = _draw_one(kind, uniforms(draw, CHANCES))
        of_stakes = key(self.seed, "topics:stake", week, number)
        return self._enter(kind, scope, micro_grid, week, groups, traits, of_stakes, number)

    def _enter(
        self,
        kind: TopicClass,
        scope: str,
        micro_grid: int,
        week: int,
        groups: NDArray[np.uint16],
        traits: Sequence[float],
        of_stakes: np.uint64,
        number: int,
    ) -> Topic:
        """As `add`, with its traits drawn (see `draw_traits`); `of_stakes` is the key of its stakes."""
        low, high = self.bounds.of(scope, micro_grid)
        size = high - low
        if self.used + size > len(self.stakes):
            self._make_room(size)
        stake = self.stakes[self.used : self.used + size]
        draw_stakes(of_stakes, low, groups, kind.group_stake, self.p.stake_spread, stake)
        urgency, feasibility, funding_need, polarity, upper, unlike = traits
        topic = Topic(
            number=number,
            kind=kind,
            scope=scope,
            micro_grid=micro_grid,
            low=low,
            high=high,
            offset=self.used,
            stake=stake,
            total_stake=float(stake.sum()),
            arisen_week=week,
            urgency=urgency,
            feasibility=feasibility,
            funding_need=funding_need,
            polarity=polarity,
            upper=upper,
            unlike=unlike,
        )
        self.used += size
        self.topics.append(topic)
        self.numbered[number] = topic
        self._set_open([*self.waiting, topic], first=len(self.waiting))
        return topic

    def disagreement_on(
        self, kind: TopicClass, low: int, high: int, groups: NDArray[np.uint16], polarity: float, upper: float
    ) -> float:
        """Standard deviation of the first positions on a matter of `kind` among the adults of the residents
        `low`..`high`. What groups differ by is found once for all runs of a community; `groups` (n,) of all residents.
        """
        place = (kind.group_position.tobytes(), kind.group_stake.tobytes(), low, high)
        variance = self.bounds.known_variance.get(place)
        if variance is None:
            variance = variance_of_groups(groups[low:high], kind.group_position, kind.group_stake)
            self.bounds.known_variance[place] = variance
        return disagreement(variance, polarity, upper, kind.position_spread)

    def mean_disagreement(self, groups: NDArray[np.uint16]) -> float:
        """The same of an average matter: of all residents, at each kind's middle polarity and majority, weighted by how
        often the kinds arise; 0 if none does.
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
            if topic.open or topic.execution == "pending":
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
        """An open topic has come to a state in which it no longer waits for an answer."""
        place = self.waiting.index(topic)
        self._ever[topic.state].add(topic.number)
        last = len(self.waiting)
        self.waiting = self.waiting[:place] + self.waiting[place + 1 :]
        self._spans[:, place : last - 1] = self._spans[:, place + 1 : last]

    def reopen(self, topic: Topic, state: str) -> None:
        """A topic that was closed waits again, in `state`."""
        topic.state = state
        self._set_open([each for each in self.topics if each.open])

    def _set_open(self, topics: list[Topic], first: int = 0) -> None:
        """Make `topics`, in the order of `self.topics`, the open ones; those before `first` are as they were."""
        self.waiting = topics
        if len(topics) > self._spans.shape[1]:
            self._spans = np.concatenate((self._spans, np.empty_like(self._spans)), axis=1)
        for place in range(first, len(topics)):
            topic, spans = topics[place], self._spans
            spans[0, place], spans[1, place], spans[2, place] = topic.low, topic.high, topic.offset

    def open_topics(self) -> tuple[list[Topic], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """The topics `waiting` and, for the kernels, their first and last resident and place in `stakes`.

        The arrays hold until the next topic is opened or closed.
        """
        low, high, offset = self._spans[:, : len(self.waiting)]
        return self.waiting, low, high, offset

    def count_states(self) -> dict[str, int]:
        """How many topics are in each of `OPEN_STATES`, and how many have ever come to each of the other `STATES`: one
        that is heard again stays counted there, once.
        """
        states = [topic.state for topic in self.waiting]
        return {state: len(self._ever[state]) if state in self._ever else states.count(state) for state in STATES}


class _Kinds(NamedTuple):
    """What kinds of topic say of what is drawn, as `draw_traits` takes it."""

    scope: NDArray[np.float64]
    """(k, scopes) cumulative shares."""
    bounds: NDArray[np.float64]
    """(k, 6, 2) of urgency, feasibility, need of money, polarity, share of the larger camp, unlikeness of weights."""
    funding_chance: NDArray[np.float64]
    """(k,)."""
    issue_chance: NDArray[np.float64]
    """(k,)."""

    @classmethod
    def of(cls, kinds: Sequence[TopicClass]) -> _Kinds:
        """What `kinds` (k) say, in their order."""
        bounds = [
            (kind.urgency, kind.feasibility, kind.funding_need, kind.polarity, kind.majority, kind.unlike)
            for kind in kinds
        ]
        return cls(
            np.cumsum(np.array([kind.scope for kind in kinds], np.float64).reshape(-1, len(SCOPES)), axis=1),
            np.array(bounds, np.float64).reshape(-1, 6, 2),
            np.array([kind.funding_chance for kind in kinds], np.float64),
            np.array([kind.issue_chance for kind in kinds], np.float64),
        )


def _draw_one(kind: TopicClass, chances: NDArray[np.float64]) -> tuple[str, list[float]]:
    """Scope and traits of a single topic of `kind`, by `chances`."""
    scopes, traits = draw_traits(chances[None], np.zeros(1, np.int64), *_Kinds.of([kind]))
    return SCOPES[scopes[0]], traits[0].tolist()
