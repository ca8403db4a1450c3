"""Means adjusted by scores: unbiased, with an error that holds what it states, and never where they cannot be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from consensus_sim.forecast.adjusted import FEWEST, adjusted_mean
from consensus_sim.forecast.monte_carlo_error import reached
from consensus_sim.forecast.summary import ADJUSTED, SUMMARY, Values, standard_error, summarise
from consensus_sim.study.config import compose
from consensus_sim.study.posterior import read_posterior
from consensus_sim.study.precision import Precision

TABLE = 64
RUNS = pd.read_csv(Path(__file__).with_name("runs_of_council.csv"))
"""Runs of `council` on the case study under another seed than the scores: the row of the posterior, and metrics."""


def toy(studies, replicates, rng, *, noise=0.5, weights=None):
    """Scores (TABLE,), draws (studies, replicates) and values that are linear in the score, with chance."""
    weights = np.full(TABLE, 1 / TABLE) if weights is None else weights
    effect = rng.normal(size=TABLE)
    score = effect + rng.normal(0, 0.3, TABLE)
    rows = rng.choice(TABLE, (studies, replicates), p=weights)
    values = effect[rows] + rng.normal(0, noise, rows.shape)
    return score, rows, values, weights, weights @ effect


def means(score, rows, values, weights):
    """Adjusted means and errors (studies,) of studies with draws of their own."""
    found = [adjusted_mean(v[None], r, score[None], weights) for v, r in zip(values, rows, strict=True)]
    return np.array([m[0] for m, _ in found]), np.array([e[0] for _, e in found])


@pytest.mark.parametrize("uneven", [False, True])
def test_it_is_unbiased_and_its_interval_covers(uneven):
    """2,000 studies of 30 draws: bias below 4 of its standard errors (false alarm 1 in 16,000), coverage of nominal
    95 % intervals within 93 to 97 % (binomial SD 0.5 %; G - 2 degrees of freedom with as many clusters as rows met)."""
    rng = np.random.default_rng(1)
    weights = rng.dirichlet(np.ones(TABLE)) if uneven else None
    score, rows, values, weights, truth = toy(2000, 30, rng, weights=weights)
    mean, error = means(score, rows, values, weights)
    assert abs(mean.mean() - truth) < 4 * mean.std() / np.sqrt(len(mean))
    clusters = np.array([len(np.unique(r)) for r in rows])
    covered = np.abs(mean - truth) < t.ppf(0.975, clusters - 2) * error
    assert 0.92 < covered.mean() < 0.975
    plain = values.mean(axis=1)
    assert mean.var() < 0.5 * plain.var()


def test_a_score_that_says_nothing_costs_little():
    """Variance rises by about 1 / (n - 3); 2,000 studies know it to 3 %."""
    rng = np.random.default_rng(2)
    score, rows, values, weights, _ = toy(2000, 30, rng)
    mean, _ = means(rng.permutation(score), rows, values, weights)
    assert mean.var() < 1.2 * values.mean(axis=1).var()


def test_replicates_of_one_draw_are_one_cluster():
    rng = np.random.default_rng(3)
    score, rows, values, weights, _ = toy(1, 20, rng)
    twice = adjusted_mean(np.repeat(values, 2, axis=1), np.repeat(rows[0], 2), score[None], weights)
    np.testing.assert_allclose(twice, adjusted_mean(values, rows[0], score[None], weights))


@pytest.mark.parametrize("case", ["few draws", "constant score", "undefined value", "undefined score"])
def test_where_it_cannot_be_adjusted_it_says_so(case):
    rng = np.random.default_rng(4)
    score, rows, values, weights, _ = toy(1, FEWEST + 5, rng)
    draws = np.arange(FEWEST + 5) if case != "few draws" else np.arange(FEWEST + 5) % (FEWEST - 1)
    assert np.isfinite(adjusted_mean(values, np.arange(FEWEST + 5), score[None], weights)).all()
    if case == "constant score":
        score = np.ones(TABLE)
    elif case == "undefined value":
        values[0, 3] = np.nan
    elif case == "undefined score":
        score[-1] = np.nan
    assert np.isnan(adjusted_mean(values, draws, score[None], weights)).all()


def test_the_shipped_scores_belong_to_the_shipped_posterior_and_save_runs():
    """On stored runs: every mean within 4 errors of the mean score (two runs a draw), and several times as exact."""
    sets = read_posterior("case_study")
    assert sets.scores is not None
    for metric, factor in {"reach_quarter": 4, "frequency": 3, "trust": 4}.items():
        score, values = sets.scores.of(metric), RUNS[metric].to_numpy()[None]
        (mean,), (error,) = adjusted_mean(values, RUNS["row"].to_numpy(), score[None], sets.weights)
        assert abs(mean - score @ sets.weights) < 4 * error
        assert (standard_error(values, RUNS["row"].to_numpy())[0] / error) ** 2 > factor


def test_a_stale_file_of_scores_is_not_used(tmp_path):
    from consensus_sim.study.posterior import posterior_file
    from consensus_sim.study.scores import read_scores

    table = posterior_file("case_study")
    digest, count = read_posterior("case_study").digest, len(read_posterior("case_study").weights)
    assert read_scores(table, digest, count) is not None
    with pytest.warns(UserWarning, match="not made with this posterior"):
        assert read_scores(table, "another", count) is None
    assert read_scores(tmp_path / "mine.csv", digest, count) is None


def frame_of_runs():
    """The stored runs as a table of metrics."""
    frame = RUNS.melt("row", var_name="metric").assign(scenario="council", group="all")
    return frame.assign(replicate=frame.groupby("metric").cumcount())


def test_auto_judges_by_the_adjusted_error():
    sets = read_posterior("case_study")
    values = Values(frame_of_runs(), ["council"], len(RUNS), RUNS["row"].to_numpy())
    precision = Precision(0.02, 40, 20, 1000, compose()["monte_carlo"]["floors"])
    plain = reached(values, precision, "council", sets.worth)
    found = reached(values, precision, "council", sets.worth, sets)
    assert plain.missing and not found.missing
    before = {one.metric: one for one in plain.errors}
    assert all(one.error < before[one.metric].error and one.table == before[one.metric].table for one in found.errors)


def test_the_summary_has_the_columns_only_where_there_are_scores():
    sets, frame = read_posterior("case_study"), frame_of_runs()
    values = Values(frame, ["council"], len(RUNS), RUNS["row"].to_numpy())
    units = dict.fromkeys(frame["metric"], "index")
    found = summarise(values, units, sets).set_index("metric")
    assert list(summarise(values, units)) == list(SUMMARY)
    assert tuple(found.columns[-2:]) == ADJUSTED
    assert (found["error_adjusted"] < found["standard_error"]).all()
    few = Values(frame[frame["replicate"] < 5], ["council"], 5, RUNS["row"].to_numpy()[:5])
    plain = summarise(few, units, sets)
    pd.testing.assert_series_equal(plain["mean_adjusted"], plain["mean"], check_names=False)
