"""Every YAML file of the package can be read by any YAML parser, and by all to the same values."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from consensus_sim.paths import PACKAGE, configs_dir

ROOT = PACKAGE.parent.parent
FILES = sorted({*PACKAGE.rglob("*.yaml"), *configs_dir().rglob("*.yaml"), *(ROOT / "docs").rglob("*.yaml")})


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_parser_in_python_and_the_one_in_c_read_the_same(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert yaml.load(text, Loader=yaml.SafeLoader) == yaml.load(text, Loader=yaml.CSafeLoader)
