"""党建引领治理联席会: a monthly meeting that wins property firm, owners' committee and contractors over (F44, F74,
P47).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consensus_sim.interventions.base import DOSE, Intervention, setting
from consensus_sim.interventions.schedule import times_a_month

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel


@dataclass(kw_only=True, eq=False)
class JointMeeting(Intervention):
    """While it meets, organisations carry out resolutions sooner: their weekly log-hazard rises by the parameter
    `execution.cooperation`. A monthly meeting has the full effect; one that meets less often has a share of it, and
    more meetings add none.
    """

    meetings_per_month: float = setting(0, 4.33, "meetings a month", dose=DOSE)
    strength: float = setting(0, 1, "share of the full effect")

    def apply(self, model: CommunityModel) -> None:
        self.set_rules(model, cooperation=self.strength * min(1.0, self.meetings_per_month))

    def on_week_start(self, model: CommunityModel) -> None:
        if self.strength and self.is_due(model, times_a_month(self.meetings_per_month)):
            self.count_event()
