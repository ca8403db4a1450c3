"""Composed configs: the same files for the command line and for the library, and Hydra's errors said in one line."""

from __future__ import annotations

import contextlib
import difflib
import pickle
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from consensus_sim.data_files import check_text, shown
from consensus_sim.errors import ConsensusSimError, InputError, Phrase, not_allowed, one_line, one_of, phrase
from consensus_sim.paths import configs_dir

CONFIG_NAME = "config"
# Groups whose files are all composed, each under <group>.<file name>, so that every one can be named and changed.
OPEN_GROUPS = ("channel", "topic", "intervention", "scenario")
EXPERIMENT = "experiment"
OWN, OWN_FILES = "own", "files"
"""Group and name of the config that holds all files of the user's of the open groups."""
OWN_SCHEME = "consensus-sim-own"
_SCENARIO_CHANGE = re.compile(r"^\+{0,2}scenario\.(?P<name>[^.=]+)\.interventions(\.|=)")
_NAME = re.compile(r"^[A-Za-z0-9_-]+$")
_WORD = re.compile(r"[^,\[\]{}\s:=]+")
# Keys whose values are names of files, and what Hydra would not take for a name there.
_OF_NAMES = ("scenarios", "reference", "usual_reference", "community", "behaviour", "experiment")
_NUMBER_OR_SWITCH = re.compile(r"[-+]?[\d.].*|true|false|nan|inf", re.IGNORECASE)
# Keys whose value is a file, which Hydra would take for one of its groups of the same name.
_FILES = {"targets": "targets.files", "posterior": "posterior.file"}
_AFTER_HYDRAS_WORDS = re.compile(r" (?:full_key|Config search path|Search path):")
_BRINGS_SETTINGS = re.compile(r"^(hydra\.searchpath=|(experiment|community|behaviour)=\w+$|\+own=)")


def compose(overrides: Sequence[str] = (), *, config_dir: str | Path | None = None) -> dict[str, Any]:
    """The resolved config as plain values, with `overrides` as on the command line; these are kept under `changes`.

    config_dir: a folder with the user's own files (intervention/mine.yaml, scenario/mine.yaml, ...)
    Works inside another Hydra application too. Raises InputError with one line for anything that Hydra refuses. What
    was composed before in this process is kept, as long as no file changes.
    """
    if any(change.startswith("hydra.searchpath=") for change in overrides):
        return _composed(overrides, config_dir)
    folders = [configs_dir(), *([Path(config_dir).absolute()] if config_dir is not None else [])]
    asked = (tuple(overrides), *(_state(folder) for folder in folders))
    if asked not in _kept:
        if len(_kept) == _MOST_KEPT:
            del _kept[next(iter(_kept))]
        _kept[asked] = pickle.dumps(_composed(overrides, config_dir))
    found: dict[str, Any] = pickle.loads(_kept[asked])  # a copy that the caller may change
    return found


_MOST_KEPT = 16
_kept: dict[tuple[Any, ...], bytes] = {}


def _state(folder: Path) -> tuple[Any, ...]:
    """State that differs once any file of `folder` has changed: place, time and size of each."""
    found = [*folder.rglob("*.yaml"), *folder.glob("intervention/**/*.py")]
    files = [(path, path.stat()) for path in sorted(found)]
    return (str(folder), *((str(path), stat.st_mtime_ns, stat.st_size) for path, stat in files))


def _composed(overrides: Sequence[str], config_dir: str | Path | None) -> dict[str, Any]:
    """As `compose`, from the files."""
    from hydra import compose as hydra_compose
    from omegaconf import OmegaConf

    searched = [*overrides, *search_path(overrides, config_dir)]
    extended: list[str] = searched
    with package_configs():
        try:
            extended = extend(searched, config_dir=config_dir)
            config: Any = hydra_compose(config_name=CONFIG_NAME, overrides=extended)
            plain: Any = OmegaConf.to_container(config, resolve=True)
            return {**plain, "changes": list(overrides)}
        except Exception as error:
            raise explain(error, settings_sources(extended)) from None


