"""How wide words are, in cells: a Chinese character takes two, others one."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_PARTS = re.compile(r"[!-~]+|.", re.DOTALL)
"""What is kept together on a line: a run of Latin letters, digits and signs; any other character alone."""


def cells(text: str) -> int:
    """Cells of the longest line of `text`."""
    return max((sum(2 if is_wide(character) else 1 for character in line) for line in text.split("\n")), default=0)


def is_wide(character: str) -> bool:
    """Whether a character takes two cells."""
    return unicodedata.east_asian_width(character) in "WF"


def say(words: str, console: Console, style: str | None = None) -> None:
    """Print sentences on `console`, each line of them folded to its width."""
    folded = "\n".join(fold(line, console.width) for line in words.split("\n"))
    console.print(folded, markup=False, highlight=False, style=style)


def fold(text: str, width: int) -> str:
    """`text` broken into lines of at most `width` cells: between words, or between Chinese characters and words.

    A word longer than `width` keeps its line.
    """
    if cells(text) <= width:
        return text
    if not any(is_wide(character) for character in text):
        return "\n".join(textwrap.wrap(text, max(width, 1), break_long_words=False))
    lines = [""]
    for part in _PARTS.findall(text):
        if lines[-1] and cells(lines[-1] + part) > width and part not in "，。、；：）":
            lines.append("")
        lines[-1] += part
    return "\n".join(line.strip() for line in lines)
