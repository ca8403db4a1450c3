"""What was given on the command line, or as overrides of the library, and has to act before everything in files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from consensus_sim.ensemble.scenario import Scenario, Settings

Path = tuple[str, ...]


def given_paths(config: Mapping[str, Any]) -> list[Path]:
    """The settings named by the `changes` of `config`, each as the keys that lead to it."""
    return list(dict.fromkeys(path for change in config.get("changes", ()) for path in _paths(str(change))))


def _paths(change: str) -> Iterator[Path]:
    """The settings that one override gives: one, or each of those it has in braces."""
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
    """Paths of all values within `value`."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _leaves((*path, str(key)), inner)
    else:
        yield path


def unused(config: Mapping[str, Any], scenarios: Iterable[Scenario]) -> list[str]:
    """Those settings of interventions that were given and of which no scenario of the study has the intervention."""
    used = {lever for scenario in scenarios for lever, _ in scenario.levers}
    paths = given_paths(config)
    return [".".join(path) for path in paths if path[0] == "intervention" and len(path) > 2 and path[1] not in used]


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
    """`changes` without the settings that are `given`."""
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
