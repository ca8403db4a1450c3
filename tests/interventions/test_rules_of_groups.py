"""Standing groups and helpers: whom their work loads and by how much, what they take up, what is counted for costs."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.interventions.base import Intervention
from tests.helpers import lever, make_model

EVENT_HOURS = {"cost": {"start_money": 0, "weekly_money": 0, "weekly_hours": 0, "event_money": 0, "event_hours": 1}}
LIVELY = {"topics.arrivals": 1.0, "topics.suggestion": 0.5, "channels.council": -3.0}
FIRST_DAY = {"start": "2024-01-01"}


class Look(Intervention):
    """Changes nothing: fatigue and strain when an event's invitations begin or end, by where its name stands."""

    def __post_init__(self):
        super().__post_init__()
        self.worn, self.held, self.months = [], [], []

    def note(self, model):
        return model.residents.fatigue.astype(np.float64), model.residents.strain.astype(np.float64)

    def invite(self, model, event):
        self.worn.append(self.note(model))

    def on_attended(self, model, event):
        self.held.append(event)

    def on_week_end(self, model):
        self.week = self.note(model)

    def on_month_end(self, model):
        self.months.append((model.week, self.week, self.note(model)))


@pytest.fixture(scope="module")
def served():
    """A run with a council, a seed group, a supervision group and helpers; who looks on before and after them."""
    looks = Look(name="aa"), Look(name="zz")
    levers = {
        "seed_group": {**FIRST_DAY, **EVENT_HOURS, "most_money": 3000, "sessions_per_month": 4.0},
        "supervision": {**FIRST_DAY, **EVENT_HOURS, "members": 7, "chance": 0.0},
        "observer": {**FIRST_DAY, **EVENT_HOURS, "observers": 3},
        "social_worker": {**FIRST_DAY, **EVENT_HOURS},
        "parlour": EVENT_HOURS,
    }
    behaviour = {**LIVELY, "fatigue.exit": 0.0}
    model = make_model("council", weeks=50, levers=levers, behaviour=behaviour, extra=looks, without=["lectures"]).run()
    return model, *looks


def hours_of(model, name):
    return {week: hours for week, own, _, hours in model.recorder.costs if own == name}


def test_a_meeting_of_its_own_loads_every_member_of_a_group_whether_they_come_or_not(served):
    """D10: fatigue and strain of all members by the team's load, and of nobody else."""
    model, before, after = served
    load, seen = model.parameters.fatigue.team_load, {"council": 0, "seed_group": 0}
    groups = {"council": model.team.members, "seed_group": lever(model, "seed_group").group}
    for event, old, new in zip(before.held, before.worn, after.worn, strict=True):
        members = groups.get(event.channel.name, np.empty(0, np.int32))
        for one, other in zip(old, new, strict=True):
            expected = one.copy()
            expected[members] = np.minimum(1.0, expected[members] + load)
            np.testing.assert_allclose(other, expected, atol=1e-6)
        if event.channel.name in seen:
            seen[event.channel.name] += 1
    assert load > 0 and min(seen.values()) > 10


def test_a_seed_group_takes_what_is_heard_of_one_micro_grid_and_costs_little(served):
    model, _, after = served
    taken = [topic for event in after.held if event.channel.name == "seed_group" for topic in event.topics]
    assert len(taken) > 5
    assert all(topic.scope == "micro_grid" and topic.funding_need <= 3000 for topic in taken)
    assert any(topic.scope != "micro_grid" or topic.funding_need > 3000 for topic in model.topics.topics)


def test_a_supervision_group_is_the_most_driven_outside_the_team_and_tires_once_a_month(served):
    model, before, after = served
    group, residents = lever(model, "supervision").group, model.residents
    assert len(group) == 7 and residents.adult[group].all()
    months = 0
    for (week, old, _), (_, _, new) in zip(before.months, after.months, strict=True):
        if week >= 10:
            expected = old[0].copy()
            expected[group] = np.minimum(1.0, expected[group] + model.parameters.fatigue.load)
            np.testing.assert_allclose(new[0], expected, atol=1e-6)
            np.testing.assert_allclose(new[1], old[1], atol=1e-6)
            assert hours_of(model, "supervision")[week] == 1
            months += 1
    assert months >= 8
    fresh = make_model("council", weeks=2, levers={"supervision": {**FIRST_DAY, "members": 7, "chance": 0.0}})
    drive = fresh.residents.initiative + fresh.residents.follow_through
    fresh.step()
    own = lever(fresh, "supervision").group
    others = np.setdiff1d(fresh.adults, own)
    assert drive[own].min() >= drive[others].max() - 1e-6


