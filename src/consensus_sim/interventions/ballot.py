"""爱邻协商小程序: the online ballot; proposals, votes, messages; suits the young and the working (F40, P14)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.events import Event
from consensus_sim.council.topics import HEARD, Topic
from consensus_sim.council.vote import can_be_voted_on
from consensus_sim.dynamics.learning import fade, keep_factor
from consensus_sim.interventions.base import DOSE, Intervention, setting, switch
from consensus_sim.interventions.schedule import times_a_month

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel


@dataclass(kw_only=True, eq=False)
class OnlineBallot(Intervention):
    """Opens the channel `ballot`. The simple programme of phase 1 (`votes` off) takes messages and is little used.

    P14 is the probability that an aware user acts at least once a year; more ballots a year share it out. `use` scales
    the probability at one ballot; `publicity` the online rate at which users hear of other channels. Each ballot
    answered tires for a while. With `votes`, each ballot first takes heard topics that a vote may settle
    (`council.vote.can_be_voted_on`), each once: a vote of at least `quorum` residents of the affected area settles it
    by the council's settlement share. The other places go to the topics that most residents have mentioned.
    """

    sessions_per_month: float = setting(0, 4.33, "ballots a month", dose=DOSE)
    use: float = setting(0, 1, "share of P14", dose=DOSE)
    publicity: float = setting(0, 1, "share of the online rate")
    votes: bool = switch()
    topics_per_ballot: int = setting(0, 10, "topics", integer=True)
    quorum: int = setting(1, 100000, "voters", integer=True)
    tiring: float = setting(0, 5, "log-odds a ballot answered")

    def on_start(self, model: CommunityModel) -> None:
        self.put: set[int] = set()
        self.answered: NDArray[np.float32] = np.zeros(model.residents.n, np.float32)

    def apply(self, model: CommunityModel) -> None:
        if self.sessions_per_month and self.use:
            self.open_channel(model, "ballot", per_year=12.0 * self.sessions_per_month)
            model.channels["ballot"].level = float(np.log(self.use))
            self.set_rules(model, online_publicity=self.publicity)

    def events(self, model: CommunityModel) -> list[Event]:
        if not model.is_open("ballot") or not self.is_due(model, times_a_month(self.sessions_per_month)):
            return []
        heard = [topic for topic in model.topics.waiting if topic.state == HEARD]
        heard.sort(key=lambda topic: (not self._to_vote(model, topic), -topic.progress.mentions, topic.number))
        self.count_event()
        return [model.event("ballot", topics=heard[: self.topics_per_ballot])]

    def _to_vote(self, model: CommunityModel, topic: Topic) -> bool:
        """True if `topic` goes to the vote at the next ballot."""
        return self.votes and topic.number not in self.put and can_be_voted_on(model, topic)

    def utility(self, model: CommunityModel, event: Event) -> float | NDArray[Any]:
        """Tiring: `tiring` log-odds less for each ballot answered, fading as fatigue does (n,)."""
        if event.channel.name != "ballot":
            return 0.0
        return np.float32(-self.tiring) * self.answered

    def on_week_end(self, model: CommunityModel) -> None:
        fade(self.answered, keep_factor(model.parameters.fatigue.half_life))

    def on_attended(self, model: CommunityModel, event: Event) -> None:
        if event.channel.name != "ballot":
            return
        self.answered[event.came] += 1.0
        for topic in event.topics:
            voters = event.came[(event.came >= topic.low) & (event.came < topic.high)]
            topic.progress.mentions += len(voters)
            if self._to_vote(model, topic):
                self.put.add(topic.number)
                if len(voters) >= self.quorum:
                    model.vote(event, topic, voters)
