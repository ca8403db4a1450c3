"""The online ballot: suits the young, takes messages, settles routine matters by vote."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.dynamics.deliberation import settles
from tests.helpers import attendance, lever, make_model

BUSY = {"topics.arrivals": 0.6, "topics.suggestion": 0.6, "channels.tea": -3.0}


@pytest.mark.parametrize("rate", [1.0, 2.0])
def test_ballots_are_held_as_often_as_set(rate):
    model = make_model("council", weeks=113, levers={"ballot": {"sessions_per_month": rate}}).run()
    assert len(attendance(model, "ballot")) == pytest.approx(rate * 24, abs=1.0)
    assert sum(cost[3] for cost in model.recorder.costs if cost[1] == "ballot") > 0


def test_who_has_no_access_online_never_takes_part():
    model = make_model("council", weeks=104, levers={"ballot": {"use": 1.0, "publicity": 1.0}}).run()
    acts = np.concatenate([who for _, channel, who in model.recorder.acts if channel == "ballot"])
    assert len(acts) > 200 and model.residents.online[acts].all()


def test_the_young_use_it_more_than_the_old_and_use_scales_it():
    """B18's direction: rate among those with access who are aware, young against elders; over four seeds."""
    counts, total = np.zeros((2, 2)), {}
    for use in (1.0, 0.25):
        total[use] = 0
        for seed in range(4):
            model = make_model("council", weeks=104, seed=seed, levers={"ballot": {"use": use}}).run()
            acts = np.concatenate([who for _, channel, who in model.recorder.acts if channel == "ballot"])
            total[use] += len(acts)
            if use == 1.0:
                for row, group in enumerate(("young", "elder")):
                    member = model.residents.member_of(group)
                    counts[row] += (member[acts].sum(), member.sum())
    rate = counts[:, 0] / counts[:, 1]
    assert rate[0] > 2 * rate[1] > 0
    assert 0.15 < total[0.25] / total[1.0] < 0.4


def test_habit_online_is_a_habit_of_its_own():
    model = make_model("before", weeks=56, levers={"ballot": {"use": 1.0}}).run()
    online = np.unique(np.concatenate([who for _, channel, who in model.recorder.acts if channel == "ballot"]))
    assert (model.residents.habit_online[online] > 0).all()
    assert np.flatnonzero(model.residents.habit_online).tolist() == online.tolist()


def test_votes_settle_only_routine_matters_without_money_of_enough_voters():
    settings = {"votes": True, "use": 1.0, "quorum": 3}
    found = 0
    for seed in range(3):
        model = make_model("council", weeks=104, seed=seed, levers={"ballot": settings}, behaviour=BUSY).run()
        share = model.parameters.deliberation.settlement_share
        for sheet in model.recorder.sheets:
            if sheet.channel == "ballot":
                found += 1
                assert sheet.topic.label == "routine" and sheet.topic.funding_need == 0
                assert sheet.present >= 3 and sheet.turns == 0
                assert (sheet.how == "vote") == settles(sheet.acceptance, share)
    assert found > 3


def test_what_sittings_worked_out_widens_acceptance_in_a_vote():
    """D5: a matter that is deliberated anew brings its groundwork; with much of it everybody accepts."""
    shares = []
    for groundwork in (0.0, 1.0, 100.0):
        model = make_model("council", weeks=104, levers={"ballot": {"use": 1.0}}, behaviour=BUSY)
        while not model.is_open("ballot") or not model.topics.topics:
            model.step()
        topic = max(model.topics.topics, key=lambda topic: len(topic.stake))
        voters = np.flatnonzero(model.residents.adult[topic.low : topic.high]).astype(np.int32) + np.int32(topic.low)
        topic.state, topic.groundwork = "heard", groundwork
        event = model.event("ballot", topics=[topic])
        event.came = voters
        model.vote(event, topic, voters)
        shares.append(topic.acceptance)
    assert shares[0] < shares[1] <= shares[2] == 1.0


def test_without_votes_nothing_is_settled_online():
    model = make_model("council", weeks=104, levers={"ballot": {"use": 1.0}}, behaviour=BUSY).run()
    assert "ballot" not in {sheet.channel for sheet in model.recorder.sheets}


def test_a_quorum_nobody_reaches_is_no_vote_and_votes_raise_attention():
    plain = make_model("council", weeks=104, levers={"ballot": {"use": 1.0}}, behaviour=BUSY).run()
    strict = make_model(
        "council", weeks=104, levers={"ballot": {"use": 1.0, "votes": True, "quorum": 1000}}, behaviour=BUSY
    ).run()
    assert [topic.state for topic in plain.topics.topics] == [topic.state for topic in strict.topics.topics]
    assert max(topic.mentions for topic in plain.topics.topics) > 2


def test_publicity_tells_users_of_the_council():
    aware = {}
    for publicity in (0.0, 1.0):
        levers = {"ballot": {"use": 1.0, "publicity": publicity}}
        model = make_model("council", weeks=40, levers=levers, without=["tea", "parlour"]).run()
        aware[publicity] = model.residents.aware_of("council")[model.residents.adult].mean()
    assert aware[1.0] > aware[0.0] + 0.02
    assert lever(model, "ballot").publicity == 1.0
