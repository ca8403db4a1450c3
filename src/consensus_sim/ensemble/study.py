"""From a composed config to a checked `Study`: chains of scenarios, settings of levers, calendar, counts."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping
from typing import Any

from consensus_sim.ensemble.precision import AUTO, Precision
from consensus_sim.ensemble.scenario import Scenario, Settings, Study
from consensus_sim.errors import InputError, not_allowed, one_of, phrase
from consensus_sim.interventions.loading import CLASS, is_own
from consensus_sim.settings import FIRST_YEAR, LAST_YEAR

MOST_WEEKS = 522  # ten years
PARAMETERS = ("centre", "prior", "posterior")
MOST_REPLICATES = 100_000  # of each scenario: 5 GB on disk, and more in memory
MOST_SEED = 10**13
"""Up to here all replicates of all seeds have draws of their own: `replicate_seed` fits into 64 bits."""
SCENARIO_KEYS = ("label", "description", "base", "interventions")
GROUPS = ("community", "behaviour", "calendar", "channel", "topic", "intervention", "scenario")


def whole(key: str, value: object, low: int, high: int | None = None) -> int:
    """`value` as a whole number of at least `low` and at most `high`; InputError names `key` and what is allowed."""
    allowed = f"a whole number from {low} to {high}" if high is not None else f"a whole number of at least {low}"
    if isinstance(value, bool) or not isinstance(value, int) or value < low or (high is not None and value > high):
        raise InputError(f"{key}: found {value!r}; allowed: {allowed}")
    return value


def section(key: str, value: object) -> Mapping[str, Any]:
    """`value` as a mapping of settings; InputError names `key` otherwise."""
    if not isinstance(value, Mapping):
        raise InputError(
            f"{key}: found {value!r}; allowed: settings, one a line (choose a file, or change {key}.<setting>)"
        )
    return value


def iso_date(key: str, value: object) -> datetime.date:
    """`value` as a date; InputError unless it is written YYYY-MM-DD."""
    try:
        if len(str(value)) != len("YYYY-MM-DD"):
            raise ValueError
        found = datetime.date.fromisoformat(str(value))
    except ValueError:
        raise InputError(f"{key}: found {value!r}; allowed: a date written YYYY-MM-DD") from None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise not_allowed(key, str(value), phrase("a_date_between", first=FIRST_YEAR, last=LAST_YEAR))
    return found


def read_calendar(config: Mapping[str, Any]) -> Settings:
    """{"start": ISO date, "weeks": int} from `config`."""
    start = iso_date("calendar.start", config.get("start"))
    return {"start": start.isoformat(), "weeks": whole("calendar.weeks", config.get("weeks"), 1, MOST_WEEKS)}


def check_dates(where: str, settings: Settings, calendar_start: str) -> None:
    """Refuse a lever whose dates cannot be read or whose end lies before its start (null: the start of the run)."""
    start = settings.get("start")
    begins = iso_date(f"{where}.start", start if start is not None else calendar_start)
    end = settings.get("end")
    if end is not None and iso_date(f"{where}.end", end) < begins:
        raise InputError(f"{where}: its end {end} lies before its start {begins.isoformat()}")


def merge_settings(where: str, settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """`settings` with `changes` laid over them; InputError for a setting that `settings` does not have."""
    merged = dict(settings)
    for name, value in changes.items():
        if name == CLASS:
            raise InputError("class_in_scenario", where=f"{where}.{name}", found=value)
        if name not in settings:
            raise one_of(f"setting of {where}", name, [known for known in settings if known != CLASS])
        old = settings[name]
        if isinstance(old, dict) and old and isinstance(value, Mapping):
            merged[name] = merge_settings(f"{where}.{name}", old, value)
        else:
            merged[name] = value
    return merged


def chain(name: str, scenarios: Mapping[str, Any]) -> list[str]:
    """`name` and the scenarios it is based on, the outermost base first."""
    links: list[str] = []
    current: str | None = name
    while current is not None:
        if current in links:
            raise InputError(f"scenario.{links[-1]}.base: goes round in a circle: {' -> '.join([*links, current])}")
        if current not in scenarios:
            raise one_of("scenario" if not links else f"scenario.{links[-1]}.base", current, scenarios)
        links.append(current)
        current = _content(current, scenarios).get("base")
    return links[::-1]


def _content(name: str, scenarios: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the file of scenario `name` says; a key that nothing reads would leave another policy than was meant."""
    if not scenarios[name]:
        raise InputError(f"scenario.{name}: found nothing; allowed: {', '.join(SCENARIO_KEYS)}")
    content = section(f"scenario.{name}", scenarios[name])
    for key in content:
        if key not in SCENARIO_KEYS:
            raise one_of(f"scenario.{name}: unknown key", key, SCENARIO_KEYS)
    return content


