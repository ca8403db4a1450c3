"""计划-行动-观察-反思: a policy that changes itself at reflection points, by what field workers observe (F50)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from consensus_sim.council.observation import OBSERVABLE, observe
from consensus_sim.errors import InputError, one_of
from consensus_sim.interventions.base import Intervention, check_number

EVERY = ("month", "quarter", "half_year")
KEYS = ("date", "every", "observe", "weeks", "below", "above", "begin", "stop", "adjust", "again")


class Rule(NamedTuple):
    """At a reflection point: if what is observed lies below or above a bound (or always), begin, stop, adjust
    levers.
    """

    day: date | None
    every: str | None
    observe: str | None
    weeks: int
    below: float
    above: float
    begin: tuple[str, ...]
    stop: tuple[str, ...]
    adjust: Mapping[str, Mapping[str, Any]]
    again: bool


def read_rule(where: str, entry: Any) -> Rule:
    """Check one rule; InputError names `where` and the key."""
    if not isinstance(entry, Mapping):
        raise InputError(f"{where}: found {entry!r}; a rule is a mapping with the keys {', '.join(KEYS)}")
    for key in entry:
        if key not in KEYS:
            raise one_of(f"{where}: unknown key", key, KEYS)
    on, every, name = entry.get("date"), entry.get("every"), entry.get("observe")
    if (on is None) == (every is None):
        raise InputError(f"{where}: give date or every ({', '.join(EVERY)}), one of the two")
    if every is not None and every not in EVERY:
        raise one_of(f"{where}.every", every, EVERY)
    try:
        day = None if on is None else date.fromisoformat(str(on))
    except ValueError:
        raise InputError(f"{where}.date: found {on!r}; a date such as 2024-11-04 is needed") from None
    if name is not None and name not in OBSERVABLE:
        raise one_of(f"{where}.observe", name, OBSERVABLE)
    bounds = [key for key in ("below", "above") if entry.get(key) is not None]
    if (name is None) != (not bounds):
        raise InputError(
            f"{where}: observe needs below or above, and these need observe; without them the rule always acts"
        )
    for key in bounds:
        check_number(f"{where}.{key}", entry[key], -1e9, 1e9, "", False)
    weeks = entry.get("weeks", 13)
    check_number(f"{where}.weeks", weeks, 1, 522, "weeks", True)
    adjust = entry.get("adjust") or {}
    if not isinstance(adjust, Mapping) or not all(isinstance(changes, Mapping) for changes in adjust.values()):
        raise InputError(f"{where}.adjust: found {adjust!r}; allowed: a lever and its settings in braces")
    lists = {key: entry.get(key) or [] for key in ("begin", "stop")}
    for key, found in lists.items():
        if isinstance(found, str) or not isinstance(found, Sequence):
            raise InputError(f"{where}.{key}: found {found!r}; allowed: a list of levers")
    below, above = (float(entry[key]) if key in bounds else bad for key, bad in (("below", -1e18), ("above", 1e18)))
    return Rule(
        day, every, name, weeks, below, above, tuple(lists["begin"]), tuple(lists["stop"]), adjust,
        bool(entry.get("again", False)),
    )  # fmt: skip


@dataclass(kw_only=True, eq=False)
class ActionResearch(Intervention):
    """At its reflection points the policy reads what field workers observe (`council.observation`, never the
    model's truth) and changes itself.

    `rules`: each acts on a `date` or at the end of `every` month, quarter or half-year: if what it
    `observe`s over the last `weeks` weeks lies `below` or `above` a number (always, without `observe`), it
    brings levers into force (`begin`; put `held_back: true` on them), puts levers out of force (`stop`), or
    changes settings (`adjust`, prices under `cost`). A rule acts once, unless `again`. Nothing observed,
    nothing done. What was seen and done is kept in the table `revisions`.
    """

    rules: Sequence[Mapping[str, Any]] = field(default_factory=list)

    def check(self) -> None:
        super().check()
        if isinstance(self.rules, str) or not isinstance(self.rules, Sequence):
            raise InputError(f"intervention.{self.name}.rules: found {self.rules!r}; allowed: a list of rules")
        self.read = [read_rule(f"intervention.{self.name}.rules[{n}]", rule) for n, rule in enumerate(self.rules)]

    def check_scenario(self, levers: Mapping[str, Intervention]) -> None:
        for number, rule in enumerate(self.read):
            where = f"intervention.{self.name}.rules[{number}]"
            for name in (*rule.begin, *rule.stop, *rule.adjust):
                if name not in levers or name == self.name:
                    raise one_of(f"{where}: lever", name, [each for each in levers if each != self.name])
            for name, changes in rule.adjust.items():
                for key in changes:
                    if key != "cost" and key not in levers[name].settings():
                        raise one_of(f"{where}.adjust.{name}", key, levers[name].settings())

    def on_start(self, model: Any) -> None:
        self.done: set[int] = set()
        self.names = {lever.name: lever for lever in model.levers}

    def on_week_start(self, model: Any) -> None:
        for number, rule in enumerate(self.read):
            if self._reflects(model, rule) and (rule.again or number not in self.done):
                seen = observe(model, rule.observe, rule.weeks) if rule.observe else 0.0
                acts = rule.observe is None or seen < rule.below or seen > rule.above
                model.recorder.revision(number, rule.observe or "", seen, acts)
                if acts:
                    self.done.add(number)
                    self._revise(model, rule)

    @staticmethod
    def _reflects(model: Any, rule: Rule) -> bool:
        """Whether the present week is a reflection point of `rule`: its date, or the first of a month and so
        on.
        """
        if rule.day is not None:
            return model.week == model.calendar.week_of(rule.day)
        return model.week > 0 and getattr(model.calendar, f"ends_{rule.every}")(model.week - 1)

    def _revise(self, model: Any, rule: Rule) -> None:
        for name in rule.stop:
            model.stop_lever(self.names[name])
        for name, changes in rule.adjust.items():
            lever = self.names[name]
            for key, value in changes.items():
                setattr(lever, key, {**lever.cost, **value} if key == "cost" else value)
            lever.check()
            if lever in model.active:
                lever.on_adjusted(model)
        for name in rule.begin:
            model.start_lever(self.names[name])
