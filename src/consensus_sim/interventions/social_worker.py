"""专业社工: a resident social worker hands on the word, cools disputes and helps with proposals (F38, P22, P23)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from consensus_sim.council.meeting import Help
from consensus_sim.interventions.base import DOSE, Intervention, setting


@dataclass(kw_only=True, eq=False)
class SocialWorker(Intervention):
    """A professional on site at every sitting: turns are handed round more evenly, and proposals join more
    interests, as if everybody present had more integration skill. `presence` scales it: the share of the
    full effect.
    """

    presence: float = setting(0, 1, "share of sittings' needs met", dose=DOSE)

    def on_start(self, model: Any) -> None:
        p = model.parameters.support
        if self.presence:
            model.rules.help[self.name] = Help(
                turn_sharing=self.presence * p.social_worker_turns, quality=self.presence * p.social_worker_quality
            )

    def on_end(self, model: Any) -> None:
        model.rules.help.pop(self.name, None)

    def on_attended(self, model: Any, event: Any) -> None:
        if self.presence and event.topics and not event.channel.online:
            self.count_event()
