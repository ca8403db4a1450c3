"""What a calibration found, as a table for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consensus_sim.catalogue import text

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console


def print_identification(table: pd.DataFrame, language: str, console: Console) -> None:
    """Print which parameters the data narrow: prior and posterior intervals, and the ratio of their spreads."""
    from rich.table import Table

    shown = Table(title=text("calibration.title", language), title_justify="left")
    for key in ("parameter", "prior", "posterior", "ratio", "verdict"):
        shown.add_column(text(f"calibration.{key}", language), justify="left" if key != "ratio" else "right")
    for row in table.to_dict("records"):
        shown.add_row(
            row["parameter"],
            f"{row['prior_q05']:.3g} – {row['prior_q95']:.3g}",
            f"{row['q05']:.3g} – {row['q95']:.3g}",
            f"{row['sd_ratio']:.2f}",
            verdict_words(float(row["sd_ratio"]), language),
        )
    console.print(shown)


def verdict_words(ratio: float, language: str) -> str:
    """What a ratio of posterior to prior standard deviation means."""
    from consensus_sim.ensemble.posterior import SILENT, WEAK

    key = "silent" if ratio >= SILENT else "weak" if ratio >= WEAK else "narrowed"
    return text(f"calibration.{key}", language)
