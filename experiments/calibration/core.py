"""How much narrower the default comparison's 90 % intervals are because forecasts draw only a core of the parameters.

    python experiments/calibration/core.py                # twice 7 scenarios x 200 runs, about 0.15 s each on one core

Runs the default comparison as it is, where parameters with `drawn: false` keep their value, and again under the same
seed with every uncertain parameter drawn: what the posterior lacks is drawn from its prior. Writes
results/reference/core.csv: for the metrics of the short tables, over all adults, one row for each scenario's level
(`reference` empty) and each difference, with the ends of two 90 % intervals, of the mean effect (`mean_`; differences
only) and of one community (`one_`), with the core (`_core_`) and with all parameters (`_all_`) drawn, and the ratio of
their widths, core over all (`_ratio`; empty where both are zero).
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from consensus_sim import Forecast, compare
from consensus_sim.analysis.options import study_options
from consensus_sim.analysis.verdicts import write
from consensus_sim.catalogue import contrast_metrics
from consensus_sim.parameters import Behaviour
from consensus_sim.study.config import compose

KEYS = ["scenario", "reference", "metric", "unit"]


def intervals(forecast: Forecast) -> pd.DataFrame:
    """Both intervals of every level and difference, indexed by `KEYS`."""
    table = pd.concat([forecast.summary().assign(reference=""), forecast.contrasts()], ignore_index=True)
    kept = table[(table["group"] == "all") & table["metric"].isin(contrast_metrics())]
    return kept.set_index(KEYS)[["mean_q05", "mean_q95", "q05", "q95"]]


def core_table(core: pd.DataFrame, whole: pd.DataFrame) -> pd.DataFrame:
    """The intervals of `core` beside those of `whole`, and the ratios of their widths."""
    columns = {}
    for name, prefix in (("mean", "mean_"), ("one", "")):
        for kind, table in (("core", core), ("all", whole)):
            columns |= {f"{name}_{kind}_{end}": table[prefix + end] for end in ("q05", "q95")}
        widths = [table[f"{prefix}q95"] - table[f"{prefix}q05"] for table in (core, whole)]
        columns[f"{name}_ratio"] = (widths[0] / widths[1]).where(widths[1] > 0)
    return pd.DataFrame(columns, index=core.index).reset_index()


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options, run both comparisons, write the table, print the median ratios."""
    options = study_options(__file__, __doc__, "replicates", "community", "seed", "weeks", "workers")
    given = options.parse_args(arguments)
    config = compose([])
    core, whole = (
        compare(
            given.community, list(config["scenarios"]), replicates=given.replicates, seed=given.seed,
            weeks=given.weeks, workers=given.workers, overrides=["parameters=posterior", *drawn],
        )
        for drawn in ([], [f"++{p.name}.drawn=true" for p in Behaviour.from_config(config["behaviour"]) if not p.drawn])
    )  # fmt: skip
    table = core_table(intervals(core), intervals(whole))
    write(table, given.out / "core.csv")
    for name, column in (("mean effect", "mean_ratio"), ("one community", "one_ratio")):
        known = table[column].dropna()
        print(f"{name}: width with the core over width with all {known.median():.2f} (median of {len(known)})")


if __name__ == "__main__":
    main()
