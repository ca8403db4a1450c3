"""Sensitivity to parameters: Morris screening over all, then Sobol indices of those that stand out (SALib).

Morris 1991, Technometrics 33:161-174 (mu* of Campolongo et al. 2007); Saltelli et al. 2010, Comput. Phys. Commun.
181:259-270, for the estimators of first-order and total-order indices. Parameters are varied over the quantiles of
their priors or, with parameters=posterior, of their marginal posteriors (correlations are ignored). An index therefore
depends on that range; the screening covers the 5 % to the 95 % quantile. Parameters that forecasts do not draw are
varied, too. A parameter is left out if its prior is fixed (a design choice) or if the user has set it away from the
calibrated centre. All parameter draws use common random numbers, and outputs are means over `chances` runs. A parameter
that changes anything also changes the later random events of a run, however small its own effect. This Monte Carlo
noise contributes to mu* and to the total-order index. `noise` runs at the medians estimate it, and a parameter matters
only if its effect exceeds it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from pydantic import ConfigDict

from consensus_sim.errors import InputError, not_allowed, phrase
from consensus_sim.experiments.design import Design, Matrix, Period, values_at
from consensus_sim.experiments.runner import Command, Findings
from consensus_sim.runs.replicate import read_behaviour
from consensus_sim.runs.work import Sets
from consensus_sim.settings import STRICT, Metrics, accepted, read, setting

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from consensus_sim.community import Community
    from consensus_sim.forecast.simulator import Simulator
    from consensus_sim.parameters import Behaviour, Parameter
    from consensus_sim.study.scenario import Study

Output = tuple[str, str, str]
"""Scenario, reference ("" for a level, else the difference to it), metric."""
Outputs = Mapping[Output, Matrix]
"""Values (sets,) of every output."""
MORRIS = (
    "scenario", "reference", "metric", "parameter", "mu_star", "half_width", "sigma", "output_sd", "floor", "matters",
)  # fmt: skip
SOBOL = (
    "scenario", "reference", "metric", "parameter", "first", "first_half", "total", "total_half", "chance_share",
    "matters",
)  # fmt: skip
YES, NO, UNTOLD = "yes", "no", "cannot tell"
SCREENED_BETWEEN = (0.05, 0.95)
"""Quantiles between which the screening moves a parameter: the ends of a sample are single sets."""
SMALL = 0.05
"""Share of variance, beyond Monte Carlo noise, up to which a parameter does not matter (Saltelli et al. 2008)."""
UNDEFINED = 0.05
"""Share of sets in which an output may be undefined (these get its median); with more it is left out."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """trajectories, levels: of Morris, levels even; screened: parameters that go on to Sobol (0: none do), base: its
    base samples, a power of two; chances: runs averaged per parameter draw; noise: runs at the medians that estimate
    the Monte Carlo noise; metrics: headline metrics of all adults.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    trajectories: int = setting(2, 1000, integer=True)
    levels: Annotated[int, setting(2, 20, integer=True), accepted(lambda levels: levels % 2 == 0, "even_number")]
    screened: int = setting(0, 50, "parameters", integer=True)
    base: Annotated[int, setting(2, 65536, integer=True), accepted(lambda n: n & (n - 1) == 0, "power_of_two")]
    chances: int = setting(1, 100, "runs", integer=True)
    noise: int = setting(2, 10_000, "runs", integer=True)
    metrics: Metrics


def read_settings(config: object) -> Settings:
    """Settings of `sensitivity`, checked; InputError names every key at fault."""
    return read(Settings, config, "sensitivity")


