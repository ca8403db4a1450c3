"""The likelihood of reported figures, learned from a table of runs; amortised: one fit serves any observation.

1. Every statistic is set on its target's scale and blurred by the target's observation error (so that the error is part
   of the inference: Wilkinson 2013), and turned into normal scores.
2. Gradient-boosted trees predict its mean and the logarithm of its variance from the quantiles of *all* parameters: an
   emulator of a stochastic simulator. Variances and correlations are those of residuals out of fold, so that what the
   emulator does not know counts as noise and not as knowledge.
3. The synthetic likelihood (Wood 2010) of an observation is the normal density of its scores under these means,
   variances and the residuals' correlation.
4. Parameters that stay at their prior are drawn from it: one draw a posterior set. Given such a draw, the calibrated
   parameters are sampled from candidates that fill their prior evenly, in proportion to their likelihood (sampling
   importance resampling; Rubin 1988). That is the cut posterior, p(others) p(calibrated | others, data) (Plummer 2015):
   what must stay at its prior stays there exactly.
5. Every draw has candidates of its own: the same points, shifted around the unit cube (Cranley & Patterson 1976, SIAM
   J. Numer. Anal. 13). Shared by all draws, the few that fit any observation would stand for the whole posterior, and
   its intervals would be too narrow.

All parameters are given as quantiles of their priors, in (0, 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.errors import InputError, not_allowed, phrase

if TYPE_CHECKING:
    from sklearn.preprocessing import QuantileTransformer

Matrix = NDArray[np.float64]
FOLDS = 5
FEWEST = 50
"""Runs that a table needs."""
LEARNING_RATE, LEAVES, IN_LEAF = 0.05, 8, 30
"""Of the trees for means: shallow, as the model has few strong interactions; leaves of 30 runs at least."""
VARIANCE_SHARE, VARIANCE_LEAVES, VARIANCE_IN_LEAF = 0.3, 6, 60
"""The same for variances, which are estimated less precisely: share of the trees, leaves, runs in a leaf."""
FLOOR = 1e-3
"""Added to squared residuals before their logarithm is taken."""
SHRINK = 0.05
"""Share of the residuals' correlation that is taken away, which keeps it invertible."""
EXTREME = 3.3
"""Largest normal score; a table of some thousand runs has no information beyond it."""
CHUNK = 32
"""Draws whose candidates are predicted at a time."""
WORTH_PROCESSES = 200_000
"""Runs times trees from which statistics are learned in parallel; below, starting processes takes longer."""


def need_sklearn() -> None:
    """Raise InputError where scikit-learn is missing."""
    try:
        import sklearn  # noqa: F401
    except ImportError:
        what = phrase("calibration")
        raise InputError("extra_missing", what=what, library="scikit-learn", extra="analysis") from None


@dataclass(frozen=True)
class Posterior:
    """Weighted sample: rows of the draws it is made of, weights (adding up to one), and the calibrated parameters'
    quantiles (rows, parameters).
    """

    rows: NDArray[np.int64]
    weights: Matrix
    quantiles: Matrix


