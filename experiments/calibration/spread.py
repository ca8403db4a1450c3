"""How much of each figure's spread calibration takes away, and how much is chance that it cannot: one command.

    python experiments/calibration/spread.py                      # 2 x 512 sets x 4 runs, about 0.15 s each on one core

Plays sets of the shipped posterior and their twins: the same draw of all parameters that stay at their prior, the
calibrated ones from the prior's design; both meet the same chance. Writes results/reference/spread.csv, a row a figure
of E1: 90 % intervals of single runs (`run_`) and of the mean over a set's runs (`mean_`: what a set leads one to
expect, with less of the chance), standard deviations between sets (`sd_parameters`, chance taken out) and within them
(`sd_chance`), of sets all of whose runs define the figure, and ratios, posterior to prior, of the intervals' widths
(`run_ratio`, `mean_ratio`) and of the deviation between sets (`parameters_ratio`), each with its 90 % bootstrap
interval over sets (`_low`, `_high`). An interrupted run goes on when it is repeated.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from consensus_sim.analysis.calibrate import read_problem
from consensus_sim.analysis.design import Stored, play, values_at
from consensus_sim.analysis.options import study_options
from consensus_sim.analysis.targets import Target
from consensus_sim.analysis.verdicts import write
from consensus_sim.community import build_community
from consensus_sim.errors import InputError
from consensus_sim.forecast.variance import split
from consensus_sim.runs.engines import Processes
from consensus_sim.study.config import compose
from consensus_sim.study.posterior import read_posterior

Matrix = NDArray[np.float64]
FIRST = 900_000
"""Replicate from which the runs are numbered: chance that no run of the calibration has met."""
BOUNDS = (0.05, 0.95)
RESAMPLES = 500
"""Bootstrap samples of the sets, behind the intervals of the ratios."""


def spread_row(target: Target, prior: Matrix, posterior: Matrix) -> dict[str, object]:
    """The row of one figure from its values (sets, runs), NaN where undefined."""
    row: dict[str, object] = {"target": target.name, "source": target.source, "unit": target.unit}
    for name, values in (("prior", prior), ("posterior", posterior)):
        for kind, found in (("run", values), ("mean", _means(values))):
            low, high = _bounds(found)
            row |= {f"{kind}_{name}_q05": low, f"{kind}_{name}_q95": high}
        parts = _split(values)
        row |= {f"sd_{part}_{name}": parts[part] ** 0.5 for part in ("parameters", "chance")}
    found = ratios(prior, posterior)
    rng = np.random.default_rng(1)
    drawn = [ratios(prior[rows], posterior[rows]) for rows in rng.integers(len(prior), size=(RESAMPLES, len(prior)))]
    for kind, ratio in found.items():
        low, high = np.quantile([one[kind] for one in drawn], BOUNDS)
        row |= {f"{kind}_ratio": ratio, f"{kind}_ratio_low": low, f"{kind}_ratio_high": high}
    return row


def ratios(prior: Matrix, posterior: Matrix) -> dict[str, float]:
    """Posterior to prior, of values (sets, runs): widths of the 90 % intervals of single runs and of sets' means, and
    the standard deviation between sets with chance taken out; NaN where the prior's is 0.
    """
    pair = (posterior, prior)
    widths = {
        "run": [float(np.ptp(_bounds(values))) for values in pair],
        "mean": [float(np.ptp(_bounds(_means(values)))) for values in pair],
        "parameters": [_split(values)["parameters"] ** 0.5 for values in pair],
    }
    return {kind: own / before if before > 0 else float("nan") for kind, (own, before) in widths.items()}


def _split(values: Matrix) -> dict[str, float]:
    """The variance components of values (sets, runs) over the sets all of whose runs are defined."""
    values = values[~np.isnan(values).any(axis=1)]
    return split(values.ravel(), np.arange(len(values)).repeat(values.shape[1]), bounds=False)


def _means(values: Matrix) -> Matrix:
    """(sets,); a set in which no run defines the figure has no mean."""
    defined = ~np.isnan(values)
    found: Matrix = np.full(len(values), np.nan)
    np.divide(np.where(defined, values, 0.0).sum(axis=1), defined.sum(axis=1), out=found, where=defined.any(axis=1))
    return found


def _bounds(values: Matrix) -> Matrix:
    """The bounds of the 90 % interval of those that are defined."""
    defined = values[~np.isnan(values)]
    found: Matrix = np.quantile(defined, BOUNDS) if len(defined) else np.full(2, np.nan)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options, play, write the table."""
    options = study_options(__file__, __doc__, "community", "seed", "workers", "work")
    options.add_argument("--sets", type=int, default=512, help="sets of the posterior, and as many twins")
    options.add_argument("--chances", type=int, default=4, help="runs of each set, at least 2")
    options.add_argument("--posterior", default="case_study", help="the posterior (default: the shipped one)")
    given = options.parse_args(arguments)
    if given.sets < 2 or given.chances < 2:
        options.error(f"found --sets {given.sets} --chances {given.chances}; allowed: at least 2 of each")
    try:
        table = spread_table(given)
    except InputError as error:
        options.error(str(error))
    write(table, given.out / "spread.csv")
    print(table[["target", *(name for name in table if "_ratio" in name)]].to_string(index=False))


def spread_table(given: argparse.Namespace) -> pd.DataFrame:
    """Play the sets and their twins as the options say; a row a figure. Raises InputError."""
    config = compose(["experiment=calibrate", f"community={given.community}", f"seed={given.seed}"])
    problem = read_problem(config, build_community(config["community"]))
    sets = read_posterior(given.posterior)
    drawn = [column for column, p in enumerate(problem.parameters) if p.varies]
    if sets.names != tuple(problem.parameters[column].name for column in drawn):
        raise InputError(f"posterior: {given.posterior} has other parameters than are drawn; calibrate again")
    design = values_at(problem.behaviour, problem.quantiles[: len(sets.values)])
    posterior = design.copy()
    posterior[:, drawn] = sets.values
    prior = posterior.copy()
    prior[:, problem.moved] = design[:, problem.moved]
    count = min(given.sets, len(prior))
    found = []
    for values in (prior, posterior):
        work = problem.work(np.repeat(values[:count], given.chances, axis=0), FIRST)
        told = play(work, range(count * given.chances), Processes(given.workers), Stored(given.work / ".replicates"))
        found.append({name: line.reshape(count, given.chances) for name, line in told.items()})
    fitted = [target for target in problem.targets if target.use == "calibration"]
    return pd.DataFrame([spread_row(t, found[0][t.statistic], found[1][t.statistic]) for t in fitted])


if __name__ == "__main__":
    main()
