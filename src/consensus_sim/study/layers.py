"""Settings laid over settings: a file, its variant, scenarios and their bases; what comes later wins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from consensus_sim.errors import InputError, not_allowed, phrase, unknown_key
from consensus_sim.interventions.loading import CLASS
from consensus_sim.study.scenario import Settings


def section(key: str, value: object) -> Mapping[str, Any]:
    """Returns `value` as a mapping of settings; raises InputError for anything else."""
    if not isinstance(value, Mapping):
        raise not_allowed(key, value, phrase("settings_of", key=key))
    return value


def merge_settings(where: str, settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """Returns `settings` with `changes` laid over them; raises InputError for a setting that `settings` lacks."""
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
    """True if every value of `settings` is a mapping, as for the items of a catalogue, whose names the user chooses."""
    return bool(settings) and all(isinstance(inner, Mapping) for inner in settings.values())


def with_variant(where: str, settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """Returns the `settings` of a file with the `changes` of a variant; freely named items are replaced as a whole."""
    free = {key: value for key, value in changes.items() if isinstance(value, Mapping) and _is_freely_named(value)}
    return {**merge_settings(where, settings, {**changes, **dict.fromkeys(free)}), **free}


def common_settings(settings: Settings, shapes: Iterable[Mapping[str, Any]]) -> Settings:
    """Returns the part of `settings` whose keys occur in any of `shapes`."""
    found: Settings = {}
    for shape in shapes:
        for key, inner in shape.items():
            if isinstance(inner, Mapping) and isinstance(settings[key], Mapping) and set(inner) <= set(settings[key]):
                found[key] = {**found.get(key, {}), **common_settings(settings[key], [inner])}
            else:
                found[key] = settings[key]
    return found


def with_changes(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """Returns `settings` with `changes` laid over them; each price of `cost` is replaced by itself."""
    costs = {"cost": {**settings["cost"], **changes["cost"]}} if "cost" in settings and "cost" in changes else {}
    return {**settings, **changes, **costs}


def leaves(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yields (dotted key, value) of every setting."""
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value
