"""Calibrate on the case study's figures, ship the posterior, and check it: one command.

    python experiments/calibration/run.py                       # some 20 minutes on two cores
    python experiments/calibration/run.py --runs 1024 --out elsewhere --posterior elsewhere/case_study.csv
    python experiments/calibration/run.py --table results/calibration_table.parquet   # inference alone

Writes configs/posterior/case_study.csv and .yaml (which forecasts use), and to results/reference/: calibration.csv
(what the data say of each parameter), recovery.csv (known truths found again), posterior_predictive.csv (E1 against the
posterior, in sample), joint.csv (all of E1 together), held_out.csv (figures predicted that were left out of the fit)
and validation.csv (scores beside naive rivals). An interrupted run goes on when it is repeated.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from consensus_sim.analysis.calibrate import Calibration, Problem, fitted, read_problem, simulate
from consensus_sim.analysis.design import Stored, load_table, save_table
from consensus_sim.analysis.options import study_options
from consensus_sim.analysis.validate import score
from consensus_sim.analysis.verdicts import write
from consensus_sim.community import build_community
from consensus_sim.runs.engines import Processes
from consensus_sim.study.config import compose

ROOT = Path(__file__).resolve().parent.parent.parent
POSTERIOR = ROOT / "configs" / "posterior" / "case_study.csv"
LEFT_OUT = ("attendance_last4", "attendance_tea", "matters_landed_council", "frequency_ordinary")
"""Targets of the held-out split: one of each kind (attendance at both venues, outcome, frequency)."""


def table_of(problem: Problem, engine: Processes, stored: Stored, folder: Path, given: Path | None) -> dict[str, Any]:
    """The statistics of the design: read from `given`, or played in `stored` and kept in `folder`."""
    if given is None:
        statistics = simulate(problem, engine, stored)
        about = {"runs": problem.settings.runs, "seed": problem.study.seed}
        save_table(folder / "calibration_table.parquet", statistics, about)
        return statistics
    statistics, about = load_table(given)
    if (about["runs"], about["seed"]) != (problem.settings.runs, problem.study.seed):
        raise SystemExit(f"{given}: made with {about}; give the same --runs and --seed")
    return statistics


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options, run, write the tables and the posterior, say how it went."""
    options = study_options(__file__, __doc__, "community", "seed", "workers", "work")
    options.add_argument("--runs", type=int, help="parameter sets of the table (default: configured)")
    options.add_argument("--second-wave", type=int, help="runs where the posterior is (default: configured)")
    options.add_argument("--trees", type=int, help="boosting rounds of the emulator (default: configured)")
    options.add_argument("--candidates", type=int, help="values tried with each set (default: configured)")
    options.add_argument("--sets", type=int, help="sets of the posterior (default: configured)")
    options.add_argument("--held-out", type=int, help="synthetic truths (default: configured)")
    options.add_argument("--predictive", type=int, help="sets played again (default: configured)")
    options.add_argument("--table", type=Path, help="statistics of an earlier run: inference and checks alone")
    options.add_argument("--posterior", type=Path, default=POSTERIOR, help="posterior to write")
    given = options.parse_args(arguments)
    counts = ("runs", "second_wave", "held_out", "trees", "candidates", "sets", "predictive")
    changes = [f"calibration.{name}={vars(given)[name]}" for name in counts if vars(given)[name] is not None]
    config = compose(["experiment=calibrate", f"community={given.community}", f"seed={given.seed}", *changes])
    community, engine = build_community(config["community"]), Processes(given.workers)
    stored = Stored(given.work / ".replicates")
    problem, began = read_problem(config, community), time.monotonic()
    statistics = table_of(problem, engine, stored, given.work, given.table)
    played = time.monotonic() - began

    found = Calibration(problem, statistics).second_wave(engine, stored)
    write(found.identification(), given.out / "calibration.csv")
    recovery = found.recovery()
    write(recovery, given.out / "recovery.csv")
    again, predictive = found.predictive(engine, stored)
    write(predictive, given.out / "posterior_predictive.csv")
    write(found.joint(again), given.out / "joint.csv")
    found.ordered(again).write_posterior(given.posterior)

    targets = fitted(problem.targets, statistics)
    split = found.without(LEFT_OUT)
    other, held_out = split.predictive(engine, stored)
    write(held_out[held_out["target"].isin(LEFT_OUT)], given.out / "held_out.csv")
    left = [t for t in targets if t.name in LEFT_OUT]
    in_sample = score(targets, again, statistics).assign(split="in sample")
    out_of_sample = score(left, other, statistics).assign(split="held out")
    import pandas as pd

    scores = pd.concat([in_sample, out_of_sample], ignore_index=True)
    write(scores[["split", *(c for c in scores if c != "split")]], given.out / "validation.csv")

    whole = recovery.set_index("parameter").loc["all"]
    judged = predictive[predictive["use"] == "calibration"]
    print(f"{problem.settings.runs} sets played in {played:.0f} s; {len(found.posterior.rows)} in the posterior")
    told = ", ".join(f"{t.name} {r:.2f}" for t, r in zip(found.targets, found.emulator.explained, strict=True))
    print(f"share of each figure that the emulator explains: {told}")
    weigh = found.emulator.effective(found.observed)
    print(f"{weigh:.0f} of {problem.settings.candidates} candidates weigh, in the middle draw")
    print(
        f"recovery: 90 % intervals hold {whole['coverage90']:.1%} ({whole['coverage90_low']:.1%} to "
        f"{whole['coverage90_high']:.1%}), 50 % ones {whole['coverage50']:.1%}"
    )
    print(f"E1: {judged['held'].sum()} of {len(judged)} figures inside the 90 % predictive interval")
    print(f"outside: {', '.join(judged.loc[~judged['held'].astype(bool), 'target']) or 'none'}")


if __name__ == "__main__":
    main()
