"""Calibration of the behaviour's parameters on targets: runs over the priors, posterior sets, how far to trust them.

Method, sources and limits: docs/calibration.md. Steps: `analysis.design` (runs), `analysis.emulator` (inference).
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Collection, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from consensus_sim.analysis.design import (
    DesignWork,
    Period,
    Periods,
    Stored,
    play,
    read_periods,
    sobol,
    told_by,
    values_at,
)
from consensus_sim.analysis.emulator import Emulator, Posterior, need_sklearn, recover
from consensus_sim.analysis.tables import identification, joint_table, predictive_table, recovery_table
from consensus_sim.analysis.targets import Target, check_told, read_targets, target_files
from consensus_sim.errors import InputError, not_allowed, phrase
from consensus_sim.parameters import Behaviour, Parameter
from consensus_sim.settings import STRICT, FilePath, accepted, number_phrase, read, setting
from consensus_sim.study.scenario import Study

if TYPE_CHECKING:
    import pandas as pd

    from consensus_sim.community import Community
    from consensus_sim.runs.engines import Engine

Matrix = NDArray[np.float64]
Statistics = dict[str, Matrix]
CHECK = "plain"
"""Period that only the predictive check plays."""
SECOND = 300_000
"""Replicate from which the runs of the second wave are numbered: chance that no run of the first has met."""
AGAIN = 500_000
"""Replicate from which the predictive runs are numbered: chance that no run of the table has met."""


COMPONENTS = 6
"""Principal components by which sets are told to be alike."""
MOST_RUNS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The node `calibration`; see configs/experiment/calibrate.yaml."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    runs: int = setting(100, MOST_RUNS, "runs", integer=True)
    second_wave: int = setting(0, MOST_RUNS, "runs", integer=True)
    held_out: int = setting(0, MOST_RUNS, "runs", integer=True)
    trees: int = setting(10, 5000, integer=True)
    candidates: int = setting(16, 65536, integer=True)
    sets: int = setting(30, MOST_RUNS, integer=True)
    predictive: int = setting(0, MOST_RUNS, integer=True)
    posterior: Annotated[FilePath, accepted(lambda file: file.endswith(".csv"), "a_csv_file_name")] | None = None
    periods: Periods

    @classmethod
    def from_config(cls, config: object) -> Settings:
        """Checked settings. Raises InputError."""
        found = read(cls, config, "calibration")
        for name, most in (("held_out", found.runs // 2), ("sets", found.runs)):
            if getattr(found, name) > most:
                low = 30 if name == "sets" else 0
                raise not_allowed(f"calibration.{name}", getattr(found, name), number_phrase(low, most, True, "runs"))
        return found


@dataclass(frozen=True, eq=False)
class Problem:
    """What is calibrated: study and community, periods, targets, and the prior's design.

    reserve: further points of the design, for the parameters that stay at their prior in the second wave
    left_out: figures kept for validation in periods that are not played here
    """

    study: Study
    community: Community
    periods: tuple[Period, ...]
    targets: list[Target]
    settings: Settings
    behaviour: Behaviour
    quantiles: Matrix
    reserve: Matrix
    left_out: tuple[str, ...] = ()

    @property
    def parameters(self) -> list[Parameter]:
        """All parameters, in the order of the design's columns."""
        return list(self.behaviour)

    @property
    def moved(self) -> NDArray[np.int64]:
        """Columns of the parameters that calibration may move."""
        return np.flatnonzero([p.calibrate for p in self.parameters])

    @property
    def candidates(self) -> Matrix:
        """Quantiles that are tried for the calibrated parameters, (candidates, parameters); they fill their prior."""
        from scipy.stats import qmc

        sampler = qmc.Sobol(len(self.moved), scramble=True, rng=np.random.default_rng([self.study.seed, 1]))
        found: Matrix = sampler.random(self.settings.candidates)
        return found

    @property
    def calibrated(self) -> list[Parameter]:
        """Those parameters."""
        return [self.parameters[column] for column in self.moved]

    def work(self, values: Matrix, first: int = 0, check: bool = False) -> DesignWork:
        """What plays sets of `values`; `check`: also the periods that only the predictive check needs."""
        wanted = {t.period for t in self.targets}
        periods = tuple(p for p in self.periods if p.name in wanted and (check or p.name != CHECK))
        names = tuple(p.name for p in self.parameters)
        asked = tuple(t.statistic for t in self.targets if "/" in t.statistic)
        growing = not check
        return DesignWork(self.community, self.study, periods, names, values, first, growing, asked)


