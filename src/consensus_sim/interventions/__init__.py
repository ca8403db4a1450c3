"""One file per lever, all of one small shape: see `base.Intervention`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consensus_sim.lazy import lazy

if TYPE_CHECKING:
    from consensus_sim.interventions.base import Cost, Intervention, build_lever, setting

__all__ = ["Cost", "Intervention", "build_lever", "setting"]
__getattr__, __dir__ = lazy(__name__, {"base": "Cost Intervention build_lever setting"})
