"""Kinds of topic 议题类别, as configured in configs/topic: how often they arise, where, for whom, who has to act."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.errors import InputError, one_of
from consensus_sim.randomness import stream
from consensus_sim.residents.columns import GROUPS

SCOPES = ("micro_grid", "grid", "estate", "community")
NAMED = 1_000_000_000
"""Numbers from here on are those of topics that arise on a date of their own; the others count up from 0."""


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
    def from_config(cls, name: str, config: Mapping[str, Any]) -> TopicClass:
        """Read and check one file of configs/topic."""
        where = f"topic.{name}"
        known = (
            "label", "category", "weight", "scope", "urgency", "feasibility", "funding", "stakes", "positions",
            "polarity", "position_spread", "responsible", "deadline_weeks",
        )  # fmt: skip
        optional = ("arises", "place", "reported")
        for key_ in config:
            if key_ not in (*known, *optional):
                raise one_of(f"{where}: unknown key", key_, (*known, *optional))
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
            arises=_date(f"{where}.arises", config.get("arises")),
            place=_place(f"{where}.place", config.get("place")),
            reported=_reported(f"{where}.reported", config.get("reported")),
        )


def _number(where: str, found: Any, low: float, high: float) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float) or not low <= found <= high:
        raise InputError(f"{where}: found {found!r}; allowed: {low:g} to {high:g}")
    return float(found)


def _pair(where: str, found: Any) -> tuple[float, float]:
    if not isinstance(found, list | tuple) or len(found) != 2:
        raise InputError(f"{where}: found {found!r}; a pair [low, high] in 0 to 1 is needed")
    low, high = _number(where, found[0], 0, 1), _number(where, found[1], 0, 1)
    if low > high:
        raise InputError(f"{where}: found {list(found)!r}; allowed: [low, high], low no larger than high")
    return low, high


def _date(where: str, found: Any) -> datetime.date | None:
    try:
        return None if found is None else datetime.date.fromisoformat(str(found))
    except ValueError:
        allowed = "null (never on its own), or a date written YYYY-MM-DD"
        raise InputError(f"{where}: found {found!r}; allowed: {allowed}") from None


def _place(where: str, found: Any) -> int | None:
    if found is not None and (isinstance(found, bool) or not isinstance(found, int) or found < 0):
        raise InputError(f"{where}: found {found!r}; allowed: null (drawn), or the number of a micro-grid, from 0")
    return found


def _reported(where: str, found: Any) -> dict[str, str] | None:
    if found is None:
        return None
    if not isinstance(found, Mapping) or set(found) != {"zh", "en", "source"}:
        raise InputError(f"{where}: found {found!r}; allowed: null, or {{zh: text, en: text, source: text}}")
    return {name: str(text) for name, text in found.items()}


def _by_group(where: str, found: Mapping[str, Any], missing: float) -> NDArray[np.float64]:
    return np.array([_number(f"{where}.{g}", found[g], 0, 1) if g in found else missing for g in GROUPS])
