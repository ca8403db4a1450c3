"""Outcomes of one run: facts as tables, and metrics, each defined once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consensus_sim.lazy import lazy

if TYPE_CHECKING:
    from consensus_sim.outcomes.facts import all_tables

__all__ = ["all_tables"]
__getattr__, __dir__ = lazy(__name__, {"facts": "all_tables"})