def read_scenario(name: str, config: Mapping[str, Any]) -> Scenario:
    """Scenario `name` with its levers: intervention file <- command line <- base scenarios <- the scenario itself.

    config: the composed config, with groups "scenario", "intervention" and "calendar"
    """
    scenarios, files = config["scenario"], config["intervention"]
    links = chain(name, scenarios)
    levers: dict[str, Settings] = {}
    for link in links:
        for lever, changes in _interventions(link, scenarios).items():
            where = f"scenario.{link}.interventions.{lever}"
            if lever not in files:
                raise one_of(f"lever in scenario.{link}.interventions", lever, files)
            if changes is None:
                levers.pop(lever, None)
                continue
            if not isinstance(changes, Mapping):
                raise InputError(f"{where}: found {changes!r}; allowed: settings in braces, or null to switch it off")
            levers[lever] = merge_settings(where, levers.get(lever, {"held_back": False, **files[lever]}), changes)
    start = config["calendar"]["start"]
    for lever, settings in levers.items():
        check_dates(f"lever {lever} of scenario {name}", settings, start)
    content = _content(name, scenarios)
    return Scenario(
        name=name,
        label=_text(f"scenario.{name}.label", content.get("label"), name),
        description=_text(f"scenario.{name}.description", content.get("description"), ""),
        levers=tuple(sorted(levers.items())),
    )


def _interventions(name: str, scenarios: Mapping[str, Any]) -> Mapping[str, Any]:
    """The interventions that scenario `name` itself names."""
    content = _content(name, scenarios).get("interventions") or {}
    if not isinstance(content, Mapping):
        raise InputError(f"scenario.{name}.interventions: found {content!r}; allowed: a lever and its settings a line")
    return content


def _text(key: str, value: object, default: str) -> dict[str, str]:
    """Text by language; one string serves for both."""
    if value is None or isinstance(value, str):
        return {"zh": value or default, "en": value or default}
    if not isinstance(value, Mapping) or not {"zh", "en"} <= set(value):
        raise InputError(f"{key}: found {value!r}; allowed: text, or {{zh: text, en: text}}")
    return {"zh": str(value["zh"]), "en": str(value["en"])}


def check_levers(scenarios: Iterable[Scenario], files: Mapping[str, Any]) -> None:
    """Build every lever once, so that a value out of range is refused before anything is run.

    files: settings of all levers there are; a mistake in one that no scenario uses would stay without effect, unnoticed
    """
    from consensus_sim.interventions.base import build_lever

    scenarios = tuple(scenarios)
    used = {lever for scenario in scenarios for lever, _ in scenario.levers}
    for name, settings in files.items():
        if name in used or not is_own(settings.get(CLASS)):  # a file of the user's is run only where it is used
            build_lever(name, settings)
    for scenario in scenarios:
        try:
            levers = {lever: build_lever(lever, settings) for lever, settings in scenario.levers}
            for lever in levers.values():
                lever.check_scenario(levers)
        except InputError as error:  # what the files say passes, so the scenario has changed it
            raise InputError(f"scenario.{scenario.name}: {error}") from None


def read_reference(config: Mapping[str, Any], names: list[str]) -> str:
    """The scenario that the others are measured against: `reference`; if that is null, `usual_reference` where it is
    compared, else the first.

    Raises InputError for a reference that is not compared.
    """
    for key in ("reference", "usual_reference"):
        wanted = config.get(key)
        if wanted is not None and wanted not in config["scenario"]:
            raise one_of(key, wanted, names if key == "reference" else config["scenario"])
    wanted, usual = config.get("reference"), config.get("usual_reference")
    if wanted is None:
        return usual if usual in names else names[0]
    if wanted not in names:
        raise InputError(f"reference: found {wanted!r}; allowed: one of the scenarios compared, {', '.join(names)}")
    return str(wanted)


