"""Who is asked, who decides to come, who gets in."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from consensus_sim.council import attendance
from consensus_sim.council.attendance import update_base_utility
from consensus_sim.dynamics.participation import HOUSEMATE, LETTER, NOT_INVITED, PERSONAL, TEAM_CALL
from consensus_sim.errors import InputError
from consensus_sim.model.weekly import change_residents
from consensus_sim.outcomes.facts import collect_acts
from tests.helpers import lever, make_model

EAGER = {"channels.council": -1.0, "channels.tea": -1.0, "topics.arrivals": 0.6}


def make_started(scenario="council", **options):
    """A model in the week in which the council and the tea have just been opened."""
    model = make_model(scenario, weeks=56, **options)
    while not model.is_open("council"):
        model.step()
    update_base_utility(model)
    return model


def logit(share):
    return np.log(share / (1 - share))


def test_levels_are_the_parameters_of_each_way_of_being_asked():
    model = make_started()
    p = model.parameters.participation
    levels = attendance.asked_levels(model, model.channels["council"])
    assert levels[NOT_INVITED] == model.parameters.channels["council"]
    assert logit(p.letter_acceptance) < levels[LETTER] < logit(p.letter_acceptance) + 1.5
    assert logit(p.personal_acceptance) < levels[PERSONAL] < logit(p.personal_acceptance) + 1.5
    assert levels[HOUSEMATE] == pytest.approx(
        (1 - p.household_spillover) * levels[0] + p.household_spillover * levels[2]
    )


@pytest.mark.parametrize("taste", [0.0, 1.0, 2.0])
def test_an_average_rate_is_the_parameter_at_the_start_in_a_plain_room(taste):
    """P3 and P4 are mean chances over adults, however much these differ; so is P1, of who knows of it, while small."""
    model = make_model("before", weeks=4, behaviour={"participation.taste": taste, "channels.council": -9.0})
    model.open_channel("council", "committee_office")
    update_base_utility(model)
    rows = np.flatnonzero(model.residents.adult)
    model.residents.habit[:] = 0
    ways = (LETTER, PERSONAL, NOT_INVITED)
    letter, personal, knows = attendance.accept_chances(model, model.event("council"), rows, ways, np.zeros(len(rows)))
    p = model.parameters.participation
    assert letter.mean() == pytest.approx(p.letter_acceptance, rel=1e-3)
    assert personal.mean() == pytest.approx(p.personal_acceptance, rel=1e-3)
    assert knows.mean() == pytest.approx(np.exp(-9.0), rel=0.02)
    assert letter.std() > 0.4 * letter.mean() * (1 + taste)


def acting_in_a_year(model, opened, rows):
    """Mean chance of `rows` (m,) to act at least once at the ballots of a year, nothing at stake, as in `decide`."""
    residents = model.residents
    fear = attendance.fear_of(model, opened) * model.scratch.fear_weight[rows] * (1.0 - residents.expression[rows])
    pull = opened.level + model.scratch.common[rows] + opened.fixed[rows] - opened.centre - fear
    return (1.0 - (1.0 - 1.0 / (1.0 + np.exp(-pull.astype(np.float64)))) ** opened.per_year).mean()


@pytest.mark.parametrize("per_year", [1.0, 24.0])
@pytest.mark.parametrize("taste", [0.0, 3.0])
def test_so_many_users_act_in_a_year_whatever_the_taste_and_however_many_ballots(taste, per_year):
    """P14, the share of those with access who know of it; the taste for going out has no part in it."""
    model = make_model("before", weeks=4, behaviour={"participation.online_taste": taste}, place="case_study")
    opened = model.open_channel("ballot", per_year=per_year)
    update_base_utility(model)
    users = np.flatnonzero(model.residents.online)
    assert acting_in_a_year(model, opened, users) == pytest.approx(model.parameters.participation.online_act, rel=0.01)
    young, elder = (np.flatnonzero(model.residents.online & model.residents.member_of(of)) for of in ("young", "elder"))
    assert acting_in_a_year(model, opened, young) > 2 * acting_in_a_year(model, opened, elder)
    assert opened.centre == 0.0 and (opened.fixed[~model.residents.online] < -1e6).all()
    taste_out = make_model("before", weeks=4, place="case_study", behaviour={
        "participation.online_taste": taste, "participation.taste": 0.0})  # fmt: skip
    np.testing.assert_array_equal(taste_out.open_channel("ballot", per_year=per_year).fixed, opened.fixed)


def test_a_channel_online_is_told_how_many_events_a_year_share_out_its_chance():
    model = make_model("before", weeks=2, channels={"ballot": {"sessions_per_month": 2.0}})
    assert model.open_channel("ballot").per_year == 24.0
    assert model.open_channel("ballot", per_year=6.0).per_year == 6.0
    with pytest.raises(InputError, match=r"channel\.ballot.*sessions_per_month.*per_year"):
        make_model("before", weeks=2).open_channel("ballot")


def test_what_ties_notice_fades_by_half_in_its_half_life():
    """By a half-life of its own: rest from fatigue has another."""
    model = make_model("before", weeks=2, behaviour={"participation.neighbour_memory": 3.0, "fatigue.half_life": 1.0})
    model.scratch.neighbours_came[:] = 0.8
    for _ in range(3):
        change_residents(model)
    np.testing.assert_allclose(model.scratch.neighbours_came, 0.4, rtol=1e-5)


def test_motive_lost_to_reward_comes_back_as_habit_goes():
    model = make_model("before", weeks=2, behaviour={"habit.half_life": 2.0})
    residents = model.residents
    start = residents.start_motive.copy()
    residents.motive[:], residents.habit_offline[:] = 0.5 * start, 0.6
    change_residents(model), change_residents(model)
    np.testing.assert_allclose(residents.motive, 0.75 * start, rtol=1e-5)
    np.testing.assert_allclose(residents.habit_offline, 0.3, rtol=1e-5)
    model.rules.reward_in_force = True
    change_residents(model)
    np.testing.assert_allclose(residents.motive, 0.75 * start, rtol=1e-5)


def test_who_differs_for_good_comes_again():
    """As many come, but more often the same: acts a participant, paired over 40 seeds, one-sided error about 6e-6."""
    ratios = []
    for seed in range(40):
        per_head = []
        for taste in (0.0, 2.0):
            model = make_model("council", seed=seed, weeks=56, behaviour={"participation.taste": taste})
            model.run()
            acts = collect_acts(model)
            ordinary = acts.resident[~acts.team]
            per_head.append(len(ordinary) / max(len(np.unique(ordinary)), 1))
        ratios.append(np.log(per_head[1] / per_head[0]))
    assert np.mean(ratios) > 5.0 * np.std(ratios, ddof=1) / np.sqrt(len(ratios))


def test_acceptance_by_letter_is_the_decision_of_who_is_asked_by_letter():
    """D3 says: sigma of D2 with inv = 1. Means over 200 events, 5 standard errors: false alarm below 1e-6."""
    model = make_started(without=["quota_seating"], behaviour={"participation.letter_acceptance": 0.02})
    model.venues[model.rules.council_venue].capacity = 10_000
    rows = np.flatnonzero(model.residents.adult & ~model.team_mask)
    (chances,) = attendance.accept_chances(
        model, model.event("council"), rows, (LETTER,), model.concern[rows].astype(float)
    )
    events, came = 200, 0
    p, follow = model.parameters.meeting, model.residents.follow_through.copy()
    for number in range(events):
        event = model.event("council")
        event.asked.append((LETTER, rows.astype(np.int32)))
        event.number = 10 + number
        attendance.gather(model, event)
        came += len(np.setdiff1d(event.came, model.team.members))
        model.residents.follow_through[:] = follow  # it moves with each promise kept or broken
    expected = events * (chances * (1 - p.no_show * (1 - follow[rows]))).sum()
    assert abs(came - expected) < 5 * np.sqrt(expected)


def test_no_more_get_in_than_the_room_holds_and_the_panel_goes_first():
    model = make_started(behaviour=EAGER, without=["quota_seating"])
    event = model.event("tea")
    model.venues["park"].capacity = 12
    adults = np.flatnonzero(model.residents.adult & ~model.team_mask)
    model.residents.aware[adults] |= np.uint16(model.channels["tea"].bit)
    event.asked.append((PERSONAL, adults[:5].astype(np.int32)))
    model.channels["tea"].level = 8.0
    model.residents.follow_through[:] = 1.0
    attendance.gather(model, event)
    assert len(event.came) == 12
    decided = set(adults[:5].tolist())
    assert len(decided & set(event.came.tolist())) >= 2
    model.scratch.asked[adults[:40]] = PERSONAL  # more than the room holds
    model.scratch.asked[adults[50:54]] = TEAM_CALL
    event.panel = adults[60:65].astype(np.int32)
    inside = attendance._let_in(model, event, adults.astype(np.int32))
    assert set(adults[50:54]) | set(adults[60:65]) <= set(inside) and len(inside) == 12 and (np.diff(inside) > 0).all()
    assert set(inside) - set(adults[50:65]) <= set(adults[:40])


@pytest.mark.parametrize("capacity", [0, 1, 5])
def test_small_parlours_stay_small(capacity):
    """Without officers and moderator. 0: the parlour is off, and the committee's office takes all who come."""
    council = {"team": {"resident_representative": 6}, "moderated": False}
    levers = {"council": council, "parlour": {"capacity": capacity}}
    model = make_model("council", weeks=56, behaviour=EAGER, levers=levers).run()
    present = [len(who) for week, channel, who in model.recorder.acts if channel == "council" and week >= 9]
    assert max(present) == capacity if capacity else max(present) > 5


