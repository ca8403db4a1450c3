"""Topics 议题: what a topic is, how far it is, what was said and what was decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.topic_class import TopicClass
from consensus_sim.errors import one_of

STATES = ("unheard", "heard", "answered", "agenda", "settled", "shelved", "lapsed")
UNHEARD, HEARD, ANSWERED, AGENDA, SETTLED, SHELVED, LAPSED = STATES
OPEN_STATES = (UNHEARD, HEARD, AGENDA)
LIFE_CYCLE = {
    UNHEARD: (HEARD, ANSWERED, LAPSED),
    HEARD: (AGENDA, SETTLED, LAPSED),  # a vote online settles without an agenda
    AGENDA: (SETTLED, SHELVED, HEARD),  # heard again when the channel closes
    SETTLED: (HEARD,),  # heard again when the resolution comes to nothing
    ANSWERED: (),
    SHELVED: (),
    LAPSED: (),
}
"""State -> the states that may follow it; `Topic.move` allows no other."""
COLLECTED = "collected"
"""Stands for the channel of a topic that a collector took up for others."""
PENDING, ON_TIME, LATE, NEVER = "pending", "on_time", "late", "never"
"""Execution of a resolution; `none` without one."""
NOBODY, NO_POSITIONS = np.empty(0, np.int64), np.empty(0)
"""Attendees of past meetings on a new topic, and their positions; never written to."""


class Turn(NamedTuple):
    """A change of a topic's state: the week, the new state, the channel the topic was at then, and the deadline of the
    resolution if it was settled (-1: no resolution).
    """

    week: int
    state: str
    channel: str
    deadline_week: int = -1


@dataclass(slots=True)
class Progress:
    """Progress of a topic towards an answer. Weeks are -1 until they come."""

    label: str = ""
    """Three-colour label."""
    mentions: float = 0.0
    heard_week: int = -1
    channel: str = ""
    """Channel through which it was heard."""
    raised_by: int = -1
    """Resident who raised it; -1: nobody."""
    led_by: int = -1
    """Resident who leads it 牵头; -1: nobody yet."""
    agenda_week: int = -1
    venue_channel: str = ""
    """Channel that deliberates it."""
    failed_before: int = 0
    """Resolutions on it that came to nothing."""
    turns: list[Turn] = field(default_factory=list)
    """Changes of state from being heard on, in their order."""


@dataclass(slots=True)
class Talk:
    """Accumulated results of the meetings on a topic."""

    meetings: int = 0
    """Meetings of the present attempt."""
    heat: float = 0.0
    found: float = 0.0
    """Share of the topic that has been worked out (D5)."""
    who: NDArray[np.int64] = field(default_factory=lambda: NOBODY)
    """Residents who have attended a meeting, ascending."""
    position: NDArray[np.float64] = field(default_factory=lambda: NO_POSITIONS)
    """Their positions when they left."""
    spoken: int = 0
    """Meetings at which anybody spoke; the sums below are over these."""
    gini_sum: float = 0.0
    """Of the Gini coefficients of speaking."""
    vulnerable_sum: float = 0.0
    """Of the shares of speeches by the vulnerable."""


@dataclass(slots=True)
class Resolution:
    """Resolution on a topic: its content, execution and evaluation. Weeks are -1 until they come."""

    settled_week: int = -1
    acceptance: float = float("nan")
    proposal: float = float("nan")
    second: float = float("nan")
    """Point of the resolution on the second issue."""
    deadline_week: int = -1
    execution: str = "none"
    gap: float = 0.0
    """Money still missing, CNY."""
    carried_by_residents: bool = False
    """True if no organisation is needed."""
    executed_week: int = -1
    satisfaction: float = float("nan")
    efficiency: float = float("nan")
    fairness: float = float("nan")


@dataclass(slots=True, eq=False)
class Topic:
    """One topic from its arising to its evaluation: what it is, and records of how far it is, of the talk and of the
    resolution.

    The residents `low`..`high` live where it lies; their stakes are `stake` (high - low,), which begin at `offset` of
    `TopicBook.stakes`. `arisen_week` is below 0 for a topic that arose before the run's first day. A share `upper` of
    residents belongs to the upper camp. `unlike` is the difference between the weights that the two sides give its two
    issues (0: one issue).
    """

    number: int
    kind: TopicClass
    scope: str
    micro_grid: int
    low: int
    high: int
    offset: int
    stake: NDArray[np.float32]
    total_stake: float
    arisen_week: int
    urgency: float
    feasibility: float
    funding_need: float
    polarity: float
    upper: float
    unlike: float
    progress: Progress = field(default_factory=Progress)
    talk: Talk = field(default_factory=Talk)
    resolution: Resolution = field(default_factory=Resolution)
    _state: str = field(default=UNHEARD, init=False)

    @property
    def state(self) -> str:
        """One of `STATES`; `move` changes it."""
        return self._state

    def move(self, state: str) -> None:
        """Bring the topic to `state`. Raises InputError if `LIFE_CYCLE` does not allow it."""
        allowed = LIFE_CYCLE[self._state]
        if state not in allowed:
            raise one_of(f"topic {self.number}, {self._state}", state, allowed)
        self._state = state

    def note(self, week: int, channel: str) -> None:
        """Keep its present state as a change that happened in `week` at `channel`."""
        self.progress.turns.append(Turn(week, self._state, channel, self.resolution.deadline_week))

    def most_at_stake(self, number: int) -> NDArray[np.int32]:
        """The `number` residents of the highest stakes, ascending."""
        most = np.argsort(-self.stake, kind="stable")[:number]
        return np.sort(self.low + most).astype(np.int32)

    @property
    def open(self) -> bool:
        """True if the topic still waits for an answer."""
        return self._state in OPEN_STATES

    @property
    def promised(self) -> bool:
        """True if a resident raised the topic as a suggestion of their own, so that an answer is owed (D8)."""
        return self.progress.heard_week >= 0 and self.progress.channel != COLLECTED
