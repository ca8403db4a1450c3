"""Training: who is trained, how often, and what workshops and lectures teach."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.residents.capability import exposed_gains
from tests.helpers import latent, lever, make_model

ALL = {"who": "residents", "places": 400, "turnout": 1.0, "missed": 0.0, "weeks_between": 1.0, "sessions": 3,
       "start": "2024-03-04"}  # fmt: skip
STILL = {"learning.skill_half_life": 1e6, "influence.drift": 0.0}


def trained(weeks=3, scenario="before", behaviour=None, **settings):
    return make_model(
        scenario, weeks=weeks, levers={"training": {**ALL, **settings}}, behaviour={**STILL, **(behaviour or {})}
    ).run()


def gains(model):
    """Gain of each adult in SD of the adults at the start, logit scale: skill (4, m), cognition (3, m)."""
    start, adult = make_model("before", weeks=1).residents, model.residents.adult
    return [
        ((latent(now) - latent(before)) / latent(before)[:, adult].std(axis=1)[:, None])[:, adult]
        for now, before in ((model.residents.skill, start.skill), (model.residents.cognition, start.cognition))
    ]


def test_a_course_gives_everybody_the_gain_of_the_evidence_wherever_they_start():
    """P28, P29: three sessions give the weak, the able and those between the same SD."""
    p = make_model("before", weeks=1).parameters.learning
    for method, expected in (
        ("workshop", (p.workshop_skill, p.course_cognition)),
        ("lecture", (p.lecture_skill, p.course_cognition)),
    ):
        for gain, size in zip(gains(trained(method=method)), expected, strict=True):
            np.testing.assert_allclose(gain, size, atol=2e-3)


@pytest.mark.parametrize("level", [0.2, 0.5, 0.74, 0.8])
def test_half_an_sd_is_half_an_sd_at_every_start(level):
    model = make_model("before", weeks=3, levers={"training": ALL}, behaviour={**STILL, "learning.workshop_skill": 0.5})
    for block in (model.residents.skill, model.residents.start_skill):
        block.setflags(write=True)
        block[:] = level
    model.run()
    gain = (latent(model.residents.skill) - latent(level)) / model.skill_unit[:, None]
    np.testing.assert_allclose(gain[:, model.adults], 0.5, atol=1e-3)


def test_workshops_beat_lectures_in_skill_at_equal_attendance():
    """B9: after three months at least twice, and a lecture's less than 0.2 SD."""
    half_life = {"learning.skill_half_life": 28.0}
    after = {m: gains(trained(weeks=13, method=m, behaviour=half_life))[0] for m in ("workshop", "lecture")}
    assert (after["workshop"] >= 2 * after["lecture"]).all()
    assert (after["lecture"] < 0.2).all() and (after["lecture"] > 0).all()


def test_what_is_not_used_is_forgotten_by_half_in_its_half_life():
    """B11: cognition stays, the gain in skill halves."""
    short, long = (gains(trained(weeks=weeks, behaviour={"learning.skill_half_life": 20.0})) for weeks in (4, 4 + 20))
    np.testing.assert_allclose(long[0].mean() / short[0].mean(), 0.5, rtol=0.06)  # the few who meet keep a little more
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


def test_turnout_is_the_share_who_enrol_and_missed_the_share_who_stay_away():
    """Binomial over all adults, 5 standard errors: false alarm 6e-7."""
    model = trained(turnout=0.4, sessions=1, weeks=1)
    asked = model.residents.adult.sum()
    assert abs(lever(model, "training").person_times / asked - 0.4) < 5 * np.sqrt(0.24 / asked)
    model = trained(missed=0.3, sessions=10, course=10, weeks=10)
    assert abs(lever(model, "training").person_times / (10 * asked) - 0.7) < 5 * np.sqrt(0.21 / (10 * asked))


def test_who_misses_is_independent_of_who_enrols():
    model = trained(turnout=0.5, missed=0.5, sessions=1, weeks=1)
    enrolled = len(lever(model, "training").trainees)
    assert abs(lever(model, "training").person_times / enrolled - 0.5) < 5 * np.sqrt(0.25 / enrolled)