def test_who_was_asked_knows_of_the_channel_afterwards_and_so_do_the_housemates():
    model = make_started(without=["quota_seating"])
    bit = np.uint16(model.channels["tea"].bit)
    model.residents.aware[:] &= ~bit
    dwelling = model.community.population.dwelling
    size = np.bincount(dwelling[model.residents.adult])
    who = next(i for i in np.flatnonzero(model.residents.adult) if size[dwelling[i]] >= 3)
    event = model.event("tea")
    event.asked.append((PERSONAL, np.array([who], np.int32)))
    attendance.gather(model, event)
    home = np.flatnonzero((dwelling == dwelling[who]) & model.residents.adult)
    np.testing.assert_array_equal(np.flatnonzero(model.residents.aware & bit), home)


def test_without_spillover_the_housemates_are_not_told():
    model = make_started(without=["quota_seating"], behaviour={"participation.household_spillover": 0.0})
    bit = np.uint16(model.channels["tea"].bit)
    model.residents.aware[:] &= ~bit
    event = model.event("tea")
    event.asked.append((PERSONAL, np.array([model.adults[0]], np.int32)))
    attendance.gather(model, event)
    assert np.flatnonzero(model.residents.aware & bit).tolist() == [model.adults[0]]


def test_reliable_people_come_as_promised_and_others_lose_and_gain_follow_through():
    model = make_started(behaviour={"participation.personal_acceptance": 0.999, "meeting.no_show": 1.0})
    rows = np.flatnonzero(model.residents.adult & ~model.team_mask)[:120].astype(np.int32)
    model.residents.follow_through[rows[:60]] = 1.0
    model.residents.follow_through[rows[60:]] = 0.0
    model.residents.motive[rows] = 1.0
    update_base_utility(model)
    event = model.event("tea")
    event.asked.append((PERSONAL, rows))
    attendance.gather(model, event)
    came = set(event.came.tolist())
    assert len(came & set(rows[:60].tolist())) > 45
    assert not came & set(rows[60:].tolist())
    assert (model.residents.follow_through[rows[60:]] == 0).all()


