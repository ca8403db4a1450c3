"""Approximate Bayesian computation on a table of runs, amortised: one table serves any observation.

1. Every statistic is set on its target's scale, blurred by the target's observation error (so that the error is part
   of the inference: Wilkinson 2013), and standardised; a missing one is told by an indicator.
2. Learned summaries: the posterior mean of each calibrated parameter given the statistics, by ridge regression on
   squares and products (semi-automatic ABC, Fearnhead & Prangle 2012). Those of the table come from folds in which the
   run took no part, and a summary that explains next to nothing out of fold is left out: both keep intervals honest.
3. The runs whose summaries are nearest to the observed ones are kept, with Epanechnikov weights (Beaumont et al. 2002).
4. Kept parameters are moved along a local-linear regression on the summaries (Beaumont et al. 2002), on the logit of
   their prior quantiles, so that no value leaves its prior's range (Hamilton et al. 2005); residuals are widened for
   the degrees of freedom that the regression takes.
5. Parameters that must stay at their prior are not moved; what the selection of runs alone did to their means is undone
   by the weights nearest to the present ones (exponential tilting; Hainmueller 2012, `keep_prior`). That is the cut
   posterior (Plummer 2015): p(others) p(calibrated | others, data).

All parameters are told by quantiles of their priors in (0, 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.errors import InputError

Matrix = NDArray[np.float64]
FOLDS = 5
LEAST = 0.005
"""Share of a parameter's variance that its summary has to explain out of fold to take part."""
EDGE = 1e-4
"""Quantiles are kept this far from 0 and 1 where their logit is taken."""


def need_sklearn() -> Any:
    """scikit-learn; a plain message where it is missing."""
    try:
        import sklearn
    except ImportError:
        raise InputError(
            "calibration needs scikit-learn: install the extra, pip install 'consensus-sim[analysis]'"
        ) from None
    return sklearn


def logit(quantiles: Matrix) -> Matrix:
    """Log-odds of quantiles."""
    inner = np.clip(quantiles, EDGE, 1 - EDGE)
    found: Matrix = np.log(inner / (1 - inner))
    return found


def expit(values: Matrix) -> Matrix:
    """Quantiles of log-odds."""
    found: Matrix = 1 / (1 + np.exp(-values))
    return found


@dataclass(frozen=True)
class Posterior:
    """Weighted sample: rows of the table that are kept, their weights (adding up to one), and the calibrated
    parameters' quantiles (rows, parameters) after the adjustment.
    """

    rows: NDArray[np.int64]
    weights: Matrix
    quantiles: Matrix
    distance: Matrix

    @property
    def effective(self) -> float:
        """Effective number of rows (Kish)."""
        return float(1 / np.sum(self.weights**2))


