"""AgentPy: agents on its network, neighbours asked of the network, one call of a method for all agents."""

from __future__ import annotations

from math import exp
from typing import Any

import agentpy
import networkx
import numpy as np
import reduced_workload as w


class Resident(agentpy.Agent):
    """A resident."""

    def setup(self) -> None:
        """Empty until the model hands out the columns."""
        self.points, self.attended, self.comes = 0, False, False

    def decide(self) -> None:
        """Whether to attend and where the opinion moves, from what friends did last step."""
        friends = self.model.network.neighbors(self).to_list()
        share = sum(friend.attended for friend in friends) / len(friends) if len(friends) else 0.0
        drawn = w.BASE + w.COGNITION * self.cognition + w.HABIT * self.habit + w.TRUST * self.trust
        utility = drawn + w.NEIGHBOURS * share + w.INCENTIVE - w.COST[self.group]
        self.comes = self.model.chance(self.row) < 1.0 / (1.0 + exp(-utility))
        near = [friend.opinion for friend in friends if abs(friend.opinion - self.opinion) < w.REACH]
        self.next_opinion = self.opinion
        if near:
            self.next_opinion = self.opinion + w.PULL * (sum(near) / len(near) - self.opinion)

    def act(self) -> None:
        """Take over what was decided, and learn."""
        self.attended, self.opinion = self.comes, self.next_opinion
        if self.attended:
            self.skill += w.PRACTICE * (1.0 - self.skill)
            self.points += w.POINTS
            self.habit += w.HABIT_GAIN * (1.0 - self.habit)
        else:
            self.habit *= w.HABIT_KEEP


class Neighbourhood(agentpy.Model):
    """All residents of the workload."""

    def setup(self) -> None:
        """Agents on a network, with their columns."""
        inputs = self.p.inputs
        rows = np.repeat(np.arange(inputs.n), np.diff(inputs.indptr))
        graph = networkx.Graph()
        graph.add_nodes_from(range(inputs.n))
        graph.add_edges_from(zip(rows.tolist(), inputs.indices.tolist(), strict=True))
        self.network = agentpy.Network(self, graph)
        self.residents = agentpy.AgentList(self, inputs.n, Resident)
        self.network.add_agents(self.residents, self.network.nodes)
        for row, resident in enumerate(self.residents):
            resident.row, resident.group = row, int(inputs.group[row])
            for name, value in zip(w.COLUMNS, inputs.columns[:, row].tolist(), strict=True):
                setattr(resident, name, value)
        self.records: list[tuple[float, float, float]] = []

    def chance(self, row: int) -> float:
        """A number in [0, 1) for a resident in this step."""
        return self.common[row] if self.p.shared else self.random.random()

    def step(self) -> None:
        """All decide, then all act."""
        if self.p.shared:
            self.common = w.chance(self.p.inputs.keys[len(self.records)], self.p.inputs.n).tolist()
        self.residents.decide()
        self.residents.act()
        attended, skill, opinion = (list(getattr(self.residents, name)) for name in ("attended", "skill", "opinion"))
        self.records.append((float(np.mean(attended)), float(np.mean(skill)), float(np.var(opinion))))


def prepare(inputs: w.Inputs, shared: bool) -> Neighbourhood:
    """The model before its first step."""
    model = Neighbourhood({"inputs": inputs, "shared": shared, "steps": len(inputs.keys)})
    model.sim_setup(steps=len(inputs.keys))
    return model


def run(model: Neighbourhood) -> Any:
    """All steps; records (steps, 3)."""
    for _ in model.p.inputs.keys:
        model.sim_step()
    return np.array(model.records)
