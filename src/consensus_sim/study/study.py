"""From a composed config to a checked `Study`: chains of scenarios, settings of levers, calendar, counts."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from consensus_sim.catalogue import name_channels
from consensus_sim.council.events import Channel
from consensus_sim.council.topic_class import TopicClass
from consensus_sim.errors import InputError, not_allowed, one_of, phrase, raise_all, single, unknown_key
from consensus_sim.interventions.loading import CLASS, is_own
from consensus_sim.parameters import Behaviour
from consensus_sim.paths import configs_dir
from consensus_sim.residents.columns import channel_bits
from consensus_sim.settings import (
    GAP,
    STRICT,
    FilePath,
    Label,
    RefusedError,
    Text,
    known,
    mapping,
    number_phrase,
    read,
    together,
)
from consensus_sim.study.dates import day, iso_date, with_dates
from consensus_sim.study.given import changed_paths, given_paths, nested, without
from consensus_sim.study.least import LeastDifferences
from consensus_sim.study.precision import AUTO, MOST_REPLICATES, Precision
from consensus_sim.study.scenario import Scenario, Settings, Study

if TYPE_CHECKING:
    from consensus_sim.study.posterior import ParameterSets

Parameters = Literal["centre", "prior", "posterior"]
PARAMETERS: tuple[Parameters, ...] = ("centre", "prior", "posterior")
MOST_SEED = 10**13
"""Up to here all replicates of all seeds have draws of their own: `replicate_seed` fits into 64 bits."""
VARIANT = "variant"
GROUPS = ("community", "behaviour", "calendar", "channel", "topic", "intervention", "scenario")


def _by_language(found: object) -> object:
    """`found` by language: one text serves for both."""
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
    """A file of configs/scenario: text by language, the scenario it is based on, and changes by intervention."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    label: Said = None
    description: Said = None
    base: Text | None = None
    interventions: dict[str, Changes] | None = None