def test_chances_of_staying_away_differ_by_channel():
    """The first tea and the first session of a week: who stays away from one need not from the other."""
    model = make_started(behaviour={"participation.personal_acceptance": 0.999, "meeting.no_show": 0.7})
    rows = np.flatnonzero(model.residents.adult & ~model.team_mask)[:200].astype(np.int32)
    model.residents.motive[rows] = 1.0
    update_base_utility(model)
    came = []
    for channel in ("tea", "council"):
        model.residents.follow_through[rows] = 0.0
        event = model.event(channel)
        event.places = 10_000
        event.asked.append((PERSONAL, rows))
        attendance.gather(model, event)
        came.append(np.isin(rows, event.came))
    (tea, council), number = came, len(rows)
    alike = np.count_nonzero(tea == council)
    assert 0.1 < tea.mean() < 0.6 and 0.1 < council.mean() < 0.6
    expected = tea.mean() * council.mean() + (1 - tea.mean()) * (1 - council.mean())
    assert abs(alike - number * expected) < 5 * np.sqrt(number * expected * (1 - expected))  # false alarm 6e-7


def test_who_is_offered_a_seat_and_asked_by_a_neighbour_makes_one_promise():
    gain = 0.2
    model = make_started(behaviour={
        "participation.personal_acceptance": 0.999, "meeting.no_show": 1.0, "learning.behaviour_gain": gain,
    })  # fmt: skip
    rows = np.flatnonzero(model.residents.adult & ~model.team_mask)[:90].astype(np.int32)
    accepted, present = rows[:60], rows[:30]
    model.residents.motive[rows] = 1.0
    model.residents.follow_through[rows] = 0.5
    update_base_utility(model)
    event = model.event("council")
    event.places, event.seats_offered, event.seats_accepted, event.panel = 10_000, rows, accepted, present
    event.asked.append((PERSONAL, rows))
    attendance.gather(model, event)
    np.testing.assert_array_equal(np.intersect1d(event.came, rows), present)
    kept = model.residents.follow_through[rows]
    np.testing.assert_allclose(kept[:30], 0.5 + gain * 0.5, rtol=1e-6)
    np.testing.assert_allclose(kept[30:60], 0.5 - gain * 0.5, rtol=1e-6)
    np.testing.assert_array_equal(kept[60:], np.float32(0.5))


