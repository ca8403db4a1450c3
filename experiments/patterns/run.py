"""Do the patterns of the evidence come out, and is the rough size of things right before any fitting?

    python experiments/patterns/run.py                  # both tables, 30 replicates of 16 scenarios
    python experiments/patterns/run.py --replicates 4 --out elsewhere

Defaults: the case study, 30 replicates, seed 1, the configured 56 weeks (phase 1 alone: to its end), all cores. Writes
to results/reference/: patterns.csv (B3-B6, B25, B26) and rough_size.csv (E1), and beside each the values of its single
runs, of which a test makes the first two anew. Bands and readings stand in patterns.yaml and targets.yaml; nothing here
was tuned to them, and what fails is told as failing.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measures import measure, measure_nulls
from pattern_tables import Values, replicate_table, tabulate, write
from rough_size import measure_phase, measure_year

from consensus_sim import compare, load_community

if TYPE_CHECKING:
    import pandas as pd

HERE = Path(__file__).resolve().parent
REFERENCE = HERE.parent.parent / "results" / "reference"
SCENARIOS = ("before", "council", "plain_room", "open_door", "quota", "full", "unmoderated", "bare")
CENTRE = ("parameters=centre",)
"""The patterns are a matter of the model at its centre; the uncertainty of parameters is told elsewhere."""
PATTERNS = (
    "pattern", "quantity", "scenario", "reference", "mean", "q05", "q95", "share", "band", "replicates", "verdict",
    "note",
)  # fmt: skip
TARGETS = ("target", "quantity", "value", "band", "mean", "q05", "q95", "share", "replicates", "inside", "note")


def read(name: str) -> Any:
    """The content of a YAML file beside this one."""
    import yaml

    with (HERE / name).open(encoding="utf-8") as file:
        return yaml.safe_load(file)


def runs(replicates: int, seed: int, workers: int | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Run all that is needed: the values of single runs for the patterns and for the targets."""
    patterns, targets = read("patterns.yaml"), read("targets.yaml")
    nulls = [entry for entry in patterns if entry["rule"] == "all"]
    scenarios = [*SCENARIOS, *(entry["scenario"] for entry in nulls)]
    community = load_community("case_study")
    forecast = compare(
        community, scenarios, replicates=replicates, seed=seed, workers=workers, config_dir=HERE, overrides=CENTRE
    )
    found = {**measure(forecast), **measure_nulls(forecast, nulls)}
    sizes = {**measure_phase(community, targets["read_out"], replicates, seed), **measure_year(forecast)}
    told: Values = {(entry["id"], entry["quantity"]): sizes[entry["quantity"]] for entry in targets["targets"]}
    return replicate_table(found), replicate_table(told)


def pattern_table(replicates: pd.DataFrame) -> pd.DataFrame:
    """Columns `PATTERNS`: which quantities of which patterns hold."""
    import pandas as pd

    rows = [
        {
            **row,
            "pattern": row["id"],
            "reference": row.get("reference", ""),
            "verdict": "pass" if row["passed"] else "fail",
            "note": f"{row['said']}; {row['reading']}",
        }
        for row in tabulate(read("patterns.yaml"), replicates)
    ]
    return pd.DataFrame(rows)[list(PATTERNS)]


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
    """Read the options, run, write the four files, say what holds."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    options.add_argument("--replicates", type=int, default=30, help="runs of each scenario (default: 30)")
    options.add_argument("--seed", type=int, default=1, help="root of all chance (default: 1)")
    options.add_argument("--workers", type=int, help="processes (default: all cores)")
    options.add_argument("--out", type=Path, default=REFERENCE, help="folder to write (default: results/reference)")
    given = options.parse_args(arguments)
    single_patterns, single_targets = runs(given.replicates, given.seed, given.workers)
    patterns, targets = pattern_table(single_patterns), target_table(single_targets)
    write(single_patterns, given.out / "patterns_replicates.csv")
    write(single_targets, given.out / "rough_size_replicates.csv")
    write(patterns, given.out / "patterns.csv")
    write(targets, given.out / "rough_size.csv")
    for name, rows in patterns.groupby("pattern", sort=False):
        failed = rows.loc[rows["verdict"] == "fail", "quantity"].tolist()
        print(f"{name}: {'holds' if not failed else 'fails in ' + ', '.join(failed)}")
    outside = targets.loc[targets["inside"] == "no", "quantity"].tolist()
    print(f"rough size: {(targets['inside'] == 'yes').sum()} inside; outside: {', '.join(outside) or 'none'}")


if __name__ == "__main__":
    main()
