"""Terminal output of patterns: every check with its value, band and verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from consensus_sim.catalogue import interval, text
from consensus_sim.report.tables import caution
from consensus_sim.report.words import say, show_rows

if TYPE_CHECKING:
    from rich.console import Console

    from consensus_sim.experiments.patterns.study import PatternResults

HEADINGS = ("quantity", "share", "median", "interval", "band", "verdict")


def print_patterns(found: PatternResults, language: str, console: Console) -> None:
    """Print one row a check under the name and verdict of its pattern, and how many patterns hold."""
    colon = text("colon", language)
    lines: list[Sequence[str] | str] = []
    for pattern in found.patterns:
        name = text("pattern.title", language, id=pattern.id, words=pattern.words[language])
        lines.append(f"{name}{colon}{text(f'pattern.verdicts.{found.verdicts[pattern.id]}', language)}")
        for row in (row for row in found.rows if row["id"] == pattern.id):
            share = "" if math.isnan(row["share"]) else f"{row['share']:.0%}"
            said = "reported" if not row["band"] else "pass" if row["passed"] else "fail"
            between, verdict = (
                interval(f"{row['q05']:.3g}", f"{row['q95']:.3g}"),
                text(f"pattern.verdicts.{said}", language),
            )
            lines.append((row["quantity"], share, f"{row['median']:.3g}", between, row["band"], verdict))
    headings = [text(f"pattern.{heading}", language) for heading in HEADINGS]
    title = text("pattern.heading", language, replicates=found.study.replicates)
    show_rows(console, headings, lines, title=title, colon=colon, whole=(1, 2, 3))
    counts = {name: list(found.verdicts.values()).count(name) for name in ("pass", "sign", "fail")}
    say(text("pattern.counts", language, **{f"n_{name}": n for name, n in counts.items()}), console)
    said = caution(found.study.replicates, language)
    if said:
        say(said, console)
