"""Outcomes of a run: one definition a metric, for targets, forecast, validation and naive baselines alike.

Each takes the facts of a run and a period of weeks, `first` to `last` (exclusive: the read-out), and gives a number,
NaN where it is undefined. In words: `docs/calibration.md`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.calendar import WEEKS_PER_MONTH
from consensus_sim.council.topics import HEARD, SETTLED, SHELVED, Topic, Turn

if TYPE_CHECKING:
    from consensus_sim.council.meeting import Minutes
    from consensus_sim.model.model import CommunityModel

TRAILING = 26
"""Weeks over which frequency is counted: phase 1 has just so many (F50)."""
FOLLOWED = 26
"""Weeks for which topics and resolutions are followed."""
QUARTER = 3 * WEEKS_PER_MONTH
"""Weeks of a quarter, for which frequency is reported (F59)."""
COUNCIL = "council"
NAN = float("nan")


class Acts(NamedTuple):
    """All participations of a run, one entry each: week, code of the channel in `channels`, resident, whether in the
    team then, whether on duty (the team, and the seed group at its own meetings), whether online.
    """

    week: NDArray[np.int64]
    channel: NDArray[np.int64]
    resident: NDArray[np.int64]
    team: NDArray[np.bool_]
    duty: NDArray[np.bool_]
    online: NDArray[np.bool_]
    channels: tuple[str, ...]

    def where(self, mask: NDArray[np.bool_]) -> Acts:
        """The participations for which `mask` holds."""
        week, channel, resident, team, duty, online, channels = self
        return Acts(week[mask], channel[mask], resident[mask], team[mask], duty[mask], online[mask], channels)

    def within(self, first: int, last: int) -> Acts:
        """The participations of the weeks `first` to `last`."""
        return self.where((self.week >= first) & (self.week < last))


class Resolution(NamedTuple):
    """The resolution that a topic first came to: week and channel of its settling, deadline, and the week in which what
    was resolved was carried out (-1: not), if only after it had been deliberated again: a topic counts once.
    """

    settled_week: int
    channel: str
    deadline_week: int
    executed_week: int


def ratio(above: float, below: float) -> float:
    """`above` / `below`, NaN where there is nothing to divide by."""
    return float(above) / float(below) if below else NAN


def online_channels(model: CommunityModel) -> tuple[str, ...]:
    """Names of the channels of a run that are online."""
    return tuple(name for name, channel in model.known_channels.items() if channel.online)


# --- frequency -------------------------------------------------------------------------------------------------------


def frequency(acts: Acts, last: int) -> float:
    """Acts a quarter of those who have any in the `TRAILING` weeks before `last` (or since the start, if that is less):
    acts over persons, scaled to a quarter.
    """
    own = acts.within(last - TRAILING, last)
    return per_quarter(len(own.week), len(np.unique(own.resident)), last)


def per_quarter(acts: float, persons: float, last: int) -> float:
    """Acts a quarter of `persons` who had so many `acts` in the `TRAILING` weeks before `last`."""
    return ratio(acts * QUARTER / min(TRAILING, last), persons)


def frequency_ordinary(acts: Acts, last: int, *, in_person: bool = False) -> float:
    """`frequency` of acts that are no duty of the team or the seed group (F59), with or without those online."""
    return frequency(acts.where(~acts.duty & ~(acts.online & in_person)), last)


# --- topics: each counts once, with the state that it was in last -----------------------------------------------------


def turn_at(topic: Topic, week: int) -> Turn | None:
    """The last change of a topic's state before `week`; None if there was none."""
    for turn in reversed(topic.progress.turns):
        if turn.week < week:
            return turn
    return None


def first_turn(topic: Topic, state: str) -> Turn | None:
    """The first change of a topic to `state`; None if it never came to it."""
    for turn in topic.progress.turns:
        if turn.state == state:
            return turn
    return None


def on_agenda(sheets: Sequence[Minutes], first: int, last: int, *, online: Sequence[str] | None = None) -> list[Topic]:
    """Topics deliberated or voted on in the period, by number; with `online` (channels) those deliberated in person."""
    found = {
        sheet.topic.number: sheet.topic
        for sheet in sheets
        if first <= sheet.week < last and sheet.channel not in (online or ())
    }
    return [found[number] for number in sorted(found)]


def consensus(sheets: Sequence[Minutes], first: int, last: int) -> dict[str, float]:
    """Of the topics on an agenda in the period, the shares `settled`, `shelved` and `open` at its end.

    What was settled or shelved and is heard again is open; it stays in the denominator.
    """
    topics = on_agenda(sheets, first, last)
    states = [turn.state for topic in topics if (turn := turn_at(topic, last))]
    settled, shelved = states.count(SETTLED), states.count(SHELVED)
    found = {"settled": settled, "shelved": shelved, "open": len(topics) - settled - shelved}
    return {name: ratio(number, len(topics)) for name, number in found.items()}


