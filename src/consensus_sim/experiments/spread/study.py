"""Reduction of each figure's spread by calibration, and the spread between random draws, which it cannot reduce.

Runs parameter draws ("sets") from the posterior and their twins. A twin has the same values of all parameters that
stay at their prior, and calibrated parameters from the prior's design; both use common random numbers. The table has
one row per figure of E1: 90 % intervals of single runs (`run_`) and of the mean over a set's runs (`mean_`, with less
Monte Carlo noise); standard deviations between sets (`sd_parameters`, without Monte Carlo noise) and within them
(`sd_chance`), over the sets in which every run defines the figure; and ratios, posterior to prior, of the intervals'
widths (`run_ratio`, `mean_ratio`) and of the deviation between sets (`parameters_ratio`), each with its 90 % bootstrap
interval over sets (`_low`, `_high`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import ConfigDict

from consensus_sim.errors import InputError
from consensus_sim.experiments.calibrate.study import read_problem
from consensus_sim.experiments.design import values_at
from consensus_sim.experiments.runner import Command, Findings
from consensus_sim.experiments.targets import Target
from consensus_sim.forecast.variance import split
from consensus_sim.settings import STRICT, read, setting
from consensus_sim.study.posterior import read_posterior

Matrix = NDArray[np.float64]
FIRST = 900_000
"""Number of the first replicate: its random draws are independent of those of the calibration."""
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
    own = ratios(prior, posterior)
    rng = np.random.default_rng(1)
    drawn = [ratios(prior[rows], posterior[rows]) for rows in rng.integers(len(prior), size=(RESAMPLES, len(prior)))]
    for kind, ratio in own.items():
        low, high = np.quantile([one[kind] for one in drawn], BOUNDS)
        row |= {f"{kind}_ratio": ratio, f"{kind}_ratio_low": low, f"{kind}_ratio_high": high}
    return row


def ratios(prior: Matrix, posterior: Matrix) -> dict[str, float]:
    """Posterior to prior, of values (sets, runs): widths of the 90 % intervals of single runs and of sets' means, and
    the standard deviation between sets without Monte Carlo noise; NaN where the prior's is 0.
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


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The node `spread`: sets of the posterior, and as many twins; runs of each."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    sets: int = setting(2, 100_000, "sets", integer=True)
    chances: int = setting(2, 1000, "runs", integer=True)


def run(command: Command) -> Findings:
    """Runs the sets and their twins."""
    config = command.config
    settings, problem = read(Settings, config.get("spread"), "spread"), read_problem(config, command.community)
    posterior = read_posterior(config["posterior"]["file"])
    drawn = [column for column, p in enumerate(problem.parameters) if p.varies]
    if posterior.names != tuple(problem.parameters[column].name for column in drawn):
        raise InputError("posterior_has_others", found=posterior.file)
    prior = values_at(problem.behaviour, problem.quantiles[: len(posterior.values)])
    own = prior.copy()
    own[:, drawn] = posterior.values
    twins = own.copy()
    twins[:, problem.moved] = prior[:, problem.moved]
    count, found = min(settings.sets, len(prior)), []
    for values in (twins, own):
        sets = problem.sets(np.repeat(values[:count], settings.chances, axis=0), FIRST)
        told = problem.design().statistics(sets, command.simulator)
        found.append({name: line.reshape(count, settings.chances) for name, line in told.items()})
    fitted = [target for target in problem.targets if target.use == "calibration"]
    table = pd.DataFrame([spread_row(t, found[0][t.statistic], found[1][t.statistic]) for t in fitted])
    shown = table[["target", *(name for name in table if "_ratio" in str(name))]].to_string(index=False)
    show = lambda language, console: console.print(shown, soft_wrap=True)  # noqa: E731
    return Findings(study=problem.study, tables={"spread": table}, show=show)
