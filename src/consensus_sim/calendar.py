"""Weeks on a real calendar: one step is one week; months, quarters and half-years follow the calendar, not a count of
steps.
"""

from __future__ import annotations

import datetime

WEEK = datetime.timedelta(days=7)


class Calendar:
    """The weeks 0..weeks-1 from `start` on. A week belongs to the month, quarter and half-year of its first day."""

    def __init__(self, start: datetime.date, weeks: int) -> None:
        self.start = start
        self.weeks = weeks
        self.dates = [start + week * WEEK for week in range(weeks + 1)]

    def date(self, week: int) -> datetime.date:
        """First day of `week`."""
        return self.start + week * WEEK

    def week_of(self, day: datetime.date) -> int:
        """The first week that begins on `day` or later; may lie outside the run."""
        return -((self.start - day) // WEEK)

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
        """Whether `week` is the last of its month."""
        return self.date(week).month != self.date(week + 1).month

    def ends_quarter(self, week: int) -> bool:
        """Whether `week` is the last of its quarter."""
        return self.quarter(week) != self.quarter(week + 1)

    def ends_half_year(self, week: int) -> bool:
        """Whether `week` is the last of its half-year."""
        return self.half_year(week) != self.half_year(week + 1)


def falls_due(rate: float, weeks_since: int) -> bool:
    """Whether something held `rate` times a week (at most once in one) is held `weeks_since` weeks after its start.

    Spreads the occasions evenly: over any span the count is `rate` times the weeks, rounded.
    """
    return int((weeks_since + 1) * rate + 1e-9) > int(weeks_since * rate + 1e-9)
