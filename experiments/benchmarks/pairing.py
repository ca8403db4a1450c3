"""(h) What common random numbers are worth: standard errors of contrasts, paired against independent seeds.

One ensemble gives both. Paired, the standard error of a mean difference is SD(a - b) / sqrt(n); had the two scenarios
been run under seeds of their own, it would be sqrt(SD(a)^2 + SD(b)^2) / sqrt(n), since runs of different seeds are
independent (a test simulates such runs and finds the same). With parameters=posterior a seed draws the parameters,
too, so independent seeds are independent parameter draws; replicates of one draw are averaged first. The variation
between these replicates shows how much of a difference is Monte Carlo noise. The rest depends on the parameters
themselves, and common random numbers do not remove it (`most_with_parameters`).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from package_speed import Row

from consensus_sim.forecast.variance import split
from consensus_sim.study.draws import Draws, one_way

WANTED = 3.0
"""How many times smaller the standard error of a contrast is to become."""
LEVEL, RESAMPLES = 0.90, 1999
CASES = {"chance only": ("centre", 100), "chance and parameters": ("posterior", 200)}
"""Name -> parameters, replicates of each scenario."""
CONTRASTS = (
    *((name, "council") for name in ("before", "training", "points", "quota", "parlour", "full")),
    ("points", "quota"),
)
"""The default scenarios against their reference, and two levers against each other."""

Floats = NDArray[np.float64]


def ratio(a: Floats, b: Floats, axis: int = -1) -> Any:
    """Standard error under independent seeds over the paired one; `a`, `b` share a seed along `axis`; NaN without
    chance.
    """
    alone = np.nanvar(a, axis=axis, ddof=1) + np.nanvar(b, axis=axis, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        found = np.sqrt(alone / np.nanvar(a - b, axis=axis, ddof=1))
    return np.where(np.isfinite(found), found, np.nan)


def most(a: Floats, b: Floats) -> float:
    """The largest that `ratio` can be for values that vary as `a` and `b` do: were they perfectly correlated, SD(a - b)
    would be |SD(a) - SD(b)|. Common random numbers do not remove noise that only one of the scenarios has.
    """
    first, second = float(np.std(a, ddof=1)), float(np.std(b, ddof=1))
    apart = abs(first - second)
    return float(np.hypot(first, second)) / apart if apart > 0 else float("inf")


def most_with_parameters(a: Floats, b: Floats, draws: Draws | None) -> float:
    """The largest that `ratio` of the draws' means can be for `a`, `b` (replicates,): with no chance left in their
    difference, only what depends on the parameters; NaN without repeated draws.
    """
    left = float("nan") if draws is None else split(a - b, draws, bounds=False)["parameters"]
    if left != left:
        return left
    alone = sum(float(np.var(one_way(each[None, :], draws).mean[0], ddof=1)) for each in (a, b))
    return float(np.sqrt(alone / left)) if left > 0 else float("inf")


def played(parameters: str, replicates: int, community: str, weeks: int, workers: int | None) -> Any:
    """The forecast that all contrasts of a case are read from."""
    from consensus_sim import compare

    names = list(dict.fromkeys(name for pair in reversed(CONTRASTS) for name in pair))
    return compare(
        community, names, replicates=replicates, weeks=weeks, reference="council", workers=workers,
        overrides=[f"parameters={parameters}"],
    )  # fmt: skip


def values_of(forecast: Any) -> dict[str, tuple[list[str], Floats]]:
    """Scenario -> headline metrics of all adults, and their values (metrics, replicates)."""
    table = forecast.tables["metrics"]
    table = table[table["group"] == "all"]
    found = {}
    for name, rows in table.groupby("scenario", observed=True):
        wide = rows.pivot_table(
            index="metric", columns="replicate", values="value", observed=True, dropna=False, sort=False
        )
        found[str(name)] = ([str(m) for m in wide.index], wide.to_numpy(np.float64))
    return found


def contrast_rows(
    case: str, pair: tuple[str, str], values: dict[str, tuple[list[str], Floats]], draws: Draws | None = None
) -> list[Row]:
    """One row a metric of the contrast `pair`: both standard errors and their ratio with its bootstrap interval;
    `draws`: as `Study.draws` gives them.
    """
    from scipy.stats import bootstrap

    from consensus_sim.catalogue import metric, metric_names

    (names, first), (others, second) = (values[name] for name in pair)
    rows: list[Row] = []
    for name in metric_names():
        if name not in names or name not in others:
            continue
        runs_a, runs_b = first[names.index(name)], second[others.index(name)]
        both = ~(np.isnan(runs_a) | np.isnan(runs_b))
        runs_a, runs_b, own = runs_a[both], runs_b[both], None if draws is None else draws[both]
        if len(runs_a) < 10:
            continue
        a, b = (one_way(each[None, :], own).mean[0] for each in (runs_a, runs_b))
        errors = np.array([np.std(a - b, ddof=1), np.hypot(np.std(a, ddof=1), np.std(b, ddof=1))]) / np.sqrt(len(a))
        found, low, high = float(ratio(a, b)), float("nan"), float("nan")
        if found == found:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                interval = bootstrap(
                    (a, b), ratio, paired=True, vectorized=True, n_resamples=RESAMPLES, batch=500,
                    confidence_level=LEVEL, method="percentile", rng=np.random.default_rng(1),
                ).confidence_interval  # fmt: skip
            low, high = float(interval.low), float(interval.high)
        rows.append(
            {
                "case": case, "scenario": pair[0], "reference": pair[1], "metric": name, "unit": metric(name).unit,
                "n": len(a), "paired": errors[0], "independent": errors[1], "ratio": found, "low": low, "high": high,
                "most": most(a, b), "most_with_parameters": most_with_parameters(runs_a, runs_b, own),
                "verdict": verdict(found, low, high),
            }
        )  # fmt: skip
    return rows


def verdict(found: float, low: float, high: float) -> str:
    """What the interval of a ratio says of `WANTED`; where values are too few for an interval, nothing."""
    if found != found:
        return "no chance in it"
    return "at least 3 times" if low >= WANTED else "less than 3 times" if high < WANTED else "cannot be told from 3"


def pairing_table(community: str, weeks: int, workers: int | None, cases: dict[str, tuple[str, int]]) -> list[Row]:
    """Rows of all cases, contrasts and headline metrics."""
    rows = []
    for case, (parameters, replicates) in cases.items():
        forecast = played(parameters, replicates, community, weeks, workers)
        for pair in CONTRASTS:
            rows += contrast_rows(case, pair, values_of(forecast), forecast.study.draws())
    return rows


def summarised(rows: Sequence[Row]) -> Iterator[Row]:
    """A row of the suite for each case and contrast: the median ratio over the metrics of the short tables, its range,
    and how many of them reach `WANTED`.
    """
    from consensus_sim.catalogue import contrast_metrics

    told = contrast_metrics()
    for key in dict.fromkeys((row["case"], row["scenario"], row["reference"]) for row in rows):
        own = [r for r in rows if (r["case"], r["scenario"], r["reference"]) == key and r["metric"] in told]
        own = [r for r in own if r["ratio"] == r["ratio"]]
        ratios = [r["ratio"] for r in own]
        reached = sum(r["low"] >= WANTED for r in own)
        missed = ", ".join(r["metric"] for r in own if r["high"] < WANTED)
        beyond = sum(min(r["most"], np.nan_to_num(r["most_with_parameters"], nan=np.inf)) < WANTED for r in own)
        yield {
            "benchmark": "h pairing", "what": f"{key[1]} - {key[2]}, {key[0]}", "value": float(np.median(ratios)),
            "unit": "times smaller standard error", "ratio_to": "independent seeds", "ratio": float(np.median(ratios)),
            "low": min(ratios), "high": max(ratios), "rounds": own[0]["n"],
            "note": f"median and range over {len(own)} headline metrics; {reached} surely at least 3; {beyond} cannot "
            f"reach 3, however alike the chance; below 3: {missed or 'none'}",
        }  # fmt: skip


def write_table(rows: Sequence[Row], place: Path) -> None:
    """The whole table as CSV."""
    import pandas as pd

    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_suffix(".part")
    pd.DataFrame(rows).to_csv(draft, index=False, float_format="%.4g", lineterminator="\n")
    draft.replace(place)


def pairing(
    place: Path | None,
    community: str = "case_study",
    weeks: int = 56,
    workers: int | None = None,
    cases: dict[str, tuple[str, int]] | None = None,
) -> Iterator[Row]:
    """(h) Play, write the whole table to `place` (None: nowhere), and give the suite's rows."""
    rows = pairing_table(community, weeks, workers, CASES if cases is None else cases)
    if place is not None:
        write_table(rows, place)
    yield from summarised(rows)
