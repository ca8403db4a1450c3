"""Compiled functions: where they are, so that a changed source never meets machine code of before."""

from __future__ import annotations

from consensus_sim.kernels import HOLDING_KERNELS
from consensus_sim.paths import PACKAGE


def test_every_source_that_holds_compiled_functions_takes_part_in_the_digest() -> None:
    holding = [path for path in PACKAGE.rglob("*.py") if "\n@kernel" in path.read_text(encoding="utf-8")]
    outside = {path.relative_to(PACKAGE).parts[0] for path in holding} - {*HOLDING_KERNELS, "randomness.py"}
    assert len(holding) > 10 and not outside
