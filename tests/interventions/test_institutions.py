"""The institutions beside the council: what each does by its mechanism, on the small community and by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from consensus_sim.council.attendance import fear_of
from consensus_sim.council.observation import team_activity
from consensus_sim.council.organisations import ORGANISATIONS, funds_of_quarter, pay
from consensus_sim.council.resolution import carry_out
from consensus_sim.council.topics import Progress, Resolution
from consensus_sim.dynamics.participation import PERSONAL
from consensus_sim.errors import InputError
from consensus_sim.interventions.base import Intervention, build_lever
from consensus_sim.outcomes.facts import collect_acts
from tests.helpers import attendance, intervention_files, latent, lever, make_model

START = {"start": "2024-05-06"}


def play(name, weeks=44, **options):
    return make_model("council", weeks=weeks, levers={name: START | options.pop("settings", {})}, **options).run()


# --- facilitation ------------------------------------------------------------------------------------------------


def test_helpers_hand_round_turns_calm_and_improve_proposals_together():
    model = make_model("council", weeks=30, levers=dict.fromkeys(("observer", "social_worker", "service_team"), START))
    while model.week < 12:
        model.step()
    given = model.rules.helped()
    observer, worker, team = (lever(model, name) for name in ("observer", "social_worker", "service_team"))
    assert given.turn_sharing == pytest.approx(observer.turns + worker.turns) == pytest.approx(0.15)
    assert given.calm == pytest.approx(1 - (1 - observer.calm) * (1 - team.calm)) == pytest.approx(0.28)
    assert given.quality == pytest.approx(worker.quality) == 0.15 and given.give_way == team.give_way == 0.8


@pytest.mark.parametrize(("name", "better"), [("observer", "gini_speaking"), ("social_worker", "gini_speaking")])
def test_helped_talk_is_more_even(name, better):
    """Over 12 runs, with help that hands round half of the turns more."""
    with_help, without = (
        [
            getattr(sheet, better)
            for seed in range(12)
            for sheet in run(seed).recorder.sheets
            if sheet.channel == "council"
        ]
        for run in (
            lambda seed: play(name, seed=seed, settings={"start": "2024-05-01", "turns": 0.5}),
            lambda seed: make_model("council", weeks=44, seed=seed).run(),
        )
    )
    assert np.nanmean(with_help) < np.nanmean(without)


# --- execution ---------------------------------------------------------------------------------------------------


def test_an_organisation_pays_what_it_has_and_a_contractor_nothing():
    left = funds_of_quarter(5000.0)
    assert set(left) == set(ORGANISATIONS) and left["contractor"] == 0.0
    topic = SimpleNamespace(resolution=Resolution(gap=7000.0), kind=SimpleNamespace(responsible="property_manager"))
    assert pay(topic, left) == 5000.0 and topic.resolution.gap == 2000.0
    assert left["property_manager"] == 0.0 and left["owners_committee"] == 5000.0
    assert pay(topic, left) == 0.0 and topic.resolution.gap == 2000.0


@pytest.mark.parametrize(("meetings", "strength", "won"), [(1.0, 1.0, 1.0), (0.5, 0.8, 0.4), (3.0, 1.0, 1.0)])
def test_organisations_are_won_over_while_a_joint_meeting_meets(meetings, strength, won):
    settings = {"end": "2024-09-01", "meetings_per_month": meetings, "strength": strength}
    model = make_model("council", weeks=30, levers={"joint_meeting": START | settings})
    known = []
    while model.week < 30:
        model.step()
        known.append(model.rules.cooperation)
    assert max(known) == pytest.approx(won) and known[0] == known[-1] == 0.0


def test_what_a_joint_meeting_wins_is_in_the_hazard_and_residents_need_none():
    """Of 4,000 resolutions due to one weekly chance each, as many are carried out as the equation says."""
    model = make_model("council", behaviour={"execution.hazard": 0.1, "execution.cooperation": 1.0})
    share = model.parameters.deliberation.settlement_share
    done = {}
    for name, won, own in (("plain", 0.0, False), ("won", 1.0, False), ("own", 0.0, True)):
        model.rules.cooperation = won
        topics = [
            SimpleNamespace(
                number=number, progress=Progress(),
                resolution=Resolution(0, share, deadline_week=9, execution="pending", carried_by_residents=own),
            )
            for number in range(4000)
        ]  # fmt: skip
        done[name] = len(carry_out(model, topics, 1)) / 4000
    p = model.parameters.execution
    plain = p.hazard * np.exp(p.funded)
    assert done["plain"] == pytest.approx(plain, abs=4 * np.sqrt(plain / 4000))
    assert done["won"] == done["own"] == pytest.approx(plain * np.e, abs=4 * np.sqrt(plain * np.e / 4000))


def test_supervision_carries_out_more_and_what_failed_is_heard_again():
    slow = {"execution.hazard": 0.01, "execution.give_up": 1.0}
    runs = {name: [] for name in ("with", "without")}
    for seed in range(4):
        runs["with"].append(play("supervision", weeks=60, seed=seed, behaviour=slow))
        runs["without"].append(make_model("council", weeks=60, seed=seed, behaviour=slow).run())
    done = {
        name: sum(t.resolution.executed_week >= 0 for m in models for t in m.topics.topics)
        for name, models in runs.items()
    }
    again = {
        name: sum(t.progress.failed_before for m in models for t in m.topics.topics) for name, models in runs.items()
    }
    assert done["with"] > done["without"]
    assert again["with"] > 0 == again["without"]


def test_the_guarantee_fund_never_spends_more_than_it_has():
    settings = START | {"fund": 30000, "wait": 0}
    poor = {"execution.funds": 0}
    model = make_model("council", levers={"guarantee_fund": settings}, behaviour=poor, place="case_study")
    paid: dict[str, float] = {}
    while model.week < 56:
        model.step()
        quarter = model.calendar.quarter(model.week - 1)
        paid[quarter] = paid.get(quarter, 0.0) + (lever(model, "guarantee_fund").paid if model.week > 9 else 0.0)
    assert max(paid.values()) <= 30000 + 1e-6
    assert sum(paid.values()) > 0, "the check can fail"
    assert all(
        t.resolution.gap == 0.0 or t.resolution.gap == t.funding_need
        for t in model.topics.topics
        if t.resolution.execution != "none"
    )


# --- channels ----------------------------------------------------------------------------------------------------


def test_a_seed_group_leads_small_matters_and_carries_them_out_itself():
    many = {"topics.arrivals": 1.0, "topics.suggestion": 0.5}  # the council cannot take all
    model = play("seed_group", weeks=56, behaviour=many, settings={"sessions_per_month": 4.0, "most_money": 1e6})
    sheets = [sheet for sheet in model.recorder.sheets if sheet.channel == "seed_group"]
    assert sheets and all(sheet.topic.scope == "micro_grid" for sheet in sheets)
    settled = [sheet.topic for sheet in sheets if sheet.how == "consensus"]
    assert settled and all(topic.resolution.carried_by_residents and topic.resolution.gap == 0.0 for topic in settled)
    group = lever(model, "seed_group").group
    held = [who for _, channel, who in model.recorder.acts if channel == "seed_group"]
    assert np.isin(np.concatenate(held), group).mean() > 0.2


def test_acts_of_the_seed_group_are_duties_at_its_own_meetings_alone():
    member = []  # at the time of each act: worn members leave and others follow

    class Watch(Intervention):
        def on_attended(self, model, event):
            member.extend(np.isin(event.came, getattr(lever(model, "seed_group"), "group", [])))

    model = play("seed_group", weeks=56, settings={"sessions_per_month": 4.0}, extra=[Watch(name="zz")])
    acts, member = collect_acts(model), np.array(member)
    own = acts.channel == acts.channels.index("seed_group")
    assert (member & own & ~acts.team).any() and (member & ~own & ~acts.team).any() and (own & ~member).any()
    np.testing.assert_array_equal(acts.duty, acts.team | (member & own))


def attendance_of_members(share=0.6, **behaviour):
    """Share of the seed group's members at each of its meetings, and the model."""
    settings = {"member_attendance": share}
    model = play("seed_group", weeks=40, settings=settings,
                 behaviour={"habit.gain": 0.0, "fatigue.load": 0.0, "fatigue.team_load": 0.0}
                 | {name.replace("__", "."): value for name, value in behaviour.items()})  # fmt: skip
    group = lever(model, "seed_group").group
    held = [who for _, channel, who in model.recorder.acts if channel == "seed_group"]
    return np.array([np.isin(group, who).mean() for who in held]), model


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.8])
def test_members_come_to_their_own_meetings_as_often_as_set(share):
    """Without what habit and fatigue add; binomial, 4 standard errors, and what drifts meanwhile."""
    came, model = attendance_of_members(share, participation__stake=0.0)
    n = len(came) * len(lever(model, "seed_group").group)
    assert n > 200 and abs(came.mean() - share) <= 4 * np.sqrt(share * (1 - share) / n) + 0.05


