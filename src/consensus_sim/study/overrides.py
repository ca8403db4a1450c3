"""Overrides as the user writes them, checked and completed before Hydra composes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from consensus_sim.data_files import check_text, shown
from consensus_sim.errors import InputError, not_allowed, one_of, phrase
from consensus_sim.paths import configs_dir
from consensus_sim.study.config_names import CONFIG_NAME, FILES, OPEN_GROUPS, OWN, OWN_FILES, OWN_SCHEME

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

_SCENARIO_CHANGE = re.compile(r"^\+{0,2}scenario\.(?P<name>[^.=]+)\.interventions(\.|=)")
_WORD = re.compile(r"[^,\[\]{}\s:=]+")
# Keys whose values are names of files, and what Hydra would not take for a name there.
_OF_NAMES = ("scenarios", "reference", "usual_reference", "community", "behaviour", "experiment")
_NUMBER_OR_SWITCH = re.compile(r"[-+]?[\d.].*|true|false|nan|inf", re.IGNORECASE)
_BRINGS_SETTINGS = re.compile(r"^(hydra\.searchpath=|(experiment|community|behaviour)=\w+$|\+own=)")


def extend(overrides: Sequence[str], *, config_dir: str | Path | None = None, multirun: bool = False) -> list[str]:
    """Returns `overrides` completed: the user's own files are composed, changes of scenarios are allowed.

    overrides: with the search path (`search_path`); multirun: whether several values of a setting are run one by one
    Call it with Hydra initialised on the package's configs. Raises InputError for an override that cannot be used.
    """
    overrides = [_own_folders(_file_key(_plain(_quoted(change)))) for change in overrides]
    for change in overrides:
        _check_change(change)
        _check_choice(change, multirun)
    own = [change for change in overrides if change.startswith("hydra.searchpath=")]
    found = [f"+{OWN}={OWN_FILES}"] if own else []
    if config_dir is not None:
        _check_names(config_dir)
    return [*found, *(_open(change, own) for change in overrides), *kept_values(overrides)]


def parsed(overrides: Iterable[str]) -> Iterator[Override]:
    """Yields those of `overrides` that Hydra's grammar can read, parsed."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    parser = OverridesParser.create()
    for change in overrides:
        try:
            yield parser.parse_override(change)
        except HydraException:  # Hydra reports it
            continue


_HYDRA_SETTINGS = (
    "hydra.sweep.dir",
    "hydra.searchpath",
    "hydra.sweeper.max_batch_size",
    "hydra/launcher",
    "hydra.launcher.*",
)
"""Settings of Hydra that may be changed; others would write files or run code that the user never meant to run."""
_OF_HYDRA = re.compile(r"hydra\.(sweep\.dir|searchpath|sweeper\.max_batch_size|launcher\.[\w.]+)|hydra/launcher")


def _check_change(change: str) -> None:
    """Refuses a `change` that deletes a setting, sets what Hydra would act on, or refers to another."""
    key, _, value = change.partition("=")
    if change.startswith("~"):
        raise InputError("no_deletion", found=change)
    plain = key.lstrip("+")
    if not plain.startswith(("hydra.", "hydra/")):
        check_text(key, value)
    elif not _OF_HYDRA.fullmatch(plain) or plain.endswith("_target_"):
        raise InputError("hydra_setting", found=change, allowed=[*_HYDRA_SETTINGS])


_OF_PARAMETER = re.compile(r"^\+*(behaviour\.\w+\.\w+)\.(\w+)=")


def kept_values(overrides: Sequence[str]) -> list[str]:
    """Returns overrides that follow from `overrides`.

    A parameter whose `value` is set, and whose range is not, is neither drawn nor calibrated, whatever `parameters`
    says. A parameter whose range is set is drawn. The configured weeks do not count where months are set.
    """
    fields_of: dict[str, set[str]] = {}
    for change in overrides:
        match = _OF_PARAMETER.match(change)
        if match:
            fields_of.setdefault(match[1], set()).add(match[2])
    ranges = {"low", "high", "distribution"}
    kept = [name for name, fields in fields_of.items() if "value" in fields and not fields & ranges]
    drawn = [f"++{name}.drawn=true" for name, fields in fields_of.items() if fields & ranges and "drawn" not in fields]
    keys = {change.lstrip("+").partition("=")[0] for change in overrides}
    months = ["++calendar.weeks=null"] if "calendar.months" in keys and "calendar.weeks" not in keys else []
    return (
        [f"++{name}.{change}" for name in kept for change in ("distribution=fixed", "calibrate=false")] + drawn + months
    )


def _quoted(change: str) -> str:
    """Returns `change` with quotes around each word of its value that Hydra's grammar cannot read, such as Chinese."""
    key, equals, value = change.partition("=")
    if not key.isascii():
        raise InputError("setting_not_latin", where=key)
    if "'" in value or '"' in value:
        return change
    names = key in _OF_NAMES and not {"(", ")", "*"} & set(value)

    def in_quotes(word: re.Match[str]) -> str:
        plain = word[0].isascii() and not (names and _NUMBER_OR_SWITCH.fullmatch(word[0]))
        return word[0] if plain else f"'{word[0]}'"

    return f"{key}{equals}" + _WORD.sub(in_quotes, value)