def read_problem(config: Mapping[str, Any], community: Community) -> Problem:
    """The problem that a composed config (experiment=calibrate) describes. Raises InputError."""
    from consensus_sim.study.study import read_study

    need_sklearn()
    settings = Settings.from_config(config.get("calibration"))
    study = replace(read_study(config, community=community.spec.as_dict()), parameters="centre", posterior=None)
    if community.places.n_copies > 1:
        raise not_allowed("community.scale", community.places.n_copies, phrase("one_in_a_calibration"))
    periods = read_periods("calibration.periods", settings.periods, study)
    names = [p.name for p in periods]
    told = read_targets(target_files(config.get("targets")), names, elsewhere=("validation",))
    targets, left_out = ([t for t in told if (t.period in names) == here] for here in (True, False))
    behaviour = Behaviour.from_config(config["behaviour"])
    if not any(p.calibrate for p in behaviour):
        raise InputError("nothing_to_calibrate")
    design = sobol(behaviour, settings.runs + settings.second_wave, study.seed)
    first, reserve = design[: settings.runs], design[settings.runs :]
    others = tuple(target.name for target in left_out)
    return Problem(study, community, tuple(periods), targets, settings, behaviour, first, reserve, others)


def fitted(targets: Sequence[Target], statistics: Statistics) -> list[Target]:
    """The targets that take part in the fit. Raises InputError for a statistic that the model does not tell."""
    check_told([target for target in targets if target.period != CHECK], statistics)
    return [target for target in targets if target.use == "calibration"]


def matrix_of(targets: Sequence[Target], statistics: Statistics) -> Matrix:
    """(runs, targets) on the targets' scales."""
    return np.column_stack([target.scaled(statistics[target.statistic]) for target in targets])


class Wave(NamedTuple):
    """Runs beside the design: quantiles of all parameters (runs, parameters), and their statistics."""

    quantiles: Matrix
    statistics: Statistics


def alike(values: Matrix) -> NDArray[np.int64]:
    """Order of the rows of `values` (rows, columns), NaN where undefined, in which neighbours are alike: (rows,).

    k-d order (Bentley 1975, Commun. ACM 18) over the first `COMPONENTS` principal components of the columns' ranks.
    """
    from scipy.stats import rankdata

    told = values[:, ~np.isnan(values).all(axis=0)]
    ranks = rankdata(np.where(np.isnan(told), np.nanmedian(told, axis=0), told), axis=0)
    centred = ranks - ranks.mean(axis=0)
    left, size, _ = np.linalg.svd(centred / np.maximum(centred.std(axis=0), 1e-12), full_matrices=False)
    points = (left * size)[:, :COMPONENTS]

    def split(rows: NDArray[np.int64], depth: int) -> list[int]:
        if len(rows) < 2:
            return rows.tolist()
        along = rows[np.argsort(points[rows, depth % points.shape[1]], kind="stable")]
        half = len(rows) // 2
        return split(along[:half], depth + 1) + split(along[half:], depth + 1)

    return np.array(split(np.arange(len(values)), 0), np.int64)


