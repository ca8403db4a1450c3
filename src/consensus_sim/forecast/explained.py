"""Share of a metric's variance that one parameter explains, and how much fixing it would narrow an interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from consensus_sim.forecast.summary import Values, no_rows
from consensus_sim.forecast.variance import blocks
from consensus_sim.study.draws import one_way

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
EXPLAINED = ("parameter", "scenario", "reference", "metric", "share", "narrowing")
FEWEST = 100
"""Parameter draws below which no share is estimated: a quadratic in pure noise explains a few per cent of fewer."""


def share_by_rank(levels: Floats, values: Floats) -> float:
    """Share of the variance of `values` that a quadratic in the rank of `levels` explains, adjusted for its two terms
    and not below 0.
    """
    from scipy.stats import rankdata

    n = len(values)
    rank = rankdata(levels) / n - 0.5
    design = np.column_stack([np.ones(n), rank, rank**2])
    left = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    return max(0.0, 1.0 - float(left @ left) / (n - 3) / float(np.var(values, ddof=1)))


def explained_table(
    values: Values, reference: str, levels: Mapping[str, Floats], wanted: Sequence[str]
) -> pd.DataFrame:
    """For each parameter the level or difference of a `wanted` metric (all adults) that it explains most, by
    descending share. Columns: `EXPLAINED`; no rows with fewer than `FEWEST` draws.

    levels: parameter -> its value in every draw, by ascending draw
    A 90 % prediction interval in one community is as wide as the standard deviation over draws, so fixing a parameter
    that explains `share` of the variance narrows it by 1 - sqrt(1 - share).
    """
    import pandas as pd

    varied = {name: line for name, line in levels.items() if np.ptp(line) > 0}
    rows = []
    for scenario, against, block in blocks(values, reference):
        own = one_way(block, values.draws)
        for number, (metric, group) in enumerate(values.rows):
            good = own.count[number] > 0
            means = own.mean[number][good]
            if group != "all" or metric not in wanted or len(means) < FEWEST or np.ptp(means) == 0:
                continue
            shares = {name: share_by_rank(line[good], means) for name, line in varied.items()}
            rows += [(name, scenario, against, metric, share, 1 - (1 - share) ** 0.5) for name, share in shares.items()]
    if not rows:
        return no_rows(EXPLAINED)
    table = pd.DataFrame(rows, columns=list(EXPLAINED))
    largest = table.loc[table.groupby("parameter")["share"].idxmax()]
    return largest.sort_values(["share", "parameter"], ascending=[False, True], ignore_index=True)
