"""Calibration of the behaviour's parameters on targets: runs over the priors, posterior draws, and their limits.

Method, sources and limits: docs/calibration.md. Steps: `experiments.design` (runs), `emulator` (inference).
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

from consensus_sim.errors import InputError, not_allowed, phrase
from consensus_sim.experiments.calibrate.emulator import Emulator, Posterior, need_sklearn, recover
from consensus_sim.experiments.calibrate.tables import identification, joint_table, predictive_table, recovery_table
from consensus_sim.experiments.calibrate.text import print_calibration
from consensus_sim.experiments.design import (
    Design,
    Period,
    Periods,
    Statistics,
    read_periods,
    save_table,
    sobol,
    values_at,
)
from consensus_sim.experiments.runner import Command, Findings
from consensus_sim.experiments.targets import Target, check_told, read_targets, target_files
from consensus_sim.parameters import Behaviour, Parameter
from consensus_sim.runs.work import Sets
from consensus_sim.settings import STRICT, FilePath, accepted, number_phrase, read, setting
from consensus_sim.study.scenario import Study

if TYPE_CHECKING:
    import pandas as pd

    from consensus_sim.community import Community
    from consensus_sim.forecast.simulator import Simulator

Matrix = NDArray[np.float64]
CHECK = "plain"
"""Period that is simulated only for the predictive check."""
SECOND = 300_000
"""Number of the second wave's first replicate: its random draws are independent of those of the first wave."""
AGAIN = 500_000
"""Number of the first predictive replicate: its random draws are independent of those of the table."""


COMPONENTS = 6
"""Number of principal components on which `alike` compares parameter draws."""
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
    """Calibration problem: study and community, periods, targets, and the prior's design.

    reserve: further points of the design, for the parameters that stay at their prior in the second wave
    left_out: figures kept for validation in periods that are not simulated here
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

    def sets(self, values: Matrix, first: int = 0) -> Sets:
        """Complete parameter draws of `values`; `first`: replicate of the first one, which fixes the random draws."""
        return Sets(tuple(p.name for p in self.parameters), values, first)

    def design(self, *, check: bool = False) -> Design:
        """Design of the runs under parameter draws; `check`: includes periods that only the predictive check needs."""
        wanted = {t.period for t in self.targets}
        periods = tuple(p for p in self.periods if p.name in wanted and (check or p.name != CHECK))
        asked = tuple(t.statistic for t in self.targets if "/" in t.statistic)
        return Design(self.community, self.study, periods, asked)


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
    """Targets that take part in the fit. Raises InputError for a statistic that the model does not provide."""
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

    def second_wave(self, simulator: Simulator) -> Calibration:
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
        found = self.problem.design().statistics(
            self.problem.sets(values_at(self.problem.behaviour, quantiles), SECOND), simulator
        )
        return Calibration(self.problem, self.statistics, Wave(quantiles, found))

    def joint(self, again: Statistics) -> pd.DataFrame:
        """Joint test of all figures against the prior predictive and posterior predictive (`again`) distributions."""
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
        """Reported values, (targets,), on the targets' scales."""
        return np.array([float(target.scaled(target.value)) for target in self.targets])

    @property
    def values(self) -> Matrix:
        """Complete parameter draws from the posterior, (sets, parameters)."""
        quantiles = self.problem.quantiles[self.posterior.rows].copy()
        quantiles[:, self.problem.moved] = self.posterior.quantiles
        return values_at(self.problem.behaviour, quantiles)

    def recovery(self) -> pd.DataFrame:
        """Simulation-based calibration (SBC) with known truths that are held out of the table."""
        held = slice(self.problem.settings.runs - self.problem.settings.held_out, self.problem.settings.runs)
        truths = self.problem.quantiles[held][:, self.problem.moved]
        told = matrix_of(self.targets, self.statistics)[held]
        found = recover(self.emulator, truths, told, self.errors, self.problem.study.seed + 1)
        return recovery_table(self.problem.calibrated, *found)

    def identification(self) -> pd.DataFrame:
        """Identifiability of each calibrated parameter."""
        return identification(self.problem.calibrated, self.posterior)

    def resampled(self, count: int) -> Matrix:
        """`count` parameter draws, sampled in proportion to their weight by systematic resampling."""
        at = (np.arange(count) + 0.5) / count
        rows = np.searchsorted(np.cumsum(self.posterior.weights), at)
        return self.values[np.minimum(rows, len(self.posterior.weights) - 1)]

    def predictive(self, simulator: Simulator) -> tuple[Statistics, pd.DataFrame]:
        """Runs posterior parameter draws with new random numbers: their statistics, and the table of the check."""
        count = self.problem.settings.predictive
        sets = self.problem.sets(self.resampled(count), AGAIN)
        found = self.problem.design(check=True).statistics(sets, simulator)
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
        """Information needed to reproduce the posterior, and the parameters' centres at which it was computed."""
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


def simulate(problem: Problem, simulator: Simulator) -> Statistics:
    """Runs the whole design: statistic -> (runs,). Raises InputError for a target whose statistic no run provides."""
    sets = problem.sets(values_at(problem.behaviour, problem.quantiles))
    check_told(problem.targets, problem.design(check=True).available(sets))
    return problem.design().statistics(sets, simulator)


LEFT_OUT = ("attendance_last4", "attendance_tea", "matters_landed_council", "frequency_ordinary")
"""Targets of the published held-out split: one of each kind (attendance at both venues, outcome, frequency)."""


def run(command: Command) -> Findings:
    """Calibrates on the figures that the config names. Results: identifiability of each parameter, SBC, and the
    posterior, which is also written to `calibration.posterior`.
    """
    problem, simulator = read_problem(command.config, command.community), command.simulator
    settings, statistics = problem.settings, simulate(problem, simulator)
    found = Calibration(problem, statistics).second_wave(simulator)
    tables, again, ordered = {"identification": found.identification()}, None, found
    if settings.held_out:
        tables["recovery"] = found.recovery()
    if settings.predictive:
        again, tables["posterior_predictive"] = found.predictive(simulator)
        tables["joint"] = found.joint(again)
        ordered = found.ordered(again)

    def write(folder: Path) -> None:
        save_table(folder / "table.parquet", statistics, {"runs": settings.runs, "seed": problem.study.seed})
        for place in (folder / "posterior.csv", settings.posterior):
            if place is not None:
                ordered.write_posterior(Path(place))

    def published() -> dict[str, pd.DataFrame]:
        named = {"calibration" if name == "identification" else name: table for name, table in tables.items()}
        return named if again is None else named | held_out(found, again, simulator)

    return Findings(
        study=problem.study,
        tables=tables,
        show=lambda language, console: print_calibration(tables, settings.runs, problem.left_out, language, console),
        write=write,
        published=published,
    )


def held_out(found: Calibration, again: Statistics, simulator: Simulator) -> dict[str, pd.DataFrame]:
    """Predictions of the figures left out of the fit, and scores of all figures against naive rivals; `again`:
    statistics of the posterior's draws.
    """
    import pandas as pd

    from consensus_sim.experiments.validate.study import score

    other, predicted = found.without(LEFT_OUT).predictive(simulator)
    left = [target for target in found.targets if target.name in LEFT_OUT]
    scores = pd.concat(
        [
            score(found.targets, again, found.statistics).assign(split="in sample"),
            score(left, other, found.statistics).assign(split="held out"),
        ],
        ignore_index=True,
    )
    return {
        "held_out": predicted[predicted["target"].isin(LEFT_OUT)],
        "validation": scores[["split", *(name for name in scores if name != "split")]],
    }
