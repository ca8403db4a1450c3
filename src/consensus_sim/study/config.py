"""Composed configs: the same files for the command line and for the library."""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from consensus_sim.paths import configs_dir
from consensus_sim.study.config_names import CONFIG_NAME
from consensus_sim.study.overrides import extend, search_path


def compose(overrides: Sequence[str] = (), *, config_dir: str | Path | None = None) -> dict[str, Any]:
    """Returns the resolved config as plain values, with `overrides` as on the command line and kept under `changes`.

    config_dir: a folder with the user's own files (intervention/mine.yaml, scenario/mine.yaml, ...)
    Works inside another Hydra application too. Raises InputError with one line for anything that Hydra refuses. A
    config composed before in this process is kept as long as no file changes.
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
    """Returns place, time and size of every file of `folder`: they differ once any file has changed."""
    found = [*folder.rglob("*.yaml"), *folder.glob("intervention/**/*.py")]
    files = [(path, path.stat()) for path in sorted(found)]
    return (str(folder), *((str(path), stat.st_mtime_ns, stat.st_size) for path, stat in files))


def _composed(overrides: Sequence[str], config_dir: str | Path | None) -> dict[str, Any]:
    """Returns the config of `compose`, read from the files."""
    from consensus_sim.study.diagnosis import explain

    extended: Sequence[str] = [*overrides, *search_path(overrides, config_dir)]
    with package_configs():
        try:
            extended = extend(extended, config_dir=config_dir)
            return {**plain_config(extended), "changes": list(overrides)}
        except Exception as error:
            raise explain(error, extended) from None


def plain_config(overrides: Sequence[str]) -> dict[str, Any]:
    """Returns the resolved config of `overrides`, completed by `extend`, as plain values; Hydra must be initialised."""
    from hydra import compose as hydra_compose
    from omegaconf import OmegaConf

    config: Any = OmegaConf.to_container(
        hydra_compose(config_name=CONFIG_NAME, overrides=list(overrides)), resolve=True
    )
    return dict(config)


@contextlib.contextmanager
def package_configs() -> Iterator[None]:
    """Initialises Hydra on the package's configs; afterwards an outer Hydra application is as it was."""
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
