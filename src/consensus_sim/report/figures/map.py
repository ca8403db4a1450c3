"""Grids and micro-grids on the map, by participation."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from typing import TYPE_CHECKING, Any

from consensus_sim.catalogue import label_of, metric, text
from consensus_sim.outcomes.facts import LAST_WEEKS
from consensus_sim.report.figures.geometry import MapShape, map_shape
from consensus_sim.report.figures.layout import PAPER, Margins, heading, panels, wrap
from consensus_sim.report.typeface import FAMILY, styled

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection
    from matplotlib.figure import Figure

    from consensus_sim.community import Community
    from consensus_sim.report import Scenarios

PER_LINE = 4
SILENT = "#b0412e"
MARKERS = ("D", "s", "^", "o")
VENUE: dict[str, Any] = {"color": "#D55E00", "mec": "white", "mew": 0.6}


def counted(grids: pd.DataFrame) -> str:
    """The column that says whether a micro-grid was silent: ordinary residents' participations where it is there."""
    return "ordinary_participations" if "ordinary_participations" in grids.columns else "participations"


def micro_grid_reach(grids: pd.DataFrame) -> pd.DataFrame:
    """A row a scenario and micro-grid (place), of the last 13 weeks: mean reach, share of replicates that are silent,
    whether half are.
    """
    rows = grids[(grids["level"] == "micro_grid") & (grids["quarter"] == LAST_WEEKS)]
    rows = rows.assign(silent_share=rows[counted(rows)] == 0)
    found = rows.groupby(["scenario", "place"], observed=True)[["reach", "silent_share"]].mean()
    return found.assign(silent=found["silent_share"] >= 0.5).reset_index()


def draw_map(grids: pd.DataFrame, community: Community, scenarios: Scenarios, language: str) -> Figure:
    """One map a scenario: micro-grids coloured by reach in the last 13 weeks, silent ones hatched.

    grids: the table grids; community: gives `places`
    """
    values = micro_grid_reach(grids)
    shape = map_shape(community.places)
    left, right, bottom, top = shape.box
    columns = min(PER_LINE, len(scenarios))
    margins = Margins(0.15, 0.15, 0.85, 0.75, 0.15, 0.55)
    width = min(PAPER, max(5.5, 3.2 * columns))
    panel = (width - 0.3 - (columns - 1) * margins.across) / columns
    with styled():
        height = panel * (top - bottom) / (right - left)
        figure, grid = panels(-(-len(scenarios) // columns), columns, height, margins, width)
        flat = [axes for line in grid for axes in line]
        highest = 100 * float(values["reach"].quantile(0.98) or 0) if len(values) else 1.0
        cells: list[PolyCollection] = []
        for axes, (scenario, label) in zip(flat, scenarios, strict=False):
            known = values[values["scenario"] == scenario].set_index("place")
            cells.append(_cells(axes, shape, known, highest or 1.0))
            _signs(axes, shape, community.places.venues)
            silent = metric("silent_micro_grids").show(float(known["silent_share"].sum()))
            title = wrap(label[language], panel - 0.1, 9.5)
            axes.set_title(title, loc="left", pad=14)
            count = text("figure.map.silent_count", language, silent=silent, total=len(known))
            axes.text(0, 1.015, count, transform=axes.transAxes, size=8, color="#555555", va="bottom")
        for axes in flat[len(scenarios) :]:
            axes.remove()
        _scale(figure, cells[-1], community.places.venues, language)
        heading(figure, text("figure.map.title", language))
        return figure


def _cells(axes: Axes, shape: MapShape, known: pd.DataFrame, highest: float) -> PolyCollection:
    """One scenario's map; returns the coloured cells."""
    import numpy as np
    from matplotlib.collections import LineCollection, PolyCollection

    reach = known["reach"].reindex(shape.cell_micro_grid).to_numpy(float) * 100
    silent = known["silent"].reindex(shape.cell_micro_grid, fill_value=False).to_numpy(bool)
    cells = PolyCollection(shape.cells, cmap="YlGnBu", edgecolors="face", linewidths=0.3)
    cells.set_array(np.ma.masked_invalid(reach))
    cells.set_clim(0, highest)
    axes.add_collection(cells)
    hatched = [cell for cell, empty in zip(shape.cells, silent, strict=True) if empty]
    if hatched:
        axes.add_collection(PolyCollection(hatched, facecolors="none", edgecolors=SILENT, hatch="////", linewidths=0))
    axes.add_collection(LineCollection(list(shape.micro_borders), colors="white", linewidths=0.7))
    axes.add_collection(LineCollection(list(shape.grid_borders), colors="#222222", linewidths=1.5))
    x, y = shape.buildings.T
    axes.scatter(x, y, s=1.5 + shape.sizes / 30, marker="s", color="#222222", alpha=0.55, lw=0)
    return cells


def _signs(axes: Axes, shape: MapShape, venues: Mapping[str, tuple[float, float]]) -> None:
    """Grid numbers, venues and the frame."""
    from matplotlib.patheffects import withStroke

    for number, (x, y) in shape.grid_places.items():
        axes.text(x, y, str(number + 1), size=7.5, ha="center", va="center", color="#222222", zorder=5,
                  path_effects=[withStroke(linewidth=2, foreground="white")])  # fmt: skip
    for (x, y), marker in zip(venues.values(), cycle(MARKERS), strict=False):
        axes.plot([x], [y], marker=marker, ms=6, **VENUE)
    left, right, bottom, top = shape.box
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axes.set_xticks([])
    axes.set_yticks([])
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set(visible=True, color="#222222", linewidth=1.5)


def _scale(figure: Figure, colours: PolyCollection, venues: Mapping[str, tuple[float, float]], language: str) -> None:
    """The colour scale and what the signs mean, below the maps."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    width, height = figure.get_size_inches()
    axes = figure.add_axes((0.2 / width, 0.42 / height, 2.2 / width, 0.13 / height))
    figure.colorbar(colours, cax=axes, orientation="horizontal", extend="max")
    axes.set_xlabel(text("figure.map.scale", language), labelpad=2)
    axes.locator_params(nbins=5)
    axes.tick_params(labelfontfamily=FAMILY)
    signs: list[Artist] = [
        Patch(fc="#ffffd9", ec=SILENT, hatch="////", lw=0, label=text("figure.map.silent", language)),
        Line2D([], [], color="#222222", lw=1.5, label=text("figure.map.grid_border", language)),
    ]
    for name, marker in zip(venues, cycle(MARKERS), strict=False):
        signs.append(Line2D([], [], ls="", marker=marker, ms=6, label=label_of("venue", name, language), **VENUE))
    figure.legend(
        handles=signs, loc="center left", bbox_to_anchor=(2.75 / width, 0.44 / height), ncols=5 if width > 9 else 2,
        frameon=False, fontsize=8.5, handletextpad=0.5, columnspacing=1.2, borderpad=0,
    )  # fmt: skip
