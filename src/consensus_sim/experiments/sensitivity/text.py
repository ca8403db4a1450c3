"""Output of a sensitivity analysis: the largest indices as a table for the terminal, and as a figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from consensus_sim.catalogue import metric, parameter_label, text
from consensus_sim.report.words import say, show_rows

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from rich.console import Console

    from consensus_sim.study.scenario import Study

SHOWN = 3
"""Parameters printed for each output."""
YES, UNTOLD = "yes", "cannot tell"
"""Of the column `matters`: surely exceeds Monte Carlo noise; not distinguishable from it."""
Labels = Mapping[str, Mapping[str, str]]
"""Scenario -> its label by language."""


def heading(study: Study, language: str) -> str:
    """The heading, which says over what each parameter is varied."""
    if study.posterior is None:
        return text("sensitivity.title_prior", language)
    if study.posterior.own_file is None:
        return text("sensitivity.title_posterior", language)
    return text("sensitivity.title_own", language, file=study.posterior.own_file)


def print_indices(
    frames: Mapping[str, pd.DataFrame], title: str, scenarios: Labels, language: str, console: Console
) -> None:
    """Print the most important parameters of every output, by total-order index, or by mu* after screening alone.

    A question mark stands behind parameters that are not distinguishable from Monte Carlo noise. title: the range over
    which parameters are varied
    """
    sobol = frames.get("sobol")
    frame = frames["morris"] if sobol is None else sobol
    column, half = ("mu_star", "half_width") if sobol is None else ("total", "total_half")
    lines = []
    for output, rows in frame.groupby(["scenario", "reference", "metric"], sort=False):
        shown = rows.assign(sure=rows["matters"] == YES)[rows["matters"].isin([YES, UNTOLD])]
        largest = shown.sort_values(["sure", column], ascending=False, kind="stable").head(SHOWN)
        label = _label(output, scenarios, language)
        for place, row in enumerate(largest.to_dict("records")):
            unsure, named = "" if row["sure"] else " ?", parameter_label(row["parameter"], language, lines=True)
            lines.append((label if place == 0 else "", named, f"{row[column]:.2g} ± {row[half]:.1g}{unsure}"))
        if largest.empty:
            lines.append((label, "–", "–"))
    keys = ("output", "parameter", "mu_star" if sobol is None else "total")
    headings, colon = [text(f"sensitivity.{key}", language) for key in keys], text("colon", language)
    show_rows(console, headings, lines, title=title, colon=colon, whole=(2,))
    say(text("sensitivity.legend", language), console, style="dim")


def draw_indices(sobol: pd.DataFrame, title: str, scenarios: Labels, language: str) -> Figure:
    """Total-order indices, capped at 1: one column an output, one row a parameter.

    Parameters that exceed Monte Carlo noise are coloured, others have a question mark. title: as in `print_indices`
    """
    import numpy as np
    from matplotlib.figure import Figure

    from consensus_sim.report.typeface import styled

    keys = ["scenario", "reference", "metric"]
    outputs = list(dict.fromkeys(map(tuple, sobol[keys].to_numpy().tolist())))
    names = list(dict.fromkeys(sobol["parameter"]))
    grid, unsure = np.full((len(names), len(outputs)), np.nan), []
    for row in sobol.to_dict("records"):
        place = names.index(row["parameter"]), outputs.index(tuple(row[key] for key in keys))
        if row["matters"] == YES:
            grid[place] = row["total"]
        elif row["matters"] == UNTOLD:
            unsure.append(place)
    with styled():
        figure = Figure(figsize=(5 + 0.5 * len(outputs), 2.5 + 0.35 * len(names)), layout="constrained")
        axes = figure.add_subplot()
        shown = axes.imshow(grid, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for across, down in unsure:
            axes.text(down, across, "?", ha="center", va="center", fontsize=7, color="0.5")
        axes.set_xticks(
            range(len(outputs)),
            [_label(output, scenarios, language, "\n") for output in outputs],
            rotation=90,
            fontsize=7,
        )
        axes.set_yticks(range(len(names)), [parameter_label(name, language) for name in names], fontsize=8)
        axes.set_title(f"{title}\n{text('sensitivity.figure_legend', language)}", loc="left", fontsize=9)
        extend = "max" if np.nanmax(grid, initial=0.0) > 1 else "neither"
        figure.colorbar(shown, ax=axes, shrink=0.6, label=text("sensitivity.total", language), extend=extend)
    return figure


def _label(output: tuple[object, ...], scenarios: Labels, language: str, between: str = " · ") -> str:
    """Label of an output: metric, scenario and, for a difference, the other scenario."""
    scenario, reference, name = (str(part) for part in output)
    found = metric(name).label(language) + between + _of(scenarios, scenario, language)
    return found + (f" − {_of(scenarios, reference, language)}" if reference else "")


def _of(scenarios: Labels, name: str, language: str) -> str:
    return scenarios[name][language] if name in scenarios else name
