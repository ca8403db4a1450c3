"""Answers to a questionnaire: the indicator, observed with error and rounded to the points of the answer scale."""

from __future__ import annotations

from math import floor

import numpy as np
from numpy.typing import NDArray

from consensus_sim.kernels import kernel
from consensus_sim.randomness import child, normal


@kernel
def likert_answers(
    key: np.uint64, indicators: NDArray[np.float32], who: NDArray[np.int32], items: int, error: float, points: int
) -> NDArray[np.int8]:
    """Answers 1..points of `who` (m,) to `items` items on each of their `indicators` (k, m) in [0, 1]: (m, k items).

    Each item is the indicator plus a normal error of SD `error`, its own for each person and item, rounded to the
    nearest of `points` answers evenly spaced over the scale and kept within them.
    """
    rows = indicators.shape[0]
    out = np.empty((who.shape[0], rows * items), np.int8)
    for place in range(who.shape[0]):
        person = child(key, who[place])
        for row in range(rows):
            for item in range(row * items, (row + 1) * items):
                seen = indicators[row, place] + error * normal(person, item)
                out[place, item] = min(points, max(1, 1 + int(floor((points - 1) * seen + 0.5))))
    return out
