"""What the loop may read of a survey: the last one's means, and nothing of the model's truth."""

from __future__ import annotations

from math import isnan

import pytest

from consensus_sim.council.observation import observe
from consensus_sim.residents.capability import INDICATORS
from tests.helpers import lever, make_model


@pytest.mark.parametrize("dimension", INDICATORS)
def test_the_last_survey_of_the_weeks_looked_back_is_read(dimension):
    model = make_model("survey", weeks=31)
    while not model.recorder.surveys:
        assert isnan(observe(model, f"surveyed_{dimension}", 26))
        model.step()
    first = model.recorder.surveys[0]
    assert 0.0 < first.mean(dimension) < 1.0
    assert observe(model, f"surveyed_{dimension}", 1) == first.mean(dimension)
    while model.week < first.week + 13:
        model.step()
    assert observe(model, f"surveyed_{dimension}", 13) == first.mean(dimension)
    assert isnan(observe(model, f"surveyed_{dimension}", 12))


def test_the_loop_acts_on_a_survey():
    rule = {"every": "half_year", "observe": "surveyed_skill", "weeks": 26, "below": 1.0, "begin": ["points"]}
    changes = {"action_research": {"rules": [rule]}, "points": {"start": None, "held_back": True}}
    model = make_model("survey", weeks=25, levers=changes).run()
    (seen,) = model.recorder.revisions
    assert seen[2] == "surveyed_skill" and seen[3] == model.recorder.surveys[0].mean("skill") and seen[4]
    assert lever(model, "points") in model.active
