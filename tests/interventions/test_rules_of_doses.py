"""How much an intervention does, when and to whom: doses and rhythms by hand, not signs alone."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.calendar import per_week
from consensus_sim.dynamics.participation import PERSONAL
from consensus_sim.interventions.base import Intervention
from tests.helpers import intervention_files, latent, lever, make_model

EVENT_HOURS = {"cost": {"start_money": 0, "weekly_money": 0, "weekly_hours": 0, "event_money": 0, "event_hours": 1}}
LIVELY = {"topics.arrivals": 1.0, "topics.suggestion": 0.5, "channels.council": -3.0}
WEEKS = 40


class Look(Intervention):
    """Changes nothing: keeps each event, and the residents' columns at the beginning and the end of each week."""

    def __post_init__(self):
        super().__post_init__()
        self.held, self.states, self.stakes = [], [], []

    def invite(self, model, event):
        self.stakes.append([topic.stake.copy() for topic in event.topics])

    def on_attended(self, model, event):
        self.held.append(event)
        self.note(model)

    def note(self, model):
        names = ("belonging", "cognition", "skill", "fatigue", "strain", "aware")
        self.columns = {name: getattr(model.residents, name).copy() for name in names}

    def on_week_end(self, model):
        before = self.columns
        self.note(model)
        self.states.append((model.week, before, self.columns))


def played(levers, scenario="council", weeks=WEEKS, **options):
    looks = Look(name=options.pop("called", "zz"))
    model = make_model(scenario, weeks=weeks, levers=levers, extra=[looks], **options).run()
    return model, looks


def hours_of(model, name):
    """Week -> events of `name`, by what they cost."""
    return {week: hours for week, lever, _, hours in model.recorder.costs if lever == name}


# --- rhythm ----------------------------------------------------------------------------------------------------------

RHYTHMS = {
    "joint_meeting": ("meetings_per_month", per_week),
    "festival": ("festivals_per_year", lambda a_year: a_year / 52),
    "talk": ("walks_per_month", per_week),
    "rights_education": ("lectures_per_month", per_week),
    "seed_group": ("sessions_per_month", per_week),
    "tea": ("sessions_per_month", per_week),
    "ballot": ("sessions_per_month", per_week),
    "council": ("sessions_per_month", per_week),
    "training": ("weeks_between", lambda weeks: 1 / weeks),
    "salon": ("weeks_between", lambda weeks: 1 / weeks),
}
"""Interventions held at a rate: the setting that gives it, and the rate a week."""


@pytest.fixture(scope="module")
def begun():
    """Week of the start -> costs of all of `RHYTHMS` that began in it."""
    found = {}
    for day in ("2024-03-11", "2024-04-15"):
        levers = {name: {"start": day, "end": None, **EVENT_HOURS} for name in RHYTHMS}
        model = make_model("before", weeks=WEEKS, levers=levers, behaviour=LIVELY)
        first = model.calendar.week_of(lever(model, "tea").start)
        found[first] = model.run()
    assert sorted(found) == [1, 6]
    return found


@pytest.mark.parametrize("name", RHYTHMS)
def test_events_fall_due_evenly_from_the_start_of_the_intervention(begun, name):
    """k + 1 weeks after the start floor((k + 1) rate) have been held, whenever that start was."""
    setting, rate_of = RHYTHMS[name]
    for first, model in begun.items():
        rate, held = rate_of(intervention_files()[name][setting]), hours_of(model, name)
        most = {"training": "sessions", "salon": "salons"}.get(name)
        limit = intervention_files()[name][most] if most else np.inf
        total = np.cumsum([held.get(week, 0.0) for week in range(WEEKS)])
        due = np.floor(np.maximum(0, np.arange(WEEKS) - first + 1) * rate + 1e-9)
        np.testing.assert_array_equal(total, np.minimum(limit, due), err_msg=f"{name} from week {first}")
        assert total[-1] >= 1


# --- seats by rule ---------------------------------------------------------------------------------------------------


def test_seats_for_representatives_are_no_more_than_there_are_seats():
    willing = {**LIVELY, "participation.personal_acceptance": 0.9, "meeting.no_show": 0.0}
    seats = {"seats": 4, "stakeholder_seats": 20, "letters_per_seat": 6.0, "rounds": 3, "share": 0.0}
    _, looks = played({"quota_seating": seats}, behaviour=willing, called="aa")
    taken = [len(event.seats_accepted) for event in looks.held if event.channel.name == "council"]
    assert len(taken) > 10 and max(taken) == 4


