"""居民监督小组, 每月公示: residents follow resolutions, chase the slow, and post a monthly notice (F27, F37, P47)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from consensus_sim.council.events import NOBODY, Rows
from consensus_sim.dynamics.fatigue import add_bounded
from consensus_sim.interventions.base import DOSE, Intervention, setting, switch
from consensus_sim.randomness import uniforms

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel


@dataclass(kw_only=True, eq=False)
class Supervision(Intervention):
    """A group of `members` follows every resolution: its weekly log-hazard of being carried out rises by the parameter
    `execution.supervision`, `chase` times as much past the deadline.

    With `notice` the results, good or bad, are posted monthly where the council meets. With `redeliberate` a failed
    resolution is heard again as a topic. The members, adults outside the team of most initiative and follow-through,
    tire a little every month.
    """

    members: int = setting(0, 200, "persons", integer=True, dose=DOSE)
    strength: float = setting(0, 1, "share of the full effect", dose=DOSE)
    chase: float = setting(1, 3, "times the effect past the deadline")
    chance: float = setting(0, 1, "weight of the random draw against drive when the group is formed")
    notice: bool = switch()
    redeliberate: bool = switch()

    @property
    def idle(self) -> bool:
        """True if the group has no members or no strength."""
        return self.members == 0 or self.strength == 0

    def on_start(self, model: CommunityModel) -> None:
        self.group = NOBODY

    def apply(self, model: CommunityModel) -> None:
        if self.idle:
            return
        self.set_rules(model, supervision=self.strength, chase=self.chase)
        self.set_rules(model, monthly_notice=self.notice, redeliberate=self.redeliberate)
        if len(self.group) != self.members:  # it stays in office unless another size is asked for
            self.group = self._form(model)

    def _form(self, model: CommunityModel) -> Rows:
        """Adults outside the team of most initiative and follow-through, with a random draw of weight `chance`."""
        residents = model.residents
        able = np.flatnonzero(residents.adult & ~model.team_mask)
        drive = residents.initiative[able] + residents.follow_through[able]
        drive = drive + self.chance * uniforms(model.key("supervision:members"), residents.n)[able]
        return np.sort(able[np.argsort(-drive, kind="stable")[: self.members]]).astype(np.int32)

    def on_month_end(self, model: CommunityModel) -> None:
        if not self.idle:
            add_bounded(model.residents.fatigue, self.group, model.parameters.fatigue.load)
            self.count_event()
