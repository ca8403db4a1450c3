"""Which parameters matter: Morris screening over all, then Sobol indices of those that stand out (SALib).

Morris 1991, Technometrics 33:161-174 (mu* of Campolongo et al. 2007); Saltelli et al. 2010, Comput. Phys. Commun.
181:259-270, for the estimators of first-order and total indices. Parameters are varied over the quantiles of their
priors, so an index tells of the prior's range, too. Every set meets the same chances, and outputs are means over
`chances` of them: what is left of chance adds to totals, not to first-order indices.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from consensus_sim.analysis.design import DesignWork, Matrix, Period, play, values_at
from consensus_sim.ensemble.replicate import read_behaviour
from consensus_sim.ensemble.study import section, whole
from consensus_sim.errors import InputError, one_of

if TYPE_CHECKING:
    import pandas as pd

    from consensus_sim.community import Community
    from consensus_sim.ensemble.engines import Engine
    from consensus_sim.ensemble.scenario import Study

Output = tuple[str, str, str]
"""Scenario, reference ("" for a level, else the difference to it), metric."""
UNDEFINED = 0.05
"""Share of sets in which an output may be undefined (these get its median); with more it is left out."""


@dataclass(frozen=True)
class Settings:
    """trajectories, levels: of Morris; screened: parameters that go on to Sobol (0: none do), base: its base samples, a
    power of two; chances: runs of a set that are averaged; metrics: headline metrics of all adults.
    """

    trajectories: int
    levels: int
    screened: int
    base: int
    chances: int
    metrics: tuple[str, ...]


def read_settings(config: Any) -> Settings:
    """Settings of `sensitivity`, checked; InputError names the key."""
    from consensus_sim.catalogue import metric_names

    config = section("sensitivity", config)
    known = set(Settings.__dataclass_fields__)
    for key in config:
        if key not in known:
            raise one_of("sensitivity: unknown key", key, sorted(known))
    missing = known - set(config)
    if missing:
        raise InputError(f"sensitivity.{min(missing)}: missing")
    for name in config["metrics"]:
        if name not in metric_names():
            raise one_of("sensitivity.metrics", name, metric_names())
    numbers = {key: whole(f"sensitivity.{key}", config[key], low, high) for key, low, high in (
        ("trajectories", 2, 1000), ("levels", 2, 20), ("screened", 0, 50), ("base", 2, 65536), ("chances", 1, 100),
    )}  # fmt: skip
    if numbers["base"] & (numbers["base"] - 1):
        raise InputError(f"sensitivity.base: found {numbers['base']}; allowed: a power of two")
    return Settings(metrics=tuple(config["metrics"]), **numbers)


@dataclass(eq=False)
class Sensitivity:
    """Plays designs of parameter sets on a study and reads outputs from them."""

    community: Community
    study: Study
    settings: Settings
    engine: Engine
    folder: Path | None = None

    def outputs(self, quantiles: Matrix) -> dict[Output, Matrix]:
        """Every output (sets,) at `quantiles` (sets, parameters) of the priors: levels, and differences to the
        reference.
        """
        behaviour = read_behaviour(self.study)
        weeks = int(self.study.calendar["weeks"])
        periods = tuple(Period(scenario.name, scenario.name, weeks) for scenario in self.study.scenarios)
        asked = tuple(f"{period.name}/{name}:all" for period in periods for name in self.settings.metrics)
        values = values_at(behaviour, quantiles)
        names = tuple(parameter.name for parameter in behaviour)
        total: dict[str, Matrix] = {}
        for chance in range(self.settings.chances):
            work = DesignWork(
                self.community, self.study, periods, names, values, first=chance, asked=asked, same_chance=True
            )
            for name, found in play(work, range(len(values)), self.engine, self.folder).items():
                total[name] = total.get(name, 0.0) + found / self.settings.chances
        levels = {
            (period.name, "", name): total[f"{period.name}/{name}:all"]
            for period in periods
            for name in self.settings.metrics
        }
        base = self.study.reference
        return levels | {
            (scenario, base, name): found - levels[base, "", name]
            for (scenario, _, name), found in levels.items()
            if scenario != base
        }

    def run(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The tables of Morris and of Sobol (no rows where nothing goes on)."""
        import pandas as pd

        screening = self.morris()
        chosen = screened(screening, self.settings.screened)
        return screening, self.sobol(chosen) if chosen else pd.DataFrame()

    def morris(self) -> pd.DataFrame:
        """mu* (mean size of a parameter's effect), its 95 % half-width, and sigma (interaction or bend)."""
        import pandas as pd
        from SALib.analyze import morris as analyze
        from SALib.sample import morris as sample

        problem = self._problem([parameter.name for parameter in read_behaviour(self.study)])
        quantiles = sample.sample(problem, self.settings.trajectories, self.settings.levels, seed=1)
        rows = []
        for output, values in defined(self.outputs(quantiles)).items():
            found = analyze.analyze(problem, quantiles, values, num_levels=self.settings.levels, seed=1)
            for number, name in enumerate(problem["names"]):
                rows.append(
                    (*output, _short(name), found["mu_star"][number], found["mu_star_conf"][number],
                     found["sigma"][number], float(values.std()))
                )  # fmt: skip
        return pd.DataFrame(
            rows,
            columns=["scenario", "reference", "metric", "parameter", "mu_star", "half_width", "sigma", "output_sd"],
        )

    def sobol(self, names: list[str]) -> pd.DataFrame:
        """First-order and total indices of the parameters `names`, with 95 % half-widths; all others at the centre of
        their priors.
        """
        import pandas as pd
        from SALib.analyze import sobol as analyze
        from SALib.sample import sobol as sample

        behaviour = [_short(parameter.name) for parameter in read_behaviour(self.study)]
        problem = self._problem(names)
        drawn = sample.sample(problem, self.settings.base, calc_second_order=False, seed=1)
        quantiles = np.full((len(drawn), len(behaviour)), 0.5)
        quantiles[:, [behaviour.index(name) for name in names]] = drawn
        rows = []
        for output, values in defined(self.outputs(quantiles)).items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # an output that never varies: indices are nan
                found = analyze.analyze(problem, values, calc_second_order=False, seed=1)
            for number, name in enumerate(names):
                rows.append(
                    (*output, name, found["S1"][number], found["S1_conf"][number], found["ST"][number],
                     found["ST_conf"][number])
                )  # fmt: skip
        return pd.DataFrame(
            rows,
            columns=["scenario", "reference", "metric", "parameter", "first", "first_half", "total", "total_half"],
        )

    @staticmethod
    def _problem(names: list[str]) -> dict[str, Any]:
        """SALib's problem: every parameter by the quantile of its prior."""
        return {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}


def _short(name: str) -> str:
    return name.removeprefix("behaviour.")


def defined(outputs: Mapping[Output, Matrix]) -> dict[Output, Matrix]:
    """Outputs with a value in nearly every set; the few undefined ones get the median, so that designs stay whole."""
    kept = {}
    for output, values in outputs.items():
        missing = np.isnan(values)
        if missing.mean() <= UNDEFINED and np.nanstd(values) > 0:
            kept[output] = np.where(missing, np.nanmedian(values), values)
    return kept


def screened(screening: pd.DataFrame, number: int) -> list[str]:
    """The parameters with the largest mu* relative to the output's SD, over all outputs; `number` of them."""
    relative = screening.assign(relative=screening["mu_star"] / screening["output_sd"])
    largest = relative.groupby("parameter", sort=False)["relative"].max().sort_values(ascending=False, kind="stable")
    return [str(name) for name in largest.index[:number]]