def test_a_session_is_use_of_skill_the_week_after_nothing_is_forgotten():
    model = make_model("before", weeks=4, behaviour={"learning.skill_half_life": 2.0}, levers={"training": ALL})
    for sessions in (1, 2, 3):
        model.step()
        third = model.parameters.learning.workshop_skill / 3
        gain = (latent(model.residents.skill) - latent(model.residents.start_skill)) / model.skill_unit[:, None]
        np.testing.assert_allclose(gain[:, model.adults], sessions * third, atol=2e-3)


def test_a_course_keeps_its_trainees_and_the_next_takes_others_first():
    model = make_model("before", weeks=9, behaviour=STILL, levers={"training": {**ALL, "places": 50, "sessions": 9}})
    enrolled = []
    while model.week < 9:
        model.step()
        enrolled.append(lever(model, "training").trainees.tolist())
    assert all(enrolled[3 * k] == enrolled[3 * k + 1] == enrolled[3 * k + 2] for k in range(3))
    assert len({*enrolled[0], *enrolled[3], *enrolled[6]}) == 150, "nobody goes twice while others wait"
    skill = gains(model)[0][0]
    np.testing.assert_allclose(np.sort(skill)[-150:], model.parameters.learning.workshop_skill, atol=2e-3)
    assert np.count_nonzero(skill > 0.1) == model.trained.sum() == 150


def test_who_missed_a_session_gains_a_third_less_and_is_not_replaced():
    model = trained(missed=0.4, places=100)
    sessions = lever(model, "training").attended
    third = model.parameters.learning.workshop_skill / 3
    np.testing.assert_allclose(gains(model)[0], third * np.ones((4, 1)) * sessions[model.adults], atol=2e-3)
    assert {*np.unique(sessions).tolist()} == {0, 1, 2, 3} and np.count_nonzero(sessions) <= 100
    never = set(lever(model, "training").trainees.tolist()) - set(np.flatnonzero(sessions).tolist())
    assert not model.trained[list(never)].any() and model.trained[sessions > 0].all()


def test_whether_one_misses_is_drawn_anew_for_every_session():
    """Independent draws: of 400 asked twice with 0.5, a quarter miss both (5 standard errors)."""
    model = trained(missed=0.5, sessions=2, weeks=2)
    n, both = len(model.adults), np.count_nonzero(lever(model, "training").attended == 2)
    assert abs(both / n - 0.25) < 5 * np.sqrt(0.19 / n)


def test_weekly_courses_for_a_year_bring_all_to_the_reach_and_no_further():
    model = make_model("before", weeks=50, behaviour=STILL, levers={"training": {**ALL, "sessions": 50}}).run()
    skill, cognition = gains(model)
    np.testing.assert_allclose(skill, model.parameters.learning.reach, atol=5e-3)
    np.testing.assert_allclose(cognition, model.parameters.learning.reach, atol=5e-3)


def test_skill_is_reported_for_the_trained_and_for_those_who_only_practised():
    model = make_model("council", weeks=30, behaviour={"channels.tea": -3.0, "channels.council": -3.0}).run()
    trained_, practised = exposed_gains(model)
    acted = {row for _, _, who in model.recorder.acts for row in who.tolist()}
    alone = np.flatnonzero(model.practised & ~model.taught)
    assert len(alone) > 10 and {*alone.tolist()} <= acted and model.trained.sum() >= len(model.team.members)
    start = make_model("council", weeks=1).residents.skill
    gain = (latent(model.residents.skill) - latent(start)) / model.skill_unit[:, None]
    assert trained_ == pytest.approx(gain[:, model.trained].mean(), abs=1e-4)
    assert practised == pytest.approx(gain[:, alone].mean(), abs=1e-4) and 0 < practised < trained_
    weekly = model.recorder.weekly
    read = np.flatnonzero(~np.isnan(weekly["skill_gain_practised"]))
    assert all(model.calendar.ends_month(week) or week == 29 for week in read.tolist()) and len(read) >= 4
    assert weekly["skill_gain_trained"][-1] == pytest.approx(trained_)
    assert weekly["skill_gain_practised"][-1] == pytest.approx(practised)
    nobody = make_model("before", weeks=1, behaviour={"channels.adhoc": -60.0, "channels.reception": -60.0}).run()
    assert np.isnan(exposed_gains(nobody)).all()


def taught_by(who, **settings):
    lively = {"channels.tea": -4.0, "channels.council": -4.0}
    options = {**ALL, "who": who, "start": "2024-07-01", "sessions": 1, **settings}
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