def test_helpers_are_counted_at_meetings_in_person_on_topics_each_as_many_as_come(served):
    model, _, after = served
    meetings, parlour = {}, {}
    for event in after.held:
        if event.topics and not event.channel.online:
            meetings[event.week] = meetings.get(event.week, 0) + 1
        if event.channel.name == "council" and event.open.venue.name == "parlour":
            parlour[event.week] = parlour.get(event.week, 0) + 1
    assert hours_of(model, "social_worker") == meetings and len(meetings) > 10
    assert hours_of(model, "observer") == {week: 3 * number for week, number in meetings.items()}
    assert hours_of(model, "parlour") == parlour and len(parlour) > 5


@pytest.mark.parametrize(("response", "share"), [(0.0, 0.0), (1.0, 1.0)])
def test_nobody_or_everybody_answers_a_survey_where_the_response_says_so(response, share):
    settings = {**FIRST_DAY, "sample": 60, "response": response, "gift": 5.0}
    model = make_model("council", weeks=30, levers={"survey": settings}).run()
    (survey, *_) = model.recorder.surveys
    finding = survey.findings["all", "skill", "expression"]
    assert (finding.n, finding.asked) == (60 * share, 60)


@pytest.mark.parametrize("print_size", [True, False])
def test_support_lifts_elders_and_tenants_by_its_share_of_their_fear_and_elders_by_the_way_they_are_fetched(print_size):
    """P12: relief * fear for those relieved; an escort gives back the distance to the venue, in person only."""
    settings = {**FIRST_DAY, "relief": 0.4, "large_print": print_size, "volunteers": False, "escorts": True}
    model = make_model("council", weeks=20, levers={"access_support": settings})
    while not model.is_open("tea") or model.week < 14:
        model.step()
    support, residents = lever(model, "access_support"), model.residents
    elder, tenant = residents.member_of("elder"), residents.member_of("tenant")
    share = np.maximum(np.where(elder, 0.2 * print_size, 0.0), np.where(tenant, 0.4, 0.0))
    for name in ("tea", "council"):
        channel = model.channels[name]
        fear = model.parameters.participation.fear * channel.channel.formality * (1 - channel.venue.relief)
        weight = np.where(elder, 1 - channel.venue.elder_relief, 1.0) * model.scratch.fear_weight
        expected = share * fear * weight * (1 - residents.expression)
        expected += np.where(elder, model.distance[channel.venue.name], 0.0)
        np.testing.assert_allclose(support.utility(model, model.event(name)), expected, rtol=1e-4, atol=1e-6)
    assert np.sum(support.utility(model, model.event("ballot"))) == 0.0


def test_a_lecture_without_chance_is_for_those_of_the_highest_motive():
    settings = {**FIRST_DAY, "lectures_per_month": 4.33, "places": 30, "chance": 0.0}
    model = make_model("before", weeks=2, levers={"rights_education": settings}, behaviour={"influence.drift": 0.0})
    motive, before = model.residents.motive.copy(), model.residents.cognition.copy()
    model.run()
    heard = np.flatnonzero((model.residents.cognition > before + 1e-5).all(axis=0))
    others = np.setdiff1d(model.adults, heard)
    assert len(heard) == 30 and motive[heard].min() >= motive[others].max() - 1e-6


@pytest.mark.parametrize(("name", "setting"), [("training", "sessions"), ("salon", "salons")])
def test_time_bounds_the_number_of_sessions_and_nothing_else(name, setting):
    model = make_model("before", weeks=2, levers={name: {**FIRST_DAY, "weeks_between": 4.0}})
    assert lever(model, name).most(setting, 11) == 2 and lever(model, name).most(setting, 12) == 3
    assert lever(model, name).most("places", 11) == np.inf


def test_a_setting_that_the_loop_changes_acts_at_once_where_it_was_laid_out_at_the_start():
    """The ease of the tea is that of its venue: an adjusted intervention has to lay out the venue again."""
    rule = {"date": "2024-07-01", "adjust": {"tea": {"relief": 0.15}}}
    model = make_model("council", weeks=24, levers={"action_research": {**FIRST_DAY, "rules": [rule]}})
    week, eases = model.calendar.week_of(lever(model, "action_research").rules[0].date), []
    while model.week < 24:
        model.step()
        eases.append(model.venue_of("tea").relief)
    assert eases[week] == eases[-1] == 0.15 != eases[week - 1] and 0 < week < 23
