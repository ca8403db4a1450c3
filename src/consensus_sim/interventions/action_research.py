"""计划-行动-观察-反思: a policy that changes itself at reflection points, by what field workers observe (F50)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, get_args

from pydantic import ConfigDict

from consensus_sim.council.observation import OBSERVABLE, observe
from consensus_sim.errors import InputError, one_of, raise_all, single
from consensus_sim.interventions.base import Intervention, adjust, adjusted
from consensus_sim.interventions.schedule import Period, at_end_of
from consensus_sim.settings import STRICT, OptionalDay, choice, setting, switch

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Begins, stops or adjusts interventions at a reflection point, a `date` or the end of `every` month, quarter or
    half-year, if an observation over `weeks` weeks lies below or above a bound (or always); once, or `again` and again.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    date: OptionalDay = None
    every: Period | None = None
    observe: Annotated[str | None, choice(*OBSERVABLE)] = None
    weeks: Annotated[int, setting(1, 522, "weeks")] = 13
    below: Annotated[float | None, setting(-1e9, 1e9)] = None
    above: Annotated[float | None, setting(-1e9, 1e9)] = None
    begin: list[str] = field(default_factory=list)
    stop: list[str] = field(default_factory=list)
    adjust: dict[str, dict[str, Any]] = field(default_factory=dict)
    again: Annotated[bool, switch()] = False

    def check(self, where: str) -> None:
        """Raise InputError for a combination of settings that is not allowed."""
        if (self.date is None) == (self.every is None):
            raise InputError("date_or_every", where=where, every=list(get_args(Period)))
        if (self.observe is None) != (self.below is None and self.above is None):
            raise InputError("observe_and_bounds", where=where)

    def acts(self, seen: float) -> bool:
        """Returns True if the rule acts on the observed value `seen`."""
        low = self.below is not None and seen < self.below
        return self.observe is None or low or (self.above is not None and seen > self.above)


@dataclass(kw_only=True, eq=False)
class ActionResearch(Intervention):
    """At its reflection points the policy reads what field workers observe (`council.observation`, never the true
    state) and changes itself.

    Each of the `rules` acts on a `date` or at the end of `every` month, quarter or half-year. If what it `observe`s
    over the last `weeks` weeks lies `below` or `above` a number (always, without `observe`), it brings interventions
    into force (`begin`; they need `held_back: true`), puts them out of force (`stop`), or changes settings (`adjust`,
    prices under `cost`). A rule acts once, unless `again`. Without an observation it does nothing. The table
    `revisions` keeps observations and actions.
    """

    rules: list[Rule] = field(default_factory=list)

    def check(self) -> None:
        super().check()
        for number, rule in enumerate(self.rules):
            rule.check(f"intervention.{self.name}.rules[{number}]")

    def check_scenario(self, levers: Mapping[str, Intervention]) -> None:
        for number, rule in enumerate(self.rules):
            where = f"intervention.{self.name}.rules[{number}]"
            for name in (*rule.begin, *rule.stop, *rule.adjust):
                if name not in levers or name == self.name:
                    raise one_of(where, name, [each for each in levers if each != self.name])
            for name, changes in rule.adjust.items():
                for key in changes:
                    if key != "cost" and key not in levers[name].settings():
                        raise one_of(f"{where}.adjust.{name}", key, levers[name].settings())
                try:
                    adjusted(levers[name], changes)
                except InputError as error:
                    raise_all(InputError("in_place", where=f"{where}.adjust", error=each) for each in single(error))

    def on_start(self, model: CommunityModel) -> None:
        self.done: set[int] = set()
        self.names = {lever.name: lever for lever in model.levers}

    def on_week_start(self, model: CommunityModel) -> None:
        for number, rule in enumerate(self.rules):
            if self._reflects(model, rule) and (rule.again or number not in self.done):
                seen = observe(model, rule.observe, rule.weeks) if rule.observe else 0.0
                acts = rule.acts(seen)
                model.recorder.revision(number, rule.observe or "", seen, acts)
                if acts:
                    self.done.add(number)
                    self._revise(model, rule)

    @staticmethod
    def _reflects(model: CommunityModel, rule: Rule) -> bool:
        """True if the present week is a reflection point of `rule`: its date, or the first week of a period."""
        if rule.date is not None:
            return bool(model.week == model.calendar.week_of(rule.date))
        assert rule.every is not None  # `Rule.check` sees to it
        return model.week > 0 and at_end_of(rule.every).is_due(model.calendar, model.week - 1, begun=0)

    def _revise(self, model: CommunityModel, rule: Rule) -> None:
        for name in rule.stop:
            model.stop_lever(self.names[name])
        for name, changes in rule.adjust.items():
            lever = self.names[name]
            adjust(lever, changes)
            if lever in model.active:
                lever.on_adjusted(model)
        for name in rule.begin:
            model.start_lever(self.names[name])
