"""When what recurs falls due."""

from __future__ import annotations

from datetime import date

import pytest

from consensus_sim.calendar import Calendar
from consensus_sim.interventions.schedule import at_end_of, every_weeks, times_a_month, times_a_year

CALENDAR = Calendar(date(2024, 3, 4), 104)


@pytest.mark.parametrize(
    ("schedule", "in_a_year"),
    [(times_a_month(2.5), 30), (times_a_year(5.0), 5), (every_weeks(4.0), 13), (every_weeks(1.0), 52)],
)
@pytest.mark.parametrize("begun", [0, 9])
def test_occasions_are_spread_evenly_from_the_start_on(schedule, in_a_year, begun):
    weeks = [week for week in range(begun, begun + 52) if schedule.is_due(CALENDAR, week, begun)]
    assert len(weeks) == in_a_year
    gaps = [later - earlier for earlier, later in zip(weeks, weeks[1:], strict=False)]
    assert max(gaps) - min(gaps) <= 1
    assert weeks[-1] == begun + 51  # the first comes at the end of the first interval


def test_nothing_falls_due_at_a_rate_of_zero():
    assert not any(times_a_month(0.0).is_due(CALENDAR, week, 0) for week in range(104))


@pytest.mark.parametrize(("period", "times"), [("month", 24), ("quarter", 8), ("half_year", 4)])
def test_the_end_of_a_period_is_that_of_the_calendar_whatever_the_start(period, times):
    weeks = [week for week in range(104) if at_end_of(period).is_due(CALENDAR, week, begun=17)]
    assert len(weeks) == times
    ends = getattr(CALENDAR, f"ends_{period}")
    assert weeks == [week for week in range(104) if ends(week)]
