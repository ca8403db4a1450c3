"""Value of finding out: which uncertain parameter, if it were known, would change the choice, and what that is worth.

The expected value of partial perfect information (EVPPI) of a parameter is the mean of the best package's utility when
the choice may follow the parameter, less the utility of the package that is best on average. The utility expected at
each value of the parameter is estimated by regression on the draws that are simulated anyway (Strong, Oakley & Brennan
2014, Medical Decision Making 34:311-326), here by a cubic spline with knots at the terciles, or by the mean at each
value where a parameter has few of them. Chance within a draw is noise to the regression and averages out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FEW = 20
"""Distinct values of a parameter up to which each has a mean of its own."""
TERCILES = (1 / 3, 2 / 3)
CUBIC = 3


@dataclass(frozen=True)
class Worth:
    """Value of learning one parameter.

    value: EVPPI, in the unit of the utility; 0 at least; p: probability of a value as large if the parameter had no
    influence (by permutation of its values)
    flips: (value of the parameter, package that is best above it), ascending, for every change of the best package
    below: the package that is best at the lowest value
    """

    value: float
    p: float
    below: int
    flips: tuple[tuple[float, int], ...]


def expected_utility(utility: Floats, parameter: Floats) -> tuple[Floats, Floats]:
    """Utility of each package expected at each distinct value of a parameter.

    utility: (packages, draws); parameter: (draws,)
    Returns the distinct values, ascending (m,), and the expected utilities (packages, m).
    """
    from scipy.interpolate import make_lsq_spline

    x, place, count = np.unique(parameter, return_inverse=True, return_counts=True)
    means = np.array([np.bincount(place, line) / count for line in utility])
    if len(x) <= FEW:
        return x, means
    inner = np.quantile(x, TERCILES)
    knots = np.concatenate([np.repeat(x[0], CUBIC + 1), inner, np.repeat(x[-1], CUBIC + 1)])
    return x, make_lsq_spline(x, means.T, knots, CUBIC, w=np.sqrt(count))(x).T


def evppi(utility: Floats, parameter: Floats) -> float:
    """Expected value of knowing `parameter` (draws,) for a choice by mean `utility` (packages, draws); 0 at least."""
    x, expected = expected_utility(utility, parameter)
    weight = np.searchsorted(np.sort(parameter), x, side="right") / len(parameter)
    weight = np.diff(weight, prepend=0.0)
    return float(max(0.0, weight @ expected.max(axis=0) - (expected @ weight).max()))


def worth_knowing(utility: Floats, parameter: Floats, permutations: int, seed: int) -> Worth:
    """Returns the value of learning `parameter` for the choice between packages.

    utility: (packages, draws), the mean of a package's replicates in each draw; parameter: (draws,)
    permutations: random orders of the parameter, which give values without any influence; seed: of these orders
    """
    found = evppi(utility, parameter)
    rng = np.random.default_rng(seed)
    by_chance = [evppi(utility, rng.permutation(parameter)) for _ in range(permutations)]
    p = (1 + sum(value >= found for value in by_chance)) / (1 + permutations)
    x, expected = expected_utility(utility, parameter)
    best = expected.argmax(axis=0)
    change = np.flatnonzero(np.diff(best))
    flips = tuple((float((x[k] + x[k + 1]) / 2), int(best[k + 1])) for k in change.tolist())
    return Worth(found, p, int(best[0]), flips)