def test_a_seed_group_of_another_size_keeps_its_members_and_their_level():
    """Rested members would have another level: those in office are tired, and a new size must not rest them."""
    model = make_model("council", weeks=60, levers={"seed_group": START | {"members": 9}})
    while model.week < 40:
        model.step()
    seed = lever(model, "seed_group")
    nine, level, opened = seed.group.copy(), seed.level, model.channels["seed_group"].opened_week
    assert len(nine) == 9 and level is not None
    for size in (12, 5):
        before = seed.group.copy()
        seed.members = size
        seed.on_adjusted(model)
        larger, smaller = (seed.group, before) if size > len(before) else (before, seed.group)
        assert len(seed.group) == size and np.isin(smaller, larger).all()
        assert (np.diff(seed.group) > 0).all()
        assert model.residents.aware_of("seed_group")[np.setdiff1d(seed.group, before)].all()
    while model.week < 60:
        model.step()
    assert seed.level == level and model.channels["seed_group"].opened_week == opened


def test_worn_members_of_a_seed_group_leave_for_good_with_the_hazard_of_the_team_and_others_follow():
    """Over 30 seeds: as many leave as the hazards add up to (Poisson, 5 standard errors); nobody without wear."""
    for strain, hazard in ((0.0, 0.4), (0.5, 0.4)):
        left, expected = 0, 0.0
        for number in range(30):
            model = make_model("council", seed=number, weeks=60, levers={"seed_group": START | {"members": 9}},
                               behaviour={"fatigue.exit": hazard})  # fmt: skip
            while model.week < 20:
                model.step()
            seed, residents = lever(model, "seed_group"), model.residents
            seed.past.clear()
            residents.fatigue[:], residents.strain[:] = 0.0, strain
            for _ in range(3):
                before = seed.group.copy()
                expected += hazard * strain * len(before)
                seed.on_week_end(model)
                gone = np.setdiff1d(before, seed.group)
                left += len(gone)
                assert len(seed.group) == 9 and set(gone.tolist()) <= seed.past
                assert not seed.past & set(seed.group.tolist()), "who left does not come back"
                assert (np.diff(seed.group) > 0).all()
                assert residents.aware_of("seed_group")[np.setdiff1d(seed.group, before)].all()
                model.week += 1
        assert abs(left - expected) <= 5 * np.sqrt(expected)
        assert (left > 0) == (strain > 0)


