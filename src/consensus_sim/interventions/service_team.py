"""党员协商服务队: Party members at meetings keep the rules and give way first (F77: planned, not evidenced)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consensus_sim.council.meeting import FacilitationSupport
from consensus_sim.interventions.base import DOSE, Intervention, setting

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel


@dataclass(kw_only=True, eq=False)
class ServiceTeam(Intervention):
    """Party members on the floor have at least the susceptibility `give_way`, and by keeping the rules take away the
    share `calm` of the heat. `strength` scales both.
    """

    strength: float = setting(0, 1, "share of the full effect", dose=DOSE)
    calm: float = setting(0, 1, "share of heat", source="F77, P27")
    give_way: float = setting(0, 1, "susceptibility", source="F77, P18")

    def apply(self, model: CommunityModel) -> None:
        if self.strength:
            given = FacilitationSupport(calm=self.strength * self.calm, give_way=self.strength * self.give_way)
            self.support(model, given)
