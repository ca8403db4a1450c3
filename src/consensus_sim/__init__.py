"""consensus_sim: forecast what a participation policy does to a neighbourhood before it is rolled out.

    from consensus_sim import compare, load_community

    community = load_community("case_study")
    forecast = compare(community, ["before", "points"], replicates=20, seed=1)
    forecast.summary()

The names below are loaded when they are first used, so that importing the package takes no time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from consensus_sim.analysis.compare import compare, load_model, load_scenario
    from consensus_sim.community import Community, build_community, load_community
    from consensus_sim.errors import ConsensusSimError, InputError
    from consensus_sim.forecast.forecast import Forecast
    from consensus_sim.model.model import CommunityModel
    from consensus_sim.study.scenario import Scenario, Study

__version__ = "0.1.0"

_HOMES = {
    "Community": "consensus_sim.community",
    "CommunityModel": "consensus_sim.model.model",
    "ConsensusSimError": "consensus_sim.errors",
    "Forecast": "consensus_sim.forecast.forecast",
    "InputError": "consensus_sim.errors",
    "Scenario": "consensus_sim.study.scenario",
    "Study": "consensus_sim.study.scenario",
    "build_community": "consensus_sim.community",
    "compare": "consensus_sim.analysis.compare",
    "load_community": "consensus_sim.community",
    "load_model": "consensus_sim.analysis.compare",
    "load_scenario": "consensus_sim.analysis.compare",
}

__all__ = [
    "Community",
    "CommunityModel",
    "ConsensusSimError",
    "Forecast",
    "InputError",
    "Scenario",
    "Study",
    "build_community",
    "compare",
    "load_community",
    "load_model",
    "load_scenario",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Public names, whether loaded yet or not."""
    return sorted({*globals(), *__all__})
