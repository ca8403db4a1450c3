"""Would residents who differ more for good mend what calibration misses: one command.

    python experiments/calibration/lasting.py              # 4 x 2048 runs, about 0.15 s each on one core

Two figures of E1 come out on one side: ordinary residents come too seldom, and the pool of those who come is too large.
In D2 what attitudes do not tell is drawn anew at every event; some of it surely lasts (G5). Intrinsic motive is what
lasts in the model, so this plays the calibration's design, all other parameters from their priors, with the pull of
motive (P6: 0.1 to 0.5 log-odds per SD) also beyond its range, under the same chance; keeps the runs whose attendance
(first and last sessions, tea) lies in the accepted bands; and asks of these how often ordinary residents come and how
many they are. Writes results/reference/lasting.csv: a row a pull and figure, with the accepted band, the 90 % interval
and median over the runs kept, and the share of them in the band. Nothing is fitted. An interrupted run goes on when it
is repeated.
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
PULLS = (0.3, 0.6, 1.2, 1.8)
"""Pull of motive, log-odds per SD: the middle of its prior, and beyond. All attitudes together come to about 1 (P6)."""
KEPT_BY = ("attendance_first4", "attendance_last4", "attendance_tea")
ASKED_OF = ("frequency_ordinary", "active_pool")


def band(target: Target) -> dict[str, float]:
    """The accepted band of a figure."""
    return {"low": target.low, "high": target.high}


def rows_of(pull: float, targets: Sequence[Target], statistics: dict[str, Any]) -> list[dict[str, object]]:
    """A row for each of `ASKED_OF`, from the statistics of all runs with this pull."""
    found = {target.name: target for target in targets}
    values = {name: np.asarray(statistics[found[name].statistic], float) for name in (*KEPT_BY, *ASKED_OF)}
    kept = np.logical_and.reduce([inside(values[name], band(found[name])) for name in KEPT_BY])
    rows: list[dict[str, object]] = []
    for name in ASKED_OF:
        own, target = values[name][kept & ~np.isnan(values[name])], found[name]
        q05, q50, q95 = np.quantile(own, (0.05, 0.5, 0.95)) if len(own) else np.full(3, np.nan)
        rows.append(
            {
                "pull": pull, "target": name, "source": target.source, "unit": target.unit, "low": target.low,
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
    for pull in PULLS:
        changed = [f"behaviour.participation.motive.{end}={pull}" for end in ("value", "low", "high")]
        config = compose(["experiment=calibrate", *own, *changed])
        community = community or build_community(config["community"])
        problem = read_problem(config, community)
        rows += rows_of(pull, problem.targets, simulate(problem, engine, Stored(given.work / ".replicates")))
    table = pd.DataFrame(rows)
    write(table, given.out / "lasting.csv")
    print(table[["pull", "target", "q05", "q50", "q95", "share", "kept"]].to_string(index=False))


if __name__ == "__main__":
    main()