def test_the_councils_call_does_not_reach_the_groups_own_meeting_nor_the_other_way():
    usual, _ = attendance_of_members()
    np.testing.assert_array_equal(attendance_of_members(participation__team_call=-12.0)[0][:1], usual[:1])
    councils = [attendance(attendance_of_members(share)[1], "council")[:2] for share in (0.0, 0.8)]
    assert councils[0] == councils[1]


@pytest.mark.parametrize("name", ["building_council", "talk"])
def test_what_is_held_at_the_doorstep_is_for_who_lives_there(name):
    model = play(name, weeks=44, place="case_study")
    place = model.community.population.micro_grid if name == "building_council" else model.community.population.grid
    held = [who for _, channel, who in model.recorder.acts if channel == name and len(who)]
    assert held and all(len(np.unique(place[who])) == 1 for who in held)


def test_a_salon_holds_as_many_as_it_is_given_places():
    """Without places of its own the parlour's and the channel's hold; with more than these, more come."""
    asked = {"salon": {"invitations": 400, "places": None}}
    room = make_model("salon", weeks=14).run().channels["salon"]
    held = min(room.venue.capacity, room.channel.capacity)
    for places, most in ((None, held), (5, 5), (held + 20, held + 20)):
        asked["salon"]["places"] = places
        model = make_model("salon", weeks=30, levers=asked, behaviour={"participation.personal_acceptance": 0.35}).run()
        came = [len(who) for _, channel, who in model.recorder.acts if channel == "salon"]
        assert came and max(came) == most


