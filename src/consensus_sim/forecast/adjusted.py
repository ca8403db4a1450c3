"""Means adjusted for the luck of the parameter draws, by regression on the draws' scores.

A study simulates some of the posterior's draws. Their mean score is known, and so is that of all draws; with the slope
of the metric on the score, the mean is moved by the difference (regression estimator; Cochran 1977, Sampling
Techniques, ch. 7). What the score explains of the variance between draws no longer counts as error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from consensus_sim.study.draws import Draws, Floats, one_way
from consensus_sim.study.scores import Scores

if TYPE_CHECKING:
    from consensus_sim.community import Community
    from consensus_sim.study.posterior import ParameterSets
    from consensus_sim.study.scenario import Study

FEWEST = 10
"""Parameter draws from which a slope is estimated; with fewer its own error costs as much as it saves."""


def adjusted_mean(values: Floats, draws: Draws, scores: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Returns mean and standard error (rows,) of `values` (rows, replicates), adjusted for the scores of their draws.

    draws: the row of the posterior's table that each replicate simulates, (replicates,)
    scores: (rows, draws of the table); weights: of the draws, adding up to one

    mean = y + b (X - x): y and x are means over replicates, X is the mean score of the table, b the least-squares
    slope. The error is the linearised one with draws as clusters, as in `summary.standard_error`, with G / (G - 2) for
    G clusters; a confidence interval takes Student's t with G - 2 degrees of freedom.
    NaN with fewer than `FEWEST` draws, where the score is constant, or where the metric or its score is not always
    defined: over a part of the draws, X would be the mean of others.
    """
    own, x = one_way(values, draws), scores[:, np.unique(draws)]
    count, clusters = own.count, (own.count > 0).sum(axis=1)
    always = (count.sum(axis=1) == values.shape[1]) & np.isfinite(scores).all(axis=1)
    usable = always & (clusters >= FEWEST) & (np.ptp(x, axis=1) > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = count / count.sum(axis=1, keepdims=True)
        mean, score = (share * own.mean).sum(axis=1), (share * x).sum(axis=1)
        apart = x - score[:, None]
        leverage = apart / (share * apart**2).sum(axis=1, keepdims=True)
        slope, shift = (share * leverage * own.mean).sum(axis=1), scores @ weights - score
        residual = own.mean - mean[:, None] - slope[:, None] * apart
        total = (share * (1 + shift[:, None] * leverage) * residual) ** 2
        error = np.sqrt(total.sum(axis=1) * clusters / (clusters - 2))
    return np.where(usable, mean + slope * shift, np.nan), np.where(usable, error, np.nan)


def scores_of(scores: Scores, rows: Sequence[tuple[str, str]]) -> Floats:
    """Returns the scores (rows, draws) of `rows` (metric, group): every group takes that of all adults."""
    return np.array([scores.of(metric) for metric, _ in rows])


def scored(study: Study, community: Community) -> ParameterSets | None:
    """Returns the parameter draws of `study`, if they have scores that were made on `community`."""
    sets = study.posterior
    if sets is None or sets.scores is None or not sets.complete:
        return None
    return sets if sets.scores.community == community.fingerprint else None
