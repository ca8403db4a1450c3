"""Where numbers come from: versions, commit, seed, times. No names of hosts, people or folders."""

from __future__ import annotations

import datetime
import platform
import subprocess
from importlib import metadata
from typing import Any

from consensus_sim.paths import PACKAGE
from consensus_sim.runs.store import code_digest
from consensus_sim.study.scenario import Study

LIBRARIES = (
    "hydra-core",
    "matplotlib",
    "mesa",
    "networkx",
    "numba",
    "numpy",
    "omegaconf",
    "pandas",
    "pyarrow",
    "scipy",
)


def commit() -> dict[str, Any] | None:
    """The git commit of the checkout that the package is in, and whether files differ from it; None elsewhere."""
    root = PACKAGE.parent.parent
    if not (root / ".git").exists():
        return None

    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=True, timeout=10)
        return done.stdout.strip()

    try:
        return {
            "id": git("rev-parse", "HEAD"),
            "changed": bool(git("status", "--porcelain", "--", "src", "configs")),
        }
    except (OSError, subprocess.SubprocessError):
        return None


def provenance(study: Study, started: datetime.datetime) -> dict[str, Any]:
    """What somebody needs, beside the config, to make the same numbers again. `started`: an aware date and time."""
    finished, sets = datetime.datetime.now(datetime.UTC), study.posterior
    return {
        "package": "consensus-sim",
        "version": metadata.version("consensus-sim"),
        "sources": code_digest(),
        "commit": commit(),
        "seed": study.seed,
        "replicates": study.replicates,
        "weeks": study.calendar["weeks"],
        **({} if sets is None else {"posterior": {"file": sets.file, "digest": sets.digest}}),
        "started": started.astimezone(datetime.UTC).isoformat(timespec="seconds"),
        "finished": finished.isoformat(timespec="seconds"),
        "seconds": round((finished - started).total_seconds(), 1),
        "python": platform.python_version(),
        "platform": {"system": platform.system(), "machine": platform.machine()},
        "libraries": {name: metadata.version(name) for name in LIBRARIES},
    }