def _plain(change: str) -> str:
    """Returns `change` without a leading + that would add a section that nothing reads, so that a typo is refused."""
    from consensus_sim.study.config_source import sections

    key = change.lstrip("+").partition("=")[0]
    if not change.startswith("+") or "@" in key or "/" in key or key.partition(".")[0] in {*sections(), "hydra"}:
        return change
    return change.lstrip("+")


def _file_key(change: str) -> str:
    """Returns `change` with the key under which a file is kept: targets=FILE as targets.files=FILE."""
    key, equals, value = change.partition("=")
    return f"{FILES[key]}{equals}{value}" if equals and key in FILES else change


def _open(change: str, own: list[str]) -> str:
    """Returns `change` with a leading `++` where it gives a scenario a setting that its file does not list."""
    match = _SCENARIO_CHANGE.match(change)
    if not match:
        return change
    names = _options("scenario", own)
    if match["name"] not in names:
        raise one_of("scenario", match["name"], names)
    return "++" + change.lstrip("+")


def _check_choice(change: str, multirun: bool) -> None:
    """Refuses a `change` that chooses no name from a group, or gives several values unless they are run one by one."""
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.override_parser.types import Transformer
    from hydra.errors import HydraException

    groups = set(GlobalHydra.instance().config_loader().list_groups("")) - set(OPEN_GROUPS)
    for override in parsed([change]):
        group, swept = override.key_or_group, override.is_sweep_override()
        if swept and not multirun:
            raise InputError("several_values", where=change.lstrip("+"))
        if override.is_delete() or group not in groups:
            continue
        try:
            values = list(override.sweep_iterator(Transformer.identity)) if swept else [override.value()]
        except HydraException:
            continue  # a sweep over values that only Hydra knows
        for value in values:
            chosen = value if isinstance(value, list) else [value]
            named = all(isinstance(name, str) and not {*"/\\"} & {*name} for name in chosen)
            if not isinstance(value, dict) and not named:
                raise one_of(group, value, [name for name in _options(group) if not name.startswith("_")])


def _options(group: str, overrides: list[str] | None = None) -> list[str]:
    """Returns the names of the files of `group` on Hydra's search path."""
    from hydra.core.global_hydra import GlobalHydra

    loader = GlobalHydra.instance().config_loader()
    return loader.get_group_options(group, config_name=CONFIG_NAME, overrides=overrides or [])


def search_path(overrides: Sequence[str], config_dir: str | Path | None) -> list[str]:
    """Returns the override that puts `config_dir` on Hydra's search path."""
    if config_dir is None:
        return []
    folder = Path(config_dir).absolute()
    if not folder.is_dir():
        raise not_allowed("config-dir", str(config_dir), phrase("existing_folder"))
    if any(change.lstrip("+").startswith("hydra.searchpath=") for change in overrides):
        raise InputError("config_dir_or_searchpath")
    groups = sorted(path.name for path in configs_dir().iterdir() if path.is_dir())
    if any(folder.glob("*.yaml")) and not any((folder / group).is_dir() for group in groups):
        raise InputError("config_dir_without_groups", found=str(config_dir), groups=groups)
    return [_searched([folder])]


def _searched(folders: Sequence[Path]) -> str:
    """Returns the override by which Hydra finds the user's files in `folders`, as data."""
    places = (f'"{OWN_SCHEME}://{folder.absolute().as_posix()}"' for folder in folders)
    return f"hydra.searchpath=[{','.join(places)}]"


def _own_folders(change: str) -> str:
    """Returns `change`; where it sets Hydra's search path, with its folders as folders of the user's data."""
    if not change.lstrip("+").startswith("hydra.searchpath=") or f"{OWN_SCHEME}://" in change:
        return change
    found = next((override.value() for override in parsed([change])), None)
    places = [str(one).removeprefix("file://") for one in found] if isinstance(found, list) else []
    if not places or not all(Path(place).is_dir() for place in places):
        raise InputError("search_path", found=change.partition("=")[2])
    return _searched([Path(place) for place in places])


def _check_names(config_dir: str | Path) -> None:
    """Refuses an own file that has the name of a built-in one: Hydra would silently ignore it."""
    for path in sorted(Path(config_dir).glob("*/*.yaml")):
        group = path.parent.name
        if (configs_dir() / group / path.name).is_file():
            raise InputError("file_name_taken", file=shown(path), group=group)


def settings_sources(overrides: Iterable[str]) -> list[str]:
    """Returns those of `overrides` that bring in settings: the user's own files, and chosen files of groups."""
    return [change for change in overrides if _BRINGS_SETTINGS.match(change)]