@contextlib.contextmanager
def package_configs() -> Iterator[None]:
    """Hydra on the package's configs; afterwards an outer Hydra application is as it was."""
    from hydra import initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    from consensus_sim.study.config_source import register

    register()
    outer = GlobalHydra.instance().hydra
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(config_dir=str(configs_dir()), version_base="1.3"):
            yield
    finally:
        GlobalHydra.instance().hydra = outer


def extend(overrides: Sequence[str], *, config_dir: str | Path | None = None) -> list[str]:
    """`overrides` and what they leave out: the user's own files are composed, changes of scenarios are allowed.

    Call it with Hydra initialised on the package's configs. `overrides` must tell the search path (`search_path`).
    """
    overrides = [_own_folders(_file_key(_plain(_quoted(change)))) for change in overrides]
    for change in overrides:
        _check_change(change)
        _check_choice(change)
    own = [change for change in overrides if change.startswith("hydra.searchpath=")]
    found = [f"+{OWN}={OWN_FILES}"] if own else []
    if config_dir is not None:
        _check_names(config_dir)
    return [*found, *(_open(change, own) for change in overrides), *kept_values(overrides)]


_HYDRA_SETTINGS = (
    "hydra.sweep.dir",
    "hydra.searchpath",
    "hydra.sweeper.max_batch_size",
    "hydra/launcher",
    "hydra.launcher.*",
)
"""Hydra's own settings that are in use; others would write files or run what the user never meant to run."""
_OF_HYDRA = re.compile(r"hydra\.(sweep\.dir|searchpath|sweeper\.max_batch_size|launcher\.[\w.]+)|hydra/launcher")


def _check_change(change: str) -> None:
    """Refuse a `change` that takes something away, sets what Hydra would act on, or whose value is a reference."""
    key, _, value = change.partition("=")
    if change.startswith("~"):
        raise InputError("no_deletion", found=change)
    plain = key.lstrip("+")
    if not plain.startswith(("hydra.", "hydra/")):
        check_text(key, value)
    elif not _OF_HYDRA.fullmatch(plain) or plain.endswith("_target_"):
        raise InputError("hydra_setting", found=change, allowed=[*_HYDRA_SETTINGS])


def check_name(path: Path) -> None:
    """Refuse an own file of the open groups whose name the command line could not write."""
    if not _NAME.match(path.stem) or path.stem.lower() == "null":
        raise InputError("file_name", file=shown(path), found=path.stem)


_OF_PARAMETER = re.compile(r"^\+*(behaviour\.\w+\.\w+)\.(\w+)=")


def kept_values(overrides: Sequence[str]) -> list[str]:
    """Overrides that keep parameters whose `value` is among `overrides`, and whose range is not, from being drawn or
    calibrated: who sets a value means it, whatever `parameters` says. Those whose range is among them are drawn.
    Likewise what sets the configured weeks aside where `overrides` give months.
    """
    told: dict[str, set[str]] = {}
    for change in overrides:
        match = _OF_PARAMETER.match(change)
        if match:
            told.setdefault(match[1], set()).add(match[2])
    ranges = {"low", "high", "distribution"}
    kept = [name for name, fields in told.items() if "value" in fields and not fields & ranges]
    drawn = [f"++{name}.drawn=true" for name, fields in told.items() if fields & ranges and "drawn" not in fields]
    keys = {change.lstrip("+").partition("=")[0] for change in overrides}
    months = ["++calendar.weeks=null"] if "calendar.months" in keys and "calendar.weeks" not in keys else []
    return (
        [f"++{name}.{change}" for name in kept for change in ("distribution=fixed", "calibrate=false")] + drawn + months
    )


def _quoted(change: str) -> str:
    """`change` with quotes around each word of its value that Hydra's grammar would not read, such as Chinese."""
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
    """`change` without a + in front where it would add a section that nothing reads: so a slip is told as one."""
    from consensus_sim.study.config_source import sections

    key = change.lstrip("+").partition("=")[0]
    if not change.startswith("+") or "@" in key or "/" in key or key.partition(".")[0] in {*sections(), "hydra"}:
        return change
    return change.lstrip("+")


