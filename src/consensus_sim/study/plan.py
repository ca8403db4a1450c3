"""Scenarios read from a composed config: chains of scenarios, interventions, their variants and changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, ConfigDict, Field

from consensus_sim.errors import InputError, not_allowed, one_of, phrase
from consensus_sim.paths import configs_dir
from consensus_sim.settings import GAP, STRICT, Label, RefusedError, Text, known, mapping, number, read, setting
from consensus_sim.study.dates import MOST_WEEKS, check_dates, with_dates
from consensus_sim.study.given import changed_paths, given_paths, nested, without
from consensus_sim.study.layers import common_settings, leaves, merge_settings, section, with_changes, with_variant
from consensus_sim.study.scenario import Scenario, Settings

VARIANT = "variant"


def _by_language(found: object) -> object:
    """Returns the text `found` by language; one text serves for both languages."""
    if isinstance(found, str) and found.strip() and found != GAP:
        return {"zh": found, "en": found}
    if found is not None and not isinstance(found, Mapping):
        raise RefusedError("text_or_by_language")
    return found


Said = Annotated[
    Label | None,
    BeforeValidator(_by_language),
    Field(json_schema_extra={"allowed": "text_or_by_language"}),
]
Changes = Annotated[dict[str, Any] | None, Field(json_schema_extra={"allowed": "settings_or_null"})]


@dataclass(frozen=True, kw_only=True)
class ScenarioFile:
    """A file of configs/scenario: text by language, the scenario it is based on, changes by intervention.

    behaviour, topic, weeks: values of parameters and of kinds of topic, and a length of the run, that hold in this
        scenario alone
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    label: Said = None
    description: Said = None
    base: Text | None = None
    interventions: dict[str, Changes] | None = None
    behaviour: dict[str, dict[str, Annotated[float, number()]]] | None = None
    topic: dict[str, dict[str, Any]] | None = None
    weeks: Annotated[int, setting(1, MOST_WEEKS, "weeks", integer=True)] | None = None


