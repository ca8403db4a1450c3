"""Topics 议题: they arise where people live, are heard through a channel, and run through the six steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.dynamics.topics import draw_stakes
from consensus_sim.errors import InputError, one_of
from consensus_sim.randomness import key, poissons, uniform, uniforms
from consensus_sim.residents.columns import GROUPS

STATES = ("unheard", "heard", "answered", "agenda", "settled", "shelved", "lapsed")
UNHEARD, HEARD, ANSWERED, AGENDA, SETTLED, SHELVED, LAPSED = STATES
OPEN_STATES = (UNHEARD, HEARD, AGENDA)
STORE = 16
"""First size of the store of stakes, in numbers a resident; it grows when needed."""
SCOPES = ("micro_grid", "grid", "estate", "community")


class TopicParameters(NamedTuple):
    """D12, P44, P45; see configs/behaviour for units, ranges and sources."""

    arrivals: float
    suggestion: float
    conversion: float
    escalation: float
    stake_spread: float
    outsider_stake: float
    weight_urgency: float
    weight_attention: float
    weight_feasibility: float
    attention_scale: float
    lapse: float
    urgent_from: float
    important_from: float


@dataclass(frozen=True, slots=True)
class TopicClass:
    """A kind of topic, as configured in configs/topic: how often, where, for whom, and who has to act."""

    name: str
    label: dict[str, str]
    category: str
    weight: float
    scope: tuple[float, ...]
    urgency: tuple[float, float]
    feasibility: tuple[float, float]
    funding_chance: float
    funding_need: tuple[float, float]
    group_stake: NDArray[np.float64]
    group_position: NDArray[np.float64]
    polarity: tuple[float, float]
    position_spread: float
    responsible: str
    deadline_weeks: int

    @classmethod
    def from_config(cls, name: str, config: Mapping[str, Any]) -> TopicClass:
        """Read and check one file of configs/topic."""
        where = f"topic.{name}"
        known = (
            "label", "category", "weight", "scope", "urgency", "feasibility", "funding", "stakes", "positions",
            "polarity", "position_spread", "responsible", "deadline_weeks",
        )  # fmt: skip
        for key_ in config:
            if key_ not in known:
                raise one_of(f"{where}: unknown key", key_, known)
        missing = [key_ for key_ in known if key_ not in config]
        if missing:
            raise InputError(f"{where}: missing {', '.join(missing)}")
        for group in (*config["stakes"], *config["positions"]):
            if group not in GROUPS:
                raise one_of(f"{where}: unknown group", group, GROUPS)
        for scope in config["scope"]:
            if scope not in SCOPES:
                raise one_of(f"{where}.scope: unknown scope", scope, SCOPES)
        if "all" not in config["positions"]:
            raise InputError(f"{where}.positions: missing all, the position of who belongs to no named group")
        shares = tuple(float(config["scope"].get(scope, 0.0)) for scope in SCOPES)
        if abs(sum(shares) - 1.0) > 1e-6:
            raise InputError(f"{where}.scope: the shares sum to {sum(shares):g}; they must sum to 1")
        low, high = config["funding"]["need"]
        return cls(
            name=name,
            label=dict(config["label"]),
            category=str(config["category"]),
            weight=_number(f"{where}.weight", config["weight"], 0, 1e6),
            scope=shares,
            urgency=_pair(f"{where}.urgency", config["urgency"]),
            feasibility=_pair(f"{where}.feasibility", config["feasibility"]),
            funding_chance=_number(f"{where}.funding.chance", config["funding"]["chance"], 0, 1),
            funding_need=(float(low), float(high)),
            group_stake=_by_group(f"{where}.stakes", config["stakes"], 0.0),
            group_position=_by_group(f"{where}.positions", config["positions"], np.nan),
            polarity=_pair(f"{where}.polarity", config["polarity"]),
            position_spread=_number(f"{where}.position_spread", config["position_spread"], 0, 1),
            responsible=str(config["responsible"]),
            deadline_weeks=int(_number(f"{where}.deadline_weeks", config["deadline_weeks"], 1, 520)),
        )


def _number(where: str, found: Any, low: float, high: float) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float) or not low <= found <= high:
        raise InputError(f"{where}: found {found!r}; allowed: {low:g} to {high:g}")
    return float(found)


def _pair(where: str, found: Any) -> tuple[float, float]:
    if not isinstance(found, list | tuple) or len(found) != 2:
        raise InputError(f"{where}: found {found!r}; a pair [low, high] in 0 to 1 is needed")
    return _number(where, found[0], 0, 1), _number(where, found[1], 0, 1)


def _by_group(where: str, found: Mapping[str, Any], missing: float) -> NDArray[np.float64]:
    return np.array([_number(f"{where}.{g}", found[g], 0, 1) if g in found else missing for g in GROUPS])


@dataclass(slots=True, eq=False)
class Topic:
    """One topic from its arising to its evaluation. Weeks are -1 until they come.

    The residents `low`..`high` live where it lies; their stakes are `stake` (high - low,). `who` and `position`
    grow with those who take part in its sittings. `gap` is the money still missing for its resolution, CNY;
    `carried_by_residents` says that no organisation is needed; `failed_before` counts resolutions that came to nothing.
    """

    number: int
    kind: TopicClass
    scope: str
    micro_grid: int
    low: int
    high: int
    offset: int
    stake: NDArray[np.float32]
    arisen_week: int
    urgency: float
    feasibility: float
    funding_need: float
    polarity: float
    state: str = UNHEARD
    label: str = ""
    mentions: float = 0.0
    heard_week: int = -1
    channel: str = ""
    raised_by: int = -1
    agenda_week: int = -1
    venue_channel: str = ""
    sittings: int = 0
    heat: float = 0.0
    who: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    position: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    spoken_turns: int = 0
    gini_sum: float = 0.0
    vulnerable_turns: float = 0.0
    settled_week: int = -1
    acceptance: float = float("nan")
    proposal: float = float("nan")
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


@lru_cache(maxsize=1)
def bounds_of(community: Any) -> Bounds:
    """The places of a community as ranges of residents: the same for all its runs."""
    return Bounds(community)


class TopicBook:
    """All topics of a run, and the stakes of the open ones in one flat store that kernels can scan."""

    def __init__(self, community: Any, classes: Mapping[str, TopicClass], seed: int, p: TopicParameters) -> None:
        self.seed, self.p = seed, p
        self.classes = [classes[name] for name in sorted(classes)]
        weights = np.array([kind.weight for kind in self.classes])
        self.cumulative = np.cumsum(weights) / weights.sum() if len(weights) else weights
        self.topics: list[Topic] = []
        self.bounds = bounds_of(community)
        self.stakes = np.zeros(STORE * len(community.population), np.float32)
        self.used = 0
        self._open: tuple[list[Topic], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]] | None = None

    def arise(self, week: int, groups: NDArray[np.uint16]) -> list[Topic]:
        """The topics that arise in `week`: Poisson by micro-grid (D12), the same for every scenario of one seed."""
        rate = self.p.arrivals * 12.0 / 52.0
        arrivals = key(self.seed, "topics:arrivals", week)
        new = []
        counts = poissons(arrivals, self.bounds.n_micro_grids, rate)
        for micro_grid in np.flatnonzero(counts).tolist():
            for copy in range(counts[micro_grid]):
                new.append(self._create(week, micro_grid, copy, groups))
        return new

    def _create(self, week: int, micro_grid: int, copy: int, groups: NDArray[np.uint16]) -> Topic:
        draw = key(self.seed, "topics:kind", week, 100 * micro_grid + copy)
        kind = self.classes[int(np.searchsorted(self.cumulative, uniform(draw, 0), side="right"))]
        scope = SCOPES[
            min(int(np.searchsorted(np.cumsum(kind.scope), uniform(draw, 1), side="right")), len(SCOPES) - 1)
        ]
        return self.add(kind, scope, micro_grid, week, groups, draw)

    def add(
        self, kind: TopicClass, scope: str, micro_grid: int, week: int, groups: NDArray[np.uint16], draw: np.uint64
    ) -> Topic:
        """Enter a topic of `kind` that lies in the given place; `draw` is the key of its chances."""
        low, high = self.bounds.of(scope, micro_grid)
        size, number = high - low, len(self.topics)
        if self.used + size > len(self.stakes):
            self._make_room(size)
        stake = self.stakes[self.used : self.used + size]
        draw_stakes(
            key(self.seed, "topics:stake", week, number), low, groups, kind.group_stake, self.p.stake_spread, stake
        )
        chances = uniforms(draw, 7).tolist()
        needs_money = chances[4] < kind.funding_chance
        topic = Topic(
            number=number,
            kind=kind,
            scope=scope,
            micro_grid=micro_grid,
            low=low,
            high=high,
            offset=self.used,
            stake=stake,
            arisen_week=week,
            urgency=_between(kind.urgency, chances[2]),
            feasibility=_between(kind.feasibility, chances[3]),
            funding_need=_between(kind.funding_need, chances[5]) if needs_money else 0.0,
            polarity=_between(kind.polarity, chances[6]),
        )
        self.used += size
        self.topics.append(topic)
        self._open = None
        return topic

    def _make_room(self, size: int) -> None:
        """Drop the stakes of closed topics from the store, and enlarge it if that is not enough."""
        kept = [topic for topic in self.topics if topic.offset >= 0 and (topic.open or topic.execution == "pending")]
        needed = sum(len(topic.stake) for topic in kept) + size
        store = np.zeros(max(len(self.stakes), 2 * needed), np.float32)
        for topic in self.topics:
            if topic.offset >= 0 and topic not in kept:
                topic.offset, topic.stake = -1, np.empty(0, np.float32)
        self.used = 0
        for topic in kept:
            span = slice(self.used, self.used + len(topic.stake))
            store[span] = topic.stake
            topic.offset, topic.stake = self.used, store[span]
            self.used = span.stop
        self.stakes = store

    def changed(self) -> None:
        """Some topic was opened or closed: the list of open ones is made anew when next asked for."""
        self._open = None

    def open_topics(self) -> tuple[list[Topic], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """The open topics and, for the kernels, their first and last resident and place in `stakes`."""
        if self._open is None:
            topics = [topic for topic in self.topics if topic.state in OPEN_STATES]
            low = np.array([topic.low for topic in topics], np.int64)
            high = np.array([topic.high for topic in topics], np.int64)
            offset = np.array([topic.offset for topic in topics], np.int64)
            self._open = topics, low, high, offset
        return self._open


def _between(bounds: tuple[float, float], quantile: float) -> float:
    return bounds[0] + quantile * (bounds[1] - bounds[0])


class Bounds:
    """First and last resident of each place: residents are numbered by micro-grid, so a place is a range."""

    def __init__(self, community: Any) -> None:
        places, people = community.places, community.population
        self.n = len(people)
        self.n_micro_grids = places.n_micro_grids
        edges = np.searchsorted(people.micro_grid, np.arange(self.n_micro_grids + 1))
        self.micro_grid = [(int(a), int(b)) for a, b in zip(edges[:-1], edges[1:], strict=True)]
        self.grid = self._ranges(people.grid, places.micro_grid_grid)
        first = np.array([a for a, _ in self.micro_grid])
        estate = people.estate[np.minimum(first, self.n - 1)]
        self.estate = self._ranges(people.estate, estate)

    @staticmethod
    def _ranges(place: NDArray[Any], of_micro_grid: NDArray[Any]) -> list[tuple[int, int]]:
        """The range of residents in the same place as each micro-grid."""
        bounds = {}
        for number in np.unique(of_micro_grid):
            rows = np.flatnonzero(place == number)
            bounds[int(number)] = (int(rows[0]), int(rows[-1]) + 1)
        return [bounds[int(number)] for number in of_micro_grid]

    def of(self, scope: str, micro_grid: int) -> tuple[int, int]:
        """First and last (exclusive) resident of the place of size `scope` that holds `micro_grid`."""
        if scope == "community":
            return 0, self.n
        return getattr(self, scope)[micro_grid]
