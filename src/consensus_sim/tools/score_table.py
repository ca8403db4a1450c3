"""Makes the scores of a posterior's parameter draws, which adjust means (`consensus_sim.study.scores`).

    python -m consensus_sim.tools.score_table                  # configs/posterior/case_study.csv, three minutes
    python -m consensus_sim.tools.score_table mine.csv         # writes scores/mine.csv beside it

Every draw is simulated twice in scenario `council` on the case study's community, under a seed that no study uses.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from consensus_sim.catalogue import contrast_metrics
from consensus_sim.study.draws import draw_number
from consensus_sim.study.scores import Scores, write_scores

if TYPE_CHECKING:
    import pandas as pd

    from consensus_sim.study.draws import Draws

SCENARIO, SEED, RUNS = "council", 9001, 2


def replicates_for(draws: int) -> int:
    """Returns how many replicates hold `RUNS` runs of each of `draws` parameter draws of equal weight."""
    wanted = RUNS * 2 ** math.ceil(math.log2(draws))
    return next(count for count in range(wanted, 2 * wanted) if draw_number(count - 1) + 1 == wanted)


def scores_of_runs(metrics: pd.DataFrame, draws: Draws, community: str, count: int) -> Scores:
    """Returns the mean of every headline metric over the runs of each of `count` draws.

    metrics: columns replicate, metric, group, value; draws: the draw of each replicate; community: fingerprint
    A replicate that repeats the draw of the one before it is left out, and a metric that is constant or undefined in
    half of the runs. A draw in which a metric is undefined gets the mean of the others: a score need only be known.
    """
    numbers = draw_number(np.arange(len(draws)))
    kept = np.flatnonzero(np.diff(numbers, prepend=-1) > 0)
    table = metrics[metrics["group"].astype(str) == "all"].pivot(index="replicate", columns="metric", values="value")
    runs = table.reindex(kept)
    often = runs.columns[(runs.notna().mean() > 0.5) & (runs.nunique() > 1)]
    mean = runs[often].groupby(draws[kept]).mean().reindex(range(count)).fillna(runs[often].mean())
    names = [name for name in contrast_metrics() if name in often]
    return Scores(community, tuple(names), mean[names].to_numpy().T)


def main(arguments: Sequence[str] | None = None) -> None:
    """Simulates, writes the file and prints where it lies."""
    from consensus_sim import compare
    from consensus_sim.study.posterior import posterior_file, read_posterior

    options = argparse.ArgumentParser(prog="python -m consensus_sim.tools.score_table", description=__doc__)
    options.add_argument("posterior", nargs="?", default="case_study", help="a table of configs/posterior, or a file")
    name = options.parse_args(arguments).posterior
    sets = read_posterior(name)
    count = len(sets.weights)
    overrides = ["parameters=posterior", f"posterior={name}"]
    forecast = compare("case_study", [SCENARIO], replicates=replicates_for(count), seed=SEED, overrides=overrides)
    draws = forecast.study.draws()
    assert draws is not None
    scores = scores_of_runs(forecast.tables["metrics"], draws, forecast.community.fingerprint, count)
    print(write_scores(posterior_file(name), scores, sets.digest, scenario=SCENARIO, seed=SEED, runs=RUNS))


if __name__ == "__main__":
    main()
