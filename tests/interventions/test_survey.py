"""The capability survey: who is asked and answers, what is found, and that it changes nobody; training aimed by it."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.outcomes.facts import all_tables, capability_table
from consensus_sim.residents.capability import INDICATORS, Finding, SurveyResult
from consensus_sim.residents.columns import REPORT_GROUPS
from tests.helpers import assert_same_tables, differing_tables, latent, lever, make_model, make_tables

EVERYBODY = {"sample": 100_000, "least_told": 2}
CENSUS = {"response": 1.0, "item_error": 0.0}


def surveyed(weeks=20, behaviour=None, scenario="survey", place="teaching", **settings):
    """A run, and its surveys."""
    model = make_model(scenario, weeks=weeks, behaviour=behaviour, levers={"survey": settings}, place=place).run()
    return model, model.recorder.surveys


def test_it_is_held_at_each_half_years_end_and_changes_nobody():
    plain, asked = make_tables("council"), make_tables("survey")
    assert set(asked["survey"]["half_year"]) == {"2024H1", "2024H2"}
    assert differing_tables(plain, asked) == {"survey", "survey_answers", "costs", "metrics"}
    keep = ~np.isin(plain["metrics"]["metric"], ("cost_money", "cost_hours"))
    np.testing.assert_array_equal(plain["metrics"]["value"][keep], asked["metrics"]["value"][keep])


def test_nobody_asked_is_no_survey():
    assert_same_tables(
        make_tables("survey", levers={"survey": {"sample": 0}}), make_tables("council"), but=["costs", "metrics"]
    )


def test_a_census_without_error_finds_the_truth_to_the_rounding():
    """Where all answer, a group's mean differs from its true mean by no more than half an answer on a fine scale."""
    points = 11
    model, (survey,) = surveyed(weeks=17, points=points, **CENSUS, **EVERYBODY)
    table = capability_table(model)
    rows = list(zip(*(table[column].tolist() for column in ("group", "dimension", "indicator")), strict=True))
    true, n = (dict(zip(rows, table[column].tolist(), strict=True)) for column in ("mean", "n"))
    assert len(survey.findings) == len(REPORT_GROUPS) * 13
    for key, found in survey.findings.items():
        assert found.n == found.asked == n[key]
        assert abs(found.mean - true[key]) <= 0.5 / (points - 1) + 1e-6


@pytest.mark.parametrize("group", ["owner", "tenant"])
def test_tenants_and_workers_answer_less_as_often_as_set(group):
    """Binomial within tenure and work over all adults, 5 SE: false alarm 6e-7 each."""
    model, (survey,) = surveyed(place="case_study", weeks=17, sample=100_000)
    p, residents = lever(model, "survey"), model.residents
    base = np.log(p.response / (1 - p.response))
    both = {"owner": 0.0, "tenant": p.response_tenant}[group]
    chance = 1 / (1 + np.exp(-(base + both + p.response_working * residents.member_of("working"))))
    expected = chance[residents.member_of(group)]
    found = survey.findings[group, "skill", "all"]
    assert found.asked == len(expected)
    assert abs(found.n - expected.sum()) < 5 * np.sqrt((expected * (1 - expected)).sum())


def test_the_standard_error_is_that_of_the_sample():
    """Means of repeated surveys of one population scatter as their standard errors state (40 surveys)."""
    found = []
    for seed in range(40):
        model = make_model("survey", weeks=17, seed=1, levers={"survey": {"sample": 150, "response": 1.0}})
        model.week, model.seed = 16, seed  # the same residents, another sample
        bank = lever(model, "survey")
        bank.on_start(model)
        bank.on_week_end(model)
        found.append(model.recorder.surveys[-1].findings["all", "skill", "all"])
    scatter = np.std([each.mean for each in found], ddof=1)
    told = np.mean([each.se for each in found])
    assert 0.7 < scatter / told < 1.4


def test_small_groups_are_not_told_but_counted():
    _, (survey,) = surveyed(weeks=17, sample=60, least_told=20)
    few = [found for found in survey.findings.values() if found.n < 20]
    many = [found for found in survey.findings.values() if found.n >= 20]
    assert few and many
    assert all(np.isnan(found.mean) and np.isnan(found.se) for found in few)
    assert all(0 <= found.mean <= 1 and found.se > 0 for found in many)


def test_the_tables_hold_what_was_found_and_every_answer():
    model, surveys = surveyed(weeks=44)
    tables = all_tables(model)
    table, answers = tables["survey"], tables["survey_answers"]
    assert len(table["mean"]) == sum(len(survey.findings) for survey in surveys)
    assert len(answers["answer"]) == sum(survey.answers.size for survey in surveys)
    np.testing.assert_allclose(table["response_rate"], table["n"] / table["asked"])
    last = answers["half_year"] == "2024H2"
    assert answers["answer"].min() >= 1 and answers["answer"].max() <= 5
    for dimension, names in INDICATORS.items():
        for name in names:
            rows = last & (answers["dimension"] == dimension) & (answers["indicator"] == name)
            mean = (answers["answer"][rows].mean() - 1) / 4
            assert surveys[-1].findings["all", dimension, name].mean == pytest.approx(mean)
    assert set(np.unique(answers["respondent"][last])) == set(range(len(surveys[-1].answers)))


