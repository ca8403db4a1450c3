"""What becomes of the nine named disputes, beside what the case study reports of them?

    python experiments/disputes/run.py                                     # makes both published tables anew
    python experiments/disputes/run.py --community teaching --replicates 6   # one of them

Plays experiment=disputes: the case study with 200 replicates and the teaching community with 6, seed 1, parameters
drawn from the posterior, all cores. Writes results/reference/disputes.csv and
results/reference/disputes_teaching.csv; a test makes the second anew and compares it with the published one. Columns:
consensus_sim.analysis.disputes.disputes_table.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from consensus_sim import compare
from consensus_sim.analysis.disputes import disputes_table
from consensus_sim.study.config import compose

if TYPE_CHECKING:
    import pandas as pd

REFERENCE = Path(__file__).resolve().parent.parent.parent / "results" / "reference"
PUBLISHED = {"case_study": 200, "teaching": 6}
"""Community -> replicates of its published table."""
NUMBERS = "%.4g"


def study(community: str, replicates: int, seed: int, workers: int | None = None) -> pd.DataFrame:
    """Run the disputes under the scenarios of experiment=disputes and return their table."""
    config = compose(["experiment=disputes"])
    scenarios = config["scenarios"]
    forecast = compare(
        community,
        scenarios,
        replicates=replicates,
        seed=seed,
        reference=config["reference"],
        workers=workers,
        overrides=["experiment=disputes"],
    )
    return disputes_table(forecast.tables["topics"], forecast.study.topic, scenarios, forecast.study.draws())


def place_of(community: str) -> Path:
    """Where the table of a community is published."""
    return REFERENCE / ("disputes.csv" if community == "case_study" else f"disputes_{community}.csv")


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options, make the table or tables, write them."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    options.add_argument("--community", help="one community (default: every published table)")
    options.add_argument("--replicates", type=int, help="runs of each scenario (default: as published, else 200)")
    options.add_argument("--seed", type=int, default=1, help="root of all chance (default: 1)")
    options.add_argument("--workers", type=int, help="processes (default: all cores)")
    options.add_argument("--out", type=Path, help="file to write, with --community (default: results/reference/)")
    given = options.parse_args(arguments)
    if given.out and not given.community:
        options.error("--out needs --community")
    for community in [given.community] if given.community else PUBLISHED:
        table = study(community, given.replicates or PUBLISHED.get(community, 200), given.seed, given.workers)
        place = given.out or place_of(community)
        place.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(place, index=False, float_format=NUMBERS, lineterminator="\n")
        print(f"{place}: {len(table)} rows")


if __name__ == "__main__":
    main()