@dataclass(frozen=True, kw_only=True)
class PosteriorFile:
    """The node `posterior`: a table of configs/posterior, or a path of the user's own."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    file: FilePath


def whole(key: str, value: object, low: int, high: int | None = None) -> int:
    """`value` as a whole number of at least `low` and at most `high`; InputError names `key` and what is allowed."""
    if isinstance(value, bool) or not isinstance(value, int) or value < low or (high is not None and value > high):
        raise not_allowed(key, value, number_phrase(low, high, whole=True))
    return value


def section(key: str, value: object) -> Mapping[str, Any]:
    """`value` as a mapping of settings; InputError names `key` otherwise."""
    if not isinstance(value, Mapping):
        raise not_allowed(key, value, phrase("settings_of", key=key))
    return value


def check_dates(where: str, settings: Settings, programme: str) -> None:
    """Refuse a lever whose dates cannot be read. Its build refuses an end before its start."""
    for key in ("start", "end"):
        if settings.get(key) is not None:
            day(f"{where}.{key}", settings[key], datetime.date.fromisoformat(programme))
    start, end = settings.get("start"), settings.get("end")
    if start is not None and end is not None and str(end) < str(start):
        raise InputError("end_before_start", where=where, end=end, start=start)


def merge_settings(where: str, settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """`settings` with `changes` laid over them; InputError for a setting that `settings` does not have."""
    merged = dict(settings)
    for name, value in changes.items():
        if name == CLASS:
            raise InputError("class_in_scenario", where=f"{where}.{name}", found=value)
        if name not in settings and isinstance(value, Mapping) and _is_freely_named(settings):
            merged[name] = value
            continue
        if name not in settings:
            raise unknown_key(where, name, [known for known in settings if known != CLASS])
        old = settings[name]
        if isinstance(old, dict) and old and isinstance(value, Mapping):
            merged[name] = merge_settings(f"{where}.{name}", old, value)
        else:
            merged[name] = value
    return merged


def _is_freely_named(settings: Mapping[str, Any]) -> bool:
    """Whether `settings` are things under names of their own, such as the items of a catalogue."""
    return bool(settings) and all(isinstance(inner, Mapping) for inner in settings.values())


def with_variant(where: str, settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """`settings` of a file with those of a variant over them; what is freely named, it replaces as a whole."""
    free = {key: value for key, value in changes.items() if isinstance(value, Mapping) and _is_freely_named(value)}
    return {**merge_settings(where, settings, {**changes, **dict.fromkeys(free)}), **free}


def chain(name: str, scenarios: Mapping[str, Any]) -> list[str]:
    """`name` and the scenarios it is based on, the outermost base first."""
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
        current = _content(current, scenarios).base
    return links[::-1]


def _content(name: str, scenarios: Mapping[str, Any]) -> ScenarioFile:
    """What the file of scenario `name` says; a key that nothing reads would leave another policy than was meant."""
    where, keys = f"scenario.{name}", [each.name for each in fields(ScenarioFile)]
    if not scenarios[name]:
        raise not_allowed(where, scenarios[name], phrase("settings_named", names=keys))
    return read(ScenarioFile, scenarios[name], where)


def read_scenario(name: str, config: Mapping[str, Any]) -> Scenario:
    """Scenario `name` with its levers. A setting is taken from the intervention's file, then from the variant of it
    that the scenario names, from the scenario and those it is based on, from `changes` of the intervention, and from
    `changes` of these scenarios: what comes later wins.

    config: the composed config, with groups "scenario", "intervention" and "calendar"
    """
    return scenario_of(name, Plan(config))


class Plan:
    """A config as scenarios are read from it: dates are dates, variants apart, and what was given is known."""

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
        """What was given below the key `under`."""
        return nested(self.config, under, self.paths)

    def given_to(self, lever: str, links: Sequence[str]) -> list[tuple[str, Settings]]:
        """(key, settings) given for `lever` in every scenario, and in each of the scenarios `links`."""
        everywhere = self.given("intervention", lever)
        everywhere.pop("variants", None)
        found = [(f"intervention.{lever}", everywhere)]
        for link in links:
            changes = self.given("scenario", link, "interventions", lever)
            changes.pop(VARIANT, None)
            found.append((f"scenario.{link}.interventions.{lever}", changes))
        return found


def _named(key: str, value: object) -> Mapping[str, Mapping[str, Any]]:
    """`value` as names of settings in braces."""
    if not isinstance(value, Mapping) or not all(isinstance(inner, Mapping) for inner in value.values()):
        raise not_allowed(key, value, phrase("names_of_settings"))
    return value


@dataclass
class Use:
    """How a scenario uses a lever: which variant of it, and the changes that it and its bases make, in their order."""

    variant: str | None
    changes: list[tuple[str, Settings]]

    def settings(self, lever: str, plan: Plan, links: Sequence[str]) -> Settings:
        """All settings of `lever` in the scenario whose chain is `links`."""
        found = plan.files[lever]
        if self.variant is not None:
            where = f"intervention.{lever}.variants.{self.variant}"
            found = with_variant(where, found, plan.variants[lever][self.variant])
        for where, changes in (*self.changes, *plan.given_to(lever, links)):
            found = merge_settings(where, found, changes)
        return found


def _uses(links: Sequence[str], plan: Plan) -> dict[str, Use]:
    """The levers that the scenarios `links`, the outermost base first, use in the end."""
    uses: dict[str, Use] = {}
    for link in links:
        for lever, changes in (_content(link, plan.scenarios).interventions or {}).items():
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
    """`found` as the name of a variant of `lever`; None: its file as it stands."""
    if found is None:
        return None
    if not plan.variants[lever]:
        raise InputError("no_variant", where=where, found=found, name=lever)
    return known(where, found, plan.variants[lever])


def scenario_of(name: str, plan: Plan) -> Scenario:
    """Scenario `name` of `plan`."""
    links = chain(name, plan.scenarios)
    uses = _uses(links, plan)
    levers = {lever: use.settings(lever, plan, links) for lever, use in uses.items()}
    for lever, settings in levers.items():
        check_dates(f"lever {lever} of scenario {name}", settings, plan.config["calendar"]["programme"])
        if isinstance(settings.get("rules"), list):
            levers[lever] = {**settings, "rules": [_rule(rule, uses, plan, links) for rule in settings["rules"]]}
    content = _content(name, plan.scenarios)
    return Scenario(
        name=name,
        label=content.label or {"zh": name, "en": name},
        description=content.description or {"zh": "", "en": ""},
        levers=tuple(sorted(levers.items())),
        own=tuple(_own_settings(uses)),
    )


def _rule(rule: Any, uses: Mapping[str, Use], plan: Plan, links: Sequence[str]) -> Any:
    """A rule that adjusts levers, with variants written out and without what was given: that stays as it is."""
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
            changes = _laid_over(_part(target, plan.variants[lever].values()), changes)
        for _, given in plan.given_to(lever, links):
            changes = without(changes, given)
        if changes:
            adjust[lever] = changes
    return {**rule, "adjust": adjust}


def _part(settings: Settings, shapes: Iterable[Mapping[str, Any]]) -> Settings:
    """Those of `settings` that any of `shapes` has."""
    found: Settings = {}
    for shape in shapes:
        for key, inner in shape.items():
            if isinstance(inner, Mapping) and isinstance(settings[key], Mapping) and set(inner) <= set(settings[key]):
                found[key] = {**found.get(key, {}), **_part(settings[key], [inner])}
            else:
                found[key] = settings[key]
    return found


def _laid_over(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """`settings` with `changes` over them, prices one by one."""
    costs = {"cost": {**settings["cost"], **changes["cost"]}} if "cost" in settings and "cost" in changes else {}
    return {**settings, **changes, **costs}


def _own_settings(uses: Mapping[str, Use]) -> Iterator[str]:
    """What scenarios of the user's own set in levers, as `lever.setting=value`."""
    built_in = {path.stem for path in (configs_dir() / "scenario").glob("*.yaml")}
    for lever, use in sorted(uses.items()):
        for where, changes in use.changes:
            if where.split(".")[1] not in built_in:
                yield from (f"{lever}.{key}={value}" for key, value in _flat(changes))


