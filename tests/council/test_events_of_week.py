"""The three stages and six steps, simulated week by week: what is heard, settled, shelved, carried out and seen."""

from __future__ import annotations

from collections import defaultdict
from copy import copy
from dataclasses import fields, replace

import numpy as np
import pytest

from consensus_sim.council import attendance as step_3
from consensus_sim.council import events_of_week, incubation, publicity
from consensus_sim.council.topics import LAPSED
from consensus_sim.interventions.base import Intervention
from consensus_sim.randomness import key
from tests.helpers import attendance, community, latent, lever, make_model

BUSY = {
    "topics.arrivals": 0.6,
    "topics.suggestion": 0.6,
    "channels.adhoc": -5.5,
    "channels.tea": -4.0,
    "channels.reception": -6.0,
}
"""Many matters, raised and taken up by many."""


def as_if(topic, state=None, **changes):
    """A copy of `topic` in another state, with changes of its records; nobody has attended a meeting unless given."""
    found = copy(topic)
    found.progress, found.talk, found.resolution = copy(topic.progress), copy(topic.talk), copy(topic.resolution)
    found._state = topic.state if state is None else state
    for name, value in {"who": np.empty(0, np.int64), **changes}.items():
        records = (found.progress, found.talk, found.resolution)
        (record,) = [each for each in records if name in {field.name for field in fields(each)}]
        setattr(record, name, value)
    return found


class Watch(Intervention):
    """A lever that does nothing but look on: `moments` of each event and outcome, in the order in which they come."""

    def __post_init__(self):
        super().__post_init__()
        self.moments = []

    def invite(self, model, event):
        topics = [(topic.number, topic.state, topic.progress.venue_channel) for topic in event.topics]
        self.moments.append(("held", event, topics))

    def on_settled(self, model, event, topic):
        self.moments.append(("settled", topic.number, model.week))

    def on_executed(self, model, topic):
        self.moments.append(("executed", topic.number, model.week))


def played(scenario="full", weeks=104, **options):
    watch = Watch(name="zz")
    model = make_model(scenario, weeks=weeks, extra=[watch], **options).run()
    return model, watch.moments


def sittings_of(model):
    """Topic number -> (week, channel, how) of each of its sittings, in order."""
    rows = defaultdict(list)
    for sheet in model.recorder.sheets:
        rows[sheet.topic.number].append((sheet.week, sheet.channel, sheet.how))
    return rows


@pytest.fixture(scope="module")
def busy():
    """Two years in which in-person meetings, ballots with votes and the council compete for matters."""
    voting = {"ballot": {"votes": True, "use": 1.0, "quorum": 1}}
    return [played(seed=seed, behaviour=BUSY, levers=voting) for seed in range(4)]


def test_what_is_settled_is_not_deliberated_again(busy):
    """A consensus stands: several venues of one week do not take up what one of them has just settled."""
    for model, _ in busy:
        rows = sittings_of(model)
        assert len(rows) > 20
        for number, sittings in rows.items():
            assert all(how == "none" for _, _, how in sittings[:-1]), (number, sittings)


def test_a_matter_has_one_sitting_a_week(busy):
    """What a ballot did not settle may come before the council in the same week; two sittings there are not."""
    for model, _ in busy:
        for number, sittings in sittings_of(model).items():
            weeks = [week for week, channel, _ in sittings if channel != "ballot"]
            assert len(set(weeks)) == len(weeks), (number, sittings)


def test_a_topic_is_settled_once_and_carried_out_once_after_that(busy):
    for _, moments in busy:
        settled = [moment[1] for moment in moments if moment[0] == "settled"]
        assert settled and len(set(settled)) == len(settled)
        executed = {number: week for what, number, week in (m for m in moments if m[0] == "executed")}
        when = {number: week for what, number, week in (m for m in moments if m[0] == "settled")}
        for number, week in executed.items():
            assert week > when[number]


def test_only_heard_matters_or_those_begun_there_come_before_a_meeting(busy):
    taken = 0
    for _, moments in busy:
        for event, topics in (moment[1:] for moment in moments if moment[0] == "held"):
            for number, state, venue in topics:
                taken += 1
                assert state == "heard" or (state == "agenda" and venue == event.channel.name), (number, state, venue)
    assert taken > 100


