"""Channels a resident can take part through, the rooms they are held in, and their dated events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.errors import InputError, one_of
from consensus_sim.residents.columns import GROUPS

Rows = NDArray[np.int32]
NOBODY: Rows = np.empty(0, np.int32)
PLACELESS = ("online", "doorstep", "street")
"""Venues that are nowhere in particular: the network, everybody's own door, and the ways between."""


@dataclass(frozen=True, slots=True)
class Channel:
    """Channel 渠道: a way to take part, as configured in configs/channel.

    `formality` 0 (chat) to 1 (formal session) scales the fear of speaking; `clash_working` and `clash_parent` the
    share of the time cost that hits workers and parents of small children, `clash_elder` that of what an evening out
    costs the old; `voice` how often people raise a matter
    here, relative to the tea, and `gathers` whether they are asked for what nobody has raised yet, and bring that
    first; `suits` log-odds by group of residents whom it suits more or less than its hours say; `invitations` how many
    the committee itself asks to an ad-hoc meeting, and `invite_chance` the weight of the lot against stake.
    """

    name: str
    label: dict[str, str]
    online: bool
    formality: float
    clash_working: float
    clash_parent: float
    clash_elder: float
    voice: float
    venue: str
    sessions_per_month: float
    capacity: int
    invitations: int
    invite_chance: float
    suits: dict[str, float]
    gathers: bool

    @classmethod
    def from_config(cls, name: str, config: Mapping[str, Any]) -> Channel:
        """Read and check one file of configs/channel."""
        fields = [f for f in cls.__dataclass_fields__ if f != "name"]
        for key in config:
            if key not in fields:
                raise one_of(f"channel.{name}: unknown key", key, fields)
        config = {"sessions_per_month": 0.0, "clash_elder": 0.0, "suits": {}, "gathers": False, **config}
        if name != "adhoc":  # whom a channel's lever asks is a setting of the lever
            for key in ("invitations", "invite_chance"):
                if key in config:
                    raise InputError(f"channel.{name}.{key}: only the ad-hoc meeting has it; allowed: leave it out")
            config |= {"invitations": 0, "invite_chance": 0.0}
        missing = [key for key in fields if key not in config]
        if missing:
            raise InputError(f"channel.{name}: missing {', '.join(missing)}")
        for key, high in (
            ("formality", 1.0),
            ("clash_working", 1.0),
            ("clash_parent", 1.0),
            ("clash_elder", 1.0),
            ("voice", 10.0),
            ("sessions_per_month", 4.345),
            ("capacity", 1e7),
            ("invitations", 1000),
            ("invite_chance", 1.0),
        ):
            found = config[key]
            if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= high:
                raise InputError(f"channel.{name}.{key}: found {found!r}; allowed: 0 to {high:g}")
        if not isinstance(config["gathers"], bool):
            raise InputError(f"channel.{name}.gathers: found {config['gathers']!r}; allowed: true or false")
        for group, found in config["suits"].items():
            if group not in GROUPS:
                raise one_of(f"channel.{name}.suits: unknown group", group, GROUPS)
            if isinstance(found, bool) or not isinstance(found, int | float) or not -5 <= found <= 5:
                raise InputError(f"channel.{name}.suits.{group}: found {found!r}; allowed: -5 to 5 log-odds")
        return cls(name=name, **{key: config[key] for key in fields})


@dataclass(slots=True)
class Venue:
    """A room or place where events are held.

    `relief` is the share of the fear of speaking that the room takes away (P12), `elder_relief` the further share for
    elders; `show` the share of the notice rate with which what is held here becomes known (P13); `display` whether
    results are shown.
    """

    name: str
    x: float
    y: float
    capacity: int
    relief: float = 0.0
    elder_relief: float = 0.0
    show: float = 0.0
    display: bool = False


@dataclass(slots=True)
class OpenChannel:
    """A channel in force in a run, with what each resident faces when taking part through it; arrays of shape (n,).

    level, letter, personal: log-odds of an average adult who knows of it, or is asked by letter or in person; `centre`
    is taken from each
    """

    channel: Channel
    venue: Venue
    bit: int
    level: float
    letter: float
    personal: float
    opened_week: int
    novel: bool
    fixed: NDArray[np.float32]
    centre: float

    @property
    def name(self) -> str:
        """Name of the channel."""
        return self.channel.name


@dataclass(slots=True)
class Event:
    """One dated occurrence of a channel.

    `asked` lists who was asked and how (codes of dynamics.participation); `seats_offered` and `seats_accepted` the
    seats given by rule, `seated_present` those of them who come; `came` the residents present, ascending; `officers`
    the officers of the team present; `raised` who raised which matter. `within` is the range of residents (first, last
    exclusive) for whom it is held, None for all; `places` how many it holds where that is not up to channel and venue.
    """

    open: OpenChannel
    week: int
    number: int
    channel: Channel = field(init=False)
    topics: list[Any] = field(default_factory=list)
    asked: list[tuple[int, Rows]] = field(default_factory=list)
    moderated: bool = False
    within: tuple[int, int] | None = None
    places: int | None = None
    seats_offered: Rows | None = None
    seats_accepted: Rows | None = None
    seated_present: Rows = field(default_factory=lambda: NOBODY)
    came: Rows = field(default_factory=lambda: NOBODY)
    spoke: Rows = field(default_factory=lambda: NOBODY)
    officers: int = 0
    raised: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.channel = self.open.channel

    @property
    def capacity(self) -> int:
        """How many people find a place."""
        return min(self.channel.capacity, self.open.venue.capacity) if self.places is None else self.places