def _flat(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted key, value) of every setting."""
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def check_levers(scenarios: Iterable[Scenario], plan: Plan) -> None:
    """Build every lever once, so that a value out of range is refused before anything is run.

    plan: all levers there are with their variants; a mistake in one that no scenario uses would stay unnoticed
    """
    from consensus_sim.interventions.base import build_lever

    used = {lever for scenario in scenarios for lever, _ in scenario.levers}
    for name, settings in plan.files.items():
        if name not in used and is_own(settings.get(CLASS)):  # a file of the user's is run only where it is used
            continue
        build_lever(name, settings)
        for variant, changes in plan.variants[name].items():
            try:
                build_lever(name, with_variant(f"intervention.{name}.variants.{variant}", settings, changes))
            except InputError as error:
                raise_all(InputError("in_variant", variant=variant, error=each) for each in single(error))
    for scenario in scenarios:
        try:
            levers = {lever: build_lever(lever, settings) for lever, settings in scenario.levers}
            for lever in levers.values():
                lever.check_scenario(levers)
        except InputError as error:  # what the files say passes, so the scenario has changed it
            raise_all(InputError("in_place", where=f"scenario.{scenario.name}", error=each) for each in single(error))


def check_parts(config: Mapping[str, Any]) -> None:
    """Read behaviour, channels, topics and scenarios of `config`, so that all that is wrong in them is told at once."""
    parts: list[Callable[[], object]] = [
        partial(Behaviour.from_config, config["behaviour"]),
        *(partial(Channel.from_config, name, content) for name, content in config["channel"].items()),
        *(partial(TopicClass.from_config, name, content) for name, content in config["topic"].items()),
        *(partial(_content, name, config["scenario"]) for name in config["scenario"]),
    ]
    together(parts)
    for name in config["scenario"]:
        chain(name, config["scenario"])


def check_topics(topics: Mapping[str, Any], calendar: Settings) -> None:
    """Refuse a topic whose date cannot be read or lies before the run."""
    first = datetime.date.fromisoformat(calendar["start"])
    for name, content in topics.items():
        arises = content.get("arises")
        if arises is not None and iso_date(f"topic.{name}.arises", arises) < first:
            allowed = phrase("or_null", allowed=phrase("a_date_from", date=first.isoformat()))
            raise not_allowed(f"topic.{name}.arises", arises, allowed)


def check_channels(channels: Mapping[str, Any]) -> None:
    """Refuse more channels than residents can know of; take their labels."""
    channel_bits(channels)
    name_channels({name: Channel.from_config(name, content).label for name, content in channels.items()})


def read_reference(config: Mapping[str, Any], names: list[str]) -> str:
    """The scenario that the others are measured against: `reference`; if that is null, `usual_reference` where it is
    compared, else the first.

    Raises InputError for a reference that is not compared.
    """
    for key, allowed in (("reference", names), ("usual_reference", config["scenario"])):
        if config.get(key) is not None:
            known(key, config[key], allowed)
    wanted, usual = config.get("reference"), config.get("usual_reference")
    if wanted is None:
        return usual if usual in names else names[0]
    return str(wanted)


def read_study(config: Mapping[str, Any], *, community: Settings | None = None) -> Study:
    """A checked `Study` from the composed `config` (plain values); `community` stands in for its community spec.

    Raises InputError with one line for the first thing that cannot be used.
    """
    for group in GROUPS:
        section(group, config.get(group))
    for name, content in config["intervention"].items():
        section(f"intervention.{name}", content)
    plan = Plan(config)
    config = plan.config
    names = config.get("scenarios")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise not_allowed("scenarios", names, phrase("a_list_like", example="[before,council]"))
    if len(set(names)) < len(names):
        raise not_allowed("scenarios", names, phrase("each_name_once"))
    parameters = known("parameters", config.get("parameters", "centre"), PARAMETERS)
    calendar = config["calendar"]
    for lever, settings in plan.files.items():
        check_dates(f"intervention.{lever}", settings, calendar["programme"])
    check_parts(config)
    check_topics(config["topic"], calendar)
    check_channels(config["channel"])
    scenarios = tuple(scenario_of(name, plan) for name in names)
    for change in config.get("changes", ()):  # a slip in a scenario that is not compared would stay unnoticed
        changed = re.match(r"scenario\.([\w-]+)\.", str(change))
        if changed and changed[1] not in names:
            scenario_of(changed[1], plan)
    check_levers(scenarios, plan)
    precision = read_precision(config)
    return Study(
        community=community if community is not None else config["community"],
        behaviour=config["behaviour"],
        channel=config["channel"],
        topic=config["topic"],
        calendar={"start": calendar["start"], "weeks": calendar["weeks"]},
        scenarios=scenarios,
        reference=read_reference(config, names),
        replicates=precision.minimum if precision.target is not None else config["replicates"],
        seed=whole("seed", config.get("seed"), 0, MOST_SEED),
        parameters=parameters,
        posterior=_posterior(config, parameters),
        precision=precision,
        least=LeastDifferences.from_config(config.get("least_difference")),
    )


def read_precision(config: Mapping[str, Any]) -> Precision:
    """How exact the means are to be, from `replicates`, `precision` and the node `monte_carlo`.

    replicates=auto needs a precision and is for comparisons only; a number of replicates does without one
    """
    replicates, target = config.get("replicates"), config.get("precision")
    node, analysis = section("monte_carlo", config.get("monte_carlo")), config.get("analysis", "compare")
    if replicates != AUTO or analysis != "compare":
        if isinstance(replicates, bool) or not isinstance(replicates, int) or not 1 <= replicates <= MOST_REPLICATES:
            number = number_phrase(1, MOST_REPLICATES, whole=True)
            auto = phrase("either", one=number, other=phrase("names", names=[AUTO]))
            no_auto = phrase("no_auto", number=number, analysis=str(analysis))
            raise not_allowed("replicates", replicates, auto if analysis == "compare" else no_auto)
        if target is not None:
            raise InputError("precision_not_read", found=target, replicates=replicates)
        return Precision.from_config(None, node)
    if isinstance(target, bool) or not isinstance(target, int | float) or not 0 < target < 1:
        raise not_allowed("precision", target, phrase("a_precision"))
    return Precision.from_config(float(target), node)


def _posterior(config: Mapping[str, Any], parameters: str) -> ParameterSets | None:
    """The parameter sets that the config names, checked against its behaviour; None if `parameters` reads none.

    Raises InputError also for a table of the user's that would then be left out without a word.
    """
    from consensus_sim.parameters import Behaviour
    from consensus_sim.study.posterior import is_shipped, read_posterior

    file = read(PosteriorFile, config.get("posterior"), "posterior").file
    if parameters == "posterior":
        return read_posterior(file).checked(Behaviour.from_config(config["behaviour"]))
    if not is_shipped(file):
        kind = "posterior_not_written" if config.get("analysis") == "calibrate" else "posterior_not_read"
        raise InputError(kind, found=file, parameters=parameters)
    return None