def test_weeks_of_a_topic_come_in_order(busy):
    for model, _ in busy:
        for topic in model.topics.topics:
            weeks = [
                topic.arisen_week,
                topic.progress.heard_week,
                topic.progress.agenda_week,
                topic.resolution.settled_week,
                topic.resolution.executed_week,
            ]
            reached = [week for week in weeks if week >= 0]
            assert reached == sorted(reached)
            assert (topic.state == "settled") == (topic.resolution.settled_week >= 0)
            assert (topic.resolution.execution != "none") == (topic.state == "settled")


def test_nothing_is_deliberated_more_often_than_allowed(busy):
    for model, _ in busy:
        most = model.parameters.meeting.sittings_max
        for topic in model.topics.topics:
            assert topic.talk.meetings <= most + (topic.progress.channel == "ballot")
            if topic.state == "shelved":
                assert topic.talk.meetings >= most


def test_scores_are_shares_and_belong_to_finished_topics(busy):
    for model, _ in busy:
        for topic in model.topics.topics:
            finished = topic.state == "shelved" or topic.resolution.execution in ("on_time", "late", "never")
            assert finished == (not np.isnan(topic.resolution.efficiency))
            for value in (topic.resolution.satisfaction, topic.resolution.efficiency, topic.resolution.fairness):
                assert np.isnan(value) or 0 <= value <= 1


def test_concern_is_that_of_the_open_topics(busy):
    for model, _ in busy:
        expected = np.zeros(model.residents.n, np.float32)
        for topic in model.topics.topics:
            if topic.open:
                span = slice(topic.low, topic.high)
                expected[span] = np.maximum(expected[span], topic.stake)
        np.testing.assert_array_equal(model.concern, expected)


def test_working_space_is_clean_after_every_week():
    model = make_model("full", weeks=40, behaviour=BUSY)
    while model.week < 40:
        model.step()
        assert not model.scratch.asked.any() and not model.scratch.stake.any() and not model.scratch.flags.any()


def test_new_matters_come_first_where_they_are_gathered():
    """F23: the same people raise as often, but more of what they raise is new; means over 40 paired teas."""
    raised, new = {}, {}
    for gathers in (False, True):
        model = make_model("council", weeks=56, behaviour={**BUSY, "topics.conversion": 1.0})
        for _ in range(20):
            model.step()
        open_channel = model.channels["tea"]
        open_channel.channel = replace(open_channel.channel, gathers=gathers)
        for place, topic in enumerate(t for t in model.topics.waiting if t.state in ("heard", "unheard")):
            topic._state = "unheard" if place % 2 else "heard"
        unheard = {topic.number for topic in model.topics.waiting if topic.state == "unheard"}
        events = []
        for number in range(40):
            event = model.event("tea")
            event.number, event.came = number, np.flatnonzero(model.residents.adult)[::6].astype(np.int32)
            model.residents.efficacy[:] = 0.5  # success with a matter raises it
            incubation.hear(model, event)
            events.append([topic for _, topic in event.raised])
            for topic in model.topics.topics:
                if topic.number in unheard:
                    topic._state = "unheard"
        raised[gathers] = sum(map(len, events))
        new[gathers] = sum(topic in unheard for topics in events for topic in topics)
    assert raised[True] == raised[False] > 40
    assert new[True] > 1.2 * new[False] > 0


def test_of_several_who_raise_the_same_matter_one_counts_by_lot():
    """Chi-square over 300 matters, each raised by the same ten people; 4.5 SD: 1 in 100,000 false alarms."""
    first = np.zeros(10)
    for seed in range(300):
        model = make_model("before", weeks=1, seed=seed, behaviour={"topics.suggestion": 1.0, "topics.conversion": 1.0})
        residents = model.residents
        residents.expression[:], residents.efficacy[:] = 1.0, 1.0
        book = model.topics
        kind = next(kind for kind in book.classes if kind.name == "environment")
        topic = book.add(kind, "community", 0, 0, residents.groups, key(seed, "test.heard"), 0)
        event = model.event("reception")
        event.came = model.adults[topic.stake[model.adults - topic.low] > 0][:10].astype(np.int32)
        incubation.hear(model, event)
        assert len(event.raised) == 10
        first[np.flatnonzero(event.came == topic.progress.raised_by)] += 1
    assert first.sum() == 300
    assert ((first - 30) ** 2 / 30).sum() < 9 + 4.5 * np.sqrt(18)


