"""An ensemble summarised: quantiles by scenario, and differences paired by replicate.

A metric that is undefined in a replicate (no council session was held, nobody attended) is missing there; it is
summarised over the replicates where it is defined, and `replicates` says how many they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

SUMMARY = ("scenario", "metric", "group", "unit", "mean", "sd", "q05", "q50", "q95", "replicates")
CONTRASTS = (
    "scenario", "reference", "metric", "group", "unit", "difference", "q05", "q95", "standard_error", "replicates",
)  # fmt: skip


class Values:
    """Headline values as one array.

    array: (scenarios, metrics x groups, replicates) float64, NaN where undefined
    rows: (metric, group) of the middle axis, in the order in which the replicates report them
    """

    def __init__(self, metrics: pd.DataFrame, scenarios: Sequence[str], replicates: int) -> None:
        """`metrics`: columns scenario, replicate, metric, group, value."""
        import pandas as pd

        codes, names = zip(*(pd.factorize(metrics[column]) for column in ("metric", "group")), strict=True)
        row, pairs = pd.factorize(codes[0] * len(names[1]) + codes[1])
        self.rows: list[tuple[str, str]] = [
            (str(names[0][pair // len(names[1])]), str(names[1][pair % len(names[1])])) for pair in pairs
        ]
        place = {name: number for number, name in enumerate(scenarios)}
        code, found = pd.factorize(metrics["scenario"])
        scenario = np.array([place[str(name)] for name in found], int)[code]
        self.array = np.full((len(scenarios), len(self.rows), replicates), np.nan)
        self.array[scenario, row, metrics["replicate"].to_numpy()] = metrics["value"].to_numpy(np.float64)
        self.scenarios = list(scenarios)


def statistics(values: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Of each row of `values` (rows, replicates) over its defined ones: mean, sd, q05, q50, q95, replicates.

    sd: standard deviation (n - 1), NaN for one value. Rows without any defined value are NaN, with 0 replicates.
    """
    defined = ~np.isnan(values)
    count = defined.sum(axis=1)
    found = {name: np.full(len(values), np.nan) for name in ("mean", "sd", "q05", "q50", "q95")}
    for size in np.unique(count[count > 0]).tolist():
        rows = np.flatnonzero(count == size)
        block = values[rows][defined[rows]].reshape(len(rows), size)
        found["mean"][rows] = block.mean(axis=1)
        if size > 1:
            found["sd"][rows] = np.std(block, axis=1, ddof=1)
        found["q05"][rows], found["q50"][rows], found["q95"][rows] = np.quantile(block, [0.05, 0.5, 0.95], axis=1)
    return {**found, "replicates": count}


def summarise(values: Values, unit_of: Mapping[str, str]) -> pd.DataFrame:
    """One row per scenario, metric and group that is defined in at least one replicate. Columns: `SUMMARY`."""
    import pandas as pd

    parts = [
        _table(values.rows, unit_of, statistics(block), {"scenario": name})
        for name, block in zip(values.scenarios, values.array, strict=True)
    ]
    return pd.concat(parts, ignore_index=True)[list(SUMMARY)]


def contrast(values: Values, unit_of: Mapping[str, str], reference: str) -> pd.DataFrame:
    """Scenario minus `reference`, paired by replicate (common random numbers). Columns: `CONTRASTS`.

    difference: mean of the paired differences; q05, q95: their quantiles
    standard_error: of the mean difference, NaN for one pair
    replicates: pairs in which both are defined
    """
    import pandas as pd

    base = values.array[values.scenarios.index(reference)]
    parts = []
    for name, block in zip(values.scenarios, values.array, strict=True):
        if name != reference:
            part = _table(values.rows, unit_of, statistics(block - base), {"scenario": name, "reference": reference})
            part["difference"] = part["mean"]
            part["standard_error"] = part["sd"] / np.sqrt(part["replicates"])
            parts.append(part[list(CONTRASTS)])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(CONTRASTS))


def _table(
    rows: Sequence[tuple[str, str]],
    unit_of: Mapping[str, str],
    found: Mapping[str, NDArray[np.float64]],
    named: Mapping[str, str],
) -> pd.DataFrame:
    """One row for each of `rows` (metric, group) that is defined, with its statistics."""
    import pandas as pd

    head = pd.DataFrame(
        {
            **{name: [text] * len(rows) for name, text in named.items()},
            "metric": [metric for metric, _ in rows],
            "group": [group for _, group in rows],
            "unit": [unit_of[metric] for metric, _ in rows],
        }
    )
    return head.assign(**found)[found["replicates"] > 0]
