"""What a validation says of each figure."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

from consensus_sim.experiments.targets import Target
from consensus_sim.experiments.validate.study import score
from consensus_sim.experiments.validate.text import print_scores, verdicts

pytest.importorskip("scoringrules")


def target(name: str) -> Target:
    return Target(name, name, "phase1", "all", 2.0, 1.0, 3.0, 0.5, "weeks", "made up", "fit")


def test_a_figure_that_no_run_has_is_told_as_such_and_not_as_missed() -> None:
    forecast = {
        "inside": np.array([1.0, 2.0, 3.0]),
        "outside": np.array([7.0, 8.0, 9.0]),
        "nowhere": np.full(3, np.nan),
    }
    table = score([target(name) for name in forecast], forecast).assign(fitted=False)
    inside, outside, nowhere, total = verdicts(table, "en")
    assert inside.startswith("inside: inside the forecast's")
    assert outside.startswith("outside: outside the forecast's")
    assert nowhere == "nowhere: no run has this figure; nothing to compare"
    assert total.startswith("1 of 3 ")
    printed = io.StringIO()
    print_scores(table, "en", Console(file=printed, width=200))
    assert "nan" not in printed.getvalue()