@dataclass(frozen=True, eq=False)
class Emulator:
    """Predicted statistics for every pair of a draw of the parameters that stay at their prior and a candidate of the
    calibrated ones.

    scores: of each statistic, from its value to a normal score; mean, log_variance: (draws, candidates, statistics);
    correlation: of residuals, (statistics, statistics); explained: share of each statistic's variance out of fold
    candidates: quantiles of the calibrated parameters, (candidates, parameters); shifts: of the candidates of each
    draw, (draws, parameters)
    """

    scores: tuple[QuantileTransformer, ...]
    mean: NDArray[np.float32]
    log_variance: NDArray[np.float32]
    correlation: Matrix
    explained: Matrix
    candidates: Matrix
    shifts: Matrix

    @classmethod
    def fit(
        cls, quantiles: Matrix, moved: NDArray[np.int64], statistics: Matrix, errors: Matrix, draws: Matrix,
        candidates: Matrix, trees: int, seed: int = 0,
    ) -> Emulator:  # fmt: skip
        """Learn from a table of runs.

        quantiles: (runs, parameters) of all parameters; moved: columns of those that are calibrated
        statistics: (runs, statistics), NaN where undefined, on the scale on which `errors` (statistics,), the
        observation's standard deviations, are normal
        draws: (draws, parameters), uniform; their columns `moved` shift the candidates
        candidates: (candidates, calibrated parameters)
        trees: boosting rounds; seed: of the blurring
        Raises InputError if there are too few runs or scikit-learn is missing.
        """
        need_sklearn()
        from joblib import Parallel, delayed

        if len(quantiles) < FEWEST:
            raise not_allowed("calibration.runs", len(quantiles), phrase("at_least_runs", low=FEWEST))
        noise = np.random.default_rng(seed).standard_normal(statistics.shape)
        blurred = statistics + noise * errors
        side_by_side = Parallel(n_jobs=-1 if len(quantiles) * trees >= WORTH_PROCESSES else 1)
        learned = side_by_side(
            delayed(_learn)(quantiles, moved, values, draws, candidates, trees, seed) for values in blurred.T
        )
        residuals = np.column_stack([one.residuals for one in learned])
        return cls(
            tuple(one.scores for one in learned),
            np.stack([one.mean for one in learned], axis=2),
            np.stack([one.log_variance for one in learned], axis=2),
            _correlation(residuals),
            np.array([one.explained for one in learned]),
            candidates,
            draws[:, moved],
        )

    def only(self, statistics: Sequence[int]) -> Emulator:
        """The same of some `statistics`, by number."""
        chosen = np.asarray(statistics, np.int64)
        return replace(
            self,
            scores=tuple(self.scores[number] for number in statistics),
            mean=self.mean[:, :, chosen],
            log_variance=self.log_variance[:, :, chosen],
            correlation=self.correlation[np.ix_(chosen, chosen)],
            explained=self.explained[chosen],
        )

    def weights(self, observed: Matrix) -> Matrix:
        """Probability of each candidate given each draw, (draws, candidates), for `observed` statistics (statistics,),
        NaN where one was not observed.
        """
        told = np.flatnonzero(~np.isnan(observed))
        if not len(told):
            return np.full(self.mean.shape[:2], 1 / self.mean.shape[1])
        score = np.array([_score(self.scores[column], observed[column : column + 1])[0] for column in told])
        root = np.linalg.cholesky(np.linalg.inv(self.correlation[np.ix_(told, told)]))
        found = np.empty(self.mean.shape[:2])
        for number in range(len(found)):
            spread = self.log_variance[number][:, told]
            off = (score - self.mean[number][:, told]) * np.exp(-0.5 * spread) @ root
            found[number] = -0.5 * (np.sum(off**2, axis=1) + np.sum(spread, axis=1))
        found = np.exp(found - found.max(axis=1, keepdims=True))
        return found / found.sum(axis=1, keepdims=True)

    def posterior(self, observed: Matrix, seed: int = 0, times: int = 1) -> Posterior:
        """`times` sets a draw, the calibrated parameters sampled given the draw and `observed` (systematic resampling:
        Kitagawa 1996); `seed`: of the sampling.
        """
        weights = self.weights(observed)
        at = (np.arange(times) + np.random.default_rng(seed).random((len(weights), 1))) / times
        cumulated = np.cumsum(weights, axis=1)
        chosen = np.concatenate([np.searchsorted(*line) for line in zip(cumulated, at, strict=True)])
        rows, number = np.repeat(np.arange(len(weights)), times), weights.shape[1] - 1
        quantiles = _shifted(self.candidates[np.minimum(chosen, number)], self.shifts[rows])
        return Posterior(rows, np.full(len(rows), 1 / len(rows)), quantiles)

    def effective(self, observed: Matrix) -> float:
        """Effective number of candidates (Kish), median of the draws."""
        return float(np.median(1 / np.sum(self.weights(observed) ** 2, axis=1)))


class _Learned(NamedTuple):
    """Of one statistic: its normal scores, the share of variance explained and the residuals (runs,) out of fold (NaN
    where it is undefined), and mean and log variance at every draw and candidate, (draws, candidates).
    """

    scores: QuantileTransformer
    explained: float
    residuals: Matrix
    mean: NDArray[np.float32]
    log_variance: NDArray[np.float32]


def _learn(
    quantiles: Matrix, moved: NDArray[np.int64], values: Matrix, draws: Matrix, candidates: Matrix, trees: int,
    seed: int,
) -> _Learned:  # fmt: skip
    """Learn one statistic, `values` (runs,), and predict it; the same numbers in whatever process."""
    from threadpoolctl import threadpool_limits

    mean, log_variance = np.empty((2, len(draws), len(candidates)), np.float32)
    # One thread: trees this small gain little from more, and threads that wait for a busy core cost far more.
    with threadpool_limits(limits=1):
        one = _Learner(quantiles, values, trees, seed)
        for first in range(0, len(draws), CHUNK):
            place = slice(first, first + CHUNK)
            rows = _pairs(draws[place], moved, candidates)
            mean[place], log_variance[place] = (found.reshape(-1, len(candidates)) for found in one.predict(rows))
    residuals = np.full(len(values), np.nan)
    residuals[one.defined] = one.residuals
    return _Learned(one.scores, one.explained, residuals, mean, log_variance)


