"""Variance of a forecast split into parameters and Monte Carlo noise.

Every tenth replicate of a study repeats the parameter draw of the one before it with other random numbers, so a one-way
random-effects analysis of variance over draws splits the variance (Searle, Casella & McCulloch 1992, ch. 3): between
draws it takes all replicates, within them the repeated ones.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.forecast.summary import Values, no_rows
from consensus_sim.study.draws import Draws, OneWay, one_way

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
"""Repeated draws below which the split is noted as rough, and draws from which single parameters are named: with fewer,
the largest of some 140 rank correlations of pure noise exceeds 0.5."""
MOST_NAMED = 3
RESAMPLES = 499
LEVEL = 0.05
"""Probability, over all parameters together, of naming one without influence."""
NAN = float("nan")
MOST_SHARE = 1 - 1e-12
"""Above this a share of the variance counts as all of it."""


def split(values: NDArray[np.float64], draws: Draws, bounds: bool = True) -> dict[str, Any]:
    """Returns the variance of `values` (replicates,) split in two; replicates of one draw differ by noise alone.

    parameters, chance: variance components, the first clipped at 0; share_parameters: of their sum; low, high: its 90 %
    interval from the F distribution (Wald 1947, Ann. Math. Stat. 18; exact for normal components; left out without
    `bounds`); sets, repeated: draws in which the values are defined, and replicates beyond one a draw. NaN without any
    of these.
    """
    own = one_way(values[None, :], draws)
    parameters, chance = _components(own)
    total = parameters + chance
    sets = int((own.count > 0).sum())
    found = {
        "parameters": parameters, "chance": chance, "share_parameters": parameters / total if total else NAN,
        "low": NAN, "high": NAN, "sets": sets, "repeated": int(own.count.sum()) - sets,
    }  # fmt: skip
    if bounds and chance > 0:
        found["low"], found["high"] = _bounds(own, chance)
    return found


def _components(own: OneWay) -> tuple[float, float]:
    """Variance from parameters, clipped at 0, and from Monte Carlo noise, of one row of values by draw."""
    between, within, size = own.mean_squares()
    parameters = (between[0] - within[0]) / size[0]
    return float(np.fmax(parameters, 0.0)) if parameters == parameters else NAN, float(within[0])


def _bounds(own: OneWay, chance: float) -> tuple[float, float]:
    """The 90 % interval of the share of parameters: shares at which the mean square between draws, each weighed by the
    inverse of the variance that its mean then has, is to that within as the F distribution's quantiles say.
    """
    from scipy.optimize import brentq
    from scipy.special import fdtri

    count, mean = own.count[own.count > 0], own.mean[own.count > 0]

    def ratio(share: float) -> float:
        weights = count * (1 - share) / (1 - share + count * share)
        apart = mean - weights @ mean / weights.sum()
        return float(weights @ apart**2) / (len(mean) - 1) / chance

    edges = []
    for quantile in (0.95, 0.05):
        wanted = float(fdtri(len(mean) - 1, count.sum() - len(mean), quantile))
        if ratio(0.0) <= wanted:
            edges.append(0.0)
        elif ratio(MOST_SHARE) >= wanted:
            edges.append(1.0)
        else:
            edges.append(float(brentq(lambda share, at=wanted: ratio(share) - at, 0.0, MOST_SHARE)))
    return edges[0], edges[1]


def unidentified(
    values: NDArray[np.float64], draws: Draws, narrowed: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Share of the variance from parameters in `values` (replicates,) that those which the data narrow do not explain,
    and its 90 % interval by bootstrap over draws; NaN with fewer than `ENOUGH` draws or `FEW` repeated ones, or where
    parameters make no variance.

    narrowed: (draws, k) values of the parameters that the data narrow, by ascending draw. The rest is one minus what a
    linear regression of the draws' means on these explains (adjusted for their number), over the component `parameters`
    of `split`; what a parameter does only together with unidentified ones counts as theirs.
    """
    from scipy.stats import DegenerateDataWarning, bootstrap

    own = one_way(values[None, :], draws)
    good = own.count[0] > 0
    own, design = own.of(good), np.column_stack([np.ones(int(good.sum())), narrowed[good]])

    def share(rows: NDArray[np.int64]) -> float:
        x, drawn = design[rows], own.of(rows)
        component, means = _components(drawn)[0], drawn.mean[0]
        left = means - x @ np.linalg.lstsq(x, means, rcond=None)[0]
        explained = float(np.var(means, ddof=1) - left @ left / (len(rows) - x.shape[1]))
        return min(1.0, max(0.0, 1.0 - explained / component)) if component > 0 else NAN

    if len(design) < ENOUGH or (own.count > 1).sum() < FEW:
        return NAN, NAN, NAN
    rows = np.arange(len(design))
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


def blocks(values: Values, reference: str) -> list[tuple[str, str, NDArray[np.float64]]]:
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
    """Returns one row per scenario, metric and group, of levels (reference "") and differences. Columns: `VARIANCE`.

    narrowed: (draws, k) values of the parameters that the data narrow (None: none are known). `unidentified` is the
    share of the variance from parameters that comes from all others; it is given for the metrics `wanted` (group all)
    whose variance from parameters is distinguishable from zero. No rows where `values` have no parameter draws.
    """
    import pandas as pd

    rows, draws = [], values.draws
    if draws is None:
        return no_rows(VARIANCE)
    for scenario, against, block in blocks(values, reference):
        for number, (metric, group) in enumerate(values.rows):
            found = split(block[number], draws)
            repeated = found.pop("repeated")
            if found["sets"]:
                note = "" if repeated >= FEW else "few repeated draws: rough" if repeated else "no repeated draws"
                head = {"scenario": scenario, "reference": against, "metric": metric, "group": group}
                left = (NAN, NAN, NAN)
                if narrowed is not None and group == "all" and metric in wanted and found["low"] > 0:
                    left = unidentified(block[number], draws, narrowed)
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
    """Returns the parameters that drive the variance of `wanted` metrics (group all). Columns: `DRIVERS`.

    drawn: parameter -> value in each draw, by ascending draw; identified: parameter -> what the case can say of it;
    ratios: parameter -> posterior over prior standard deviation (None: all 1)
    Spearman rank correlation of a parameter with the mean of each draw; at most `MOST_NAMED` a metric, and only those
    that stand out after Bonferroni. No rows with fewer than `ENOUGH` draws.
    """
    import pandas as pd
    from scipy.stats import spearmanr

    rows: list[dict[str, Any]] = []
    varied = {name: line for name, line in drawn.items() if np.ptp(line) > 0}
    for scenario, against, block in blocks(values, reference):
        own = one_way(block, values.draws)
        for number, (metric, group) in enumerate(values.rows):
            if metric not in wanted or group != "all":
                continue
            means, good = own.mean[number], own.count[number] > 0
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
