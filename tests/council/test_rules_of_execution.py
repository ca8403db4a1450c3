"""Carrying out: chase, luck and money of resolutions, one by one under common random numbers."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from consensus_sim.council.resolution import carry_out
from consensus_sim.council.topics import Progress, Resolution
from tests.helpers import make_model


def weeks_taken(number=400, gap=0.0, weeks=30, behaviour=None, **rules):
    """Weeks until each of `number` resolutions, due after 8, is carried out; `weeks` for those that are not."""
    hazard = {"execution.hazard": 0.05, "execution.give_up": 60.0, "execution.supervision": 0.7}
    model = make_model("council", weeks=60, behaviour={**hazard, **(behaviour or {})})
    for name, value in rules.items():
        setattr(model.rules, name, value)
    share = model.parameters.deliberation.settlement_share
    topics = [
        SimpleNamespace(
            number=each,
            kind=SimpleNamespace(responsible="contractor"),
            progress=Progress(),
            resolution=Resolution(0, share, deadline_week=8, gap=gap, execution="pending"),
        )
        for each in range(number)
    ]  # fmt: skip
    for week in range(1, weeks):
        carry_out(model, topics, week)
    taken = [topic.resolution.executed_week for topic in topics]
    return np.array([week if week > 0 else weeks for week in taken]), topics, model


def test_supervision_acts_from_the_start_and_more_past_the_deadline_where_it_is_chased():
    plain, watched, chased = (
        weeks_taken(**rules)[0] for rules in ({}, {"supervision": 1.0}, {"supervision": 1.0, "chase": 2.5})
    )
    assert (watched <= plain).all() and (chased <= watched).all()
    assert ((watched < plain) & (watched <= 8)).sum() > 20, "before the deadline, too"
    np.testing.assert_array_equal(chased[watched <= 8], watched[watched <= 8])
    late = watched > 8
    assert (chased[late] < watched[late]).sum() > 20
    assert (chased[late] > 8).all(), "chased once the deadline has passed, not in its week"


def test_what_is_carried_out_by_the_deadline_is_on_time():
    taken, topics, _ = weeks_taken()
    for week, topic in zip(taken, topics, strict=True):
        expected = "pending" if week == 30 else "on_time" if week <= 8 else "late"
        assert topic.resolution.execution == expected
    assert {topic.resolution.execution for topic in topics} == {"pending", "on_time", "late"}


def test_missing_money_slows_as_much_as_found_money_speeds_up():
    """Log-hazards b_f and -b_f: the share carried out in the first week is eta e^b_f or eta e^-b_f; 4.5 SE."""
    for gap, sign in ((0.0, 1.0), (1e9, -1.0)):
        taken, topics, model = weeks_taken(number=4000, gap=gap, weeks=2)
        p = model.parameters.execution
        expected = p.hazard * np.exp(sign * p.funded)
        assert abs(np.mean(taken == 1) - expected) < 4.5 * np.sqrt(expected * (1 - expected) / 4000)


def test_a_resolution_that_came_to_nothing_is_heard_again_as_a_new_attempt():
    """Each return counts once. Meetings count from zero; weeks and deadline of the old resolution are cleared."""
    hopeless = {"execution.hazard": 0.0, "execution.give_up": 1.0, "topics.arrivals": 0.6, "topics.suggestion": 0.6}
    model, returned = make_model("supervision", weeks=80, behaviour=hopeless), 0
    while model.week < 80:
        model.step()
        for topic in model.topics.topics:
            states = [turn.state for turn in topic.progress.turns]
            assert topic.progress.failed_before == max(0, states.count("heard") - 1)
            if topic.state == "heard" and topic.progress.failed_before and topic.progress.heard_week == model.week - 1:
                old = topic.resolution
                assert (old.settled_week, old.deadline_week, old.executed_week) == (-1, -1, -1)
                assert (old.execution, topic.talk.meetings) == ("none", 0)
                returned += 1
    assert returned >= 2 and model.rules.redeliberate
