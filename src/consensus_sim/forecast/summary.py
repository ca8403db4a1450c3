"""An ensemble summarised: quantiles by scenario, and differences paired by replicate.

A metric that is undefined in a replicate (no council session was held, nobody attended) is missing there; it is
summarised over the replicates where it is defined, and `replicates` says how many they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.catalogue import range_of
from consensus_sim.forecast.adjusted import adjusted_mean, scores_of
from consensus_sim.forecast.effects import mean_effect, signs
from consensus_sim.study.draws import Draws, by_draw, one_way

if TYPE_CHECKING:
    import pandas as pd

    from consensus_sim.study.posterior import ParameterSets

SUMMARY = ("scenario", "metric", "group", "unit", "mean", "sd", "q05", "q50", "q95", "standard_error", "replicates")
ADJUSTED = ("mean_adjusted", "error_adjusted")
"""Columns that follow where the parameter draws have scores: the mean without the luck of the draws, and its error."""
CONTRASTS = (
    "scenario", "reference", "metric", "group", "unit", "difference", "q05", "q95", "standard_error", "same_way",
    "mean_q05", "mean_q95", "p_mean_up", "p_mean_down", "p_up", "p_down", "least_difference", "replicates", "sets",
)  # fmt: skip

TEXTS = {"scenario", "reference", "metric", "group", "unit", "note", "parameter", "identified"}
COUNTS = {"replicates", "sets"}


def no_rows(columns: Iterable[str]) -> pd.DataFrame:
    """Returns a frame of `columns` without rows; each column has the type that it has with rows."""
    import pandas as pd

    kinds = {name: "str" if name in TEXTS else "int64" if name in COUNTS else "float64" for name in columns}
    return pd.DataFrame(columns=list(kinds)).astype(kinds)


class Values:
    """Headline values as one array.

    array: (scenarios, metrics x groups, replicates) float64, NaN where undefined
    rows: (metric, group) of the middle axis, in the order in which the replicates report them
    draws: the parameter draw of each replicate; those that share one are one cluster (None: parameters are not drawn)
    """

    def __init__(
        self, metrics: pd.DataFrame, scenarios: Sequence[str], replicates: int, draws: Draws | None = None
    ) -> None:
        """`metrics`: columns scenario, replicate, metric, group, value; `draws`: as `Study.draws`."""
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
        self.draws = draws


def standard_error(values: NDArray[np.float64], draws: Draws | None = None) -> NDArray[np.float64]:
    """Monte Carlo standard error of the mean of each row of `values` (rows, replicates) over its defined ones: (rows,).

    draws: the parameter draw of each replicate (None: each stands for itself). Replicates of different draws are
    independent, those of one are not, so draws are the clusters over which the error is computed: the linearised error
    of a ratio of totals (Liang & Zeger 1986, with the factor G / (G - 1) for G clusters). It is sd / sqrt(n) where
    clusters hold one replicate, and the standard error of the mean of the clusters' means where each holds the same
    number. NaN with fewer than two clusters.
    """
    own = one_way(values, draws)
    count, clusters = own.count.sum(axis=1), (own.count > 0).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (own.count * own.mean).sum(axis=1) / count
        residuals = own.count * (own.mean - mean[:, None])
        error = np.sqrt((residuals**2).sum(axis=1) * clusters / (clusters - 1)) / count
    return np.where(clusters > 1, error, np.nan)


def count_clusters(defined: NDArray[np.bool_], draws: Draws | None) -> NDArray[np.int64]:
    """Returns the number of draws with any `defined` value, (rows, replicates) -> (rows,)."""
    found: NDArray[np.int64] = (by_draw(defined.astype(np.int64), draws) > 0).sum(axis=1)
    return found


def statistics(values: NDArray[np.float64], draws: Draws | None = None) -> dict[str, NDArray[Any]]:
    """Of each row of `values` (rows, replicates) over its defined ones: mean, sd, q05, q50, q95, standard_error,
    replicates.

    sd: standard deviation (n - 1), NaN for one value; standard_error: as the function, with `draws`
    Rows without any defined value are NaN, with 0 replicates.
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
    return {**found, "standard_error": standard_error(values, draws), "replicates": count}


