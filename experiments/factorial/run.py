"""Which levers substitute for or need each other: a 2-level factorial over all of them on top of a bare council.

    python experiments/factorial/run.py

Every lever of scenario `everything` but the council is a factor, absent or present with its settings there. 2^23 cells
are too many, so a fraction is played: 512 cells in which every factor is present in half, drawn by lot (an orthogonal
fraction of that size would alias interactions), each under the same 22 parameter draws from the posterior, in 24
replicates with common random numbers. Main effects and two-way interactions come from one regression a set
(statsmodels OLS) on the mean of its replicates, factors coded -1 and +1: a main effect is the change from absent to
present, averaged over all others; an interaction half of the difference that the one makes to the other's effect. An
effect is the mean over sets; its 95 % interval holds what the drawn fraction leaves open and how sets differ.
`q_value` is Benjamini and Hochberg's over all terms of a metric (1995, J. R. Stat. Soc. B 57:289-300). Writes
results/reference/factorial.csv and factorial.png. Some 12,000 runs: about half an hour on two cores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from consensus_sim.analysis.options import study_options
from consensus_sim.catalogue import metric
from consensus_sim.community import build_community
from consensus_sim.forecast.run import first_start, run_ensemble
from consensus_sim.runs.engines import Processes
from consensus_sim.runs.store import ReplicateStore
from consensus_sim.study.config import compose
from consensus_sim.study.draws import draw_number
from consensus_sim.study.scenario import Scenario, Study
from consensus_sim.study.study import read_study

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


def play(study: Study, levels: np.ndarray, engine: Any, progress: bool = True) -> pd.DataFrame:
    """Every metric of all adults: rows cell and set, the mean over the set's replicates."""
    council = dict(study.scenario("everything").levers)["council"]
    factors, scenarios = factors_of(study), []
    for row, line in enumerate(levels):
        chosen = {name: settings for level, (name, settings) in zip(line, factors.items(), strict=True) if level > 0}
        name = f"p{row:04d}"
        levers = tuple(sorted({"council": council, **chosen}.items()))
        scenarios.append(Scenario(name, {"zh": name, "en": name}, {"zh": "", "en": ""}, levers))
    community, cold, parts = build_community(study.community), first_start(), []
    for first in range(0, len(scenarios), AT_ONCE):
        some = scenarios[first : first + AT_ONCE]
        cells = replace(study, scenarios=tuple(some), reference=some[0].name)
        store = ReplicateStore(cells, community)
        table = run_ensemble(cells, community, engine, store, cold=cold, progress=progress).tables["metrics"]
        table = table[(table["group"] == "all") & table["metric"].isin(METRICS)].astype({"scenario": str})
        table = table.assign(set=draw_number(table["replicate"]))
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


def draw(table: pd.DataFrame, names: Sequence[str], place: Path) -> None:
    """Main effects on the diagonal, interactions below it, in SD of the metric over the design; only clear ones."""
    import matplotlib.pyplot as plt

    from consensus_sim.report.typeface import styled

    with styled():
        figure, axes = plt.subplots(2, 2, figsize=(15, 14), layout="constrained")
        for axis, name in zip(axes.flat, DRAWN, strict=True):
            own, grid = table[table["metric"] == name], np.full((len(names), len(names)), np.nan)
            for row in own[own["q_value"] < CLEAR].to_dict("records"):
                a = names.index(row["first"])
                b = names.index(row["second"]) if row["second"] else a
                grid[max(a, b), min(a, b)] = row["effect"] / row["sd"]
            shown = axis.imshow(grid, cmap="RdBu_r", vmin=-2, vmax=2)
            for (i, j), value in np.ndenumerate(grid):
                if not np.isnan(value):
                    axis.text(
                        j, i, f"{value:.1f}", ha="center", va="center", fontsize=6,
                        color="white" if abs(value) > 1.2 else "black",
                    )  # fmt: skip
            axis.set_xticks(range(len(names)), names, rotation=90, fontsize=8)
            axis.set_yticks(range(len(names)), names, fontsize=8)
            axis.set_title(f"{metric(name).label('zh')}  {metric(name).label('en')}")
        figure.colorbar(shown, ax=axes, shrink=0.5, label="effect, SD of the metric over the design")
        figure.suptitle(
            "Main effects (diagonal) and two-way interactions; only those clear at a false-finding rate of 1 %"
        )
        figure.savefig(place, dpi=110)
        plt.close(figure)


def study_table(
    community: str, points: int, replicates: int, workers: int | None, seed: int = 1
) -> tuple[pd.DataFrame, list[str]]:
    """The table of effects of all metrics, and the names of the factors."""
    config = compose([f"community={community}"])
    config |= {"scenarios": ["everything"], "replicates": replicates, "seed": seed, "parameters": "posterior"}
    study = read_study(config)
    names = list(factors_of(study))
    levels = design(len(names), points, seed)
    means = play(study, levels, Processes(workers))
    parts = []
    for name in METRICS:
        values = means[name].unstack("set").to_numpy(float)
        part = effects(levels, names, values)
        part.insert(0, "metric", name)
        part["sd"] = np.nanstd(np.nanmean(values, axis=1))
        parts.append(part)
    return pd.concat(parts, ignore_index=True), names


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options, play the design, write table and figure."""
    options = study_options(__file__, __doc__, "community", "seed", "workers")
    options.add_argument("--points", type=int, default=512, help="points of the design, an even number")
    options.add_argument("--replicates", type=int, default=24, help="of a cell (default: 24)")
    given = options.parse_args(arguments)
    table, names = study_table(given.community, given.points, given.replicates, given.workers, given.seed)
    given.out.mkdir(parents=True, exist_ok=True)
    table.to_csv(given.out / "factorial.csv", index=False, float_format="%.4g", lineterminator="\n")
    draw(table, names, given.out / "factorial.png")
    clear = table[(table["q_value"] < CLEAR) & (table["second"] != "")]
    print(f"{given.out / 'factorial.csv'}: {len(clear)} clear interactions among {(table['second'] != '').sum()}")


if __name__ == "__main__":
    main()
