"""One replicate is a function of the study, the scenario and its number."""

from __future__ import annotations

import gc
import itertools
import weakref

import numpy as np
import pytest

from consensus_sim.runs.replicate import STRIDE, build_model, cleared_at_once, replicate_seed, run_replicate
from consensus_sim.study.config import compose
from consensus_sim.study.study import MOST_REPLICATES, MOST_SEED, read_study
from tests.helpers import assert_same_tables, community, differing_tables

SMALL = ["community=teaching", "scenarios=[before,council]", "calendar.weeks=30"]
TABLES = {
    *("weekly", "grids", "topics", "meetings", "capability", "points", "costs", "team", "revisions", "metrics"),
    *("survey", "survey_answers"),
}


@pytest.fixture(scope="module")
def study():
    return read_study(compose(SMALL))


def test_seeds_of_replicates_do_not_meet():
    seeds = [replicate_seed(seed, number) for seed, number in itertools.product(range(50), range(100))]
    assert len(set(seeds)) == len(seeds)
    assert replicate_seed(3, 0) == 3 * STRIDE
    assert replicate_seed(MOST_SEED, MOST_REPLICATES) == MOST_SEED * STRIDE + MOST_REPLICATES


@pytest.mark.parametrize("searching", [True, False])
def test_a_finished_model_is_given_back_at_once_and_python_searches_as_before(study, searching):
    was_on = gc.isenabled()
    (gc.enable if searching else gc.disable)()
    try:
        with cleared_at_once():
            assert not gc.isenabled()
            model = build_model(community(), study.scenario("council"), study, 0)
            left = weakref.ref(model)
            del model
            assert left() is not None  # its parts refer to each other
        assert left() is None and gc.isenabled() is searching
        with pytest.raises(KeyError), cleared_at_once():
            raise KeyError
        assert gc.isenabled() is searching
    finally:
        (gc.enable if was_on else gc.disable)()


def test_a_replicate_repeated_is_the_same_and_its_neighbour_is_another(study):
    scenario = study.scenario("council")
    first, again, next_one = (run_replicate(community(), scenario, study, number) for number in (4, 4, 5))
    assert set(first) == TABLES
    assert_same_tables(first, again)
    assert {"weekly", "topics", "metrics"} <= differing_tables(first, next_one)


def test_scenarios_of_one_replicate_meet_the_same_residents_and_topics(study):
    """Common random numbers: what arises and who lives there do not depend on the scenario."""
    models = [build_model(community(), study.scenario(name), study, 2) for name in ("before", "council")]
    for name in ("trust", "skill", "motive", "aware"):
        np.testing.assert_array_equal(getattr(models[0].residents, name), getattr(models[1].residents, name))
    runs = [model.run().topics.topics for model in models]
    assert len(runs[0]) > 3
    fields = ("arisen_week", "micro_grid", "scope", "feasibility", "funding_need", "polarity")
    for one, two in zip(*runs, strict=True):
        assert [getattr(one, field) for field in fields] == [getattr(two, field) for field in fields]
        assert one.kind.name == two.kind.name


def test_before_the_council_opens_the_scenarios_are_equal(study):
    tables = [run_replicate(community(), study.scenario(name), study, 1) for name in ("before", "council")]
    weekly = [{key: column[table["weekly"]["week"] < 9] for key, column in table["weekly"].items()} for table in tables]
    names = set(weekly[0]["metric"])
    kept = [np.isin(table["metric"], sorted(names)) for table in weekly]
    for column in weekly[0]:
        np.testing.assert_array_equal(weekly[0][column][kept[0]], weekly[1][column][kept[1]])
    later = [table["weekly"]["value"][table["weekly"]["metric"] == "fatigue"][9:] for table in tables]
    assert not np.array_equal(*later)


def test_parameters_from_the_prior_differ_by_draw_and_not_by_scenario():
    study = read_study(compose([*SMALL, "parameters=prior"]))
    drawn = [build_model(community(), study.scenario("before"), study, number).parameters for number in (8, 7)]
    assert build_model(community(), study.scenario("before"), study, 9).parameters == drawn[0]
    other = build_model(community(), study.scenario("council"), study, 8).parameters
    assert drawn[0] == other != drawn[1]
    assert drawn[0].trust.gain != drawn[1].trust.gain
    centre = build_model(
        community(), study.scenario("before"), read_study(compose([*SMALL, "parameters=centre"])), 0
    ).parameters
    assert centre.trust.gain == study.behaviour["trust"]["gain"]["value"] != drawn[0].trust.gain


def test_a_replicate_leaves_no_trace_on_the_next(study):
    alone = run_replicate(community(), study.scenario("before"), study, 0)
    run_replicate(community(), study.scenario("council"), study, 3)
    assert_same_tables(alone, run_replicate(community(), study.scenario("before"), study, 0))


def test_columns_of_a_table_are_of_one_length(study):
    for name, table in run_replicate(community(), study.scenario("council"), study, 0).items():
        assert len({len(column) for column in table.values()}) == 1, name