def _file_key(change: str) -> str:
    """`change` with the key under which a file is kept: targets=FILE as targets.files=FILE."""
    key, equals, value = change.partition("=")
    return f"{_FILES[key]}{equals}{value}" if equals and key in _FILES else change


def _open(change: str, own: list[str]) -> str:
    """`change` with `++` in front where it gives a scenario a setting that its file does not list."""
    match = _SCENARIO_CHANGE.match(change)
    if not match:
        return change
    names = _options("scenario", own)
    if match["name"] not in names:
        raise one_of("scenario", match["name"], names)
    return "++" + change.lstrip("+")


def _check_choice(change: str) -> None:
    """Refuse a `change` that chooses no name from a group: Hydra would stop with an error of its own."""
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.core.override_parser.types import Transformer
    from hydra.errors import HydraException

    try:
        override = OverridesParser.create().parse_override(change)
    except HydraException:
        return  # Hydra tells it
    group = override.key_or_group
    groups = set(GlobalHydra.instance().config_loader().list_groups("")) - set(OPEN_GROUPS)
    if override.is_delete() or group not in groups:
        return
    try:
        swept = override.is_sweep_override()
        values = list(override.sweep_iterator(Transformer.identity)) if swept else [override.value()]
    except HydraException:
        return  # a sweep over what only Hydra knows
    for value in values:
        chosen = value if isinstance(value, list) else [value]
        if not isinstance(value, dict) and not all(isinstance(name, str) and not {*"/\\"} & {*name} for name in chosen):
            raise one_of(group, value, [name for name in _options(group) if not name.startswith("_")])


def _options(group: str, overrides: list[str] | None = None) -> list[str]:
    """Names of the files of `group` on Hydra's search path."""
    from hydra.core.global_hydra import GlobalHydra

    loader = GlobalHydra.instance().config_loader()
    return loader.get_group_options(group, config_name=CONFIG_NAME, overrides=overrides or [])


def search_path(overrides: Sequence[str], config_dir: str | Path | None) -> list[str]:
    """The override that puts `config_dir` on Hydra's search path."""
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
    """The override by which Hydra finds the user's files in `folders`, as data."""
    places = (f'"{OWN_SCHEME}://{folder.absolute().as_posix()}"' for folder in folders)
    return f"hydra.searchpath=[{','.join(places)}]"


def _own_folders(change: str) -> str:
    """`change`, where it is Hydra's search path with its folders taken as those of the user's data."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    if not change.lstrip("+").startswith("hydra.searchpath=") or f"{OWN_SCHEME}://" in change:
        return change
    try:
        found = OverridesParser.create().parse_override(change).value()
    except HydraException:
        found = None
    places = [str(one).removeprefix("file://") for one in found] if isinstance(found, list) else []
    if not places or not all(Path(place).is_dir() for place in places):
        raise InputError("search_path", found=change.partition("=")[2])
    return _searched([Path(place) for place in places])


def _check_names(config_dir: str | Path) -> None:
    """Refuse an own file that has the name of a built-in one: Hydra would silently leave it out."""
    for path in sorted(Path(config_dir).glob("*/*.yaml")):
        group = path.parent.name
        if (configs_dir() / group / path.name).is_file():
            raise InputError("file_name_taken", file=shown(path), group=group)


def settings_sources(overrides: Iterable[str]) -> list[str]:
    """Those of `overrides` that bring in settings: the user's own files, and the experiment if one is chosen."""
    return [change for change in overrides if _BRINGS_SETTINGS.match(change)]


