"""The public names: each package lists its own, loads them late, and is all that pages, examples and lessons need."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import consensus_sim

ROOT = Path(__file__).parent.parent
SRC = ROOT / "src" / "consensus_sim"
PACKAGES = (
    "community",
    "council",
    "dynamics",
    "forecast",
    "interventions",
    "model",
    "outcomes",
    "report",
    "residents",
    "runs",
    "study",
)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PROGRAMS = [*sorted((ROOT / "docs" / "examples").rglob("*.py")), *sorted((ROOT / "experiments/course").glob("*.py"))]
IN_PAGE = re.compile(r"^ *((?:from consensus_sim[\w.]* import|import consensus_sim)[^#\n]*)", re.MULTILINE)


def checked_at_type_check(package):
    """Names that the `if TYPE_CHECKING` block of a package imports."""
    tree = ast.parse((SRC / package / "__init__.py").read_text(encoding="utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If)]
    return {alias.name for block in blocks for node in block.body for alias in node.names}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_listed_name_can_be_loaded_and_no_other(package):
    door = import_module(f"consensus_sim.{package}")
    assert door.__all__ and set(door.__all__) <= set(dir(door))
    for name in door.__all__:
        getattr(door, name)
    with pytest.raises(AttributeError, match="no attribute 'nonesuch'"):
        _ = door.nonesuch


@pytest.mark.parametrize("package", [".", *PACKAGES])
def test_type_checkers_see_the_names_that_are_loaded_late(package):
    door = consensus_sim if package == "." else import_module(f"consensus_sim.{package}")
    assert checked_at_type_check(package) == set(door.__all__) - {"Scenarios"}


def test_importing_a_package_loads_none_of_its_modules():
    lines = [f"import consensus_sim.{package}" for package in PACKAGES if package != "community"]
    code = "\n".join(
        [*lines, "import sys; print([n for n in sys.modules if n.count('.') > 1 and 'consensus_sim' in n])"]
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def imports(text):
    """(module, name or None) of every import from the package in a program."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names if alias.name.startswith("consensus_sim"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("consensus_sim"):
            yield from ((node.module, alias.name) for alias in node.names)


def wrong(text):
    """Imports of `text` that go past a package's door."""
    found = [(module, name) for module, name in imports(text) if module.count(".") > 1]
    listed = [(module, name) for module, name in imports(text) if module.count(".") < 2 and name is not None]
    return found + [(m, n) for m, n in listed if n not in getattr(import_module(m), "__all__", [n])]


@pytest.mark.parametrize("path", [*PAGES, *PROGRAMS], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_pages_examples_and_lessons_use_public_names_only(path):
    text = path.read_text(encoding="utf-8")
    assert wrong(text if path.suffix == ".py" else "\n".join(IN_PAGE.findall(text))) == []


def test_a_name_behind_a_door_is_found():
    assert wrong("from consensus_sim.council.events import Event") == [("consensus_sim.council.events", "Event")]
    assert wrong("from consensus_sim.council import Minutes") == [("consensus_sim.council", "Minutes")]
    assert wrong("from consensus_sim.council import Event") == []
    assert sum(len(list(imports(path.read_text(encoding="utf-8")))) for path in PROGRAMS) > 10
