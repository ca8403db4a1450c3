"""Scaled communities: copies side by side, each as if it were alone, reported as one community."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from consensus_sim.community import load_community
from consensus_sim.runs.copies import copy_of, drawn_behaviour, run_copies, with_other_chance
from consensus_sim.runs.replicate import build_model, run_replicate
from consensus_sim.runs.tables import pack
from consensus_sim.study.config import compose
from consensus_sim.study.study import read_study

COPIES = 3


@pytest.fixture(scope="module")
def one():
    return load_community("teaching")


@pytest.fixture(scope="module")
def scaled():
    return load_community("teaching", scale=COPIES)


@pytest.fixture(scope="module")
def study():
    return read_study(compose(["community=teaching", "scenarios=[full]", "calendar.weeks=30"]))


@pytest.fixture(scope="module")
def played(scaled, study):
    """Tables of each copy by itself, and those of all."""
    scenario = study.scenario("full")
    alone = [
        run_replicate(copy_of(scaled, n), scenario, with_other_chance(study, 0, "community.copy", n), 0)
        for n in range(COPIES)
    ]
    return alone, run_copies(scaled, scenario, study, 0)


def test_the_first_copy_is_the_community_alone(one, scaled, study, played):
    first = copy_of(scaled, 0)
    for part in ("places", "population", "network"):
        for each in fields(getattr(one, part)):
            mine, theirs = (getattr(getattr(found, part), each.name) for found in (first, one))
            assert np.array_equal(mine, theirs) if isinstance(mine, np.ndarray) else mine == theirs, each.name
    assert pack(played[0][0]) == pack(run_replicate(one, study.scenario("full"), study, 0))


def test_the_other_copies_are_communities_of_their_own(one, scaled, played):
    for number in range(1, COPIES):
        copy = copy_of(scaled, number)
        people, places = copy.population, copy.places
        assert places.n_copies == 1 and places.n_micro_grids == one.places.n_micro_grids
        assert people.household.min() == 0 and people.dwelling.max() < places.n_dwellings
        assert (people.micro_grid[places.micro_grid_worker] == np.arange(places.n_micro_grids)).all()
        assert copy.network.indices.min() >= 0 and copy.network.indices.max() < people.n
        assert copy.network.indptr[-1] == len(copy.network.indices)
    assert len({pack(tables) for tables in played[0]}) == COPIES
    assert sum(copy_of(scaled, n).n_residents for n in range(COPIES)) == scaled.n_residents


def value(tables, metric: str, group: str = "all") -> float:
    rows = (tables["metrics"]["metric"] == metric) & (tables["metrics"]["group"] == group)
    (found,) = tables["metrics"]["value"][rows]
    return float(found)


def test_counts_are_added_up_and_shares_averaged(played):
    alone, together = played
    for metric in ("cost_money", "cost_hours", "person_times_quarter", "topics_deliberated", "matters_landed"):
        assert value(together, metric) == pytest.approx(sum(value(tables, metric) for tables in alone))
    for metric in ("reach_quarter", "trust", "attendance_council", "gini_speaking"):
        assert value(together, metric) == pytest.approx(np.nanmean([value(tables, metric) for tables in alone]))
    assert together["metrics"]["metric"].tolist() == alone[0]["metrics"]["metric"].tolist()


def test_tables_of_all_copies_hold_what_each_has(scaled, played):
    alone, together = played
    assert set(together) == set(alone[0])
    for name in ("topics", "meetings", "grids"):
        first = next(iter(together[name]))
        assert len(together[name][first]) == sum(len(tables[name][first]) for tables in alone)
    topics = together["topics"]
    assert topics["topic"].tolist() == list(range(len(topics["topic"])))
    assert topics["micro_grid"].max() < scaled.places.n_micro_grids
    assert set(together["meetings"]["topic"]) <= set(topics["topic"])
    grids = together["grids"]
    own = grids["level"] == "micro_grid"
    assert set(grids["place"][own]) == set(range(scaled.places.n_micro_grids))
    assert set(grids["place"][~own]) == set(range(scaled.places.n_grids))
    for column in ("issued", "held", "redeemed", "budget_left"):
        ends = sum(float(tables["points"][column][-1]) for tables in alone)
        assert float(together["points"][column][-1]) == pytest.approx(ends)
    weekly = together["weekly"]

    def keys(table):
        return list(zip(*(table[name].tolist() for name in ("metric", "group", "week")), strict=True))

    rows = keys(weekly)
    assert len(set(rows)) == len(rows) and set(rows) == {key for tables in alone for key in keys(tables["weekly"])}


def test_the_capability_scale_is_pooled_over_people(played):
    alone, together = played

    def rows(tables, name):
        scale = tables["capability"]
        return scale[name][(scale["group"] == "all") & (scale["dimension"] == "skill") & (scale["indicator"] == "all")]

    n, mean, sd = ([rows(tables, name)[-1] for tables in alone] for name in ("n", "mean", "sd"))
    assert rows(together, "n")[-1] == sum(n)
    assert rows(together, "mean")[-1] == pytest.approx(np.average(mean, weights=n))
    square = np.average(np.square(sd) + np.square(mean), weights=n) - np.average(mean, weights=n) ** 2
    assert rows(together, "sd")[-1] == pytest.approx(np.sqrt(square), rel=1e-5)


def test_all_copies_share_the_parameters_that_are_drawn(one, study):
    prior = replace(study, parameters="prior")
    other = with_other_chance(prior, 4, "community.copy", 2)
    assert drawn_behaviour(prior, 4) != prior.behaviour
    models = [build_model(one, study.scenario("full"), each, 4) for each in (prior, other)]
    assert models[0].behaviour.fingerprint() == models[1].behaviour.fingerprint()
    assert models[0].seed != models[1].seed


def test_surveys_of_copies_are_told_as_one_sample(scaled):
    """Means, standard errors and counts are those of all answers together; small groups of a copy stay untold."""
    whole = read_study(compose(["community=teaching", "scenarios=[survey]", "calendar.weeks=20"]))
    joined = run_copies(scaled, whole.scenario("survey"), whole, 0)
    table, answers = joined["survey"], joined["survey_answers"]
    row = (table["group"] == "all") & (table["dimension"] == "skill") & (table["indicator"] == "expression")
    asked = (answers["dimension"] == "skill") & (answers["indicator"] == "expression")
    people, place = np.unique(answers["respondent"][asked], return_inverse=True)
    score = (np.bincount(place, answers["answer"][asked]) / np.bincount(place) - 1) / 4
    assert table["n"][row] == len(people) and table["response_rate"][row] == len(people) / table["asked"][row]
    np.testing.assert_allclose(table["mean"][row], score.mean(), rtol=1e-6)
    np.testing.assert_allclose(table["se"][row], score.std(ddof=1) / np.sqrt(len(score)), rtol=1e-6)
