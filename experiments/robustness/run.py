"""Does the ranking of scenarios survive if the model is built otherwise: one command.

    python experiments/robustness/run.py                    # 28,000 runs: some 50 minutes of one core
    python experiments/robustness/run.py --replicates 64    # a third of that, wider intervals

Plays the scenarios of configs/experiment/robustness.yaml, with parameters drawn from the posterior, under every
structural alternative named there (rules of talk and of settling, kinds of network, rules of taking part, stakes of
topics), one at a time, and the same structure under other chance, which says how far rankings agree at best. Writes
results/reference/robustness.csv. An interrupted run goes on when it is repeated.
"""

from __future__ import annotations

from collections.abc import Sequence

from consensus_sim.analysis.options import study_options
from consensus_sim.analysis.robustness import BASE, read_alternatives, robustness_table
from consensus_sim.analysis.verdicts import write
from consensus_sim.catalogue import metric
from consensus_sim.jobs.robustness import alternative, play
from consensus_sim.runs.engines import Processes
from consensus_sim.study.config import compose
from consensus_sim.study.study import read_study


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options, play, write the table and the page, say how it went."""
    options = study_options(__file__, __doc__, "replicates", "community", "seed", "weeks", "only", "workers", "work")
    given = options.parse_args(arguments)
    own = [f"community={given.community}", f"seed={given.seed}", f"replicates={given.replicates}"]
    if given.weeks is not None:
        own.append(f"calendar.weeks={given.weeks}")
    plain, config = compose(), compose(["experiment=robustness", *own])
    metrics, alternatives = read_alternatives(config["robustness"])
    chosen = [each for each in alternatives if given.only is None or each.name in given.only]
    if given.only is not None and len(chosen) < len(set(given.only)):
        options.error(f"--only: found {' '.join(given.only)}; allowed: {' '.join(each.name for each in alternatives)}")
    contents = {BASE: config} | {each.name: alternative(config, plain, each.settings) for each in chosen}
    studies = {name: read_study(content) for name, content in contents.items()}  # all are checked before any is played
    engine, store = Processes(given.workers), given.work / ".replicates"
    played = {name: play(contents[name], study, engine, store) for name, study in studies.items()}
    better = {name: metric(name).direction for name in metrics}
    table, _ = robustness_table(played, metrics, better, studies[BASE].draws())
    write(table, given.out / "robustness.csv")
    for name, rows in table.groupby("alternative", sort=False):
        pairs, kept, turned = (int(rows[column].sum()) for column in ("pairs", "kept", "reversed"))
        print(f"{name}: tau {rows['tau'].median():.2f}; of {pairs} pairs {kept} kept, {turned} reversed")


if __name__ == "__main__":
    main()
