"""A community in a folder: one `.npy` file per array, mapped into memory by as many processes as like."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from consensus_sim.community.community import SYNTHESIS, Community, freeze
from consensus_sim.community.network import Network
from consensus_sim.community.places import Places
from consensus_sim.community.population import Population
from consensus_sim.community.spec import read_spec
from consensus_sim.errors import InputError

PARTS = {"places": Places, "population": Population, "network": Network}
META = "community.json"
_FILES = {META, *(f"{part}.{each.name}.npy" for part, cls in PARTS.items() for each in fields(cls))}


def save_community(community: Community, folder: Path | str) -> Path:
    """Write `community` to `folder`, whole or not at all, and return the folder.

    Replaces a community that is there already; raises `InputError` if anything else is, or nothing can be
    written.
    """
    folder = Path(folder)
    if folder.exists():
        folder = folder.resolve()
        found = {path.name for path in folder.iterdir()} if folder.is_dir() else {folder.name}
        if found - _FILES or (found and META not in found):
            raise InputError("not_a_saved_community", folder=str(folder), found=sorted(found - _FILES)[:3])
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror}); allowed: a folder that can be") from None
    try:
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
                    np.save(draft / f"{part}.{each.name}.npy", value)
                else:
                    meta["plain"][f"{part}.{each.name}"] = value
        (draft / META).write_text(json.dumps(meta, ensure_ascii=False), encoding="utf-8")
        if folder.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
            os.replace(folder, old / META)  # a kill in between leaves both
            os.replace(draft, folder)
            shutil.rmtree(old)
        else:
            os.replace(draft, folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return folder


def open_community(folder: Path | str, mmap: bool = True) -> Community:
    """The community in `folder`; its arrays are mapped read-only from the files if `mmap`, else read.

    Raises `InputError` if the folder holds no whole community, or one that another version synthesised.
    """
    folder = Path(folder)
    try:
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
        if meta["synthesis"] != SYNTHESIS:
            raise InputError(
                f"{folder}: found a community of synthesis {meta['synthesis']}; allowed: {SYNTHESIS} (save it anew)"
            )
        parts = {part: cls(**_values(folder, part, cls, meta["plain"], mmap)) for part, cls in PARTS.items()}
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{folder}: holds no whole community ({error}); allowed: what save_community wrote") from None
    spec = read_spec(meta["spec"])
    community = Community(name=spec.name, label=dict(spec.label), spec=spec, fingerprint=meta["fingerprint"], **parts)
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
