"""Kinds of topic 议题类别, as configured in configs/topic: how often they arise, where, for whom, who has to act."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from consensus_sim.council.organisations import ORGANISATIONS
from consensus_sim.errors import InputError
from consensus_sim.randomness import stream
from consensus_sim.residents.columns import GROUPS
from consensus_sim.settings import STRICT, Label, OptionalDay, Reported, Share, Text, choice, pair, read, setting

SCOPES = ("micro_grid", "grid", "estate", "community")
NAMED = 1_000_000_000
"""Numbers from here on are those of topics that arise on a date of their own; the others count up from 0."""


Group = Annotated[str, choice(*GROUPS)]
ByGroup = dict[Group, Share]


@dataclass(frozen=True, kw_only=True)
class Funding:
    """Money that a topic may need: how often any (share of topics), and how much (CNY, from and to)."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    chance: float = setting(0, 1, "share of topics")
    need: tuple[float, float] = pair(0, 1e9, "CNY")


@dataclass(frozen=True, kw_only=True)
class Issues:
    """Two issues in one topic: how often (share of topics), and how unlike the two sides weigh them (from and to)."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    chance: float = setting(0, 1, "share of topics")
    unlike: tuple[float, float] = pair(0, 1)


@dataclass(frozen=True, kw_only=True)
class TopicSettings:
    """A file of configs/topic, as written there; `TopicClass` holds what the fields mean."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    label: Label
    category: Text
    weight: float = setting(0, 1e6, "relative weight")
    scope: dict[Annotated[str, choice(*SCOPES)], Share]
    urgency: tuple[float, float] = pair(0, 1)
    feasibility: tuple[float, float] = pair(0, 1)
    funding: Funding
    stakes: ByGroup
    positions: ByGroup
    polarity: tuple[float, float] = pair(0, 1)
    majority: tuple[float, float] = pair(0.5, 1)
    issues: Issues
    position_spread: float = setting(0, 1)
    responsible: str = choice(*ORGANISATIONS)
    deadline_weeks: int = setting(1, 520, "weeks")
    arises: OptionalDay = None
    place: Annotated[int | None, setting(0, 1e6, "number of a micro-grid")] = None
    reported: Reported | None = None


@dataclass(frozen=True, slots=True)
class TopicClass:
    """A kind of topic, as configured in configs/topic: how often, where, for whom, and who has to act.

    One of weight 0 never arises by chance. A named dispute has a date on which it `arises` (None: never), may have its
    `place` (number of a micro-grid; None: by keyed chance), and what the case study has `reported` of its course
    (zh, en, source).
    """

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
    majority: tuple[float, float]
    issue_chance: float
    unlike: tuple[float, float]
    position_spread: float
    responsible: str
    deadline_weeks: int
    arises: datetime.date | None = None
    place: int | None = None
    reported: dict[str, str] | None = None

    @property
    def number(self) -> int:
        """The number of the topic that arises on this kind's date: a function of the kind's name alone."""
        return NAMED + stream(f"topic:{self.name}") % NAMED

    @classmethod
    def from_config(cls, name: str, config: object) -> TopicClass:
        """Reads and checks one file of configs/topic. Raises InputError for all that is wrong in it."""
        where = f"topic.{name}"
        read_as = read(TopicSettings, config, where)
        shares = tuple(read_as.scope.get(scope, 0.0) for scope in SCOPES)
        if abs(sum(shares) - 1.0) > 1e-6:
            raise InputError("shares_add_up", where=f"{where}.scope", total=f"{sum(shares):g}")
        if "all" not in read_as.positions:
            raise InputError("missing_key", where=f"{where}.positions", name="all", needed=["all"])
        return cls(
            name=name,
            label=read_as.label,
            category=read_as.category,
            weight=read_as.weight,
            scope=shares,
            urgency=read_as.urgency,
            feasibility=read_as.feasibility,
            funding_chance=read_as.funding.chance,
            funding_need=read_as.funding.need,
            group_stake=_by_group(read_as.stakes, 0.0),
            group_position=_by_group(read_as.positions, np.nan),
            polarity=read_as.polarity,
            majority=read_as.majority,
            issue_chance=read_as.issues.chance,
            unlike=read_as.issues.unlike,
            position_spread=read_as.position_spread,
            responsible=read_as.responsible,
            deadline_weeks=read_as.deadline_weeks,
            arises=read_as.arises,
            place=read_as.place,
            reported=read_as.reported,
        )


def _by_group(found: Mapping[str, float], missing: float) -> NDArray[np.float64]:
    return np.array([found.get(group, missing) for group in GROUPS])
