"""Examples and lessons: written from the package into a folder of the user's."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from consensus_sim.errors import ConsensusSimError, InputError
from consensus_sim.paths import PACKAGE


def example_folders() -> dict[str, Path]:
    """Folders of examples by the name under which they are written: inside the package when installed as a wheel, those
    of docs/ and experiments/ in a checkout.
    """
    packaged, checkout = PACKAGE / "_examples", PACKAGE.parent.parent
    sources = [packaged] if packaged.is_dir() else [checkout / "docs" / "examples", checkout / "experiments"]
    wanted = ("course", "own_channel", "own_community", "own_lever", "own_targets", "with_mesa")
    found = {name: source / name for name in wanted for source in sources if (source / name).is_dir()}
    if len(found) < len(wanted):
        raise ConsensusSimError("no_examples")
    return found


def write_examples(folder: Path) -> None:
    """Write all examples into `folder`, which is new or empty: all of them, or nothing.

    Raises InputError if `folder` cannot be made, is a file, or holds anything.
    """
    sources = example_folders()
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise InputError("examples_folder", folder=str(folder))
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=".part-", dir=folder))
    written: list[Path] = []
    try:
        for name, source in sources.items():
            shutil.copytree(source, staged / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        for name in sources:
            os.replace(staged / name, folder / name)
            written.append(folder / name)
    except BaseException:
        while written:
            shutil.rmtree(written.pop())
        raise
    finally:
        shutil.rmtree(staged)
        if made and not written:
            folder.rmdir()
