"""Finished replicates on disk: stored as they finish, found again by the same command, rejected when damaged.

A replicate is kept under `<folder>/<key>/<number>.replicate`, where the key is a hash of all that determines its
numbers: interventions, community, behaviour, channels, topics, calendar, seed, and the code. So nothing stale is ever
reused. Each file begins with a checksum of its key, its number and its content: a file that was cut, damaged, swapped
with another or copied from elsewhere counts as missing. A file takes about 20 to 60 kB at full size.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from consensus_sim.interventions.loading import CLASS, code_digest_of
from consensus_sim.paths import PACKAGE, configs_dir
from consensus_sim.study.scenario import Scenario, canonical

if TYPE_CHECKING:
    from consensus_sim.runs.work import Work

_MAGIC = b"consensus-sim replicate 3\n"
_DIGEST = 16
_COMPUTING = ("llvmlite", "networkx", "numba", "numpy", "pandas", "scipy")
"""Libraries whose version can change a number."""


@cache
def code_digest() -> str:
    """A digest of all that makes numbers beside the settings of a study: the package's sources and data, the
    configs, and the versions of the libraries that compute.
    """
    files = {path.relative_to(PACKAGE).as_posix(): path for end in ("py", "yaml") for path in PACKAGE.rglob(f"*.{end}")}
    configs = configs_dir()  # inside the package, or beside it: under the same names
    files |= {f"configs/{path.relative_to(configs).as_posix()}": path for path in configs.rglob("*.yaml")}
    digest = hashlib.blake2b(canonical({name: metadata.version(name) for name in _COMPUTING}).encode(), digest_size=16)
    for name, path in sorted(files.items()):
        content = path.read_bytes()
        digest.update(f"\n{name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def code_of(scenario: Scenario) -> dict[str, str]:
    """Digests of the code that simulates `scenario`, a user's own interventions included."""
    code = {"sources": code_digest()}
    for lever, settings in scenario.levers:
        own = code_digest_of(settings.get(CLASS))
        if own is not None:
            code[lever] = own
    return code


KEPT = "kept"
"""Name of the empty file that marks a folder of replicates to be kept."""


class Store:
    """Finished tasks of `work`, in memory (`folder` None) or on disk."""

    def __init__(self, work: Work, folder: Path | None = None, *, reuse: bool = True) -> None:
        """`reuse`: take tasks that an earlier run left in `folder`; otherwise they are run again."""
        self.folder = folder
        self.reuse = reuse
        self._place = work.place
        self._memory: dict[tuple[str, int], bytes] = {}
        self._written: set[tuple[str, int]] = set()

    def _path(self, name: str, number: int) -> Path:
        assert self.folder is not None
        return self.folder / f"{self._place((name, number))}.replicate"

    def _seal(self, name: str, number: int, payload: bytes) -> bytes:
        """First bytes of the file of a task. They do not depend on the scenario's name, for scenarios of equal content
        share a place.
        """
        place = f"{self._place((name, number))}\n".encode()
        return _MAGIC + hashlib.blake2b(place + payload, digest_size=_DIGEST).digest()

    def has(self, scenario: str, replicate: int) -> bool:
        """Returns True if `get` would return the bytes of a replicate."""
        return self.get(scenario, replicate) is not None

    def get(self, scenario: str, replicate: int) -> bytes | None:
        """The whole bytes of a replicate, or None if it is not there, damaged, or not to be reused."""
        if self.folder is None:
            return self._memory.get((scenario, replicate))
        if not self.reuse and (scenario, replicate) not in self._written:
            return None
        try:
            sealed = self._path(scenario, replicate).read_bytes()
        except OSError:
            return None
        payload = sealed[len(_MAGIC) + _DIGEST :]
        return payload if sealed.startswith(self._seal(scenario, replicate, payload)) else None

    def put(self, scenario: str, replicate: int, payload: bytes) -> None:
        """Keep `payload`. Raises OSError (disk full, read-only).

        What a killed command has written in part fails its checksum, and the next one writes over it.
        """
        if self.folder is None:
            self._memory[scenario, replicate] = payload
            return
        path = self._path(scenario, replicate)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.write_bytes(self._seal(scenario, replicate, payload) + payload)
        except BaseException:
            with contextlib.suppress(OSError):
                path.unlink()
            raise
        self._written.add((scenario, replicate))

    def finish(self, replicates: Iterable[tuple[str, int]], *, keep: bool) -> None:
        """Remove these replicates and the folders that are empty then, or mark them as kept.

        Folders that an earlier run marked as kept stay, whatever `keep` is.
        """
        self._memory.clear()
        if self.folder is None:
            return
        paths = [self._path(*task) for task in replicates]
        folders = {path.parent for path in paths}
        if keep:
            for folder in folders:
                (folder / KEPT).touch()
            return
        kept = {folder for folder in folders if (folder / KEPT).exists()}
        for path in paths:
            if path.parent not in kept:
                path.unlink(missing_ok=True)
        for folder in folders:
            _remove_if_empty(folder)
        _remove_if_empty(self.folder)


def _remove_if_empty(folder: Path) -> None:
    """Remove `folder` unless something is in it."""
    with contextlib.suppress(OSError):
        folder.rmdir()