class Calibration:
    """The inference on one table of runs.

    problem: what is calibrated; statistics: of every set of the design; targets: those of the fit
    emulator: of these targets' statistics, learned from the design and, where there is one, a second wave of runs
    """

    def __init__(self, problem: Problem, statistics: Statistics, second: Wave | None = None) -> None:
        self.problem, self.statistics = problem, statistics
        self.targets = fitted(problem.targets, statistics)
        if not self.targets:
            raise InputError("no_target_to_fit")
        table = slice(0, problem.settings.runs - problem.settings.held_out)
        quantiles, told = problem.quantiles[table], matrix_of(self.targets, statistics)[table]
        if second is not None:
            quantiles = np.concatenate((quantiles, second.quantiles))
            told = np.concatenate((told, matrix_of(self.targets, second.statistics)))
        self.emulator = Emulator.fit(
            quantiles,
            problem.moved,
            told,
            self.errors,
            problem.quantiles[: problem.settings.sets],
            problem.candidates,
            problem.settings.trees,
            problem.study.seed,
        )
        self._infer()

    def second_wave(self, engine: Engine, stored: Stored) -> Calibration:
        """The same, learned also from runs where this posterior is: `second_wave` sets of it, all other parameters from
        further points of the prior's design (sequential neural or synthetic likelihoods do the same: what is learned is
        the likelihood given the parameters, so that it does not matter where they were drawn).
        """
        count = self.problem.settings.second_wave
        if not count:
            return self
        times = -(-count // self.problem.settings.sets)
        sets = self.emulator.posterior(self.observed, self.problem.study.seed, times).quantiles
        quantiles = self.problem.reserve.copy()
        quantiles[:, self.problem.moved] = np.random.default_rng(0).permutation(sets)[:count]
        work = self.problem.work(values_at(self.problem.behaviour, quantiles), SECOND)
        found = play(work, range(count), engine, stored)
        return Calibration(self.problem, self.statistics, Wave(quantiles, found))

    def joint(self, again: Statistics) -> pd.DataFrame:
        """Whether the figures lie jointly within what prior and posterior (`again`) predict."""
        runs = {"prior": self.statistics, "posterior": again}
        return joint_table(self.targets, {name: matrix_of(self.targets, told) for name, told in runs.items()})

    def without(self, names: Collection[str]) -> Calibration:
        """The same with the targets `names` left out of the fit."""
        other = copy(self)
        kept = [number for number, target in enumerate(self.targets) if target.name not in names]
        other.targets, other.emulator = [self.targets[number] for number in kept], self.emulator.only(kept)
        other._infer()
        return other

    def _infer(self) -> None:
        self.posterior = self.emulator.posterior(self.observed, self.problem.study.seed)

    @property
    def errors(self) -> Matrix:
        """The observation's standard deviations, (targets,)."""
        return np.array([target.error for target in self.targets])

    @property
    def observed(self) -> Matrix:
        """What was reported, (targets,), on the targets' scales."""
        return np.array([float(target.scaled(target.value)) for target in self.targets])

    @property
    def values(self) -> Matrix:
        """Complete parameter sets of the posterior, (sets, parameters)."""
        quantiles = self.problem.quantiles[self.posterior.rows].copy()
        quantiles[:, self.problem.moved] = self.posterior.quantiles
        return values_at(self.problem.behaviour, quantiles)

    def recovery(self) -> pd.DataFrame:
        """How well known truths, held out of the table, are found again."""
        held = slice(self.problem.settings.runs - self.problem.settings.held_out, self.problem.settings.runs)
        truths = self.problem.quantiles[held][:, self.problem.moved]
        told = matrix_of(self.targets, self.statistics)[held]
        found = recover(self.emulator, truths, told, self.errors, self.problem.study.seed + 1)
        return recovery_table(self.problem.calibrated, *found)

    def identification(self) -> pd.DataFrame:
        """What the data say of each calibrated parameter."""
        return identification(self.problem.calibrated, self.posterior)

    def resampled(self, count: int) -> Matrix:
        """`count` parameter sets drawn by weight (systematic resampling: no more often than the weight asks)."""
        at = (np.arange(count) + 0.5) / count
        rows = np.searchsorted(np.cumsum(self.posterior.weights), at)
        return self.values[np.minimum(rows, len(self.posterior.weights) - 1)]

    def predictive(self, engine: Engine, stored: Stored) -> tuple[Statistics, pd.DataFrame]:
        """Play sets of the posterior again under other chance: their statistics, and the table of the check."""
        count = self.problem.settings.predictive
        work = self.problem.work(self.resampled(count), AGAIN, check=True)
        found = play(work, range(count), engine, stored)
        table = slice(0, self.problem.settings.runs)
        prior = {name: values[table] for name, values in self.statistics.items()}
        return found, predictive_table(self.problem.targets, prior, found)

    def ordered(self, again: Statistics) -> Calibration:
        """The same with its sets in an order in which neighbours behave alike, by the statistics `again` of each set:
        forecasts draw rows evenly along the table (`ParameterSets.drawn`), so their means then vary less.
        """
        if self.problem.settings.predictive != len(self.posterior.rows):
            return self
        other, order = copy(self), alike(np.column_stack(list(again.values())))
        rows, weights, quantiles = (each[order] for each in vars(self.posterior).values())
        other.posterior = Posterior(rows, weights, quantiles)
        return other

    def posterior_table(self) -> pd.DataFrame:
        """Weight and value of every parameter that is drawn, one row a set."""
        import pandas as pd

        drawn = [column for column, p in enumerate(self.problem.parameters) if p.varies]
        names = [self.problem.parameters[column].name.removeprefix("behaviour.") for column in drawn]
        table = pd.DataFrame(self.values[:, drawn], columns=names)
        table.insert(0, "weight", self.posterior.weights)
        return table

    def about(self) -> dict[str, Any]:
        """What is needed to make the posterior again, and the centres it was made at."""
        from importlib import metadata

        from consensus_sim.runs.store import code_digest

        digest = hashlib.blake2b(repr(sorted((t.name, t.value, t.error) for t in self.problem.targets)).encode())
        return {
            "made_by": "experiment=calibrate",
            "method": "synthetic likelihood by an emulator; all other parameters at their priors",
            "version": metadata.version("consensus-sim"),
            "sources": code_digest(),
            "libraries": {name: metadata.version(name) for name in ("numpy", "scipy", "scikit-learn")},
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "community": self.problem.community.fingerprint,
            "seed": self.problem.study.seed,
            "runs": self.problem.settings.runs,
            "second_wave": self.problem.settings.second_wave,
            "trees": self.problem.settings.trees,
            "candidates": self.problem.settings.candidates,
            "sets": len(self.posterior.rows),
            "effective_candidates": round(self.emulator.effective(self.observed), 1),
            "targets": {t.name: {"statistic": t.statistic, "value": t.value} for t in self.targets},
            "targets_digest": digest.hexdigest()[:32],
            "calibrated": [p.name.removeprefix("behaviour.") for p in self.problem.calibrated],
            "centre": {p.name.removeprefix("behaviour."): p.value for p in self.problem.parameters},
        }

    def write_posterior(self, place: Path) -> None:
        """Write the posterior as `place` (.csv), and how it was made beside it (.yaml), each whole or not at all."""
        import yaml

        from consensus_sim.saving import write_whole

        text = self.posterior_table().to_csv(index=False, float_format="%.6g", lineterminator="\n")
        head = "# How the table of the same name was made: see docs/calibration.md.\n"
        about = head + yaml.safe_dump(self.about(), sort_keys=False, allow_unicode=True)
        write_whole(place.with_suffix(".yaml"), about.encode())
        write_whole(place, text.encode())


def simulate(problem: Problem, engine: Engine, stored: Stored, *, cold: bool = False) -> Statistics:
    """Play the whole design: statistic -> (runs,). Raises InputError for a target of what no run tells."""
    values = values_at(problem.behaviour, problem.quantiles)
    check_told(problem.targets, told_by(problem.work(values[:1], check=True)))
    return play(problem.work(values), range(problem.settings.runs), engine, stored, cold=cold)


def run_calibration(
    config: Mapping[str, Any], engine: Engine, folder: Path, started: datetime.datetime
) -> tuple[Path, Problem, dict[str, pd.DataFrame]]:
    """The experiment, on `engine`: everything to `folder` (posterior.csv and .yaml, identification.csv, recovery.csv,
    posterior_predictive.csv, joint.csv, table.parquet); its place, what was calibrated, and the tables by name.
    """
    from consensus_sim.analysis.design import save_table
    from consensus_sim.community import build_community
    from consensus_sim.forecast.forecast import NUMBERS, write_origin
    from consensus_sim.forecast.run import first_start
    from consensus_sim.saving import save_whole

    cold = first_start()
    problem = read_problem(config, build_community(config["community"]))
    stored = Stored(Path(config["results"]) / ".replicates", config["store"]["reuse"], config["store"]["keep"])
    statistics = simulate(problem, engine, stored, cold=cold)
    found = Calibration(problem, statistics).second_wave(engine, stored)
    tables = {"identification": found.identification()}
    if problem.settings.held_out:
        tables["recovery"] = found.recovery()
    if problem.settings.predictive:
        again, tables["posterior_predictive"] = found.predictive(engine, stored)
        tables["joint"] = found.joint(again)
        found = found.ordered(again)

    def write(place: Path) -> None:
        for name, table in tables.items():
            table.to_csv(place / f"{name}.csv", index=False, float_format=NUMBERS, lineterminator="\n")
        save_table(place / "table.parquet", statistics, {"runs": problem.settings.runs, "seed": problem.study.seed})
        found.write_posterior(place / "posterior.csv")
        write_origin(place, problem.study, config, started)

    place = save_whole(folder, write)
    if problem.settings.posterior is not None:
        found.write_posterior(Path(problem.settings.posterior))
    stored.clear()
    return place, problem, tables
