"""The shape of a lever: one policy with dates, settings and a cost.

A lever is a dataclass whose fields are its settings, each declared with `setting(...)` so that it is checked when it
is read. It overrides only the hooks it needs. It never reaches into another lever: levers meet through the residents'
columns, the council's rules and the ledger.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import date
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.events import Event
from consensus_sim.council.topics import AGENDA, Topic
from consensus_sim.errors import InputError, one_of


class Cost(NamedTuple):
    """What a lever costs in a week: money in CNY, working time of staff in hours."""

    money: float
    staff_hours: float


COST_KEYS = ("start_money", "weekly_money", "weekly_hours", "event_money", "event_hours")


def setting(low: float, high: float, unit: str = "", *, integer: bool = False, optional: bool = False) -> Any:
    """Declare a numeric setting with its allowed range and unit; its value comes from configs/intervention.

    optional: may be None, which leaves the value to a parameter of the behaviour and so to its prior
    """
    return field(metadata={"low": low, "high": high, "unit": unit, "integer": integer, "optional": optional})


def choice(*allowed: str) -> Any:
    """Declare a setting that is one of some words."""
    return field(metadata={"allowed": allowed})


def switch() -> Any:
    """Declare a setting that is on or off."""
    return field(metadata={"switch": True})


@dataclass(kw_only=True, eq=False)
class Intervention:
    """One lever. `start` and `end` are its first and last day (None: the run's); one that is `held_back` waits until a
    policy brings it into force; `cost` its prices (CNY, hours; see COST_KEYS).
    """

    GOES_ON: ClassVar[tuple[str, ...]] = ("begun",)
    """Attributes that adjusting the lever leaves as they are, though it ends and starts anew."""

    name: str = ""
    start: date | None = None
    end: date | None = None
    held_back: bool = False
    cost: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._events_held = 0
        self._started = False
        self.check()

    def check(self) -> None:
        """Check the settings against their declarations; a subclass may add checks of its own after calling this."""
        if not isinstance(self.held_back, bool):
            raise InputError(f"intervention.{self.name}.held_back: found {self.held_back!r}; allowed: true or false")
        for each in fields(self):
            where, found = f"intervention.{self.name}.{each.name}", getattr(self, each.name)
            rule = each.metadata
            if "allowed" in rule and found not in rule["allowed"]:
                raise one_of(where, found, rule["allowed"])
            if "switch" in rule and not isinstance(found, bool):
                raise InputError(f"{where}: found {found!r}; allowed: true or false")
            if "low" in rule and not (rule["optional"] and found is None):
                check_number(where, found, rule["low"], rule["high"], rule["unit"], rule["integer"])
        for key, found in self.cost.items():
            if key not in COST_KEYS:
                raise one_of(f"intervention.{self.name}.cost: unknown key", key, COST_KEYS)
            check_number(f"intervention.{self.name}.cost.{key}", found, 0, 1e9, "CNY or hours", False)

    def check_scenario(self, levers: Mapping[str, Intervention]) -> None:
        """Check the settings against the other levers of the scenario, given by name."""

    def check_community(self, model: Any) -> None:
        """Check the settings against who lives in the community, before the first week."""

    def settings(self) -> list[str]:
        """Names of the settings that a policy may change while the run goes on."""
        return [each.name for each in fields(self) if each.name not in ("name", "start", "end", "held_back", "cost")]

    def on_start(self, model: Any) -> None:
        """The lever comes into force: open channels, change rules."""

    def on_end(self, model: Any) -> None:
        """The lever goes out of force: undo what `on_start` did."""

    def on_adjusted(self, model: Any) -> None:
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

    def on_week_start(self, model: Any) -> None:
        """The week begins; levers have started and stopped by the calendar."""

    def events(self, model: Any) -> list[Event]:
        """The events that this lever holds in the present week."""
        return []

    def invite(self, model: Any, event: Event) -> None:
        """Ask people to come to `event` (append to `event.asked`), give seats."""

    def utility(self, model: Any, event: Event) -> float | NDArray[Any]:
        """What the lever adds to the decision to come, log-odds: a number for all, or an array (n_residents,)."""
        return 0.0

    def on_attended(self, model: Any, event: Event) -> None:
        """`event` is over: `event.came`, `event.spoke` and `event.raised` say who did what."""

    def on_adopted(self, model: Any, topic: Topic) -> None:
        """`topic`, which resident `topic.raised_by` raised, became a formal topic."""

    def on_settled(self, model: Any, event: Event, topic: Topic) -> None:
        """`topic` was settled at `event`."""

    def on_executed(self, model: Any, topic: Topic) -> None:
        """The resolution on `topic` was carried out."""

    def on_month_end(self, model: Any) -> None:
        """The present week is the last of its month."""

    def on_quarter_end(self, model: Any) -> None:
        """The present week is the last of its quarter."""

    def on_week_end(self, model: Any) -> None:
        """All events of the week are over."""

    def spent(self, model: Any) -> float:
        """Money spent this week beyond the prices in `cost`, CNY."""
        return 0.0

    def book(self, model: Any) -> Cost:
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


def check_number(where: str, found: Any, low: float, high: float, unit: str, integer: bool) -> None:
    """Raise InputError unless `found` is a number in [low, high]."""
    kind = int if integer else int | float
    if isinstance(found, bool) or not isinstance(found, kind) or not low <= found <= high:
        word = "a whole number from " if integer else ""
        raise InputError(f"{where}: found {found!r}; allowed: {word}{low:g} to {high:g} {unit}".rstrip())


def build_lever(name: str, settings: Mapping[str, Any]) -> Intervention:
    """The lever called `name` from its settings; `_target_` is the dotted path of its class.

    Raises:
    ------
    InputError: no such class, a setting unknown, missing or out of range, a date that is none.
    """
    where = f"intervention.{name}"
    target = settings.get("_target_")
    if not isinstance(target, str) or "." not in target:
        raise InputError(f"{where}._target_: found {target!r}; the dotted path of a lever's class is needed")
    module, _, attribute = target.rpartition(".")
    try:
        kind = getattr(importlib.import_module(module), attribute)
    except Exception as error:  # whatever the user's own file does when it is read
        why = " ".join(f"{type(error).__name__}: {error}".split())
        raise InputError(f"{where}._target_: found {target!r}; it cannot be loaded ({why})") from error
    if not (isinstance(kind, type) and issubclass(kind, Intervention)):
        raise InputError(
            f"{where}._target_: {target} is not a subclass of consensus_sim.interventions.base.Intervention"
        )
    allowed = {each.name: each for each in fields(kind) if each.name != "name"}
    given = {key: value for key, value in settings.items() if key not in ("_target_", "name")}
    for key in given:
        if key not in allowed:
            raise one_of(f"{where}: unknown setting", key, allowed)
    for key, each in allowed.items():
        if key not in given and each.default is MISSING and each.default_factory is MISSING:
            raise InputError(f"{where}.{key}: missing; the lever {kind.__name__} needs it")
    for key in ("start", "end"):
        if given.get(key) is not None:
            given[key] = _date(f"{where}.{key}", given[key])
    lever: Intervention = kind(name=name, **given)
    if lever.start and lever.end and lever.end < lever.start:
        raise InputError(f"{where}.end: found {lever.end}; it lies before the start, {lever.start}")
    return lever


def _date(where: str, found: Any) -> date:
    try:
        return date.fromisoformat(str(found))
    except ValueError:
        raise InputError(f"{where}: found {found!r}; a date such as 2024-05-06 is needed") from None
