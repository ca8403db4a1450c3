"""Structural alternatives, one at a time, and the robustness of the scenarios' ranking to them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from pydantic import ConfigDict, Field

from consensus_sim.experiments.runner import Command, Findings
from consensus_sim.forecast.summary import count_clusters, standard_error
from consensus_sim.settings import STRICT, Label, Metrics, Text, read
from consensus_sim.study.config import compose
from consensus_sim.study.draws import Draws
from consensus_sim.study.study import read_study

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from consensus_sim.forecast.forecast import Forecast

BASE = "base"
NAN = float("nan")
RESAMPLES = 999
LEVEL = 0.95
"""Level of the interval of a paired difference (Student's t, with one degree of freedom less than parameter draws). Two
scenarios are significantly different if it excludes 0."""


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
"""Scenario -> metric -> (replicates,); runs of one replicate use common random numbers."""


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
    """Sign of the difference of a metric between scenarios, (scenarios, scenarios): 1 where the row's value is higher,
    -1 where the column's is, 0 where the interval of the paired difference of `values` (scenarios, replicates) holds 0.
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
    """One row per metric: Kendall's tau between the rankings of scenarios, with its interval; numbers of pairs, among
    those significantly different in the base, that keep their order, are no longer significantly different, or are
    reversed; the best scenario in each; and whether the base's best is, under the alternative, still best or not
    distinguishable from the best.

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


def alternative(config: Mapping[str, Any], plain: Any, settings: Sequence[str]) -> dict[str, Any]:
    """`config` with the overrides `settings` of an alternative; `plain`: the config without any."""
    changes = [*config.get("changes", ()), *settings]
    return {**with_changes(config, plain, compose(settings)), "changes": changes}


def with_changes(config: Any, plain: Any, changed: Any) -> Any:
    """`config` with the differences of `changed` from `plain`: applies an alternative to the user's settings."""
    if all(isinstance(each, Mapping) for each in (config, plain, changed)):
        return {
            key: with_changes(value, plain[key], changed[key]) if key in plain else value
            for key, value in config.items()
        }
    return config if changed == plain else changed


def headline(forecast: Forecast) -> dict[str, dict[str, np.ndarray]]:
    """Scenario -> headline metric of all adults -> (replicates,)."""
    table = forecast.tables["metrics"]
    table = table[table["group"] == "all"]
    wide = table.pivot_table(
        index="replicate", columns=["scenario", "metric"], values="value", dropna=False, observed=True
    )
    names = [scenario.name for scenario in forecast.study.scenarios]
    return {name: {str(column): wide[name][column].to_numpy(float) for column in wide[name]} for name in names}


def run(command: Command) -> Findings:
    """Runs the scenarios under every alternative; all of them are checked before anything is run."""
    from consensus_sim.catalogue import metric as about

    config = command.config
    metrics, alternatives = read_alternatives(config.get("robustness"))
    plain, own = compose(), {BASE: dict(config)}
    for each in alternatives:
        own[each.name] = alternative(config, plain, each.settings)
    studies, played = {name: read_study(content) for name, content in own.items()}, {}
    for name, study in studies.items():
        community = command.simulator.community(own[name]["community"])
        played[name] = headline(command.simulator.forecast(study, community))
    better = {name: about(name).direction for name in metrics}
    agreement, levels = robustness_table(played, metrics, better, studies[BASE].draws())

    def show(language: str, console: Console) -> None:
        from consensus_sim.experiments.robustness.text import print_agreement
        from consensus_sim.report.tables import caution
        from consensus_sim.report.words import say

        compared = [(scenario.name, scenario.label) for scenario in studies[BASE].scenarios]
        print_agreement(agreement, {each.name: each.label for each in alternatives}, compared, language, console)
        if said := caution(studies[BASE].replicates, language):
            say(said, console)

    tables = {"robustness": agreement, "levels": levels}
    return Findings(study=studies[BASE], tables=tables, show=show, published=lambda: {"robustness": agreement})
