"""党建引领治理联席会: a monthly meeting that wins property firm, owners' committee and contractors over (F44, F74,
P47).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consensus_sim.calendar import falls_due, per_week
from consensus_sim.interventions.base import DOSE, Intervention, setting

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel


@dataclass(kw_only=True, eq=False)
class JointMeeting(Intervention):
    """While it meets, organisations carry out resolutions sooner: their weekly chance rises by the parameter
    `execution.cooperation`. A monthly meeting has the full effect; one that meets less often has a share of it, and
    more meetings add none.
    """

    meetings_per_month: float = setting(0, 4.33, "meetings a month", dose=DOSE)
    strength: float = setting(0, 1, "share of the full effect")

    def on_start(self, model: CommunityModel) -> None:
        self.begun = model.week
        model.rules.cooperation = self.strength * min(1.0, self.meetings_per_month)

    def on_end(self, model: CommunityModel) -> None:
        model.rules.cooperation = 0.0

    def on_week_start(self, model: CommunityModel) -> None:
        if self.strength and falls_due(per_week(self.meetings_per_month), model.week - self.begun):
            self.count_event()