def settled_within_26_weeks(sheets: Sequence[Minutes], first: int, last: int) -> float:
    """Share settled within 26 weeks of their first agenda of the topics that first came to one in the period
    (`share_within`): slow topics are followed equally long in every period. What is shelved is not settled.
    """
    begun: dict[int, tuple[int, Topic]] = {}
    for sheet in sheets:
        begun.setdefault(sheet.topic.number, (sheet.week, sheet.topic))
    own = [(week, topic) for week, topic in begun.values() if first <= week < last]
    settled = [turn.week if (turn := first_turn(topic, SETTLED)) else -1 for _, topic in own]
    return share_within([week for week, _ in own], settled, last)


def sittings_per_settled(
    topics: Sequence[Topic],
    sheets: Sequence[Minutes],
    online: Sequence[str],
    first: int,
    last: int,
    channel: str | None = None,
) -> float:
    """Mean sittings in person, over all attempts, of the topics settled in the period (F57); an online vote is none.

    channel: where they were settled (None: anywhere); topics settled without any sitting are left out
    """
    sat: dict[int, list[int]] = defaultdict(list)
    for sheet in sheets:
        if sheet.channel not in online:
            sat[sheet.topic.number].append(sheet.week)
    counts = []
    for topic in topics:
        turn = turn_at(topic, last)
        if turn is not None and turn.state == SETTLED and turn.week >= first and channel in (None, turn.channel):
            counts.append(sum(week <= turn.week for week in sat[topic.number]))
    counts = [count for count in counts if count]
    return float(np.mean(counts)) if counts else NAN


# --- resolutions -----------------------------------------------------------------------------------------------------


def resolutions(topics: Sequence[Topic], channel: str | None = None) -> list[Resolution]:
    """The first resolution of each topic that ever came to one, settled at `channel` (None: anywhere)."""
    return [
        Resolution(turn.week, turn.channel, turn.deadline_week, topic.resolution.executed_week)
        for topic in topics
        if (turn := first_turn(topic, SETTLED)) and channel in (None, turn.channel)
    ]


def executed_at_readout(topics: Sequence[Topic], first: int, last: int) -> float:
    """Of the resolutions of the council settled in the period, the share carried out by its end, due or not (F58)."""
    own = [one for one in resolutions(topics, COUNCIL) if first <= one.settled_week < last]
    return ratio(sum(0 <= one.executed_week < last for one in own), len(own))


def executed_within_26_weeks(topics: Sequence[Topic], first: int, last: int) -> float:
    """Share carried out within 26 weeks of their settling of the resolutions of the council settled in the period
    (`share_within`).
    """
    own = [one for one in resolutions(topics, COUNCIL) if first <= one.settled_week < last]
    return share_within([one.settled_week for one in own], [one.executed_week for one in own], last)


def execution_of_due(topics: Sequence[Topic], first: int, last: int) -> dict[str, float]:
    """Of all resolutions whose deadline lies in the period, the shares carried out by it (`on_time`), after it but
    before the period's end (`late`), and not (`never`).
    """
    due = [one for one in resolutions(topics) if first <= one.deadline_week < last]
    on_time = sum(0 <= one.executed_week <= one.deadline_week for one in due)
    late = sum(one.deadline_week < one.executed_week < last for one in due)
    found = {"on_time": on_time, "late": late, "never": len(due) - on_time - late}
    return {name: ratio(number, len(due)) for name, number in found.items()}


def matters_landed(topics: Sequence[Topic], first: int, last: int, channel: str | None = None) -> float:
    """Resolutions carried out in the period, settled at `channel` (None: anywhere) (F56)."""
    return float(sum(first <= one.executed_week < last for one in resolutions(topics, channel)))


def share_within(begun: Sequence[int], ended: Sequence[int], last: int, weeks: int = FOLLOWED) -> float:
    """Kaplan-Meier share of those begun in the weeks `begun` that end within `weeks` weeks, the first included; `ended`
    are the weeks of their ends (-1: none), and nobody is followed beyond the week before `last`.

    NaN where none is followed for `weeks` weeks: a share that was not observed is not reported.
    """
    start, end = np.array(begun, np.int64), np.array(ended, np.int64)
    followed = last - start
    if not len(start) or followed.max() < weeks:
        return NAN
    took = np.where((end >= 0) & (end < last), end - start, last + weeks)
    left = 1.0
    for age in np.unique(took[took < weeks]).tolist():
        left *= 1.0 - np.count_nonzero(took == age) / np.count_nonzero((took >= age) & (followed > age))
    return float(1.0 - left)


# --- who raises and who leads (F41) -----------------------------------------------------------------------------------


def topics_raised_by_party(topics: Sequence[Topic], party: NDArray[np.bool_], first: int, last: int) -> float:
    """Share raised by Party members of the formal topics that residents raised in the period."""
    by = [t.progress.raised_by for t in topics if t.progress.raised_by >= 0 and _heard_first(t, first, last)]
    return float(party[by].mean()) if by else NAN


def _heard_first(topic: Topic, first: int, last: int) -> bool:
    turn = first_turn(topic, HEARD)
    return turn is not None and first <= turn.week < last


def topics_led_by_party(
    sheets: Sequence[Minutes], online: Sequence[str], party: NDArray[np.bool_], first: int, last: int
) -> float:
    """Share led 牵头 by Party members of the topics deliberated in person in the period that a resident leads."""
    by = [t.progress.led_by for t in on_agenda(sheets, first, last, online=online) if t.progress.led_by >= 0]
    return float(party[by].mean()) if by else NAN