def test_salons_teach_who_comes():
    model, plain = play("salon", weeks=40), make_model("council", weeks=40).run()
    came = np.unique(np.concatenate([who for _, channel, who in model.recorder.acts if channel == "salon"]))
    assert len(came)
    assert model.residents.skill[:, came].mean() > plain.residents.skill[:, came].mean()


class WatchLearning(Intervention):
    """Notes skill and cognition before and after the salons: `name` sorts after every other."""

    def __post_init__(self):
        super().__post_init__()
        self.seen = []

    def invite(self, model, event):
        self.before = model.residents.skill.copy(), model.residents.cognition.copy()

    def on_attended(self, model, event):
        if event.channel.name == "salon":
            after = model.residents.skill, model.residents.cognition
            gains = [latent(now) - latent(then) for now, then in zip(after, self.before, strict=True)]
            self.seen.append(
                (event.came, gains[0] / model.skill_unit[:, None], gains[1] / model.cognition_unit[:, None])
            )
            assert model.used_skill[event.came].all() and model.taught[event.came].all()


def test_a_salon_gives_its_depth_of_a_workshops_session_to_who_came_and_nobody_else():
    watch = WatchLearning(name="zz")
    model = play("salon", weeks=24, extra=[watch])
    p, course, depth = model.parameters, lever(model, "salon").course, lever(model, "salon").depth
    for came, skill, cognition in watch.seen:
        sizes = (p.learning.workshop_skill, p.learning.course_cognition)
        for gain, size in zip((skill, cognition), sizes, strict=True):
            np.testing.assert_allclose(gain[:, came], depth * size / course, atol=1e-3)
            assert not np.delete(gain, came, axis=1).any()
    assert watch.seen and all(len(came) for came, *_ in watch.seen)


# --- access, culture, hierarchy, circle ---------------------------------------------------------------------------


def test_a_tenants_talk_teaches_tenants_their_rights_by_one_lecture():
    still = {"influence.drift": 0.0}
    talks = {"tenants_talks": 1, "talk_places": 40, "talk_turnout": 0.5}
    model = play("access_support", weeks=26, settings=talks, behaviour=still, without=["lectures"])
    rows = latent(model.residents.cognition) - latent(model.residents.start_cognition)
    gain = rows / model.cognition_unit[:, None]
    taught = np.flatnonzero(gain[0])
    assert 5 < len(taught) < 80 and model.residents.are("tenant", taught).all() and not gain[1:].any()
    steps = gain[0, taught] / (model.parameters.learning.course_cognition / 3)
    np.testing.assert_allclose(steps, np.round(steps), atol=0.01)


def test_access_support_draws_elders_and_tenants_and_nobody_else_directly():
    model = make_model("council", weeks=30, levers={"access_support": START})
    while model.week < 12:
        model.step()
    added = lever(model, "access_support").utility(model, model.event("council"))
    exposed = model.residents.member_of("elder") | model.residents.member_of("tenant")
    assert (added[exposed] >= 0).all() and added[exposed].mean() > 0 and not added[~exposed].any()
    assert model.rules.helped().voice == lever(model, "access_support").voice == 0.3