def test_all_heard_matters_are_answered_where_none_is_formal_and_formal_where_all_are():
    kinds = {}
    for conversion in (0.0, 1.0):
        model = make_model("council", weeks=52, behaviour={**BUSY, "topics.conversion": conversion}).run()
        kinds[conversion] = {topic.state for topic in model.topics.topics if topic.progress.heard_week >= 0}
        assert len([topic for topic in model.topics.topics if topic.progress.heard_week >= 0]) > 5
    assert kinds[0.0] == {"answered"}
    assert "answered" not in kinds[1.0]


def test_a_matter_that_comes_to_no_agenda_lapses_when_its_time_is_over():
    quiet = {"topics.arrivals": 0.6, "topics.suggestion": 0.0, "topics.lapse": 30.0}
    model = make_model("before", weeks=60, behaviour=quiet)
    while model.week < 60:
        model.step()
        for topic in model.topics.topics:
            waited = model.week - 1 - topic.arisen_week
            assert topic.state == (LAPSED if waited > 30 else "unheard")
    assert any(topic.state == LAPSED for topic in model.topics.topics)


def test_urgency_rises_only_while_a_matter_waits_and_stays_below_one():
    model = make_model("before", weeks=60, behaviour={"topics.arrivals": 0.6, "topics.suggestion": 0.0})
    model.step()
    while not model.topics.topics:
        model.step()
    topic = model.topics.topics[0]
    before = topic.urgency
    for _ in range(10):
        model.step()
    assert topic.urgency == pytest.approx(1 - (1 - before) * 0.98**10)


@pytest.mark.parametrize(("hazard", "execution"), [(1.0, "on_time"), (0.0, "never")])
def test_what_is_carried_out_for_certain_is_on_time_and_what_never_can_is_given_up(hazard, execution):
    model, moments = played(behaviour={**BUSY, "execution.hazard": hazard * 50}, seed=2)
    settled = [topic for topic in model.topics.topics if topic.state == "settled"]
    old = [t for t in settled if t.resolution.settled_week < 103 and (hazard or t.resolution.deadline_week + 26 < 103)]
    assert len(old) > 5 and {topic.resolution.execution for topic in old} == {execution}
    for topic in old:
        if hazard:
            assert topic.resolution.executed_week == topic.resolution.settled_week + 1
            assert topic.resolution.satisfaction > 0
        else:
            assert topic.resolution.executed_week == -1 and topic.resolution.satisfaction == 0.0


def test_delivery_moves_trust_up_and_default_moves_it_down():
    """Direction of D8 on paired runs; B13's mechanism."""
    ends = {}
    for hazard in (50.0, 0.0):
        model = make_model("council", weeks=104, behaviour={**BUSY, "execution.hazard": hazard}).run()
        ends[hazard] = float(model.residents.trust[model.residents.adult].mean())
    assert ends[50.0] > ends[0.0] + 0.002


def test_speaking_up_with_success_raises_efficacy_and_practice_raises_skill_of_who_took_part():
    model = make_model("council", weeks=30, behaviour=BUSY, without=["lectures"]).run()
    start = make_model("council", weeks=1, behaviour=BUSY).residents
    came = model.took_part & model.residents.adult
    rest = ~model.took_part & model.residents.adult
    assert 20 < came.sum() < model.residents.adult.sum()
    assert (model.residents.efficacy - start.efficacy)[came].mean() > 0
    assert (model.residents.skill - start.skill)[:, came].mean() > 0
    np.testing.assert_array_equal(model.residents.skill[:, rest], start.skill[:, rest])
    np.testing.assert_array_equal(model.residents.efficacy[rest], start.efficacy[rest])
    assert (model.residents.habit[:, rest] <= start.habit[:, rest]).all()


