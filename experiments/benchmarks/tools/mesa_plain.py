"""Plain Mesa, written as its tutorials do: an object per resident, `agents.do` twice a step so that all read the last
step, a data collector.
"""

from __future__ import annotations

from math import exp
from typing import Any

import mesa
import numpy as np
import reduced_workload as w


class Resident(mesa.Agent):
    """A resident; `friends` are set once all residents exist."""

    def __init__(self, model: Any, row: int, values: Any, group: int) -> None:
        super().__init__(model)
        self.row, self.group = row, group
        self.cognition, self.skill, self.habit, self.trust, self.opinion = values
        self.points = 0
        self.attended = self.comes = False
        self.next_opinion = self.opinion
        self.friends: list[Resident] = []

    def utility(self) -> float:
        """What draws the resident, in log-odds."""
        share = sum(friend.attended for friend in self.friends) / len(self.friends) if self.friends else 0.0
        drawn = w.BASE + w.COGNITION * self.cognition + w.HABIT * self.habit + w.TRUST * self.trust
        return drawn + w.NEIGHBOURS * share + w.INCENTIVE - w.COST[self.group]

    def drawn_opinion(self) -> float:
        """The opinion after a step towards the mean of the friends whose opinion is near."""
        near = [friend.opinion for friend in self.friends if abs(friend.opinion - self.opinion) < w.REACH]
        if not near:
            return self.opinion
        return self.opinion + w.PULL * (sum(near) / len(near) - self.opinion)

    def decide(self) -> None:
        """Whether to attend and where the opinion moves, from what friends did last step."""
        self.comes = self.model.chance(self.row) < 1.0 / (1.0 + exp(-self.utility()))
        self.next_opinion = self.drawn_opinion()

    def act(self) -> None:
        """Take over what was decided, and learn."""
        self.attended, self.opinion = self.comes, self.next_opinion
        if self.attended:
            self.skill += w.PRACTICE * (1.0 - self.skill)
            self.points += w.POINTS
            self.habit += w.HABIT_GAIN * (1.0 - self.habit)
        else:
            self.habit *= w.HABIT_KEEP


class Neighbourhood(mesa.Model):
    """All residents of the workload."""

    def __init__(self, inputs: w.Inputs, shared: bool) -> None:
        super().__init__(seed=1)
        self.inputs, self.shared = inputs, shared
        values, groups = inputs.columns.T.tolist(), inputs.group.tolist()
        residents = [Resident(self, row, values[row], groups[row]) for row in range(inputs.n)]
        for row, resident in enumerate(residents):
            ends = inputs.indices[inputs.indptr[row] : inputs.indptr[row + 1]].tolist()
            resident.friends = [residents[end] for end in ends]
        self.datacollector = mesa.DataCollector(
            {
                "attendance": lambda model: sum(model.agents.get("attended")) / model.inputs.n,
                "skill": lambda model: np.mean(model.agents.get("skill")),
                "variance": lambda model: np.var(model.agents.get("opinion")),
            }
        )

    def chance(self, row: int) -> float:
        """A number in [0, 1) for a resident in this step."""
        return self.common[row] if self.shared else self.random.random()

    def step(self) -> None:
        """All decide, then all act."""
        if self.shared:
            self.common = w.chance(self.inputs.keys[self.steps - 1], self.inputs.n).tolist()
        self.agents.do("decide")
        self.agents.do("act")
        self.datacollector.collect(self)


def prepare(inputs: w.Inputs, shared: bool) -> Neighbourhood:
    """The model before its first step."""
    return Neighbourhood(inputs, shared)


def run(model: Neighbourhood) -> Any:
    """All steps; records (steps, 3)."""
    for _ in model.inputs.keys:
        model.step()
    return model.datacollector.get_model_vars_dataframe().to_numpy()