class Amortised:
    """A table of runs that is fitted once and then asked for the posterior given any observed statistics."""

    def __init__(self, quantiles: Matrix, statistics: Matrix, errors: Matrix, seed: int = 0) -> None:
        """Fit the summaries.

        quantiles: (runs, calibrated parameters); statistics: (runs, statistics), NaN where undefined, on the scale on
        which `errors` (statistics,), the observation's standard deviations, are normal; seed: of the blurring
        Raises InputError if scikit-learn is missing.
        """
        need_sklearn()
        from sklearn.linear_model import RidgeCV
        from sklearn.metrics import r2_score
        from sklearn.model_selection import KFold, cross_val_predict
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import PolynomialFeatures, StandardScaler

        if len(quantiles) < 50:
            raise InputError(f"calibration.runs: found {len(quantiles)}; allowed: at least 50 runs in the table")
        self.quantiles = quantiles
        self.missing = np.isnan(statistics)
        noise = np.random.default_rng(seed).standard_normal(statistics.shape)
        blurred = statistics + noise * errors
        self.mean, self.sd = np.nanmean(blurred, axis=0), np.nanstd(blurred, axis=0)
        self.sd[~(self.sd > 0)] = 1.0
        self.gaps = np.flatnonzero(np.isnan(statistics).any(axis=0))
        # Squares of features some ten standard deviations out would rule the fit: extremes are drawn in.
        self.low, self.high = np.nanquantile(blurred, [0.001, 0.999], axis=0)
        ridge = RidgeCV(alphas=np.logspace(0, 4, 9), alpha_per_target=True)
        self.regression = make_pipeline(PolynomialFeatures(2, include_bias=False), StandardScaler(), ridge)
        features = self._features(blurred)
        self.regression.fit(features, quantiles)
        folds = KFold(FOLDS, shuffle=True, random_state=seed)
        out_of_fold = cross_val_predict(self.regression, features, quantiles, cv=folds).reshape(len(quantiles), -1)
        self.explained: Matrix = np.atleast_1d(r2_score(quantiles, out_of_fold, multioutput="raw_values"))
        told = self.explained > LEAST
        self.told = np.flatnonzero(told if told.any() else np.ones_like(told))
        self.summaries: Matrix = out_of_fold[:, self.told]

    def _features(self, statistics: Matrix) -> Matrix:
        """Standardised statistics, missing ones at the mean, and an indicator for each that can be missing."""
        missing = np.isnan(statistics)
        inner = np.clip(statistics, self.low, self.high)
        found = np.where(missing, 0.0, (inner - self.mean) / self.sd)
        return np.column_stack([found, missing[:, self.gaps].astype(float)])

    def summarise(self, observed: Matrix) -> Matrix:
        """The learned summaries of observed statistics (statistics,)."""
        found: Matrix = self.regression.predict(self._features(observed[None, :])).reshape(-1)
        return found[self.told]

    def posterior(self, observed: Matrix, kept: int, adjust: bool = True) -> Posterior:
        """The posterior given `observed` statistics (statistics,), NaN where they were not defined.

        kept: runs that are kept; adjust: whether to move their parameters along the local regression
        """
        from sklearn.linear_model import LinearRegression

        target = self.summarise(observed)
        distance = np.sqrt(np.sum((self.summaries - target) ** 2, axis=1))
        alike = (self.missing == np.isnan(observed)).all(axis=1)
        if alike.sum() > 2 * kept:  # what was not defined is part of what was observed
            distance[~alike] = np.inf
        kept = min(kept, len(distance) - 1)
        order = np.argsort(distance, kind="stable")
        rows, width = np.sort(order[:kept]), distance[order[kept]]
        weights = 1 - (distance[rows] / max(width, 1e-12)) ** 2
        weights = np.maximum(weights, 1e-9)
        weights /= weights.sum()
        quantiles = self.quantiles[rows]
        if adjust:
            x, y = self.summaries[rows] - target, logit(quantiles)
            fit = LinearRegression().fit(x, y, sample_weight=weights)
            effective = 1 / np.sum(weights**2)
            wider = np.sqrt(effective / max(effective - x.shape[1] - 1, 1.0))
            quantiles = expit(fit.intercept_ + wider * (y - fit.predict(x)))
        return Posterior(rows, weights, quantiles, distance[rows])


def keep_prior(weights: Matrix, quantiles: Matrix) -> Matrix:
    """The weights nearest to `weights` (Kullback-Leibler) under which every column of `quantiles` has mean 1/2.

    quantiles: (rows, parameters) of what must stay at its prior. Solved on the dual; the ridge of one over the number
    of rows leaves the means within about one standard error where the rows are too few to meet all of them.
    """
    from scipy.optimize import minimize
    from scipy.special import logsumexp

    centred = (quantiles - 0.5) * np.sqrt(12)
    log_weights = np.log(weights)
    ridge = 1.0 / len(weights)

    def dual(tilt: Matrix) -> tuple[float, Matrix]:
        exponent = log_weights + centred @ tilt
        total = logsumexp(exponent)
        return float(total + 0.5 * ridge * tilt @ tilt), np.exp(exponent - total) @ centred + ridge * tilt

    solved = minimize(dual, np.zeros(centred.shape[1]), jac=True, method="L-BFGS-B")
    exponent = log_weights + centred @ solved.x
    found: Matrix = np.exp(exponent - logsumexp(exponent))
    return found


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


def recover(
    amortised: Amortised, quantiles: Matrix, statistics: Matrix, errors: Matrix, kept: int, seed: int
) -> tuple[Matrix, Matrix]:
    """Simulation-based calibration (Talts et al. 2018): ranks of synthetic truths held out of the table.

    quantiles, statistics: of the truths; their statistics are blurred as an observation is. Returns for each truth and
    parameter the weighted share of the posterior below the truth (uniform if the inference is right), and the
    posterior's standard deviation in units of the prior's.
    """
    noise = np.random.default_rng(seed).standard_normal(statistics.shape)
    ranks, spread = np.empty(quantiles.shape), np.empty(quantiles.shape)
    for number, observed in enumerate(statistics + noise * errors):
        found = amortised.posterior(observed, kept)
        ranks[number] = found.weights @ (found.quantiles < quantiles[number])
        mean = found.weights @ found.quantiles
        spread[number] = np.sqrt(found.weights @ (found.quantiles - mean) ** 2 * 12)
    return ranks, spread