@pytest.mark.parametrize(("name", "column"), [("festival", "belonging"), ("rights_education", "cognition")])
def test_culture_changes_slowly_what_it_is_meant_to(name, column):
    changed, plain = play(name, weeks=52), make_model("council", weeks=52).run()
    gain = getattr(changed.residents, column).mean() - getattr(plain.residents, column).mean()
    assert 0.0 < gain < 0.05


def test_news_goes_down_the_hierarchy_tier_by_tier_and_matters_go_up():
    quick = play("grid_hierarchy", weeks=30, settings={"worker_hours": 0.0, "tier_weeks": 1})
    slow = play("grid_hierarchy", weeks=30, settings={"worker_hours": 0.0, "tier_weeks": 6})
    plain = make_model("council", weeks=30).run()
    aware = [float(model.recorder.weekly["aware_council"][-1]) for model in (quick, slow, plain)]
    assert aware[0] > aware[1] > aware[2]
    told = quick.residents.aware_of("council") & ~quick.residents.reached & quick.residents.adult
    asked = {who for week, _, came in quick.recorder.acts for who in came.tolist()}
    outside = set(np.flatnonzero(told & ~quick.residents.member_of("party") & ~quick.team_mask).tolist())
    assert len(outside) < 0.2 * np.count_nonzero(~quick.residents.reached & quick.residents.adult), "not at the door"
    assert outside & asked, "who was asked and came knows of it"
    climbed = [topic for topic in quick.topics.topics if topic.progress.channel == "hierarchy"]
    assert climbed and all(topic.progress.heard_week - topic.arisen_week >= 3 for topic in climbed)
    assert all(topic.progress.mentions >= 1 for topic in climbed), "passing a matter up is a mention"


def test_workers_go_by_the_highest_stake_where_matters_overlap():
    """Of two matters at one place the higher stake counts, as everywhere else, not the sum."""
    levers = {"grid_hierarchy": START | {"chance": 0.0, "worker_hours": 1.0}}
    model = make_model("council", weeks=30, levers=levers, behaviour={"topics.arrivals": 0.6})
    while model.week < 20:
        model.step()
    everywhere = [topic for topic in model.topics.waiting if topic.scope == "community"][:2]
    assert len(everywhere) == 2
    event = model.event("council")
    event.topics = everywhere
    stakes = [model.stake_in(topic) for topic in everywhere]
    places = np.full(model.community.places.n_micro_grids, 3)
    asked = lever(model, "grid_hierarchy")._neighbours(model, event, places)
    assert not model.scratch.stake.any(), "the working space is clean"
    highest, summed, place = np.max(stakes, axis=0), np.sum(stakes, axis=0), model.community.population.micro_grid
    free = model.adults[~model.team_mask[model.adults]]
    by_sum = set()
    for micro_grid in range(len(places)):
        there = free[place[free] == micro_grid]
        least = np.sort(highest[there])[-3]
        assert highest[asked[place[asked] == micro_grid]].min() >= least
        by_sum |= set(there[np.argsort(-summed[there])[:3]].tolist())
    assert by_sum != set(asked.tolist()), "the sum would ask others"


def test_micro_grid_workers_ask_no_more_than_their_hours_allow():
    model = make_model("council", weeks=20, levers={"grid_hierarchy": START | {"worker_hours": 1.0}}, without=["tea"])
    asked = []
    worker = lever(model, "grid_hierarchy")
    before = worker.invite
    worker.invite = lambda m, event: (
        before(m, event),
        asked.extend(event.asked if event.channel.name == "council" else []),
    )
    model.run()
    n = model.community.places.n_micro_grids
    own = [who for code, who in asked if code == PERSONAL]
    place = model.community.population.micro_grid
    assert own and all(np.bincount(place[who], minlength=n).max() <= 2 for who in own)


