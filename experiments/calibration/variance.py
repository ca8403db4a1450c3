"""How much of the default comparison's spread comes from parameters, and how much of that from those which the data do
not narrow: one command.

    python experiments/calibration/variance.py                  # 7 scenarios x 200 runs, about 0.15 s each on one core

Plays the default comparison with the shipped posterior and keeps what it says of the metrics of the short tables, over
all adults: results/reference/variance.csv (the split, and `unidentified`) and drivers.csv (which parameters stand out);
columns as in docs/results.md.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from consensus_sim import compare
from consensus_sim.analysis.options import study_options
from consensus_sim.analysis.verdicts import write
from consensus_sim.catalogue import contrast_metrics
from consensus_sim.study.config import compose
from consensus_sim.study.rules import rules


def told(variance: pd.DataFrame) -> list[str]:
    """For levels and for differences, a line each: medians, over scenarios and metrics, of what parameters make of the
    variance, and of what the unidentified ones make of that.
    """
    lines = []
    for name, rows in (
        ("levels", variance[variance["reference"] == ""]),
        ("differences", variance[variance["reference"] != ""]),
    ):
        split, known = rows["share_parameters"].dropna(), rows["unidentified"].dropna()
        line = f"{name}: not told"
        if len(split):
            line = f"{name}: parameters make {split.median():.2f} of the variance (median of {len(split)})"
        if len(known):
            line += f"; of that unidentified ones {known.median():.2f} (median of {len(known)} that can be told, "
            line += f"{known.min():.2f} to {known.max():.2f})"
        lines.append(line)
    return lines


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options, play, write the tables, say what came out."""
    options = study_options(__file__, __doc__, "replicates", "community", "seed", "weeks", "workers")
    given = options.parse_args(arguments)
    if given.replicates < rules().repeated:
        options.error(f"found --replicates {given.replicates}; allowed: at least {rules().repeated}")
    forecast = compare(
        given.community, list(compose([])["scenarios"]), replicates=given.replicates, seed=given.seed,
        weeks=given.weeks, workers=given.workers, overrides=["parameters=posterior"],
    )  # fmt: skip
    for name, table in (("variance", forecast.variance()), ("drivers", forecast.drivers())):
        kept = table[(table["group"] == "all") & table["metric"].isin(contrast_metrics())]
        write(kept.reset_index(drop=True), given.out / f"{name}.csv")
        if name == "variance":
            print("\n".join(told(kept)))


if __name__ == "__main__":
    main()
