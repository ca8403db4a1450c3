"""Outcomes of topics that arise on a date of their own (named disputes), by scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.topics import ANSWERED, LAPSED, OPEN_STATES, SETTLED, SHELVED
from consensus_sim.errors import not_allowed, phrase
from consensus_sim.experiments.runner import Command, Findings, labels, of_forecast
from consensus_sim.forecast.summary import standard_error
from consensus_sim.study.draws import Draws

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from rich.console import Console


LEVEL = 0.90
"""Level of the Monte Carlo intervals, as of every interval of a forecast."""
OUTCOMES = ("settled", "shelved", "open", "answered", "lapsed")
"""State of a dispute at the end of the run; the five shares sum to one."""
EXECUTIONS = ("on_time", "late", "never")
"""Shares of the settled disputes; the rest up to one is still pending at the end of the run."""


def disputes_of(topics: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Names of the kinds with a date among `topics` (the composed configs/topic), in the order of their dates.

    Raises InputError if there is none.
    """
    dated = {name: str(entry["arises"]) for name, entry in topics.items() if entry.get("arises") is not None}
    if not dated:
        raise not_allowed("topic", phrase("no_kind_with_date"), phrase("at_least_one_dated"))
    return sorted(dated, key=lambda name: (dated[name], name))


def disputes_table(
    played: pd.DataFrame,
    topics: Mapping[str, Mapping[str, Any]],
    scenarios: Sequence[str],
    draws: Draws | None = None,
) -> pd.DataFrame:
    """One row a dispute and scenario, in the order of dates and of `scenarios`.

    played: table topics of a forecast; topics: the composed configs/topic; draws: the parameter draw of each
    replicate (`Study.draws`); those of one draw are not independent, so intervals use the effective number of runs

    Columns: dispute, scenario, replicates (runs in which it arose); shares, each with a Jeffreys interval `_low`,
    `_high`: heard, on_agenda, the five of `OUTCOMES`, failed_first_two (of `tried_twice`: those settled within two
    sittings or sat on twice), and of the `resolutions` the three of `EXECUTIONS`; weeks_to_agenda and
    weeks_to_execution (from arising; median, `_q05`, `_q95` over runs, and the median's interval `_low`, `_high`),
    where never is counted as infinite; sittings (mean over the runs in which it was sat on, with its t interval);
    reported_zh, reported_en, source.
    """
    import pandas as pd

    rows = []
    for name in disputes_of(topics):
        reported = topics[name].get("reported") or {"zh": "", "en": "", "source": ""}
        for scenario in scenarios:
            own = played[(played["topic_class"] == name) & (played["scenario"] == scenario)]
            rows.append(
                {
                    "dispute": name,
                    "scenario": scenario,
                    "replicates": len(own),
                    **_row({str(column): own[column].to_numpy() for column in own}, draws),
                    "reported_zh": reported["zh"],
                    "reported_en": reported["en"],
                    "source": reported["source"],
                }
            )
    return pd.DataFrame(rows)


def _row(own: Mapping[str, NDArray[Any]], draws: Draws | None) -> dict[str, float]:
    """Outcome of one dispute in all runs of one scenario."""
    state, sittings, sets = own["state"].astype(str), own["sittings"], own["replicate"]
    if draws is not None:
        sets = draws[sets]
    settled = state == SETTLED
    quick = settled & (sittings <= 2)
    tried = quick | (sittings >= 2)
    named = {"settled": (SETTLED,), "shelved": (SHELVED,), "open": OPEN_STATES, "answered": (ANSWERED,)}
    named["lapsed"] = (LAPSED,)
    found = _share("heard", own["heard_week"] >= 0, sets)
    found |= _share("on_agenda", own["agenda_week"] >= 0, sets)
    for outcome in OUTCOMES:
        found |= _share(outcome, np.isin(state, named[outcome]), sets)
    found |= _weeks("weeks_to_agenda", own["agenda_week"], own["arisen_week"], sets)
    sat = sittings > 0
    found |= _mean("sittings", sittings[sat].astype(np.float64), sets[sat])
    found |= {"tried_twice": int(tried.sum()), **_share("failed_first_two", ~quick[tried], sets[tried])}
    found["resolutions"] = int(settled.sum())
    execution = own["execution"].astype(str)[settled]
    for name in EXECUTIONS:
        found |= _share(name, execution == name, sets[settled])
    return found | _weeks("weeks_to_execution", own["executed_week"], own["arisen_week"], sets)


def _error(values: NDArray[np.float64], sets: NDArray[np.int64]) -> float:
    """Standard error of the mean of `values` (runs,); runs with the same entry of `sets` (runs,) are one cluster."""
    return float(standard_error(values[None, :], sets)[0])


