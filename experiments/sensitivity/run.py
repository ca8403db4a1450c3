"""Which parameters matter, for levels of the headline metrics and for differences between scenarios: one command.

    python experiments/sensitivity/run.py --chances 4    # the published tables: half an hour on two cores
    python experiments/sensitivity/run.py                # single runs: a quarter of that
    python experiments/sensitivity/run.py --trajectories 32 --base 1024 --chances 4    # narrower intervals

Morris screening over all parameters of the behaviour, then Sobol indices of those that stand out (both by SALib), on
the case study, scenarios and metrics as configured in configs/experiment/sensitivity.yaml. Writes
results/reference/sensitivity_morris.csv (of each output the parameters with the largest effects),
sensitivity_sobol.csv. An interrupted run goes on when it is repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from consensus_sim.analysis.design import Stored
from consensus_sim.analysis.options import study_options
from consensus_sim.analysis.sensitivity import NO, UNTOLD, YES, Sensitivity, read_settings
from consensus_sim.analysis.verdicts import write
from consensus_sim.community import build_community
from consensus_sim.runs.engines import Processes
from consensus_sim.study.config import compose
from consensus_sim.study.study import read_study

if TYPE_CHECKING:
    import pandas as pd

LARGEST = 10
"""Parameters of an output that are published from the screening."""
KEYS = ["scenario", "reference", "metric"]


def largest(morris: pd.DataFrame) -> pd.DataFrame:
    """The rows with the largest mu* of each output, in the order of the outputs."""
    ranked = morris.sort_values("mu_star", ascending=False, kind="stable").groupby(KEYS, sort=False).head(LARGEST)
    order = {key: place for place, key in enumerate(dict.fromkeys(map(tuple, morris[KEYS].to_numpy().tolist())))}
    place = [order[tuple(key)] for key in ranked[KEYS].to_numpy().tolist()]
    return ranked.assign(place=place).sort_values("place", kind="stable").drop(columns="place").reset_index(drop=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options, run, write the tables and the page, say what was found."""
    options = study_options(__file__, __doc__, "community", "seed", "weeks", "workers", "work")
    for name in ("trajectories", "screened", "base", "chances", "noise"):
        options.add_argument(f"--{name}", type=int, help="as in configs/experiment/sensitivity.yaml")
    given = options.parse_args(arguments)
    counts = {name: getattr(given, name) for name in ("trajectories", "screened", "base", "chances", "noise")}
    changes = [f"sensitivity.{name}={value}" for name, value in counts.items() if value is not None]
    if given.weeks is not None:
        changes.append(f"calendar.weeks={given.weeks}")
    config = compose(["experiment=sensitivity", f"community={given.community}", f"seed={given.seed}", *changes])
    study, settings = read_study(config), read_settings(config["sensitivity"])
    community, engine = build_community(config["community"]), Processes(given.workers)
    morris, sobol = Sensitivity(community, study, settings, engine, Stored(given.work / ".replicates")).run()
    for name, table in (("morris", largest(morris)), ("sobol", sobol)):
        write(table, given.out / f"sensitivity_{name}.csv")
    found = morris["matters"].value_counts()
    print(f"screening: {morris['parameter'].nunique()} parameters, {morris.groupby(KEYS).ngroups} outputs")
    print(", ".join(f"{what}: {found.get(what, 0)}" for what in (YES, UNTOLD, NO)))
    print(f"never above chance: {len(_never(morris))} parameters")


def _never(morris: pd.DataFrame) -> list[str]:
    """Parameters that are told to matter for no output."""
    return [str(name) for name, rows in morris.groupby("parameter") if not (rows["matters"] == YES).any()]


if __name__ == "__main__":
    main()
