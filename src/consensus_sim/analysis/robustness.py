"""Structural alternatives, one at a time: whether the ranking of scenarios survives them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from pydantic import ConfigDict, Field

from consensus_sim.forecast.summary import count_clusters, standard_error
from consensus_sim.settings import STRICT, Label, Metrics, Text, read
from consensus_sim.study.draws import Draws

if TYPE_CHECKING:
    import pandas as pd

BASE = "base"
NAN = float("nan")
RESAMPLES = 999
LEVEL = 0.95
"""Of the interval (Student's t, with one degree of freedom less than parameter draws) of a paired difference that has
to leave out 0 where one scenario is told from another."""


@dataclass(frozen=True)
class Alternative:
    """A structure: its name, words by language, and settings as on the command line."""

    name: str
    label: Mapping[str, str]
    settings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AlternativeSettings:
    """An alternative as written: words by language, and settings as on the command line."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    label: Label
    settings: Annotated[tuple[Text, ...], Field(min_length=1, json_schema_extra={"allowed": "a_list_of_changes"})]


@dataclass(frozen=True, kw_only=True)
class RobustnessSettings:
    """The node `robustness` as written."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    metrics: Metrics
    alternatives: dict[Text, AlternativeSettings]


def read_alternatives(config: object) -> tuple[tuple[str, ...], list[Alternative]]:
    """Metrics and alternatives from the settings `robustness`; InputError names every key at fault."""
    found = read(RobustnessSettings, config, "robustness")
    return found.metrics, [Alternative(name, one.label, one.settings) for name, one in found.alternatives.items()]


Runs = Mapping[str, Mapping[str, np.ndarray]]
"""Scenario -> metric -> (replicates,); runs of one replicate share their chance."""


def _stacked(base: Runs, other: Runs, metric: str) -> tuple[list[str], np.ndarray, np.ndarray]:
    """The scenarios in which a metric is defined under both, and its values (scenarios, replicates)."""
    names = [name for name in base if not (np.isnan(base[name][metric]).all() or np.isnan(other[name][metric]).all())]
    first, second = (np.array([own[name][metric] for name in names], float) for own in (base, other))
    return names, first, second


def rank_correlation(first: np.ndarray, second: np.ndarray, draws: Draws | None = None) -> tuple[float, float, float]:
    """Kendall's tau-b between the means of `first` and `second` (scenarios, replicates), and its 90 % interval by
    bootstrap over parameter draws (`draws`, (replicates,); None: each replicate has its own), which both draw alike;
    NaN for fewer than two scenarios.
    """
    from scipy.stats import DegenerateDataWarning, bootstrap, kendalltau

    draws = np.arange(first.shape[1]) if draws is None else draws
    own = [np.flatnonzero(draws == draw) for draw in np.unique(draws)]

    def tau(drawn: np.ndarray) -> float:
        chosen = np.concatenate([own[row] for row in drawn.astype(int)])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a draw may miss all replicates in which it is defined
            means = [np.nanmean(values[:, chosen], axis=1) for values in (first, second)]
        both = ~np.isnan(means[0]) & ~np.isnan(means[1])
        return float(kendalltau(means[0][both], means[1][both]).statistic) if both.sum() > 1 else NAN

    if len(first) < 2:
        return NAN, NAN, NAN
    rows = np.arange(len(own))
    found = tau(rows)
    if len(rows) < 2 or found != found:
        return found, NAN, NAN
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateDataWarning)  # where a draw has no tau there is no interval
        interval = bootstrap(
            (rows,), tau, vectorized=False, n_resamples=RESAMPLES, confidence_level=0.9, method="percentile",
            rng=np.random.default_rng(1),
        ).confidence_interval  # fmt: skip
    return found, float(interval.low), float(interval.high)


def margin(differences: np.ndarray, draws: Draws | None) -> np.ndarray:
    """Half the width of the interval (`LEVEL`) of the mean of each row of `differences` (rows, replicates): (rows,)."""
    from scipy.special import stdtrit

    freedom = np.maximum(count_clusters(~np.isnan(differences), draws) - 1, 1).astype(float)
    return np.asarray(standard_error(differences, draws) * stdtrit(freedom, (1 + LEVEL) / 2))


def told_apart(values: np.ndarray, draws: Draws | None = None) -> np.ndarray:
    """Which scenario has more of a metric, (scenarios, scenarios): 1 the row's, -1 the column's, 0 where the interval
    of the paired difference of `values` (scenarios, replicates) holds 0.
    """
    gap = values[:, None, :] - values[None, :, :]
    least = margin(gap.reshape(-1, gap.shape[2]), draws).reshape(gap.shape[:2])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        mean = np.nanmean(gap, axis=2)
    sure = np.abs(mean) > least
    return np.where(sure, np.sign(np.nan_to_num(mean)), 0.0)


def compare_ranks(
    base: Runs, other: Runs, metrics: Sequence[str], better: Mapping[str, str], draws: Draws | None = None
) -> list[dict[str, Any]]:
    """One row a metric: Kendall's tau between the rankings of scenarios with its interval; of the pairs of scenarios
    that the base tells apart, how many keep their order, are no longer told apart, or are reversed; the best scenario
    in each, and whether the base's best is still best or, under the alternative, not told from the best there.

    better: metric -> "higher" or "lower"; draws: the parameter draw of each replicate (`Study.draws`)
    """
    rows = []
    for metric in metrics:
        names, first, second = _stacked(base, other, metric)
        if not names:
            continue
        tau, low, high = rank_correlation(first, second, draws)
        upper = np.triu_indices(len(names), 1)
        before, after = (told_apart(values, draws)[upper] for values in (first, second))
        product = before * after
        counts = {
            "pairs": int(np.count_nonzero(before)), "kept": int((product > 0).sum()),
            "lost": int(((before != 0) & (after == 0)).sum()), "reversed": int((product < 0).sum()),
        }  # fmt: skip
        best = _best(names, first, second, -1.0 if better[metric] == "lower" else 1.0, draws)
        rows.append({"metric": metric, "tau": tau, "tau_low": low, "tau_high": high, **counts, **best})
    return rows


def _best(
    names: Sequence[str], first: np.ndarray, second: np.ndarray, sign: float, draws: Draws | None
) -> dict[str, Any]:
    """The best scenario of each, the lead of the alternative's over the base's there, and whether they agree."""
    best, there = (int(np.argmax(sign * np.nanmean(values, axis=1))) for values in (first, second))
    gap = sign * (second[there] - second[best])
    error, least = (float(each(gap[None, :], draws)[0]) for each in (standard_error, margin))
    gap = gap[~np.isnan(gap)]
    lead = float(gap.mean()) if len(gap) else NAN
    same = "yes" if best == there else "tied" if not lead > least else "no"
    return {"best_base": names[best], "best": names[there], "same_best": same, "lead": lead, "standard_error": error}


def robustness_table(
    played: Mapping[str, Runs],
    metrics: Sequence[str],
    better: Mapping[str, str],
    draws: Draws | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Agreement with the base by alternative and metric, and the means of every scenario.

    played: alternative (`BASE` first) -> scenario -> metric -> (replicates,); draws: as for `compare_ranks`
    """
    import pandas as pd

    agreement = [
        {"alternative": name, **row}
        for name, values in played.items()
        if name != BASE
        for row in compare_ranks(played[BASE], values, metrics, better, draws)
    ]
    levels = [
        {"alternative": name, "scenario": scenario, "metric": metric, "mean": float(np.nanmean(own[metric]))}
        for name, values in played.items()
        for scenario, own in values.items()
        for metric in metrics
        if not np.isnan(own[metric]).all()
    ]
    return pd.DataFrame(agreement), pd.DataFrame(levels)
