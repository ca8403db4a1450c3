"""The secretary's tea: monthly, informal, feeds the agenda."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.residents.columns import BY_NAME
from tests.helpers import attendance, lever, make_model


@pytest.mark.parametrize("rate", [0.5, 1.0, 2.0])
def test_teas_are_held_as_often_as_set_and_cost_by_the_event(rate):
    model = make_model("council", weeks=113, levers={"tea": {"sessions_per_month": rate}}).run()
    assert len(attendance(model, "tea")) == pytest.approx(rate * 24, abs=1.0)
    rows = [cost for cost in model.recorder.costs if cost[1] == "tea"]
    assert sum(row[3] for row in rows) == len(attendance(model, "tea")) * lever(model, "tea").cost["event_hours"]


def test_at_tea_there_is_no_agenda_and_no_sitting():
    model = make_model("council", weeks=56, behaviour={"channels.tea": -3.0}).run()
    assert sum(attendance(model, "tea")) > 50
    assert "tea" not in {sheet.channel for sheet in model.recorder.sheets}


def test_matters_heard_at_tea_come_before_the_council():
    busy = {"channels.tea": -3.0, "topics.arrivals": 0.6, "channels.reception": -12.0, "channels.council": -12.0}
    busy["topics.collecting"] = 0.0
    with_tea, without = (make_model("council", weeks=80, behaviour=busy, without=off).run() for off in ([], ["tea"]))
    heard = [sum(topic.progress.channel == "tea" for topic in model.topics.topics) for model in (with_tea, without)]
    assert heard[0] > 5 and heard[1] == 0
    on_agenda = [sum(topic.progress.agenda_week >= 0 for topic in model.topics.topics) for model in (with_tea, without)]
    assert on_agenda[0] > on_agenda[1]


def test_relief_at_tea_brings_more_of_the_fearful():
    """Paired over four seeds, expression below the median."""
    came = {}
    for relief in (0.0, 1.0):
        came[relief] = 0
        for seed in range(4):
            model = make_model(
                "council", weeks=80, seed=seed, levers={"tea": {"relief": relief}},
                behaviour={"channels.tea": -4.0, "participation.fear": 1.5},
                channels={"tea": {"formality": 1.0}},
            ).run()  # fmt: skip
            low = model.residents.start_skill[0] < np.median(model.residents.start_skill[0])
            came[relief] += sum(low[who].sum() for _, channel, who in model.recorder.acts if channel == "tea")
    assert came[1.0] > 1.3 * came[0.0]


def test_tea_builds_habit_and_belonging_of_who_comes():
    model = make_model("before", weeks=56, behaviour={"channels.tea": -3.0}, levers={"tea": {}}).run()
    start = make_model("before", weeks=1).residents
    came = np.unique(np.concatenate([who for _, channel, who in model.recorder.acts if channel == "tea"]))
    assert len(came) > 10
    for column in ("habit_offline", "belonging"):
        assert column in BY_NAME
        assert (model.residents.column(column)[came] - start.column(column)[came]).mean() > 0
    assert not model.residents.habit_online.any()
