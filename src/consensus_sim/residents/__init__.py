"""The state of all residents as columns; one resident seen as a mesa.Agent; the capability scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consensus_sim.lazy import lazy

if TYPE_CHECKING:
    from consensus_sim.residents.agent import Resident
    from consensus_sim.residents.columns import COLUMNS, GROUPS
    from consensus_sim.residents.residents import Residents

__all__ = ["COLUMNS", "GROUPS", "Resident", "Residents"]
__getattr__, __dir__ = lazy(__name__, {"agent": "Resident", "columns": "COLUMNS GROUPS", "residents": "Residents"})
