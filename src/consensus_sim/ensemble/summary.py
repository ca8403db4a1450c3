"""An ensemble summarised: quantiles by scenario, and differences paired by replicate.

A metric that is undefined in a replicate (no council session was held, nobody attended) is missing there; it is
summarised over the replicates where it is defined, and `replicates` says how many they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

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
        place = {name: number for number, name in enumerate(scenarios)}
        pairs = list(zip(metrics["metric"].astype(str), metrics["group"].astype(str), strict=True))
        self.rows: list[tuple[str, str]] = list(dict.fromkeys(pairs))
        order = {pair: number for number, pair in enumerate(self.rows)}
        row = np.array([order[pair] for pair in pairs], int)
        scenario = np.array([place[name] for name in metrics["scenario"].astype(str)], int)
        self.array = np.full((len(scenarios), len(self.rows), replicates), np.nan)
        self.array[scenario, row, metrics["replicate"].to_numpy()] = metrics["value"].to_numpy(np.float64)
        self.scenarios = list(scenarios)


def _statistics(values: NDArray[np.float64]) -> dict[str, float]:
    """Mean, standard deviation (n - 1; NaN for one value) and quantiles of the defined ones of `values`."""
    defined = values[~np.isnan(values)]
    q05, q50, q95 = np.quantile(defined, [0.05, 0.5, 0.95])
    spread = float(np.std(defined, ddof=1)) if len(defined) > 1 else float("nan")
    return {
        "mean": float(defined.mean()),
        "sd": spread,
        "q05": q05,
        "q50": q50,
        "q95": q95,
        "replicates": len(defined),
    }


def summarise(values: Values, unit_of: dict[str, str]) -> pd.DataFrame:
    """One row per scenario, metric and group that is defined in at least one replicate. Columns: `SUMMARY`."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for name, block in zip(values.scenarios, values.array, strict=True):
        for (metric, group), line in zip(values.rows, block, strict=True):
            if not np.isnan(line).all():
                rows.append(
                    {
                        "scenario": name,
                        "metric": metric,
                        "group": group,
                        "unit": unit_of[metric],
                        **_statistics(line),
                    }
                )
    return pd.DataFrame(rows, columns=list(SUMMARY))


def contrast(values: Values, unit_of: dict[str, str], reference: str) -> pd.DataFrame:
    """Scenario minus `reference`, paired by replicate (common random numbers). Columns: `CONTRASTS`.

    difference: mean of the paired differences; q05, q95: their quantiles
    standard_error: of the mean difference, NaN for one pair
    replicates: pairs in which both are defined
    """
    import pandas as pd

    base = values.array[values.scenarios.index(reference)]
    rows: list[dict[str, Any]] = []
    for name, block in zip(values.scenarios, values.array, strict=True):
        if name == reference:
            continue
        for (metric, group), line in zip(values.rows, block - base, strict=True):
            if np.isnan(line).all():
                continue
            found = _statistics(line)
            rows.append(
                {
                    "scenario": name, "reference": reference, "metric": metric, "group": group, "unit": unit_of[metric],
                    "difference": found["mean"], "q05": found["q05"], "q95": found["q95"],
                    "standard_error": found["sd"] / np.sqrt(found["replicates"]), "replicates": found["replicates"],
                }
            )  # fmt: skip
    return pd.DataFrame(rows, columns=list(CONTRASTS))
