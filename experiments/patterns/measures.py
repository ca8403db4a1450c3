"""The quantities of patterns.yaml, run by run, from an ensemble's tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim import Forecast

if TYPE_CHECKING:
    import pandas as pd

NOT_COMPARED = ("costs", "points")
"""Tables that a lever of zero strength may change: what it cost, and its own ledger."""
COSTS = ("cost_money", "cost_hours")
Line = NDArray[np.float64]


class Runs:
    """The headline metrics of a forecast, by scenario: `runs("council", "trust")` has one value a replicate."""

    def __init__(self, forecast: Forecast) -> None:
        metrics = forecast.tables["metrics"].astype({"scenario": str, "metric": str, "group": str})
        self._lines: dict[tuple[str, str, str], Line] = {
            key: rows.sort_values("replicate")["value"].to_numpy(np.float64)
            for key, rows in metrics.groupby(["scenario", "metric", "group"])
        }

    def __call__(self, scenario: str, metric: str, group: str = "all") -> Line:
        return self._lines[scenario, metric, group]


def measure(forecast: Forecast) -> dict[tuple[str, str], Line]:
    """(pattern, quantity) -> value of each replicate, for every pattern but the null checks."""
    runs = Runs(forecast)
    people = forecast.community.population
    vulnerable_share = float(people.vulnerable[people.adult].mean())
    growth, without = (
        runs(name, "attendance_council_last4") / runs(name, "attendance_council_first4")
        for name in ("council", "plain_room")
    )
    first = runs("council", "team_or_party_present_first4")
    fall = first - runs("council", "team_or_party_present_last4")
    top, gini = (runs("unmoderated", name) for name in ("top_fifth_speaking", "gini_speaking"))
    top_drop, gini_drop = top - runs("council", "top_fifth_speaking"), gini - runs("council", "gini_speaking")
    ratio = runs("open_door", "vulnerable_present") / vulnerable_share
    seats, speech = runs("quota", "vulnerable_accepted"), runs("quota", "vulnerable_speaking")
    return {
        ("B3", "growth"): growth,
        ("B3", "growth_without"): without,
        ("B3", "growth_lead"): growth - without,
        ("B4", "team_share_first"): first,
        ("B4", "team_share_fall"): fall,
        ("B4", "team_share_falls"): fall,
        ("B5", "top_fifth_without"): top,
        ("B5", "gini_without"): gini,
        ("B5", "top_fifth_drop"): top_drop,
        ("B5", "gini_drop"): gini_drop,
        ("B5", "top_fifth_drops"): top_drop,
        ("B5", "gini_drops"): gini_drop,
        ("B6", "open_door_ratio"): ratio,
        ("B6", "open_door_below_half"): ratio,
        ("B6", "quota_seats"): seats,
        ("B6", "speech_below_seats"): seats - speech,
        ("B6", "speech_below_presence"): runs("quota", "vulnerable_present") - speech,
        **{("B25", f"top_percent_{name}"): runs(name, "top_percent_share") for name in ("before", "council", "full")},
        **{("B25", f"never_{name}"): 1.0 - runs(name, "reach_year") for name in ("council", "full")},
    }


def measure_nulls(forecast: Forecast, entries: Sequence[Any]) -> dict[tuple[str, str], Line]:
    """(pattern, quantity) -> number of table entries that differ, of each replicate, for null checks."""
    halves: dict[str, dict[tuple[str, int], pd.DataFrame]] = {}
    for name, table in forecast.tables.items():
        if name not in NOT_COMPARED:
            kept = table[~table["metric"].isin(COSTS)] if name == "metrics" else table
            halves[name] = {key: rows for key, rows in kept.groupby(["scenario", "replicate"], observed=True)}
    found = {}
    for entry in entries:
        counts = []
        for number in range(forecast.study.replicates):
            pairs = [
                (rows.get((entry["scenario"], number)), rows.get((entry["reference"], number)))
                for rows in halves.values()
            ]
            counts.append(sum(differing(one, other) for one, other in pairs))
        found[entry["id"], entry["quantity"]] = np.array(counts, np.float64)
    return found


def differing(one: pd.DataFrame | None, other: pd.DataFrame | None) -> int:
    """Entries in which two tables of the same columns differ, scenario apart; a row that only one has counts whole."""
    if one is None or other is None:
        return sum(table.size for table in (one, other) if table is not None)
    rows, columns = min(len(one), len(other)), [name for name in one.columns if name != "scenario"]
    surplus = abs(len(one) - len(other)) * len(columns)
    return surplus + sum(_unequal(one[name].iloc[:rows], other[name].iloc[:rows]) for name in columns)


def _unequal(one: pd.Series, other: pd.Series) -> int:
    """Number of places in which two columns differ; undefined equals undefined."""
    left, right = one.to_numpy(object), other.to_numpy(object)
    return sum(a != b and not (a != a and b != b) for a, b in zip(left, right, strict=True))
