"""consensus_sim: forecast what a participation policy does to a neighbourhood before it is rolled out.

    from consensus_sim import compare, load_community

    community = load_community("case_study")
    forecast = compare(community, ["before", "points"], replicates=20, seed=1)
    forecast.summary()

The names below are loaded when they are first used, so that importing the package takes no time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from consensus_sim.lazy import lazy

if TYPE_CHECKING:
    from consensus_sim.community import Community, build_community, load_community
    from consensus_sim.errors import ConsensusSimError, InputError
    from consensus_sim.experiments.compare.study import compare, load_model, load_scenario
    from consensus_sim.experiments.reliability import cronbach_alpha
    from consensus_sim.forecast.forecast import Forecast
    from consensus_sim.mesa_model import MesaModel
    from consensus_sim.model.model import CommunityModel
    from consensus_sim.study.scenario import Scenario, Study

__version__ = "0.1.0"
__all__ = [
    "Community",
    "CommunityModel",
    "ConsensusSimError",
    "Forecast",
    "InputError",
    "MesaModel",
    "Scenario",
    "Study",
    "build_community",
    "compare",
    "cronbach_alpha",
    "load_community",
    "load_model",
    "load_scenario",
]
__getattr__, __dir__ = lazy(
    __name__,
    {
        "experiments.compare.study": "compare load_model load_scenario",
        "experiments.reliability": "cronbach_alpha",
        "community": "Community build_community load_community",
        "errors": "ConsensusSimError InputError",
        "forecast": "Forecast",
        "mesa_model": "MesaModel",
        "model": "CommunityModel",
        "study": "Scenario Study",
    },
)
