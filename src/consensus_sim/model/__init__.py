"""One community simulated: the order of a week, its state, its parameters, and what is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consensus_sim.lazy import lazy

if TYPE_CHECKING:
    from consensus_sim.model.mesa_adapter import MesaCommunity
    from consensus_sim.model.model import PHASES, CommunityModel

__all__ = ["CommunityModel", "MesaCommunity", "PHASES"]
__getattr__, __dir__ = lazy(__name__, {"mesa_adapter": "MesaCommunity", "model": "CommunityModel PHASES"})
