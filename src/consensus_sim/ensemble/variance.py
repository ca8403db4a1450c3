"""How much of a forecast's variance comes from parameters and how much from chance.

Replicates 2k and 2k + 1 of a study play set k of the parameters under different chance, so a one-way random-effects
analysis of variance on these pairs splits the variance (Searle, Casella & McCulloch 1992, ch. 3).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.ensemble.effects import mean_squares
from consensus_sim.ensemble.summary import Values, no_rows

if TYPE_CHECKING:
    import pandas as pd

VARIANCE = (
    "scenario", "reference", "metric", "group", "unit", "parameters", "chance", "share_parameters", "low", "high",
    "unidentified", "unidentified_low", "unidentified_high", "sets", "note",
)  # fmt: skip
DRIVERS = (
    "scenario", "reference", "metric", "group", "parameter", "identified", "sd_ratio", "rank_correlation", "p", "sets",
)  # fmt: skip
FEW, ENOUGH = 15, 40
"""Sets below which the split is told as rough, and from which single parameters are named: with fewer, the largest of
some 140 rank correlations of pure noise is above 0.5."""
MOST_NAMED = 3
RESAMPLES = 499
LEVEL = 0.05
"""Chance, over all parameters together, of naming one that has no influence."""
NAN = float("nan")


def split(runs: NDArray[np.float64], bounds: bool = True) -> dict[str, Any]:
    """The variance of `runs` (sets, k) split in two; k >= 2 runs of a set under different chance.

    parameters, chance: variance components, the first clipped at 0; share_parameters: of their sum; low, high: its 90 %
    interval from the F distribution (exact for normal components; left out without `bounds`); sets: those of which all
    runs are defined
    """
    from scipy.special import fdtri

    runs = runs[~np.isnan(runs).any(axis=1)]
    sets, k = runs.shape
    if sets < 2:
        return {"parameters": NAN, "chance": NAN, "share_parameters": NAN, "low": NAN, "high": NAN, "sets": sets}
    between, within = (float(each) for each in mean_squares(runs))
    parameters = max(0.0, (between - within) / k)
    total = parameters + within
    found = {"parameters": parameters, "chance": within, "share_parameters": parameters / total if total else NAN}
    if not within or not bounds:
        return {**found, "low": NAN, "high": NAN, "sets": sets}
    ratio = between / within
    edges = [ratio / float(fdtri(sets - 1, sets * (k - 1), q)) for q in (0.95, 0.05)]
    low, high = (min(1.0, max(0.0, (edge - 1) / (edge + k - 1))) for edge in edges)
    return {**found, "low": low, "high": high, "sets": sets}


def unidentified(pairs: NDArray[np.float64], narrowed: NDArray[np.float64]) -> tuple[float, float, float]:
    """Share of the variance from parameters in `pairs` (sets, 2) that those which the data narrow do not explain, and
    its 90 % interval by bootstrap over sets; NaN with fewer than `ENOUGH` sets or where parameters make no variance.

    narrowed: (sets, k) values of the parameters that the data narrow. The rest is one minus what a linear regression
    of the pairs' means on these explains (adjusted for their number), over the component `parameters` of `split`; what
    a parameter does only together with unidentified ones counts as theirs.
    """
    from scipy.stats import DegenerateDataWarning, bootstrap

    good = ~np.isnan(pairs).any(axis=1)
    pairs, design = pairs[good], np.column_stack([np.ones(int(good.sum())), narrowed[good]])

    def share(rows: NDArray[np.int64]) -> float:
        own, x = pairs[rows], design[rows]
        component = split(own, bounds=False)["parameters"]
        means = own.mean(axis=1)
        left = means - x @ np.linalg.lstsq(x, means, rcond=None)[0]
        explained = float(np.var(means, ddof=1) - left @ left / (len(rows) - x.shape[1]))
        return min(1.0, max(0.0, 1.0 - explained / component)) if component > 0 else NAN

    if len(pairs) < ENOUGH:
        return NAN, NAN, NAN
    rows = np.arange(len(pairs))
    found = share(rows)
    if found != found:
        return NAN, NAN, NAN
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateDataWarning)  # draws without variance from parameters have no share
        drawn = bootstrap(
            (rows,), share, vectorized=False, n_resamples=RESAMPLES, method="percentile", rng=np.random.default_rng(1)
        ).bootstrap_distribution
    low, high = np.nanquantile(drawn, (0.05, 0.95)).tolist()
    return found, low, high


def _blocks(values: Values, reference: str) -> list[tuple[str, str, NDArray[np.float64]]]:
    """(scenario, reference or "", metrics x replicates): levels, then differences to the reference."""
    base = values.array[values.scenarios.index(reference)]
    named = list(zip(values.scenarios, values.array, strict=True))
    levels = [(name, "", block) for name, block in named]
    return levels + [(name, reference, block - base) for name, block in named if name != reference]


def variance_table(
    values: Values,
    unit_of: Mapping[str, str],
    reference: str,
    narrowed: NDArray[np.float64] | None = None,
    wanted: Sequence[str] = (),
) -> pd.DataFrame:
    """One row per scenario, metric and group, of levels (reference "") and of differences. Columns: `VARIANCE`.

    narrowed: (sets, k) values of the parameters that the data narrow (None: none are known); of the metrics `wanted`
    (group all) it is told how much comes from all others (`unidentified`), where parameters surely make variance.
    """
    import pandas as pd

    rows = []
    for scenario, against, block in _blocks(values, reference):
        even = block.shape[1] // 2 * 2
        for number, (metric, group) in enumerate(values.rows):
            found = split(block[number, :even].reshape(-1, 2))
            if found["sets"]:
                note = "too few sets" if found["sets"] < 2 else "few sets: rough" if found["sets"] < FEW else ""
                head = {"scenario": scenario, "reference": against, "metric": metric, "group": group}
                left = (NAN, NAN, NAN)
                if narrowed is not None and group == "all" and metric in wanted and found["low"] > 0:
                    left = unidentified(block[number, :even].reshape(-1, 2), narrowed)
                others = dict(zip(("unidentified", "unidentified_low", "unidentified_high"), left, strict=True))
                rows.append({**head, "unit": unit_of[metric], **found, **others, "note": note})
    return pd.DataFrame(rows, columns=list(VARIANCE)) if rows else no_rows(VARIANCE)


def drivers_table(
    values: Values,
    reference: str,
    drawn: Mapping[str, NDArray[np.float64]],
    identified: Mapping[str, str],
    wanted: Sequence[str],
    ratios: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """The parameters that the variance of `wanted` metrics (group all) comes from. Columns: `DRIVERS`.

    drawn: parameter -> value in each set; identified: parameter -> what the case study can say of it;
    ratios: parameter -> posterior over prior standard deviation (None: all 1)
    Spearman rank correlation of a parameter with the mean of each pair; at most `MOST_NAMED` a metric, and only those
    that stand out after Bonferroni. No rows with fewer than `ENOUGH` sets.
    """
    import pandas as pd
    from scipy.stats import spearmanr

    rows: list[dict[str, Any]] = []
    varied = {name: line for name, line in drawn.items() if np.ptp(line) > 0}
    for scenario, against, block in _blocks(values, reference):
        even = block.shape[1] // 2 * 2
        for number, (metric, group) in enumerate(values.rows):
            if metric not in wanted or group != "all":
                continue
            means = block[number, :even].reshape(-1, 2).mean(axis=1)
            good = ~np.isnan(means)
            if good.sum() < ENOUGH or np.ptp(means[good]) == 0:
                continue
            found = []
            for name, line in varied.items():
                test = spearmanr(line[good], means[good])
                found.append((float(test.pvalue), name, float(test.statistic)))
            for p, name, correlation in sorted(found)[:MOST_NAMED]:
                if p * len(varied) <= LEVEL:
                    head = {"scenario": scenario, "reference": against, "metric": metric, "group": group}
                    rows.append(
                        {**head, "parameter": name, "identified": identified[name],
                         "sd_ratio": (ratios or {}).get(name, 1.0), "rank_correlation": correlation,
                         "p": p, "sets": int(good.sum())}
                    )  # fmt: skip
    return pd.DataFrame(rows, columns=list(DRIVERS)) if rows else no_rows(DRIVERS)