class Plan:
    """A config from which scenarios are read: dates resolved, variants apart, overrides by the user known."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = with_dates(config)
        self.scenarios: Mapping[str, Any] = self.config["scenario"]
        self.files: dict[str, Settings] = {}
        self.variants: dict[str, dict[str, Settings]] = {}
        for name, content in mapping("intervention", self.config["intervention"]).items():
            settings = dict(section(f"intervention.{name}", content))
            variants = settings.pop("variants", None) or {}
            self.files[name] = {"held_back": False, **settings}
            self.variants[name] = {}
            for variant, changes in _named(f"intervention.{name}.variants", variants).items():
                with_variant(f"intervention.{name}.variants.{variant}", self.files[name], changes)
                self.variants[name][variant] = dict(changes)
        self.paths = list(dict.fromkeys([*given_paths(config), *changed_paths(config)]))

    def given(self, *under: str) -> Settings:
        """Returns the settings that the user gave below the key `under`."""
        return nested(self.config, under, self.paths)

    def given_to(self, lever: str, links: Sequence[str]) -> list[tuple[str, Settings]]:
        """Returns (key, settings) that the user gave for `lever`: in all scenarios, then in each of `links`."""
        everywhere = self.given("intervention", lever)
        everywhere.pop("variants", None)
        found = [(f"intervention.{lever}", everywhere)]
        for link in links:
            changes = self.given("scenario", link, "interventions", lever)
            changes.pop(VARIANT, None)
            found.append((f"scenario.{link}.interventions.{lever}", changes))
        return found


@dataclass
class Use:
    """Use of an intervention by a scenario: its variant, and the changes by the scenario and its bases, in order."""

    variant: str | None
    changes: list[tuple[str, Settings]]

    def settings(self, lever: str, plan: Plan, links: Sequence[str]) -> Settings:
        """Returns all settings of `lever` in the scenario whose chain is `links`."""
        found = plan.files[lever]
        if self.variant is not None:
            where = f"intervention.{lever}.variants.{self.variant}"
            found = with_variant(where, found, plan.variants[lever][self.variant])
        for where, changes in (*self.changes, *plan.given_to(lever, links)):
            found = merge_settings(where, found, changes)
        return found


def chain(name: str, scenarios: Mapping[str, Any]) -> list[str]:
    """Returns `name` and the scenarios it is based on, the outermost base first."""
    links: list[str] = []
    current: str | None = name
    while current is not None:
        if current in links:
            raise InputError(
                "goes_in_a_circle", where=f"scenario.{links[-1]}.base", links=" -> ".join([*links, current])
            )
        if current not in scenarios:
            raise one_of("scenario" if not links else f"scenario.{links[-1]}.base", current, scenarios)
        links.append(current)
        current = scenario_file(current, scenarios).base
    return links[::-1]


def scenario_file(name: str, scenarios: Mapping[str, Any]) -> ScenarioFile:
    """Returns the checked file of scenario `name`. An unknown key is refused: it would silently change nothing."""
    where, keys = f"scenario.{name}", [each.name for each in fields(ScenarioFile)]
    if not scenarios[name]:
        raise not_allowed(where, scenarios[name], phrase("settings_named", names=keys))
    return read(ScenarioFile, scenarios[name], where)


def read_scenario(name: str, config: Mapping[str, Any]) -> Scenario:
    """Returns scenario `name` with its interventions.

    A setting is taken from the intervention's file, then from the variant that the scenario names, from the scenario
    and its bases, from `changes` of the intervention, and from `changes` of these scenarios: what comes later wins.

    config: the composed config, with groups "scenario", "intervention" and "calendar"
    """
    return scenario_of(name, Plan(config))


def scenario_of(name: str, plan: Plan) -> Scenario:
    """Returns scenario `name` of `plan`."""
    links = chain(name, plan.scenarios)
    uses = _uses(links, plan)
    levers = {lever: use.settings(lever, plan, links) for lever, use in uses.items()}
    for lever, settings in levers.items():
        check_dates(f"lever {lever} of scenario {name}", settings, plan.config["calendar"]["programme"])
        if isinstance(settings.get("rules"), list):
            levers[lever] = {**settings, "rules": [_rule(rule, uses, plan, links) for rule in settings["rules"]]}
    content = scenario_file(name, plan.scenarios)
    return Scenario(
        name=name,
        label=content.label or {"zh": name, "en": name},
        description=content.description or {"zh": "", "en": ""},
        levers=tuple(sorted(levers.items())),
        own=tuple(_own_settings(uses)),
        **_carried(links, plan),
    )


def _carried(links: Sequence[str], plan: Plan) -> Settings:
    """Returns behaviour, topics and weeks that the scenarios `links` set, outermost base first; the last one wins."""
    found: Settings = {"behaviour": {}, "topic": {}}
    for link in links:
        content = scenario_file(link, plan.scenarios)
        for group in ("behaviour", "topic"):
            there = plan.config[group]
            for name, values in (getattr(content, group) or {}).items():
                entries = there[known(f"scenario.{link}.{group}", name, there)]
                for key in values:
                    known(f"scenario.{link}.{group}.{name}", key, entries)
                found[group][name] = found[group].get(name, {}) | values
        if content.weeks is not None:
            found["weeks"] = content.weeks
    return found


def _uses(links: Sequence[str], plan: Plan) -> dict[str, Use]:
    """Returns the interventions that the last of the scenarios `links` uses; the outermost base is first."""
    uses: dict[str, Use] = {}
    for link in links:
        for lever, changes in (scenario_file(link, plan.scenarios).interventions or {}).items():
            where = f"scenario.{link}.interventions.{lever}"
            if lever not in plan.files:
                raise one_of(f"scenario.{link}.interventions", lever, plan.files)
            if changes is None:
                uses.pop(lever, None)
                continue
            use = uses.setdefault(lever, Use(None, []))
            own = {key: value for key, value in changes.items() if key != VARIANT}
            if VARIANT in changes:
                use.variant = _variant(f"{where}.{VARIANT}", changes[VARIANT], lever, plan)
            use.changes.append((where, own))
    return uses


def _variant(where: str, found: Any, lever: str, plan: Plan) -> str | None:
    """Returns `found` as the name of a variant of `lever`; None stands for its file without a variant."""
    if found is None:
        return None
    if not plan.variants[lever]:
        raise InputError("no_variant", where=where, found=found, name=lever)
    return known(where, found, plan.variants[lever])


def _rule(rule: Any, uses: Mapping[str, Use], plan: Plan, links: Sequence[str]) -> Any:
    """Returns a rule that adjusts interventions, with variants written out.

    Settings that the user gave are left out, so that the rule does not change them.
    """
    if not isinstance(rule, Mapping) or not isinstance(rule.get("adjust"), Mapping):
        return rule
    adjust = {}
    for lever, found in rule["adjust"].items():
        if not isinstance(found, Mapping) or lever not in uses:
            adjust[lever] = found
            continue
        changes = dict(found)
        if VARIANT in changes:
            variant = _variant(f"rules.adjust.{lever}.{VARIANT}", changes.pop(VARIANT), lever, plan)
            target = Use(variant, uses[lever].changes).settings(lever, plan, links)
            changes = with_changes(common_settings(target, plan.variants[lever].values()), changes)
        for _, given in plan.given_to(lever, links):
            changes = without(changes, given)
        if changes:
            adjust[lever] = changes
    return {**rule, "adjust": adjust}


def _own_settings(uses: Mapping[str, Use]) -> Iterator[str]:
    """Yields the settings of interventions that the user's own scenarios set, as `intervention.setting=value`."""
    built_in = {path.stem for path in (configs_dir() / "scenario").glob("*.yaml")}
    for lever, use in sorted(uses.items()):
        for where, changes in use.changes:
            if where.split(".")[1] not in built_in:
                yield from (f"{lever}.{key}={value}" for key, value in leaves(changes))


def _named(key: str, value: object) -> Mapping[str, Mapping[str, Any]]:
    """Returns `value` as a mapping of names to settings."""
    if not isinstance(value, Mapping) or not all(isinstance(inner, Mapping) for inner in value.values()):
        raise not_allowed(key, value, phrase("names_of_settings"))
    return value
