"""Provenance of results: versions, commit, seed, times. No names of hosts, people or folders."""

from __future__ import annotations

import datetime
import platform
import subprocess
from collections.abc import Mapping
from importlib import metadata
from typing import Any

import yaml

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


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes plain values as YAML, in C where that is installed."""

    def ignore_aliases(self, data: object) -> bool:
        """Returns True: a value that occurs twice is written twice."""
        return True


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Returns `text` as a node, in quotes where OmegaConf would read a number, such as 1e3."""
    try:
        float(text)
    except ValueError:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="'")


_Dumper.add_representer(str, _write_text)


def config_text(config: Mapping[str, Any]) -> str:
    """Returns `config`, plain values, as YAML that Hydra can read; OmegaConf's own writer takes ten times as long."""
    return str(yaml.dump(dict(config), Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=False))


def commit() -> dict[str, Any] | None:
    """Returns the git commit of the package's checkout, and whether files differ from it; None without a checkout."""
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
    """Returns what is needed, beside the config, to reproduce the numbers. `started`: an aware date and time."""
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
