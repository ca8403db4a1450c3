"""The online ballot: suits the young, takes messages, settles routine matters by vote."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.dynamics.settlement import is_worked_out, settles
from tests.helpers import attendance, lever, make_model

BUSY = {"topics.arrivals": 0.6, "topics.suggestion": 0.6, "channels.tea": -3.0}


@pytest.mark.parametrize("rate", [1.0, 2.0])
def test_ballots_are_held_as_often_as_set(rate):
    model = make_model("council", weeks=113, levers={"ballot": {"sessions_per_month": rate}}).run()
    assert len(attendance(model, "ballot")) == pytest.approx(rate * 24, abs=1.0)
    assert sum(cost[3] for cost in model.recorder.costs if cost[1] == "ballot") > 0


OFTEN = {f"participation.online_{age}": 0.6 for age in ("young", "middle", "elder")}
"""Ballots that most who know of them answer within a year."""


def answered(model):
    """Residents who answered a ballot, one entry an act."""
    return np.concatenate([who for _, channel, who in model.recorder.acts if channel == "ballot"])


def test_more_ballots_a_year_share_out_the_chance_of_a_year():
    """On the case study with nothing at stake, no habit and everybody aware: users in a year by P14 however many."""
    still = {"participation.stake": 0.0, "habit.gain": 0.0, "participation.trend": 0.0, "awareness.half_life": 1e9,
             "fatigue.online_load": 0.0}  # fmt: skip
    for rate in (1.0, 4.0):
        model = make_model("before", weeks=61, place="case_study", behaviour=still, levers={
            "ballot": {"sessions_per_month": rate, "use": 1.0, "publicity": 0.0}})  # fmt: skip
        while not model.is_open("ballot"):
            model.step()
        model.tell(model.channels["ballot"], model.adults.astype(np.int32))
        model.run()
        p, residents = model.parameters.participation, model.residents
        assert model.channels["ballot"].per_year == 12 * rate
        young = residents.member_of("young") & residents.online & (model.community.population.age < 45)
        users = np.zeros(residents.n, bool)
        users[answered(model)] = True
        assert users[young].mean() == pytest.approx(p.online_young, rel=0.12)


def test_another_rhythm_changes_the_chance_at_one_ballot_and_keeps_who_knows_and_since_when():
    model = make_model("council", weeks=60, levers={"ballot": {"use": 0.5}})
    while not model.is_open("ballot"):
        model.step()
    for _ in range(5):
        model.step()
    ballot, before = lever(model, "ballot"), model.channels["ballot"]
    aware = model.residents.aware.copy()
    ballot.sessions_per_month = 4.0
    ballot.on_adjusted(model)
    after = model.channels["ballot"]
    assert (before.per_year, after.per_year) == (24.0, 48.0) and after.opened_week == before.opened_week
    assert after.level == before.level == pytest.approx(np.log(0.5))
    able = model.residents.online
    assert (after.fixed[able] < before.fixed[able]).all()
    np.testing.assert_array_equal(model.residents.aware, aware)


def test_each_ballot_answered_lowers_the_chance_of_the_next_for_a_while():
    model = make_model("interactive_ballot", weeks=60, behaviour={"participation.ballot_tiring": 0.2, **OFTEN})
    while not model.is_open("ballot"):
        model.step()
    ballot, event, council = lever(model, "ballot"), model.event("ballot"), model.event("council")
    event.came = np.array([3, 8], np.int32)
    council.came = np.array([3, 5], np.int32)
    assert ballot.utility(model, council) == 0.0 and not ballot.utility(model, event).any()
    for _ in range(2):
        ballot.on_attended(model, event)
    ballot.on_attended(model, council)
    assert np.flatnonzero(ballot.utility(model, event)).tolist() == [3, 8]
    assert ballot.utility(model, event)[8] == pytest.approx(-0.4)
    model.parameters = model.parameters._replace(fatigue=model.parameters.fatigue._replace(half_life=2.0))
    for _ in range(4):
        ballot.on_week_end(model)
    assert ballot.utility(model, event)[8] == pytest.approx(-0.1)


def test_tiring_makes_the_same_people_answer_less_often():
    """Acts a user with strong tiring and with none, paired over 4 seeds; as many users."""
    acts, users = np.zeros(2), np.zeros(2)
    for seed in range(4):
        for place, tiring in enumerate((0.0, 1.0)):
            behaviour = {"participation.ballot_tiring": tiring, **OFTEN}
            who = answered(make_model("interactive_ballot", weeks=61, seed=seed, behaviour=behaviour).run())
            acts[place], users[place] = acts[place] + len(who), users[place] + len(np.unique(who))
    assert acts[1] < 0.8 * acts[0] and users[1] == pytest.approx(users[0], rel=0.1)


def test_who_has_no_access_online_never_takes_part():
    levers = {"ballot": {"use": 1.0, "publicity": 1.0}}
    model = make_model("council", weeks=104, levers=levers, behaviour=OFTEN).run()
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
    found = settled = 0
    for seed in range(3):
        model = make_model("council", weeks=104, seed=seed, levers={"ballot": settings}, behaviour=BUSY | OFTEN).run()
        share = model.parameters.deliberation.settlement_share
        for sheet in model.recorder.sheets:
            if sheet.channel == "ballot":
                found += 1
                assert sheet.topic.label == "routine" and sheet.topic.funding_need == 0
                assert sheet.present >= 3 and sheet.turns == 0
                if sheet.how == "vote":
                    settled += 1
                    assert settles(sheet.acceptance, share)
    assert found > 3 and settled > 0


def put_to_the_vote(feasibility, found=0.0, sat=None):
    """A topic put to the vote of all adults where it lies, all of whom can live with anything."""
    behaviour = {**BUSY, "deliberation.acceptance_halfwidth": 1.0}
    model = make_model("council", weeks=104, levers={"ballot": {"use": 1.0}}, behaviour=behaviour)
    while not model.is_open("ballot") or not model.topics.topics:
        model.step()
    topic = max(model.topics.topics, key=lambda topic: len(topic.stake))
    voters = np.flatnonzero(model.residents.adult[topic.low : topic.high]).astype(np.int32) + np.int32(topic.low)
    topic.state, topic.feasibility, topic.found = "heard", feasibility, found
    if sat is not None:
        topic.who, topic.position = voters[:5].astype(np.int64), np.full(5, sat)
    event = model.event("ballot", topics=[topic])
    event.came = voters[2:]
    model.vote(event, topic, voters[2:])
    return model, topic, voters


def test_a_vote_decides_only_on_what_the_draft_and_meetings_have_worked_out():
    """A draft by officers of skill 0.6 works out 0.36 of what is left: feasibility 0.63 is too little, 0.65 enough."""
    officer = 0.6
    for feasibility, found, settled in ((0.63, 0.0, False), (0.65, 0.0, True), (0.33, 0.5, True), (0.31, 0.5, False)):
        model, topic, _ = put_to_the_vote(feasibility, found)
        assert model.parameters.meeting.officer_skill == officer
        assert topic.found == pytest.approx(found + model.parameters.deliberation.pace * officer * (1 - found))
        assert is_worked_out(topic.found, feasibility) == settled
        assert topic.acceptance == 1.0 and (topic.state == "settled") == settled


def test_who_has_sat_on_a_topic_votes_as_the_meeting_left_them_and_is_remembered():
    _, topic, voters = put_to_the_vote(0.9, sat=0.123)
    np.testing.assert_array_equal(topic.who, voters)
    assert len(topic.position) == len(voters) and (topic.position[:5] == 0.123).all()
    assert (topic.position[5:] != 0.123).all()
    assert topic.proposal == topic.second == pytest.approx(np.median(topic.position[2:]))


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
        model = make_model(
            "council", weeks=40, levers=levers, without=["tea", "parlour"], behaviour={"awareness.reach": 1.0}
        ).run()
        aware[publicity] = model.residents.aware_of("council")[model.residents.adult].mean()
    assert aware[1.0] > aware[0.0] + 0.02
    assert lever(model, "ballot").publicity == 1.0