def test_who_is_asked_as_a_representative_has_a_stake_wherever_the_topic_lies():
    """All seats are for them, and almost everybody who is asked accepts."""
    willing = {**LIVELY, "participation.personal_acceptance": 0.95, "meeting.no_show": 0.0}
    seats = {"seats": 6, "stakeholder_seats": 6, "letters_per_seat": 1.0, "rounds": 2, "share": 0.0, "list_size": 10000}
    model, looks = played({"quota_seating": seats, "council": {"agenda_size": 1}}, behaviour=willing, weeks=70)
    shares = {}
    for event, stakes in zip(looks.held, looks.stakes, strict=True):
        for topic, stake in zip(event.topics, stakes, strict=True) if event.channel.name == "council" else ():
            if topic.scope == "micro_grid" and topic.low > 0:
                place = event.seats_accepted - topic.low
                there = (place >= 0) & (place < len(stake))
                shares.setdefault(topic.number, []).extend(there & (stake[np.where(there, place, 0)] > 0))
    assert len(shares) >= 2 and sum(map(len, shares.values())) >= 12
    assert np.mean([share for each in shares.values() for share in each]) > 0.8


def test_seats_for_the_vulnerable_are_for_elders_and_low_incomes_as_well_as_tenants():
    willing = {**LIVELY, "participation.letter_acceptance": 0.5, "meeting.no_show": 0.0}
    seats = {
        "seats": 8,
        "stakeholder_seats": 0,
        "share": 1.0,
        "counted": "seated",
        "letters_per_seat": 3.0,
        "rounds": 5,
    }
    model, looks = played({"quota_seating": seats}, behaviour=willing, weeks=30)
    seated = np.concatenate([event.seats_accepted for event in looks.held if event.channel.name == "council"])
    expected = model.tenant[model.adults][model.vulnerable[model.adults]].mean()
    assert model.vulnerable[seated].all() and len(seated) > 60
    assert abs(model.tenant[seated].mean() - expected) < 0.25 and expected < 0.7


# --- points ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("belief", [0.0, 0.4, 1.0])
def test_an_act_crowds_motive_out_by_the_belief_that_points_can_be_redeemed(belief):
    """M - a pi (M - (1 - d) M(0)) for those who came (P32), a two thirds of the way within `crowding_acts`."""
    settings = {"budget": 1e6, "crowding_acts": 3.0}
    model = make_model("points", weeks=20, behaviour={"motive.crowding_out": 0.7}, levers={"points": settings})
    while not model.is_open("tea") or lever(model, "points") not in model.active:
        model.step()
    bank, residents = lever(model, "points"), model.residents
    bank.belief = belief
    event = model.event("tea")
    event.came = model.adults[5:90:3].astype(np.int32)
    before, issued = residents.motive.astype(np.float64), bank.issued
    bank.on_attended(model, event)
    lowest = before.copy()
    bank.belief = 1.0
    for _ in range(400):
        bank.on_attended(model, event)
    floor = residents.motive.astype(np.float64)  # what full exposure leaves
    residents.motive[:] = before
    bank.belief = belief
    bank.on_attended(model, event)
    after = residents.motive.astype(np.float64)
    came = np.zeros(residents.n, bool)
    came[event.came] = True
    step = (1 - np.exp(-1 / 3.0)) * belief
    np.testing.assert_allclose(after[came], (before - step * (before - floor))[came], atol=2e-6)
    np.testing.assert_array_equal(after[~came], lowest[~came])
    assert (before - floor)[came].min() >= 0 and (before - floor)[came].max() > 0.02
    assert bank.issued - issued == 402 * len(event.came) * bank.attendance


# --- the circle ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("show", [0.0, 0.6])
def test_boards_of_the_circle_add_to_what_is_near_and_take_nothing_away(show):
    """e^(-d / delta) of the nearest point in reach, at the share `show`, wherever that is more than what was near."""
    settings = {"minutes": 0.3, "show": show, "points": 4}
    model = make_model(
        "council", weeks=14, levers={"fifteen_minute_circle": settings}, behaviour={"awareness.distance": 30.0}
    )
    plain = model.nearness.copy()
    while lever(model, "fifteen_minute_circle") not in model.active:
        model.step()
    model.step()
    circle, people = lever(model, "fifteen_minute_circle"), model.community.population
    assert 0 < len(circle.places) <= 4
    away = np.min([np.hypot(people.x - x, people.y - y) for x, y in circle.places], axis=0)
    board = np.where(away <= 0.3 * 75 / 1.3, np.exp(-away / model.parameters.awareness.distance), 0.0)
    np.testing.assert_allclose(model.nearness, np.maximum(plain, show * board), rtol=1e-4)
    assert (model.nearness > plain + 1e-3).any() == (show > 0)
    model.stop_lever(circle)
    np.testing.assert_array_equal(model.nearness, plain)


