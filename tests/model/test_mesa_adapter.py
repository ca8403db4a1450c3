"""A model as a Mesa model: agents, collected data, copies; and that a forecast does without Mesa."""

from __future__ import annotations

import copy
import subprocess
import sys

import mesa
import numpy as np
import pytest

from consensus_sim import ConsensusSimError
from consensus_sim.model.mesa_adapter import MesaCommunity
from consensus_sim.outcomes.facts import all_tables
from consensus_sim.residents.agent import Resident
from consensus_sim.residents.columns import COLUMNS
from tests.helpers import assert_same_tables, make_model

WEEKS = 12


class Watched(MesaCommunity):
    agent_reporters = {"trust": "trust", "row": "row"}


@pytest.fixture(scope="module")
def watched():
    """A Mesa model that has run to its end, and its residents' trust after every week."""
    model, trust = Watched(make_model("everything", weeks=WEEKS)), []
    while model.running:
        model.step()
        trust.append(model.community_model.residents.trust.copy())
    return model, np.array(trust)


def test_a_mesa_model_is_one_and_steps_to_the_end_of_the_calendar(watched):
    model, _ = watched
    assert isinstance(model, mesa.Model)
    assert model.steps == model.community_model.week == WEEKS and not model.running
    with pytest.raises(ConsensusSimError, match="ended: 12 weeks"):
        model.step()
    assert model.community_model.week == WEEKS


def test_run_model_is_the_same_run_as_without_mesa():
    with_mesa, plain = make_model("full", weeks=WEEKS), make_model("full", weeks=WEEKS)
    assert len(with_mesa.agents) == with_mesa.residents.n
    with_mesa.mesa.run_model()
    assert_same_tables(all_tables(with_mesa), all_tables(plain.run()))


def test_model_reporters_are_the_weekly_metrics(watched):
    model, _ = watched
    tables = all_tables(model.community_model)["weekly"]
    frame = model.datacollector.get_model_vars_dataframe()
    assert len(frame) == WEEKS
    seen = set()
    for row in range(len(tables["week"])):
        name = str(tables["metric"][row])
        if tables["group"][row] == "all" and name in frame:
            assert frame[name][tables["week"][row]] == tables["value"][row]
            seen.add(name)
    assert {"trust", "skill", "participations", "participations_council", "topics_heard"} <= seen
    # what the table leaves out is NaN, not 0
    assert frame.notna().to_numpy().sum() == sum(
        tables["group"][row] == "all" and str(tables["metric"][row]) in frame for row in range(len(tables["week"]))
    )


def test_agent_reporters_collect_every_resident_every_week(watched):
    model, trust = watched
    frame = model.datacollector.get_agent_vars_dataframe()
    assert len(frame) == trust.size
    np.testing.assert_array_equal(frame["trust"].to_numpy(np.float32).reshape(trust.shape), trust)
    np.testing.assert_array_equal(frame["row"].to_numpy().reshape(trust.shape)[0], np.arange(trust.shape[1]))


def test_agents_are_created_at_the_first_call_only():
    model = make_model("council", weeks=2)
    assert "mesa" not in vars(model)
    assert not model.mesa.agents_by_type
    agents = model.agents
    assert len(agents) == model.residents.n and model.agents is agents and model.mesa.agents is agents
    assert model.mesa.agents_by_type.keys() == {Resident}


def test_an_agent_set_selects_aggregates_and_does():
    model = make_model("council", weeks=2)
    elders = model.agents.select(lambda each: "elder" in each.groups)
    member = model.residents.member_of("elder")
    assert [each.row for each in elders] == np.flatnonzero(member).tolist()
    assert elders.agg("trust", np.mean) == pytest.approx(model.residents.trust[member].mean(), rel=1e-5)
    before = model.residents.trust.copy()
    elders.do(lambda each: setattr(each, "trust", 0.125))
    assert (model.residents.trust[member] == 0.125).all()
    np.testing.assert_array_equal(model.residents.trust[~member], before[~member])


def test_every_column_can_be_set_within_its_range_and_no_fact_of_the_person_can():
    model = make_model("council", weeks=1)
    agent = model.agents[5]
    for column in COLUMNS:
        setattr(agent, column.name, column.low)
        assert getattr(agent, column.name) == model.residents.column(column.name)[5].item() == column.low
        with pytest.raises(ValueError, match=f"{column.name}: found"):
            setattr(agent, column.name, column.low - 1)
    with pytest.raises(AttributeError):
        agent.age = 30


def test_the_agents_of_a_copied_model_are_its_own():
    model = make_model("council", weeks=4)
    first = model.agents[0]
    model.step()
    twin = copy.deepcopy(model)
    second = twin.agents[0]
    assert first.model.community_model is model and second.model.community_model is twin
    second.trust = 0.125
    assert twin.residents.trust[0] == 0.125 and first.trust != 0.125
    deep = copy.deepcopy(model.agents[7])
    assert deep.row == 7 and deep.trust == model.agents[7].trust
    assert deep.model.community_model is not model and deep in deep.model.agents


def test_a_model_asked_in_mid_run_begins_at_its_week():
    model = make_model("council", weeks=6)
    model.step()
    assert model.mesa.steps == 1
    model.mesa.step()
    assert (model.week, model.mesa.steps) == (2, 2)


def test_a_comparison_does_without_mesa(tmp_path):
    code = (
        "import sys\n"
        "class Refuses:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] == 'mesa': raise ImportError('mesa was imported')\n"
        "sys.meta_path.insert(0, Refuses())\n"
        "from consensus_sim import compare, load_model\n"
        "compare('teaching', ['before', 'council'], replicates=1, weeks=2, workers=1, progress=False).summary()\n"
        "model = load_model('teaching', 'council', weeks=1).run()\n"
        "try: model.agents\n"
        "except ImportError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert (done.stdout.strip().splitlines()[-1:], done.returncode) == (["mesa was imported"], 0), done.stderr
