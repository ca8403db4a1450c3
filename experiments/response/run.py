"""How much is enough: each intervention at several doses, one command.

    python experiments/response/run.py                        # 10,800 runs: some 30 minutes on two cores
    python experiments/response/run.py --only points quota    # two of the scenarios

Runs experiment=response on the case study, seed 1, parameters drawn from the posterior, all cores. Writes response.csv
and response.png, .zh.png to results/reference/. An interrupted run goes on when it is repeated. Columns and the rule of
what is enough: docs/response.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from consensus_sim.ensemble.config import compose
from consensus_sim.ensemble.engines import Processes
from consensus_sim.ensemble.forecast import NUMBERS
from consensus_sim.jobs.response import draw, plan_of, show, simulate
from consensus_sim.report.typeface import styled

ROOT = Path(__file__).resolve().parent.parent.parent
REFERENCE = ROOT / "results" / "reference"


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options, run, write the table and the figure, say how much is enough."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    options.add_argument("--replicates", type=int, default=200, help="runs of each dose (default: 200)")
    options.add_argument("--community", default="case_study", help="community (default: case_study)")
    options.add_argument("--seed", type=int, default=1, help="root of all chance (default: 1)")
    options.add_argument("--weeks", type=int, help="length of a run (default: configured)")
    options.add_argument("--only", nargs="*", help="scenarios (default: all)")
    options.add_argument("--workers", type=int, help="processes (default: all cores)")
    options.add_argument("--work", type=Path, default=ROOT / "results", help="folder of finished runs")
    options.add_argument("--out", type=Path, default=REFERENCE, help="folder to write (default: results/reference)")
    given = options.parse_args(arguments)
    own = [f"community={given.community}", f"seed={given.seed}", f"replicates={given.replicates}"]
    if given.weeks is not None:
        own.append(f"calendar.weeks={given.weeks}")
    if given.only is not None:
        own.append(f"scenarios=[{','.join(given.only)}]")
    config = compose(["experiment=response", *own])
    plan = plan_of(config)
    table, community, finish = simulate(plan, config, Processes(given.workers), given.work / ".replicates")
    given.out.mkdir(parents=True, exist_ok=True)
    draft = given.out / "response.part"
    table.to_csv(draft, index=False, float_format=NUMBERS, lineterminator="\n")
    draft.replace(given.out / "response.csv")
    for language, end in (("en", "png"), ("zh", "zh.png")):
        with styled():
            draw(plan, table, language).savefig(given.out / f"response.{end}", dpi=110)
    finish()
    show(plan, table, community, "en")


if __name__ == "__main__":
    main()
