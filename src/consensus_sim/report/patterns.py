"""What is told of patterns in the terminal: every check with its figure, band and verdict."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from consensus_sim.catalogue import text
from consensus_sim.report.tables import caution
from consensus_sim.report.words import say

if TYPE_CHECKING:
    from rich.console import Console

    from consensus_sim.analysis.patterns import PatternResults

HEADINGS = ("quantity", "share", "median", "interval", "band", "verdict")


def print_patterns(found: PatternResults, language: str, console: Console) -> None:
    """Print one row a check under the name and verdict of its pattern, and how many patterns hold."""
    from rich.table import Table

    table = Table(
        title=text("pattern.heading", language, replicates=found.study.replicates), title_justify="left", box=None
    )
    for heading in HEADINGS:
        number = heading in ("share", "median")
        side: Literal["left", "right"] = "right" if number else "left"
        table.add_column(text(f"pattern.{heading}", language), justify=side, overflow="fold")
    for pattern in found.patterns:
        name = text("pattern.title", language, id=pattern.id, words=pattern.words[language])
        verdict = text(f"pattern.verdicts.{found.verdicts[pattern.id]}", language)
        table.add_row(f"[bold]{name}[/bold]", "", "", "", "", f"[bold]{verdict}[/bold]")
        for row in (row for row in found.rows if row["id"] == pattern.id):
            share = "" if math.isnan(row["share"]) else f"{row['share']:.0%}"
            said = "told" if not row["band"] else "pass" if row["passed"] else "fail"
            table.add_row(
                f"  {row['quantity']}", share, f"{row['median']:.3g}",
                f"\\[{row['q05']:.3g}, {row['q95']:.3g}]", row["band"], text(f"pattern.verdicts.{said}", language),
            )  # fmt: skip
    console.print(table)
    counts = {name: list(found.verdicts.values()).count(name) for name in ("pass", "sign", "fail")}
    say(text("pattern.counts", language, **{f"n_{name}": n for name, n in counts.items()}), console)
    said = caution(found.study.replicates, language)
    if said:
        say(said, console)
