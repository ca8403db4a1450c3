"""Names of the groups of configs, and of the sources that Hydra finds them in."""

from __future__ import annotations

import re
from pathlib import Path

from consensus_sim.data_files import shown
from consensus_sim.errors import InputError

CONFIG_NAME = "config"
OPEN_GROUPS = ("channel", "topic", "intervention", "scenario")
"""Groups all of whose files are composed, each under <group>.<file name>, so that each can be named and changed."""
EXPERIMENT = "experiment"
OWN, OWN_FILES = "own", "files"
"""Group and name of the config that holds all of the user's files of the open groups."""
OWN_SCHEME = "consensus-sim-own"
FILES = {"targets": "targets.files", "posterior": "posterior.file"}
"""Keys whose value is a file, which Hydra would take for a choice from the group of the same name."""
_NAME = re.compile(r"^[A-Za-z0-9_-]+$")


def check_name(path: Path) -> None:
    """Refuses a file of the user's own in the open groups whose name cannot be written on the command line."""
    if not _NAME.match(path.stem) or path.stem.lower() == "null":
        raise InputError("file_name", file=shown(path), found=path.stem)
