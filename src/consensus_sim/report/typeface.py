"""The typeface that the package carries, so that Chinese reads on machines without Chinese fonts."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

FAMILY = "Consensus Sim Sans"
FILE = Path(__file__).with_name("fonts") / "ConsensusSimSans-Regular.otf"


@cache
def register() -> str:
    """Make the typeface known to matplotlib in this process only; returns its family name."""
    from matplotlib import font_manager

    font_manager.fontManager.addfont(FILE)
    return FAMILY


@contextmanager
def styled() -> Iterator[None]:
    """The look of every figure, in force inside the block; matplotlib's settings are as before after it."""
    import matplotlib

    family = register()
    look: Any = {
        "font.family": [family],
        "font.size": 9,
        "text.color": "#222222",
        "axes.labelcolor": "#222222",
        "axes.edgecolor": "#888888",
        "axes.linewidth": 0.7,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.facecolor": "white",
        "axes.grid": False,
        "axes.unicode_minus": True,
        "axes.labelsize": 8.5,
        "axes.titlesize": 9.5,
        "xtick.labelsize": 8,
        "ytick.labelsize": 8,
        "xtick.color": "#555555",
        "ytick.color": "#555555",
        "xtick.major.size": 3,
        "ytick.major.size": 3,
        "figure.facecolor": "white",
        "savefig.facecolor": "white",
        "hatch.linewidth": 0.6,
        "text.usetex": False,
    }
    with matplotlib.rc_context(look):
        yield


def has_glyphs(text: str) -> bool:
    """True if the typeface holds every character of `text`."""
    return not set(map(ord, text)) - _characters() - {ord("\n")}


@cache
def _characters() -> frozenset[int]:
    """Code points of the typeface."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    with TTFont(FILE, lazy=True) as font:
        return frozenset(font.getBestCmap())


def web_font(text: str) -> bytes:
    """The typeface cut down to the characters of `text`, as WOFF, to be carried inside a page."""
    from fontTools import subset  # type: ignore[import-untyped]
    from fontTools.ttLib import TTFont

    with TTFont(FILE, recalcTimestamp=False) as font:
        cutter = subset.Subsetter(subset.Options(layout_features=[], desubroutinize=True, notdef_outline=True))
        cutter.populate(unicodes=[ord(character) for character in set(text)])
        cutter.subset(font)
        font.flavor = "woff"
        buffer = io.BytesIO()
        font.save(buffer)
    return buffer.getvalue()
