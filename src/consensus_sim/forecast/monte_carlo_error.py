"""How exact the means of a comparison are, and when there are enough replicates (replicates=auto).

The Monte Carlo standard error (MCSE) of a mean is its standard error over replicates (Koehler, Brown & Haneuse 2009,
American Statistician 63). It is stated relative to the metric's scale, so that one number serves for metrics of all
units, and replicates are added batch by batch until it is small enough everywhere (sequentially; Chow & Robbins 1965,
Annals of Mathematical Statistics 36). The decision depends on replicates 0..n - 1 alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.catalogue import headline_tables, metric
from consensus_sim.forecast.summary import Values, standard_error
from consensus_sim.study.draws import one_way
from consensus_sim.study.precision import Precision

DIGITS = 3
"""Significant digits of a printed error."""


@dataclass(frozen=True)
class Error:
    """The Monte Carlo standard error of one mean that is printed.

    scenario, metric: of which; reference: "" for the metric itself, else for the difference to that scenario
    error: standard error, in the metric's unit; scale: in that unit too; NaN where too few replicates define it
    table: what the posterior's table leaves of it however many replicates there are, in the unit (0: no table)
    """

    scenario: str
    reference: str
    metric: str
    error: float
    scale: float
    table: float = 0.0

    @property
    def relative(self) -> float:
        """The error in parts of the scale; infinite where it is not known."""
        return math.inf if math.isnan(self.error) else self.error / self.scale

    def facts(self) -> dict[str, Any]:
        """It as plain values; an error that is not known is None."""
        known = not math.isnan(self.error)
        told = {"error": rounded(self.error), "relative": rounded(self.relative)} if known else {}
        named = {"scenario": self.scenario, "reference": self.reference or None, "metric": self.metric}
        return {**named, "error": None, "relative": None, **told}


@dataclass(frozen=True)
class Reached:
    """How exact a forecast is.

    target: as asked for (None: not asked for); replicates: played; errors: of all that is printed, the largest first
    rows: how many parameter draws of equal weight the posterior's table is worth; infinite without one
    """

    target: float | None
    replicates: int
    errors: tuple[Error, ...]
    rows: float = math.inf

    @property
    def missing(self) -> tuple[Error, ...]:
        """Errors that are larger than asked for, or not known."""
        return () if self.target is None else tuple(one for one in self.errors if not one.relative <= self.target)

    @property
    def beyond(self) -> tuple[Error, ...]:
        """Errors that cannot be as small as asked for with the posterior's table, the largest of these first."""
        found = [one for one in self.errors if self.target is not None and one.table > self.target * one.scale]
        return tuple(sorted(found, key=lambda one: -one.table / one.scale))

    def facts(self) -> dict[str, Any]:
        """It as plain values for provenance.json."""
        largest = self.errors[0].facts() if self.errors else None
        missing, beyond = ([one.facts() for one in errors] for errors in (self.missing, self.beyond))
        return {"asked": self.target, "largest": largest, "missing": missing, "beyond_the_table": beyond}


def rounded(value: float) -> float:
    """`value` with `DIGITS` significant digits."""
    return float(f"{value:.{DIGITS}g}")


def reached(values: Values, precision: Precision, reference: str, rows: float = math.inf) -> Reached:
    """The errors of what the short tables print: means, and mean differences to `reference`, of all adults; `rows` as
    in `Reached`.

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
            for row in np.flatnonzero(~np.isnan(numbers).all(axis=1)).tolist():
                found.append(
                    Error(scenario, against, names[row], float(error[row]), float(scale[row]), float(table[row]))
                )
    found.sort(key=lambda one: -one.relative)
    return Reached(precision.target, values.array.shape[2], tuple(found), rows)


def _table_error(numbers: NDArray[np.float64], values: Values, rows: float) -> NDArray[np.float64]:
    """Standard error of the mean of each row of `numbers` over a table worth `rows` parameter draws, all of whose
    chance is averaged out: from the variance between draws; 0 where it is not known.
    """
    if values.draws is None or not np.isfinite(rows):
        return np.zeros(len(numbers))
    between, within, size = one_way(numbers, values.draws).mean_squares()
    return np.sqrt(np.fmax((between - within) / size, 0.0) / rows)


def _means(block: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of each row over its defined values; NaN where there are none."""
    count = (~np.isnan(block)).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.nansum(block, axis=1) / count
