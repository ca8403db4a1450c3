"""The one decorator behind every compiled function, and where compiled code is kept.

numba notices a change of the file that holds a kernel but not of the kernels that it calls from other files. The cache
folder's name therefore holds a digest of every compiled source file, so stale machine code is never loaded.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba.core.caching import IndexDataCacheFile

from consensus_sim.errors import InputError
from consensus_sim.paths import PACKAGE

HOLDING_KERNELS = ("community", "dynamics", "residents")
"""Folders of the sources that hold compiled functions."""


@functools.cache
def kernel_digest() -> str:
    """A digest of the sources that hold compiled code, and of the versions that compile it."""
    versions = f"{numba.__version__} {np.__version__} {sys.implementation.cache_tag}"
    digest = hashlib.blake2b(versions.encode(), digest_size=8)
    sources = [PACKAGE / "kernels.py", PACKAGE / "randomness.py"]
    sources += [source for folder in HOLDING_KERNELS for source in sorted((PACKAGE / folder).glob("*.py"))]
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()


def cache_dir() -> Path:
    """Folder for compiled code: `$NUMBA_CACHE_DIR` if set, else one in the user's cache folder, else a temporary one.

    What lies in the folder is run. So a folder that was not chosen by name is used only if it belongs to this user and
    nobody else can write to it.
    Raises InputError where no folder can be written.
    """
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if not chosen:
        return _own_cache_dir()
    folder = Path(chosen)
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        raise InputError("no_cache_folder", where="NUMBA_CACHE_DIR", folder=chosen)
    return folder


@functools.cache
def _own_cache_dir() -> Path:
    """The first folder that can be used: in the user's cache folder, in the shared temporary one, one of this process
    alone, which goes when the process ends.
    """
    try:
        for folder in _candidates():
            with contextlib.suppress(OSError):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _is_private(folder):
                return folder
        fresh = Path(tempfile.mkdtemp(prefix="consensus_sim-kernels-"))
    except OSError:
        raise InputError("no_cache_folder", where="HOME, TMPDIR", folder=os.environ.get("TMPDIR", "/tmp")) from None
    os.environ["NUMBA_CACHE_DIR"] = str(fresh)  # for the processes that this one starts
    maker = os.getpid()
    atexit.register(lambda: shutil.rmtree(fresh, ignore_errors=True) if os.getpid() == maker else None)
    return fresh


def _candidates() -> Iterator[Path]:
    """Folders for compiled code that last longer than a process, the best one first."""
    name = f"kernels-{kernel_digest()}"
    with contextlib.suppress(RuntimeError):  # no HOME, and a user whom the system does not know
        yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "consensus_sim" / name
    user = ""
    if sys.platform != "win32":
        user = f"-{os.getuid()}"
    yield Path(tempfile.gettempdir()) / f"consensus_sim{user}-{name}"


def _is_private(folder: Path) -> bool:
    """True if this user can write to `folder` (numba refuses a folder that it can only read) and nobody else can: it
    is a folder of this user, and no link to one.
    """
    try:
        found = folder.lstat()
    except OSError:
        return False
    if not stat.S_ISDIR(found.st_mode) or not os.access(folder, os.W_OK | os.X_OK):
        return False
    if sys.platform == "win32":  # both places lie within the user's own folder
        return True
    return found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


setattr(numba.config, "CACHE_DIR", str(cache_dir()))  # noqa: B010

BLOCK = 256
"""Residents that a kernel takes at a time where it works in two passes: one without branches over all of them, which
compilers vectorise, then one over the few whom the first has listed.
"""


class _SharedCacheFile(IndexDataCacheFile):
    """numba's cache of one kernel, for processes that compile at the same time.

    numba reads its index, adds a line and writes it back without a lock: two processes could give one file name to
    the machine code of two signatures.
    """

    def save(self, key: Any, data: Any) -> None:
        """Save a new entry while no other process does."""
        with _locked(f"{self._index_path}.lock"):
            super().save(key, data)


@contextlib.contextmanager
def _locked(path: str) -> Iterator[None]:
    """Hold the lock file `path`, where the file system has locks."""
    with open(path, "ab") as file:
        with contextlib.suppress(OSError):
            if sys.platform == "win32":
                import msvcrt

                file.seek(0)
                msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
            else:
                import fcntl

                fcntl.flock(file, fcntl.LOCK_EX)
        yield  # closing the file gives the lock back


def kernel(function: Any = None, **options: Any) -> Any:
    """Compile `function` for arrays, cached between runs and between processes.

    No `fastmath`: sums keep their written order, so two machines give the same numbers.
    """
    settings = {"cache": True, "nogil": True, "error_model": "numpy", **options}
    if function is None:
        return lambda inner: kernel(inner, **options)
    compiled = numba.njit(**settings)(function)
    kept = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
    if kept is not None:  # neither compiled nor kept with NUMBA_DISABLE_JIT
        kept.__class__ = _SharedCacheFile
    return compiled