class WatchPractice(Intervention):
    """Notes what each event with a sitting did to skill: (came, spoke, skill before, skill after)."""

    def __post_init__(self):
        super().__post_init__()
        self.seen = []

    def invite(self, model, event):
        self.before = model.residents.skill.copy()

    def on_attended(self, model, event):
        if len(event.spoke):
            self.seen.append((event.came, event.spoke, self.before, model.residents.skill.copy()))
            assert model.used_skill[event.came].all()


def test_who_speaks_practises_expression_and_integration_and_all_present_listening_and_procedure():
    watch = WatchPractice(name="zz")
    model = make_model("council", weeks=40, behaviour=BUSY, without=["lectures"], extra=[watch]).run()
    p, start, unit = model.parameters.learning, model.residents.start_skill, model.skill_unit[:, None]
    silent = 0
    for came, spoke, before, after in watch.seen:
        gain = (latent(after) - latent(before)) / unit
        left = 1.0 - np.maximum(0.0, (latent(before) - latent(start)) / unit) / p.reach
        full = np.zeros_like(gain)
        full[np.ix_([0, 2], spoke)], full[np.ix_([1, 3], came)] = p.practice_spoke, p.practice_listened
        np.testing.assert_allclose(gain, full * left, atol=1e-4)
        silent += len(np.setdiff1d(came, spoke))
    assert len(watch.seen) > 10 and silent >= 10, "the check can fail"


def test_the_quorum_is_of_those_who_count():
    """Two officers and a crowd are two who count at the council; the same crowd is enough elsewhere."""
    model = make_model("council", weeks=30, behaviour=BUSY)
    while not model.is_open("council") or not model.topics.topics:
        model.step()
    crowd = np.flatnonzero(model.residents.adult & ~model.team_mask)[:40].astype(np.int32)
    model.with_hook = lambda hook: []
    quorum = model.parameters.meeting.quorum
    for channel, panel, officers in (("council", 0, quorum - 1), ("council", 1, quorum - 1), ("adhoc", 0, 0)):
        topic = model.topics.topics[-1]
        topic._state, topic.talk.meetings = "heard", 0
        event = model.event(channel, topics=[topic])

        def fill(_, event, panel=panel, officers=officers):
            event.came, event.officers, event.panel = crowd, officers, crowd[:panel]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(step_3, "gather", fill)
            events_of_week.hold(model, event)
        assert topic.talk.meetings == (0 if channel == "council" and panel == 0 else 1)


def test_below_the_quorum_nobody_practises():
    """A matter on the agenda is not enough: where no sitting is held there is nothing to learn by."""
    skills = []
    for quorum in (3, 1000):
        model = make_model(
            "council", weeks=30, behaviour={**BUSY, "meeting.quorum": quorum}, without=["lectures"]
        ).run()
        skills.append(model.residents.skill)
    start = make_model("council", weeks=1, behaviour=BUSY).residents.skill
    assert (skills[0] > start).any() and len(model.topics.topics) > 5
    assert (skills[1] <= start).all()


def test_those_who_stay_at_home_do_not_tire_and_belong_as_before():
    model = make_model("full", weeks=30, behaviour=BUSY).run()
    start = make_model("full", weeks=1, behaviour=BUSY).residents
    trained = model.residents.fatigue > 0
    untouched = ~model.took_part & ~trained
    assert untouched.sum() > 50
    np.testing.assert_array_equal(model.residents.belonging[untouched], start.belonging[untouched])


def test_a_consensus_tells_who_led_the_proposal():
    model, moments = played(behaviour=BUSY, seed=3)
    for what, number, _ in (moment for moment in moments if moment[0] == "settled"):
        topic = model.topics.topics[number]
        assert topic.progress.raised_by >= 0 and model.residents.adult[topic.progress.raised_by], what


def test_adhoc_meetings_ask_those_with_the_highest_stakes():
    seen = []

    class Look(Intervention):
        def invite(self, model, event):
            if event.channel.name == "adhoc":
                topic = event.topics[0]
                seen.append((topic.low, topic.stake.copy(), event.asked[0][1]))

    model = make_model("before", weeks=80, behaviour=BUSY, extra=[Look(name="look")]).run()
    number, weight = model.known_channels["adhoc"].invitations, model.known_channels["adhoc"].invite_chance
    assert len(seen) > 3
    for low, stake, asked in seen:
        assert len(asked) == len(np.unique(asked)) == min(number, len(stake))
        assert asked.min() >= low and asked.max() < low + len(stake)
        chosen, others = stake[asked - low], np.delete(stake, asked - low)
        assert chosen.min() >= others.max() - weight - 1e-6  # a random draw decides between near-equals


