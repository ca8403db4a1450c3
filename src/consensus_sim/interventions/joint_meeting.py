"""党建引领治理联席会: a monthly meeting that wins property firm, owners' committee and contractors over (F44, F74,
P47).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from consensus_sim.calendar import falls_due, per_week
from consensus_sim.council.organisations import ORGANISATIONS
from consensus_sim.interventions.base import DOSE, Intervention, setting


@dataclass(kw_only=True, eq=False)
class JointMeeting(Intervention):
    """Each meeting moves every organisation's willingness towards 1 by the parameter `execution.persuasion`;
    what was won fades with its half-life, so the meeting has to go on.
    """

    meetings_per_month: float = setting(0, 4.33, "meetings a month", dose=DOSE)
    strength: float = setting(0, 1, "share of the full effect")

    def on_start(self, model: Any) -> None:
        self.begun = model.week

    def on_week_start(self, model: Any) -> None:
        if not self.strength or not falls_due(per_week(self.meetings_per_month), model.week - self.begun):
            return
        self.count_event()
        for name in ORGANISATIONS:
            model.organisations[name].persuade(self.strength * model.parameters.execution.persuasion)