def test_whom_a_channel_online_suits_comes_more_and_the_mean_stays():
    """`suits` moves who comes, not how many: P14 stays the share of those with access."""
    fixed = {}
    for suits in ({}, {"owner": 1.0}):
        model = make_model("full", weeks=1, channels={"ballot": {"suits": suits}})
        ballot = model.open_channel("ballot", "online", per_year=12.0)
        able = model.residents.adult & model.residents.online
        fixed[bool(suits)] = ballot.fixed[able].astype(np.float64) - ballot.centre
        owner = model.residents.member_of("owner")[able]
    moved = fixed[True] - fixed[False]
    own, rent = moved[owner], moved[~owner]
    assert np.ptp(own) < 1e-5 and np.ptp(rent) < 1e-5
    assert own[0] - rent[0] == pytest.approx(1.0, abs=1e-5)
    assert own[0] > 0 > rent[0]


def test_an_evening_out_costs_the_old_and_only_in_the_evening():
    """The same log-odds from all of 60 and over at a council session, and none at the tea; the mean chance stays."""
    fixed, centre = {}, {}
    for evening in (0.0, 2.0):
        model = make_started(behaviour={"participation.evening": evening})
        for name in ("council", "tea"):
            fixed[name, evening], centre[name, evening] = model.channels[name].fixed, model.channels[name].centre
    old = model.residents.member_of("elder")
    cost = fixed["council", 0.0] - fixed["council", 2.0]
    np.testing.assert_allclose(cost, np.where(model.community.population.elder, 2.0, 0.0), atol=1e-5)
    assert old.any() and centre["council", 2.0] < centre["council", 0.0]
    np.testing.assert_array_equal(fixed["tea", 0.0], fixed["tea", 2.0])


