"""A `CommunityModel` as a Mesa model: for AgentSet, DataCollector, batch_run and SolaraViz.

Mesa is imported with this module, so it is imported only where somebody asks for a Mesa model; a forecast is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import mesa

from consensus_sim.catalogue import weekly_metric_names
from consensus_sim.residents.agent import Resident

if TYPE_CHECKING:
    from mesa.agent import AgentSet

    from consensus_sim.model.model import CommunityModel


def latest(name: str, model: MesaCommunity) -> float:
    """Value of the weekly metric `name` in the last week simulated; NaN where that week has none."""
    found, week = model.community_model.recorder.weekly.get(name), model.community_model.week - 1
    return float("nan") if found is None else float(found[week])


def participations(model: MesaCommunity) -> float:
    """Participations of residents in all events of the last week simulated."""
    week = model.community_model.week - 1
    return float(sum(len(who) for held, _, who in model.community_model.recorder.acts if held == week))


class MesaCommunity(mesa.Model):
    """The Mesa model of `community_model`: a step is a week, and `agents` are views of its residents.

    After each week `datacollector` collects the metrics of table `weekly` under their names, and of every resident
    what `agent_reporters` names. A subclass may set both, as Mesa's DataCollector takes them.
    """

    model_reporters: ClassVar[Mapping[str, Callable[[MesaCommunity], float]]] = {
        **{name: partial(latest, name) for name in weekly_metric_names()},
        "participations": participations,
    }
    agent_reporters: ClassVar[Mapping[str, str | Callable[[Resident], float]]] = {}

    def __init__(self, community_model: CommunityModel) -> None:
        super().__init__(rng=community_model.seed)
        self.community_model = community_model
        self.steps = community_model.week
        self.running = community_model.running
        self.datacollector = mesa.DataCollector(self.model_reporters, self.agent_reporters)

    def __repr__(self) -> str:
        """The model within."""
        return f"<{type(self).__name__} of {self.community_model!r}>"

    @property
    def agents(self) -> AgentSet:
        """All residents in the order of their rows, created at the first call."""
        residents = super().agents
        if not residents:
            for row in range(self.community_model.residents.n):
                Resident(self, row)
        return residents

    def step(self) -> None:
        """Simulate one week and collect its data. Raises ConsensusSimError once the calendar has ended."""
        self.community_model.step()
        self.running = self.community_model.running
        self.datacollector.collect(self)
