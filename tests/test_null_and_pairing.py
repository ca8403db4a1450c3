"""Common random numbers: a lever that is off changes nothing, what differs later is equal before, one seed gives one
run.
"""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim import CommunityModel, load_community, load_model
from consensus_sim.outcomes.facts import all_tables

WEEKS = 44
OFF = {
    "training": ("training", ["intervention.training.sessions=0"]),
    "training without places": ("training", ["intervention.training.places=0"]),
    "points worth nothing": (
        "points",
        [f"intervention.points.{name}=0" for name in ("attendance", "suggestion", "proposal", "conflict")],
    ),
    "points that start after the end": ("points", ["intervention.points.start=2030-01-01"]),
    "no seats": ("council", ["scenario.council.interventions.quota_seating.seats=0"]),
    "no parlour": ("council", ["intervention.parlour.capacity=0"]),
    "nobody uses the ballot": ("council", ["intervention.ballot.use=0"]),
    "no tea": ("council", ["intervention.tea.sessions_per_month=0"]),
    "no lectures": ("council", ["intervention.lectures.sessions=0"]),
}
LEVER_OF = {
    "training": "training",
    "training without places": "training",
    "points worth nothing": "points",
    "points that start after the end": "points",
    "no seats": "quota_seating",
    "no parlour": "parlour",
    "nobody uses the ballot": "ballot",
    "no tea": "tea",
    "no lectures": "lectures",
}


@pytest.fixture(scope="module")
def community():
    return load_community("teaching")


def tables(community, scenario, overrides=(), seed=3, without=()):
    model = load_model(community, scenario, seed=seed, weeks=WEEKS, overrides=overrides)
    model.levers = [lever for lever in model.levers if lever.name not in without]
    return all_tables(model.run())


def assert_same(first, second, leave_out=("costs",)):
    assert first.keys() == second.keys()
    for name in first.keys() - set(leave_out):
        for column in first[name]:
            np.testing.assert_array_equal(first[name][column], second[name][column], err_msg=f"{name}.{column}")


def same_metrics(first, second, but=("cost_money", "cost_hours")):
    """The metrics tables without the costs."""
    keep = ~np.isin(first["metrics"]["metric"], but)
    for column in first["metrics"]:
        np.testing.assert_array_equal(first["metrics"][column][keep], second["metrics"][column][keep])


@pytest.mark.parametrize("case", OFF)
def test_a_lever_without_strength_is_no_lever(community, case):
    scenario, overrides = OFF[case]
    off = tables(community, scenario, overrides)
    absent = tables(community, scenario, overrides, without=(LEVER_OF[case],))
    assert_same(off, absent, leave_out=("costs", "metrics", "points"))
    same_metrics(off, absent)


def test_a_lever_with_strength_does_change_the_run(community):
    plain, with_points = tables(community, "council"), tables(community, "points")
    assert not np.array_equal(plain["weekly"]["value"], with_points["weekly"]["value"])


def test_the_same_seed_gives_the_same_run_and_another_seed_another(community):
    first, again, other = (tables(community, "full", seed=seed) for seed in (5, 5, 6))
    assert_same(first, again, leave_out=())
    assert not np.array_equal(first["meetings"]["present"][:20], other["meetings"]["present"][:20])


def test_scenarios_that_differ_from_a_week_on_are_equal_before_it(community):
    day = "2024-09-30"  # the first day of week 30 of a run from 2024-03-04
    late = tables(community, "points", [f"intervention.points.start={day}"])
    plain = tables(community, "council")
    for name in ("weekly", "meetings"):
        before = [table[name]["week"] < 30 for table in (late, plain)]
        assert before[0].any()
        for column in plain[name]:
            if column == "execution":  # of a meeting's topic at the end of the run
                continue
            first, second = late[name][column][before[0]], plain[name][column][before[1]]
            np.testing.assert_array_equal(first, second, err_msg=f"{name}.{column}")
    after = [table["weekly"]["value"][table["weekly"]["week"] >= 30] for table in (late, plain)]
    assert len(after[0]) != len(after[1]) or not np.array_equal(*after)


def test_the_order_in_which_levers_are_given_does_not_matter(community):
    settings = load_model(community, "full", seed=3, weeks=WEEKS)
    model = CommunityModel(
        community,
        settings.levers[::-1],
        settings.behaviour,
        settings.known_channels,
        {kind.name: kind for kind in settings.topics.classes},
        settings.calendar,
        settings.seed,
    )
    assert_same(tables(community, "full"), all_tables(model.run()), leave_out=())
