"""Collectors raise the matters of others and lead them (F41): who, how often, which, where, by which chance."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.calendar import per_week
from consensus_sim.council import attendance, events_of_week, incubation
from consensus_sim.council.topics import HEARD, UNHEARD
from consensus_sim.randomness import key, uniforms_at
from tests.helpers import lever, make_model

QUIET = {"channels.reception": -60.0, "channels.adhoc": -60.0, "channels.council": -60.0, "channels.tea": -60.0,
         "participation.team_call": 60.0, "topics.suggestion": 0.0, "topics.conversion": 1.0,
         "fatigue.exit": 0.0}  # fmt: skip
"""The team comes to all it is called to, nobody else comes to anything or raises a matter, nobody leaves the team, and
what is collected becomes a topic.
"""
SEED_GROUP = {"seed_group": {"start": None, "member_attendance": 1.0}, "council": {"sessions_per_month": 0}}
"""The members of the seed group come to all they are called to, and there is no council."""
WORKERS = {"grid_hierarchy": {"strength": 1.0}}


def collected(model):
    return [topic for topic in model.topics.topics if topic.progress.channel == "collected"]


def test_without_an_institution_nobody_collects():
    assert not collected(make_model("before", weeks=52).run())
    assert not collected(make_model("before", weeks=52, levers=WORKERS).run())


@pytest.mark.parametrize(
    ("levers", "own"),
    [({}, "team"), (SEED_GROUP, "seed_group"), ({**WORKERS, **SEED_GROUP}, "workers")],
)
def test_each_kind_collects_while_its_institution_is_there(levers, own):
    model = make_model("council", weeks=52, levers=levers, behaviour=QUIET).run()
    who = {topic.progress.raised_by for topic in collected(model)}
    groups = {
        "team": set(np.flatnonzero(model.team_mask).tolist()),
        "seed_group": set(next((one.group.tolist() for one in model.levers if one.name == "seed_group"), [])),
        "workers": set(np.flatnonzero(model.residents.worker).tolist()),
    }
    assert who & groups[own]
    allowed = groups[own] | (groups["seed_group"] if own == "workers" else set())
    assert who <= allowed


def test_team_members_collect_anywhere_and_others_in_their_micro_grid():
    home = make_model("council", weeks=1).community.population.micro_grid
    everywhere = collected(make_model("council", weeks=52, behaviour=QUIET).run())
    assert any(home[topic.progress.raised_by] != topic.micro_grid for topic in everywhere)
    near = collected(make_model("council", weeks=52, levers=SEED_GROUP, behaviour=QUIET).run())
    assert near and all(home[topic.progress.raised_by] == topic.micro_grid for topic in near)


def test_each_takes_up_as_many_a_month_as_the_parameter_says():
    behaviour = {**QUIET, "topics.arrivals": 8.0, "topics.collecting": 0.5, "fatigue.exit": 0.0}
    model = make_model("council", weeks=104, behaviour=behaviour).run()
    expected = len(model.team.members) * 0.5 * 24
    assert len(collected(model)) == pytest.approx(expected, abs=4 * np.sqrt(expected))
    none = make_model("council", weeks=52, behaviour={**behaviour, "topics.collecting": 0.0}).run()
    assert not collected(none)


def test_who_goes_and_which_matter_first_are_as_written():
    """The chance is keyed by week and resident; the matter that weighs most goes first, to whoever was drawn first."""
    model = make_model("council", weeks=20, behaviour={**QUIET, "topics.collecting": 0.0, "topics.arrivals": 3.0})
    collecting_at(model, 10, 0.5)
    team = model.team.members
    drawn = uniforms_at(key(model.seed, "collect", 10), team)
    going = [int(team[at]) for at in np.argsort(drawn) if drawn[at] < per_week(0.5)]
    unheard = [topic for topic in model.topics.waiting if topic.state == UNHEARD]
    first = sorted(unheard, key=lambda topic: -topic.urgency * topic.stake.mean())[: len(going)]
    assert going and len(unheard) > len(going)
    incubation.collect(model)
    assert [topic.progress.raised_by for topic in first] == going == [topic.progress.led_by for topic in first]
    assert len(collected(model)) == len(going)
    assert {topic.progress.mentions for topic in first} == {1.0}


def collecting_at(model, week, rate):
    """Step `model` to `week`, from when on collectors take up `rate` matters a month."""
    while model.week < week:
        model.step()
    model.parameters = model.parameters._replace(topics=model.parameters.topics._replace(collecting=rate))


def test_who_stayed_away_collects_nothing():
    model = make_model("council", weeks=20, behaviour={**QUIET, "topics.collecting": 0.0, "topics.arrivals": 8.0})
    collecting_at(model, 10, 12.0)
    team = model.team.members
    model.stayed_away[team[::2]] = True
    incubation.collect(model)
    assert {topic.progress.raised_by for topic in collected(model)} == set(team[1::2].tolist())


def test_away_is_who_did_not_come_to_the_last_meeting_on_topics_that_called_them():
    quiet = {**QUIET, "participation.team_call": 0.0, "topics.collecting": 0.0}
    model = make_model("council", weeks=20, behaviour=quiet)
    collecting_at(model, 10, 0.0)
    assert not model.stayed_away.any()  # nothing has been heard, so no meeting had a topic
    team, waiting = model.team.members, model.topics.waiting
    for topic in waiting[:2]:
        incubation.take_up(model, topic, int(team[0]), "collected")
    came = []
    for topic in waiting[:2]:
        event = model.event("council", topics=[topic], moderated=True)
        events_of_week.hold(model, event)
        assert 0 < np.isin(team, event.came).sum() < len(team)
        np.testing.assert_array_equal(model.stayed_away[team], ~np.isin(team, event.came))
        came.append(event.came)
    assert len(np.setxor1d(*came))  # attendance differs: absentees of the first who attended the second are back
    before = model.stayed_away.copy()
    events_of_week.hold(model, model.event("tea"))
    np.testing.assert_array_equal(model.stayed_away, before)


@pytest.mark.parametrize(("channel", "calls"), [("council", True), ("ballot", False), ("adhoc", False)])
def test_only_whom_a_group_calls_is_back_by_coming_and_away_by_staying(channel, calls, monkeypatch):
    """Half of the team and of the others come, all flagged as away before or nobody: another event calls no member."""
    model = make_model("interactive_ballot", weeks=20, behaviour={**QUIET, "topics.collecting": 0.0})
    collecting_at(model, 10, 0.0)
    team, came = model.team.members, model.adults[::2].astype(np.int32)
    monkeypatch.setattr(attendance, "gather", lambda model, event: setattr(event, "came", came))
    for away in (True, False):
        topic = model.topics.waiting[0]
        topic._state, topic.progress.venue_channel, topic.progress.raised_by = HEARD, "", int(team[0])
        model.stayed_away[:] = away
        event = model.event(channel, topics=[topic], moderated=True)
        events_of_week.hold(model, event)
        expected = np.full(model.residents.n, away)
        if calls:
            expected[team] = ~np.isin(team, came)
            assert 0 < np.count_nonzero(expected[team]) < len(team)
        np.testing.assert_array_equal(model.stayed_away, expected)


def test_a_matter_collected_tires_and_strains_as_an_act_of_duty():
    model = make_model("council", weeks=20, behaviour={**QUIET, "topics.collecting": 0.0})
    collecting_at(model, 10, 2.0)
    before = model.residents.fatigue.copy(), model.residents.strain.copy()
    incubation.collect(model)
    load = np.zeros(model.residents.n)
    load[[topic.progress.raised_by for topic in collected(model)]] = model.parameters.fatigue.load
    assert load.any()
    for now, then in zip((model.residents.fatigue, model.residents.strain), before, strict=True):
        np.testing.assert_allclose(now, np.minimum(1.0, then + load), atol=1e-6)


def test_a_matter_takes_a_worker_as_long_as_an_invitation():
    levers = {**SEED_GROUP, "grid_hierarchy": {"worker_hours": 1.0, "invitation_hours": 0.4}}
    model = make_model("council", weeks=20, levers=levers, behaviour={**QUIET, "topics.collecting": 0.0})
    collecting_at(model, 10, 12.0)
    workers = lever(model, "grid_hierarchy")
    workers.on_week_start(model)
    incubation.collect(model)
    who = np.unique([topic.progress.raised_by for topic in collected(model)])
    who = who[model.residents.worker[who]]
    expected = np.ones(len(workers.hours))
    expected[model.community.population.micro_grid[who]] -= 0.4
    assert len(who)
    np.testing.assert_allclose(workers.hours, expected)
    workers.invitation_hours = 1.1  # more than a week has
    assert not len(workers.collectors(model))


def test_a_matter_of_others_is_no_suggestion_of_ones_own():
    model = make_model("council", weeks=20, behaviour={**QUIET, "topics.collecting": 0.0})
    collecting_at(model, 10, 4.0)
    before = model.residents.efficacy.copy(), model.residents.initiative.copy()
    incubation.collect(model)
    assert collected(model)
    np.testing.assert_array_equal(model.residents.efficacy, before[0])
    np.testing.assert_array_equal(model.residents.initiative, before[1])


def test_the_raiser_leads_if_present_else_a_collector_by_lot():
    model = make_model("council", weeks=20, behaviour={**QUIET, "topics.collecting": 0.0}).run()
    topic, team = model.topics.topics[0], model.team.members
    outsider = int(np.flatnonzero(model.residents.adult & ~model.team_mask)[0])

    def leader(*came, raised=outsider):
        event = type("E", (), {"came": np.sort(np.array(came, np.int32))})
        topic.progress.raised_by, topic.progress.led_by = raised, -1
        events_of_week.find_leader(model, event, topic)
        return topic.progress.led_by

    assert leader(outsider, *team) == outsider
    lots = uniforms_at(key(model.seed, "lead", 0, topic.number), team)
    assert leader(*team) == team[np.argmin(lots)]
    assert leader(outsider + 1 if not model.team_mask[outsider + 1] else outsider + 2) == outsider
    topic.progress.led_by = 7
    events_of_week.find_leader(model, None, topic)
    assert topic.progress.led_by == 7


def test_with_collectors_fewer_matters_lapse_unheard():
    lapsed = {}
    for rate in (0.0, 0.3):
        model = make_model("council", weeks=208, behaviour={"topics.collecting": rate}).run()
        lapsed[rate] = sum(topic.state == "lapsed" and topic.progress.heard_week < 0 for topic in model.topics.topics)
    assert lapsed[0.3] < 0.5 * lapsed[0.0]
