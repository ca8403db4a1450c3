"""Overrides of the user, on the command line or in the library, which take precedence over all files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from consensus_sim.data_files import read_plain
from consensus_sim.paths import configs_dir
from consensus_sim.study.scenario import Scenario, Settings

Path = tuple[str, ...]


def given_paths(config: Mapping[str, Any]) -> list[Path]:
    """Returns the settings named by the `changes` of `config`, each as its path of keys."""
    return list(dict.fromkeys(path for change in config.get("changes", ()) for path in _paths(str(change))))


def changed_paths(config: Mapping[str, Any]) -> list[Path]:
    """The settings of built-in interventions with variants whose value differs from that of their file: an experiment
    file has changed them, and they act before variants and scenarios, too.
    """
    found: list[Path] = []
    for name, settings in config["intervention"].items():
        file = configs_dir() / "intervention" / f"{name}.yaml"
        if isinstance(settings, Mapping) and settings.get("variants") and file.is_file():
            shipped = read_plain(file)
            leaves = _leaves(("intervention", name), {key: settings[key] for key in settings if key != "variants"})
            found += [path for path in leaves if _value(settings, path[2:]) != _value(shipped, path[2:])]
    return found


def _value(settings: Mapping[str, Any], path: Path) -> Any:
    """The value at `path` of `settings`; None where there is none."""
    value: Any = settings
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _paths(change: str) -> Iterator[Path]:
    """Yields the settings that one override sets: one, or each of those in braces."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        override = OverridesParser.create().parse_override(change)
    except HydraException:  # an option of the command, such as --config-dir
        return
    if override.is_delete() or override.is_sweep_override() or override.package is not None:
        return
    yield from _leaves(tuple(override.key_or_group.split(".")), override.value())


def _leaves(path: Path, value: Any) -> Iterator[Path]:
    """Yields the paths of all values within `value`."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _leaves((*path, str(key)), inner)
    else:
        yield path


def unused(config: Mapping[str, Any], scenarios: Iterable[Scenario]) -> list[str]:
    """Settings that were given and that no scenario of the study reads: of interventions that none has, of the channels
    that these would open, and of scenarios that are not compared and on which none compared is based.
    """
    scenarios = tuple(scenarios)
    levers = {lever for scenario in scenarios for lever, _ in scenario.levers}
    idle = set(config["intervention"]) - levers
    read = {link for scenario in scenarios for link in _links(scenario.name, config["scenario"])}
    without_effect = {"intervention": idle, "channel": idle, "scenario": set(config["scenario"]) - read}
    paths = given_paths(config)
    return [".".join(path) for path in paths if len(path) > 2 and path[1] in without_effect.get(path[0], ())]


def _links(name: str | None, scenarios: Mapping[str, Any]) -> Iterator[str]:
    """Yields `name` and the scenarios it is based on."""
    while name is not None:
        yield name
        name = scenarios[name].get("base")


def nested(config: Mapping[str, Any], under: Path, paths: list[Path]) -> Settings:
    """The settings at those of `paths` that lie below `under`, with their values in `config`, nested as there.

    What the config no longer has is left out.
    """
    found: Settings = {}
    for path in paths:
        if path[: len(under)] != under or len(path) <= len(under):
            continue
        value: Any = config
        for key in path:
            if not isinstance(value, Mapping) or key not in value:
                break
            value = value[key]
        else:
            level = found
            for key in path[len(under) : -1]:
                level = level.setdefault(key, {})
            level[path[-1]] = value
    return found


def without(changes: Mapping[str, Any], given: Mapping[str, Any]) -> Settings:
    """Returns `changes` without the settings that are `given`."""
    found: Settings = {}
    for key, value in changes.items():
        held = given.get(key)
        if key not in given:
            found[key] = value
        elif isinstance(value, Mapping) and isinstance(held, Mapping):
            rest = without(value, held)
            if rest:
                found[key] = rest
    return found
