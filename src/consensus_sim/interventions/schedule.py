"""Rhythm of what recurs: so many times a week, or at the end of each period of the calendar."""

from __future__ import annotations

from typing import Literal, NamedTuple

from consensus_sim.calendar import Calendar, falls_due, per_week

Period = Literal["month", "quarter", "half_year"]


class Schedule(NamedTuple):
    """A rhythm: `times_a_week`, spread evenly and at most once a week, or the last week of every `period`."""

    times_a_week: float = 0.0
    period: Period | None = None

    def is_due(self, calendar: Calendar, week: int, begun: int) -> bool:
        """Returns True if an occasion falls in `week` for an intervention in force since week `begun`."""
        if self.period is not None:
            return bool(getattr(calendar, f"ends_{self.period}")(week))
        return falls_due(self.times_a_week, week - begun)


def times_a_month(times: float) -> Schedule:
    """So many times a month, on average."""
    return Schedule(per_week(times))


def times_a_year(times: float) -> Schedule:
    """So many times a year of 52 weeks."""
    return Schedule(times / 52.0)


def every_weeks(weeks: float) -> Schedule:
    """Once in so many weeks."""
    return Schedule(1.0 / weeks)


def at_end_of(period: Period) -> Schedule:
    """In the last week of every month, quarter or half-year of the calendar."""
    return Schedule(period=period)
