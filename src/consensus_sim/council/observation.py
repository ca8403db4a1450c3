"""What field workers see: head counts, observation sheets, book of resolutions, surveys. Never the model's truth."""

from __future__ import annotations

from collections.abc import Callable
from math import nan
from typing import Any

import numpy as np

from consensus_sim.errors import one_of
from consensus_sim.residents.capability import INDICATORS
from consensus_sim.residents.columns import CHANNELS


def _mean(values: list[float]) -> float:
    known = [value for value in values if value == value]
    return float(np.mean(known)) if known else nan


def attendance(model: Any, channel: str, weeks: int) -> float:
    """Mean head count of the events of `channel` in the last `weeks` weeks; nan if there were none."""
    counts = [
        float(present)
        for week, name, present in model.recorder.events_held
        if name == channel and week >= model.week - weeks
    ]
    return _mean(counts)


def _attendance_of(channel: str) -> Callable[[Any, int], float]:
    return lambda model, weeks: attendance(model, channel, weeks)


def _sheets(model: Any, weeks: int) -> list[Any]:
    return [sheet for sheet in model.recorder.sheets if sheet.week >= model.week - weeks]


def unsettled_share(model: Any, weeks: int) -> float:
    """Share of sittings of the last `weeks` weeks that ended without consensus."""
    return _mean([float(sheet.how == "none") for sheet in _sheets(model, weeks)])


def vulnerable_present(model: Any, weeks: int) -> float:
    """Mean share of elders, tenants and poor people among those present, from the sheets."""
    return _mean([sheet.vulnerable_present for sheet in _sheets(model, weeks)])


def vulnerable_speaking(model: Any, weeks: int) -> float:
    """Mean share of the turns that they took, from the sheets."""
    return _mean([sheet.vulnerable_speaking for sheet in _sheets(model, weeks)])


def team_or_party_present(model: Any, weeks: int) -> float:
    """Mean share of team and Party members among those present, from the sheets."""
    return _mean([sheet.team_or_party_share for sheet in _sheets(model, weeks)])


def execution_rate(model: Any, weeks: int) -> float:
    """Share carried out of the resolutions whose deadline fell into the last `weeks` weeks."""
    due = [
        topic
        for topic in model.topics.topics
        if topic.deadline_week >= 0 and model.week - weeks <= topic.deadline_week < model.week
    ]
    return _mean([float(topic.execution in ("on_time", "late")) for topic in due])


def team_activity(model: Any, weeks: int) -> float:
    """Attendances of team members at council sessions and teas a week, from the attendance lists."""
    first = max(0, model.week - weeks)
    counts = [
        int(np.count_nonzero(team))
        for (week, channel, _), team in zip(model.recorder.acts, model.recorder.team_acts, strict=True)
        if week >= first and channel in ("council", "tea")
    ]
    return sum(counts) / max(1, model.week - first)


def surveyed(model: Any, dimension: str, weeks: int) -> float:
    """Mean answer, 0-1, on a dimension in the last survey of the last `weeks` weeks; nan if there was none."""
    surveys = model.recorder.surveys
    if not surveys or surveys[-1].week < model.week - weeks:
        return nan
    return float(surveys[-1].mean(dimension))


def _surveyed_of(dimension: str) -> Callable[[Any, int], float]:
    return lambda model, weeks: surveyed(model, dimension, weeks)


OBSERVABLE: dict[str, Callable[[Any, int], float]] = {
    **{f"attendance_{name}": _attendance_of(name) for name in CHANNELS},
    "unsettled_share": unsettled_share,
    "vulnerable_present": vulnerable_present,
    "vulnerable_speaking": vulnerable_speaking,
    "team_or_party_present": team_or_party_present,
    "execution_rate": execution_rate,
    "team_activity": team_activity,
    **{f"surveyed_{name}": _surveyed_of(name) for name in INDICATORS},
}
"""What a rule of a self-revising policy may read, by name: functions of the model and the weeks looked back."""


def observe(model: Any, name: str, weeks: int) -> float:
    """The observation called `name` over the last `weeks` weeks; nan where nothing was seen."""
    if name not in OBSERVABLE:
        raise one_of("observation", name, OBSERVABLE)
    return OBSERVABLE[name](model, weeks)
