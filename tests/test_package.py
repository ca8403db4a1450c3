"""The package as such: quick to import, complete as a wheel, its names known before they are loaded."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import consensus_sim

ROOT = Path(__file__).parent.parent
HEAVY = ("hydra", "matplotlib", "mesa", "networkx", "numba", "numpy", "pandas", "pyarrow", "pydantic", "scipy")
MOST_CORE = 42
"""Packages that the core may take, the build back end among them."""


def test_importing_the_package_loads_nothing_heavy():
    code = f"import sys, consensus_sim; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_needs_neither_numba_nor_pandas():
    code = (
        "import sys; sys.argv = ['consensus-sim', '--help']\n"
        "from consensus_sim.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([name for name in ('matplotlib', 'mesa', 'numba', 'pandas', 'pyarrow', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_an_interruption_while_the_command_loads_is_one_line():
    code = (
        "import sys\n"
        "class Interrupts:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'consensus_sim.cli': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupts())\n"
        "from consensus_sim.__main__ import main\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 130 and done.stderr == "consensus-sim: interrupted before anything was run\n"


@pytest.mark.parametrize("name", consensus_sim.__all__)
def test_every_public_name_can_be_loaded(name):
    assert name in dir(consensus_sim)
    assert getattr(consensus_sim, name).__doc__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'compair'"):
        _ = consensus_sim.compair


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """The folder of the wheel, unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "unpacked")
    return folder / "unpacked"


def in_wheel(unpacked, code, *words):
    """What `code` prints, run with the wheel's package in the folder above it."""
    environment = {**os.environ, "PYTHONPATH": str(unpacked)}
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(
        command, cwd=unpacked.parent, env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_the_wheel_holds_the_configs_and_works_from_any_folder(unpacked):
    names = {path.relative_to(ROOT).as_posix() for path in (ROOT / "configs").rglob("*.yaml")}
    assert names and all((unpacked / "consensus_sim" / name).is_file() for name in names)
    found = in_wheel(unpacked, "from consensus_sim.paths import configs_dir; print(configs_dir())")
    assert Path(found) == unpacked / "consensus_sim" / "configs"


def test_the_wheel_writes_the_examples_and_lessons(unpacked):
    code = "import sys; from pathlib import Path; from consensus_sim.tools.examples import write_examples as write; "
    in_wheel(unpacked, code + "write(Path(sys.argv[1]))", "examples")
    for source, written in (("docs/examples", "."), ("experiments/course", "course")):
        files = [path for path in (ROOT / source).rglob("*.*") if path.is_file() and path.suffix != ".pyc"]
        assert files
        for path in files:
            there = unpacked.parent / "examples" / written / path.relative_to(ROOT / source)
            assert there.read_bytes() == path.read_bytes()


def test_the_wheel_names_its_author_and_holds_every_licence(unpacked):
    (folder,) = unpacked.glob("*.dist-info")
    about = metadata.Distribution.at(folder).metadata
    assert about["License-Expression"] == "Apache-2.0 AND OFL-1.1" and about["Author"]
    held = about.get_all("License-File")
    assert {Path(name).name for name in held} == {"LICENSE", "NOTICE", "OFL.txt"}
    assert all((folder / "licenses" / name).is_file() for name in held)


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
NAMED = re.compile(r"consensus-sim\[([\w,-]+)\]")


def names(requirements):
    return {canonicalize_name(Requirement(line).name) for line in requirements}


CORE = names(PROJECT["dependencies"])


def imported(*folders):
    """Modules of other packages that files below `folders` import, each with one of the files."""
    found = {}
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                modules = [node.module]
            found |= {module.split(".")[0]: path for module in modules}
    return {name: path for name, path in found.items() if name not in {*sys.stdlib_module_names, "consensus_sim"}}


def packages_of(module):
    """Names of the installed packages that provide `module`."""
    return {canonicalize_name(name) for name in metadata.packages_distributions().get(module, [])}


@pytest.mark.parametrize(
    ("folder", "extras"), [("src", list(EXTRAS)), ("experiments/course", ["course"]), ("docs/examples", [])]
)
def test_every_package_imported_is_declared(folder, extras):
    declared = CORE.union(*(names(EXTRAS[extra]) for extra in extras))
    missing = {module: path for module, path in imported(folder).items() if not packages_of(module) & declared}
    assert imported(folder) and not missing


def private(text):
    """Imports in a program of what another package keeps to itself: a module or a name that begins with `_`."""
    for node in ast.walk(ast.parse(text)):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            modules = [f"{node.module}.{alias.name}" for alias in node.names]
        for module in modules:
            first, *rest = module.split(".")
            if first not in ("__future__", "consensus_sim") and any(part.startswith("_") for part in rest):
                yield module


def test_no_package_is_used_behind_its_back():
    assert list(private("from hydra._internal.utils import get_args")) == ["hydra._internal.utils.get_args"]
    sources = (ROOT / "src").rglob("*.py")
    assert [(path.name, module) for path in sources for module in private(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("extra", EXTRAS)
def test_every_extra_serves_code_and_is_named_in_the_readme(extra):
    used = set().union(*(packages_of(module) for module in imported("src", "experiments/course")))
    assert names(EXTRAS[extra]) & used
    assert f"`{extra}`" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_extra_that_is_named_anywhere_is_there():
    files = [path for folder in ("src", "docs", "experiments") for path in (ROOT / folder).rglob("*.*")]
    texts = [
        path for path in (*files, ROOT / "README.md", ROOT / "NOTICE") if path.suffix in ("", ".py", ".md", ".yaml")
    ]
    found = {extra for path in texts for group in NAMED.findall(path.read_text("utf-8")) for extra in group.split(",")}
    assert found and found <= set(EXTRAS)


def pins(name):
    """Requirements of a file in requirements/."""
    lines = (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines()
    return [Requirement(line.rstrip("\\ ")) for line in lines if re.match(r"\w", line)]


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_the_core_is_small_free_of_gpl_and_what_the_tests_use(python):
    place = {"sys_platform": "linux", "python_version": python, "python_full_version": f"{python}.0"}
    here = [
        [pin for pin in pins(name) if not pin.marker or pin.marker.evaluate(place)] for name in ("core.txt", "dev.txt")
    ]
    core, dev = ({canonicalize_name(pin.name): str(pin.specifier) for pin in found} for found in here)
    assert CORE <= set(core) and len(core) <= MOST_CORE
    assert core.items() <= dev.items()
    assert "sortition-algorithms" in dev and "sortition-algorithms" not in core


@pytest.mark.parametrize("name", ["dev.txt", "core.txt"])
def test_the_pinned_packages_have_hashes_and_no_addresses(name):
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    assert "://" not in text and " @ " not in text and "file:" not in text
    lines = [line for line in text.splitlines() if "==" in line]
    assert len(lines) > 20 and all(line.endswith("\\") for line in lines)