# --- access support --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("talks", "places"), [(2, 0), (0, 40), (2, 40)])
def test_tenants_talks_are_held_each_quarter_as_set_and_need_places(talks, places):
    settings = {"tenants_talks": talks, "talk_places": places, "start": "2024-01-01", **EVENT_HOURS}
    model, _ = played({"access_support": settings})
    ends = [week for week in range(WEEKS) if model.calendar.ends_quarter(week)]
    assert len(ends) >= 2
    own = lever(model, "access_support")
    weeks = [week for week in ends if week >= model.calendar.week_of(own.start)] if talks * places else []
    assert hours_of(model, "access_support") == dict.fromkeys(weeks, float(talks))


def test_as_many_tenants_as_there_are_places_are_asked_to_a_talk_and_the_share_that_comes_is_the_setting():
    """Over eight runs; 4.5 standard errors of a binomial share."""
    came = asked = 0
    for seed in range(8):
        settings = {"tenants_talks": 1, "talk_places": 30, "talk_turnout": 0.4, "start": "2024-01-01"}
        model, looks = played({"access_support": settings}, seed=seed, weeks=28, without=["lectures"])
        for week, before, after in looks.states:
            if model.calendar.ends_quarter(week) and week > 0:
                learned = (after["cognition"][0] > before["cognition"][0]) & model.residents.adult
                assert model.residents.member_of("tenant")[learned].all()
                came, asked = came + learned.sum(), asked + 30
    assert asked >= 240
    assert abs(came / asked - 0.4) < 4.5 * np.sqrt(0.4 * 0.6 / asked)


# --- meetings at the door, walks, festivals --------------------------------------------------------------------------


def test_a_building_council_is_for_those_who_live_there_and_asks_those_with_the_highest_stakes():
    settings = {"councils_per_week": 2, "neighbours_asked": 5, "start": "2024-01-01", **EVENT_HOURS}
    model, looks = played({"building_council": settings}, behaviour=LIVELY)
    held = [event for event in looks.held if event.channel.name == "building_council"]
    weeks = [event.week for event in held]
    assert len(held) > 5 and max(weeks.count(week) for week in weeks) == 2
    assert hours_of(model, "building_council") == {week: float(weeks.count(week)) for week in weeks}
    for event, stakes in zip(looks.held, looks.stakes, strict=True):
        if event.channel.name != "building_council" or not stakes:
            continue
        (topic,), (stake,) = event.topics, stakes
        assert topic.scope == "micro_grid" and event.within == (topic.low, topic.high)
        assert ((event.came >= topic.low) & (event.came < topic.high)).all()
        ((_, who),) = [each for each in event.asked if len(each[1]) == 5]
        assert stake[who - topic.low].min() >= np.delete(stake, who - topic.low).max()
    assert any(event.number for event in held), "several a week"


def test_people_at_two_doors_of_one_week_decide_by_draws_of_their_own():
    """Two events of one channel in one week: the same residents, asked in the same way, do not do the same."""
    seen = {}

    class Ask(Intervention):
        def events(self, model):
            return [model.event("tea"), model.event("tea")] if model.is_open("tea") and model.week == 20 else []

        def invite(self, model, event):
            if event.channel.name == "tea" and model.week == 20:
                event.asked.append((PERSONAL, model.adults.astype(np.int32)))

        def on_attended(self, model, event):
            if event.channel.name == "tea" and model.week == 20:
                seen[event.number] = event.came

    eager = {**LIVELY, "participation.personal_acceptance": 0.3}
    make_model("council", weeks=21, behaviour=eager, extra=[Ask(name="ask")]).run()
    came = [seen[number] for number in sorted(seen)][-2:]
    assert min(map(len, came)) > 30
    both = len(np.intersect1d(*came))
    assert both < 0.8 * min(map(len, came))


def test_walks_go_through_the_grids_in_turn_and_meet_those_who_live_there():
    settings = {"walks_per_month": 4.33, "start": "2024-01-01"}
    model, looks = played({"talk": settings}, behaviour=LIVELY)
    held = [event for event in looks.held if event.channel.name == "talk"]
    grid = model.community.population.grid
    assert len(held) > 20 and not any(event.topics for event in held)
    visited = []
    for event in held:
        low, high = event.within
        own = np.unique(grid[low:high])
        assert len(own) == 1 and np.count_nonzero(grid == own[0]) == high - low
        assert (grid[event.came] == own[0]).all()
        visited.append(int(own[0]))
    grids = len(np.unique(grid))
    assert len(set(visited)) == grids and visited[grids:] == visited[:-grids]


