"""Output of a validation: in words, as a table for the terminal, and as a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from consensus_sim.catalogue import text
from consensus_sim.report.words import say, show_rows

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from rich.console import Console


def verdict(row: dict[Any, Any], language: str) -> str:
    """One target in words: covered or not, and which naive rivals the forecast beats and which not."""
    if not row["runs"]:
        return text("validation.undefined", language)
    parts = [text("validation.covered" if row["covered"] else "validation.missed", language)]
    for kind, column in (("better", "better_than"), ("worse", "worse_than")):
        names = [text(f"validation.{name}", language) for name in str(row[column]).split()]
        if names:
            parts.append(text(f"validation.{kind}", language, names=text("list", language).join(names)))
    if len(parts) == 1:
        parts.append(text("validation.alone", language))
    return text("clauses", language).join(parts)


def verdicts(table: pd.DataFrame, language: str) -> list[str]:
    """A sentence for every target, and one for all."""
    colon = text("colon", language)
    rows = [f"{row['target']}{colon}{verdict(row, language)}" for row in table.to_dict("records")]
    return [*rows, *summary(table, language)]


def summary(table: pd.DataFrame, language: str) -> list[str]:
    """Number of figures inside their intervals, and a caution if the parameters were fitted to some of them."""
    found = [text("validation.summary", language, total=len(table), covered=int(table["covered"].sum()))]
    if table["fitted"].isna().all():
        return [*found, text("validation.fitted_unknown", language)]
    fitted = table["fitted"].astype(bool)
    if fitted.all():
        found.append(text("validation.fitted_all", language))
    elif fitted.any():
        apart = table[~fitted]
        numbers = {"fitted": int(fitted.sum()), "total": len(apart), "covered": int(apart["covered"].sum())}
        found.append(text("validation.fitted_note", language, **numbers))
    return found


def _named(row: dict[Any, Any], language: str) -> str:
    """Label of a row: marked where its figure was fitted."""
    name = str(row["target"])
    return text("validation.fitted", language, target=name) if row["fitted"] is True else name


def print_scores(table: pd.DataFrame, language: str, console: Console) -> None:
    """Print every target with its interval, score and verdict, then `summary`."""
    lines = []
    for row in table.to_dict("records"):
        interval, crps = (f"{row['q05']:.3g} – {row['q95']:.3g}", f"{row['crps']:.3g}") if row["runs"] else ("–", "–")
        lines.append((_named(row, language), f"{row['value']:.3g}", interval, crps, verdict(row, language)))
    headings = [text(f"validation.{key}", language) for key in ("target", "observed", "interval", "crps", "verdict")]
    title, colon = text("validation.title", language), text("colon", language)
    show_rows(console, headings, lines, title=title, colon=colon, whole=(1, 2, 3))
    for line in (text("validation.crps_key", language), *summary(table, language)):
        say(line, console)


def draw_scores(table: pd.DataFrame, language: str) -> Figure:
    """Forecast intervals and observed figures, each in units of what was observed."""
    from matplotlib.figure import Figure

    from consensus_sim.report.typeface import styled

    with styled():
        figure = Figure(figsize=(8, 1 + 0.42 * len(table)), layout="constrained")
        axes = figure.add_subplot()
        for place, row in enumerate(table.to_dict("records")):
            unit = abs(row["value"]) or 1.0
            axes.plot([row["q05"] / unit, row["q95"] / unit], [place, place], color="0.55", lw=5, solid_capstyle="butt")
            axes.plot(row["q50"] / unit, place, "|", color="black", ms=12)
            axes.plot(row["value"] / unit, place, "o", color="#0b5cad" if row["covered"] else "#a3260f")
        names = [_named(row, language) for row in table.to_dict("records")]
        axes.set_yticks(range(len(table)), names)
        axes.invert_yaxis()
        axes.axvline(1.0, color="0.8", lw=1, zorder=0)
        axes.set_xlabel(f"{text('validation.interval', language)} / {text('validation.observed', language)}")
        axes.set_title(text("validation.title", language), loc="left")
    return figure
