"""Score the frozen forecasts of the revised plan against observations that were kept apart: one command.

    python experiments/phase2/score.py OBSERVATIONS.csv            # fills results/reference/forecasts.csv

OBSERVATIONS.csv has the columns metric, group, period (as in the forecast) and value, in the unit of the forecast; and,
where known, `phase1` and `baseline`, what was observed in phase 1 and before it. Every forecast of forecasts.csv (date,
commit, file) gets: `scored`, quantities that both hold; `covered_90`, share of them inside the 90 % interval; `wis`,
mean weighted interval score over the median and the 50 and 90 % intervals (Bracher, Ray, Gneiting & Reich 2021, PLoS
Comput. Biol. 17(2):e1008618), which approximates CRPS and is the absolute error of a single number, after dividing each
quantity by the size of what was observed; the same of two naive rivals on the same quantities: `wis_level_persists`
(what was observed in phase 1) and `wis_change_repeats` (phase 1 plus its change on the baseline).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

REFERENCE = Path(__file__).resolve().parent.parent.parent / "results" / "reference"
KEYS = ["metric", "group", "period"]
INTERVALS = ((0.1, "q05", "q95"), (0.5, "q25", "q75"))
SCORES = ("scored", "covered_90", "wis", "wis_level_persists", "wis_change_repeats")


def read_observations(place: Path) -> pd.DataFrame:
    """Observations by metric, group and period, with `phase1` and `baseline` empty where not given.

    Raises SystemExit for a missing file or column, a value that is no number, or a quantity that stands twice.
    """
    if not place.is_file():
        raise SystemExit(f"{place}: found no such file; allowed: a CSV file of observations")
    found = pd.read_csv(place)
    missing = [name for name in (*KEYS, "value") if name not in found]
    if missing:
        raise SystemExit(f"{place}: found no column {', '.join(missing)}; allowed: {', '.join((*KEYS, 'value'))}")
    for name in ("value", "phase1", "baseline"):
        if name not in found:
            found[name] = np.nan
        elif not pd.api.types.is_numeric_dtype(found[name]):
            raise SystemExit(f"{place}: column {name}: found text; allowed: numbers")
    if found["value"].isna().any() or found.duplicated(KEYS).any():
        raise SystemExit(f"{place}: found an empty value or a quantity twice; allowed: one number a quantity")
    return found


def weighted_interval_score(forecast: pd.DataFrame, value: pd.Series) -> pd.Series:
    """Mean over the median and the intervals of half the absolute error and alpha / 2 times the interval score."""
    total = 0.5 * (value - forecast["q50"]).abs()
    for alpha, low, high in INTERVALS:
        below, above = (forecast[low] - value).clip(lower=0), (value - forecast[high]).clip(lower=0)
        total += alpha / 2 * (forecast[high] - forecast[low]) + below + above
    return total / (len(INTERVALS) + 0.5)


def score(forecast: pd.DataFrame, observed: pd.DataFrame) -> dict[str, float]:
    """`SCORES` of one forecast. Raises SystemExit where it holds none of the observed quantities."""
    both = forecast.dropna(subset=["q50"]).merge(observed, on=KEYS)
    if both.empty:
        raise SystemExit("observations: found no quantity of the forecast; allowed: its metric, group and period")
    value = both["value"]
    size = value.abs().where(value != 0, 1.0)
    rivals = {"wis_level_persists": both["phase1"], "wis_change_repeats": 2 * both["phase1"] - both["baseline"]}
    return {
        "scored": len(both),
        "covered_90": float(value.between(both["q05"], both["q95"]).mean()),
        "wis": float((weighted_interval_score(both, value) / size).mean()),
        **{name: float(((value - told).abs() / size).mean()) for name, told in rivals.items()},
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options, score every frozen forecast, write the table."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    options.add_argument(
        "observations", type=Path, help="a CSV file: metric, group, period, value [, phase1, baseline]"
    )
    options.add_argument("--forecasts", type=Path, default=REFERENCE / "forecasts.csv", help="table to fill")
    given = options.parse_args(arguments)
    observed, table = read_observations(given.observations), pd.read_csv(given.forecasts)
    for row, file in enumerate(table["file"]):
        for name, found in score(pd.read_csv(given.forecasts.parent / file), observed).items():
            table.loc[row, name] = found
    table.to_csv(given.forecasts, index=False, float_format="%.4g", lineterminator="\n")
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