def own_file(error: InputError, config_dir: str | Path | None, overrides: Sequence[str]) -> Phrase:
    """`error` with the file of the user's in front that holds the key it is about, if one does.

    A key that one of `overrides` changes is that one's, not the file's.
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


_OF_FILE = re.compile(r"(?P<group>[a-z]+)(\.(?P<name>[\w-]+)[\w.-]*)?")


def keys_of(found: Phrase) -> Iterator[str]:
    """The keys that `found` is about, the outermost first."""
    where, within = found.values.get("where", found.values.get("words")), found.values.get("error")
    if isinstance(where, str):
        yield where
    if isinstance(within, ConsensusSimError):
        within = within.phrase
    if isinstance(within, Phrase):
        yield from keys_of(within)


def explain(error: BaseException, own: Sequence[str] = ()) -> BaseException:
    """`error` as an InputError of one line if it tells of a mistake in the configuration, else `error` itself.

    own: overrides that bring in settings (`settings_sources`), so that these are suggested, too
    """
    from hydra.errors import HydraException, MissingConfigException, OverrideParseException
    from omegaconf.errors import OmegaConfBaseException

    text = one_line(error)
    if not isinstance(error, HydraException | OmegaConfBaseException):
        return error
    if isinstance(error, OverrideParseException):
        return InputError("override_unreadable", found=str(error.override).lstrip("+"))
    if isinstance(error, MissingConfigException):
        return _missing(error, text)
    wanted = re.search(r"Could not override '([^']+)'", text)
    if wanted:
        # Where a whole section is given in braces, the setting at fault lies within it.
        within = re.search(r"full_key: (\S+)", str(error.__cause__))
        return _unknown_key(within[1] if within and within[1].startswith(f"{wanted[1]}.") else wanted[1], own)
    merged = re.match(r"Error merging override \+*([^=]+)=(.*)", text)
    if merged:  # another kind of value than the setting has
        return InputError(
            "not_allowed_words", where=merged[1], found=merged[2], allowed=phrase("settings_named_freely")
        )
    ambiguous = re.search(r"(?:Ambiguous value for argument|Sweep parameters) '([^']+)'", text)
    if ambiguous:
        return InputError("several_values", where=ambiguous[1].lstrip("+"))
    cause = error.__cause__
    if cause is not None and not text:
        text = one_line(cause)
    return InputError("configuration_unreadable", why=_AFTER_HYDRAS_WORDS.split(text)[0])


def _missing(error: Any, text: str) -> InputError:
    """One line for a file that is not there, with the names that are."""
    if error.missing_cfg_file and error.options:
        group, _, name = str(error.missing_cfg_file).rpartition("/")
        options = [option for option in error.options if not option.startswith("_")]
        return one_of(group.split("@")[0] or "config", name, options)
    named = re.match(r"In '([^']+)': Could not (?:load|find) '(\w+)/([^']+)'", text)
    if named and (configs_dir() / named[2]).is_dir():
        shipped = sorted(path.stem for path in (configs_dir() / named[2]).glob("*.yaml"))
        where = named[1].replace("/", ".")
        return one_of(f"{where}.defaults", named[3], shipped, phrase("own_file_beside"))
    return InputError("configuration_unreadable", why=_AFTER_HYDRAS_WORDS.split(text)[0])


def _unknown_key(key: str, own: Sequence[str]) -> InputError:
    """One line for a setting that does not exist, with the nearest one that does."""
    from hydra import compose as hydra_compose
    from omegaconf import OmegaConf

    with package_configs():
        config: Any = OmegaConf.to_container(hydra_compose(config_name=CONFIG_NAME, overrides=list(own)))
    if key in config:  # a group none of whose files is chosen: Hydra found nothing to put in its place
        return InputError("none_chosen_of_scenarios" if key == "scenario" else "none_chosen", where=key)
    if key == _FILES["targets"]:
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
    """The dotted key of `config` that is nearest to `key`: level by level, else over all keys; None if none is near."""
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
    """Every key of `config` and of what lies below it, as a.b.c."""
    for name, value in config.items():
        yield f"{above}{name}"
        if isinstance(value, Mapping):
            yield from dotted(value, f"{above}{name}.")
