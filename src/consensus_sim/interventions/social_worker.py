"""专业社工: a professional social worker hands on the word, cools disputes and helps with proposals (F38, P22, P23)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consensus_sim.council.meeting import FacilitationSupport
from consensus_sim.interventions.base import DOSE, Intervention, setting

if TYPE_CHECKING:
    from consensus_sim.council.events import Event
    from consensus_sim.model.model import CommunityModel


@dataclass(kw_only=True, eq=False)
class SocialWorker(Intervention):
    """A professional on site at every meeting, who hands round the share `turns` of the speeches, beside the moderator.
    Help with proposals closes the share `quality` of everybody's gap to full integration skill. `presence` scales both.
    """

    presence: float = setting(0, 1, "share of sittings' needs met", dose=DOSE)
    turns: float = setting(0, 1, "share of speeches", source="P22, F38, L17, L19")
    quality: float = setting(0, 1, "share of the way to full skill", source="F38, P23")

    def apply(self, model: CommunityModel) -> None:
        if self.presence:
            turns, quality = self.presence * self.turns, self.presence * self.quality
            self.support(model, FacilitationSupport(turn_sharing=turns, quality=quality))

    def on_attended(self, model: CommunityModel, event: Event) -> None:
        if self.presence and event.topics and not event.channel.online:
            self.count_event()
