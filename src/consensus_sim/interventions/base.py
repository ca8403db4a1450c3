"""The shape of a lever: one policy with dates, settings and a cost.

A lever is a dataclass whose fields are its settings, each declared with `setting(...)` so that it is checked when it
is read. It overrides only the hooks it needs. It never reaches into another lever: levers meet through the residents'
columns, the council's rules and the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from math import inf
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from consensus_sim.council.events import NOBODY, Event, Rows
from consensus_sim.council.topics import AGENDA, Topic
from consensus_sim.errors import InputError, not_allowed, phrase, unknown_key
from consensus_sim.interventions.loading import CLASS, load_class
from consensus_sim.settings import DOSE, STRICT, OptionalDay, choice, missing_fields, read, setting, switch, unlisted

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel

__all__ = ["COST_KEYS", "DOSE", "Cost", "Intervention", "adjust", "adjusted", "build_lever", "choice", "setting"]
__all__ += ["switch"]


class Cost(NamedTuple):
    """What a lever costs in a week: money in CNY, working time of staff in hours."""

    money: float
    staff_hours: float


PriceName = Literal["start_money", "weekly_money", "weekly_hours", "event_money", "event_hours"]
COST_KEYS: tuple[str, ...] = get_args(PriceName)
Prices = dict[PriceName, Annotated[float, setting(0, 1e9, "CNY or hours")]]


@dataclass(kw_only=True, eq=False)
class Intervention:
    """One lever. `start` and `end` are its first and last day (None: the run's); one that is `held_back` waits until a
    policy brings it into force; `cost` its prices (CNY, hours; see COST_KEYS).
    """

    GOES_ON: ClassVar[tuple[str, ...]] = ("begun",)
    """Attributes that adjusting the lever leaves as they are, though it ends and starts anew."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    name: Annotated[str, unlisted()] = ""
    start: OptionalDay = None
    end: OptionalDay = None
    held_back: Annotated[bool, switch()] = False
    cost: Prices = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._events_held = 0
        self._started = False
        for name in missing_fields(self):
            needed = [each.name for each in fields(self) if each.name != "name"]
            raise InputError("missing_key", where=f"intervention.{self.name}", name=name, needed=needed)
        self.check()

    def check(self) -> None:
        """Check the settings against each other; their types and ranges are checked when they are read."""
        if self.start and self.end and self.end < self.start:
            where = f"intervention.{self.name}.end"
            raise not_allowed(where, self.end.isoformat(), phrase("a_date_from", date=self.start.isoformat()))

    def check_scenario(self, levers: Mapping[str, Intervention]) -> None:
        """Check the settings against the other levers of the scenario, given by name."""

    def check_community(self, model: CommunityModel) -> None:
        """Check the settings against who lives in the community, before the first week."""

    def settings(self) -> list[str]:
        """Names of the settings that a policy may change while the run goes on."""
        return [each.name for each in fields(self) if each.name not in ("name", "start", "end", "held_back", "cost")]

    def most(self, setting: str, weeks: int) -> float:
        """Largest value of `setting` that `weeks` weeks in force have room for; infinite where time sets no limit."""
        return inf

    def on_start(self, model: CommunityModel) -> None:
        """The lever comes into force: open channels, change rules."""

    def on_end(self, model: CommunityModel) -> None:
        """The lever goes out of force: undo what `on_start` did."""

    def on_adjusted(self, model: CommunityModel) -> None:
        """Settings were changed while the lever is in force; by default it ends and starts anew, but what it holds goes
        on: its rhythm, its channels, since when they have been open and who knows of them, and what is on their
        agendas.
        """
        aware, opened = model.residents.aware, {name: each.opened_week for name, each in model.channels.items()}
        known = aware.copy()
        goes_on = {name: vars(self)[name] for name in self.GOES_ON if name in vars(self)}
        on_agenda = [topic for topic in model.topics.waiting if topic.state == AGENDA]
        self.on_end(model)
        self.on_start(model)
        vars(self).update(goes_on)
        for name in opened.keys() & model.channels.keys():
            model.channels[name].opened_week = opened[name]
            bit = np.uint16(model.channels[name].bit)
            aware[:] = (aware & ~bit) | (known & bit)  # opening tells the team, of whom some may have forgotten
        for topic in on_agenda:
            if topic.venue_channel in model.channels:
                topic.state = AGENDA

    def on_week_start(self, model: CommunityModel) -> None:
        """The week begins; levers have started and stopped by the calendar."""

    def collectors(self, model: CommunityModel) -> Rows:
        """Residents who collect and lead the matters of others for this lever (F41)."""
        return NOBODY

    def on_collected(self, model: CommunityModel, who: Rows) -> None:
        """Residents `who` have each collected a matter of others this week (F41)."""

    def events(self, model: CommunityModel) -> list[Event]:
        """The events that this lever holds in the present week."""
        return []

    def invite(self, model: CommunityModel, event: Event) -> None:
        """Ask people to come to `event` (append to `event.asked`), give seats."""

    def utility(self, model: CommunityModel, event: Event) -> float | NDArray[np.floating]:
        """What the lever adds to the decision to come, log-odds: a number for all, or an array (n_residents,)."""
        return 0.0

    def on_attended(self, model: CommunityModel, event: Event) -> None:
        """`event` is over: `event.came`, `event.spoke` and `event.raised` say who did what."""

    def on_adopted(self, model: CommunityModel, topic: Topic) -> None:
        """`topic`, a suggestion of resident `topic.raised_by`'s own, became a formal topic."""

    def on_settled(self, model: CommunityModel, event: Event, topic: Topic) -> None:
        """`topic` was settled at `event`."""

    def on_executed(self, model: CommunityModel, topic: Topic) -> None:
        """The resolution on `topic` was carried out."""

    def on_month_end(self, model: CommunityModel) -> None:
        """The present week is the last of its month."""

    def on_quarter_end(self, model: CommunityModel) -> None:
        """The present week is the last of its quarter."""

    def on_week_end(self, model: CommunityModel) -> None:
        """All events of the week are over."""

    def spent(self, model: CommunityModel) -> float:
        """Money spent this week beyond the prices in `cost`, CNY."""
        return 0.0

    def book(self, model: CommunityModel) -> Cost:
        """What the present week cost, by the prices in `cost`, the events held and `spent`."""
        price, held = self.cost.get, self._events_held
        money, hours = price("weekly_money", 0.0), price("weekly_hours", 0.0)
        if not self._started:
            self._started, money = True, price("start_money", 0.0) + money
        if held:
            self._events_held = 0
            money, hours = money + held * price("event_money", 0.0), hours + held * price("event_hours", 0.0)
        return Cost(float(money + self.spent(model)), float(hours))

    def count_event(self, number: int = 1) -> None:
        """Count events held this week, for the costs."""
        self._events_held += number


def adjusted(lever: Intervention, changes: Mapping[str, Any]) -> Intervention:
    """A lever as `lever` with `changes` of settings, checked; prices under `cost` are laid over those there are.

    Raises InputError for a setting that does not exist or a value that is not allowed.
    """
    given = {each.name: getattr(lever, each.name) for each in fields(lever)}
    given |= {key: {**lever.cost, **value} if key == "cost" else value for key, value in changes.items()}
    return read(type(lever), given, f"intervention.{lever.name}")


def adjust(lever: Intervention, changes: Mapping[str, Any]) -> None:
    """Changes settings of `lever` while the run goes on, after checking them."""
    fresh = adjusted(lever, changes)
    for key in changes:
        setattr(lever, key, getattr(fresh, key))


def build_lever(name: str, settings: Mapping[str, Any]) -> Intervention:
    """The lever called `name` from its settings, of which `class` names its class.

    Raises:
    ------
    InputError: no such class, a setting unknown, missing or out of range, a date that is none.
    """
    where = f"intervention.{name}"
    if CLASS not in settings:
        raise InputError("missing_key", where=where, name=CLASS, needed=phrase("a_class"))
    kind = load_class(f"{where}.{CLASS}", settings.get(CLASS))
    if not issubclass(kind, Intervention):
        raise InputError("class_no_class", where=f"{where}.{CLASS}", found=settings.get(CLASS))
    given = {key: value for key, value in settings.items() if key != CLASS}
    if "name" in given:  # it is that of the file
        raise unknown_key(where, "name", [each.name for each in fields(kind) if each.name != "name"])
    return read(kind, {**given, "name": name}, where)