def test_the_team_knows_every_open_channel():
    model = make_model("full", weeks=20)
    while model.team is None:
        model.step()
    assert {"council", "tea", "ballot", "reception", "adhoc"} <= set(model.channels)
    adults = model.team.members
    for name in model.channels:
        assert model.residents.aware_of(name)[adults].mean() > 0.8, name


def test_reception_is_held_every_week_and_adhoc_meetings_only_when_something_was_heard():
    model = make_model("before", weeks=52, behaviour={"topics.suggestion": 0.0}).run()
    assert len(attendance(model, "reception")) == 52
    assert attendance(model, "adhoc") == []


def test_results_on_the_wall_are_seen_by_more():
    seen = {}
    for display in (True, False):
        parlour = {"parlour": {"display_results": display}}
        model = make_model("council", weeks=104, behaviour={**BUSY, "execution.hazard": 5.0}, levers=parlour).run()
        seen[display] = np.nansum(model.recorder.weekly["saw_outcome"])
    assert seen[True] > seen[False]


@pytest.mark.parametrize(("execution", "posted"), [("never", True), ("none", False)])
def test_the_monthly_notice_tells_of_resolutions_alone(execution, posted):
    """F37: it follows what was agreed. A passer-by learns of a resolution that came to nothing, not of what was shelved
    or still waits.
    """
    unseen = {f"trust.visible_{way}": 0.0 for way in ("near", "online")}
    model = make_model("supervision", weeks=40, behaviour={**BUSY, **unseen, "trust.visible_notice": 1.0}).run()
    assert model.rules.monthly_notice
    topic = next(topic for topic in model.topics.waiting if topic.progress.heard_week >= 0)
    before = model.residents.trust.copy()
    publicity.show_outcome(model, as_if(topic, execution=execution), 0.0)
    assert (model.residents.trust <= before).all()
    assert (model.residents.trust < before).any() == posted


@pytest.mark.parametrize(
    ("venue", "notice", "display", "public"),
    [
        ("council", False, False, True),
        ("adhoc", False, False, False),
        ("adhoc", True, False, True),
        ("seed_group", False, True, True),
    ],
)
def test_a_reason_that_is_public_leaves_a_share_of_the_loss_over_a_shelved_topic(venue, notice, display, public):
    """L60. What was promised and never carried out has no such excuse."""
    model = make_model("council", weeks=20, behaviour={**BUSY, "trust.reason": 0.4}).run()
    model.rules.monthly_notice, model.venues[model.rules.council_venue].display = notice, display
    topic, sat = model.topics.topics[0], np.arange(50)
    sat = sat[model.residents.adult[sat]]
    full = model.parameters.trust.gain * model.parameters.trust.loss_ratio
    for state, execution, left in (("shelved", "none", 0.4 if public else 1.0), ("settled", "never", 1.0)):
        before = model.residents.trust.copy()
        failed = as_if(topic, state, execution=execution, venue_channel=venue, who=sat)
        publicity.show_outcome(model, failed, 0.0)
        np.testing.assert_allclose(model.residents.trust[sat], before[sat] * (1 - full * left), rtol=1e-5)


def test_what_still_waits_disappoints_once_when_patience_ends(monkeypatch):
    seen = []
    monkeypatch.setattr(publicity, "show_waiting", lambda model, topic: seen.append((topic.number, model.week)))
    behaviour = {**BUSY, "trust.patience": 9.0, "topics.lapse": 0.0}
    model = make_model("before", weeks=80, behaviour=behaviour).run()
    assert len(seen) == len(dict(seen)) > 5
    expected = {
        (topic.number, topic.progress.heard_week + 9)
        for topic in model.topics.waiting
        if 0 <= topic.progress.heard_week < 80 - 9
    }
    assert expected <= set(seen) and len(expected) > 3
    for number, week in seen:
        assert model.topics.numbered[number].progress.heard_week == week - 9