def read_study(config: Mapping[str, Any], *, community: Settings | None = None) -> Study:
    """A checked `Study` from the composed `config` (plain values); `community` stands in for its community spec.

    Raises InputError with one line for the first thing that cannot be used.
    """
    for group in GROUPS:
        section(group, config.get(group))
    for group in ("channel", "topic", "intervention"):
        for name, content in config[group].items():
            section(f"{group}.{name}", content)
    calendar = read_calendar(config["calendar"])
    names = config.get("scenarios")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise InputError(f"scenarios: found {names!r}; allowed: a list of names like [before,council]")
    if len(set(names)) < len(names):
        raise InputError(f"scenarios: found {names!r}; allowed: each name once")
    for name in config["scenario"]:
        chain(name, config["scenario"])
    parameters = config.get("parameters", "centre")
    if parameters not in PARAMETERS:
        raise one_of("parameters", parameters, PARAMETERS)
    for lever, settings in config["intervention"].items():
        check_dates(f"intervention.{lever}", settings, calendar["start"])
    plain = {**config, "calendar": calendar}
    scenarios = tuple(read_scenario(name, plain) for name in names)
    for change in config.get("changes", ()):  # a slip in a scenario that is not compared would stay unnoticed
        changed = re.match(r"scenario\.([\w-]+)\.", str(change))
        if changed and changed[1] not in names:
            read_scenario(changed[1], plain)
    check_levers(scenarios, config["intervention"])
    precision = read_precision(config)
    return Study(
        community=community if community is not None else config["community"],
        behaviour=config["behaviour"],
        channel=config["channel"],
        topic=config["topic"],
        calendar=calendar,
        scenarios=scenarios,
        reference=read_reference(config, names),
        replicates=precision.minimum if precision.target is not None else config["replicates"],
        seed=whole("seed", config.get("seed"), 0, MOST_SEED),
        parameters=parameters,
        posterior=_posterior(config, parameters),
        precision=precision,
    )


def read_precision(config: Mapping[str, Any]) -> Precision:
    """How exact the means are to be, from `replicates`, `precision` and the node `monte_carlo`.

    replicates=auto needs a precision and is for comparisons only; a number of replicates does without one
    """
    replicates, target = config.get("replicates"), config.get("precision")
    node, analysis = section("monte_carlo", config.get("monte_carlo")), config.get("analysis", "compare")
    if replicates != AUTO or analysis != "compare":
        if isinstance(replicates, bool) or not isinstance(replicates, int) or not 1 <= replicates <= MOST_REPLICATES:
            auto = ", or auto" if analysis == "compare" else f" (auto is for analysis=compare, this is {analysis})"
            allowed = f"a whole number from 1 to {MOST_REPLICATES}{auto}"
            raise InputError(f"replicates: found {replicates!r}; allowed: {allowed}")
        if target is not None:
            raise InputError(f"precision: found {target!r} with replicates={replicates}; allowed: with replicates=auto")
        return Precision.from_config(None, node)
    if isinstance(target, bool) or not isinstance(target, int | float) or not 0 < target < 1:
        told = "allowed with replicates=auto: a number above 0 and below 1, such as 0.05"
        raise InputError(f"precision: found {target!r}; {told}")
    return Precision.from_config(float(target), node)


def _posterior(config: Mapping[str, Any], parameters: str) -> Any:
    """The parameter sets that the config names, checked against its behaviour; None if `parameters` reads none.

    Raises InputError also for a table of the user's that would then be left out without a word.
    """
    from consensus_sim.ensemble.posterior import is_shipped, read_posterior
    from consensus_sim.parameters import Behaviour

    file = str(section("posterior", config.get("posterior")).get("file"))
    if parameters == "posterior":
        return read_posterior(file).checked(Behaviour.from_config(config["behaviour"]))
    if not is_shipped(file):
        allowed = "with parameters=posterior"
        if config.get("analysis") == "calibrate":
            allowed += "; to write one, calibration.posterior=FILE"
        raise InputError(f"posterior: found {file!r} with parameters={parameters}; allowed: {allowed}")
    return None
