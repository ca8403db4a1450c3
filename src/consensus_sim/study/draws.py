"""Parameter draws of replicates, and sums over the replicates of a draw.

Every replicate has a draw of its own, but for every tenth (`Rules.repeated`), which repeats the draw of the one before
it: on these pairs the variance of a forecast can be split into parameters and random variation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from consensus_sim.study.rules import rules

Floats = NDArray[np.float64]
Number = TypeVar("Number", int, NDArray[np.int64])
Draws = NDArray[np.int64]
"""The parameter draw of each replicate, any numbers (replicates,): replicates of one draw have the same."""


def draw_number(replicate: Number) -> Number:
    """Returns the number of the draw that `replicate` (one or an array) simulates, from 0, whatever their number."""
    return replicate - (replicate + 1) // rules().repeated


def by_draw(values: NDArray[Any], draws: Draws | None) -> NDArray[Any]:
    """Returns sums of `values` (rows, replicates) over the replicates of each draw: (rows, draws), ascending.

    draws: None where each replicate stands for itself
    """
    if draws is None:
        return values
    order = np.argsort(draws, kind="stable")
    found: NDArray[Any] = np.add.reduceat(values[:, order], np.unique(draws[order], return_index=True)[1], axis=1)
    return found


@dataclass(frozen=True)
class OneWay:
    """Statistics of the defined values by draw; each (rows, draws).

    count: replicates; mean: their mean, 0 without any; within: sum of their squared deviations from it
    """

    count: NDArray[np.int64]
    mean: Floats
    within: Floats

    def of(self, draws: NDArray[np.integer] | NDArray[np.bool_]) -> OneWay:
        """Returns the statistics of some draws, given by their places or by a mask."""
        return OneWay(self.count[:, draws], self.mean[:, draws], self.within[:, draws])

    def mean_squares(self) -> tuple[Floats, Floats, Floats]:
        """Mean squares between and within draws of a one-way analysis of variance, and the replicates a draw that the
        first weighs parameters by (Searle, Casella & McCulloch 1992, ch. 3.6), each (rows,). NaN where there are fewer
        than two draws, or no repeated one.
        """
        total, draws = self.count.sum(axis=1), (self.count > 0).sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            grand = (self.count * self.mean).sum(axis=1) / total
            between = (self.count * (self.mean - grand[:, None]) ** 2).sum(axis=1) / (draws - 1)
            within = self.within.sum(axis=1) / (total - draws)
            size = (total - (self.count**2).sum(axis=1) / total) / (draws - 1)
        known = (draws > 1) & (total > draws)
        return np.where(known, between, np.nan), np.where(known, within, np.nan), size


def one_way(values: Floats, draws: Draws | None) -> OneWay:
    """Returns the statistics of `values` (rows, replicates), NaN where undefined, by draw."""
    defined = ~np.isnan(values)
    filled, count = np.where(defined, values, 0.0), by_draw(defined.astype(np.int64), draws)
    mean = by_draw(filled, draws) / np.maximum(count, 1)
    place = slice(None) if draws is None else np.unique(draws, return_inverse=True)[1]
    return OneWay(count, mean, by_draw(np.where(defined, filled - mean[:, place], 0.0) ** 2, draws))
