"""Monte Carlo standard errors of a comparison, and when there are enough replicates (replicates=auto).

The Monte Carlo standard error (MCSE) of a mean is its standard error over replicates (Koehler, Brown & Haneuse 2009,
American Statistician 63). It is stated relative to the metric's scale, so that one number serves for metrics of all
units, and replicates are added batch by batch until it is small enough everywhere (sequentially; Chow & Robbins 1965,
Annals of Mathematical Statistics 36). The decision depends on replicates 0..n - 1 alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.catalogue import headline_tables, metric
from consensus_sim.forecast.adjusted import adjusted_mean, scores_of
from consensus_sim.forecast.summary import Values, standard_error
from consensus_sim.study.draws import one_way
from consensus_sim.study.precision import Precision

if TYPE_CHECKING:
    from consensus_sim.study.posterior import ParameterSets

DIGITS = 3
"""Significant digits of a printed error."""


@dataclass(frozen=True)
class Error:
    """The Monte Carlo standard error of one mean that is printed.

    scenario, metric: of which; reference: "" for the metric itself, else for the difference to that scenario
    error: standard error, in the metric's unit, NaN where too few replicates define it; scale: in that unit
    table: the part of it that comes from the posterior's limited number of draws and that no number of replicates
        removes, in the unit (0: no posterior)
    """

    scenario: str
    reference: str
    metric: str
    error: float
    scale: float
    table: float = 0.0

    @property
    def relative(self) -> float:
        """The error divided by the scale; infinite where it is unknown."""
        return math.inf if math.isnan(self.error) else self.error / self.scale

    def facts(self) -> dict[str, Any]:
        """Returns the error as plain values; an unknown error is None, and without a posterior `table` is left out."""
        known = not math.isnan(self.error)
        sizes = {"error": rounded(self.error), "relative": rounded(self.relative)} if known else {}
        left = {"table": rounded(self.table)} if self.table else {}
        named = {"scenario": self.scenario, "reference": self.reference or None, "metric": self.metric}
        return {**named, "error": None, "relative": None, **sizes, **left}


@dataclass(frozen=True)
class Reached:
    """Precision of a forecast.

    target: as asked for (None: not asked for); replicates: simulated; errors: of all that is printed, the largest first
    rows: how many parameter draws of equal weight the posterior's table is worth; infinite without one
    """

    target: float | None
    replicates: int
    errors: tuple[Error, ...]
    rows: float = math.inf

    @property
    def missing(self) -> tuple[Error, ...]:
        """Errors that are larger than asked for, or unknown."""
        return () if self.target is None else tuple(one for one in self.errors if not one.relative <= self.target)

    @property
    def beyond(self) -> tuple[Error, ...]:
        """Errors that the posterior's limited number of draws keeps above the target, the largest first."""
        found = [one for one in self.errors if self.target is not None and one.table > self.target * one.scale]
        return tuple(sorted(found, key=lambda one: -one.table / one.scale))

    def facts(self) -> dict[str, Any]:
        """Returns the precision as plain values for provenance.json."""
        largest = self.errors[0].facts() if self.errors else None
        missing, beyond = ([one.facts() for one in errors] for errors in (self.missing, self.beyond))
        return {"asked": self.target, "largest": largest, "missing": missing, "beyond_the_table": beyond}


def rounded(value: float) -> float:
    """Returns `value` with `DIGITS` significant digits."""
    return float(f"{value:.{DIGITS}g}")


def reached(
    values: Values, precision: Precision, reference: str, rows: float = math.inf, sets: ParameterSets | None = None
) -> Reached:
    """Returns the errors of what the short tables print: means, and mean differences to `reference`, of all adults.

    rows: as in `Reached`; sets: parameter draws whose scores adjust the means (None: they are not adjusted)

    The scale of a metric's mean is the mean's size, but at least the floor of its unit; that of a difference is the
    larger one of the two means that are compared. What no replicate defines is not printed and not asked for.
    """
    printed = {name for names in headline_tables(name for name, _ in values.rows).values() for name in names}
    kept = [number for number, (name, group) in enumerate(values.rows) if group == "all" and name in printed]
    names = [values.rows[number][0] for number in kept]
    floors = np.array([precision.floors[metric(name).unit] for name in names])
    blocks = dict(zip(values.scenarios, values.array[:, kept], strict=True))
    scales = {name: np.fmax(np.abs(_means(block)), floors) for name, block in blocks.items()}
    found = []
    for scenario, block in blocks.items():
        pairs = [("", block, scales[scenario])]
        if scenario != reference:
            pairs.append((reference, block - blocks[reference], np.fmax(scales[scenario], scales[reference])))
        for against, numbers, scale in pairs:
            error, table = standard_error(numbers, values.draws), _table_error(numbers, values, rows)
            if sets is not None and sets.scores is not None and values.draws is not None and not against:
                scores = scores_of(sets.scores, [values.rows[number] for number in kept])
                adjusted = adjusted_mean(numbers, values.draws, scores, sets.weights)[1]
                error = np.where(np.isnan(adjusted), error, adjusted)
            for row in np.flatnonzero(~np.isnan(numbers).all(axis=1)).tolist():
                found.append(
                    Error(scenario, against, names[row], float(error[row]), float(scale[row]), float(table[row]))
                )
    found.sort(key=lambda one: -one.relative)
    return Reached(precision.target, values.array.shape[2], tuple(found), rows)


def _table_error(numbers: NDArray[np.float64], values: Values, rows: float) -> NDArray[np.float64]:
    """Returns the error of the mean of each row of `numbers` that a posterior of `rows` parameter draws leaves.

    It is computed from the variance between draws, with Monte Carlo noise averaged out; 0 where that is unknown.
    """
    if values.draws is None or not np.isfinite(rows):
        return np.zeros(len(numbers))
    between, within, size = one_way(numbers, values.draws).mean_squares()
    return np.sqrt(np.fmax((between - within) / size, 0.0) / rows)


def _means(block: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the mean of each row over its defined values; NaN without any."""
    count = (~np.isnan(block)).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.nansum(block, axis=1) / count
