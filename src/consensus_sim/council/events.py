"""Channels through which residents can take part, the rooms they are held in, and their dated events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from consensus_sim.council.topic_class import Group, read_named
from consensus_sim.dynamics.participation import OWN_GROUP, TEAM_CALL
from consensus_sim.errors import InputError, not_allowed, phrase
from consensus_sim.residents.columns import CHANNELS
from consensus_sim.settings import STRICT, Label, setting, switch

if TYPE_CHECKING:
    from consensus_sim.council.topics import Topic

Rows = NDArray[np.int32]
NOBODY: Rows = np.empty(0, np.int32)
PLACELESS = ("online", "doorstep", "street")
"""Venues without a place: online, everybody's own door, and the ways between."""

OF_BEHAVIOUR = ("reception", "adhoc", "council", "tea", "ballot")
"""Channels whose level is a parameter of behaviour, drawn or calibrated (P1, P14, D2)."""

Hits = Annotated[float, setting(0, 1, "share")]
LogOdds = Annotated[float, setting(-5, 5, "log-odds")]
VenueName = Literal["committee_office", "parlour", "park", "online", "doorstep", "street"]


@dataclass(frozen=True, kw_only=True)
class Channel:
    """Channel 渠道: a way to take part, as configured in configs/channel.

    - `formality`, 0 (chat) to 1 (formal session), scales the fear of speaking.
    - `clash_working`, `clash_parent`, `clash_elder`: shares of the time cost of workers and of parents of small
      children, and of the cost of an evening out for the old.
    - `voice`: rate at which people raise topics, relative to the tea; `gathers`: whether they are asked for topics that
      nobody has raised yet, and raise those first.
    - `suits`: log-odds by group of residents whom it suits more or less than its hours say.
    - `invitations`: number of residents whom the committee asks to an ad-hoc meeting; `invite_chance`: weight of the
      random draw against stake.
    - `level`: log-odds that an average adult who knows of it comes to one event uninvited (online: added to those of
      P14); a parameter of behaviour for the channels of `OF_BEHAVIOUR`.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    name: Annotated[str, Field(json_schema_extra={"hidden": True})]
    label: Label
    online: bool = switch()
    formality: Hits
    clash_working: Hits
    clash_parent: Hits
    clash_elder: Hits = 0.0
    voice: float = setting(0, 10, "times the tea")
    venue: VenueName
    sessions_per_month: Annotated[float, setting(0, 4.345, "sessions a month")] = 0.0
    capacity: int = setting(0, 10_000_000, "persons")
    invitations: Annotated[int | None, setting(0, 1000, "persons")] = None
    invite_chance: Annotated[float | None, setting(0, 1, "share")] = None
    level: Annotated[float | None, setting(-20, 5, "log-odds")] = None
    suits: dict[Group, LogOdds] = field(default_factory=dict)
    gathers: Annotated[bool, switch()] = False

    @classmethod
    def from_config(cls, name: str, config: object) -> Channel:
        """Reads and checks one file of configs/channel. Raises InputError for all that is wrong in it."""
        where = f"channel.{name}"
        channel = read_named(cls, name, config, where)
        if name == "ballot" and not channel.online:
            raise not_allowed(f"{where}.online", channel.online, phrase("names", names=["true"]))
        if channel.online and name in CHANNELS and name != "ballot" and not channel.sessions_per_month:
            # only the ballot's intervention gives the number of events; for a channel of one's own see `open_channel`
            raise InputError("online_without_events", where=f"{where}.online", key=f"{where}.sessions_per_month")
        asked = {"invitations": channel.invitations, "invite_chance": channel.invite_chance}
        for key, value in asked.items():
            if name == "adhoc" and value is None:
                raise InputError("missing_key", where=where, name=key, needed=list(asked))
            if name != "adhoc" and value is not None:  # other invitations are settings of interventions
                raise InputError("only_adhoc", where=f"{where}.{key}")
        clashes = ("clash_working", "clash_parent", "clash_elder")
        for key in clashes if channel.online else ():
            if getattr(channel, key):
                raise InputError("no_clash_online", where=f"{where}.{key}", found=getattr(channel, key))
        if name not in OF_BEHAVIOUR and channel.level is None:
            raise InputError("missing_key", where=where, name="level", needed=["level"])
        if name in OF_BEHAVIOUR and channel.level is not None:
            raise InputError("level_of_behaviour", where=f"{where}.level", name=name)
        return channel


@dataclass(slots=True)
class Venue:
    """A room or place where events are held.

    `relief`: share of the fear of speaking that the room takes away (P12); `elder_relief`: further share for elders;
    `show`: share of the notice rate at which events held here become known (P13); `display`: whether results are shown.
    """

    name: str
    x: float
    y: float
    capacity: int = 10**9
    """Persons; the default sets no limit."""
    relief: float = 0.0
    elder_relief: float = 0.0
    show: float = 0.0
    display: bool = False


@dataclass(slots=True)
class OpenChannel:
    """An open channel of a run, with the fixed part of the utility of taking part through it, `fixed` (n,).

    level, letter, personal: log-odds of an average adult who knows of it, or is asked by letter or in person; `member`:
    of the members of a group that meets there; `centre` is subtracted from each
    per_year: events a year, over which the probability of P14 is spread online; 0 in person
    routine: least rate a week at which residents next door hear of it; above 0 for long-standing channels
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
    member: float = 0.0
    per_year: float = 0.0
    routine: float = 0.0

    @property
    def name(self) -> str:
        """Name of the channel."""
        return self.channel.name


@dataclass(slots=True)
class Event:
    """One dated occurrence of a channel.

    - `asked`: residents asked, by the way of asking (codes of dynamics.participation); `seats_offered`,
      `seats_accepted`: seats given by rule.
    - `panel`: residents who sit beside the core and are counted with it: those who take a seat given by rule, else
      those whom the council itself asked.
    - `came`: residents present, ascending; `officers`: number of officers present; `raised`: pairs of a resident and
      the number of the topic they raised.
    - `within`: range of residents (first, last exclusive) for whom it is held, None for all; `places`: number of places
      where channel and venue do not set it.
    """

    open: OpenChannel
    week: int
    number: int
    channel: Channel = field(init=False)
    topics: list[Topic] = field(default_factory=list)
    asked: list[tuple[int, Rows]] = field(default_factory=list)
    moderated: bool = False
    within: tuple[int, int] | None = None
    places: int | None = None
    seats_offered: Rows | None = None
    seats_accepted: Rows | None = None
    panel: Rows = field(default_factory=lambda: NOBODY)
    came: Rows = field(default_factory=lambda: NOBODY)
    spoke: Rows = field(default_factory=lambda: NOBODY)
    officers: int = 0
    raised: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.channel = self.open.channel

    @property
    def called(self) -> list[Rows]:
        """Members of the council team or the seed group whom their group calls to the event."""
        return [who for code, who in self.asked if code in (TEAM_CALL, OWN_GROUP)]

    @property
    def capacity(self) -> int:
        """Number of people who find a place."""
        return min(self.channel.capacity, self.open.venue.capacity) if self.places is None else self.places


def among(came: Rows, groups: Iterable[Rows], flags: NDArray[np.bool_]) -> Rows:
    """Those of `came` (m,) who belong to one of the `groups`; `flags` (n,) is working space, left as it was."""
    for who in groups:
        flags[who] = True
    present = came[flags[came]]
    for who in groups:
        flags[who] = False
    return present
