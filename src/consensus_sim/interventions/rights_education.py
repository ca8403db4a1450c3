"""书记讲堂: public lectures on rights, duties and the public interest; cognition changes slowly (F18, P28)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from consensus_sim.dynamics.learning import learn
from consensus_sim.interventions.base import DOSE, Intervention, setting
from consensus_sim.interventions.schedule import times_a_month
from consensus_sim.randomness import uniforms_at
from consensus_sim.residents.columns import COGNITIONS

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel


@dataclass(kw_only=True, eq=False)
class RightsEducation(Intervention):
    """The secretary lectures `lectures_per_month` times to `places` adults, ranked by motive and a random draw.
    Cognition of the listeners grows by the share 1 / `course` of the parameter `course_cognition`; skill does not
    (F66).
    """

    lectures_per_month: float = setting(0, 4.33, "lectures a month", dose=DOSE)
    places: int = setting(0, 10000, "persons a lecture", integer=True)
    chance: float = setting(0, 1, "weight of the random draw against motive")
    course: int = setting(1, 20, "sessions to which a lecture's gain refers", integer=True, source="P28")

    def on_start(self, model: CommunityModel) -> None:
        self.person_times = 0

    def on_week_end(self, model: CommunityModel) -> None:
        if not self.places or not self.is_due(model, times_a_month(self.lectures_per_month)):
            return
        self.count_event()
        residents, adults = model.residents, model.adults
        rank = residents.motive[adults] + self.chance * uniforms_at(model.key("rights_education"), adults)
        chosen = np.argpartition(-rank, min(self.places, len(adults) - 1))[: self.places]
        who = np.sort(adults[chosen]).astype(np.int32)
        self.person_times += len(who)
        p = model.parameters.learning
        gain = np.full(len(COGNITIONS), p.course_cognition / self.course)
        learn(residents.cognition, residents.start_cognition, model.cognition_unit, gain, p.reach, False, who)
