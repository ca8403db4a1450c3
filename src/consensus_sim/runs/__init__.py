"""Simulation of a study: seeded replicates, their store, and the engines that run them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consensus_sim.lazy import lazy

if TYPE_CHECKING:
    from consensus_sim.runs.engines import Processes, Serial
    from consensus_sim.runs.replicate import build_model, read_behaviour, run_replicate
    from consensus_sim.runs.store import Store

__all__ = ["Processes", "Store", "Serial", "build_model", "read_behaviour", "run_replicate"]
__getattr__, __dir__ = lazy(
    __name__,
    {"engines": "Processes Serial", "replicate": "build_model read_behaviour run_replicate", "store": "Store"},
)
