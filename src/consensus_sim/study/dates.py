"""Dates of a study: the calendar, and dates counted in weeks from the programme's first week.

`week N` and `+N weeks` are both the first day of the week that comes N weeks after the programme's first; a negative N
counts back, into the weeks of the run before the programme. They become dates when a study is read; nothing beyond this
module knows them.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from consensus_sim.calendar import WEEK, WEEKS_PER_MONTH, Calendar
from consensus_sim.errors import InputError, Phrase, names_phrase, near_phrase, not_allowed, phrase
from consensus_sim.settings import RefusedError, number_phrase, read_date
from consensus_sim.study.scenario import Settings, Study

MOST_WEEKS = 522  # ten years
MOST_MONTHS = 120
CALENDAR_KEYS = ("start", "programme", "weeks", "months")
DATED_GROUPS = ("intervention", "scenario", "topic")
TEXTS = ("label", "description", "reported")
_RELATIVE = re.compile(r"(?:week (?P<week>-?\d{1,4})|(?P<after>[+-]\d{1,4}) weeks?)", re.ASCII)


def iso_date(key: str, value: object) -> datetime.date:
    """Returns `value` as a date; raises InputError unless it is YYYY-MM-DD in a year that is allowed."""
    try:
        found = read_date(value if value is not None else "")
    except RefusedError as error:
        raise not_allowed(key, value, error.phrase) from None
    assert found is not None
    return found


def day(key: str, value: object, first: datetime.date) -> datetime.date:
    """Returns `value` as a date: YYYY-MM-DD, or so many weeks after the week that begins on `first`."""
    found = _RELATIVE.fullmatch(value) if isinstance(value, str) else None
    try:
        return iso_date(key, _after(first, int(found["week"] or found["after"])) if found else value)
    except InputError as error:
        kind = "a_date_or_weeks" if key != "calendar.programme" else "a_date_or_weeks_of_run"
        allowed = error.phrase.values["allowed"]
        if allowed == phrase("a_date") or not isinstance(allowed, Phrase):
            allowed = phrase(kind)
        raise not_allowed(key, value, allowed) from None


def check_dates(where: str, settings: Settings, programme: str) -> None:
    """Refuses an intervention whose dates cannot be read, or whose end lies before its start."""
    for key in ("start", "end"):
        if settings.get(key) is not None:
            day(f"{where}.{key}", settings[key], datetime.date.fromisoformat(programme))
    start, end = settings.get("start"), settings.get("end")
    if start is not None and end is not None and str(end) < str(start):
        raise InputError("end_before_start", where=where, end=end, start=start)


def _after(first: datetime.date, weeks: int) -> str:
    """Returns the date `weeks` after `first` as text; None for a date outside the calendar."""
    try:
        return (first + weeks * WEEK).isoformat()
    except OverflowError:
        return f"{first.isoformat()} {weeks:+d} weeks"


def read_calendar(config: object) -> Settings:
    """{"start": ISO date, "weeks": int, "programme": ISO date of the first day of the programme's first week}.

    config: the node `calendar`. Raises InputError for what it does not allow.
    """
    if not isinstance(config, Mapping):
        raise not_allowed("calendar", config, phrase("settings_named", names=list(CALENDAR_KEYS)))
    for key in config:
        if key not in CALENDAR_KEYS:
            near, allowed = near_phrase(key, CALENDAR_KEYS), names_phrase(key, CALENDAR_KEYS)
            raise InputError("unknown_key", where="calendar", found=key, near=near, allowed=allowed)
    start = iso_date("calendar.start", config.get("start"))
    if "programme" not in config:
        raise InputError("missing_key", where="calendar", name="programme", needed=list(CALENDAR_KEYS))
    programme, months, weeks = config["programme"], config.get("months"), config.get("weeks")
    begins = start if programme is None else day("calendar.programme", programme, start)
    before = Calendar(start, 1).week_of(begins)
    if (months is None) == (weeks is None):
        raise InputError("weeks_or_months", weeks=weeks, months=months)
    if months is not None:
        weeks = before + round(_whole("calendar.months", months, MOST_MONTHS) * WEEKS_PER_MONTH)
        if not 1 <= weeks <= MOST_WEEKS:
            raise InputError(
                "months_outside", months=months, programme=begins.isoformat(), weeks=weeks, most=MOST_WEEKS
            )
    weeks = _whole("calendar.weeks", weeks, MOST_WEEKS)
    return {"start": start.isoformat(), "weeks": weeks, "programme": (start + before * WEEK).isoformat()}


def _whole(key: str, value: object, most: int) -> int:
    """Returns `value` as a whole number from 1 to `most`."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise not_allowed(key, value, number_phrase(1, most, True))
    return value


def with_dates(config: Mapping[str, Any]) -> dict[str, Any]:
    """`config` with its calendar read and every date of `DATED_GROUPS` written YYYY-MM-DD; again it changes nothing."""
    calendar = read_calendar(config.get("calendar"))
    first = datetime.date.fromisoformat(calendar["programme"])
    dated = {group: _dated(group, config[group], first) for group in DATED_GROUPS if group in config}
    return {**config, **dated, "calendar": calendar}


def _dated(where: str, value: Any, first: datetime.date) -> Any:
    """Returns `value` of the key `where` with relative dates resolved."""
    if isinstance(value, Mapping):
        return {key: inner if key in TEXTS else _dated(f"{where}.{key}", inner, first) for key, inner in value.items()}
    if isinstance(value, list):
        return [_dated(f"{where}[{place}]", inner, first) for place, inner in enumerate(value)]
    relative = isinstance(value, str) and _RELATIVE.fullmatch(value)
    return day(where, value, first).isoformat() if relative else value


class Outside(NamedTuple):
    """Dates of one scenario that lie outside the run, by what becomes of them, each as `setting date`.

    late: interventions that start after the run's last week; over: that are in force in no week; early: that would have
    begun before the run and begin with it; idle: other dates outside the run, on which nothing happens; before: dates
    in the run but before their intervention starts
    """

    late: tuple[str, ...]
    over: tuple[str, ...]
    early: tuple[str, ...]
    idle: tuple[str, ...]
    before: tuple[str, ...]


def outside(study: Study) -> dict[str, Outside]:
    """Dates that lie outside the run of `study`, on either side of it, or act on nothing, by name of scenario."""
    calendar = Calendar(datetime.date.fromisoformat(study.calendar["start"]), int(study.calendar["weeks"]))
    topics = [
        f"topic.{name}.arises {entry['arises']}"
        for name, entry in study.topic.items()
        if entry.get("arises") is not None and not _within(entry["arises"], calendar)
    ]
    found = {}
    for scenario in study.scenarios:
        late, over, early, idle, before = [], [], [], list(topics), []
        for name, settings in scenario.levers:
            start, end = settings.get("start"), settings.get("end")
            begins = 0 if start is None else calendar.week_of(datetime.date.fromisoformat(start))
            ends = calendar.weeks
            if end is not None:
                ends = calendar.week_of(datetime.date.fromisoformat(end) + datetime.timedelta(days=1))
            if begins >= calendar.weeks:
                late.append(name)
                continue
            if ends <= max(0, begins):
                over.append(name)
                continue
            if begins < 0:
                early.append(f"{name} {start}")
            own = {key: value for key, value in settings.items() if key != "start"}
            for text in _dates(name, own):
                date = text.rpartition(" ")[2]
                if not _within(date, calendar):
                    idle.append(text)
                elif start is not None and date < start:
                    before.append(text)
        if late or over or early or idle or before:
            found[scenario.name] = Outside(tuple(late), tuple(over), tuple(early), tuple(idle), tuple(before))
    return found


def _within(date: str, calendar: Calendar) -> bool:
    """Returns whether `date` lies in a week of the run."""
    days = (datetime.date.fromisoformat(date) - calendar.start).days
    return 0 <= days < 7 * calendar.weeks


def _dates(where: str, value: Any) -> list[str]:
    """Yields every date within `value`, as `key date`."""
    if isinstance(value, Mapping):
        return [text for key, inner in value.items() for text in _dates(f"{where}.{key}", inner)]
    if isinstance(value, list):
        return [text for place, inner in enumerate(value) for text in _dates(f"{where}[{place}]", inner)]
    return [f"{where} {value}"] if isinstance(value, str) and _is_date(value) else []


def _is_date(text: str) -> bool:
    """Returns whether `text` is a date as a setting holds it."""
    try:
        return read_date(text) is not None
    except RefusedError:
        return False
