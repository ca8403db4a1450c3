"""Files and folders that appear whole or not at all.

A writer fills a hidden folder beside the place it writes to and moves the content there when it is complete. Until then
it holds a lock on a file in the hidden folder. The system releases the lock when the writer ends, even if it is killed:
the next writer removes every hidden folder whose lock is free, and no other.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

PREFIX = ".part-consensus-sim-"
"""Start of the names of hidden folders. Nothing else is ever removed."""
_CONTENT, _LOCK = "content", "lock"

if sys.platform == "win32":
    import msvcrt

    def _locked(file: IO[bytes]) -> bool:
        """Locks `file` for this process; returns whether it holds the lock."""
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _locked(file: IO[bytes]) -> bool:
        """Locks `file` for this process; returns whether it holds the lock. Raises OSError where there are no locks."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextlib.contextmanager
def draft(folder: Path) -> Iterator[Path]:
    """A free path in a hidden folder of `folder`, to be written and then moved to its place.

    Creates `folder` if it is missing, and removes what killed writers left in it. What is not moved is removed at the
    end, and so are the folders created here that are still empty. Raises OSError if nothing can be written.
    """
    remove_leftovers(folder)
    created = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    try:
        hidden, lock = _hidden(folder)
        with lock:
            try:
                lock.write(str(len(created)).encode())
                yield hidden / _CONTENT
            finally:
                _remove(hidden, lock)
    finally:
        for parent in created:
            _remove_if_empty(parent)


def _hidden(folder: Path) -> tuple[Path, IO[bytes]]:
    """A new hidden folder in `folder` and its locked file, which is to hold the number of folders created for it."""
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # another writer removed what was still empty
            hidden = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder))
            try:
                lock = (hidden / _LOCK).open("xb", buffering=0)
            except OSError:
                _remove_if_empty(hidden)
                raise
            try:
                mine = _locked(lock)
            except OSError:  # without locks leftovers stay
                mine = True
            if mine and (hidden / _LOCK).exists():
                return hidden, lock
            lock.close()


def remove_leftovers(folder: Path) -> None:
    """Removes what killed writers left in `folder`; what a running process is writing stays."""
    for hidden in folder.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            hidden.rmdir()  # a writer was killed before it had a lock
        with contextlib.suppress(OSError, ValueError), (hidden / _LOCK).open("r+b") as lock:
            if _locked(lock):
                created = int(lock.read() or b"0")
                _remove(hidden, lock)
                for parent in (folder, *folder.parents)[:created]:
                    _remove_if_empty(parent)


def _remove(hidden: Path, lock: IO[bytes]) -> None:
    """Removes a hidden folder whose `lock` is held; closes `lock`."""
    content = hidden / _CONTENT
    if content.is_dir():
        shutil.rmtree(content, ignore_errors=True)
    with contextlib.suppress(OSError):
        content.unlink(missing_ok=True)
    lock.close()  # Windows removes no open file
    with contextlib.suppress(OSError):
        (hidden / _LOCK).unlink(missing_ok=True)
        hidden.rmdir()


def _remove_if_empty(folder: Path) -> None:
    """Removes `folder` unless something is in it."""
    with contextlib.suppress(OSError):
        folder.rmdir()


def write_whole(path: Path, payload: bytes) -> None:
    """Writes a file, in place of the one that is there. Raises OSError if it cannot be written."""
    with draft(path.parent) as place:
        place.write_bytes(payload)
        os.replace(place, path)


def save_whole(wanted: Path, write: Callable[[Path], None]) -> Path:
    """Lets `write` fill a folder, then names it `wanted`, or `wanted-2`, ... where that is taken; its place.

    Whatever goes wrong, an interruption included, leaves nothing behind; what a killed writer could not remove, the
    next one does, also in the folders beside (each sweep has one of its own).
    """
    for beside in wanted.parent.parent.glob(f"*/{PREFIX}*"):
        remove_leftovers(beside.parent)
    with draft(wanted.parent) as place:
        place.mkdir()
        write(place)
        return place_folder(place, wanted)


def place_folder(temporary: Path, wanted: Path) -> Path:
    """Renames the finished folder `temporary` to `wanted`, or to `wanted-2`, ... where that is taken; its place."""
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
