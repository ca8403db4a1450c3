"""Hydra's access to configs: the package's own, and the user's, which are data and checked before Hydra sees them.

Composed one by one, the eighty files of the open groups would take most of a start: Hydra goes through all that it has
for each that it adds. So they come as one config, and the user's of these groups as another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from hydra.core.config_search_path import ConfigSearchPath, SearchPathQuery
from hydra.core.object_type import ObjectType
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf

from consensus_sim.data_files import (
    DEFAULTS,
    SELF,
    Data,
    check_inside,
    check_plain,
    is_name,
    laid_over,
    parse,
    read_mapping,
    read_with_defaults,
    shown,
)
from consensus_sim.errors import InputError, unknown_key
from consensus_sim.interventions.loading import CLASS, instead_of_target, with_digest
from consensus_sim.paths import configs_dir
from consensus_sim.study.config_names import (
    CONFIG_NAME,
    EXPERIMENT,
    OPEN_GROUPS,
    OWN,
    OWN_FILES,
    OWN_SCHEME,
    check_name,
)

ANALYSIS = "analysis"
"""The key that says what an experiment does: a built-in one's name, or a function of one of the user's own."""
WHOLE_GROUPS = "open_groups"
"""The name under which config.yaml has all files of the open groups."""
SCHEME = "consensus-sim"


class _Files(ConfigSource):
    """YAML files below a folder; what one says is for subclasses to load."""

    def available(self) -> bool:
        """Returns whether the folder exists."""
        return Path(self.path).is_dir()

    def is_group(self, config_path: str) -> bool:
        """Returns whether there is a folder of that name."""
        return (Path(self.path) / config_path).is_dir()

    def is_config(self, config_path: str) -> bool:
        """Returns whether there is a file of that name."""
        return (Path(self.path) / self._normalize_file_name(config_path)).is_file()

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        """Names in a folder."""
        found: list[str] = []
        for path in (Path(self.path) / config_path).iterdir():
            self._list_add_result(found, f"{config_path}/{path.name}".lstrip("/"), path.name, results_filter)
        return sorted({*found})


class PackageConfigs(_Files):
    """The package's config files, and `WHOLE_GROUPS`, of which there is no file."""

    @staticmethod
    def scheme() -> str:
        """Beginning of all addresses of this source."""
        return SCHEME

    def load_config(self, config_path: str) -> ConfigResult:
        """As Hydra's source of files, but parsed in C."""
        name = self._normalize_file_name(config_path)
        if name == f"{WHOLE_GROUPS}.yaml":
            header: dict[str, str | None] = {"package": None}
            content: Any = {group: dict(self._of_group(group)) for group in OPEN_GROUPS}
        else:
            text = (Path(self.path) / name).read_text(encoding="utf-8")
            header, content = self._get_header_dict(text[:512]), parse(text, name)
        return ConfigResult(
            config=OmegaConf.create(content if content is not None else {}),
            path=f"{self.scheme()}://{self.path}",
            provider=self.provider,
            header=header,
        )

    def is_config(self, config_path: str) -> bool:
        """Returns whether there is such a config."""
        return self._normalize_file_name(config_path) == f"{WHOLE_GROUPS}.yaml" or super().is_config(config_path)

    def _of_group(self, group: str) -> Iterator[tuple[str, Any]]:
        """Name and content of every file of `group`."""
        for path in sorted((Path(self.path) / group).glob("*.yaml")):
            yield path.stem, parse(path.read_text(encoding="utf-8"), path.name)