@dataclass(eq=False)
class Sensitivity:
    """Runs designs of parameter draws on a study and reads outputs from them."""

    community: Community
    study: Study
    settings: Settings
    simulator: Simulator

    def outputs(self, quantiles: Matrix) -> dict[Output, Matrix]:
        """Every output (sets,) at `quantiles` (sets, parameters) of the parameters' distributions: levels, and
        differences to the reference, means over `chances` runs.
        """
        total: dict[str, Matrix] = {}
        for chance in range(self.settings.chances):
            for name, found in self._played(quantiles, chance, same_chance=True).items():
                total[name] = total.get(name, 0.0) + found / self.settings.chances
        return self._differences(total)

    def noise(self) -> dict[Output, float]:
        """SD of every output with all parameters at their medians: Monte Carlo noise alone."""
        centre = np.full((self.settings.noise, len(self._parameters)), 0.5)
        runs = self._differences(self._played(centre, 0, same_chance=False))
        scale = np.sqrt(self.settings.chances)
        return {
            output: float(np.nanstd(values, ddof=1) / scale)
            for output, values in runs.items()
            if np.count_nonzero(~np.isnan(values)) > 1
        }

    def _played(self, quantiles: Matrix, first: int, same_chance: bool) -> dict[str, Matrix]:
        weeks, names = int(self.study.calendar["weeks"]), [scenario.name for scenario in self.study.scenarios]
        periods = tuple(Period(name, name, weeks) for name in names)
        asked = tuple(f"{name}/{metric}:all" for name in names for metric in self.settings.metrics)
        parameters = tuple(parameter.name for parameter in self._behaviour)
        sets = Sets(parameters, self._values(quantiles), first, same_chance)
        return Design(self.community, self.study, periods, asked).statistics(sets, self.simulator)

    def _values(self, quantiles: Matrix) -> Matrix:
        """Values of all parameters (sets, parameters) at `quantiles` of their posteriors, else of their priors."""
        behaviour, posterior = self._behaviour, self.study.posterior
        return values_at(behaviour, quantiles) if posterior is None else posterior.at(behaviour, quantiles)

    def _differences(self, played: Mapping[str, Matrix]) -> dict[Output, Matrix]:
        levels = {
            (scenario.name, "", name): played[f"{scenario.name}/{name}:all"]
            for scenario in self.study.scenarios
            for name in self.settings.metrics
            if f"{scenario.name}/{name}:all" in played
        }
        base = self.study.reference
        return levels | {
            (scenario, base, name): found - levels[base, "", name]
            for (scenario, _, name), found in levels.items()
            if scenario != base and (base, "", name) in levels
        }

    def run(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The tables of Morris and of Sobol indices (the latter without rows if no parameter goes on)."""
        import pandas as pd

        settings, noise = self.settings, self.noise()
        kept = frozenset[str]() if self.study.posterior is None else self.study.posterior.kept
        varied = [p for p in self._parameters if p.varies and p.name not in kept]
        free, (low, high) = [p.name.removeprefix("behaviour.") for p in varied], SCREENED_BETWEEN
        at = self._outputs_of(free)
        screening = morris(free, settings.trajectories, settings.levels, lambda q: at(low + (high - low) * q), noise)
        chosen = screened(screening, settings.screened)
        if not chosen:
            return screening, pd.DataFrame(columns=list(SOBOL))
        return screening, sobol(chosen, settings.base, self._outputs_of(chosen), noise)

    def _outputs_of(self, varied: Sequence[str]) -> Callable[[Matrix], Outputs]:
        """Outputs as a function of the quantiles (sets, varied) of some parameters, the others at their medians."""
        names = [parameter.name.removeprefix("behaviour.") for parameter in self._parameters]
        columns = [names.index(name) for name in varied]

        def at(drawn: Matrix) -> Outputs:
            quantiles = np.full((len(drawn), len(names)), 0.5)
            quantiles[:, columns] = drawn
            return self.outputs(quantiles)

        return at

    @property
    def _parameters(self) -> list[Parameter]:
        return list(self._behaviour)

    @property
    def _behaviour(self) -> Behaviour:
        return read_behaviour(self.study).whole


def morris(
    names: Sequence[str],
    trajectories: int,
    levels: int,
    outputs: Callable[[Matrix], Outputs],
    noise: Mapping[Output, float] | None = None,
) -> pd.DataFrame:
    """mu* (mean size of a parameter's effect over its whole range), its 95 % half-width, and sigma (interaction or
    bend). Columns: `MORRIS`.

    outputs: of points (sets, parameters) in [0, 1], the ends of the ranges; noise: SD of an output
    from Monte Carlo noise
    floor: mu* of a parameter that only changes the random draws; matters: whether mu* exceeds it
    """
    import pandas as pd
    from SALib.analyze import morris as analyze
    from SALib.sample import morris as sample

    problem = _problem(names)
    quantiles = sample.sample(problem, trajectories, levels, seed=1)
    step = levels / (2.0 * (levels - 1))
    rows = []
    for output, values in defined(outputs(quantiles)).items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # it may warn of outputs with few values
            found = analyze.analyze(problem, quantiles, values, num_levels=levels, seed=1)
        # The mean distance of two independent normal draws is 2 / sqrt(pi) standard deviations.
        floor = (noise or {}).get(output, 0.0) * 2.0 / np.sqrt(np.pi) / step
        for number, name in enumerate(names):
            effect, half = float(found["mu_star"][number]), float(found["mu_star_conf"][number])
            told = YES if effect - half > floor else NO if effect + half <= floor or effect == 0 else UNTOLD
            rows.append((*output, name, effect, half, float(found["sigma"][number]), float(values.std()), floor, told))
    return pd.DataFrame(rows, columns=list(MORRIS))


def sobol(
    names: Sequence[str],
    base: int,
    outputs: Callable[[Matrix], Outputs],
    noise: Mapping[Output, float] | None = None,
) -> pd.DataFrame:
    """First-order and total-order indices of the parameters `names`, with 95 % half-widths. Columns: `SOBOL`.

    outputs: of quantiles (sets, parameters), all others at their medians; noise: SD from Monte Carlo noise
    chance_share: share of the variance from Monte Carlo noise; matters: whether the total-order index is above it
    """
    import pandas as pd
    from SALib.analyze import sobol as analyze
    from SALib.sample import sobol as sample

    problem = _problem(names)
    drawn = sample.sample(problem, base, calc_second_order=False, seed=1)
    rows = []
    for output, values in defined(outputs(drawn)).items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # an output that never varies: indices are nan
            warnings.simplefilter("ignore", UserWarning)
            found = analyze.analyze(problem, values, calc_second_order=False, seed=1)
        share = min(1.0, (noise or {}).get(output, 0.0) ** 2 / float(values.var()))
        for number, name in enumerate(names):
            first, first_half, total, half = (float(found[key][number]) for key in ("S1", "S1_conf", "ST", "ST_conf"))
            told = YES if total - half > share else NO if total + half <= share + SMALL else UNTOLD
            rows.append((*output, name, first, first_half, total, half, share, told))
    return pd.DataFrame(rows, columns=list(SOBOL))


def _problem(names: Sequence[str]) -> dict[str, Any]:
    """SALib's problem: every parameter by its quantile."""
    return {"num_vars": len(names), "names": list(names), "bounds": [[0.0, 1.0]] * len(names)}


def defined(outputs: Outputs) -> dict[Output, Matrix]:
    """Outputs with a value in nearly every set; the few undefined ones get the median, so that designs stay whole."""
    kept = {}
    for output, values in outputs.items():
        missing = np.isnan(values)
        if missing.mean() <= UNDEFINED and np.nanstd(values) > 0:
            kept[output] = np.where(missing, np.nanmedian(values), values)
    return kept


def screened(screening: pd.DataFrame, number: int) -> list[str]:
    """The `number` parameters that go on to Sobol indices. First come those with the largest mu* of all on some output,
    if they are judged to matter there; then the others. Both are ordered by the number of outputs for which they
    matter, and ties by the largest mu* relative to the output's SD. Ordered by size alone, outputs that are mostly
    Monte Carlo noise would decide.
    """
    judged = screening.assign(relative=screening["mu_star"] / screening["output_sd"], sure=screening["matters"] == YES)
    largest = judged.groupby(["scenario", "reference", "metric"], sort=False)["mu_star"].transform("max")
    judged["first"] = judged["sure"] & (judged["mu_star"] == largest)
    ranked = judged.groupby("parameter", sort=False).agg(
        first=("first", "any"), outputs=("sure", "sum"), largest=("relative", "max")
    )
    ranked = ranked.sort_values(["first", "outputs", "largest"], ascending=False, kind="stable")
    return [str(name) for name in ranked.index[:number]]


LARGEST = 10
"""Parameters of an output that are published from the screening."""
KEYS = ["scenario", "reference", "metric"]


def largest(morris: pd.DataFrame) -> pd.DataFrame:
    """The rows with the largest mu* of each output, in the order of the outputs."""
    ranked = morris.sort_values("mu_star", ascending=False, kind="stable").groupby(KEYS, sort=False).head(LARGEST)
    order = {key: place for place, key in enumerate(dict.fromkeys(map(tuple, morris[KEYS].to_numpy().tolist())))}
    place = [order[tuple(key)] for key in ranked[KEYS].to_numpy().tolist()]
    return ranked.assign(place=place).sort_values("place", kind="stable").drop(columns="place").reset_index(drop=True)


def run(command: Command) -> Findings:
    """Screens and ranks the parameters."""
    from consensus_sim.experiments.sensitivity.text import draw_indices, heading, print_indices
    from consensus_sim.study.study import read_study

    try:
        import SALib  # noqa: F401
    except ImportError:
        what = "experiment=sensitivity"
        raise InputError("extra_missing", what=what, library="SALib", extra="analysis") from None
    settings, study = read_settings(command.config.get("sensitivity")), read_study(command.config)
    if study.replicates != 1:
        raise not_allowed("replicates", study.replicates, phrase("one_as_chance_is_averaged"))
    screening, indices = Sensitivity(command.community, study, settings, command.simulator).run()
    tables = {"morris": screening} | ({"sobol": indices} if len(indices) else {})
    labels = {scenario.name: scenario.label for scenario in study.scenarios}
    published = {f"sensitivity_{name}": table for name, table in {**tables, "morris": largest(screening)}.items()}

    def draw(language: str) -> dict[str, Figure]:
        found = tables.get("sobol")
        if found is None:
            return {}
        return {"sensitivity": draw_indices(found, heading(study, language), labels, language)}

    return Findings(
        study=study,
        tables=tables,
        show=lambda language, console: print_indices(tables, heading(study, language), labels, language, console),
        draw=draw,
        published=lambda: published,
    )
