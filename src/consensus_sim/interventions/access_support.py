"""大字版, 陪同, 租户座谈会: large print, escorts, tenants' talks, volunteers, posters (F39, P12)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.attendance import fear_of, fear_weight_at
from consensus_sim.council.events import Event
from consensus_sim.council.meeting import FacilitationSupport
from consensus_sim.dynamics.learning import gain_saturating, learn
from consensus_sim.interventions.base import DOSE, Intervention, setting, switch
from consensus_sim.randomness import uniforms_at
from consensus_sim.residents.columns import COGNITIONS

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel


@dataclass(kw_only=True, eq=False)
class AccessSupport(Intervention):
    """Takes the share `relief` of their fear of speaking from elders and tenants (P12), and lifts the vulnerable by the
    status `voice` on the floor.

    `large_print` and `volunteers` each bring half of the elders' relief. With `escorts` the way costs elders nothing.
    `tenants_talks` a quarter, to which `talk_places` tenants are asked, bring tenants' relief and, to tenants who come,
    belonging and knowledge of their rights. `posters` announce every channel at this share of the notice rate.
    """

    large_print: bool = switch()
    volunteers: bool = switch()
    escorts: bool = switch()
    tenants_talks: int = setting(0, 12, "talks a quarter", integer=True)
    talk_places: int = setting(0, 1000, "persons a talk", integer=True, dose=DOSE)
    talk_turnout: float = setting(0, 1, "share of those asked who come")
    posters: float = setting(0, 1, "share of the notice rate", dose=DOSE)
    relief: float = setting(0, 1, "share of the fear of speaking", source="P12, F39, F75")
    voice: float = setting(0, 2, "SD", source="F39, F75, L17")
    course: int = setting(1, 20, "sessions to which a lecture's gain refers", integer=True, source="P28")

    def apply(self, model: CommunityModel) -> None:
        residents = model.residents
        elders = self.relief * (self.large_print + self.volunteers) / 2.0
        tenants = self.relief if self.tenants_talks and self.talk_places else 0.0
        elder, tenant = residents.member_of("elder"), residents.member_of("tenant")
        self.relieved = np.maximum(np.where(elder, elders, 0.0), np.where(tenant, tenants, 0.0)).astype(np.float32)
        self.fetched = np.where(elder & self.escorts, np.float32(1.0), np.float32(0.0))
        self.supported = np.flatnonzero((self.relieved > 0) | (self.fetched > 0))
        self.lift = np.zeros(residents.n, np.float32)
        if self.relieved.any():
            self.support(model, FacilitationSupport(voice=self.voice))
        self.set_rules(model, notice_board=max(model.rules.notice_board, self.posters))

    def utility(self, model: CommunityModel, event: Event) -> float | NDArray[Any]:
        if not len(self.supported) or event.channel.online:
            return 0.0
        who = self.supported
        unskilled = 1.0 - model.residents.expression[who]
        fear = fear_of(model, event.open) * fear_weight_at(model, event.open)[who] * unskilled
        self.lift[who] = self.relieved[who] * fear + self.fetched[who] * model.distance[event.open.venue.name][who]
        return self.lift

    def on_quarter_end(self, model: CommunityModel) -> None:
        for talk in range(self.tenants_talks if self.talk_places else 0):
            self._talk(model, talk)

    def _talk(self, model: CommunityModel, talk: int) -> None:
        """One tenants' talk: tenants who come gain belonging and knowledge of rights, as from one act and one
        lecture.
        """
        residents = model.residents
        tenants = np.flatnonzero(residents.adult & residents.member_of("tenant"))
        lot = uniforms_at(model.key("access:asked", sub=talk), tenants)
        asked = np.sort(tenants[np.argsort(lot, kind="stable")[: self.talk_places]])
        comes = uniforms_at(model.key("access:come", sub=talk), asked) < self.talk_turnout
        who = asked[comes].astype(np.int32)
        p = model.parameters
        gain_saturating(residents.belonging, who, p.learning.belonging_gain)
        gain = np.where(np.array(COGNITIONS) == "rights", p.learning.course_cognition / self.course, 0.0)
        learn(residents.cognition, residents.start_cognition, model.cognition_unit, gain, p.learning.reach, False, who)
        self.count_event()
