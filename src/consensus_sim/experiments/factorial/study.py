"""Interactions of interventions, substitutes or complements: a 2-level factorial over all, on top of a bare council.

Every intervention of scenario `everything` but the council is a factor, absent or present with its settings there. 2^23
cells are too many, so a fraction is run: cells in which every factor is present in half, drawn at random (an orthogonal
fraction of that size would alias interactions), each under the same parameter draws from the posterior, with common
random numbers. Main effects and two-way interactions come from one regression a draw (statsmodels OLS) on the mean of
its replicates, factors coded -1 and +1: a main effect is the change from absent to present, averaged over all others;
an interaction half of the difference that the one makes to the other's effect. An effect is the mean over draws; its
95 % interval holds what the drawn fraction leaves open and how draws differ. `q_value` is Benjamini and Hochberg's over
all terms of a metric (1995, J. R. Stat. Soc. B 57:289-300).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
import pandas as pd
from pydantic import ConfigDict

from consensus_sim.errors import InputError
from consensus_sim.experiments.runner import Command, Findings
from consensus_sim.settings import STRICT, accepted, read, setting
from consensus_sim.study.draws import draw_number
from consensus_sim.study.scenario import Scenario, Study
from consensus_sim.study.study import read_study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from consensus_sim.community import Community
    from consensus_sim.forecast.simulator import Simulator

METRICS = (
    "reach_quarter", "frequency_ordinary", "attendance_council", "consensus_settled", "weeks_to_agenda",
    "matters_landed", "execution_on_time", "vulnerable_speaking", "trust", "fatigue_team",
)  # fmt: skip
DRAWN = ("reach_quarter", "attendance_council", "matters_landed", "vulnerable_speaking")
"""Metrics of the figure."""
CLEAR = 0.01
"""Expected share of false findings among the terms called clear."""


def factors_of(study: Study) -> dict[str, Any]:
    """Every lever of `everything` but the council, with its settings."""
    return {name: settings for name, settings in study.scenario("everything").levers if name != "council"}


def design(n_factors: int, points: int, seed: int = 1) -> np.ndarray:
    """Levels (points, n_factors) of -1 and +1, balanced in every factor, in random order; `points` even."""
    halves = np.repeat([-1, 1], points // 2)
    return np.column_stack([np.random.default_rng([seed, factor]).permutation(halves) for factor in range(n_factors)])


AT_ONCE = 64
"""Cells whose tables are in memory at a time."""


def play(study: Study, levels: np.ndarray, simulator: Simulator, community: Community) -> pd.DataFrame:
    """Every metric of all adults: rows cell and set, the mean over the set's replicates."""
    council = dict(study.scenario("everything").levers)["council"]
    factors, scenarios = factors_of(study), []
    for row, line in enumerate(levels):
        chosen = {name: settings for level, (name, settings) in zip(line, factors.items(), strict=True) if level > 0}
        name = f"p{row:04d}"
        levers = tuple(sorted({"council": council, **chosen}.items()))
        scenarios.append(Scenario(name, {"zh": name, "en": name}, {"zh": "", "en": ""}, levers))
    parts = []
    for first in range(0, len(scenarios), AT_ONCE):
        some = scenarios[first : first + AT_ONCE]
        cells = replace(study, scenarios=tuple(some), reference=some[0].name)
        table = simulator.forecast(cells, community).tables["metrics"]
        table = table[(table["group"] == "all") & table["metric"].isin(METRICS)].astype({"scenario": str})
        table = table.assign(set=draw_number(table["replicate"].to_numpy()))
        means = table.pivot_table(
            index=["scenario", "set"], columns="metric", values="value", aggfunc="mean", observed=True
        )
        parts.append(means)
    return pd.concat(parts).sort_index()


def effects(levels: np.ndarray, names: Sequence[str], values: np.ndarray) -> pd.DataFrame:
    """Main effects and two-way interactions of one metric (points, sets), with 95 % intervals; what is nan is left out.

    An effect errs in two ways: by what the terms do not explain at the points that were drawn, which all sets share,
    and because other sets have other effects. Their variances are added, with degrees of freedom as Satterthwaite's
    (1946, Biometrics Bull. 2:110-114). Chance is in both, so intervals are on the wide side.
    """
    import statsmodels.api as sm
    from scipy.stats import t
    from statsmodels.stats.multitest import multipletests
    from statsmodels.stats.weightstats import DescrStatsW

    pairs = list(combinations(range(len(names)), 2))
    terms = sm.add_constant(np.column_stack([levels, *(levels[:, a] * levels[:, b] for a, b in pairs)]).astype(float))
    fits = [sm.OLS(own, terms, missing="drop").fit() for own in values.T]
    over_sets = DescrStatsW(np.array([fit.params[1:] for fit in fits]))
    at_points = sm.OLS(np.nanmean(values, axis=1), terms, missing="drop").fit()
    among_sets, left_open = over_sets.std_mean**2, at_points.bse[1:] ** 2
    error = np.sqrt(among_sets + left_open)
    freedom = error**4 / (among_sets**2 / (len(fits) - 1) + left_open**2 / at_points.df_resid)
    half, p_values = error * t.ppf(0.975, freedom), 2 * t.sf(np.abs(over_sets.mean) / error, freedom)
    # Coded -1 and +1, a coefficient is half of the change from absent to present.
    return pd.DataFrame(
        {
            "first": [*names, *(names[a] for a, _ in pairs)],
            "second": [""] * len(names) + [names[b] for _, b in pairs],
            "effect": 2 * over_sets.mean, "low": 2 * (over_sets.mean - half), "high": 2 * (over_sets.mean + half),
            "q_value": multipletests(p_values, method="fdr_bh")[1],
        }
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The node `factorial`: number of cells of the design."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    points: Annotated[int, setting(2, 100_000, "cells", integer=True), accepted(lambda n: n % 2 == 0, "even_number")]


def run(command: Command) -> Findings:
    """Runs the design and estimates the effects."""
    try:
        import statsmodels  # noqa: F401
    except ImportError:
        raise InputError(
            "extra_missing", what="experiment=factorial", library="statsmodels", extra="analysis"
        ) from None
    settings, study = read(Settings, command.config.get("factorial"), "factorial"), read_study(command.config)
    names = list(factors_of(study))
    levels = design(len(names), settings.points, study.seed)
    means = play(study, levels, command.simulator, command.community)
    parts = []
    for name in METRICS:
        values = means[name].unstack("set").to_numpy(float)
        part = effects(levels, names, values)
        part.insert(0, "metric", name)
        part["sd"] = np.nanstd(np.nanmean(values, axis=1))
        parts.append(part)
    table = pd.concat(parts, ignore_index=True)
    pairs = table["second"] != ""
    said = f"{((table['q_value'] < CLEAR) & pairs).sum()} clear interactions among {pairs.sum()}"

    def draw(language: str) -> dict[str, Figure]:
        from consensus_sim.experiments.factorial.figure import draw_effects

        return {"factorial": draw_effects(table, names)}

    return Findings(
        study=study,
        tables={"factorial": table},
        show=lambda language, console: console.print(said),
        draw=draw,
        plates=lambda language: draw(language) if language == "en" else {},
        digits=4,
    )
