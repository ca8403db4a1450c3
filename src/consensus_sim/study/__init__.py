"""Definition of a study: scenarios, settings and parameter draws, composed from configs, checked; dates, precision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consensus_sim.lazy import lazy

if TYPE_CHECKING:
    from consensus_sim.study.config import compose
    from consensus_sim.study.posterior import read_posterior
    from consensus_sim.study.scenario import Scenario, Study
    from consensus_sim.study.study import read_study

__all__ = ["Scenario", "Study", "compose", "read_posterior", "read_study"]
__getattr__, __dir__ = lazy(
    __name__, {"config": "compose", "posterior": "read_posterior", "scenario": "Scenario Study", "study": "read_study"}
)
