"""The online ballot: suits the young, takes messages, settles routine matters by vote."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.council.vote import can_be_voted_on
from consensus_sim.dynamics.settlement import is_worked_out, settles
from tests.helpers import attendance, lever, make_model

BUSY = {"topics.arrivals": 0.6, "topics.suggestion": 0.6, "channels.tea": -3.0}


@pytest.mark.parametrize("rate", [1.0, 2.0])
def test_ballots_are_held_as_often_as_set(rate):
    model = make_model("council", weeks=113, levers={"ballot": {"sessions_per_month": rate}}).run()
    assert len(attendance(model, "ballot")) == pytest.approx(rate * 24, abs=1.0)
    assert sum(cost[3] for cost in model.recorder.costs if cost[1] == "ballot") > 0


OFTEN = {"participation.online_act": 0.6}
"""Ballots that most who know of them answer within a year."""


def answered(model):
    """Residents who answered a ballot, one entry an act."""
    return np.concatenate([who for _, channel, who in model.recorder.acts if channel == "ballot"])


def test_more_ballots_a_year_share_out_the_chance_of_a_year():
    """On the case study with nothing at stake, no habit and everybody aware: users in a year by P14 however many."""
    still = {"participation.stake": 0.0, "habit.gain": 0.0, "participation.trend": 0.0, "awareness.half_life": 1e9}
    for rate in (1.0, 4.0):
        model = make_model("before", weeks=61, place="case_study", behaviour=still, levers={
            "ballot": {"sessions_per_month": rate, "use": 1.0, "publicity": 0.0}})  # fmt: skip
        while not model.is_open("ballot"):
            model.step()
        model.tell(model.channels["ballot"], model.adults.astype(np.int32))
        model.run()
        p, residents = model.parameters.participation, model.residents
        assert model.channels["ballot"].per_year == 12 * rate
        users = np.zeros(residents.n, bool)
        users[answered(model)] = True
        assert users[residents.online].mean() == pytest.approx(p.online_act, rel=0.12)


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
    model = make_model("interactive_ballot", weeks=60, behaviour=OFTEN, levers={"ballot": {"tiring": 0.2}})
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
            levers = {"ballot": {"tiring": tiring}}
            model = make_model("interactive_ballot", weeks=61, seed=seed, behaviour=OFTEN, levers=levers)
            who = answered(model.run())
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


def test_votes_settle_only_easy_topics_without_money_or_urgency_of_enough_voters():
    settings = {"votes": True, "use": 1.0, "quorum": 3}
    found = settled = 0
    for seed in range(3):
        model = make_model("council", weeks=104, seed=seed, levers={"ballot": settings}, behaviour=BUSY | OFTEN).run()
        share = model.parameters.deliberation.settlement_share
        for sheet in model.recorder.sheets:
            if sheet.channel == "ballot":
                found += 1
                assert sheet.topic.funding_need == 0 and sheet.topic.feasibility > 0.3
                assert sheet.present >= 3 and sheet.turns == 0
                if sheet.how == "vote":
                    settled += 1
                    assert settles(sheet.acceptance, share)
    assert found > 3 and settled > 0


def waiting(weeks=20):
    """A model with the interactive ballot open, three heard topics that may be voted on, and the lever."""
    model = make_model("interactive_ballot", weeks=60, behaviour=BUSY)
    for _ in range(weeks):
        model.step()
    topics = model.topics.waiting[:3]
    for topic in model.topics.waiting:
        topic._state, topic.urgency, topic.funding_need, topic.feasibility, topic.talk.found = (
            "heard",
            0.2,
            0.0,
            0.9,
            0.0,
        )
    return model, topics, lever(model, "ballot")


def test_what_may_be_voted_on_is_heard_not_urgent_costs_no_money_and_is_worked_out_by_a_draft():
    """A draft by officers of skill 0.65 works out 0.39 of what is left."""
    model, (topic, *_), _ = waiting()
    assert can_be_voted_on(model, topic)
    assert model.parameters.initial.skill_able * model.parameters.deliberation.pace == pytest.approx(0.39)
    urgent = lever(model, "council").urgent_from
    for field, no, yes in (
        ("_state", "agenda", "heard"), ("urgency", urgent, urgent - 0.01), ("funding_need", 1.0, 0.0),
        ("feasibility", 0.60, 0.62),
    ):  # fmt: skip
        setattr(topic, field, no)
        assert not can_be_voted_on(model, topic), field
        setattr(topic, field, yes)
        assert can_be_voted_on(model, topic), field
    topic.feasibility, topic.talk.found = 0.33, 0.5
    assert can_be_voted_on(model, topic)


def test_topics_to_be_voted_on_come_first_and_once_and_only_with_votes():
    model, (easy, hard, other), ballot = waiting()
    ballot.topics_per_ballot, ballot.sessions_per_month = 1, 4.33
    for topic in model.topics.waiting:
        topic.progress.mentions, topic.feasibility = 0, 0.1
    easy.feasibility, hard.progress.mentions = 0.9, 50
    for votes, put, expected in ((True, set(), easy), (False, set(), hard), (True, {easy.number}, hard)):
        ballot.votes, ballot.put = votes, put
        assert [event.topics for event in ballot.events(model)] == [[expected]]
    event = model.event("ballot", topics=[easy, hard])
    for quorum in (1, 10_000):  # a vote that too few answer is not repeated either
        ballot.votes, ballot.put, ballot.quorum = True, set(), quorum
        event.came = np.arange(easy.low, easy.high, dtype=np.int32)
        sheets = len(model.recorder.sheets)
        easy._state, easy.talk.found = "heard", 0.0
        ballot.on_attended(model, event)
        assert ballot.put == {easy.number} and len(model.recorder.sheets) == sheets + (quorum == 1)


def test_a_vote_gives_nobody_the_lead_and_what_it_does_not_settle_waits_on_as_before():
    for halfwidth, state in ((1.0, "settled"), (-1.0, "heard")):
        model, topic, voters = put_to_the_vote(0.9, halfwidth=halfwidth)
        assert topic.state == state and topic.progress.led_by == -1 and len(topic.talk.who) == len(voters) - 2
        assert (topic.progress.agenda_week >= 0, topic.progress.venue_channel == "ballot") == (
            state == "settled",
            state == "settled",
        )
        assert model.recorder.sheets[-1].how == ("vote" if state == "settled" else "none")


def put_to_the_vote(feasibility, found=0.0, sat=None, halfwidth=1.0):
    """Puts a topic to the vote of all adults in its area; by default all of them can accept anything."""
    behaviour = {**BUSY, "deliberation.acceptance_halfwidth": halfwidth}
    model = make_model("council", weeks=104, levers={"ballot": {"use": 1.0}}, behaviour=behaviour)
    while not model.is_open("ballot") or not model.topics.topics:
        model.step()
    topic = max(model.topics.topics, key=lambda topic: len(topic.stake))
    voters = np.flatnonzero(model.residents.adult[topic.low : topic.high]).astype(np.int32) + np.int32(topic.low)
    topic._state, topic.feasibility, topic.talk.found = "heard", feasibility, found
    topic.progress.led_by, topic.progress.agenda_week, topic.progress.venue_channel = -1, -1, ""
    if sat is not None:
        topic.talk.who, topic.talk.position = voters[:5].astype(np.int64), np.full(5, sat)
    event = model.event("ballot", topics=[topic])
    event.came = voters[2:]
    model.vote(event, topic, voters[2:])
    return model, topic, voters


def test_a_vote_decides_only_on_what_the_draft_and_meetings_have_worked_out():
    """A draft by officers of skill 0.65 works out 0.39 of what is left: feasibility 0.60 is too little, 0.62 enough."""
    officer = 0.65
    for feasibility, found, settled in ((0.60, 0.0, False), (0.62, 0.0, True), (0.32, 0.5, True), (0.29, 0.5, False)):
        model, topic, _ = put_to_the_vote(feasibility, found)
        assert model.parameters.initial.skill_able == officer
        assert topic.talk.found == pytest.approx(found + model.parameters.deliberation.pace * officer * (1 - found))
        assert is_worked_out(topic.talk.found, feasibility) == settled
        assert model.recorder.sheets[-1].acceptance == 1.0 and (topic.state == "settled") == settled


def test_who_has_sat_on_a_topic_votes_as_the_meeting_left_them_and_is_remembered():
    _, topic, voters = put_to_the_vote(0.9, sat=0.123)
    np.testing.assert_array_equal(topic.talk.who, voters)
    assert len(topic.talk.position) == len(voters) and (topic.talk.position[:5] == 0.123).all()
    assert (topic.talk.position[5:] != 0.123).all()
    assert topic.resolution.proposal == topic.resolution.second == pytest.approx(np.median(topic.talk.position[2:]))


def test_without_votes_nothing_is_settled_online():
    model = make_model("council", weeks=104, levers={"ballot": {"use": 1.0}}, behaviour=BUSY).run()
    assert "ballot" not in {sheet.channel for sheet in model.recorder.sheets}


def test_a_quorum_nobody_reaches_is_no_vote_and_votes_raise_attention():
    plain = make_model("council", weeks=104, levers={"ballot": {"use": 1.0}}, behaviour=BUSY).run()
    strict = make_model(
        "council", weeks=104, levers={"ballot": {"use": 1.0, "votes": True, "quorum": 1000}}, behaviour=BUSY
    ).run()
    assert "ballot" not in {sheet.channel for sheet in strict.recorder.sheets}
    assert max(topic.progress.mentions for topic in plain.topics.topics) > 2


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


def test_an_act_online_makes_a_habit_and_tires_nobody():
    model = make_model("interactive_ballot", weeks=30, behaviour=OFTEN).run()
    acts = [(channel, who) for _, channel, who in model.recorder.acts if len(who)]
    in_person = np.concatenate([who for channel, who in acts if channel != "ballot"])
    online = np.setdiff1d(answered(model), np.union1d(in_person, np.flatnonzero(model.trained | model.team_mask)))
    assert len(online) > 20 and (model.residents.habit_online[online] > 0).all()
    assert not model.residents.fatigue[online].any()
