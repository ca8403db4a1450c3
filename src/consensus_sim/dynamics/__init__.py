"""Dynamics of residents: pure kernels that take and return arrays, to be read beside the equations of
docs/model.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from consensus_sim.lazy import lazy

if TYPE_CHECKING:
    from consensus_sim.dynamics.deliberation import deliberate, top_fifth_share
    from consensus_sim.dynamics.participation import LETTER, PERSONAL
    from consensus_sim.dynamics.talk import PLENARY, People

__all__ = ["LETTER", "PERSONAL", "PLENARY", "People", "deliberate", "top_fifth_share"]
__getattr__, __dir__ = lazy(
    __name__,
    {"deliberation": "deliberate top_fifth_share", "participation": "LETTER PERSONAL", "talk": "PLENARY People"},
)
