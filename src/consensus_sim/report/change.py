"""Verdict on a difference between two scenarios: one definition for terminal, page and figures."""

from __future__ import annotations

from typing import Any, Literal

from consensus_sim.study.rules import rules

Kind = Literal["higher", "lower", "leaning_up", "leaning_down", "slight", "negligible", "unclear"]
KINDS: tuple[Kind, ...] = ("higher", "lower", "leaning_up", "leaning_down", "slight", "negligible", "unclear")
MARKS: dict[Kind, str] = {"higher": "*", "lower": "*", "leaning_up": "~", "leaning_down": "~"}
"""Marks behind a number whose direction is sure: on average and in one community, or on average only."""


def kind_of_change(change: dict[Any, Any]) -> Kind:
    """Verdict on a row of contrasts.csv.

    higher, lower: the difference is worth a word, and its direction sure on average and in a single community
    leaning_up, leaning_down: as these, but the direction is sure on average only
    negligible: the interval of the mean effect lies within the least difference worth a word on either side of 0
    slight: the direction is sure on average, but the difference below the least one worth a word; the interval is not
    unclear: anything else, and everything of fewer than `Rules.fewest` parameter draws
    """
    least, difference = change["least_difference"], change["difference"]
    if change["sets"] < rules().fewest:
        return "unclear"
    up = difference > 0
    sure = bool(difference) and change["p_mean_up" if up else "p_mean_down"] >= rules().sure
    if sure and abs(difference) >= least:
        outside = change["q05"] > 0 if up else change["q95"] < 0
        if outside and change["p_up" if up else "p_down"] >= rules().sure:
            return "higher" if up else "lower"
        return "leaning_up" if up else "leaning_down"
    if -least <= change["mean_q05"] and change["mean_q95"] <= least:
        return "negligible"
    return "slight" if sure and abs(difference) < least else "unclear"


def one_community(change: dict[Any, Any]) -> tuple[float, float]:
    """The 90 % prediction interval of a difference in one community, as shown: the quantiles of the paired differences,
    but nowhere narrower than the interval of the mean effect. Of a few replicates the quantiles make no allowance for
    their number, and what happens in one community is no surer than what happens on average.
    """
    low, high = change["q05"], change["q95"]
    mean_low, mean_high = change["mean_q05"], change["mean_q95"]
    return (low if mean_low != mean_low else min(low, mean_low)), (
        high if mean_high != mean_high else max(high, mean_high)
    )


def is_clear(change: dict[Any, Any]) -> bool:
    """Returns whether a difference is worth a word and its direction sure on average and in a single community."""
    return kind_of_change(change) in ("higher", "lower")