def test_costs_are_a_price_a_survey_and_a_gift_an_answer():
    model, surveys = surveyed(weeks=44, gift=7.0)
    prices = lever(model, "survey").cost
    costs = [cost for cost in model.recorder.costs if cost[1] == "survey"]
    answered = sum(len(survey.answers) for survey in surveys)
    assert sum(cost[2] for cost in costs) == prices["start_money"] + 2 * prices["event_money"] + 7.0 * answered
    assert sum(cost[3] for cost in costs) == 2 * prices["event_hours"]


# --- training aimed by the last survey ------------------------------------------------------------------------

COURSE = {"who": "residents", "places": 400, "turnout": 1.0, "missed": 0.0, "weeks_between": 1.0, "sessions": 3,
          "start": "2024-07-01"}  # fmt: skip
STILL = {"influence.drift": 0.0}
ALL_ANSWER = {**EVERYBODY, "response": 1.0}


def course(weeks=21, scenario="targeted_training", **settings):
    model = make_model(
        scenario, weeks=weeks, behaviour=STILL, without=["lectures"],
        levers={"training": {**COURSE, **settings}, "survey": ALL_ANSWER},
    )  # fmt: skip
    while model.week < 17:
        model.step()
    before = model.residents.skill.copy(), model.residents.cognition.copy()
    model.run()
    adult = model.residents.adult
    units = model.skill_unit, model.cognition_unit
    return model, [
        (latent(now) - latent(old))[:, adult].mean(axis=1) / unit
        for now, old, unit in zip((model.residents.skill, model.residents.cognition), before, units, strict=True)
    ]


def test_the_weakest_indicator_gets_its_share_of_the_same_total():
    even_model, even = course(target="none")
    model, aimed = course(target="weakest", focus=0.7)
    survey = model.recorder.surveys[-1]
    for dimension, gain, flat in zip(("skill", "cognition"), aimed, even, strict=True):
        row = INDICATORS[dimension].index(survey.weakest_indicator(dimension))
        assert gain[row] / gain.sum() == pytest.approx(0.7, abs=0.01)
        assert gain.sum() == pytest.approx(flat.sum(), rel=0.02)
    assert lever(model, "training").person_times == lever(even_model, "training").person_times


def test_a_focus_of_an_even_share_is_even_training():
    options = {"behaviour": {**STILL, "learning.course_cognition": 0.0}, "weeks": 21}
    aimed, even = (
        make_tables("targeted_training", levers={"training": {**COURSE, "target": target, "focus": 0.25}}, **options)
        for target in ("weakest", "none")
    )
    assert_same_tables(aimed, even)


@pytest.mark.parametrize("settings", [{"target": "weakest"}, {"who": "weakest_group"}])
def test_without_a_survey_training_is_even_and_open_to_all(settings):
    plain = make_tables("council", weeks=30, levers={"training": COURSE})
    assert_same_tables(make_tables("council", weeks=30, levers={"training": {**COURSE, **settings}}), plain)


def test_it_follows_what_was_found_and_not_the_truth():
    """A survey that errs sends training to the wrong indicator."""
    model, _ = course()
    training, truth = lever(model, "training"), model.recorder.surveys[-1]
    for name in INDICATORS["skill"]:
        findings = dict(truth.findings)
        findings["all", "skill", name] = Finding(0.01, 0.01, 50, 80)
        model.recorder.surveys.append(SurveyResult("2024H1", findings, truth.answers, truth.items, truth.week))
        weights = training._weights(model, "skill", INDICATORS["skill"])
        assert np.argmax(weights) == INDICATORS["skill"].index(name) and weights.sum() == pytest.approx(4)


def test_the_weakest_group_is_the_one_that_is_trained():
    model = make_model(
        "targeted_training", weeks=20, behaviour=STILL, without=["lectures"],
        levers={"training": {**COURSE, "who": "weakest_group", "sessions": 1}, "survey": ALL_ANSWER},
    )  # fmt: skip
    while model.week < 17:
        model.step()
    before = model.residents.cognition.copy()
    model.step()
    taught = (model.residents.cognition - before).max(axis=0) > 0
    group = model.recorder.surveys[-1].weakest_group("skill")
    means = {g: f.mean for (g, d, i), f in model.recorder.surveys[-1].findings.items() if (d, i) == ("skill", "all")}
    assert means[group] == min(means.values()) and group != "all"
    np.testing.assert_array_equal(taught, model.residents.member_of(group))


def test_a_group_of_which_nothing_is_told_is_not_the_weakest():
    nan = float("nan")
    findings = {(group, "skill", "all"): Finding(nan, nan, 3, 9) for group in REPORT_GROUPS}
    assert SurveyResult("2024H1", findings, np.empty((0, 30), np.int8), 3, 17).weakest_group("skill") is None
    findings["tenant", "skill", "all"] = Finding(0.9, 0.1, 30, 60)
    assert SurveyResult("2024H1", findings, np.empty((0, 30), np.int8), 3, 17).weakest_group("skill") == "tenant"
