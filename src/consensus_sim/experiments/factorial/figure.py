"""The factorial: main effects and two-way interactions as a grid a metric."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from consensus_sim.catalogue import metric
from consensus_sim.experiments.factorial.study import CLEAR, DRAWN
from consensus_sim.report.typeface import styled

if TYPE_CHECKING:
    import pandas as pd


def draw_effects(table: pd.DataFrame, names: Sequence[str]) -> Figure:
    """Main effects on the diagonal, interactions below it, in SD of the metric over the design; only clear ones."""
    with styled():
        figure = Figure(figsize=(15, 14), layout="constrained")
        axes = figure.subplots(2, 2)
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
    return figure
