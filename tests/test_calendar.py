"""Weeks on a real calendar."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consensus_sim.calendar import Calendar, falls_due

YEAR = Calendar(datetime.date(2024, 3, 4), 56)


def test_the_default_year_is_that_of_the_case_study():
    assert YEAR.date(0) == datetime.date(2024, 3, 4)
    assert YEAR.date(55) == datetime.date(2025, 3, 24)
    assert YEAR.week_of(datetime.date(2024, 5, 1)) == 9  # that of 2024-05-06
    assert YEAR.week_of(datetime.date(2024, 3, 4)) == 0
    assert YEAR.week_of(datetime.date(2024, 2, 1)) < 0


def test_months_quarters_and_half_years_end_where_the_calendar_says():
    assert [YEAR.quarter(week) for week in (0, 3, 4, 55)] == ["2024Q1", "2024Q1", "2024Q2", "2025Q1"]
    assert sum(YEAR.ends_quarter(week) for week in range(56)) == 4  # the first quarter of 2025 ends a week later
    assert sum(YEAR.ends_half_year(week) for week in range(56)) == 2
    assert sum(YEAR.ends_month(week) for week in range(56)) == 12


@given(start=st.dates(datetime.date(1990, 1, 1), datetime.date(2050, 1, 1)), week=st.integers(0, 520))
def test_a_week_that_ends_a_half_year_ends_a_quarter_and_a_month(start, week):
    calendar = Calendar(start, 522)
    if calendar.ends_half_year(week):
        assert calendar.ends_quarter(week)
    if calendar.ends_quarter(week):
        assert calendar.ends_month(week)
    assert calendar.week_of(calendar.date(week)) == week


@given(rate=st.floats(0, 1), weeks=st.integers(1, 600))
def test_occasions_are_spread_evenly(rate, weeks):
    held = sum(falls_due(rate, week) for week in range(weeks))
    assert held == pytest.approx(rate * weeks, abs=1.0)
