"""What each lever does, on the small community: directions follow from mechanisms, checked on paired runs."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim import load_community, load_model
from consensus_sim.errors import InputError
from consensus_sim.interventions.points import Points


@pytest.fixture(scope="module")
def community():
    return load_community("teaching")


def play(community, scenario, *overrides, seed=1, weeks=40):
    """At the centre of the priors, where directions follow from mechanisms and not from a set that was drawn."""
    centre = ("parameters=centre", *overrides)
    return load_model(community, scenario, seed=seed, weeks=weeks, overrides=centre).run()


def lever(model, name):
    return next(each for each in model.levers if each.name == name)


def test_sessions_are_held_as_often_as_set(community):
    model = play(community, "council", weeks=34)  # 26 weeks of council from 2024-05-06
    held = [week for week, channel, _ in model.recorder.events_held if channel == "council"]
    assert len(held) in (17, 18)  # F52: 18 in 26 weeks
    teas = [week for week, channel, _ in model.recorder.events_held if channel == "tea"]
    assert len(teas) in (5, 6)


def test_a_workshop_teaches_skill_better_than_a_lecture_and_both_teach_cognition(community):
    base = [
        "intervention.training.who=residents",
        "intervention.training.places=60",
        "intervention.training.turnout=1.0",
    ]
    workshop = play(community, "training", *base, "intervention.training.method=workshop", weeks=24)
    lecture = play(community, "training", *base, "intervention.training.method=lecture", weeks=24)
    neither = play(community, "council", weeks=24)
    skill = [float(model.residents.skill.mean()) for model in (workshop, lecture, neither)]
    cognition = [float(model.residents.cognition.mean()) for model in (workshop, lecture, neither)]
    assert skill[0] - skill[2] > 2.0 * (skill[1] - skill[2]) > 0.0  # B9
    assert min(cognition[:2]) > cognition[2]
    assert lever(workshop, "training").held == 3


def test_training_has_no_more_people_than_places(community):
    model = play(community, "training", "intervention.training.places=5", weeks=30)
    assert 0 < lever(model, "training").person_times <= 15


def test_points_are_booked_by_act(community):
    model = play(community, "points", "intervention.points.end=null", weeks=56)
    points = lever(model, "points")
    assert points.issued > 0 and points.redeemed > 0
    no_redemption = play(community, "points", "intervention.points.redeemed_share=0", weeks=20)
    ledger = lever(no_redemption, "points")
    online = sum(len(who) for _, channel, who in _since(no_redemption, 9) if channel == "ballot")
    offline = sum(len(who) for _, channel, who in _since(no_redemption, 9) if channel != "ballot")
    for_acts = 2 * offline + 1 * online
    assert ledger.issued >= for_acts
    assert (ledger.issued - for_acts) % 5 == 0  # the rest: 5, 20 and 30 for suggestions, proposals, conflicts
    assert ledger.redeemed == 0 and ledger.held == int(no_redemption.residents.points.sum())


def _since(model, week):
    return [act for act in model.recorder.acts if act[0] >= week]


def test_a_budget_that_runs_out_ends_the_belief_in_redemption(community):
    rich = play(community, "points", "intervention.points.budget=100000", weeks=56)
    poor = play(community, "points", "intervention.points.budget=5", "intervention.points.value=1", weeks=56)
    assert lever(rich, "points").belief > 0.95
    assert lever(poor, "points").belief < 0.6
    assert lever(poor, "points").redeemed <= 5 * 5  # five quarters of 5 CNY at 1 CNY a point


def test_reward_crowds_out_motive_only_while_it_is_there(community):
    kept = play(community, "points", weeks=56)
    ended = play(community, "points", "intervention.points.end=2024-10-01", weeks=104)
    lost = (kept.residents.start_motive - kept.residents.motive).max()
    left = (ended.residents.start_motive - ended.residents.motive).max()
    assert lost > 0.005
    assert left < lost


def test_a_quota_that_cannot_be_met_is_told(community):
    overrides = [
        "scenario.quota.interventions.quota_seating.share=1.0",
        "scenario.quota.interventions.quota_seating.seats=300",
    ]
    with pytest.raises(InputError, match="quota_seating: .* needs 300 vulnerable people"):
        load_model(community, "quota", overrides=overrides)


@pytest.mark.parametrize("share", [0.5, 0.8])
def test_a_quota_on_seats_taken_is_met_where_seats_are_full(community, share):
    overrides = [
        f"scenario.quota.interventions.quota_seating.share={share}",
        "scenario.quota.interventions.quota_seating.rounds=60",
        "behaviour.participation.letter_acceptance.value=0.1",
    ]
    model = play(community, "quota", *overrides)
    shares = [sheet.vulnerable_accepted for sheet in model.recorder.sheets if sheet.channel == "council"]
    assert np.nanmin(shares) >= share - 1e-9


def test_the_quota_raises_the_share_of_vulnerable_people_when_it_binds(community):
    free = play(community, "quota", "scenario.quota.interventions.quota_seating.share=0.0", weeks=56)
    bound = play(community, "quota", "scenario.quota.interventions.quota_seating.share=0.9", weeks=56)
    present = [
        np.nanmean([s.vulnerable_present for s in model.recorder.sheets if s.channel == "council"])
        for model in (free, bound)
    ]
    assert present[1] > present[0]


def test_the_parlour_takes_fear_away_and_is_seen(community):
    away = play(community, "plain_room", weeks=56)
    there = play(community, "council", weeks=56)
    aware = [float(model.residents.aware_of("council").mean()) for model in (away, there)]
    assert aware[1] > aware[0]
    came = [
        np.mean([n for _, channel, n in model.recorder.events_held if channel == "council"]) for model in (away, there)
    ]
    assert came[1] > came[0]


def test_a_lever_that_ends_takes_its_rules_along(community):
    model = play(
        community,
        "full",
        *(
            f"intervention.{name}.end=2024-08-01"
            for name in ("council", "tea", "ballot", "parlour", "quota_seating", "points")
        ),
        weeks=30,
    )
    assert set(model.channels) == {"reception", "adhoc"}
    assert model.team is None and not model.team_mask.any()
    assert not model.rules.seating and not model.rules.reward_in_force
    assert model.rules.council_venue == "committee_office" and model.rules.online_publicity == 0.0
    assert model.venues["parlour"].show == 0.0 and not model.venues["parlour"].display


def test_costs_are_the_prices_times_what_was_held(community):
    model = play(community, "council", weeks=34)
    tea = [cost for cost in model.recorder.costs if cost[1] == "tea"]
    held = sum(channel == "tea" for _, channel, _ in model.recorder.events_held)
    prices = lever(model, "tea").cost
    assert sum(cost[2] for cost in tea) == pytest.approx(prices["start_money"] + held * prices["event_money"])
    assert sum(cost[3] for cost in tea) == pytest.approx(held * prices["event_hours"])


def test_an_idle_points_bank_is_told_from_a_working_one():
    settings = dict(
        attendance=2,
        suggestion=5,
        proposal=20,
        conflict=30,
        conflict_heat=0.8,
        online_share=0.5,
        value=1.0,
        catalogue={},
        budget=10.0,
        first_issue=0.0,
        honour_pull=0.25,
        recognition=0.05,
        honour_relief=0.15,
        active_weeks=26,
        belief_step=0.35,
        crowding_acts=8.0,
        budget_until=None,
        sponsors=0.0,
        sponsor_until=None,
        public_revenue=0.0,
        public_share=0.0,
        inflation=0.0,
        price_ceiling=1.0,
        redeemed_share=0.5,
        expiry_quarters=4,
        honours=10,
        near_share=0.5,
    )
    assert not Points(**settings).idle
    assert Points(**{**settings, "attendance": 0, "suggestion": 0, "proposal": 0, "conflict": 0}).idle
    assert Points(**{**settings, "value": 0.0, "honours": 0}).idle
