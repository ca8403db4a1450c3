"""Answers to a questionnaire: rounding without error, spread with it, and always within the answers."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.dynamics.survey import likert_answers
from consensus_sim.randomness import key


def answers(level, n=4000, items=3, error=0.0, points=5, seed=1):
    block = np.full((2, n), level, np.float32)
    return likert_answers(key(seed, "here"), block, np.arange(n, dtype=np.int32), items, error, points)


@pytest.mark.parametrize(
    ("level", "points", "told"),
    [(0.0, 5, 1), (0.12, 5, 1), (0.13, 5, 2), (0.5, 5, 3), (1.0, 5, 5), (0.49, 2, 1), (1.0, 7, 7)],
)
def test_without_error_the_nearest_answer_is_ticked(level, points, told):
    assert (answers(level, n=3, points=points) == told).all()


def test_items_err_independently_of_each_other_and_of_persons():
    """At the middle with a small error: SD of an answer near 4 error on 101 answers; correlations 0 +- 5 SE."""
    found = answers(0.5, error=0.05, points=101).astype(float)
    assert found.mean() == pytest.approx(51, abs=5 * 5 / np.sqrt(found.size))
    assert found.std() == pytest.approx(5.0, rel=0.05)
    between = np.corrcoef(found.T)[np.triu_indices(found.shape[1], 1)]
    assert np.abs(between).max() < 5 / np.sqrt(len(found))
    assert (answers(0.5, error=0.05, seed=2) != answers(0.5, error=0.05)).any()


def test_answers_stay_on_the_scale():
    for level in (0.0, 1.0):
        found = answers(level, error=2.0)
        assert found.min() == 1 and found.max() == 5


def test_who_answers_gets_the_same_answers_whoever_else_does():
    block = np.random.default_rng(1).random((3, 50)).astype(np.float32)
    everybody = likert_answers(key(1, "here"), block, np.arange(50, dtype=np.int32), 2, 0.2, 5)
    some = np.array([4, 17, 40], np.int32)
    np.testing.assert_array_equal(likert_answers(key(1, "here"), block[:, some], some, 2, 0.2, 5), everybody[some])
