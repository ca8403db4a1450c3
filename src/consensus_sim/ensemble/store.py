"""Finished replicates on disk: stored as they finish, found again by the same command, noticed when damaged.

A replicate is kept under `<folder>/<key>/<number>.replicate`, where the key is a hash of all that determines its
numbers: levers, community, behaviour, channels, topics, calendar, seed, and the code (version and digest of the
sources that take part). So nothing stale is ever reused. A file takes about 20 to 60 kB at full size.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING

from consensus_sim.ensemble.scenario import Scenario, Study
from consensus_sim.ensemble.tables import is_whole
from consensus_sim.paths import PACKAGE

if TYPE_CHECKING:
    from consensus_sim.community import Community

# Sources that only show results or lead to them; a change of theirs leaves the numbers as they are.
_WITHOUT_NUMBERS = ("analysis", "report", "dashboard", "cli.py", "experiment.py")


@cache
def code_digest() -> str:
    """A digest of every source file of the package that can change a number."""
    digest = hashlib.blake2b(digest_size=16)
    for source in sorted(PACKAGE.rglob("*.py")):
        if source.relative_to(PACKAGE).parts[0] not in _WITHOUT_NUMBERS:
            digest.update(source.relative_to(PACKAGE).as_posix().encode())
            digest.update(source.read_bytes())
    return digest.hexdigest()


def code_of(scenario: Scenario) -> dict[str, str]:
    """Versions and digests of the code that plays `scenario`, a user's own levers included."""
    code = {name: metadata.version(name) for name in ("consensus-sim", "numpy", "numba")}
    code["sources"] = code_digest()
    for lever, settings in scenario.levers:
        module = str(settings.get("_target_", "")).rpartition(".")[0]
        if module and not module.startswith("consensus_sim."):
            source = inspect.getsourcefile(import_module(module))
            if source:
                code[lever] = hashlib.blake2b(Path(source).read_bytes(), digest_size=16).hexdigest()
    return code


class Store:
    """Finished tasks, in memory (`folder` None) or on disk."""

    def __init__(self, keys: Mapping[str, str], folder: Path | None = None, *, reuse: bool = True) -> None:
        """`keys`: a hash, by name of task, of all that determines what comes of it.

        reuse: take what an earlier run left in `folder`; else it is made anew
        """
        self.folder = folder
        self.reuse = reuse
        self._keys = dict(keys)
        self._memory: dict[tuple[str, int], bytes] = {}
        self._written: set[tuple[str, int]] = set()

    def _path(self, scenario: str, replicate: int) -> Path:
        assert self.folder is not None
        return self.folder / self._keys[scenario] / f"{replicate:06d}.replicate"

    def has(self, scenario: str, replicate: int) -> bool:
        """Whether `get` would give the bytes of a replicate."""
        return self.get(scenario, replicate) is not None

    def get(self, scenario: str, replicate: int) -> bytes | None:
        """The whole bytes of a replicate, or None if it is not there, damaged, or not to be reused."""
        if self.folder is None:
            return self._memory.get((scenario, replicate))
        if not self.reuse and (scenario, replicate) not in self._written:
            return None
        try:
            payload = self._path(scenario, replicate).read_bytes()
        except OSError:
            return None
        return payload if is_whole(payload) else None

    def put(self, scenario: str, replicate: int, payload: bytes) -> None:
        """Keep `payload`; on disk it appears whole or not at all. Raises OSError (disk full, read-only)."""
        if self.folder is None:
            self._memory[scenario, replicate] = payload
            return
        write_whole(self._path(scenario, replicate), payload)
        self._written.add((scenario, replicate))

    def clear(self, replicates: Iterable[tuple[str, int]]) -> None:
        """Remove these replicates, and the folders that are empty then."""
        self._memory.clear()
        if self.folder is None:
            return
        for scenario, replicate in replicates:
            self._path(scenario, replicate).unlink(missing_ok=True)
        for key in set(self._keys.values()):
            _remove_leftovers(self.folder / key)
            _remove_if_empty(self.folder / key)
        _remove_if_empty(self.folder)


class ReplicateStore(Store):
    """Finished replicates of one study on one community."""

    def __init__(self, study: Study, community: Community, folder: Path | None = None, *, reuse: bool = True) -> None:
        """`folder`, `reuse`: as for every store."""
        place = {"community": community.fingerprint}  # knows the content of building registers, too
        keys = {s.name: study.key(s, {**code_of(s), **place}) for s in study.scenarios}
        super().__init__(keys, folder, reuse=reuse)


def _remove_leftovers(folder: Path, age: float = 3600.0) -> None:
    """Remove what a writer that was killed has left: parts of files and of folders older than `age` seconds."""
    for part in folder.glob(".part-*"):
        with contextlib.suppress(OSError):
            if time.time() - part.stat().st_mtime <= age:
                continue
            if part.is_dir():
                shutil.rmtree(part, ignore_errors=True)
            else:
                part.unlink()


def _remove_if_empty(folder: Path) -> None:
    """Remove `folder` unless something is in it."""
    with contextlib.suppress(OSError):
        folder.rmdir()


def write_whole(path: Path, payload: bytes) -> None:
    """Write a file so that it is either whole or not there: beside its place first, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".part-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(payload)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def place_folder(temporary: Path, wanted: Path) -> Path:
    """Rename the finished folder `temporary` to `wanted`, or to `wanted-2`, ... where that is taken; its place."""
    place, number = wanted, 1
    while True:
        try:
            if not place.exists():
                temporary.rename(place)
                return place
        except OSError:
            if not place.exists():
                raise
        number += 1
        place = wanted.with_name(f"{wanted.name}-{number}")


def save_whole(wanted: Path, write: Callable[[Path], None]) -> Path:
    """Let `write` fill a hidden folder beside `wanted`, then give it that name (or the next free one); its place.

    Whatever goes wrong, an interruption included, leaves nothing behind; what a killed writer could not take away, the
    next one does.
    """
    made = [folder for folder in (wanted.parent, *wanted.parent.parents) if not folder.exists()]
    wanted.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(wanted.parent)
    temporary = Path(tempfile.mkdtemp(prefix=".part-", dir=wanted.parent))
    try:
        temporary.chmod(0o755)
        write(temporary)
        return place_folder(temporary, wanted)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        for folder in made:
            _remove_if_empty(folder)
        raise