def test_a_short_stay_keeps_tenants_away_everywhere_and_the_mean_stays():
    """The same log-odds less from every tenant, in person and online; who owns gains what keeps P1 and P14 mean rates:
    1 is the mean over adults of e^(what draws them, less the centre).
    """
    less, means = {}, []
    for short_stay in (0.0, 1.0):
        model = make_model("full", weeks=1, behaviour={"participation.short_stay": short_stay})
        for name, venue in (("council", "parlour"), ("ballot", "online")):
            opened = model.open_channel(name, venue, per_year=12.0)
            less[name, short_stay] = opened.fixed.astype(np.float64) - opened.centre
            if name == "council":
                drawn = model.at_start.drawn(model, opened.channel, opened.fixed, model.residents.adult)
                means.append(float(np.exp(drawn.astype(np.float64) - opened.centre).mean()))
    tenant, adult = model.residents.member_of("tenant"), model.residents.adult
    for name in ("council", "ballot"):
        able = adult & model.residents.online if name == "ballot" else adult
        moved = less[name, 1.0][able] - less[name, 0.0][able]
        rents = tenant[able]
        assert 0 < rents.sum() < len(rents)
        assert np.ptp(moved[rents]) < 1e-5 and np.ptp(moved[~rents]) < 1e-5
        assert moved[~rents][0] - moved[rents][0] == pytest.approx(1.0, abs=1e-5)
        assert moved[~rents][0] > 0 > moved[rents][0]
    assert means == pytest.approx([1.0, 1.0], rel=1e-4)


@pytest.mark.parametrize("key", ["invitations", "invite_chance"])
def test_only_the_adhoc_meeting_asks_people_itself(key):
    with pytest.raises(InputError, match=rf"^channel.tea.{key}: only the ad-hoc meeting has it"):
        make_model(channels={"tea": {key: 0}})


def test_seats_given_by_rule_are_the_only_way_in_for_who_was_offered_one():
    """Who was offered a seat and declined is not there; who accepted and came is."""
    looked = []

    class Look(type(lever(make_model("quota"), "quota_seating"))):
        def on_attended(self, model, event):
            if event.channel.name == "council":
                looked.append(event)

    model = make_model("council", weeks=56, without=["quota_seating"], behaviour={"topics.arrivals": 0.6})
    plain = lever(make_model("quota"), "quota_seating")
    settings = {field.name: getattr(plain, field.name) for field in dataclasses.fields(plain)}
    model.levers = sorted([*model.levers, Look(**settings)], key=lambda each: each.name)
    model.run()
    assert len(looked) > 20
    for event in looked:
        offered, accepted, present = (set(a.tolist()) for a in (
            event.seats_offered, event.seats_accepted, event.panel
        ))  # fmt: skip
        assert present <= accepted <= offered
        assert set(event.came.tolist()) & offered == present
    assert sum(len(event.panel) for event in looked) > 50


def test_the_novelty_of_a_channel_grows_over_half_a_year():
    model = make_started(behaviour={"participation.trend": 0.4})
    tea, begun = model.channels["tea"], model.channels["tea"].opened_week
    found = [attendance.novelty(model, tea, begun + weeks) for weeks in (0, 13, 26, 100)]
    np.testing.assert_allclose(found, [0.0, 0.2, 0.4, 0.4])
    assert attendance.novelty(model, model.channels["reception"], 50) == 0.0


def test_a_kindly_room_takes_its_share_of_the_fear():
    model = make_started()
    p = model.parameters.participation
    assert attendance.fear_of(model, model.channels["reception"]) == pytest.approx(0.5 * p.fear)
    assert attendance.fear_of(model, model.channels["council"]) == pytest.approx((1 - 0.35) * p.fear)
    assert attendance.fear_of(model, model.channels["tea"]) == pytest.approx(0.2 * (1 - 0.6) * p.fear)