class _Learner:
    """Trees for the mean and the log variance of one statistic's normal scores."""

    def __init__(self, quantiles: Matrix, values: Matrix, trees: int, seed: int) -> None:
        from sklearn.ensemble import HistGradientBoostingRegressor
        from sklearn.model_selection import KFold, cross_val_predict
        from sklearn.preprocessing import QuantileTransformer

        self.defined = ~np.isnan(values)
        inner, known = quantiles[self.defined], values[self.defined]
        self.scores = QuantileTransformer(
            n_quantiles=min(1000, len(known)), output_distribution="normal", subsample=None
        ).fit(known[:, None])
        score = _score(self.scores, known)
        common = {"learning_rate": LEARNING_RATE, "early_stopping": False, "random_state": seed % 2**32}
        self.mean = HistGradientBoostingRegressor(
            max_iter=trees, max_leaf_nodes=LEAVES, min_samples_leaf=IN_LEAF, **common
        )
        folds = KFold(FOLDS, shuffle=True, random_state=seed % 2**32)
        off = score - cross_val_predict(self.mean, inner, score, cv=folds)
        self.explained = float(max(0.0, 1 - off.var() / max(score.var(), 1e-12)))
        self.mean.fit(inner, score)
        self.variance = HistGradientBoostingRegressor(
            max_iter=max(1, round(VARIANCE_SHARE * trees)), max_leaf_nodes=VARIANCE_LEAVES,
            min_samples_leaf=VARIANCE_IN_LEAF, **common,
        )  # fmt: skip
        size = np.log(off**2 + FLOOR)
        out_of_fold = cross_val_predict(self.variance, inner, size, cv=folds)
        # A mean of logarithms is not the logarithm of a mean: the shift gives the scaled residuals variance one.
        self.shift = float(np.log(np.mean(off**2 / np.exp(out_of_fold)) + 1e-12))
        self.residuals = off / np.exp(0.5 * (out_of_fold + self.shift))
        self.variance.fit(inner, size)

    def predict(self, rows: Matrix) -> tuple[Matrix, Matrix]:
        """Mean and log variance at quantiles `rows` (m, parameters), (m,) each."""
        return self.mean.predict(rows), self.variance.predict(rows) + self.shift


def _score(transformer: QuantileTransformer, values: Matrix) -> Matrix:
    """Normal scores of `values`."""
    found: Matrix = transformer.transform(values[:, None])[:, 0]
    return np.clip(found, -EXTREME, EXTREME)


def _pairs(draws: Matrix, moved: NDArray[np.int64], candidates: Matrix) -> Matrix:
    """Every draw with each of its candidates in the columns `moved`, (draws * candidates, parameters)."""
    found: Matrix = np.repeat(draws, len(candidates), axis=0)
    found[:, moved] = _shifted(np.tile(candidates, (len(draws), 1)), found[:, moved])
    return found


def _shifted(candidates: Matrix, shifts: Matrix) -> Matrix:
    """`candidates` moved by `shifts` around the unit cube, both (rows, parameters)."""
    return (candidates + shifts) % 1


def _correlation(residuals: Matrix) -> Matrix:
    """Correlation of `residuals` (runs, statistics) where both are defined, drawn towards none by `SHRINK`."""
    from pandas import DataFrame

    found = DataFrame(residuals).corr(min_periods=FEWEST).fillna(0.0).to_numpy()
    shrunk: Matrix = (1 - SHRINK) * found
    np.fill_diagonal(shrunk, 1.0)
    return shrunk


def weighted_quantile(values: Matrix, weights: Matrix, at: Sequence[float]) -> Matrix:
    """Quantiles `at` of weighted `values` (rows,), NaN left out: the inverse of the weighted distribution function,
    with half of each weight on either side.
    """
    defined = ~np.isnan(values)
    values, weights = values[defined], weights[defined]
    if not len(values):
        return np.full(len(at), np.nan)
    order = np.argsort(values, kind="stable")
    cumulative = np.cumsum(weights[order]) - 0.5 * weights[order]
    found: Matrix = np.interp(np.asarray(at) * weights.sum(), cumulative, values[order])
    return found


class Recovered(NamedTuple):
    """Comparison of each synthetic truth with its posterior.

    ranks: probability of the posterior below the truth, (truths, parameters); uniform if the inference is right
    spread: the posterior's standard deviation in units of the prior's, (truths, parameters)
    joint: probability of the posterior nearer to a point drawn at random than the truth is, (truths,); uniform if the
    posterior is right as a whole, ridges included (TARP: Lemos et al. 2023, ICML)
    """

    ranks: Matrix
    spread: Matrix
    joint: Matrix


def recover(emulator: Emulator, quantiles: Matrix, statistics: Matrix, errors: Matrix, seed: int) -> Recovered:
    """Simulation-based calibration (SBC; Talts et al. 2018) with truths held out of the table.

    quantiles, statistics: of the truths; their statistics are blurred as an observation is
    """
    generator = np.random.default_rng(seed)
    noise = generator.standard_normal(statistics.shape)
    points = generator.random(quantiles.shape)
    ranks, spread, joint = np.empty(quantiles.shape), np.empty(quantiles.shape), np.empty(len(quantiles))
    for number, observed in enumerate(statistics + noise * errors):
        found = emulator.posterior(observed, seed + number)
        ranks[number] = found.weights @ (found.quantiles < quantiles[number])
        mean = found.weights @ found.quantiles
        spread[number] = np.sqrt(found.weights @ (found.quantiles - mean) ** 2 * 12)
        away = np.sum((found.quantiles - points[number]) ** 2, axis=1)
        joint[number] = found.weights @ (away < np.sum((quantiles[number] - points[number]) ** 2))
    return Recovered(ranks, spread, joint)
