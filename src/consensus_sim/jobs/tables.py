"""Folders of results that hold tables and figures, written whole or not at all."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from consensus_sim.study.scenario import Study


def save_tables(
    folder: Path,
    tables: Mapping[str, pd.DataFrame],
    figures: Mapping[str, Figure],
    study: Study,
    config: Mapping[str, Any],
    started: datetime.datetime,
) -> Path:
    """Write each table as <name>.csv and each figure as figures/<name>.png to `folder`, with config and provenance."""
    from consensus_sim.forecast.forecast import NUMBERS, write_origin
    from consensus_sim.saving import save_whole

    def write(place: Path) -> None:
        for name, table in tables.items():
            table.to_csv(place / f"{name}.csv", index=False, float_format=NUMBERS, lineterminator="\n")
        if figures:
            (place / "figures").mkdir()
        for name, figure in figures.items():
            figure.savefig(place / "figures" / f"{name}.png", dpi=config["report"]["dpi"])
        write_origin(place, study, config, started)

    return save_whole(folder, write)
