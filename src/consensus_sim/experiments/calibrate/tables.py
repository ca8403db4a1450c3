"""Tables of a calibration: identifiability of each parameter, recovery of known truths, and the predictive check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.experiments.calibrate.emulator import Posterior, weighted_quantile
from consensus_sim.experiments.targets import MOST, Target
from consensus_sim.study.posterior import SILENT, WEAK

if TYPE_CHECKING:
    import pandas as pd

    from consensus_sim.parameters import Parameter

Matrix = NDArray[np.float64]
RIDGE = 0.3
"""Correlation in the posterior from which two parameters are named as a ridge; judgement."""
BINS = 10
ERROR_STEPS = 99
"""Quantiles over which an observation error is spread."""


def identification(parameters: Sequence[Parameter], posterior: Posterior) -> pd.DataFrame:
    """One row per calibrated parameter: prior, posterior, its contraction, and correlated parameters."""
    import pandas as pd

    weights, quantiles = posterior.weights, posterior.quantiles
    mean = weights @ quantiles
    centred = quantiles - mean
    sd = np.sqrt(weights @ centred**2)
    correlation = (centred.T * weights) @ centred / np.outer(sd, sd)
    rows = []
    for number, p in enumerate(parameters):
        values = p.at(quantiles[:, number])
        low, middle, high = weighted_quantile(values, weights, [0.05, 0.5, 0.95])
        ratio = float(sd[number] * np.sqrt(12))
        ridges = [
            f"{q.name.removeprefix('behaviour.')} ({correlation[number, other]:+.2f})"
            for other, q in enumerate(parameters)
            if other != number and abs(correlation[number, other]) >= RIDGE
        ]
        if ratio >= SILENT:
            words = "the data say nothing about it" if not ridges else "the data say nothing about it alone"
        elif ratio >= WEAK:
            words = "the data say little about it"
        else:
            words = "the data narrow it"
        rows.append(
            {
                "parameter": p.name.removeprefix("behaviour."), "source": p.source, "unit": p.unit, "centre": p.value,
                "prior_q05": p.at(0.05), "prior_q95": p.at(0.95), "q05": low, "q50": middle, "q95": high,
                "sd_ratio": ratio, "ridges": "; ".join(ridges), "verdict": words,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def recovery_table(parameters: Sequence[Parameter], ranks: Matrix, spread: Matrix, joint: Matrix) -> pd.DataFrame:
    """One row per calibrated parameter, one of all, and one of all jointly: coverage of 50 % and 90 % intervals, and
    whether ranks are uniform.

    ranks, spread: (truths, parameters); joint: (truths,); see `emulator.Recovered`
    coverage90_low, coverage90_high: 95 % interval of the share, truths independent (of all: over truths, parameters of
    one belong together)
    chi_square, p: of the ranks in `BINS` equal bins (Talts et al. 2018); of all: the smallest p after Bonferroni
    sd_ratio: mean over truths of posterior to prior standard deviation
    """
    import pandas as pd

    rows = [
        {"parameter": p.name.removeprefix("behaviour."), **_uniform(ranks[:, [number]]),
         "sd_ratio": float(spread[:, number].mean())}
        for number, p in enumerate(parameters)
    ]  # fmt: skip
    smallest = min(1.0, min(float(row["p"]) for row in rows) * len(rows))
    whole = {**_uniform(ranks), "sd_ratio": float(spread.mean()), "chi_square": float("nan"), "p": smallest}
    rows += [{"parameter": "all", **whole}, {"parameter": "joint", **_uniform(joint[:, None])}]
    order = ["parameter", "truths", "coverage50", "coverage90", "coverage90_low", "coverage90_high", "sd_ratio"]
    return pd.DataFrame(rows, columns=[*order, "chi_square", "p", "ranks"])


def _uniform(ranks: Matrix) -> dict[str, Any]:
    """Coverage of the central intervals and uniformity of `ranks` (truths, parameters)."""
    from scipy.stats import beta, chisquare, t

    inside = ((ranks > 0.05) & (ranks < 0.95)).mean(axis=1)
    share, n = float(inside.mean()), len(ranks)
    if ranks.shape[1] == 1:  # Clopper and Pearson
        held = round(share * n)
        low = float(beta.ppf(0.025, held, n - held + 1)) if held else 0.0
        high = float(beta.ppf(0.975, held + 1, n - held)) if held < n else 1.0
    else:
        half = float(t.ppf(0.975, n - 1) * inside.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")
        low, high = share - half, min(1.0, share + half)
    counts = np.histogram(ranks, BINS, (0, 1))[0]
    test = chisquare(counts)
    return {
        "truths": n, "coverage50": float(((ranks > 0.25) & (ranks < 0.75)).mean()), "coverage90": share,
        "coverage90_low": low, "coverage90_high": high, "chi_square": float(test.statistic), "p": float(test.pvalue),
        "ranks": " ".join(map(str, counts)),
    }  # fmt: skip


def joint_table(targets: Sequence[Target], runs: Mapping[str, Matrix]) -> pd.DataFrame:
    """One row a distribution (prior, posterior): how far the reported figures lie from its middle, all together.

    runs: name -> (runs, targets) on the targets' scales; each run is spread by the targets' errors, as a report is
    distance: Mahalanobis distance of the reported figures' normal scores from the runs' mean; `further`: share of runs
    that lie at least as far (a p-value: small where the figures do not go together with what is predicted); of the runs
    that define every figure
    """
    import pandas as pd
    from scipy.stats import norm

    rows = []
    observed = np.array([float(target.scaled(target.value)) for target in targets])
    errors = np.array([target.error for target in targets])
    for name, values in runs.items():
        known = values[~np.isnan(values).any(axis=1)]
        if len(known) <= 2 * len(targets):
            continue
        blurred = known + np.random.default_rng(0).standard_normal(known.shape) * errors
        together = np.vstack((blurred, observed))
        ranked = together.argsort(axis=0, kind="stable").argsort(axis=0)
        scores = norm.ppf((ranked + 0.5) / len(together))
        off = scores[:-1] - scores[:-1].mean(axis=0)
        inverse = np.linalg.pinv(np.cov(off.T))
        here = scores[-1] - scores[:-1].mean(axis=0)
        distances, own = np.einsum("ij,jk,ik->i", off, inverse, off), float(here @ inverse @ here)
        rows.append(
            {
                "distribution": name, "figures": len(targets), "runs": len(known), "distance": own**0.5,
                "further": float((distances >= own).mean()),
            }
        )  # fmt: skip
    return pd.DataFrame(rows, columns=["distribution", "figures", "runs", "distance", "further"])


def predictive_table(
    targets: Sequence[Target],
    prior: dict[str, Matrix],
    posterior: dict[str, Matrix],
) -> pd.DataFrame:
    """One row per target: 90 % predictive intervals of prior and posterior, and whether they hold what was observed.

    prior_q05 ... posterior_q95 are of the quantity itself (chance and parameters); observed_q05, observed_q95 of what
    would be reported of it, with the target's observation error, by the same error model that the inference uses
    (rounded, self-reported figures, G10). `held` judges the latter, `held_without_error` the former. For signs: the
    share of runs in which they hold.
    """
    import pandas as pd

    rows = []
    for target in targets:
        if target.statistic not in posterior:
            continue
        row: dict[str, Any] = {
            "target": target.name, "source": target.source, "use": target.use, "unit": target.unit,
            "value": target.value, "low": target.low, "high": target.high,
        }  # fmt: skip
        for name, runs in (("prior", prior), ("posterior", posterior)):
            values = runs.get(target.statistic, np.full(1, np.nan))
            values = values[~np.isnan(values)]
            three = np.quantile(values, [0.05, 0.5, 0.95]) if len(values) else np.full(3, np.nan)
            row |= {f"{name}_{q}": float(v) for q, v in zip(("q05", "q50", "q95"), three, strict=True)}
            row[f"{name}_mean"] = float(values.mean()) if len(values) else float("nan")
            inside = [target.inside(v) for v in values.tolist()]
            row[f"{name}_share"] = float(np.mean(inside)) if inside else float("nan")
            row[f"{name}_runs"] = len(values)
        reported = with_error(target, posterior[target.statistic])
        row |= {"observed_q05": float(reported[0]), "observed_q95": float(reported[1])}
        rows.append({**row, **_verdict(target, row)})
    return pd.DataFrame(rows)


def with_error(target: Target, values: Matrix) -> Matrix:
    """5 % and 95 % quantiles of what would be reported where the quantity is `values` (runs,): each value spread over
    the quantiles of the target's normal error, and none beyond the range of the figure.
    """
    from scipy.stats import norm

    known = target.scaled(values[~np.isnan(values)])
    if target.use == "sign" or not len(known):
        return np.full(2, np.nan)
    spread = norm.ppf((np.arange(ERROR_STEPS) + 0.5) / ERROR_STEPS)
    found: Matrix = np.quantile(known[:, None] + target.error * spread, (0.05, 0.95))
    return np.clip(np.exp(found) if target.scale == "log" else found, *target.range)


def _verdict(target: Target, row: dict[str, Any]) -> dict[str, Any]:
    """Whether the observed value is held, the interval narrowed, and both in words."""
    if target.use == "sign":
        share = row["posterior_share"]
        holds = share >= MOST
        return {
            "held": holds,
            "held_without_error": None,
            "narrower": None,
            "verdict": f"sign holds in {share:.0%} of runs",
        }
    held = bool(row["observed_q05"] <= target.value <= row["observed_q95"])
    exact = bool(row["posterior_q05"] <= target.value <= row["posterior_q95"])
    narrower = bool(row["posterior_q95"] - row["posterior_q05"] < row["prior_q95"] - row["prior_q05"])
    side = "above" if target.value > row["posterior_q95"] else "below"
    words = "inside the 90 % interval" if held else f"observed value {side} the 90 % interval"
    words += "" if exact or not held else f", by the observation error alone: {side} that of the quantity itself"
    words += "" if target.low <= row["posterior_mean"] <= target.high else "; mean of runs outside the accepted band"
    return {"held": held, "held_without_error": exact, "narrower": narrower, "verdict": words}
