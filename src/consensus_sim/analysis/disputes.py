"""What becomes of topics that arise on a date of their own (named disputes), scenario by scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.topics import ANSWERED, LAPSED, OPEN_STATES, SETTLED, SHELVED
from consensus_sim.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.90
"""Level of the Monte Carlo intervals, as of every interval of a forecast."""
OUTCOMES = ("settled", "shelved", "open", "answered", "lapsed")
"""How a dispute stands when the run ends; the five shares sum to one."""
EXECUTIONS = ("on_time", "late", "never")
"""Of those settled; what is missing to one is still pending when the run ends."""


def disputes_of(topics: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Names of the kinds with a date among `topics` (the composed configs/topic), in the order of their dates.

    Raises InputError if there is none.
    """
    dated = {name: str(entry["arises"]) for name, entry in topics.items() if entry.get("arises") is not None}
    if not dated:
        raise InputError("topic: found no kind with a date; allowed: at least one topic.<name>.arises=YYYY-MM-DD")
    return sorted(dated, key=lambda name: (dated[name], name))


def disputes_table(
    played: pd.DataFrame, topics: Mapping[str, Mapping[str, Any]], scenarios: Sequence[str]
) -> pd.DataFrame:
    """One row a dispute and scenario, in the order of dates and of `scenarios`.

    played: table topics of a forecast; topics: the composed configs/topic

    Columns: dispute, scenario, replicates (runs in which it arose); shares, each with a Wilson interval `_low`,
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
                    **_row({str(column): own[column].to_numpy() for column in own}),
                    "reported_zh": reported["zh"],
                    "reported_en": reported["en"],
                    "source": reported["source"],
                }
            )
    return pd.DataFrame(rows)


def _row(own: Mapping[str, NDArray[Any]]) -> dict[str, float]:
    """What became of one dispute in all runs of one scenario."""
    state, sittings = own["state"].astype(str), own["sittings"]
    settled = state == SETTLED
    quick = settled & (sittings <= 2)
    tried = quick | (sittings >= 2)
    named = {"settled": (SETTLED,), "shelved": (SHELVED,), "open": OPEN_STATES, "answered": (ANSWERED,)}
    named["lapsed"] = (LAPSED,)
    found = _share("heard", own["heard_week"] >= 0)
    found |= _share("on_agenda", own["agenda_week"] >= 0)
    for outcome in OUTCOMES:
        found |= _share(outcome, np.isin(state, named[outcome]))
    found |= _weeks("weeks_to_agenda", own["agenda_week"], own["arisen_week"])
    found |= _mean("sittings", sittings[sittings > 0].astype(np.float64))
    found |= {"tried_twice": int(tried.sum()), **_share("failed_first_two", ~quick[tried])}
    found["resolutions"] = int(settled.sum())
    execution = own["execution"].astype(str)[settled]
    for name in EXECUTIONS:
        found |= _share(name, execution == name)
    return found | _weeks("weeks_to_execution", own["executed_week"], own["arisen_week"])


def _share(name: str, hits: NDArray[np.bool_]) -> dict[str, float]:
    """The share of `hits`, with its Wilson interval (Wilson 1927); NaN where there is nothing to count."""
    from scipy.stats import binomtest

    if not len(hits):
        return {name: np.nan, f"{name}_low": np.nan, f"{name}_high": np.nan}
    found = binomtest(int(hits.sum()), len(hits)).proportion_ci(LEVEL, method="wilson")
    return {name: float(hits.mean()), f"{name}_low": float(found.low), f"{name}_high": float(found.high)}


def _mean(name: str, values: NDArray[np.float64]) -> dict[str, float]:
    """The mean with its t interval, which takes two values."""
    from scipy.stats import sem, t

    mean = float(values.mean()) if len(values) else np.nan
    half = float(sem(values) * t.ppf((1 + LEVEL) / 2, len(values) - 1)) if len(values) > 1 else np.nan
    return {name: mean, f"{name}_low": mean - half, f"{name}_high": mean + half}


def _weeks(name: str, until: NDArray[Any], since: NDArray[Any]) -> dict[str, float]:
    """Median and quantiles of the weeks from `since` to `until` (-1: never, counted as infinite).

    The median's interval is that of order statistics, NaN where the runs are too few for its level.
    """
    from scipy.stats import quantile_test

    columns = ("", "_q05", "_q95", "_low", "_high")
    if not len(until):
        return {name + column: np.nan for column in columns}
    weeks = np.where(until >= 0, until - since, np.inf).astype(np.float64)
    middle, low, high = np.quantile(weeks, [0.5, 0.05, 0.95], method="inverted_cdf")
    known = quantile_test(weeks).confidence_interval(LEVEL)
    values = (middle, low, high, known.low, known.high)
    return {name + column: float(value) for column, value in zip(columns, values, strict=True)}
