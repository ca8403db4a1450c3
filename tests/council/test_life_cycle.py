"""The life cycle of a topic: one table of transitions, enforced in one place."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import consensus_sim
from consensus_sim.council.topics import LIFE_CYCLE, OPEN_STATES, STATES, Topic
from consensus_sim.errors import InputError
from tests.helpers import make_model

POSSIBLE = [(before, after) for before in STATES for after in LIFE_CYCLE[before]]


def make_topic(state: str) -> Topic:
    topic = Topic(7, None, "micro_grid", 0, 0, 1, 0, np.ones(1, np.float32), 1.0, 0, 0.5, 0.5, 0.0, 0.1, 0.5, 0.0)
    topic._state = state
    return topic


@pytest.mark.parametrize(("before", "after"), product(STATES, STATES))
def test_a_topic_moves_only_as_the_table_allows(before, after):
    topic = make_topic(before)
    if (before, after) in POSSIBLE:
        topic.move(after)
        assert topic.state == after
    else:
        with pytest.raises(InputError, match=f"topic 7, {before}: found '{after}'"):
            topic.move(after)
        assert topic.state == before


def test_every_topic_begins_unheard_and_can_reach_every_state():
    reached = {Topic.__dataclass_fields__["_state"].default}
    assert reached == {"unheard"} and set(LIFE_CYCLE) == set(STATES)
    for _ in STATES:
        reached |= {after for before, after in POSSIBLE if before in reached}
    assert reached == set(STATES)
    assert {state for state in STATES if LIFE_CYCLE[state]} == {*OPEN_STATES, "settled"}


def test_the_state_changes_in_no_other_way():
    topic = make_topic("heard")
    with pytest.raises(AttributeError):
        topic.state = "settled"
    files = Path(consensus_sim.__file__).parent.rglob("*.py")
    writes = [path.name for path in files for _ in re.findall(r"\._state\b", path.read_text(encoding="utf-8"))]
    assert set(writes) == {"topics.py"}


def test_a_run_uses_the_whole_table_but_reopening():
    """Changes that are kept: by what they came after, in a run in which much is raised."""
    busy = {"topics.arrivals": 0.6, "topics.suggestion": 0.6, "channels.adhoc": -5.5, "channels.tea": -4.0}
    model = make_model("council", weeks=80, behaviour=busy).run()
    kept = {turn.state for topic in model.topics.topics for turn in topic.progress.turns}
    assert {"heard", "answered", "settled", "shelved"} <= kept <= set(STATES) - {"unheard", "agenda"}
