"""党员协商服务队: Party members at sittings keep the rules and give way first (F77: planned, not evidenced)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from consensus_sim.council.meeting import Help
from consensus_sim.interventions.base import DOSE, Intervention, setting


@dataclass(kw_only=True, eq=False)
class ServiceTeam(Intervention):
    """Party members on the floor let themselves be moved at least as far as the parameter
    `service_team_gives_way`, and heat is lower. `strength` scales both.
    """

    strength: float = setting(0, 1, "share of the full effect", dose=DOSE)

    def on_start(self, model: Any) -> None:
        p = model.parameters.support
        if self.strength:
            model.rules.help[self.name] = Help(
                calm=self.strength * p.service_team_calm, give_way=self.strength * p.service_team_gives_way
            )

    def on_end(self, model: Any) -> None:
        model.rules.help.pop(self.name, None)
