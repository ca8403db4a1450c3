"""The latent (logit) scale on which skill and cognition are drawn, learned, forgotten and measured (D6).

One SD is the standard deviation, over adults at the start, of the logit of that skill or cognition. A gain of G SD
moves the logit by G SD wherever a resident starts, so gains of weak and of able residents compare.
"""

from __future__ import annotations

from math import exp, log

import numpy as np
from numpy.typing import NDArray

from consensus_sim.kernels import kernel

LEAST = 1e-4
"""Values count as at least this and at most 1 - this, so that logits are finite (+-9.2)."""
LEAST_SD = 1e-9
"""Floor of an SD, for a population without spread."""


@kernel
def logit(x: float) -> float:
    """Log-odds of x in [0, 1], clipped to [LEAST, 1 - LEAST]."""
    x = min(max(x, LEAST), 1.0 - LEAST)
    return log(x / (1.0 - x))


@kernel
def from_logit(y: float) -> float:
    """Value in [LEAST, 1 - LEAST] whose log-odds are y."""
    return min(max(1.0 / (1.0 + exp(-y)), LEAST), 1.0 - LEAST)


@kernel
def apart(now: float, start: float) -> float:
    """logit(now) - logit(start), both clipped, by one logarithm instead of two."""
    now, start = min(max(now, LEAST), 1.0 - LEAST), min(max(start, LEAST), 1.0 - LEAST)
    return log(now * (1.0 - start) / (start * (1.0 - now)))


@kernel
def latent_sd(block: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """SD of the logit of each row of `block` (k, n) over the residents `rows` (m,), m >= 1; (k,)."""
    out = np.empty(block.shape[0])
    for row in range(block.shape[0]):
        total, squares = 0.0, 0.0
        for i in rows:
            y = logit(block[row, i])
            total += y
            squares += y * y
        mean = total / rows.shape[0]
        out[row] = max(LEAST_SD, np.sqrt(max(0.0, squares / rows.shape[0] - mean * mean)))
    return out


@kernel
def latent_gain(
    now: NDArray[np.float32], start: NDArray[np.float32], unit: NDArray[np.float64], who: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Gain of the residents `who` (m,) from `start` to `now`, both (k, n), in SD of `unit` (k,); (k, m)."""
    out = np.empty((now.shape[0], who.shape[0]))
    for row in range(now.shape[0]):
        for place in range(who.shape[0]):
            i = who[place]
            out[row, place] = apart(now[row, i], start[row, i]) / unit[row]
    return out
