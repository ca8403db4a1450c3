"""Hydra's access to the package's own configs: parsed in C, and the files that all take part as one config.

Composed one by one, the eighty files of the open groups would take most of a start: Hydra goes through all that it has
for each that it adds.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra.core.config_search_path import ConfigSearchPath, SearchPathQuery
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigResult
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf
from omegaconf._utils import get_yaml_loader

from consensus_sim.ensemble.config import OPEN_GROUPS
from consensus_sim.paths import configs_dir

WHOLE_GROUPS = "open_groups"
"""The name under which config.yaml has all files of the open groups."""
SCHEME = "consensus-sim"


class PackageConfigs(FileConfigSource):
    """The package's config files, and `WHOLE_GROUPS`, of which there is no file."""

    @staticmethod
    def scheme() -> str:
        """What addresses of this source begin with."""
        return SCHEME

    def load_config(self, config_path: str) -> ConfigResult:
        """As Hydra's source of files, but parsed in C."""
        name = self._normalize_file_name(config_path)
        if name == f"{WHOLE_GROUPS}.yaml":
            header: dict[str, str | None] = {"package": None}
            content: Any = {group: dict(self._of_group(group)) for group in OPEN_GROUPS}
        else:
            text = (Path(self.path) / name).read_text(encoding="utf-8")
            header, content = self._get_header_dict(text[:512]), parse(text)
        return ConfigResult(
            config=OmegaConf.create(content if content is not None else {}),
            path=f"{self.scheme()}://{self.path}",
            provider=self.provider,
            header=header,
        )

    def is_config(self, config_path: str) -> bool:
        """Whether there is such a config."""
        return self._normalize_file_name(config_path) == f"{WHOLE_GROUPS}.yaml" or super().is_config(config_path)

    def _of_group(self, group: str) -> Iterator[tuple[str, Any]]:
        """Name and content of every file of `group`."""
        for path in sorted((Path(self.path) / group).glob("*.yaml")):
            yield path.stem, parse(path.read_text(encoding="utf-8"))


class PackageConfigsFirst(SearchPathPlugin):
    """Lets `PackageConfigs` find the package's files before Hydra's own source of files does."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Called by Hydra, of another application, too, which is left alone."""
        path = str(configs_dir())
        if any(element.path in (path, f"file://{path}") for element in search_path.get_path()):
            search_path.prepend(SCHEME, f"{SCHEME}://{path}", SearchPathQuery(provider="main"))


def register() -> None:
    """Make `PackageConfigs` known to Hydra; doing it again is harmless."""
    for plugin in (PackageConfigs, PackageConfigsFirst):
        Plugins.instance().register(plugin)


@functools.cache
def _loader() -> Any:
    """OmegaConf's loader (no dates, no key twice) on libyaml's parser where PyYAML was built with it."""
    own: Any = get_yaml_loader()
    parser: Any = getattr(getattr(yaml, "cyaml", None), "CParser", None)
    if parser is None:
        return own

    class Loader(parser, own):
        def __init__(self, stream: str) -> None:
            parser.__init__(self, stream)
            yaml.constructor.SafeConstructor.__init__(self)
            yaml.resolver.Resolver.__init__(self)

    return Loader


def parse(text: str) -> Any:
    """The YAML of `text` as plain values, read as OmegaConf reads it: dates stay text, no key may come twice."""
    return yaml.load(text, Loader=_loader())
