"""How much is enough: each intervention at several doses, one command.

    python experiments/response/run.py                        # 10,800 runs: some 30 minutes on two cores
    python experiments/response/run.py --only points quota    # two of the scenarios

Runs experiment=response on the case study, seed 1, parameters drawn from the posterior, all cores. Writes response.csv
and response.png, .zh.png to results/reference/. An interrupted run goes on when it is repeated. Columns and the rule of
what is enough: docs/response.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from consensus_sim.analysis.options import study_options
from consensus_sim.analysis.verdicts import write
from consensus_sim.jobs.response import draw, plan_of, show, simulate
from consensus_sim.report.typeface import styled
from consensus_sim.runs.engines import Processes
from consensus_sim.study.config import compose


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options, run, write the table and the figure, say how much is enough."""
    options = study_options(__file__, __doc__, "replicates", "community", "seed", "weeks", "only", "workers", "work")
    given = options.parse_args(arguments)
    own = [f"community={given.community}", f"seed={given.seed}", f"replicates={given.replicates}"]
    if given.weeks is not None:
        own.append(f"calendar.weeks={given.weeks}")
    if given.only is not None:
        own.append(f"scenarios=[{','.join(given.only)}]")
    config = compose(["experiment=response", *own])
    plan = plan_of(config)
    table, community, finish = simulate(plan, config, Processes(given.workers), given.work / ".replicates")
    write(table, given.out / "response.csv")
    for language, end in (("en", "png"), ("zh", "zh.png")):
        with styled():
            draw(plan, table, language).savefig(given.out / f"response.{end}", dpi=110)
    finish()
    show(plan, table, community, "en")


if __name__ == "__main__":
    main()