@pytest.mark.parametrize(("minutes", "sets_points"), [(15, False), (0.3, True)])
def test_fifteen_minutes_never_bind_in_a_small_community(minutes, sets_points):
    model = play("fifteen_minute_circle", weeks=14, settings={"minutes": minutes}, place="teaching")
    circle = lever(model, "fifteen_minute_circle")
    assert bool(circle.places) == sets_points
    assert circle.reach >= circle.before and (circle.reach == 1.0) >= (minutes == 15)
    assert float(model.recorder.weekly["walk_reach"][-1]) == pytest.approx(circle.reach)


@pytest.mark.parametrize("minutes", [0.3, 0.9])
def test_the_circle_counts_the_channels_that_open_in_its_own_week_and_later(minutes):
    """The council and the tea open in the circle's week, whatever the order of names; the tea ends, and its park."""
    settings = {"minutes": minutes, "points": 0, **START}
    seen = set()
    model = make_model("council", weeks=40, levers={"fifteen_minute_circle": settings, "tea": {"end": "2024-09-01"}})
    while model.week < 30:
        model.step()
        if "walk_reach" in model.recorder.weekly and model.week > 1:
            people, adults = model.community.population, model.adults
            open_at = {channel.venue.name for channel in model.channels.values()} - {"online", "doorstep", "street"}
            away = [np.hypot(people.x - model.venues[at].x, people.y - model.venues[at].y) for at in sorted(open_at)]
            reach = float(np.mean((np.min(away, axis=0) <= minutes * 75 / 1.3)[adults]))
            if lever(model, "fifteen_minute_circle") in model.active:
                assert lever(model, "fifteen_minute_circle").reach == pytest.approx(reach)
                seen.add(round(reach, 3))
    assert len(seen) > 1, "reach changes with what is open"


@pytest.mark.parametrize("moment", ["events", "on_week_end"])
def test_a_circle_started_or_changed_in_the_midst_of_a_week_is_there_at_its_end(moment):
    class Late(Intervention):
        pass

    def act(self, model):
        circle = lever(model, "fifteen_minute_circle")
        if model.week == 20:
            model.start_lever(circle)
        elif model.week == 22:
            circle.points = 3
            circle.on_adjusted(model)
            assert len(circle.places) <= 3 and circle.near.any()
        return []

    setattr(Late, moment, act)
    held = {"start": None, "held_back": True, "minutes": 0.3}
    model = make_model("council", weeks=30, levers={"fifteen_minute_circle": held}, extra=[Late(name="zz")]).run()
    assert len(model.recorder.weekly["walk_reach"]) and 0 < lever(model, "fifteen_minute_circle").reach <= 1


def test_a_box_works_without_a_board():
    boards = {}
    for show in (0.0, 0.5):
        settings = {"minutes": 0.3, "show": show}
        model = play("fifteen_minute_circle", weeks=40, settings=settings, place="teaching")
        boards[show] = any(topic.progress.channel == "box" for topic in model.topics.topics)
    assert boards[0.0] and boards[0.5]


def test_word_comes_down_the_chain_only_as_long_after_its_start_as_the_tiers_take():
    """A channel that has long been open is no news that the chain has already carried."""
    start = {"start": "2024-08-05", "worker_hours": 0.0, "tier_weeks": 3}
    plain, late = (make_model("council", weeks=40, levers=levers) for levers in ({}, {"grid_hierarchy": start}))
    begins = late.calendar.week_of(lever(late, "grid_hierarchy").start)
    while late.week < begins + 9:
        plain.step()
        late.step()
        np.testing.assert_array_equal(late.residents.aware, plain.residents.aware)
    plain.step()
    late.step()
    assert np.count_nonzero(late.residents.aware & ~plain.residents.aware)


