"""Locations of the package's own files, in a wheel and in a checkout alike."""

from __future__ import annotations

from pathlib import Path

from consensus_sim.errors import ConsensusSimError

PACKAGE = Path(__file__).resolve().parent


def configs_dir() -> Path:
    """The folder of Hydra configs: inside the package when installed as a wheel, the top-level one in a checkout."""
    for folder in (PACKAGE / "configs", PACKAGE.parent.parent / "configs"):
        if (folder / "config.yaml").is_file():
            return folder
    raise ConsensusSimError("package_incomplete")
