"""Do the patterns of the evidence come out, and is the rough size of things right before any fitting?

    python experiments/patterns/run.py                  # all tables, 30 replicates of each set-up
    python experiments/patterns/run.py --replicates 4 --out elsewhere

Defaults: the case study, 30 replicates, seed 1, all cores. Writes to results/reference/: patterns.csv (B1-B39, as
`consensus-sim experiment=patterns` finds, parameters at the centres of their priors), patterns_posterior.csv (the same
with parameters drawn from the posterior, as forecasts have them, and twice the replicates) and
rough_size.csv (E1), and beside each the values of its single runs, of which a test makes the first anew. What is
compared and expected stands in configs/pattern/ and targets.yaml; nothing here was tuned to it, and what fails is told
as failing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rough_size import measure_phase, measure_year

from consensus_sim import compare, load_community
from consensus_sim.analysis.options import study_options
from consensus_sim.analysis.patterns import pattern_table, read_patterns, run_patterns
from consensus_sim.analysis.verdicts import Values, replicate_table, tabulate, write

if TYPE_CHECKING:
    import pandas as pd

HERE = Path(__file__).resolve().parent
CENTRE = ("parameters=centre",)
"""The rough size is a matter of the model before any fitting."""
PATTERNS = {"patterns": ("centre", 1), "patterns_posterior": ("posterior", 2)}
"""Table -> parameters, and how many times the replicates: what mechanisms bring at
the centre, and what is left of it where parameters are as uncertain as in a forecast."""
YEAR = ("before", "council", "plain_room")
"""Scenarios of the targets that need more than phase 1."""
TARGETS = ("target", "quantity", "value", "band", "mean", "q05", "q95", "share", "replicates", "inside", "note")


def read(name: str) -> Any:
    """The content of a YAML file beside this one."""
    import yaml

    with (HERE / name).open(encoding="utf-8") as file:
        return yaml.safe_load(file)


def pattern_runs(parameters: str, replicates: int, seed: int, workers: int | None = None) -> pd.DataFrame:
    """The values of single runs, or pairs of runs, for all patterns."""
    from consensus_sim.runs.engines import Processes
    from consensus_sim.study.config import compose

    own = [f"parameters={parameters}", f"replicates={replicates}", f"seed={seed}"]
    config = compose(["experiment=patterns", *own])
    return run_patterns(config, Processes(workers)).singles


def target_runs(replicates: int, seed: int, workers: int | None = None) -> pd.DataFrame:
    """The values of single runs for the targets."""
    targets, community = read("targets.yaml"), load_community("case_study")
    forecast = compare(community, YEAR, replicates=replicates, seed=seed, workers=workers, overrides=CENTRE)
    sizes = {**measure_phase(community, targets["read_out"], replicates, seed), **measure_year(forecast)}
    told: Values = {(entry["id"], entry["quantity"]): sizes[entry["quantity"]] for entry in targets["targets"]}
    return replicate_table(told)


def target_table(replicates: pd.DataFrame) -> pd.DataFrame:
    """Columns `TARGETS`: what lies within the case study's bands."""
    import pandas as pd

    words = {True: "yes", False: "no", None: ""}
    rows = [
        {
            **row,
            "target": row["id"],
            "inside": words[row["passed"]],
            "note": f"{row['said']}; {row['reading']}",
        }
        for row in tabulate(read("targets.yaml")["targets"], replicates)
    ]
    return pd.DataFrame(rows)[list(TARGETS)]


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options, run, write the six files, say what holds."""
    options = study_options(__file__, __doc__, "seed", "workers")
    options.add_argument("--replicates", type=int, default=30, help="runs of each set-up (default: 30)")
    given = options.parse_args(arguments)
    for table, (parameters, times) in PATTERNS.items():
        singles = pattern_runs(parameters, times * given.replicates, given.seed, given.workers)
        found = pattern_table(read_patterns(), singles)
        write(singles, given.out / f"{table}_replicates.csv")
        write(found, given.out / f"{table}.csv")
        print(f"parameters={parameters}")
        for name, rows in found.groupby("pattern", sort=False):
            failed = rows.loc[rows["verdict"] == "fail", "quantity"].tolist()
            print(f"  {name}: {'holds' if not failed else 'fails in ' + ', '.join(failed)}")
    single_targets = target_runs(given.replicates, given.seed, given.workers)
    targets = target_table(single_targets)
    write(single_targets, given.out / "rough_size_replicates.csv")
    write(targets, given.out / "rough_size.csv")
    outside = targets.loc[targets["inside"] == "no", "quantity"].tolist()
    print(f"rough size: {(targets['inside'] == 'yes').sum()} inside; outside: {', '.join(outside) or 'none'}")


if __name__ == "__main__":
    main()
