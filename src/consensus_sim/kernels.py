"""The one decorator behind every compiled function, and where compiled code is kept.

numba notices a change of the file that holds a kernel but not of the kernels that it calls from other files. The cache
folder's name therefore holds a digest of every compiled source file, so stale machine code is never loaded.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numba
import numpy as np

from consensus_sim.paths import PACKAGE

HOLDING_KERNELS = ("community", "dynamics", "residents")
"""Folders of the sources that hold compiled functions."""


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
    """Folder for compiled code: `$NUMBA_CACHE_DIR` if set, else the user's cache folder if it can be written, else a
    temporary one.
    """
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        return Path(chosen)
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "consensus_sim"
    folder = base / f"kernels-{kernel_digest()}"
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):  # numba refuses a folder that it can only read
        folder = Path(tempfile.gettempdir()) / f"consensus_sim-kernels-{os.getuid()}" / kernel_digest()
        folder.mkdir(parents=True, exist_ok=True)
    return folder


setattr(numba.config, "CACHE_DIR", str(cache_dir()))  # noqa: B010

BLOCK = 256
"""Residents that a kernel takes at a time where it works in two passes: one without branches over all of them, which
compilers vectorise, then one over the few whom the first has listed.
"""


def kernel(function: Any = None, **options: Any) -> Any:
    """Compile `function` for arrays, cached between runs and between processes.

    No `fastmath`: sums keep their written order, so two machines give the same numbers.
    """
    settings = {"cache": True, "nogil": True, "error_model": "numpy", **options}
    if function is None:
        return lambda inner: numba.njit(**settings)(inner)
    return numba.njit(**settings)(function)
