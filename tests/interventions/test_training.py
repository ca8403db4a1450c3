"""Training: who is trained, how often, and what workshops and lectures teach."""

from __future__ import annotations

import numpy as np
import pytest

from tests.helpers import lever, make_model

ALL = {"who": "residents", "places": 400, "turnout": 1.0, "weeks_between": 1.0, "sessions": 3, "start": "2024-03-04"}
STILL = {"learning.skill_half_life": 56.0, "influence.drift": 0.0}


def trained(weeks=3, scenario="before", behaviour=None, **settings):
    return make_model(
        scenario, weeks=weeks, levers={"training": {**ALL, **settings}}, behaviour={**STILL, **(behaviour or {})}
    ).run()


def gains(model):
    """Mean gain of adults in SD of the adults at the start: skill (4,), cognition (3,)."""
    start, adult = make_model("before", weeks=1).residents, model.residents.adult
    return [
        ((now - before)[:, adult].mean(axis=1) / before[:, adult].std(axis=1))
        for now, before in ((model.residents.skill, start.skill), (model.residents.cognition, start.cognition))
    ]


def test_a_course_gives_the_average_adult_the_gain_of_the_evidence():
    """P28, P29: three sessions; a workshop's gain less what does not carry over to real meetings."""
    p = make_model("before", weeks=1).parameters.learning
    skill, cognition = gains(trained(method="workshop"))
    np.testing.assert_allclose(skill, p.workshop_skill * p.transfer, rtol=0.05)
    np.testing.assert_allclose(cognition, p.workshop_cognition, rtol=0.05)
    skill, cognition = gains(trained(method="lecture"))
    np.testing.assert_allclose(skill, p.lecture_skill, rtol=0.05)
    np.testing.assert_allclose(cognition, p.lecture_cognition, rtol=0.05)


def test_workshops_beat_lectures_in_skill_at_equal_attendance():
    """B9: after three months at least twice, and a lecture's less than 0.2 SD."""
    after = {method: gains(trained(weeks=13, method=method))[0] for method in ("workshop", "lecture")}
    assert (after["workshop"] >= 2 * after["lecture"]).all()
    assert (after["lecture"] < 0.2).all() and (after["lecture"] > 0).all()


def test_what_is_not_used_is_forgotten_by_half_in_its_half_life():
    """B11: cognition stays, the gain in skill halves."""
    short, long = (gains(trained(weeks=weeks, behaviour={"learning.skill_half_life": 20.0})) for weeks in (3, 3 + 20))
    np.testing.assert_allclose(long[0] / short[0], 0.5, rtol=0.06)
    np.testing.assert_allclose(long[1], short[1], rtol=0.01)


@pytest.mark.parametrize(("sessions", "weeks", "held"), [(3, 20, 3), (200, 20, 20), (1, 20, 1), (0, 20, 0)])
def test_no_more_sessions_than_set_and_each_costs(sessions, weeks, held):
    model = trained(weeks=weeks, sessions=sessions)
    assert lever(model, "training").held == held
    prices = lever(model, "training").cost
    hours = sum(cost[3] for cost in model.recorder.costs if cost[1] == "training")
    assert hours == held * prices["event_hours"]


@pytest.mark.parametrize("places", [0, 5, 34])
def test_no_more_people_than_places_and_no_children(places):
    model = trained(places=places, weeks=1, sessions=1)
    tired = np.flatnonzero(model.residents.fatigue > 0)
    taught = np.flatnonzero((model.residents.skill != make_model("before", weeks=1).residents.skill).any(axis=0))
    assert len(taught) == places == lever(model, "training").person_times
    np.testing.assert_array_equal(np.intersect1d(tired, taught), taught)
    assert model.residents.adult[taught].all()


def test_turnout_is_the_share_who_come():
    """Binomial over all adults, 5 standard errors: false alarm 6e-7."""
    model = trained(turnout=0.4, sessions=10, weeks=10)
    asked = 10 * model.residents.adult.sum()
    assert abs(lever(model, "training").person_times / asked - 0.4) < 5 * np.sqrt(0.24 / asked)


def taught_by(who, **settings):
    lively = {"channels.tea": -4.0, "channels.council": -4.0}
    options = {"who": who, "start": "2024-07-01", "sessions": 1, "places": 400, "weeks_between": 1.0, **settings}
    model = make_model("council", weeks=18, levers={"training": options}, behaviour=lively, without=["lectures"])
    while model.week < 17:
        model.step()
    before, took_part, team = model.residents.cognition.copy(), model.took_part.copy(), model.team_mask.copy()
    model.step()
    taught = (model.residents.cognition - before).max(axis=0) > 0
    return model, taught, model.took_part | took_part, team


def test_the_team_the_active_or_both_are_trained():
    model, taught, active, team = taught_by("team", turnout=1.0)
    np.testing.assert_array_equal(np.flatnonzero(taught), model.team.members)
    _, taught, active, team = taught_by("active", turnout=1.0)
    np.testing.assert_array_equal(taught, active & ~team)
    _, taught, active, team = taught_by("team_and_active", turnout=1.0)
    np.testing.assert_array_equal(taught, active | team)


def test_the_team_goes_first_where_places_are_few():
    model, taught, active, team = taught_by("team_and_active", turnout=1.0, places=25)
    assert taught.sum() == 25 and team.sum() == len(model.team.members) < 25
    assert (taught & team).sum() == team.sum() and (taught & ~team & ~active).sum() == 0


def test_a_lecture_and_a_workshop_draw_by_chances_of_their_own():
    """Both levers hold their first session in the same week, for half of all adults each."""
    half = {**ALL, "sessions": 1, "places": 1000, "turnout": 0.5}
    taught = []
    for name in ("training", "lectures"):
        model = make_model("before", weeks=1, levers={name: {**half, "method": "workshop"}}).run()
        start = make_model("before", weeks=1).run().residents.skill
        taught.append(((model.residents.skill - start).max(axis=0) > 0)[model.adults])
    (first, second), number = taught, len(taught[0])
    assert 0.4 < first.mean() < 0.6 and 0.4 < second.mean() < 0.6
    assert abs(np.count_nonzero(first == second) - number / 2) < 2.5 * np.sqrt(number)  # 5 SD: false alarm 6e-7
