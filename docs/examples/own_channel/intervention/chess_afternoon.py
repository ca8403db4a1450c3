"""A channel of one's own: a chess table in the park that an own intervention opens and holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consensus_sim.council import Event
from consensus_sim.interventions import Intervention, setting

if TYPE_CHECKING:
    from consensus_sim import CommunityModel


@dataclass(kw_only=True, eq=False)
class ChessAfternoon(Intervention):
    """棋桌夜话: a chess table in the park every `interval` weeks."""

    interval: int = setting(1, 52, "weeks")

    def apply(self, model: CommunityModel) -> None:
        self.open_channel(model, "chess_table", "park")

    def events(self, model: CommunityModel) -> list[Event]:
        if model.week % self.interval:
            return []
        self.count_event()
        return [model.event("chess_table")]
