"""Terminal output of a calibration: posterior contraction, predictive check, and how far to trust
it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from consensus_sim.catalogue import parameter_label, text
from consensus_sim.report.words import say, show_rows

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

ENOUGH_TRUTHS = 50
"""Fewest synthetic truths for a useful coverage; with 50 its standard error is 4 points at 90 %."""
FEW_RUNS = 1000
"""Runs below which everything is called rough, for some 150 parameters beside those calibrated; judgement."""

BOUNDS = (("low", "high"), ("posterior_q05", "posterior_q95"))
"""Columns of what is accepted of a figure, and of its predictive interval."""


def print_calibration(
    tables: Mapping[str, pd.DataFrame], runs: int, left_out: Sequence[str], language: str, console: Console
) -> None:
    """Prints the parameters' identifiability, the predictive check, and how far to trust them (`trust_lines`)."""
    print_identification(tables["identification"], language, console)
    if "posterior_predictive" in tables:
        print_predictive(tables["posterior_predictive"], language, console)
    for line in trust_lines(tables.get("recovery"), runs, left_out, language):
        say(line, console)


def print_identification(table: pd.DataFrame, language: str, console: Console) -> None:
    """Prints prior and posterior intervals of the parameters and the ratio of their spreads (posterior contraction).
    Names the parameters that the data do not identify.
    """
    from consensus_sim.study.posterior import SILENT, WEAK

    identified, silent = table[table["sd_ratio"] < SILENT], table[table["sd_ratio"] >= SILENT]
    if identified.empty:
        say(text("calibration.silent_all", language, number=len(table)), console)
        return
    lines = [
        (
            parameter_label(row["parameter"], language, lines=True),
            f"{row['prior_q05']:.3g} – {row['prior_q95']:.3g}",
            f"{row['q05']:.3g} – {row['q95']:.3g}",
            f"{row['sd_ratio']:.2f}",
        )
        for row in identified.sort_values("sd_ratio", kind="stable").to_dict("records")
    ]
    headings = [text(f"calibration.{key}", language) for key in ("parameter", "prior", "posterior", "ratio")]
    title, colon = text("calibration.title", language), text("colon", language)
    show_rows(console, headings, lines, title=title, colon=colon, whole=(1, 2, 3))
    say(text("calibration.ratio_key", language, weak=WEAK, silent=SILENT), console, style="dim")
    if len(silent):
        names = text("list", language).join(silent["parameter"])
        say(text("calibration.silent", language, number=len(silent), names=names), console)


def print_predictive(table: pd.DataFrame, language: str, console: Console) -> None:
    """Print each figure beside the calibrated model's 90 % predictive interval, and how many it holds: of those that
    were fitted, of those that were not, and of the signs. `table`: as posterior_predictive.csv.
    """
    from consensus_sim.experiments.targets import MOST

    figures, signs = table[table["use"] != "sign"], table[table["use"] == "sign"]
    lines = []
    for row in figures.to_dict("records"):
        exact = row["held_without_error"] or not row["held"]
        said = text(f"calibration.{'yes' if row['held'] else 'no'}" if exact else "calibration.error_alone", language)
        accepted, interval = (f"{row[low]:.3g} – {row[high]:.3g}" for low, high in BOUNDS)
        lines.append((row["target"], f"{row['value']:.3g}", accepted, interval, said))
    headings = [text(f"calibration.{key}", language) for key in ("target", "observed", "accepted", "interval", "held")]
    title, colon = text("calibration.predictive", language), text("colon", language)
    show_rows(console, headings, lines, title=title, colon=colon, whole=(1, 2, 3))
    for key, rows in (
        ("fitted", figures[figures["use"] == "calibration"]),
        ("kept_apart", figures[figures["use"] == "validation"]),
    ):
        if len(rows):
            held = int(rows["held"].sum())
            say(text(f"calibration.{key}", language, total=len(rows), held=held), console)
    if len(signs):
        weak = signs[~signs["held"].astype(bool)]
        named = [f"{row['target']} {row['posterior_share']:.0%}" for row in weak.to_dict("records")]
        rest = text("calibration.signs_rest", language, names=text("list", language).join(named)) if named else ""
        number = {"total": len(signs), "held": len(signs) - len(weak), "most": f"{MOST:.0%}"}
        say(text("calibration.signs", language, rest=rest, **number), console)


def trust_lines(recovery: pd.DataFrame | None, runs: int, left_out: Sequence[str], language: str) -> list[str]:
    """Sentences on how far the calibration may be trusted.

    recovery: recovery.csv, None where it was not tested; runs: of the design; left_out: figures kept for validation
    whose period was not simulated
    """
    found = []
    if recovery is None:
        found.append(text("calibration.not_checked", language))
    else:
        (whole,) = recovery[recovery["parameter"] == "all"].to_dict("records")
        shares = {name: f"{whole[name]:.0%}" for name in ("coverage50", "coverage90")}
        truths = int(whole["truths"])
        found.append(text("calibration.recovery", language, truths=truths, p=f"{whole['p']:.2g}", **shares))
        if truths < ENOUGH_TRUTHS:
            found.append(text("calibration.few_truths", language, needed=ENOUGH_TRUTHS))
    if runs < FEW_RUNS:
        found.append(text("calibration.few_runs", language, runs=runs, needed=FEW_RUNS))
    if left_out:
        found.append(text("calibration.left_out", language, names=text("list", language).join(left_out)))
    return found
