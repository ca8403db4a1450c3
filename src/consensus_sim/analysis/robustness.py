"""Structural alternatives, one at a time: whether the ranking of scenarios survives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from consensus_sim.ensemble.study import section
from consensus_sim.ensemble.summary import standard_error
from consensus_sim.errors import InputError, one_of

if TYPE_CHECKING:
    import pandas as pd

BASE = "base"
TOLD = 2.0
"""Standard errors of a paired difference from which one scenario is told from another."""


@dataclass(frozen=True)
class Alternative:
    """A structure: its name, words by language, and settings as on the command line."""

    name: str
    label: Mapping[str, str]
    settings: tuple[str, ...]


def read_alternatives(config: Any) -> tuple[tuple[str, ...], list[Alternative]]:
    """Metrics and alternatives from the settings `robustness`; InputError names the key."""
    from consensus_sim.catalogue import metric_names

    config = section("robustness", config)
    for key in config:
        if key not in ("metrics", "alternatives"):
            raise one_of("robustness: unknown key", key, ("metrics", "alternatives"))
    for name in config.get("metrics") or []:
        if name not in metric_names():
            raise one_of("robustness.metrics", name, metric_names())
    found = []
    for name, entry in section("robustness.alternatives", config.get("alternatives")).items():
        where = f"robustness.alternatives.{name}"
        entry = section(where, entry)
        label, settings = entry.get("label"), entry.get("settings")
        if not isinstance(label, Mapping) or not {"zh", "en"} <= set(label):
            raise InputError(f"{where}.label: found {label!r}; allowed: {{zh: text, en: text}}")
        if not isinstance(settings, Sequence) or isinstance(settings, str) or not settings:
            raise InputError(f"{where}.settings: found {settings!r}; allowed: a list like [group.name.setting=value]")
        found.append(Alternative(str(name), dict(label), tuple(map(str, settings))))
    return tuple(config["metrics"]), found


def means_of(values: Mapping[str, Mapping[str, np.ndarray]], metric: str) -> dict[str, float]:
    """Scenario -> mean over replicates of a metric."""
    return {scenario: float(np.nanmean(own[metric])) for scenario, own in values.items()}


def compare_ranks(
    base: Mapping[str, Mapping[str, np.ndarray]],
    other: Mapping[str, Mapping[str, np.ndarray]],
    metrics: Sequence[str],
    better: Mapping[str, str],
    together: int = 1,
) -> list[dict[str, Any]]:
    """One row a metric: Kendall's tau between the rankings of scenarios, the best scenario in each, and whether the
    base's best is still best or, under the alternative, not told from the best there.

    base, other: scenario -> metric -> (replicates,); better: metric -> "higher" or "lower"
    together: replicates that share a set of parameters (`Study.together`)
    """
    from scipy.stats import kendalltau

    rows = []
    for metric in metrics:
        sign = -1.0 if better[metric] == "lower" else 1.0
        levels = [means_of(values, metric) for values in (base, other)]
        names = list(levels[0])
        tau = float(kendalltau([levels[0][n] for n in names], [levels[1][n] for n in names]).statistic)
        best, best_there = (max(names, key=lambda n, own=own: sign * own[n]) for own in levels)  # type: ignore[misc]
        gap = sign * (other[best_there][metric] - other[best][metric])
        error = float(standard_error(gap[None, :], together)[0])
        gap = gap[~np.isnan(gap)]
        same = "yes" if best == best_there else "tied" if not float(gap.mean()) > TOLD * error else "no"
        rows.append(
            {"metric": metric, "tau": tau, "best_base": best, "best": best_there, "same_best": same,
             "lead": float(gap.mean()) if len(gap) else float("nan"), "standard_error": error}
        )  # fmt: skip
    return rows


def robustness_table(
    played: Mapping[str, Mapping[str, Mapping[str, np.ndarray]]],
    metrics: Sequence[str],
    better: Mapping[str, str],
    together: int = 1,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Agreement with the base by alternative and metric, and the means of every scenario.

    played: alternative (`BASE` first) -> scenario -> metric -> (replicates,); together: as for `compare_ranks`
    """
    import pandas as pd

    agreement = [
        {"alternative": name, **row}
        for name, values in played.items()
        if name != BASE
        for row in compare_ranks(played[BASE], values, metrics, better, together)
    ]
    levels = [
        {"alternative": name, "scenario": scenario, "metric": metric, "mean": float(np.nanmean(own[metric]))}
        for name, values in played.items()
        for scenario, own in values.items()
        for metric in metrics
    ]
    return pd.DataFrame(agreement), pd.DataFrame(levels)
