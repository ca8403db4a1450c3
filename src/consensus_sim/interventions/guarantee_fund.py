"""保障金 + 居民自筹: a fund and residents' contributions fill the money gap of a resolution (F74)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from consensus_sim.council.topics import PENDING
from consensus_sim.interventions.base import DOSE, Intervention, setting

if TYPE_CHECKING:
    from consensus_sim.council.topics import Topic
    from consensus_sim.model.model import CommunityModel


@dataclass(kw_only=True, eq=False)
class GuaranteeFund(Intervention):
    """Fills what a resolution still lacks `wait` weeks after it was settled, while the quarter's `fund` lasts.

    Residents give money or labour worth up to `residents_share` of the need, in proportion to the trust of
    those at stake (their stake-weighted mean); the fund gives the rest. What residents give is no cost of
    the intervention.
    """

    fund: float = setting(0, 1e9, "CNY a quarter", dose=DOSE)
    residents_share: float = setting(0, 1, "share of the need at full trust")
    wait: int = setting(0, 520, "weeks", integer=True)

    def on_start(self, model: CommunityModel) -> None:
        self.given = self.paid = self.contributed = 0.0  # this quarter, this week, in all

    @property
    def left(self) -> float:
        """Money that the fund can still give this quarter, CNY."""
        return max(0.0, self.fund - self.given)

    def on_week_start(self, model: CommunityModel) -> None:
        if model.week and model.calendar.ends_quarter(model.week - 1):
            self.given = 0.0
        self.paid = 0.0
        if self.fund == 0 and self.residents_share == 0:
            return
        for topic in model.topics.topics:
            resolution = topic.resolution
            waits = resolution.execution == PENDING and resolution.gap > 0
            if waits and model.week - resolution.settled_week >= self.wait:
                self._fill(model, topic)

    def _fill(self, model: CommunityModel, topic: Topic) -> None:
        """Residents' part and the fund's part, if together they close the gap; else nothing is begun."""
        resolution, weight = topic.resolution, float(topic.stake.sum())
        trust = float(np.dot(topic.stake, model.residents.trust[topic.low : topic.high])) / weight if weight else 0.0
        own = min(resolution.gap, self.residents_share * trust * topic.funding_need)
        if resolution.gap - own > self.left:
            return
        self.given += resolution.gap - own
        self.paid += resolution.gap - own
        self.contributed += own
        resolution.gap = 0.0

    def spent(self, model: CommunityModel) -> float:
        return self.paid
