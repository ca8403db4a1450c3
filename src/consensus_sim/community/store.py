"""A community in a folder: one `.npy` file per array, mapped into memory by as many processes as like."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from consensus_sim.community.community import SYNTHESIS, Community, fingerprint, freeze
from consensus_sim.community.network import Network
from consensus_sim.community.places import Places
from consensus_sim.community.population import Population
from consensus_sim.community.spec import read_spec
from consensus_sim.errors import InputError, phrase
from consensus_sim.saving import draft

PARTS = {"places": Places, "population": Population, "network": Network}
META = "community.json"
_FILES = {META, *(f"{part}.{each.name}.npy" for part, cls in PARTS.items() for each in fields(cls))}


def save_community(community: Community, folder: Path | str) -> Path:
    """Write `community` to `folder`, whole or not at all, and return the folder.

    Replaces a community that is there already; raises `InputError` if anything else is there, or nothing can be
    written.
    """
    folder = Path(folder)
    _check_replaceable(folder)
    try:
        with draft(folder.parent) as place:
            place.mkdir()
            _write(community, place)
            if folder.exists():
                for name in sorted(_names(), key=META.__eq__):  # the one that says whose folder it is goes last
                    (folder / name).unlink(missing_ok=True)
                folder.rmdir()
            place.rename(folder)
    except OSError as error:
        raise InputError("folder_not_writable", folder=folder, why=error.strerror) from None
    return folder


def _check_replaceable(folder: Path) -> None:
    """Refuses a folder that holds anything but one saved community."""
    found = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else [folder.name][: folder.exists()]
    others = [name for name in found if name not in _names()] if META in found else found
    if others:
        raise InputError("saved_community_other_files", folder=folder, found=others[:5])


def _names() -> set[str]:
    """Names of all files that a saved community may have."""
    return {META, *(f"{part}.{each.name}.npy" for part, cls in PARTS.items() for each in fields(cls))}


def _write(community: Community, folder: Path) -> None:
    """Writes the files of a saved community."""
    meta: dict[str, Any] = {
        "synthesis": SYNTHESIS,
        "fingerprint": community.fingerprint,
        "spec": community.spec.as_dict(),
        "plain": {},
    }
    for part, cls in PARTS.items():
        for each in fields(cls):
            value = getattr(getattr(community, part), each.name)
            if isinstance(value, np.ndarray):
                np.save(folder / f"{part}.{each.name}.npy", value)
            else:
                meta["plain"][f"{part}.{each.name}"] = value
    (folder / META).write_text(json.dumps(meta, ensure_ascii=False), encoding="utf-8")


def open_community(folder: Path | str, mmap: bool = True) -> Community:
    """The community in `folder`; its arrays are mapped read-only from the files if `mmap`, else read.

    Raises `InputError` if the folder holds no whole community, files of several, or one that another version
    synthesised.
    """
    folder = Path(folder)
    try:
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
        if meta["synthesis"] != SYNTHESIS:
            raise InputError("saved_community_old", folder=folder, found=meta["synthesis"], wanted=SYNTHESIS)
        parts = {part: cls(**_values(folder, part, cls, meta["plain"], mmap)) for part, cls in PARTS.items()}
    except (OSError, ValueError, KeyError) as error:
        raise InputError("saved_community_not_whole", folder=folder, why=str(error)) from None
    spec = read_spec(meta["spec"])
    community = Community(name=spec.name, label=dict(spec.label), spec=spec, fingerprint=meta["fingerprint"], **parts)
    if fingerprint(community) != community.fingerprint:
        raise InputError("saved_community_not_whole", folder=folder, why=phrase("checksum_differs"))
    freeze(community)
    return community


def _values(folder: Path, part: str, cls: type, plain: dict[str, Any], mmap: bool) -> dict[str, Any]:
    """The values of all fields of one part of the community."""
    values: dict[str, Any] = {}
    for each in fields(cls):
        name = f"{part}.{each.name}"
        if name in plain:
            value = plain[name]
            if isinstance(value, list):
                value = tuple(value)
            elif isinstance(value, dict):
                value = {key: tuple(point) for key, point in value.items()}
            values[each.name] = value
        else:
            values[each.name] = np.load(folder / f"{name}.npy", mmap_mode="r" if mmap else None, allow_pickle=False)
    return values
