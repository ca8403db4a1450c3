"""What is printed of robustness: names in words, nothing cut off, and no interval that is not known."""

from __future__ import annotations

import io

import pandas as pd
import pytest
from rich.console import Console

from consensus_sim.experiments.robustness.text import print_agreement

NAN = float("nan")
ALTERNATIVES = {"pairs": {"zh": "两两交谈（Deffuant 等 2000）", "en": "talk in pairs (Deffuant et al. 2000)"}}
SCENARIOS = [("full", {"zh": "议事会＋四项全上", "en": "council + all four"})]


def row(name, tau, low, high, same="yes"):
    return {"alternative": "pairs", "metric": name, "tau": tau, "tau_low": low, "tau_high": high, "best": "full",
            "same_best": same}  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
def test_names_are_words_and_an_unknown_interval_is_left_out(language):
    rows = [
        row("reach_quarter", 0.9, 0.8, 1.0),
        row("consensus_settled", 0.6, NAN, NAN, "no"),
        row("trust", NAN, NAN, NAN, "tied"),
    ]
    console = Console(file=io.StringIO(), width=80)
    print_agreement(pd.DataFrame(rows), ALTERNATIVES, SCENARIOS, language, console)
    said = console.file.getvalue()
    assert "nan" not in said and "…" not in said and "full" not in said
    assert "0.90 (0.80 – 1.00)" in said and "0.60 " in said and said.count("–") == 2
    assert SCENARIOS[0][1][language] in said and "Deffuant" in said