def test_a_festival_draws_the_turnout_by_belonging_and_gives_one_acts_belonging_and_news_at_its_stalls():
    settings = {"festivals_per_year": 12, "turnout": 0.3, "stalls": 0.5, "start": "2024-01-01", **EVENT_HOURS}
    model, looks = played({"festival": settings}, without=["lectures"])
    gain, adult = model.parameters.learning.belonging_gain, model.residents.adult
    visits, chances, squares, told, could = 0, 0.0, 0.0, 0, 0
    for week in hours_of(model, "festival"):
        _, before, after = looks.states[[state[0] for state in looks.states].index(week)]
        old, new = before["belonging"].astype(np.float64), after["belonging"].astype(np.float64)
        visitors = new > old + 1e-7
        np.testing.assert_allclose(new[visitors], (old + gain * (1 - old))[visitors], atol=1e-6)
        assert adult[visitors].all()
        chance = np.minimum(1.0, 0.3 * old[adult] / old[adult].mean())
        visits, chances = visits + visitors.sum(), chances + chance.sum()
        squares += (chance * (1 - chance)).sum()
        tea = model.channels["tea"]
        bit = np.uint16(tea.bit)
        new_to_it = visitors & (before["aware"] & bit == 0) & (week > tea.opened_week)
        told, could = told + np.count_nonzero(after["aware"][new_to_it] & bit), could + new_to_it.sum()
    assert len(hours_of(model, "festival")) >= 5 and could > 50
    assert lever(model, "festival").visitors == visits
    assert abs(visits - chances) < 4.5 * np.sqrt(squares)
    assert -4.5 * np.sqrt(0.25 / could) < told / could - 0.5 < 0.2, "some hear of it elsewhere"


# --- lectures, money -------------------------------------------------------------------------------------------------


def test_a_lecture_on_rights_teaches_its_share_of_a_course_to_as_many_as_there_are_places_and_no_skill():
    settings = {"lectures_per_month": 2.0, "places": 25, "course": 4, "start": "2024-01-01", **EVENT_HOURS}
    model, looks = played({"rights_education": settings}, without=["lectures"], weeks=24,
                          behaviour={"influence.drift": 0.0})  # fmt: skip
    p, lectures = model.parameters.learning, 0
    for week, before, after in looks.states:
        if hours_of(model, "rights_education").get(week):
            moved = latent(after["cognition"]) - latent(before["cognition"])
            heard = (moved > 1e-4).all(axis=0)
            assert heard.sum() == 25 and model.residents.adult[heard].all()
            first = moved[:, heard] / model.cognition_unit[:, None]
            assert first.max() <= p.course_cognition / 4 * 1.01
            if lectures == 0:
                np.testing.assert_allclose(first, p.course_cognition / 4, rtol=2e-3)
            assert (after["skill"] <= before["skill"] + 1e-7).all()
            lectures += 1
    assert lectures >= 6 and lever(model, "rights_education").person_times == 25 * lectures


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_the_fund_closes_a_gap_after_the_wait_with_the_part_that_residents_give(share):
    """Residents give share * trust of those at stake * need, the fund the rest; a gap that both do not close stays."""
    settings = {"fund": 60000, "wait": 3, "residents_share": share, "start": "2024-01-01"}
    poor = {**LIVELY, "execution.funds": 0, "execution.hazard": 0.002}
    model = make_model("council", weeks=70, levers={"guarantee_fund": settings}, behaviour=poor)
    fund, closed = lever(model, "guarantee_fund"), 0
    while model.week < 70:
        found = {topic.number: topic.resolution for topic in model.topics.topics}
        gaps = {number: each.gap for number, each in found.items() if each.execution == "pending"}
        trust = model.residents.trust.astype(np.float64)
        given = fund.given if model.week else 0.0
        if model.week and model.calendar.ends_quarter(model.week - 1):
            given = 0.0
        model.step()
        filled = [t for t in model.topics.topics if gaps.get(t.number, 0.0) > 0 and t.resolution.gap == 0.0]
        for topic in filled:
            assert model.week - 1 - topic.resolution.settled_week >= 3
        parts = [
            min(t.funding_need, share * np.average(trust[t.low : t.high], weights=t.stake) * t.funding_need)
            for t in filled
        ]  # fmt: skip
        assert fund.paid == pytest.approx(sum(t.funding_need for t in filled) - sum(parts), rel=1e-4, abs=1e-3)
        assert fund.given == pytest.approx(given + fund.paid, abs=1e-3) and fund.given <= 60000 + 1e-6
        closed += len(filled)
    assert closed >= 2
