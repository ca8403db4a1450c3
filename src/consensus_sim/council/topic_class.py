"""Kinds of topic 议题类别, as configured in configs/topic: how often, where and for whom they arise, who has to act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Annotated, Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from consensus_sim.council.organisations import ORGANISATIONS
from consensus_sim.errors import InputError, unknown_key
from consensus_sim.randomness import stream
from consensus_sim.residents.columns import GROUPS
from consensus_sim.settings import STRICT, Label, OptionalDay, Reported, Share, Text, choice, pair, read, setting

SCOPES = ("micro_grid", "grid", "estate", "community")
NAMED = 1_000_000_000
"""Numbers from here on are those of topics that arise on a date of their own; the others count up from 0."""


Named = TypeVar("Named", bound=Any)


def read_named(kind: type[Named], name: str, config: object, where: str) -> Named:
    """Reads one file of a group as a `kind`, whose `name` is that of the file and no key in it."""
    if isinstance(config, Mapping):
        if "name" in config:
            raise unknown_key(where, "name", [each.name for each in fields(kind) if each.name != "name"])
        config = {**config, "name": name}
    return read(kind, config, where)


Group = Annotated[str, choice(*GROUPS)]
ByGroup = dict[Group, Share]


@dataclass(frozen=True, kw_only=True)
class Funding:
    """Money that a topic may need: the share of topics that need any, and how much (CNY, from and to)."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    chance: float = setting(0, 1, "share of topics")
    need: tuple[float, float] = pair(0, 1e9, "CNY")


@dataclass(frozen=True, kw_only=True)
class Issues:
    """Two issues in one topic: share of topics, and difference of the weights of the two sides (from and to)."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    chance: float = setting(0, 1, "share of topics")
    unlike: tuple[float, float] = pair(0, 1)


@dataclass(frozen=True, kw_only=True)
class TopicClass:
    """A kind of topic, as configured in configs/topic: how often, where, for whom, and who has to act.

    A kind of weight 0 never arises at random. A named dispute has a date on which it `arises` (None: never). It may
    have its `place` (number of a micro-grid; None: a random one), and what the case study has `reported` of its course
    (zh, en, source).
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    name: Annotated[str, Field(json_schema_extra={"hidden": True})]
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

    @classmethod
    def from_config(cls, name: str, config: object) -> TopicClass:
        """Reads and checks one file of configs/topic. Raises InputError for all that is wrong in it."""
        where = f"topic.{name}"
        kind = read_named(cls, name, config, where)
        if abs(sum(kind.scopes) - 1.0) > 1e-6:
            raise InputError("shares_add_up", where=f"{where}.scope", total=f"{sum(kind.scopes):g}")
        if "all" not in kind.positions:
            raise InputError("missing_key", where=f"{where}.positions", name="all", needed=["all"])
        return kind

    @property
    def number(self) -> int:
        """Number of the topic that arises on this kind's date: a function of the kind's name alone."""
        return NAMED + stream(f"topic:{self.name}") % NAMED

    @property
    def scopes(self) -> tuple[float, ...]:
        """Share of topics of each scope, in the order of `SCOPES`."""
        return tuple(self.scope.get(scope, 0.0) for scope in SCOPES)

    @cached_property
    def group_stake(self) -> NDArray[np.float64]:
        """(groups,) stakes; 0 for a group without one of its own."""
        return np.array([self.stakes.get(group, 0.0) for group in GROUPS])

    @cached_property
    def group_position(self) -> NDArray[np.float64]:
        """(groups,) positions; NaN for a group without one of its own."""
        return np.array([self.positions.get(group, np.nan) for group in GROUPS])
