"""邻里节: a neighbour festival; belonging grows slowly, and what goes on becomes known (D11, D1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from consensus_sim.dynamics.learning import gain_saturating
from consensus_sim.interventions.base import DOSE, Intervention, setting
from consensus_sim.interventions.schedule import times_a_year
from consensus_sim.randomness import uniforms

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel


@dataclass(kw_only=True, eq=False)
class Festival(Intervention):
    """Held `festivals_per_year` times. A resident comes with probability `turnout` times belonging over its mean:
    attendance rises with belonging. Visitors gain as much belonging as by one act of taking part, and hear with
    probability `stalls` of each open channel. A festival is no deliberation, so it counts as no participation and
    forms no habit of it.
    """

    festivals_per_year: float = setting(0, 12, "festivals a year", dose=DOSE)
    turnout: float = setting(0, 1, "share of adults")
    stalls: float = setting(0, 1, "probability that a visitor hears of a channel")

    def on_start(self, model: CommunityModel) -> None:
        self.visitors = 0

    def on_week_end(self, model: CommunityModel) -> None:
        if not self.turnout or not self.is_due(model, times_a_year(self.festivals_per_year)):
            return
        self.count_event()
        residents, adults = model.residents, model.adults
        chance = self.turnout * residents.belonging[adults] / max(float(residents.belonging[adults].mean()), 1e-9)
        who = adults[uniforms(model.key("festival"), residents.n)[adults] < chance].astype(np.int32)
        self.visitors += len(who)
        gain_saturating(residents.belonging, who, model.parameters.learning.belonging_gain)
        for name, channel in sorted(model.channels.items()):
            hears = uniforms(model.key(f"festival:{name}"), residents.n)[who] < self.stalls
            model.tell(channel, who[hears])
