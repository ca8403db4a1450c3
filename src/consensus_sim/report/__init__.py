"""Output for people: figures, tables and the report page, in Chinese or English."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from consensus_sim.lazy import lazy

if TYPE_CHECKING:
    from consensus_sim.report.figures import draw_contrasts, draw_forecasts
    from consensus_sim.report.page import write_report
    from consensus_sim.report.tables import print_table
    from consensus_sim.report.typeface import styled

Scenarios: TypeAlias = Sequence[tuple[str, dict[str, str]]]
"""Scenarios in the order in which they are shown: (name, {"zh": label, "en": label})."""

__all__ = ["Scenarios", "draw_contrasts", "draw_forecasts", "print_table", "styled", "write_report"]
__getattr__, __dir__ = lazy(
    __name__,
    {
        "figures": "draw_contrasts draw_forecasts",
        "page": "write_report",
        "tables": "print_table",
        "typeface": "styled",
    },
)
