"""Observations of field workers: head counts, observation sheets, resolutions, surveys. Never the true state."""

from __future__ import annotations

from collections.abc import Callable
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from consensus_sim.council.topics import LATE, ON_TIME, SETTLED
from consensus_sim.errors import one_of
from consensus_sim.residents.capability import INDICATORS
from consensus_sim.residents.columns import CHANNELS

if TYPE_CHECKING:
    from consensus_sim.council.meeting import Minutes
    from consensus_sim.model.model import CommunityModel


def _mean(values: list[float]) -> float:
    known = [value for value in values if value == value]
    return float(np.mean(known)) if known else nan


def attendance(model: CommunityModel, channel: str, weeks: int) -> float:
    """Mean head count of the events of `channel` in the last `weeks` weeks; nan if there were none. The first `weeks`
    weeks of a channel do not count: people have yet to hear of it.
    """
    held = [(week, present) for week, name, present in model.recorder.events_held if name == channel]
    since = max(model.week - weeks, held[0][0] + weeks) if held else 0
    return _mean([float(present) for week, present in held if week >= since])


def _attendance_of(channel: str) -> Callable[[CommunityModel, int], float]:
    return lambda model, weeks: attendance(model, channel, weeks)


def _sheets(model: CommunityModel, weeks: int) -> list[Minutes]:
    return [sheet for sheet in model.recorder.sheets if sheet.week >= model.week - weeks]


def unsettled_share(model: CommunityModel, weeks: int) -> float:
    """Share not settled by now of the topics that came to an agenda between `weeks` and twice as many weeks
    ago: each has had `weeks` weeks for all the meetings it takes. NaN without such a topic.
    """
    first, last = model.week - 2 * weeks, model.week - weeks
    begun = [
        topic
        for topic in model.topics.topics
        if topic.progress.agenda_week >= 0 and first <= topic.progress.agenda_week < last
    ]
    return _mean([float(topic.state != SETTLED) for topic in begun])


def vulnerable_present(model: CommunityModel, weeks: int) -> float:
    """Mean share of elders, tenants and poor people among those present, from the sheets."""
    return _mean([sheet.vulnerable_present for sheet in _sheets(model, weeks)])


def vulnerable_speaking(model: CommunityModel, weeks: int) -> float:
    """Mean share of the turns that they took, from the sheets."""
    return _mean([sheet.vulnerable_speaking for sheet in _sheets(model, weeks)])


def team_or_party_present(model: CommunityModel, weeks: int) -> float:
    """Mean share of team and Party members among those present, from the sheets."""
    return _mean([sheet.team_or_party_share for sheet in _sheets(model, weeks)])


def execution_rate(model: CommunityModel, weeks: int) -> float:
    """Share carried out of the resolutions whose deadline fell into the last `weeks` weeks, those among them that came
    to nothing and whose topic is heard again.
    """
    done = []
    for topic in model.topics.topics:
        settled = [turn for turn in topic.progress.turns if turn.state == SETTLED]
        for turn in settled:
            if model.week - weeks <= turn.deadline_week < model.week:
                done.append(float(turn is settled[-1] and topic.resolution.execution in (ON_TIME, LATE)))
    return _mean(done)


def team_activity(model: CommunityModel, weeks: int) -> float:
    """Attendances of team members at council sessions and teas a week, from the attendance lists."""
    first = max(0, model.week - weeks)
    counts = [
        int(np.count_nonzero(team))
        for (week, channel, _), team in zip(model.recorder.acts, model.recorder.team_acts, strict=True)
        if week >= first and channel in ("council", "tea")
    ]
    return sum(counts) / max(1, model.week - first)


def surveyed(model: CommunityModel, dimension: str, weeks: int) -> float:
    """Mean answer, 0-1, on a dimension in the last survey of the last `weeks` weeks; nan if there was none."""
    surveys = model.recorder.surveys
    if not surveys or surveys[-1].week < model.week - weeks:
        return nan
    return float(surveys[-1].mean(dimension))


def _surveyed_of(dimension: str) -> Callable[[CommunityModel, int], float]:
    return lambda model, weeks: surveyed(model, dimension, weeks)


OBSERVABLE: dict[str, Callable[[CommunityModel, int], float]] = {
    **{f"attendance_{name}": _attendance_of(name) for name in CHANNELS},
    "unsettled_share": unsettled_share,
    "vulnerable_present": vulnerable_present,
    "vulnerable_speaking": vulnerable_speaking,
    "team_or_party_present": team_or_party_present,
    "execution_rate": execution_rate,
    "team_activity": team_activity,
    **{f"surveyed_{name}": _surveyed_of(name) for name in INDICATORS},
}
"""Observations open to rules of a self-revising policy, by name: functions of the model and the weeks looked back."""


def observe(model: CommunityModel, name: str, weeks: int) -> float:
    """The observation called `name` over the last `weeks` weeks; nan where nothing was seen."""
    if name not in OBSERVABLE:
        raise one_of("observation", name, OBSERVABLE)
    return OBSERVABLE[name](model, weeks)