def same_way(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the share of defined values with the sign of their mean, (rows, replicates) -> (rows,).

    1 where the mean and all values are zero; NaN without any defined value.
    """
    defined = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        mean = np.where(defined, values, 0.0).sum(axis=1)
        alike = (np.sign(values) == np.sign(mean)[:, None]) & defined
        share: NDArray[np.float64] = alike.sum(axis=1) / defined.sum(axis=1)
    return share


def summarise(values: Values, unit_of: Mapping[str, str], sets: ParameterSets | None = None) -> pd.DataFrame:
    """Returns one row per scenario, metric and group that is defined in at least one replicate. Columns: `SUMMARY`.

    sets: parameter draws whose scores adjust the means (None: nothing is adjusted); then also columns `ADJUSTED`, with
    mean and standard_error themselves where a mean cannot be adjusted (`adjusted.adjusted_mean`)
    """
    import pandas as pd

    scores = None if sets is None or sets.scores is None else scores_of(sets.scores, values.rows)
    parts = []
    for name, block in zip(values.scenarios, values.array, strict=True):
        found = statistics(block, values.draws)
        if sets is not None and scores is not None and values.draws is not None:
            mean, error = adjusted_mean(block, values.draws, scores, sets.weights)
            plain = np.isnan(mean)
            found["mean_adjusted"] = np.where(plain, found["mean"], mean)
            found["error_adjusted"] = np.where(plain, found["standard_error"], error)
        parts.append(_table(values.rows, unit_of, found, {"scenario": name}))
    columns = [*SUMMARY, *(ADJUSTED if scores is not None else ())]
    return pd.concat(parts, ignore_index=True)[columns]


def contrast(
    values: Values, unit_of: Mapping[str, str], reference: str, least: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """Returns scenario minus `reference`, paired by replicate (common random numbers). Columns: `CONTRASTS`.

    least: metric -> least difference worth reporting, in its unit (None: unknown)

    difference: mean of the paired differences
    q05, q95: their quantiles, the prediction interval of the difference in one community; p_up, p_down: shares of them
    above and below 0
    standard_error: of the mean difference (Monte Carlo, over clusters), NaN for a single one
    same_way: share of the paired differences that have the sign of their mean; those of zero have none
    mean_q05, mean_q95: 90 % interval of the mean effect, on average over communities like this: parameters are
    uncertain, noise is averaged out; p_mean_up, p_mean_down: probability that the mean effect is above and below 0
    (both 0 where all differences are exactly 0). Method: `effects.mean_effect`, cut off at the greatest difference that
    the metric's range allows; NaN with fewer than two clusters
    least_difference: of the metric in `least`, else NaN
    replicates: pairs in which both are defined; sets: parameter draws that these belong to, which are independent
    """
    import pandas as pd

    base = values.array[values.scenarios.index(reference)]
    widest = np.array([np.subtract(*range_of(unit_of[metric])[::-1]) for metric, _ in values.rows])
    parts = []
    for name, block in zip(values.scenarios, values.array, strict=True):
        if name != reference:
            paired = block - base
            found = statistics(paired, values.draws)
            found["same_way"] = same_way(paired)
            found |= mean_effect(paired, values.draws, found["standard_error"]) | signs(paired)
            for edge in ("mean_q05", "mean_q95"):
                found[edge] = np.clip(found[edge], -widest, widest)
            found["least_difference"] = np.array([(least or {}).get(metric, np.nan) for metric, _ in values.rows])
            found["sets"] = count_clusters(~np.isnan(paired), values.draws)
            part = _table(values.rows, unit_of, found, {"scenario": name, "reference": reference})
            part["difference"] = part["mean"]
            parts.append(part[list(CONTRASTS)])
    return pd.concat(parts, ignore_index=True) if parts else no_rows(CONTRASTS)


def _table(
    rows: Sequence[tuple[str, str]],
    unit_of: Mapping[str, str],
    found: Mapping[str, NDArray[np.float64]],
    named: Mapping[str, str],
) -> pd.DataFrame:
    """Returns one row for each of `rows` (metric, group) that is defined, with its statistics."""
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
