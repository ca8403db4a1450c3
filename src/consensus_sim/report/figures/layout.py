"""Parts shared by the figures: a grid of panels measured in inches, colours, and the length of a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consensus_sim.report.words import cells, fold

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from consensus_sim.report import Scenarios

REFERENCE_COLOUR = "#4d4d4d"
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D31", "#332288")
"""Okabe and Ito's palette (and two more), distinguishable for colour-blind readers."""
CELL = 0.53
"""Width of a cell of text as a share of its size, on average."""
PAPER = 10.5
"""Width in inches that figures keep to, so that their letters have one size on the page."""


def colours(scenarios: Scenarios, reference: str) -> dict[str, str]:
    """A colour for each scenario; the reference is grey."""
    others = [name for name, _ in scenarios if name != reference]
    found = {name: COLOURS[number % len(COLOURS)] for number, name in enumerate(others)}
    return {**found, reference: REFERENCE_COLOUR}


def text_width(text: str, size: float) -> float:
    """About how wide `text` (its longest line) is in inches at `size` points."""
    return cells(text) * size * CELL / 72


def wrap(text: str, width: float, size: float) -> str:
    """`text` broken into lines of about `width` inches at `size` points."""
    return fold(text, int(width / (size * CELL / 72)))


@dataclass(frozen=True)
class Margins:
    """Room around and between panels in inches."""

    left: float
    right: float
    top: float
    bottom: float
    across: float
    down: float


def panels(
    rows: int, columns: int, height: float | Sequence[float], margins: Margins, width: float = PAPER
) -> tuple[Figure, list[list[Axes]]]:
    """A figure `width` inches wide with `rows` x `columns` panels of `height` inches: one for all rows, or one each."""
    from matplotlib.figure import Figure

    heights = list(height) if isinstance(height, Sequence) else [height] * rows
    total = margins.top + margins.bottom + sum(heights) + (rows - 1) * margins.down
    panel = (width - margins.left - margins.right - (columns - 1) * margins.across) / columns
    figure = Figure(figsize=(width, total))
    grid = []
    for row, own in enumerate(heights):
        bottom = total - margins.top - sum(heights[: row + 1]) - row * margins.down
        line = []
        for column in range(columns):
            left = margins.left + column * (panel + margins.across)
            line.append(figure.add_axes((left / width, bottom / total, panel / width, own / total)))
        grid.append(line)
    return figure, grid


def heading(figure: Figure, title: str, key: str = "") -> None:
    """The figure's title at the top left, and to the right how to read its signs."""
    width, height = figure.get_size_inches()
    figure.text(0.12 / width, 1 - 0.1 / height, title, size=12.5, va="top", ha="left")
    figure.text(1 - 0.15 / width, 1 - 0.14 / height, key, size=9, va="top", ha="right", color="#555555")


def value_labels(axes: Axes, axis: str, texts: Sequence[tuple[float, str]]) -> None:
    """Ticks of `axis` (x or y) at the given places, with the given words."""
    from consensus_sim.report.typeface import FAMILY

    chosen = axes.xaxis if axis == "x" else axes.yaxis
    chosen.set_ticks([place for place, _ in texts], labels=[words for _, words in texts])
    axes.tick_params(axis="both", labelfontfamily=FAMILY)
