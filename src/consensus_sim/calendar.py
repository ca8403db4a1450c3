"""Weeks on a real calendar: one step is one week; months, quarters and half-years follow the calendar, not a count of
steps.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise

WEEK = datetime.timedelta(days=7)
WEEKS_PER_MONTH = 52.0 / 12.0
"""In rates: a year of 52 weeks has 12 months."""


class Calendar:
    """The weeks 0..weeks-1 from `start` on. A week belongs to the month, quarter and half-year of its first day."""

    def __init__(self, start: datetime.date, weeks: int) -> None:
        self.start = start
        self.weeks = weeks
        self.dates = [start + week * WEEK for week in range(weeks + 1)]
        self._month_ends = self._last_weeks(self._month_of)
        self._quarter_ends = self._last_weeks(self.quarter_of)
        self._half_year_ends = self._last_weeks(self.half_year_of)

    def _last_weeks(self, period: Callable[[datetime.date], str]) -> list[bool]:
        """For each week of the run, True if it is the last of its period."""
        names = [period(day) for day in self.dates]
        return [one != next_one for one, next_one in pairwise(names)]

    def date(self, week: int) -> datetime.date:
        """First day of `week`."""
        return self.dates[week] if 0 <= week <= self.weeks else self.start + week * WEEK

    def week_of(self, day: datetime.date) -> int:
        """The first week that begins on `day` or later; may lie outside the run."""
        return -((self.start - day) // WEEK)

    @staticmethod
    def _month_of(day: datetime.date) -> str:
        return f"{day.year}-{day.month}"

    @staticmethod
    def quarter_of(day: datetime.date) -> str:
        """Such as 2024Q2."""
        return f"{day.year}Q{(day.month - 1) // 3 + 1}"

    @staticmethod
    def half_year_of(day: datetime.date) -> str:
        """Such as 2024H1."""
        return f"{day.year}H{1 if day.month <= 6 else 2}"

    def quarter(self, week: int) -> str:
        """The quarter of `week`."""
        return self.quarter_of(self.date(week))

    def half_year(self, week: int) -> str:
        """The half-year of `week`."""
        return self.half_year_of(self.date(week))

    def ends_month(self, week: int) -> bool:
        """True if `week` is the last of its month."""
        if 0 <= week < self.weeks:
            return self._month_ends[week]
        return self._month_of(self.date(week)) != self._month_of(self.date(week + 1))

    def ends_quarter(self, week: int) -> bool:
        """True if `week` is the last of its quarter."""
        if 0 <= week < self.weeks:
            return self._quarter_ends[week]
        return self.quarter(week) != self.quarter(week + 1)

    def ends_half_year(self, week: int) -> bool:
        """True if `week` is the last of its half-year."""
        if 0 <= week < self.weeks:
            return self._half_year_ends[week]
        return self.half_year(week) != self.half_year(week + 1)


def per_week(per_month: float) -> float:
    """A rate a month as a rate a week."""
    return per_month * 12.0 / 52.0


@lru_cache(maxsize=4096)  # asked every week by every lever, and always the same
def falls_due(rate: float, weeks_since: int) -> bool:
    """True if something held `rate` times a week (at most once in one) is held `weeks_since` weeks after its start.

    Spreads the occasions evenly: over any span the count is `rate` times the weeks, rounded.
    """
    return int((weeks_since + 1) * rate + 1e-9) > int(weeks_since * rate + 1e-9)