def test_a_household_tells_once_however_many_of_it_are_members():
    model = make_model("council", weeks=20, levers={"grid_hierarchy": START})
    people, chain = model.community.population, lever(model, "grid_hierarchy")
    party = np.zeros(model.residents.n, bool)
    crowded = np.bincount(people.dwelling[model.adults]).argmax()
    party[model.adults[people.dwelling[model.adults] == crowded]] = True
    assert party.sum() >= 2
    model.start_lever(chain)
    chain.party = party
    chain.on_adjusted(model)
    told = np.flatnonzero(chain.told)
    assert told.tolist() == [people.unit[np.flatnonzero(party)[0]]]
    assert chain.told[told[0]] == pytest.approx(chain.strength * chain.household_news)


# --- the loop ----------------------------------------------------------------------------------------------------


def loop(*rules):
    return {"action_research": {"rules": list(rules)}, "points": START | {"start": None, "held_back": True}}


def test_a_lever_held_back_acts_only_once_the_loop_begins_it():
    idle = make_model("council", levers=loop(), weeks=40).run()
    assert not idle.recorder.points_rows
    always = make_model("council", levers=loop({"date": "2024-09-02", "begin": ["points"]}), weeks=40).run()
    assert always.recorder.points_rows[0][0] == 26
    assert always.recorder.revisions == [(26, 0, "", 0.0, True)]


def test_the_loop_acts_on_what_is_observed_and_once():
    rule = {"every": "quarter", "observe": "attendance_council", "weeks": 13, "begin": ["points"]}
    never = make_model("council", levers=loop(rule | {"below": 0.0}), weeks=56).run()
    seen = [row[3] for row in never.recorder.revisions]
    assert len(seen) == 4 and not any(row[4] for row in never.recorder.revisions) and not never.recorder.points_rows
    sessions = [(week, n) for week, name, n in never.recorder.events_held if name == "council"]
    first = sessions[0][0]  # whose first 13 weeks do not count
    counted = [n for week, n in sessions if max(18, first + 13) <= week < 31]
    assert seen[2] == pytest.approx(np.mean(counted))
    acted = make_model("council", levers=loop(rule | {"below": 1000.0}), weeks=56).run()
    assert [row[4] for row in acted.recorder.revisions][-1] and sum(row[4] for row in acted.recorder.revisions) == 1


def test_the_loop_adjusts_and_stops_levers():
    rules = (
        {"date": "2024-07-01", "adjust": {"council": {"sessions_per_month": 4.0, "cost": {"event_money": 0}}}},
        {"date": "2024-09-02", "stop": ["tea"]},
    )
    model = make_model("council", levers={"action_research": {"rules": list(rules)}}, weeks=40).run()
    assert not model.is_open("tea") and lever(model, "council").sessions_per_month == 4.0
    assert lever(model, "council").cost["event_money"] == 0 and lever(model, "council").cost["event_hours"] == 8
    assert model.team is not None and len(model.team.members), "the team stays in office"


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        ({"begin": ["points"]}, "date or every"),
        ({"date": "soon"}, "rules[0].date"),
        ({"every": "week"}, "rules[0].every"),
        ({"every": "month", "observe": "happiness", "below": 1}, "rules[0].observe"),
        ({"every": "month", "observe": "execution_rate"}, "below or above"),
        ({"every": "month", "wenn": 1}, "unknown key"),
        ({"every": "month", "begin": "points"}, "begin: found 'points'; allowed: a list"),
        ({"every": "month", "weeks": 0}, "rules[0].weeks"),
        ("act", "a mapping"),
    ],
)
def test_a_rule_that_cannot_be_read_is_refused_in_one_line(rule, word):
    settings = {**intervention_files()["action_research"], "rules": [rule]}
    with pytest.raises(InputError) as told:
        build_lever("action_research", settings)
    assert word in str(told.value) and "\n" not in str(told.value)


