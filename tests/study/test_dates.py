"""Dates of a study: the calendar, weeks counted from the programme's first, and what lies outside the run."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consensus_sim import compare, load_model, load_scenario
from consensus_sim.calendar import Calendar
from consensus_sim.errors import InputError
from consensus_sim.study.config import compose
from consensus_sim.study.dates import day, outside, read_calendar, with_dates
from consensus_sim.study.study import read_study
from tests.helpers import community

PLAN = ["scenarios=[council,points,points_dry,phase2_plan]"]
DEFAULT = {"start": "2024-03-04", "programme": "+9 weeks", "weeks": 56, "months": None}


@given(st.integers(-50, 400), st.dates(datetime.date(1950, 1, 1), datetime.date(2150, 1, 1)))
def test_a_week_is_counted_from_the_programmes_first_day(weeks, first):
    wanted = first + datetime.timedelta(weeks=weeks)
    assert day("x", f"week {weeks}", first) == day("x", f"{weeks:+d} weeks", first) == wanted
    assert day("x", wanted.isoformat(), first) == wanted


@pytest.mark.parametrize(
    ("changes", "start", "weeks", "programme"),
    [
        ({}, "2024-03-04", 56, "2024-05-06"),
        ({"programme": "2024-05-01"}, "2024-03-04", 56, "2024-05-06"),  # the first week that begins on the day or later
        ({"programme": None}, "2024-03-04", 56, "2024-03-04"),
        ({"start": "2026-03-02", "weeks": None, "months": 6}, "2026-03-02", 9 + 26, "2026-05-04"),
        ({"weeks": None, "months": 12}, "2024-03-04", 9 + 52, "2024-05-06"),
    ],
)
def test_the_calendar_says_where_the_programme_begins(changes, start, weeks, programme):
    found = read_calendar({**DEFAULT, **changes})
    assert found == {"start": start, "weeks": weeks, "programme": programme}
    assert read_calendar(found) == found


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (["calendar.start=2024-W10-1"], "calendar.start: found '2024-W10-1'; allowed: a date written YYYY-MM-DD"),
        (["calendar.start=0001-01-01"], "in the years 1900 to 2199"),
        (["calendar.start=9999-12-31"], "in the years 1900 to 2199"),
        (["calendar.start=2024-02-30"], "calendar.start: found '2024-02-30'"),
        (["calendar.start=null"], "calendar.start: found null"),
        (["calendar.programme=May"], "counted from calendar.start"),
        (["calendar.months=6", "calendar.weeks=26"], "found weeks=26 and months=6; allowed: one of the two"),
        (["calendar.weeks=null"], "calendar: found weeks=null and months=null; allowed: one of the two"),
        (["calendar.months=0"], "calendar.months: found 0; allowed: a whole number from 1 to 120"),
        (["calendar.months=120", "calendar.programme=2026-01-01"], "a run of 1 to 522 weeks"),
        (["intervention.points.start='week x'"], "week N or +N weeks"),
        (["intervention.points.start='week 9999'"], "found 'week 9999'"),
        (["intervention.points.end=2024-W10-1"], "intervention.points.end: found '2024-W10-1'"),
        (["intervention.points.budget_until=2024-W10-1"], "points.budget_until: found '2024-W10-1'"),
        (["experiment=disputes", "topic.shared_garden.arises=2024-W20-1"], "topic.shared_garden.arises: found"),
        (["experiment=disputes", "topic.shared_garden.arises='week -10'"], "a date from 2024-03-04 on"),
        (["scenario.council.interventions.parlour.variant=plian"], "did you mean 'plain'?"),
        (["scenario.council.interventions.tea.variant=plain"], "intervention.tea has no variants"),
        (["++intervention.parlour.variants.plain.colour=3"], "unknown key 'colour'"),
        (["intervention.parlour.variants.plain.elders_corner=3"], "variant plain: intervention.parlour.elders_corner"),
    ],
)
def test_what_is_no_date_or_variant_is_refused_before_the_run(overrides, told):
    with pytest.raises(InputError) as caught:
        read_study(compose(overrides))
    assert told in str(caught.value)


def test_another_year_moves_the_whole_programme():
    one, other = (read_study(compose([*PLAN, *change])) for change in ([], ["calendar.start=2026-03-02"]))
    for first, second in zip(one.scenarios, other.scenarios, strict=True):
        for (name, old), (_, new) in zip(first.levers, second.levers, strict=True):
            assert weeks_of(one, old) == weeks_of(other, new), (first.name, name)
    assert outside(one) == outside(other) == {}


def weeks_of(study, value):
    """`value` with weeks of the run of `study` in place of dates."""
    if isinstance(value, dict):
        return {key: weeks_of(study, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [weeks_of(study, inner) for inner in value]
    if isinstance(value, str) and value[:2] == "20":
        start = datetime.date.fromisoformat(study.calendar["start"])
        return Calendar(start, 1).week_of(datetime.date.fromisoformat(value))
    return value


def test_what_lies_outside_the_run_is_found_on_either_side():
    changes = ["calendar.weeks=20", "intervention.council.start=2024-01-01", "intervention.tea.end=2024-05-06"]
    found = outside(read_study(compose([*PLAN, *changes, "intervention.lectures.end='week 1'"])))
    assert found["council"].early == ("council 2024-01-01",)
    assert found["council"].over == ()
    assert "supervision" in found["phase2_plan"].late
    assert [text.partition(" ")[0] for text in found["phase2_plan"].idle] == [
        "action_research.rules[0].date",
        "action_research.rules[1].date",
    ]
    assert found["points_dry"].idle == ("points.budget_until 2024-11-04",)
    assert found["points_dry"].before == ()
    dry = outside(read_study(compose([*PLAN, "intervention.points.budget_until='week -3'"])))
    assert dry["points"].before == ("points.budget_until 2024-04-15",) and dry["points"].idle == ()
    early = ["intervention.tea.start=2023-01-02", "intervention.tea.end=2023-12-31"]
    assert outside(read_study(compose([*PLAN, *early])))["council"].over == ("tea",)


def test_dates_that_are_read_again_stay_as_they_are():
    once = with_dates(compose(["experiment=disputes"]))
    assert once["topic"]["landscape_water"]["arises"] == "2024-05-06"
    assert with_dates(once) == once


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("seed=5", "as the argument seed"),
        ("replicates=3", "as the argument replicates"),
        ("scenarios=[council]", "as the argument scenarios"),
        ("report.language=zh", "which compare does not read"),
        ("results=elsewhere", "which compare does not read"),
        ("community=teaching", "already built"),
        ("community.scale=2", "already built"),
        ("engine=serial", "as the argument workers"),
        ("sead=5", "did you mean"),
    ],
)
def test_an_override_without_effect_is_refused(override, told):
    with pytest.raises(InputError, match=told):
        compare(community(), ["before"], replicates=1, weeks=1, workers=1, overrides=[override], progress=False)


def test_the_library_hears_what_is_given():
    with pytest.raises(InputError, match="which load_model does not read"):
        load_model(community(), "before", overrides=["engine=serial"])
    with pytest.raises(InputError, match="which load_scenario does not read"):
        load_scenario("before", overrides=["behaviour.trust.gain.value=0.1"])
    assert (
        load_scenario("council", overrides=["intervention.quota_seating.seats=20"]).lever("quota_seating")["seats"]
        == 20
    )
    model = load_model(community(), "council", overrides=["calendar.months=1", "intervention.parlour.capacity=7"])
    assert model.calendar.weeks == 9 + 4
    assert next(each for each in model.levers if each.name == "parlour").capacity == 7


def test_the_engine_of_an_override_is_used(monkeypatch):
    used = []
    from consensus_sim.runs.engines import Serial

    run = Serial.run
    monkeypatch.setattr(Serial, "run", lambda self, *given: used.append(1) or run(self, *given))
    compare(community(), ["before"], replicates=1, weeks=1, overrides=["engine=serial"], progress=False)
    assert used