def test_what_a_collector_took_up_for_others_disappoints_nobody_by_waiting(monkeypatch):
    """D8: whose own suggestion it was not was promised nothing; nor were those who never raised it."""
    seen = []
    monkeypatch.setattr(publicity, "show_waiting", lambda model, topic: seen.append(topic.number))
    model = make_model("council", weeks=80, behaviour={**BUSY, "trust.patience": 4.0}).run()
    waited = {channel: 0 for channel in ("collected", "own")}
    for topic in model.topics.topics:
        turns = [turn.week for turn in topic.progress.turns if turn.state in ("agenda", "settled", "shelved", "lapsed")]
        if (
            topic.progress.heard_week >= 0
            and topic.state != "answered"
            and min([*turns, 80]) > topic.progress.heard_week + 4
        ):
            waited["collected" if topic.progress.channel == "collected" else "own"] += 1
    assert waited["collected"] > 5 and waited["own"] > 3
    assert seen and not any(model.topics.numbered[number].progress.channel == "collected" for number in seen)


@pytest.mark.parametrize(("heard", "told"), [(-1, False), (10, False), (40, True), (52, True)])
def test_a_suggestion_that_lapses_before_patience_ends_disappoints_once(monkeypatch, heard, told):
    """It lapses 52 weeks after it arose, in week 53; after 13 weeks it has disappointed already."""
    seen = []
    monkeypatch.setattr(publicity, "show_waiting", lambda model, topic: seen.append((topic.number, model.week)))
    quiet = {"topics.arrivals": 0.0, "topics.backlog": 0.0, "topics.lapse": 52.0, "trust.patience": 13.0}
    model = make_model("before", weeks=60, behaviour=quiet)
    topic = next(iter(make_model("before", weeks=1, behaviour=BUSY).topics.arise_before(model.residents.groups)))
    topic = as_if(topic, "heard" if heard >= 0 else "unheard", heard_week=heard, channel="tea")
    topic.arisen_week = 0
    model.topics.topics.append(topic)
    model.topics.waiting.append(topic)
    model.week = 53
    incubation.incubate(model)
    assert topic.state == "lapsed" and seen == ([(topic.number, 53)] if told else [])


def test_what_still_waits_disappoints_who_raised_it_and_those_who_live_with_it_and_nobody_else():
    """Residents whose ties attended lately, participants and readers of notices were promised nothing."""
    ways = {f"trust.visible_{way}": 1.0 for way in ("notice", "online", "near")}
    model = make_model("supervision", weeks=40, behaviour={**BUSY, **ways}).run()
    topic = next(
        t for t in model.topics.topics if t.progress.heard_week >= 0 and t.scope == "micro_grid" and len(t.stake)
    )
    raiser = next(
        who for who in range(model.residents.n) if model.residents.adult[who] and not topic.low <= who < topic.high
    )
    waiting = as_if(topic, raised_by=raiser, who=np.arange(model.residents.n))
    waiting.stake = np.ones_like(topic.stake)
    model.scratch.neighbours_came[:] = 1.0
    trust = model.residents.trust.copy()
    publicity.show_waiting(model, waiting)
    lives = np.zeros(model.residents.n, bool)
    lives[topic.low : topic.high] = True
    lives[raiser] = True
    np.testing.assert_array_equal(model.residents.trust < trust, lives & model.residents.adult)
    assert not model.scratch.flags.any()


def test_protocol_draws_nothing_from_elsewhere():
    """Same seed, same acts: a second model made and stepped in between changes nothing."""
    first = make_model("full", weeks=20, seed=5)
    other = make_model("full", weeks=20, seed=6)
    plain = make_model("full", weeks=20, seed=5).run()
    for _ in range(20):
        first.step()
        other.step()
    assert len(first.recorder.acts) == len(plain.recorder.acts)
    for one, two in zip(first.recorder.acts, plain.recorder.acts, strict=True):
        assert one[:2] == two[:2]
        np.testing.assert_array_equal(one[2], two[2])
    assert lever(first, "points").issued == lever(plain, "points").issued


def test_attraction_of_the_average_adult_is_nought_at_the_start():
    model = make_model("before", weeks=1)
    drawn = step_3.base_utility(model)[community().population.adult]
    assert abs(drawn.mean()) < 1e-4
