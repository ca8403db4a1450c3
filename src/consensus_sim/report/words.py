"""Words on a terminal: how wide they are in cells (a Chinese character takes two, others one), where their lines break,
and tables of them.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_PARTS = re.compile(r"[!-~]+|.", re.DOTALL)
"""What is kept together on a line: a run of Latin letters, digits and signs; any other character alone."""
CLOSING = "，。、；：）"
"""Marks that begin no line."""
_JOINTS = re.compile(r"[^_./-]*[_./-]*")
"""Where a name that is longer than its line is broken: after a mark that joins its parts."""
GAP = 2
"""Cells between two columns."""


def cells(text: str) -> int:
    """Cells of the longest line of `text`."""
    return max((sum(2 if is_wide(character) else 1 for character in line) for line in text.split("\n")), default=0)


def is_wide(character: str) -> bool:
    """True if a character takes two cells."""
    return unicodedata.east_asian_width(character) in "WF"


def say(words: str, console: Console, style: str | None = None) -> None:
    """Print sentences on `console`, each line of them folded to its width."""
    folded = "\n".join(fold(line, console.width) for line in words.split("\n"))
    console.print(folded, markup=False, highlight=False, style=style)


def fold(text: str, width: int) -> str:
    """`text` broken into lines of at most `width` cells: between words, or between Chinese characters and words.

    A word longer than `width` is broken after the marks that join its parts; a longer part keeps its line.
    """
    if cells(text) <= width:
        return text
    if not any(is_wide(character) for character in text):
        words = " ".join("\n".join(_pieces(word, width)) for word in text.split())
        lines = (textwrap.wrap(line, max(width, 1), break_long_words=False) for line in words.split("\n"))
        return "\n".join(line for wrapped in lines for line in wrapped)
    parted: list[list[str]] = [[]]
    for part in (piece for found in _PARTS.findall(text) for piece in _pieces(found, width)):
        line = parted[-1]
        if not line or cells("".join(line) + part) <= width:
            line.append(part)
        elif part not in CLOSING:
            parted.append([part])
        elif len(line) > 1:  # a mark takes the character before it along
            parted.append([line.pop(), part])
        else:
            line.append(part)
    return "\n".join("".join(line).strip() for line in parted)


def _pieces(word: str, width: int) -> list[str]:
    """`word`, in pieces of at most `width` cells where it is longer and has joints."""
    if cells(word) <= width:
        return [word]
    pieces = [""]
    for part in _JOINTS.findall(word):
        if pieces[-1] and cells(pieces[-1] + part) > width:
            pieces.append("")
        pieces[-1] += part
    return pieces


def longest_word(text: str) -> int:
    """Cells of the longest part of `text` that `fold` keeps on a line where it can."""
    parts = _PARTS.findall(text) if any(is_wide(character) for character in text) else text.split()
    return max(map(cells, parts), default=0)


def show_rows(
    console: Console,
    headings: Sequence[str],
    rows: Sequence[Sequence[str] | str],
    *,
    colon: str,
    title: str = "",
    whole: Collection[int] = (),
) -> None:
    """Print a table in which no word is cut, whatever the width of `console`.

    rows: a cell a column, or one text, a line across the table in bold
    whole: places of the columns of numbers, justified right and never broken
    colon: what stands between a heading and its cell where the columns have no room beside each other and each row is
    printed as a few lines
    """
    if title:
        say(title, console, style="italic")
    columns = list(zip(headings, *(row for row in rows if not isinstance(row, str)), strict=True))
    widths = [max(map(cells, column)) for column in columns]
    least = [
        max(longest_word(column[0]), *map(cells, column[1:]), 0) if place in whole else max(map(longest_word, column))
        for place, column in enumerate(columns)
    ]
    room = console.width - GAP * (len(columns) - 1)
    if sum(least) > room:
        _show_as_lines(console, headings, rows, colon)
        return
    while sum(widths) > room:
        widest = max(range(len(widths)), key=lambda place: (widths[place] > least[place], widths[place]))
        widths[widest] -= 1
    _show_line(console, headings, widths, whole, "bold")
    console.print("─" * (sum(widths) + GAP * (len(widths) - 1)), highlight=False)
    for row in rows:
        if isinstance(row, str):
            say(row, console, style="bold")
        else:
            _show_line(console, row, widths, whole, None)


def _show_line(
    console: Console, row: Sequence[str], widths: Sequence[int], whole: Collection[int], style: str | None
) -> None:
    """Print one row, its cells folded to `widths`."""
    folded = [fold(cell, width).split("\n") for cell, width in zip(row, widths, strict=True)]
    for number in range(max(map(len, folded))):
        line = []
        for place, (cell, width) in enumerate(zip(folded, widths, strict=True)):
            words = cell[number] if number < len(cell) else ""
            blank = " " * (width - cells(words))
            line.append(blank + words if place in whole else words + blank)
        console.print((" " * GAP).join(line).rstrip(), markup=False, highlight=False, style=style, soft_wrap=True)


def _show_as_lines(console: Console, headings: Sequence[str], rows: Sequence[Sequence[str] | str], colon: str) -> None:
    """Print each row as its first cell and, below it, a line for each other cell that has one, with its heading."""
    for row in rows:
        if isinstance(row, str):
            say(row, console, style="bold")
            continue
        if row[0]:
            say(row[0], console)
        for heading, cell in zip(headings[1:], row[1:], strict=True):
            if cell:
                words = fold(f"{heading}{colon}{cell}".replace("\n", " "), console.width - GAP)
                say(textwrap.indent(words, " " * GAP), console)
