"""Results of many runs: summaries, paired differences with both intervals, variance, Monte Carlo standard errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consensus_sim.lazy import lazy

if TYPE_CHECKING:
    from consensus_sim.forecast.forecast import Forecast
    from consensus_sim.forecast.run import run_ensemble

__all__ = ["Forecast", "run_ensemble"]
__getattr__, __dir__ = lazy(__name__, {"forecast": "Forecast", "run": "run_ensemble"})
