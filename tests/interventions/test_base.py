"""The shape of a lever: when it acts, what a lever that does nothing changes, what it costs."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from consensus_sim.council.meeting import FacilitationSupport
from consensus_sim.council.resolution import land
from consensus_sim.interventions.base import Cost, Intervention, build_lever
from consensus_sim.model.model import CommunityModel
from consensus_sim.model.state import Rules
from consensus_sim.outcomes.facts import all_tables
from tests.helpers import (
    assert_same_tables,
    attendance,
    differing_tables,
    intervention_files,
    lever,
    make_levers,
    make_model,
    make_tables,
)

FREE = {"cost": {}}
NULL = {
    "training, no session": ("training", {"sessions": 0}),
    "training, no place": ("training", {"places": 0}),
    "lectures, no session": ("lectures", {"sessions": 0}),
    "points, none for anything": ("points", dict.fromkeys(("attendance", "suggestion", "proposal", "conflict"), 0)),
    "points, worth nothing and no honours": ("points", {"value": 0.0, "honours": 0}),
    "quota, no seats": ("quota_seating", {"seats": 0}),
    "parlour, no room": ("parlour", {"capacity": 0}),
    "ballot, no use": ("ballot", {"use": 0.0}),
    "ballot, no session": ("ballot", {"sessions_per_month": 0.0}),
    "tea, no session": ("tea", {"sessions_per_month": 0.0}),
    "council, no session": ("council", {"sessions_per_month": 0.0}),
    "observer, nobody": ("observer", {"observers": 0}),
    "social worker, absent": ("social_worker", {"presence": 0.0}),
    "service team, without strength": ("service_team", {"strength": 0.0}),
    "supervision, nobody": ("supervision", {"members": 0}),
    "supervision, without strength": ("supervision", {"strength": 0.0}),
    "joint meeting, none": ("joint_meeting", {"meetings_per_month": 0.0}),
    "joint meeting, without strength": ("joint_meeting", {"strength": 0.0}),
    "guarantee fund, empty": ("guarantee_fund", {"fund": 0, "residents_share": 0.0}),
    "access support, none": (
        "access_support",
        {"large_print": False, "volunteers": False, "escorts": False, "tenants_talks": 0, "posters": 0.0},
    ),
    "festival, nobody": ("festival", {"turnout": 0.0}),
    "rights education, no place": ("rights_education", {"places": 0}),
    "salon, none": ("salon", {"salons": 0}),
    "seed group, nobody": ("seed_group", {"members": 0}),
    "building council, none": ("building_council", {"councils_per_week": 0}),
    "talk, no walk": ("talk", {"walks_per_month": 0.0}),
    "hierarchy, without strength": ("grid_hierarchy", {"strength": 0.0}),
    "action research, no rules": ("action_research", {"rules": []}),
}
STRENGTHS = {
    (name, key) for name, entry in intervention_files().items() for key in ("strength", "presence") if key in entry
}
ENDS = {"to the end": {}, "ended before": {"end": "2024-09-01"}}


@pytest.mark.parametrize("span", ENDS)
@pytest.mark.parametrize("case", NULL)
def test_a_lever_of_zero_strength_gives_every_table_as_without_it(case, span):
    """To the bit, also after it has ended. Prices are set to nothing: a lever may cost without doing anything."""
    name, zero = NULL[case]
    off = make_tables("full", levers={name: {**zero, **ENDS[span], **FREE}})
    without = make_tables("full", without=[name])
    assert_same_tables(off, without)
    if name in ("joint_meeting", "action_research"):  # the one moves hazards a little, the other needs rules
        return
    strong = make_tables("full", levers={name: FREE})
    assert "metrics" in differing_tables(strong, without), "the check can fail"


RULES = Rules(council_venue="committee_office")


def test_every_strength_is_tried_at_zero():
    assert len(STRENGTHS) == 5
    assert STRENGTHS <= {(name, *zero) for name, zero in NULL.values()}


@pytest.mark.parametrize("name", sorted(intervention_files()))
def test_a_lever_that_never_starts_gives_every_table_as_without_it(name):
    never = make_tables("full", levers={name: {"start": "2031-01-06"}})
    assert_same_tables(never, make_tables("full", without=[name]))


@pytest.mark.parametrize("name", sorted(intervention_files()))
def test_a_lever_that_was_over_before_the_run_is_none(name):
    gone = make_tables("full", levers={name: {"start": "2023-01-02", "end": "2023-12-31"}})
    assert_same_tables(gone, make_tables("full", without=[name]))


@pytest.mark.parametrize("name", sorted(intervention_files()))
def test_scenarios_that_differ_from_week_30_on_are_equal_before_it(name):
    """Weekly facts, meetings, points and costs by their week; topics and acts by the week of what happened."""
    late, without = (
        make_model("full", weeks=44, levers={name: {"start": "2024-09-30"}}),
        make_model("full", weeks=44, without=[name]),
    )
    for model in (late, without):
        while model.week < 30:
            model.step()
    assert not any(each.name == name for each in late.active)
    for column in ("skill", "cognition", "habit", "trust", "efficacy", "motive", "fatigue", "aware", "points"):
        np.testing.assert_array_equal(getattr(late.residents, column), getattr(without.residents, column))
    assert state_of_topics(late) == state_of_topics(without)
    for one, two in zip(late.recorder.acts, without.recorder.acts, strict=True):
        assert one[:2] == two[:2]
        np.testing.assert_array_equal(one[2], two[2])
    sheets = [[str(sheet._replace(topic=sheet.topic.number)) for sheet in m.recorder.sheets] for m in (late, without)]
    assert sheets[0] == sheets[1]
    assert late.recorder.costs == without.recorder.costs
    assert late.recorder.points_rows == without.recorder.points_rows
    for metric, values in without.recorder.weekly.items():
        np.testing.assert_array_equal(values[:30], late.recorder.weekly[metric][:30])
    late.run(), without.run()
    assert late.recorder.costs != without.recorder.costs, "from week 30 on the lever is there"


def state_of_topics(model):
    return [
        (t.number, t.state, t.progress, t.talk.heat, t.resolution.settled_week, t.resolution.execution)
        for t in model.topics.topics
    ]


@pytest.mark.parametrize(
    ("start", "end", "weeks"),
    [
        (None, None, range(0, 20)),
        ("2024-03-04", "2024-03-04", range(0, 1)),
        ("2024-03-05", "2024-03-18", range(1, 3)),  # from the first week that begins on the day or later
        ("2024-03-18", "2024-03-31", range(2, 4)),
        ("2024-03-18", "2024-04-01", range(2, 5)),
        ("2020-01-01", "2024-03-10", range(0, 1)),
        ("2024-07-15", None, range(19, 20)),
        ("2024-07-22", None, range(0)),
    ],
)
def test_a_lever_acts_in_the_weeks_that_begin_within_its_days(start, end, weeks):
    acted, ends = [], []

    class Watch(Intervention):
        def on_week_end(self, model):
            acted.append(model.week)

        def on_end(self, model):
            ends.append(model.week)

    days = {key: date.fromisoformat(day) for key, day in (("start", start), ("end", end)) if day}
    make_model("before", weeks=20, extra=[Watch(name="watch", **days)]).run()
    assert acted == list(weeks)
    assert ends == ([weeks.stop] if end and len(weeks) else [])


def test_the_order_in_which_levers_are_given_does_not_matter():
    levers = make_levers("full")
    plain = make_model("full", weeks=44)
    turned = CommunityModel(
        plain.community, levers[::-1], plain.behaviour, plain.known_channels,
        {kind.name: kind for kind in plain.topics.classes}, plain.calendar, plain.seed,
    )  # fmt: skip
    plain.run(), turned.run()
    np.testing.assert_array_equal(plain.residents.trust, turned.residents.trust)
    np.testing.assert_array_equal(plain.residents.skill, turned.residents.skill)
    assert state_of_topics(plain) == state_of_topics(turned)


def test_a_lever_that_only_looks_on_changes_nothing():
    assert_same_tables(make_tables("full", extra=[Intervention(name="idle")]), make_tables("full"))


def test_utilities_of_levers_add_up():
    class Pull(Intervention):
        def utility(self, model, event):
            return 0.25

    class Array(Intervention):
        def utility(self, model, event):
            return np.arange(model.residents.n, dtype=np.float32)

    model = make_model("before", weeks=2, extra=[Pull(name="a"), Pull(name="b"), Array(name="c"), Array(name="d")])
    model.step()
    shift, array = model.utility_of_levers(model.event("reception"))
    assert shift == 0.5
    np.testing.assert_array_equal(array, 2 * np.arange(model.residents.n))


def test_a_week_costs_its_prices_the_start_once():
    prices = {"start_money": 100, "weekly_money": 10, "weekly_hours": 2, "event_money": 30, "event_hours": 4}

    class Spends(Intervention):
        def spent(self, model):
            return 5.0

    held = Spends(name="x", cost=prices)
    held.count_event()
    held.count_event(2)
    assert held.book(None) == Cost(100 + 10 + 90 + 5, 2 + 12)
    assert held.book(None) == Cost(15, 2)


def test_all_that_levers_set_is_undone_when_they_end():
    """Levers meet through rules, channels and venues: whoever comes later finds them as they were."""
    names = [each.name for each in make_levers("full")]
    changes = {name: {"end": "2024-08-01"} for name in names}
    changes["council"] |= {"procedure": "pairs"}
    model = make_model("full", weeks=30, levers=changes)
    before = {
        name: (venue.relief, venue.elder_relief, venue.show, venue.display) for name, venue in model.venues.items()
    }
    model.run()
    assert not model.active and set(model.channels) == {"reception", "adhoc"} and model.team is None
    assert model.rules == RULES
    after = {
        name: (venue.relief, venue.elder_relief, venue.show, venue.display) for name, venue in model.venues.items()
    }
    assert after == before


@pytest.mark.parametrize("day", ["2024-02-30", "soon", "05/06/2024", 5])
def test_a_date_that_is_none_is_told(day):
    from consensus_sim.errors import InputError

    with pytest.raises(InputError, match=r"intervention\.tea\.start: found .*; allowed: a date written") as error:
        build_lever("tea", {**intervention_files()["tea"], "start": day})
    assert "\n" not in str(error.value)


def test_levers_are_compared_by_identity_and_keep_their_own_state():
    first, second = make_levers("full"), make_levers("full")
    assert all(one != two for one, two in zip(first, second, strict=True))
    model = make_model("full", weeks=30).run()
    again = make_model("full", weeks=30).run()
    assert lever(model, "points").issued == lever(again, "points").issued > 0


ADJUSTED = sorted(each.name for each in make_levers("everything"))


@pytest.fixture(scope="module")
def undisturbed():
    return make_tables("everything", weeks=44)


@pytest.mark.parametrize("name", ADJUSTED)
def test_adjusting_a_lever_to_what_it_is_changes_nothing(name, undisturbed):
    """Its rhythm, groups, funds and channels go on: the action-research loop adjusts levers that are in force."""
    model = make_model("everything", weeks=44)
    while model.week < 28:
        model.step()
    adjusted = lever(model, name)
    assert adjusted in model.active
    adjusted.on_adjusted(model)
    assert_same_tables(all_tables(model.run()), undisturbed)


def test_adjusting_a_lever_tells_nobody_of_its_channel_who_has_forgotten_it():
    model = make_model("everything", weeks=44)
    while model.week < 28:
        model.step()
    bit, aware = model.channels["talk"].bit, model.residents.aware
    aware[model.team.members] &= np.uint16(~bit & 0xFFFF)
    known = aware.copy()
    lever(model, "talk").on_adjusted(model)
    assert len(model.team.members) and model.is_open("talk")
    np.testing.assert_array_equal(aware, known)


def test_levers_that_have_ended_leave_no_rule_room_or_matter_behind():
    changes = {name: {"end": "2024-10-01"} for name in ADJUSTED}
    model, bare = make_model("everything", levers=changes, weeks=34), make_model("before", weeks=34).run()
    model.run()
    assert model.active == [] and model.rules == RULES and model.channels.keys() == bare.channels.keys()
    assert model.venues == bare.venues
    kept = {topic.progress.venue_channel for topic in model.topics.waiting if topic.state == "agenda"}
    assert kept <= set(model.channels)


def test_what_is_on_the_agenda_of_a_channel_that_closes_is_heard_again():
    model = make_model("council", weeks=20)
    model.step()
    begun, other = [topic for topic in model.topics.waiting if topic.state == "unheard"][:2]
    for topic, venue in ((begun, "council"), (other, "adhoc")):
        topic._state, topic.progress.venue_channel, topic.progress.agenda_week = "agenda", venue, 0
    model.close_channel("council")
    assert (begun.state, other.state) == ("heard", "agenda")


def test_what_has_been_on_an_agenda_does_not_lapse():
    model = make_model("council", weeks=20)
    model.step()
    before, never = [topic for topic in model.topics.waiting if topic.state == "unheard"][:2]
    before.arisen_week = never.arisen_week = -500  # the oldest of all
    before.progress.agenda_week = 0
    model.step()
    assert (before.state, never.state) == ("unheard", "lapsed")


PRICED = [
    name
    for name, settings in sorted(intervention_files().items())
    if any((settings.get("cost") or {}).get(key) for key in ("event_money", "event_hours"))
]


@pytest.mark.parametrize("name", PRICED)
def test_every_price_of_an_event_is_booked(name):
    """A lever that names a price a session pays it in a run in which it has sessions."""
    held = {name: {"cost": {"event_hours": 1.0}}}
    # The survey is half-yearly, so the run must be longer than that.
    model = make_model("everything" if name in ADJUSTED else "council", levers=held, weeks=44).run()
    booked = sum(hours for _, each, _, hours in model.recorder.costs if each == name)
    assert booked > 0
    if name in ("parlour", "quota_seating"):
        assert booked == len(attendance(model, "council"))


def test_who_is_stopped_has_no_turn_and_who_is_started_has_one():
    turns = []

    class Turn(Intervention):
        def on_week_start(self, model):
            turns.append((model.week, self.name))

    class Switch(Intervention):
        def on_week_start(self, model):
            if model.week == 3:
                model.stop_lever(lever(model, "b"))
                model.start_lever(lever(model, "c"))

    make_model("before", weeks=5, extra=[Switch(name="a"), Turn(name="b"), Turn(name="c", held_back=True)]).run()
    assert turns == [(0, "b"), (1, "b"), (2, "b"), (3, "c"), (4, "c")]


def test_adjusting_goes_on_and_takes_the_new_settings():
    """Salons held count on; a council without sessions can get some, and lose them; points too old by now expire."""
    model = make_model("salon", weeks=44, levers={"salon": {"salons": 3, "weeks_between": 3.0}})
    while model.week < 30:
        model.step()
    salon = lever(model, "salon")
    assert salon.held == 3
    salon.on_adjusted(model)
    assert len(attendance(model.run(), "salon")) == 3

    model = make_model("council", weeks=30, levers={"council": {"sessions_per_month": 0.0}})
    while model.week < 15:
        model.step()
    council = lever(model, "council")
    for sessions, is_open in ((3.0, True), (0.0, False), (3.0, True)):
        council.sessions_per_month = sessions
        council.on_adjusted(model)
        assert model.is_open("council") == is_open == (model.team is not None)
    council.officer_attendance, members = 0.9, model.team.members
    council.on_adjusted(model)
    assert model.team.officer_attendance == 0.9 and model.team.members is members
    assert attendance(model.run(), "council", since=15)

    model = make_model("points", weeks=44).run()
    points, held = lever(model, "points"), model.residents.points.copy()
    old = points.lots[1:].sum(axis=0)
    assert old.sum() > 0
    expired = points.expired
    points.expiry_quarters = 1
    points.on_adjusted(model)
    assert points.lots.shape[0] == 1 and points.expired == expired + old.sum()
    np.testing.assert_array_equal(model.residents.points, held - old)


def test_a_resolution_that_came_to_nothing_is_open_to_everybody_again():
    topic = make_model("before", weeks=2).run().topics.waiting[0]
    topic.resolution.carried_by_residents = True
    land(topic, 1)
    assert not topic.resolution.carried_by_residents and topic.resolution.gap == topic.funding_need


def test_what_an_intervention_sets_is_set_anew_when_it_is_adjusted_and_undone_when_it_ends():
    """An intervention of one's own needs no hook but `apply` for it."""
    model = make_model("council", weeks=30)

    class Notice(Intervention):
        posted = True

        def apply(self, model):
            if self.posted:
                self.set_rules(model, monthly_notice=True)
                self.set_room(model, "park", show=0.3)
                self.open_channel(model, "talk")
                self.support(model, FacilitationSupport(calm=0.1))

    notice = Notice(name="notice")
    plain = make_model("council", weeks=30)
    for posted in (True, False, True):
        notice.posted = posted
        if notice in model.active:
            notice.on_adjusted(model)
        else:
            model.start_lever(notice)
        assert model.rules.monthly_notice is posted is model.is_open("talk") is ("notice" in model.rules.help)
        assert model.venues["park"].show == (0.3 if posted else 0.0)
    opened = model.channels["talk"]
    notice.on_adjusted(model)
    assert model.channels["talk"] is opened, "what stays open is not opened again"
    model.stop_lever(notice)
    assert model.rules == plain.rules and model.venues == plain.venues and not model.is_open("talk")