class OwnConfigs(_Files):
    """The user's files, each read and checked as data, and `OWN_FILES`, all of the open groups under their names."""

    @staticmethod
    def scheme() -> str:
        """Beginning of all addresses of this source."""
        return OWN_SCHEME

    def load_config(self, config_path: str) -> ConfigResult:
        """The content of a file, with what its `defaults` name; Hydra finds no class and no reference in it."""
        group, _, name = config_path.removesuffix(".yaml").rpartition("/")
        content: Mapping[str, Data] | Mapping[str, Mapping[str, Data]]
        package: str | None = "_global_"
        if group == OWN:
            content = {group: dict(self._of_group(group)) for group in OPEN_GROUPS}
        elif group == EXPERIMENT:
            content = read_experiment(Path(self.path) / group / f"{name}.yaml")
        else:
            package, content = None, read_data(Path(self.path) / group / f"{name}.yaml")
        return ConfigResult(
            config=OmegaConf.create(content),
            path=f"{self.scheme()}://{self.path}",
            provider=self.provider,
            header={"package": package},
        )

    def is_group(self, config_path: str) -> bool:
        """Returns whether there is a folder of that name, and the package has such a group."""
        return config_path in ("", OWN) or (config_path in groups() and super().is_group(config_path))

    def is_config(self, config_path: str) -> bool:
        """Returns whether there is such a config in one of the package's groups."""
        group, _, name = config_path.removesuffix(".yaml").rpartition("/")
        if group == OWN:
            return name == OWN_FILES
        return group in groups() and super().is_config(config_path)

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        """Names in a folder."""
        return [] if config_path == OWN else super().list(config_path, results_filter)

    def _of_group(self, group: str) -> Iterator[tuple[str, dict[str, Data]]]:
        """Name and content of every file of `group`."""
        for path in sorted((Path(self.path) / group).glob("*.yaml")):
            check_name(path)
            yield path.stem, read_data(path)


@cache
def groups() -> frozenset[str]:
    """Names of the groups that there are: the folders of the package's configs."""
    return frozenset(path.name for path in configs_dir().iterdir() if path.is_dir())


def read_data(path: Path) -> dict[str, Data]:
    """The data in one of the user's files, with that of the files of its group that it starts from."""
    check_inside(path, path.parent.parent)
    group = path.parent.name
    if group != "intervention":
        return read_with_defaults(path, configs_dir() / group)
    target = read_mapping(path).get("_target_")
    if target is not None:
        raise InputError("target_refused", file=shown(path), line=instead_of_target(target))
    content = read_with_defaults(path, configs_dir() / group)
    if CLASS in content:
        content[CLASS] = with_digest(content[CLASS], path.parent, shown(path))
    return content


def read_experiment(path: Path) -> dict[str, Data]:
    """The keys of the config that one of the user's experiment files sets, with the choices of files that it makes."""
    check_inside(path, path.parent.parent)
    content, file = read_mapping(path, "_global_"), shown(path)
    names = content.pop(DEFAULTS, None) or []
    check_plain(file, content)
    if ANALYSIS in content:
        content[ANALYSIS] = with_digest(content[ANALYSIS], path.parent, file, ANALYSIS)
    known = sections()
    for key in content:
        if key not in known:
            raise unknown_key(file, key, sorted(known))
    return content if names == [SELF] or not names else laid_over(content, {DEFAULTS: _choices(file, names)})


def _choices(file: str, names: Data) -> list[Data]:
    """The `defaults` of an experiment: other experiments, and choices of one file of a group."""
    if not isinstance(names, list):
        raise InputError("data_defaults_list", file=file, found=names)
    choices = {f"override /{group}" for group in groups() - {EXPERIMENT, *OPEN_GROUPS}}
    for name in names:
        chosen = [name] if isinstance(name, str) else list(name.values()) if isinstance(name, dict) else []
        known = isinstance(name, str) or (isinstance(name, dict) and name.keys() <= choices)
        if len(chosen) != 1 or not known or not all(isinstance(one, str) and is_name(one) for one in chosen):
            raise InputError("experiment_default", file=file, found=name)
    return names


@cache
def sections() -> frozenset[str]:
    """First parts of all keys that the package's files give, but Hydra's own."""
    found = set(groups())
    for path in (configs_dir() / f"{CONFIG_NAME}.yaml", *sorted((configs_dir() / EXPERIMENT).glob("*.yaml"))):
        content = parse(path.read_text(encoding="utf-8"), path.name)
        found |= set(content) if isinstance(content, dict) else set()
    return frozenset(found - {"hydra", DEFAULTS})


class PackageConfigsFirst(SearchPathPlugin):
    """Lets `PackageConfigs` find the package's files before Hydra's own source of files does."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Called by Hydra, of another application, too, which is left alone."""
        path = str(configs_dir())
        if any(element.path in (path, f"file://{path}") for element in search_path.get_path()):
            search_path.prepend(SCHEME, f"{SCHEME}://{path}", SearchPathQuery(provider="main"))


def register() -> None:
    """Make the sources of configs known to Hydra; doing it again is harmless."""
    for plugin in (PackageConfigs, OwnConfigs, PackageConfigsFirst):
        Plugins.instance().register(plugin)
