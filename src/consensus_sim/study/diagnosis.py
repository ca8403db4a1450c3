"""Errors of Hydra as one line that names the key, the value found and what is allowed.

Hydra's exceptions carry English sentences, not data. So an override that Hydra refuses is compared with the config
that it was to change, and what does not fit is named from there.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consensus_sim.errors import ConsensusSimError, InputError, Phrase, one_line, one_of, phrase
from consensus_sim.paths import configs_dir
from consensus_sim.study.config import package_configs, plain_config
from consensus_sim.study.config_names import FILES, OPEN_GROUPS
from consensus_sim.study.overrides import parsed, settings_sources

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override
    from hydra.errors import MissingConfigException

_OF_FILE = re.compile(r"(?P<group>[a-z]+)(\.(?P<name>[\w-]+)[\w.-]*)?")
_HINTS = re.compile(r" (?:full_key|Config search path|Search path):")
"""Beginnings of the technical notes that Hydra and OmegaConf add to a sentence; they are left out."""


def explain(error: BaseException, overrides: Sequence[str] = ()) -> BaseException:
    """Returns `error` as an InputError of one line if Hydra raised it on the configuration, else `error` itself.

    overrides: those that Hydra composed, completed by `extend`
    """
    from hydra.errors import HydraException, MissingConfigException, OverrideParseException
    from omegaconf.errors import OmegaConfBaseException

    if not isinstance(error, HydraException | OmegaConfBaseException):
        return error
    if isinstance(error, OverrideParseException):
        return InputError("override_unreadable", found=str(error.override).lstrip("+"))
    if isinstance(error, MissingConfigException):
        return _missing_file(error)
    return next(_unfit(overrides), None) or _unreadable(error)


def _unreadable(error: BaseException) -> InputError:
    """Returns an error without a known cause in the words of Hydra."""
    cause = error.__cause__
    text = one_line(error) or (one_line(cause) if cause is not None else "")
    return InputError("configuration_unreadable", why=_HINTS.split(text)[0])


def _missing_file(error: MissingConfigException) -> InputError:
    """Returns one line for a file that does not exist, with the names of those that do."""
    group, _, name = str(error.missing_cfg_file or "").rpartition("/")
    if error.missing_cfg_file and error.options:
        options = [option for option in error.options if not option.startswith("_")]
        return one_of(group.split("@")[0] or "config", name, options)
    if group and (configs_dir() / group).is_dir():
        shipped = sorted(path.stem for path in (configs_dir() / group).glob("*.yaml"))
        return one_of(f"{group}.defaults", name, shipped, phrase("own_file_beside"))
    return _unreadable(error)


def _unfit(overrides: Sequence[str]) -> Iterator[InputError]:
    """Yields an error for each of `overrides` that does not fit the config that it was to change."""
    with package_configs():
        config = plain_config(settings_sources(overrides))
    groups = {path.name for path in configs_dir().iterdir() if path.is_dir()}
    for override in parsed(overrides):
        key = override.key_or_group
        if override.is_delete() or key.partition(".")[0] == "hydra" or "/" in key:
            continue
        if override.package is not None:
            if not (override.is_add() or override.is_force_add()):
                yield _unknown_setting(override.get_key_element(), config)
            continue
        value = None if override.is_sweep_override() else override.value()
        if key in groups and not isinstance(value, Mapping):
            if key in OPEN_GROUPS:
                yield InputError("none_chosen_of_scenarios" if key == "scenario" else "none_chosen", where=key)
        else:
            yield from _unfit_value(override, value, config)


def _unfit_value(override: Override, value: object, config: Mapping[str, Any]) -> Iterator[InputError]:
    """Yields an error if `config` has no setting of that name, or one that `override` cannot change to `value`."""
    key, adds = override.key_or_group, override.is_add() or override.is_force_add()
    level: Any = config
    for part in key.split("."):
        if not isinstance(level, Mapping) or part not in level:
            if not adds:
                yield _unknown_setting(key, config)
            return
        level = level[part]
    inner = None if adds else next(_unknown_within(value, level, key), None)
    if inner is not None:
        yield _unknown_setting(inner, config)
    elif {kind for kind in (Mapping, list) if isinstance(level, kind) != isinstance(value, kind)} == {Mapping, list}:
        found, allowed = str(override.input_line).partition("=")[2], phrase("settings_named_freely")
        yield InputError("not_allowed_words", where=key, found=found, allowed=allowed)


def _unknown_within(value: object, level: object, above: str) -> Iterator[str]:
    """Yields the dotted keys of `value`, settings in braces, that the settings `level` lack."""
    if isinstance(value, Mapping) and isinstance(level, Mapping):
        for name, inner in value.items():
            key = f"{above}.{name}"
            if name not in level:
                yield key
            else:
                yield from _unknown_within(inner, level[name], key)


def _unknown_setting(key: str, config: Mapping[str, Any]) -> InputError:
    """Returns one line for a setting that does not exist, with the nearest one that does."""
    if key == FILES["targets"]:
        return InputError("targets_not_read")
    level: Any = config
    parts, depth = key.split("."), 0
    while depth < len(parts) - 1 and isinstance(level.get(parts[depth]), Mapping):
        level, depth = level[parts[depth]], depth + 1
    above = ".".join(parts[:depth])
    if not level:  # such as the items of a catalogue: Hydra adds nothing unasked
        return InputError("section_empty", where=key, above=above)
    if above and not difflib.get_close_matches(parts[depth], list(level), n=1):
        return InputError("no_setting_in", where=key, above=above, names=[str(name) for name in level])
    near = nearest_key(key, config)
    return InputError("no_setting_near", where=key, near=near) if near else InputError("no_setting", where=key)


def nearest_key(key: str, config: Mapping[str, Any]) -> str | None:
    """Returns the dotted key of `config` nearest to `key`: level by level, else over all keys; None if none is near."""
    found: list[str] = []
    level: Any = config
    for part in key.split("."):
        names = list(level) if isinstance(level, Mapping) else []
        near = [part] if part in names else difflib.get_close_matches(part, names, n=1)
        if not near:
            break
        found.append(near[0])
        level = level[near[0]]
    else:
        return ".".join(found)
    same = sorted((one for one in dotted(config) if one.rpartition(".")[2] == key), key=len)
    if same:
        return same[0]
    names = [one for one in dotted(config) if not key.startswith(f"{one}.")]
    everywhere = difflib.get_close_matches(key, names, n=1)
    return everywhere[0] if everywhere else None


def dotted(config: Mapping[str, Any], above: str = "") -> Iterable[str]:
    """Yields every key of `config` and of the mappings in it, as a.b.c."""
    for name, value in config.items():
        yield f"{above}{name}"
        if isinstance(value, Mapping):
            yield from dotted(value, f"{above}{name}.")


def own_file(error: InputError, config_dir: str | Path | None, overrides: Sequence[str]) -> Phrase:
    """Returns `error`, preceded by the user's file that holds its key, if one does.

    A key that one of `overrides` changes belongs to the override, not to the file.
    """
    key = next(filter(None, map(_OF_FILE.match, keys_of(error.phrase))), None)
    if key is None or config_dir is None:
        return error.phrase
    changed = [change.lstrip("+~").partition("=")[0] for change in overrides]
    if any(one.startswith(f"{key[0]}.") or (one == key[0] and "." in key[0]) for one in changed):
        return error.phrase
    group = key["group"]
    chosen = [change.partition("=")[2] for change in overrides if change.startswith(f"{group}=")]
    for name in (key["name"], *chosen[-1:]):
        path = Path(config_dir) / group / f"{name}.yaml"
        if path.is_file():
            return phrase("in_file", file=str(path), error=error.phrase)
    return error.phrase


def keys_of(found: Phrase) -> Iterator[str]:
    """Yields the keys that `found` names, the outermost first."""
    where, within = found.values.get("where", found.values.get("words")), found.values.get("error")
    if isinstance(where, str):
        yield where
    if isinstance(within, ConsensusSimError):
        within = within.phrase
    if isinstance(within, Phrase):
        yield from keys_of(within)
