"""Cronbach's alpha: against a published example, its definition and the textbook limits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from consensus_sim.errors import InputError
from consensus_sim.experiments.reliability import alpha_interval, cronbach_alpha
from tests.helpers import make_tables


def long_table(answers):
    """Answers (n, items) of one dimension as the table survey_answers."""
    n, items = answers.shape
    return pd.DataFrame({
        "half_year": "2024H1", "dimension": "skill", "respondent": np.repeat(np.arange(n), items),
        "indicator": "expression", "item": np.tile(np.arange(items), n), "answer": answers.reshape(-1),
    })  # fmt: skip


def test_a_published_example_comes_out_with_its_interval():
    """Six targets and four judges of Shrout and Fleiss 1979, Table 2: their ICC(3, 4), which is alpha, is 0.91; its
    95 % interval by their F bounds is 0.68 to 0.99 (R's psych::ICC on the same table: 0.676 to 0.986).
    """
    scores = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    assert alpha_interval(np.array(scores, float)) == pytest.approx((0.909, 0.676, 0.986), abs=6e-4)


def test_the_interval_holds_the_true_alpha_as_often_as_it_says():
    """Parallel items that share half of their variance: alpha = k / (k + 1). Coverage within 4 standard errors."""
    rng = np.random.default_rng(11)
    n, k, samples = 30, 4, 1000
    shared, own = rng.normal(size=(samples, n, 1)), rng.normal(size=(samples, n, k))
    bounds = [alpha_interval(scores, confidence=0.9)[1:] for scores in shared + own]
    covered = np.mean([low < k / (k + 1) < high for low, high in bounds])
    assert covered == pytest.approx(0.9, abs=4 * (0.9 * 0.1 / samples) ** 0.5)


def test_who_left_an_item_out_is_left_out():
    answers = np.random.default_rng(3).integers(1, 6, (40, 3)).astype(float)
    gap = answers.copy()
    gap[7, 1] = np.nan
    pd.testing.assert_frame_equal(
        cronbach_alpha(long_table(gap)), cronbach_alpha(long_table(np.delete(answers, 7, axis=0)))
    )


def test_equal_items_are_perfectly_reliable_and_independent_ones_not_at_all():
    """Independent: alpha's interval holds zero (95 %; the seed is fixed)."""
    rng = np.random.default_rng(4)
    one = rng.integers(1, 6, 300)
    assert cronbach_alpha(long_table(np.stack([one] * 4, axis=1)))["alpha"].item() == pytest.approx(1.0)
    free = cronbach_alpha(long_table(rng.integers(1, 6, (300, 4)))).iloc[0]
    assert free["low"] < 0 < free["high"] and (free["items"], free["n"]) == (4, 300)


def test_it_is_the_formula_on_a_surveys_own_answers():
    """Cronbach 1951: k / (k - 1) (1 - sum of the items' variances / variance of the sum)."""
    table = pd.DataFrame(make_tables("survey", weeks=44, levers={"survey": {"sample": 400}})["survey_answers"])
    found = cronbach_alpha(table)
    assert list(found["half_year"].unique()) == ["2024H1", "2024H2"] and len(found) == 6
    for row in found.itertuples():
        part = table[(table.half_year == row.half_year) & (table.dimension == row.dimension)]
        wide = part.pivot(index="respondent", columns=["indicator", "item"], values="answer").to_numpy(float)
        k = wide.shape[1]
        alpha = k / (k - 1) * (1 - wide.var(axis=0, ddof=1).sum() / wide.sum(axis=1).var(ddof=1))
        assert row.alpha == pytest.approx(alpha) and row.low < row.alpha < row.high
        assert (row.items, row.n) == wide.shape[::-1]


def test_more_error_in_the_items_is_less_reliable():
    alphas = []
    for error in (0.05, 0.5):
        settings = {"levers": {"survey": {"sample": 400, "item_error": error}}}
        answers = pd.DataFrame(make_tables("survey", weeks=20, **settings)["survey_answers"])
        alphas.append(cronbach_alpha(answers)["alpha"].mean())
    assert alphas[0] > alphas[1] + 0.1


def test_a_table_of_something_else_is_told():
    with pytest.raises(InputError, match="survey_answers: the column 'dimension' is missing"):
        cronbach_alpha(pd.DataFrame({"half_year": ["2024H1"]}))
