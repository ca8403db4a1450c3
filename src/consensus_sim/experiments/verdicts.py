"""Table of checks from the values of single runs: means, medians, intervals, bands, verdicts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.paths import configs_dir

if TYPE_CHECKING:
    import pandas as pd

    from consensus_sim.study.draws import Draws

NUMBERS = "%.6g"
RULES = ("mean", "median", "pairs", "all")
"""mean, median: that of the values lies in the band; pairs: the share of values that do is not significantly below that
of `SignRule`; all: every one does.
"""
SIGNS = ("pairs", "all")
Values = Mapping[tuple[str, str], NDArray[np.float64]]
"""(id, quantity) -> value of each replicate, NaN where undefined."""


@dataclass(frozen=True)
class SignRule:
    """Rule by which a sign holds (configs/pattern/rules.yaml).

    sign_share: share of pairs in which it has to; level: of the one-sided test by which a smaller share rejects it
    """

    sign_share: float
    level: float


@cache
def sign_rule() -> SignRule:
    """The rule as configured."""
    import yaml

    return SignRule(**yaml.safe_load((configs_dir() / "pattern" / "rules.yaml").read_text(encoding="utf-8")))


def replicate_table(values: Values, draws: Draws | None = None) -> pd.DataFrame:
    """Columns id, quantity, replicate, draw, value; values rounded as they are printed.

    draws: the parameter draw of each replicate (None: each has its own)
    """
    import pandas as pd

    rows = [
        (name, quantity, number, number if draws is None else int(draws[number]), float(NUMBERS % value) + 0.0)
        for (name, quantity), line in values.items()
        for number, value in enumerate(line)
    ]
    return pd.DataFrame(rows, columns=["id", "quantity", "replicate", "draw", "value"])


def inside(values: NDArray[np.float64], band: Mapping[str, float]) -> NDArray[np.bool_]:
    """Mask of the `values` that lie in `band`: low and high are part of it, above and below are not."""
    low, high = band.get("low", -np.inf), band.get("high", np.inf)
    above, below = band.get("above", -np.inf), band.get("below", np.inf)
    return (values >= low) & (values <= high) & (values > above) & (values < below)


def band_text(band: Mapping[str, float], rule: str) -> str:
    """`band` as people read it."""
    if not band:
        return ""
    if "above" in band:
        words = f"> {band['above']:g}"
    elif "below" in band:
        words = f"< {band['below']:g}"
    elif "low" in band and "high" in band:
        words = f"= {band['low']:g}" if band["low"] == band["high"] else f"{band['low']:g} to {band['high']:g}"
    else:
        words = f">= {band['low']:g}" if "low" in band else f"<= {band['high']:g}"
    return words + {"pairs": f" in {sign_rule().sign_share:.0%} of runs", "all": " in all runs"}.get(rule, "")


def share_inside(
    values: NDArray[np.float64], band: Mapping[str, float], draws: Draws | None = None
) -> tuple[float, int]:
    """Mean share of the defined `values` in `band`, over parameter draws, and how many draws that is.

    draws: the parameter draw of each value (None: each has its own); values of one draw are not independent, so their
    share counts once. A value on an edge that is no part of the band is a tie and left out, as in a sign test.
    """
    ties = np.isin(values, [band[edge] for edge in ("above", "below") if edge in band])
    draws = np.arange(len(values)) if draws is None else draws
    kept = ~np.isnan(values) & ~ties
    held = inside(values, band)
    shares = [float(held[kept & (draws == number)].mean()) for number in np.unique(draws[kept])]
    return (float(np.mean(shares)), len(shares)) if shares else (np.nan, 0)


def judge(entry: Mapping[str, Any], values: NDArray[np.float64], draws: Draws | None = None) -> tuple[bool, str]:
    """Judges whether the defined `values` of an entry (with keys band and rule) pass, and says in words what they did;
    `draws` as in `share_inside`.
    """
    from scipy.stats import binomtest

    band, rule, all_values = entry["band"], entry["rule"], values
    values = values[~np.isnan(values)]
    if rule in ("mean", "median"):
        middle = float(np.mean(values) if rule == "mean" else np.median(values))
        if inside(np.array([middle]), band)[0]:
            return True, f"{rule} inside the band"
        high = min(band.get("high", np.inf), band.get("below", np.inf))
        return False, f"{rule} {'above' if middle >= high else 'below'} the band"
    if rule == "all":
        share = float(inside(values, band).mean())
        return share == 1.0, f"holds in {share:.0%} of {len(values)} runs"
    share, independent = share_inside(all_values, band, draws)
    if not independent:
        return False, "no pair differs"
    test = binomtest(math.ceil(share * independent - 1e-9), independent, sign_rule().sign_share, alternative="less")
    return bool(test.pvalue >= sign_rule().level), f"holds in {share:.0%} of {independent} independent runs that differ"


def tabulate(entries: Sequence[Mapping[str, Any]], replicates: pd.DataFrame) -> list[dict[str, Any]]:
    """One row per entry, in their order, from the table of single runs, as `replicate_table` makes it.

    Keys: those of the entry, and mean, median, q05, q95 over the runs in which the value is defined, `share` of these
    in the band, `replicates`, `passed` (None: nothing to judge), `said`
    """
    values = {
        key: (rows["value"].to_numpy(np.float64), rows["draw"].to_numpy(np.int64))
        for key, rows in replicates.groupby(["id", "quantity"], sort=False)
    }
    rows = []
    for entry in entries:
        whole, draws = values[entry["id"], entry["quantity"]]
        line = whole[~np.isnan(whole)]
        row: dict[str, Any] = {**entry, "band": band_text(entry.get("band") or {}, entry["rule"])}
        row |= {"replicates": len(line), "share": np.nan}
        row |= dict.fromkeys(("mean", "median", "q05", "q95"), np.nan)
        row |= {"passed": None, "said": "not judged" if len(line) else "undefined in every run"}
        if len(line):
            q05, median, q95 = np.quantile(line, [0.05, 0.5, 0.95])
            row |= {"mean": float(line.mean()) + 0.0, "median": float(median) + 0.0}
            row |= {"q05": float(q05) + 0.0, "q95": float(q95) + 0.0}
            if entry.get("band"):
                row["share"] = share_inside(whole, entry["band"], draws)[0]
                row["passed"], row["said"] = judge(entry, whole, draws)
        rows.append(row)
    return rows


def overall(rows: Sequence[Mapping[str, Any]]) -> str:
    """The verdict on a pattern from those of its checks: `pass`; `sign` where every sign holds and some size is off;
    `fail`. A check that is undefined in every run fails; one without a band is reported, not judged.
    """
    judged = [row for row in rows if row["band"]]
    failed = [row for row in judged if not row["passed"]]
    if not failed:
        return "pass"
    signs = [row for row in judged if row["rule"] in SIGNS]
    return "sign" if signs and not any(row["rule"] in SIGNS for row in failed) else "fail"
