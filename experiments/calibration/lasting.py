"""What lasting differences between residents do to the figures of E1 that speak of them: one command.

    python experiments/calibration/lasting.py              # 3 x 2048 runs, about 0.15 s each on one core

In D2 what attitudes and habit do not tell is drawn anew at every event; some of it surely lasts (G5), and the model has
a taste for that: its standard deviation between residents is a parameter. This plays the calibration's design, all
other parameters from their priors, with that spread at the ends and the middle of its prior, under the same chance;
keeps the runs whose attendance (first and last sessions, tea) lies in the accepted bands; and asks of these how often
ordinary residents come and how many they are. Writes results/reference/lasting.csv: a row a spread and figure, with the
accepted band, the 90 % interval and median over the runs kept, and the share of them in the band. Nothing is fitted. An
interrupted run goes on when it is repeated.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from consensus_sim.analysis.calibrate import read_problem, simulate
from consensus_sim.analysis.design import Stored
from consensus_sim.analysis.targets import Target
from consensus_sim.analysis.verdicts import inside, write
from consensus_sim.community import build_community
from consensus_sim.ensemble.config import compose
from consensus_sim.ensemble.engines import Processes

ROOT = Path(__file__).resolve().parent.parent.parent
SPREADS = (0.0, 1.0, 2.0)
"""Standard deviation of the taste, log-odds: the ends and the middle of its prior; 0 is D2 as it is written."""
KEPT_BY = ("attendance_first4", "attendance_last4", "attendance_tea")
ASKED_OF = ("frequency_ordinary", "active_pool")


def band(target: Target) -> dict[str, float]:
    """The accepted band of a figure."""
    return {"low": target.low, "high": target.high}


def rows_of(spread: float, targets: Sequence[Target], statistics: dict[str, Any]) -> list[dict[str, object]]:
    """A row for each of `ASKED_OF`, from the statistics of all runs with this spread of the taste."""
    found = {target.name: target for target in targets}
    values = {name: np.asarray(statistics[found[name].statistic], float) for name in (*KEPT_BY, *ASKED_OF)}
    kept = np.logical_and.reduce([inside(values[name], band(found[name])) for name in KEPT_BY])
    rows: list[dict[str, object]] = []
    for name in ASKED_OF:
        own, target = values[name][kept & ~np.isnan(values[name])], found[name]
        q05, q50, q95 = np.quantile(own, (0.05, 0.5, 0.95)) if len(own) else np.full(3, np.nan)
        rows.append(
            {
                "taste": spread, "target": name, "source": target.source, "unit": target.unit, "low": target.low,
                "high": target.high, "q05": q05, "q50": q50, "q95": q95,
                "share": float(inside(own, band(target)).mean()) if len(own) else np.nan, "kept": len(own),
                "runs": len(kept),
            }
        )  # fmt: skip
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options, play, write the table, say what came out."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    options.add_argument("--runs", type=int, default=2048, help="parameter sets, a power of two (default: 2048)")
    options.add_argument("--community", default="case_study", help="community (default: case_study)")
    options.add_argument("--seed", type=int, default=1, help="root of all chance (default: 1)")
    options.add_argument("--workers", type=int, help="processes (default: all cores)")
    options.add_argument("--work", type=Path, default=ROOT / "results", help="folder of finished runs")
    options.add_argument("--out", type=Path, default=ROOT / "results" / "reference", help="folder to write")
    given = options.parse_args(arguments)
    own = [
        f"community={given.community}",
        f"seed={given.seed}",
        f"calibration.runs={given.runs}",
        "calibration.held_out=0",
        "calibration.sets=30",
    ]
    rows, engine, community = [], Processes(given.workers), None
    for spread in SPREADS:
        changed = [f"behaviour.participation.taste.{end}={spread}" for end in ("value", "low", "high")]
        config = compose(["experiment=calibrate", *own, *changed])
        community = community or build_community(config["community"])
        problem = read_problem(config, community)
        rows += rows_of(spread, problem.targets, simulate(problem, engine, Stored(given.work / ".replicates")))
    table = pd.DataFrame(rows)
    write(table, given.out / "lasting.csv")
    print(table[["taste", "target", "q05", "q50", "q95", "share", "kept"]].to_string(index=False))


if __name__ == "__main__":
    main()