def _effective(hits: NDArray[np.bool_], sets: NDArray[np.int64]) -> float:
    """Effective number of independent runs behind the share of `hits` (runs,) (Kish 1965): at least the number of
    parameter draws, at most the number of runs. Where all hits are equal, it is the number of draws, because equal hits
    give no estimate of the correlation between runs of one draw.
    """
    runs, clusters, share = len(hits), len(np.unique(sets)), float(hits.mean())
    if share in (0.0, 1.0) or clusters < 2:
        return float(clusters)
    error = _error(hits.astype(np.float64), sets)
    return float(np.clip(share * (1.0 - share) / error**2, clusters, runs)) if error > 0 else float(runs)


def _jeffreys(hits: float, runs: float) -> tuple[float, float]:
    """The interval of a share by Jeffreys' prior (Brown, Cai & DasGupta 2001, Stat. Sci. 16:101-133), which reaches 0
    or 1 where the share does.
    """
    from scipy.stats import beta

    low, high = beta.ppf([(1 - LEVEL) / 2, (1 + LEVEL) / 2], hits + 0.5, runs - hits + 0.5)
    return (0.0 if hits == 0 else float(low)), (1.0 if hits == runs else float(high))


def _share(name: str, hits: NDArray[np.bool_], sets: NDArray[np.int64]) -> dict[str, float]:
    """Share of `hits` with its interval for the effective number of runs; NaN where there are no runs."""
    if not len(hits):
        return {name: np.nan, f"{name}_low": np.nan, f"{name}_high": np.nan}
    share, worth = float(hits.mean()), _effective(hits, sets)
    low, high = _jeffreys(share * worth, worth)
    return {name: share, f"{name}_low": low, f"{name}_high": high}


def _mean(name: str, values: NDArray[np.float64], sets: NDArray[np.int64]) -> dict[str, float]:
    """The mean of sittings with its t interval, which takes two sets and ends at the one that there is at least."""
    from scipy.stats import t

    clusters = len(np.unique(sets))
    mean = float(values.mean()) if len(values) else np.nan
    half = float(_error(values, sets) * t.ppf((1 + LEVEL) / 2, clusters - 1)) if clusters > 1 else np.nan
    return {name: mean, f"{name}_low": np.fmax(mean - half, 1.0) if half == half else half, f"{name}_high": mean + half}


def _weeks(name: str, until: NDArray[Any], since: NDArray[Any], sets: NDArray[np.int64]) -> dict[str, float]:
    """Median and quantiles of the weeks from `since` to `until` (-1: never, counted as infinite).

    The median's interval is Woodruff's (1952, J. Am. Stat. Assoc. 47): the quantiles at the ends of the interval of the
    share below it; NaN where the runs are too few for its level.
    """
    columns = ("", "_q05", "_q95", "_low", "_high")
    if not len(until):
        return {name + column: np.nan for column in columns}
    weeks = np.where(until >= 0, until - since, np.inf).astype(np.float64)
    middle = np.quantile(weeks, 0.5, method="inverted_cdf")
    worth = _effective(weeks <= middle, sets)
    ends = _jeffreys(worth / 2, worth)
    found = np.quantile(weeks, [0.5, 0.05, 0.95, *ends], method="inverted_cdf")
    if 2 * 0.5**worth > 1 - LEVEL:  # even the whole range would not hold the median so surely
        found[3:] = np.nan
    return {name + column: float(value) for column, value in zip(columns, found, strict=True)}


def run(command: Command) -> Findings:
    """Runs the scenarios with the topics that have a date."""
    from consensus_sim.study.study import read_study, section

    for name, entry in section("topic", command.config.get("topic")).items():
        section(f"topic.{name}", entry)
    disputes_of(command.config["topic"])
    study = read_study(command.config)
    forecast = command.simulator.forecast(study, command.community)
    names = {name: dict(entry["label"]) for name, entry in study.topic.items()}
    scenarios, compared = labels(forecast), [scenario.name for scenario in study.scenarios]
    table = disputes_table(forecast.tables["topics"], study.topic, compared, study.draws())

    def draw(language: str) -> dict[str, Figure]:
        from consensus_sim.experiments.disputes.figure import draw_disputes

        return {"disputes": draw_disputes(table, names, scenarios, study.reference, language)}

    def show(language: str, console: Console) -> None:
        from consensus_sim.experiments.disputes.text import print_disputes

        print_disputes(table, names, scenarios, language, console)

    return of_forecast(forecast, tables={"disputes": table}, show=show, draw=draw, digits=4)
