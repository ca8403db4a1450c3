"""The package as such: quick to import, complete as a wheel, its names known before they are loaded."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import consensus_sim

ROOT = Path(__file__).parent.parent
HEAVY = ("hydra", "matplotlib", "mesa", "networkx", "numba", "numpy", "pandas", "pyarrow", "scipy")


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


def test_the_wheel_holds_the_configs_and_works_from_any_folder(tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    unpacked = tmp_path / "unpacked"
    zipfile.ZipFile(wheel).extractall(unpacked)
    names = {path.relative_to(ROOT).as_posix() for path in (ROOT / "configs").rglob("*.yaml")}
    assert names and all((unpacked / "consensus_sim" / name).is_file() for name in names)
    code = "from consensus_sim.paths import configs_dir; print(configs_dir())"
    environment = {**os.environ, "PYTHONPATH": str(unpacked)}
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(found.stdout.strip()) == unpacked / "consensus_sim" / "configs"


@pytest.mark.parametrize("name", ["dev.txt", "core.txt"])
def test_the_pinned_packages_have_hashes_and_no_addresses(name):
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    assert "://" not in text and " @ " not in text and "file:" not in text
    pins = [line for line in text.splitlines() if "==" in line]
    assert len(pins) > 20 and all(line.endswith("\\") for line in pins)
