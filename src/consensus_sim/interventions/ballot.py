"""爱邻协商小程序: the online ballot; proposals, votes, messages; suits the young and the working (F40, P14)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from consensus_sim.calendar import falls_due, per_week
from consensus_sim.council.events import Event
from consensus_sim.council.screening import ROUTINE
from consensus_sim.council.topics import HEARD
from consensus_sim.interventions.base import Intervention, setting, switch


@dataclass(kw_only=True, eq=False)
class OnlineBallot(Intervention):
    """Opens the channel `ballot`. The simple programme of phase 1 (`votes` off) takes messages and is little used.

    `use` scales the chance that an aware user acts; `publicity` the online rate at which users hear of other
    channels. With `votes`, routine topics without money at stake can be settled online by the council's settlement
    share.
    """

    sessions_per_month: float = setting(0, 4.33, "ballots a month")
    use: float = setting(0, 1, "share of P14")
    publicity: float = setting(0, 1, "share of the online rate")
    votes: bool = switch()
    topics_per_ballot: int = setting(0, 10, "topics", integer=True)
    quorum: int = setting(1, 100000, "voters", integer=True)

    def on_start(self, model: Any) -> None:
        self.begun = model.week
        self.on_adjusted(model)

    def on_end(self, model: Any) -> None:
        model.close_channel("ballot")
        model.rules.online_publicity = 0.0

    def on_adjusted(self, model: Any) -> None:
        """The programme goes on, with its rhythm and all who know of it; it opens or closes with its use."""
        if self.sessions_per_month == 0 or self.use == 0:
            self.on_end(model)
            return
        if not model.is_open("ballot"):
            model.open_channel("ballot")
        model.channels["ballot"].level = float(np.log(self.use))
        model.rules.online_publicity = self.publicity

    def events(self, model: Any) -> list[Event]:
        if not model.is_open("ballot") or not falls_due(per_week(self.sessions_per_month), model.week - self.begun):
            return []
        heard = [topic for topic in model.topics.waiting if topic.state == HEARD]
        heard.sort(key=lambda topic: (-topic.mentions, topic.number))
        self.count_event()
        return [model.event("ballot", topics=heard[: self.topics_per_ballot])]

    def on_attended(self, model: Any, event: Event) -> None:
        if event.channel.name != "ballot":
            return
        for topic in event.topics:
            voters = event.came[(event.came >= topic.low) & (event.came < topic.high)]
            topic.mentions += len(voters)
            if self.votes and topic.label == ROUTINE and topic.funding_need == 0 and len(voters) >= self.quorum:
                model.vote(event, topic, voters)
