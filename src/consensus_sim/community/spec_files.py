"""Sources of specs: the YAML files of the package, a user's own files, and changes laid over them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from consensus_sim.community.spec import ROOT
from consensus_sim.data_files import DEFAULTS, SELF, check_inside, is_name, read_plain, shown
from consensus_sim.errors import InputError, not_allowed, phrase
from consensus_sim.paths import configs_dir
from consensus_sim.settings import known


def available() -> list[str]:
    """Names of the communities that come with the package."""
    return sorted(path.stem for path in _folder().glob("*.yaml") if not path.stem.startswith("_"))


def spec_file(name: str) -> dict[str, Any]:
    """The plain data of the community called `name`, or of the YAML file whose path `name` is.

    A file may start from others (`defaults: [_base]`), found beside it or in the package's configs.
    Raises `InputError` for an unknown name, a missing file, or a file that is not a YAML mapping.
    """
    if not str(name).endswith((".yaml", ".yml")):
        return _read_file(_folder() / f"{known(ROOT, name, available())}.yaml", ())
    return {**_read_file(Path(name), ()), "folder": str(Path(name).parent)}


def _folder() -> Path:
    """The folder of the communities that come with the package."""
    return configs_dir() / "community"


def _read_file(path: Path, above: tuple[Path, ...]) -> dict[str, Any]:
    """The mapping in a YAML file, over the files in its `defaults`; `above` are those that name it."""
    found = read_plain(path)
    names = found.pop(DEFAULTS, None) or []
    if not isinstance(names, list):
        raise InputError("data_defaults_list", file=shown(path), found=names)
    spec: dict[str, Any] = {}
    for name in names:
        if name == SELF:
            continue
        beside = path.parent / f"{name}.yaml"
        source = beside if beside.is_file() else _folder() / f"{name}.yaml"
        if not is_name(str(name)) or source in (*above, path) or not source.is_file():
            raise not_allowed(f"{path}: defaults", name, phrase("another_yaml_file"))
        if source == beside and path.parent != _folder():
            check_inside(source, path.parent)
        spec = merged(spec, _read_file(source, (*above, path)))
    return merged(spec, found)


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `changes` laid over it: mappings merged, dotted keys (`network.homophily.age`) split."""
    result = dict(base)
    for name, value in changes.items():
        head, _, rest = str(name).partition(".")
        if rest:
            value = {rest: value}
        old = result.get(head)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            result[head] = merged(old, value)
        elif isinstance(value, Mapping):
            result[head] = merged({}, value)
        else:
            result[head] = value
    return result
