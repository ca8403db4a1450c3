"""Cronbach's alpha: against its definition and the textbook limits; the plain message without the library."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from consensus_sim.analysis.reliability import cronbach_alpha
from consensus_sim.errors import InputError
from tests.helpers import make_tables


def long_table(answers):
    """Answers (n, items) of one dimension as the table survey_answers."""
    n, items = answers.shape
    return pd.DataFrame({
        "half_year": "2024H1", "dimension": "skill", "respondent": np.repeat(np.arange(n), items),
        "indicator": "expression", "item": np.tile(np.arange(items), n), "answer": answers.reshape(-1),
    })  # fmt: skip


def test_without_the_library_one_plain_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pingouin", None)
    with pytest.raises(InputError, match=r"needs pingouin: .*consensus-sim\[reliability\]"):
        cronbach_alpha(long_table(np.ones((4, 2))))


class TestWithTheLibrary:
    @pytest.fixture(autouse=True)
    def library(self):
        pytest.importorskip("pingouin")

    def test_equal_items_are_perfectly_reliable_and_independent_ones_not_at_all(self):
        """Independent: alpha's interval holds zero (95 %; the seed is fixed)."""
        rng = np.random.default_rng(4)
        one = rng.integers(1, 6, 300)
        assert cronbach_alpha(long_table(np.stack([one] * 4, axis=1)))["alpha"].item() == pytest.approx(1.0)
        free = cronbach_alpha(long_table(rng.integers(1, 6, (300, 4)))).iloc[0]
        assert free["low"] < 0 < free["high"] and (free["items"], free["n"]) == (4, 300)

    def test_it_is_the_formula_on_a_surveys_own_answers(self):
        """Cronbach 1951: k / (k - 1) (1 - sum of the items' variances / variance of the sum)."""
        table = make_tables("survey", weeks=44, levers={"survey": {"sample": 400}})["survey_answers"]
        found = cronbach_alpha(table)
        assert list(found["half_year"].unique()) == ["2024H1", "2024H2"] and len(found) == 6
        frame = pd.DataFrame(table)
        for row in found.itertuples():
            part = frame[(frame.half_year == row.half_year) & (frame.dimension == row.dimension)]
            wide = part.pivot(index="respondent", columns=["indicator", "item"], values="answer").to_numpy(float)
            k = wide.shape[1]
            alpha = k / (k - 1) * (1 - wide.var(axis=0, ddof=1).sum() / wide.sum(axis=1).var(ddof=1))
            assert row.alpha == pytest.approx(alpha) and row.low < row.alpha < row.high
            assert (row.items, row.n) == wide.shape[::-1]

    def test_more_error_in_the_items_is_less_reliable(self):
        alphas = [
            cronbach_alpha(
                make_tables(
                    "survey", weeks=20, behaviour={"survey.item_error": error}, levers={"survey": {"sample": 400}}
                )["survey_answers"]
            )["alpha"].mean()
            for error in (0.05, 0.5)
        ]
        assert alphas[0] > alphas[1] + 0.1

    def test_a_table_of_something_else_is_told(self):
        with pytest.raises(InputError, match="survey_answers: missing column"):
            cronbach_alpha(pd.DataFrame({"half_year": ["2024H1"]}))
