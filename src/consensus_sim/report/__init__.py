"""What people see: figures, tables and the report page, in Chinese or English."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

Scenarios: TypeAlias = Sequence[tuple[str, dict[str, str]]]
"""Scenarios in the order in which they are shown: (name, {"zh": label, "en": label})."""


def __getattr__(name: str) -> object:
    """`write_report` and `print_table`, loaded when they are first asked for."""
    if name == "write_report":
        from consensus_sim.report.page import write_report

        return write_report
    if name == "print_table":
        from consensus_sim.report.tables import print_table

        return print_table
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
