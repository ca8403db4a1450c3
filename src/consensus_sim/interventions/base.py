"""The shape of an intervention: dates, settings, hooks and a cost.

An intervention is a dataclass whose fields are its settings, each declared with `setting(...)` so that it is checked
when it is read. It overrides only the hooks it needs, and reads its settings when it uses them, since a policy may
change them while the run goes on. It never reaches into another intervention: they meet through the residents'
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

from consensus_sim.council.events import NOBODY, Event, Rows, Venue
from consensus_sim.council.meeting import FacilitationSupport
from consensus_sim.council.topics import Topic
from consensus_sim.errors import InputError, not_allowed, phrase, unknown_key
from consensus_sim.interventions.loading import CLASS, load_class
from consensus_sim.interventions.schedule import Schedule
from consensus_sim.settings import DOSE, STRICT, OptionalDay, choice, missing_fields, read, setting, switch, unlisted

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel
    from consensus_sim.model.state import Rules

__all__ = ["COST_KEYS", "DOSE", "Cost", "Intervention", "adjust", "adjusted", "build_lever", "choice", "setting"]
__all__ += ["switch"]


class Cost(NamedTuple):
    """Cost of an intervention in a week: money in CNY, working time of staff in hours."""

    money: float
    staff_hours: float


PriceName = Literal["start_money", "weekly_money", "weekly_hours", "event_money", "event_hours"]
COST_KEYS: tuple[str, ...] = get_args(PriceName)
Prices = dict[PriceName, Annotated[float, setting(0, 1e9, "CNY or hours")]]


@dataclass(kw_only=True, eq=False)
class Intervention:
    """One intervention. `start` and `end` are its first and last day (None: the run's). One that is `held_back` waits
    until a policy brings it into force. `cost` holds its prices (CNY, hours; see COST_KEYS).
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    name: Annotated[str, unlisted()] = ""
    start: OptionalDay = None
    end: OptionalDay = None
    held_back: Annotated[bool, switch()] = False
    cost: Prices = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._events_held = 0
        self._started = False
        self._set: set[tuple[str, str]] = set()  # what is set while in force: (venue, or "" for a rule, attribute)
        self._opened: set[str] = set()  # channels
        self.begun = 0
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
        """Check the settings against the other interventions of the scenario, given by name."""

    def check_community(self, model: CommunityModel) -> None:
        """Check the settings against the residents of the community, before the first week."""

    def settings(self) -> list[str]:
        """Names of the settings that a policy may change while the run goes on."""
        return [each.name for each in fields(self) if each.name not in ("name", "start", "end", "held_back", "cost")]

    def most(self, setting: str, weeks: int) -> float:
        """Largest value of `setting` that fits into `weeks` weeks in force; infinite where time sets no limit."""
        return inf

    def on_start(self, model: CommunityModel) -> None:
        """The intervention comes into force: set up what it keeps while in force. `begun` is the week."""

    def apply(self, model: CommunityModel) -> None:
        """Put the settings into effect, after `on_start` and again when they are changed, with `open_channel`,
        `set_rules`, `set_room` and `support`. What these do is undone when the intervention goes out of force.
        """

    def on_end(self, model: CommunityModel) -> None:
        """The intervention goes out of force: undo what was done in any other way than by the methods of `apply`."""

    def on_adjusted(self, model: CommunityModel) -> None:
        """Settings were changed while in force: put them into effect, and close a channel for which `apply` no longer
        asks. All else goes on: rhythm, groups, records, awareness of the channels and the topics on their agendas.
        """
        self._reset(model)
        opened, self._opened = self._opened, set()
        self.apply(model)
        for name in sorted(opened - self._opened):
            model.close_channel(name)

    def open_channel(self, model: CommunityModel, name: str, venue: str | None = None, per_year: float = 0.0) -> None:
        """Keep the channel `name` open, in `venue` (its own if None); online it is held `per_year` times a year (0: as
        its file says).
        """
        self._opened.add(name)
        if not model.is_open(name):
            model.open_channel(name, venue, per_year=per_year or None)
        elif per_year and model.channels[name].per_year != per_year:
            model.move_channel(name, model.channels[name].venue.name, per_year)

    def set_rules(self, model: CommunityModel, **values: object) -> None:
        """Set rules of the council (`model.rules`)."""
        self._put(model, "", values)

    def set_room(self, model: CommunityModel, venue: str, **values: object) -> None:
        """Set what the room `venue` is like (`council.events.Venue`)."""
        self._put(model, venue, values)

    def support(self, model: CommunityModel, given: FacilitationSupport) -> None:
        """Give support at every meeting."""
        model.rules.help[self.name] = given

    def _put(self, model: CommunityModel, venue: str, values: Mapping[str, object]) -> None:
        for attribute, value in values.items():
            setattr(_target(model, venue), attribute, value)
            self._set.add((venue, attribute))

    def _reset(self, model: CommunityModel) -> None:
        """Bring rules and rooms back to what they are without the intervention, and withdraw its support."""
        for venue, attribute in self._set:
            target = _target(model, venue)
            setattr(target, attribute, next(each.default for each in fields(target) if each.name == attribute))
        self._set.clear()
        model.rules.help.pop(self.name, None)

    def on_week_start(self, model: CommunityModel) -> None:
        """The week begins; interventions have started and stopped by the calendar."""

    def collectors(self, model: CommunityModel) -> Rows:
        """Residents who collect and lead the topics of others for this intervention (F41)."""
        return NOBODY

    def on_collected(self, model: CommunityModel, who: Rows) -> None:
        """Residents `who` have each collected a topic of others this week (F41)."""

    def events(self, model: CommunityModel) -> list[Event]:
        """Events that this intervention holds in the present week."""
        return []

    def invite(self, model: CommunityModel, event: Event) -> None:
        """Ask people to come to `event` (append to `event.asked`), give seats."""

    def utility(self, model: CommunityModel, event: Event) -> float | NDArray[np.floating]:
        """Log-odds added to the decision to come: a number for all, or an array (n_residents,)."""
        return 0.0

    def on_attended(self, model: CommunityModel, event: Event) -> None:
        """`event` is over; see `event.came`, `event.spoke` and `event.raised`."""

    def on_adopted(self, model: CommunityModel, topic: Topic) -> None:
        """`topic`, a suggestion of resident `topic.progress.raised_by`'s own, became a formal topic."""

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
        """Cost of the present week, from the prices in `cost`, the events held and `spent`."""
        price, held = self.cost.get, self._events_held
        money, hours = price("weekly_money", 0.0), price("weekly_hours", 0.0)
        if not self._started:
            self._started, money = True, price("start_money", 0.0) + money
        if held:
            self._events_held = 0
            money, hours = money + held * price("event_money", 0.0), hours + held * price("event_hours", 0.0)
        return Cost(float(money + self.spent(model)), float(hours))

    def is_due(self, model: CommunityModel, schedule: Schedule) -> bool:
        """Returns True if an occasion of `schedule` falls in the present week."""
        return schedule.is_due(model.calendar, model.week, self.begun)

    def count_event(self, number: int = 1) -> None:
        """Count events held this week, for the costs."""
        self._events_held += number


def _target(model: CommunityModel, venue: str) -> Rules | Venue:
    """The room `venue`, or the rules of the council for ""."""
    return model.venues[venue] if venue else model.rules


def begin(lever: Intervention, model: CommunityModel) -> None:
    """Bring an intervention into force."""
    lever.begun = model.week
    lever.on_start(model)
    lever.apply(model)


def finish(lever: Intervention, model: CommunityModel) -> None:
    """Put an intervention out of force, with all that it set."""
    lever.on_end(model)
    lever._reset(model)
    for name in sorted(lever._opened):
        model.close_channel(name)
    lever._opened.clear()


def adjusted(lever: Intervention, changes: Mapping[str, Any]) -> Intervention:
    """A copy of `lever` with `changes` of settings, checked; prices under `cost` replace those of the same name.

    Raises InputError for a setting that does not exist or a value that is not allowed.
    """
    given = {each.name: getattr(lever, each.name) for each in fields(lever)}
    given |= {key: {**lever.cost, **value} if key == "cost" else value for key, value in changes.items()}
    return read(type(lever), given, f"intervention.{lever.name}")


def adjust(lever: Intervention, changes: Mapping[str, Any]) -> None:
    """Change settings of `lever` while the run goes on, after checking them."""
    fresh = adjusted(lever, changes)
    for key in changes:
        setattr(lever, key, getattr(fresh, key))


def build_lever(name: str, settings: Mapping[str, Any]) -> Intervention:
    """The intervention called `name` from its settings, of which `class` names its class.

    Raises:
    ------
    InputError: no such class; a setting unknown, missing or out of range; an impossible date.
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
