"""Copied models: the same tables as the original, nothing shared that a run changes, the same views of one buffer."""

from __future__ import annotations

import copy
import pickle
from itertools import combinations

import numpy as np
import pytest

from consensus_sim.model.copying import SHARED_TYPES
from consensus_sim.outcomes.facts import all_tables
from tests.helpers import assert_same_tables, differing_tables, lever, make_model, make_tables

WEEKS, COPIED_IN = 34, 20
CASES = ("full", "everything")


def arrays_by_path(root, but=()):
    """Every array that `root` leads to, by one way to it; the same ways in a copy."""
    found, seen, todo = {}, {id(each) for each in but}, [((), root)]
    while todo:
        path, each = todo.pop()
        if id(each) in seen or isinstance(each, SHARED_TYPES):
            continue
        seen.add(id(each))
        if isinstance(each, np.ndarray):
            found[path] = each
        elif isinstance(each, dict):
            todo += [((*path, place), value) for place, value in enumerate(each.values())]
        elif isinstance(each, list | tuple):
            todo += [((*path, place), value) for place, value in enumerate(each)]
        else:
            slots = [name for name in getattr(type(each), "__slots__", ()) if hasattr(each, name)]
            attributes = {name: getattr(each, name) for name in slots} | getattr(each, "__dict__", {})
            todo += [((*path, name), attributes[name]) for name in sorted(attributes)]
    return found


@pytest.fixture(scope="module")
def undisturbed():
    return {scenario: make_tables(scenario, weeks=WEEKS) for scenario in CASES}


def halfway(scenario, agents=False, copied=copy.deepcopy):
    """A model in the week of the copy, and its copy."""
    model = make_model(scenario, weeks=WEEKS)
    if agents:
        assert len(model.agents) == model.residents.n
    while model.week < COPIED_IN:
        model.step()
    return model, copied(model)


def through_pickle(model):
    return pickle.loads(pickle.dumps(model))


@pytest.mark.parametrize("copied", [copy.deepcopy, copy.copy, through_pickle])
@pytest.mark.parametrize("scenario", CASES)
def test_a_copied_model_gives_the_same_tables(undisturbed, scenario, copied):
    model, twin = halfway(scenario, agents=scenario == "full", copied=copied)
    assert twin.run() is twin and twin.week == twin.steps == WEEKS
    assert model.week == model.steps == COPIED_IN
    assert_same_tables(all_tables(twin), undisturbed[scenario])
    assert_same_tables(all_tables(copied(twin)), undisturbed[scenario])
    assert_same_tables(all_tables(model.run()), undisturbed[scenario])


@pytest.mark.parametrize("changed", ["model", "copy"])
def test_either_can_be_changed_without_the_other_noticing(undisturbed, changed):
    pair = halfway("full")
    disturbed, other = pair if changed == "model" else reversed(pair)
    disturbed.residents.trust[:] = 0.9
    disturbed.residents.expression[:] = 0.9
    lever(disturbed, "points").value = 0.0
    lever(disturbed, "council").sessions_per_month = 1.0
    lever(disturbed, "points").purse.paid[:] += 1
    next(iter(disturbed.topics.topics)).progress.label = "changed"
    disturbed.rules.procedure = "round"
    for model in (disturbed, other):
        model.run()
    assert_same_tables(all_tables(other), undisturbed["full"])
    assert {"weekly", "topics", "meetings", "points"} <= differing_tables(all_tables(disturbed), undisturbed["full"])


@pytest.mark.parametrize("copied", [copy.deepcopy, copy.copy, through_pickle])
@pytest.mark.parametrize("scenario", CASES)
def test_a_copy_shares_no_array_that_can_be_written_and_has_the_same_views(scenario, copied):
    model, twin = halfway(scenario, copied=copied)
    own, theirs = arrays_by_path(model, [model.community]), arrays_by_path(twin, [twin.community])
    assert own.keys() == theirs.keys() and len(own) > 100
    starts = {}
    for path, array in own.items():
        other = theirs[path]
        assert (array.shape, array.dtype) == (other.shape, other.dtype), path
        assert array.flags.writeable == other.flags.writeable, path
        assert not array.size or array.strides == other.strides, path
        if array.flags.writeable and array.size:
            assert not np.may_share_memory(array, other), path
            starts[path] = array, other
    for (_, (a, a2)), (_, (b, b2)) in combinations(starts.items(), 2):
        assert np.may_share_memory(a, b) == np.may_share_memory(a2, b2)
    twin.residents.expression[:] = 0.25
    assert (twin.residents.skill[0] == np.float32(0.25)).all()
    assert not (model.residents.skill[0] == np.float32(0.25)).all()


def test_a_copied_agent_shows_the_same_row():
    agent = list(make_model("council", weeks=1).agents)[7]
    again = copy.copy(agent)
    assert (again.row, again.trust, again.model) == (7, agent.trust, agent.model)