def test_a_rule_about_a_lever_or_setting_that_is_not_there_is_refused():
    settings = intervention_files()["action_research"]
    for rule, word in (
        ({"every": "month", "begin": ["pionts"]}, "pionts"),
        ({"every": "month", "adjust": {"tea": {"shwo": 1}}}, "shwo"),
    ):
        loop_lever = build_lever("action_research", {**settings, "rules": [rule]})
        with pytest.raises(InputError, match=word):
            loop_lever.check_scenario({"tea": build_lever("tea", intervention_files()["tea"])})


def test_adjusting_the_points_bank_keeps_its_ledger_and_a_course_its_count():
    rules = [{"date": "2024-09-02", "adjust": {"points": {"attendance": 4}, "training": {"places": 5}}}]
    levers = {"points": START, "training": START, "action_research": {"rules": rules}}
    model = make_model("council", levers=levers, weeks=40).run()
    issued = [row[1] for row in model.recorder.points_rows]
    assert issued == sorted(issued) and issued[-1] > 0
    bank = lever(model, "points")
    assert bank.attendance == 4 and bank.issued == bank.held + bank.redeemed + bank.expired
    assert lever(model, "training").held == 3


def test_a_walk_and_a_council_at_the_door_keep_their_own_ease():
    model = make_model("council", levers={"talk": START, "building_council": START}, weeks=20).run()
    for channel, name in (("talk", "talk"), ("building_council", "building_council")):
        assert model.channels[channel].venue.relief == lever(model, name).relief
    assert lever(model, "talk").relief != lever(model, "building_council").relief


def test_the_case_studys_loop_plays_phase_1_first():
    model, plain = make_model("action_research", weeks=40), make_model("council", weeks=40)
    while model.week < 35:  # to the end of October 2024
        model.step(), plain.step()
    assert not model.recorder.revisions
    np.testing.assert_array_equal(model.residents.trust, plain.residents.trust)
    model.run()
    assert min(row[0] for row in model.recorder.revisions) == 35


def test_reliefs_of_elders_leave_what_the_others_left():
    """Elders' corner and access support take shares of the fear one after the other: it never turns into a pull."""
    levers = {"parlour": {"elders_corner": True, "elder_relief": 0.6}, "access_support": {"relief": 0.6}}
    model = make_model("access_support", levers=levers, weeks=12)
    while model.week < 12:
        model.step()
    event, support = model.event("council"), lever(model, "access_support")
    elders = model.residents.member_of("elder") & model.residents.adult & ~model.residents.member_of("tenant")
    unskilled = 1.0 - model.residents.expression[elders]
    taken = support.utility(model, event)[elders] - model.distance[event.open.venue.name][elders] * support.escorts
    whole = fear_of(model, event.open) * model.scratch.fear_weight[elders] * unskilled
    np.testing.assert_allclose(taken, 0.6 * 0.4 * whole, atol=1e-5)


def test_team_activity_is_of_council_and_tea():
    model = make_model("everything", weeks=30).run()
    held = zip(model.recorder.acts, model.recorder.team_acts, strict=True)
    team = [(channel, int(there.sum())) for (_, channel, _), there in held]
    counted = sum(number for channel, number in team if channel in ("council", "tea"))
    assert 0 < counted < sum(number for _, number in team)
    assert team_activity(model, 30) == counted / 30


def test_only_rewarded_acts_crowd_out():
    motive = {}
    for attendance_points in (0, 2):
        changed = {"points": {"attendance": attendance_points, "suggestion": 0, "conflict": 0, "honours": 0}}
        model = make_model("points", weeks=40, levers=changed, behaviour={"motive.crowding_out": 0.7}).run()
        start = model.residents.start_motive
        motive[attendance_points] = int(np.count_nonzero(model.residents.motive < start - 1e-6))
    assert motive[0] == 0 < motive[2]


def test_results_are_seen_online_whatever_the_programme_tells_of_events():
    for publicity in (0.0, 1.0):
        ballot = {"ballot": {"use": 1.0, "publicity": publicity}}
        model = make_model("council", weeks=30, levers=ballot, behaviour={"awareness.online": 0.0}).run()
        assert model.scratch.online_user.any() == (publicity > 0)
