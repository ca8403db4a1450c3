"""What a sensitivity analysis found: the largest indices as a table for the terminal, and as a figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from consensus_sim.catalogue import metric, text

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from rich.console import Console

SHOWN = 3
"""Parameters printed for each output."""


def print_indices(frames: Mapping[str, pd.DataFrame], title: str, language: str, console: Console) -> None:
    """Print for every output what matters most: by total index, or by mu* where only screening was done.

    title: key of the heading, which says over what each parameter is varied
    """
    from rich.table import Table

    sobol = frames.get("sobol")
    frame = frames["morris"] if sobol is None else sobol
    column, half = ("mu_star", "half_width") if sobol is None else ("total", "total_half")
    shown = Table(title=text(title, language), title_justify="left")
    for key in ("output", "parameter", "mu_star" if sobol is None else "total"):
        shown.add_column(text(f"sensitivity.{key}", language))
    for output, rows in frame.groupby(["scenario", "reference", "metric"], sort=False):
        scenario, reference, name = (str(part) for part in output)
        largest = rows.sort_values(column, ascending=False, kind="stable").head(SHOWN)
        label = metric(name).label(language) + f" · {scenario}" + (f" − {reference}" if reference else "")
        for place, row in enumerate(largest.to_dict("records")):
            shown.add_row(label if place == 0 else "", row["parameter"], f"{row[column]:.2g} ± {row[half]:.1g}")
    console.print(shown)


def draw_indices(sobol: pd.DataFrame, title: str, language: str) -> Figure:
    """Total indices: one column an output, one row a parameter; `title` as in `print_indices`."""
    import numpy as np
    from matplotlib.figure import Figure

    from consensus_sim.report.typeface import styled

    keys = ["scenario", "reference", "metric"]
    outputs = list(dict.fromkeys(map(tuple, sobol[keys].to_numpy().tolist())))
    names = list(dict.fromkeys(sobol["parameter"]))
    grid = np.full((len(names), len(outputs)), np.nan)
    for row in sobol.to_dict("records"):
        grid[names.index(row["parameter"]), outputs.index(tuple(row[key] for key in keys))] = row["total"]
    labels = [
        metric(name).label(language) + "\n" + scenario + (f" − {reference}" if reference else "")
        for scenario, reference, name in outputs
    ]
    with styled():
        figure = Figure(figsize=(3 + 0.5 * len(outputs), 2.5 + 0.35 * len(names)), layout="constrained")
        axes = figure.add_subplot()
        shown = axes.imshow(grid, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        axes.set_xticks(range(len(outputs)), labels, rotation=90, fontsize=7)
        axes.set_yticks(range(len(names)), names, fontsize=8)
        axes.set_title(text(title, language), loc="left")
        figure.colorbar(shown, ax=axes, shrink=0.6, label=text("sensitivity.total", language))
    return figure
