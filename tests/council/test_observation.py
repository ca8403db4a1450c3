"""What the loop may read of a survey: the last one's means, and nothing of the model's truth."""

from __future__ import annotations

from math import isnan
from types import SimpleNamespace

import pytest

from consensus_sim.council.observation import observe
from consensus_sim.council.topics import Progress, Resolution, Turn
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


# --- what has had time to show ----------------------------------------------------------------------------------


def watched(week, topics=(), events=()):
    """A model as an observer sees it in `week`: topics, and events as (week, channel, persons)."""
    book = SimpleNamespace(topics=list(topics))
    return SimpleNamespace(week=week, topics=book, recorder=SimpleNamespace(events_held=list(events)))


def test_a_topic_counts_as_unsettled_once_it_has_had_its_time():
    begun = [(3, "settled"), (5, "shelved"), (12, "agenda"), (17, "agenda"), (-1, "heard"), (2, "agenda")]
    topics = [SimpleNamespace(progress=Progress(agenda_week=week), state=state) for week, state in begun]
    assert observe(watched(29, topics), "unsettled_share", 13) == 2 / 3  # weeks 3 to 15
    assert observe(watched(30, topics), "unsettled_share", 13) == 1.0  # weeks 4 to 16
    assert isnan(observe(watched(12, topics), "unsettled_share", 13))


def test_the_first_weeks_of_a_channel_do_not_count():
    events = [(4, "ballot", 2), (10, "ballot", 4), (17, "ballot", 9), (18, "tea", 30), (25, "ballot", 11)]
    assert observe(watched(26, events=events), "attendance_ballot", 13) == 10.0
    assert observe(watched(36, events=events), "attendance_ballot", 13) == 11.0
    assert isnan(observe(watched(26, events=events), "attendance_ballot", 26))
    assert isnan(observe(watched(26, events=events), "attendance_salon", 13))


def test_a_resolution_that_failed_stays_due_though_its_topic_is_heard_again():
    def topic(execution, *turns):
        progress = Progress(turns=[Turn(*turn) for turn in turns])
        return SimpleNamespace(progress=progress, resolution=Resolution(execution=execution))

    again = ((3, "settled", "council", 9), (36, "heard", "council"))
    topics = [
        topic("on_time", (2, "settled", "council", 10)),
        topic("none", *again),
        topic("late", *again, (40, "settled", "council", 44)),
        topic("pending", (5, "settled", "council", 12)),
        topic("none", (5, "shelved", "council")),
    ]
    assert observe(watched(46, topics), "execution_rate", 40) == 2 / 5
    assert observe(watched(46, topics), "execution_rate", 4) == 1.0
    assert isnan(observe(watched(46, topics), "execution_rate", 1))
