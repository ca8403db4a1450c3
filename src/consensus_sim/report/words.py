"""How wide words are, in cells: a Chinese character takes two, others one."""

from __future__ import annotations

import textwrap
import unicodedata


def cells(text: str) -> int:
    """Cells of the longest line of `text`."""
    return max((sum(2 if is_wide(character) else 1 for character in line) for line in text.split("\n")), default=0)


def is_wide(character: str) -> bool:
    """Whether a character takes two cells."""
    return unicodedata.east_asian_width(character) in "WF"


def fold(text: str, width: int) -> str:
    """`text` broken into lines of at most `width` cells: between words, or between Chinese characters.

    A word longer than `width` keeps its line.
    """
    if cells(text) <= width:
        return text
    if not any(is_wide(character) for character in text):
        return "\n".join(textwrap.wrap(text, max(width, 1), break_long_words=False))
    lines = [""]
    for character in text:
        if lines[-1] and cells(lines[-1] + character) > width and character not in "，。、；：）":
            lines.append("")
        lines[-1] += character
    return "\n".join(line.strip() for line in lines)
