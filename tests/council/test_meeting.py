"""One sitting: positions are kept, the observation sheet adds up, rules of the room hold."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.council.attendance import gather, update_base_utility
from consensus_sim.council.meeting import (
    NO_TALK,
    FacilitationSupport,
    keys_of,
    meet_on,
    speeches_for,
    topic_data,
    who_counts,
)
from consensus_sim.dynamics.meeting import bring_positions
from consensus_sim.dynamics.participation import LETTER, PERSONAL, TEAM_CALL
from consensus_sim.dynamics.settlement import is_worked_out, settles
from consensus_sim.interventions.base import Intervention
from consensus_sim.outcomes.facts import all_tables
from consensus_sim.randomness import key
from tests.helpers import lever, make_model

LIVELY = {"topics.arrivals": 0.6, "channels.council": -3.0, "topics.suggestion": 0.5}


def make_sitting(levers=None, behaviour=None, seed=1, number=0):
    """A council session of many on one matter, ready to sit."""
    model = make_model("council", weeks=56, seed=seed, levers=levers, behaviour={**LIVELY, **(behaviour or {})})
    while not model.is_open("council") or not model.topics.topics:
        model.step()
    update_base_utility(model)
    topic = model.topics.topics[-1]
    topic._state = "heard"
    event = model.event("council", topics=[topic], moderated=True)
    event.number = number
    event.came = np.flatnonzero(model.residents.adult)[3:160:8].astype(np.int32)
    event.officers = 2
    return model, event, topic


def test_the_minutes_add_up():
    model, event, topic = make_sitting()
    minutes, turns = meet_on(model, event, topic)
    assert minutes.present == len(event.came) + 2
    assert turns.sum() <= minutes.turns and len(turns) == len(event.came)
    assert minutes.team_present == model.team_mask[event.came].sum() + 2
    inside = model.team_mask[event.came] | model.residents.member_of("party")[event.came]
    assert minutes.team_or_party_share == pytest.approx((inside.sum() + 2) / minutes.present)
    assert minutes.vulnerable_present == pytest.approx(model.vulnerable[event.came].mean())
    assert minutes.vulnerable_speaking == pytest.approx(turns[model.vulnerable[event.came]].sum() / minutes.turns)
    for group in ("elder", "tenant"):
        own = model.residents.member_of(group)[event.came]
        assert getattr(minutes, f"{group}_speaking") == pytest.approx(turns[own].sum() / minutes.turns)
        assert 0 < getattr(minutes, f"{group}_speaking") < minutes.vulnerable_speaking  # both count as vulnerable
    assert 0 <= minutes.gini_speaking <= 1 and 0.2 <= minutes.top_fifth_speaking <= 1
    assert minutes.sitting == topic.talk.meetings == 1
    assert 0 <= minutes.heat_end <= 1 and 0 <= minutes.acceptance <= 1
    decided = is_worked_out(topic.talk.found, topic.feasibility)
    accepted = settles(minutes.acceptance, model.parameters.deliberation.settlement_share)
    assert (minutes.how == "consensus") == (topic.state == "settled") == (decided and accepted)


def test_what_a_sitting_has_moved_stays_moved_for_who_comes_again():
    model, event, topic = make_sitting(behaviour={"deliberation.settlement_share": 1.0})
    meet_on(model, event, topic)
    who, after = topic.talk.who.copy(), topic.talk.position.copy()
    np.testing.assert_array_equal(who, event.came)
    matter = topic_data(topic)._replace(known=who[:0], kept=after[:0])
    first, _ = bring_positions(keys_of(model, topic, NO_TALK), who, 0, model.residents.groups, matter)
    assert np.abs(after - first).max() > 0.01
    still = model.parameters.deliberation._replace(step=0.0, information=0.0)  # nobody is moved any more
    model.parameters = model.parameters._replace(deliberation=still)
    event.came = event.came[::2]  # the others stay away: what they think is kept, too
    event.number += 1
    meet_on(model, event, topic)
    np.testing.assert_array_equal(topic.talk.who, who)
    np.testing.assert_allclose(topic.talk.position, after, atol=1e-12)


def test_a_topic_is_shelved_after_the_sittings_allowed():
    model, event, topic = make_sitting(behaviour={"meeting.sittings_max": 4})
    topic.feasibility = 0.0  # never worked out
    for number in range(4):
        assert topic.state in ("heard", "agenda")
        event.number = number
        minutes, _ = meet_on(model, event, topic)
        assert minutes.how == "none" and minutes.sitting == number + 1
    assert topic.state == "shelved" and topic.resolution.settled_week == -1


def test_what_meetings_have_worked_out_stays_and_decides():
    """Each works out mean skill of the core in integration and procedure of what is left; it is decided on in time."""
    model, event, topic = make_sitting(behaviour={"deliberation.acceptance_halfwidth": 1.0})
    topic.feasibility = 0.35
    officer = model.parameters.initial.skill_able
    core = event.came[model.team_mask[event.came]]
    skills = [model.residents.integration[core], model.residents.procedure[core]]
    means = [(skill.sum(dtype=float) + event.officers * officer) / (len(skill) + event.officers) for skill in skills]
    left, pace = 1.0, model.parameters.deliberation.pace
    assert topic.talk.found == 0.0
    while topic.state != "settled":
        event.number = topic.talk.meetings
        minutes, _ = meet_on(model, event, topic)
        left *= 1 - pace * sum(means) / 2
        assert topic.talk.found == pytest.approx(1 - left) and minutes.acceptance == 1.0
        assert (topic.state == "settled") == (1 - left >= 0.65)
    assert topic.talk.meetings > 1


def test_minutes_are_shared_by_the_topics_and_not_by_heads():
    model, event, topic = make_sitting()
    m = model.parameters.meeting
    assert speeches_for(1, m) == 45 and speeches_for(2, m) == 22 and speeches_for(100, m) == 1
    assert speeches_for(1, m._replace(speeches=20)) == 20
    assert meet_on(model, event, topic)[0].turns == 45
    event.topics, event.number = [topic, topic], 1
    assert meet_on(model, event, topic)[0].turns == 22


def test_core_and_panel_count_at_the_council_and_everybody_elsewhere():
    model, event, _ = make_sitting()
    came, n = event.came, len(event.came)
    team = model.team_mask[came]
    outside = came[~team]
    event.asked = [(PERSONAL, outside[:3]), (LETTER, outside[3:5]), (TEAM_CALL, model.team.members)]
    event.panel = outside[6:8]
    assert model.rules.counts == "core_and_panel"
    panel = np.isin(came, outside[6:8])
    expected = {"core": team, "core_and_panel": team | panel, "present": np.ones(n, bool)}
    for counts, residents in expected.items():
        model.rules.counts = counts
        np.testing.assert_array_equal(who_counts(model, event), [*residents, True, True])
    model.rules.counts = "core"
    event.came, event.officers = outside, 0  # nobody of the core is there
    assert not who_counts(model, event).any()
    adhoc = model.event("adhoc")
    adhoc.came = came
    assert who_counts(model, adhoc).all()


class WatchPanel(Intervention):
    """Looks on at each council session: residents asked in person, who of those present is of the team, who counts."""

    def __post_init__(self):
        super().__post_init__()
        self.seen = []

    def on_attended(self, model, event):
        if event.channel.name == "council":
            asked = [who for code, who in event.asked if code == PERSONAL]
            self.seen.append((asked, event, model.team_mask[event.came], who_counts(model, event)))


@pytest.mark.parametrize("quota", [True, False])
def test_the_panel_is_the_councils_own_and_not_the_crowd_that_the_hierarchy_asks(quota):
    watch = WatchPanel(name="zz")
    model = make_model(
        "grid_hierarchy", weeks=30, behaviour=LIVELY, without=[] if quota else ["quota_seating"], extra=[watch],
        levers={"grid_hierarchy": {"worker_hours": 10.0}},
    ).run()  # fmt: skip
    crowd = 0
    for asked, event, team, counted in watch.seen:
        assert len(asked) == (1 if quota else 2)
        if quota:
            assert set(event.panel) <= set(event.seats_accepted)
        else:
            assert (
                set(event.panel) == set(asked[0]) and len(event.panel) == lever(model, "council").personal_invitations
            )
        own = team | np.isin(event.came, event.panel)
        np.testing.assert_array_equal(counted, [*own, *[True] * event.officers])
        crowd += np.isin(event.came[~own], asked[-1]).sum()
    assert len(watch.seen) > 10 and crowd > 10


def test_who_does_not_count_speaks_and_changes_nothing_but_the_count():
    found = {}
    for counts in ("core", "core_and_panel", "present"):
        model, event, topic = make_sitting()
        model.rules.counts = counts
        minutes, turns = meet_on(model, event, topic)
        found[counts] = (turns, topic.talk.position, minutes.acceptance)
    for counts in ("core", "core_and_panel"):
        np.testing.assert_array_equal(found[counts][0], found["present"][0])
        np.testing.assert_array_equal(found[counts][1], found["present"][1])
    assert found["core"][2] != found["present"][2]


def test_a_trace_changes_no_number():
    """A year with and without: the same tables to the bit; the trace ends as the sheet says."""
    from tests.helpers import assert_same_tables

    plain = make_model("council", weeks=30, behaviour=LIVELY).run()
    traced = make_model("council", weeks=30, behaviour=LIVELY)
    traced.recorder.keep_traces = True
    traced.run()
    assert_same_tables(all_tables(plain), all_tables(traced))
    assert not plain.recorder.traces
    sheets = [sheet for sheet in traced.recorder.sheets if sheet.channel != "ballot"]
    assert len(traced.recorder.traces) == len(sheets) > 3
    for trace, sheet in zip(traced.recorder.traces, sheets, strict=True):
        n = len(trace.resident)
        assert n == sheet.present and trace.position.shape == (sheet.turns, n) == (len(trace.speaker), n)
        assert (trace.week, trace.topic, trace.sitting) == (sheet.week, sheet.topic.number, sheet.sitting)
        assert trace.heat[-1] == sheet.heat_end
        assert trace.accepted[trace.counted].mean() == pytest.approx(sheet.acceptance)
        assert trace.settled == (sheet.how == "consensus")


def test_heat_is_carried_to_the_next_sitting_less_in_a_kindly_room_and_where_helpers_calm():
    """Without clashes or cooling a sitting opens and ends with the share that room and helpers leave."""
    model, event, topic = make_sitting(behaviour={"deliberation.heat_gain": 0.0})
    relief = event.open.venue.relief
    assert relief == pytest.approx(0.35) and topic.talk.heat == 0.0
    assert meet_on(model, event, topic)[0].heat_end == 0.0
    topic.talk.heat, model.rules.help["helper"] = 0.9, FacilitationSupport(calm=0.2)
    assert meet_on(model, event, topic)[0].heat_end == pytest.approx(0.9 * (1 - relief) * 0.8)


def test_a_clash_heats_less_in_a_kindly_room_and_where_helpers_calm():
    ends = []
    for relief, calm in ((0.0, 0.0), (0.4, 0.0), (0.0, 0.4)):
        model, event, topic = make_sitting()
        event.open.venue.relief, model.rules.help["helper"] = relief, FacilitationSupport(calm=calm)
        event.moderated = False
        ends.append(meet_on(model, event, topic)[0].heat_end)
    assert ends[1] == ends[2] < 0.8 * ends[0]


def test_a_moderator_cools_as_much_in_a_kindly_room_and_where_helpers_calm():
    """With nothing at stake nothing heats: what is left of the heat falls by the same share at each speech."""
    for relief, calm in ((0.0, 0.0), (0.4, 0.0), (0.0, 0.4), (0.4, 0.5)):
        model, event, topic = make_sitting(behaviour={"topics.outsider_stake": 0.0})
        event.open.venue.relief, model.rules.help["helper"] = relief, FacilitationSupport(calm=calm)
        topic.stake[:], topic.talk.heat, event.officers = 0.0, 0.9, 0
        p, run = model.parameters.deliberation, model.facilitation(event)
        assert run.turn_sharing > 0.3 and run.speeches > 5
        expected = 0.9 * (1 - relief) * (1 - calm) * (1 - 2 * p.heat_gain * run.turn_sharing) ** run.speeches
        assert meet_on(model, event, topic)[0].heat_end == pytest.approx(expected)


def test_only_a_moderator_and_helpers_hand_round_turns():
    model, event, _ = make_sitting()
    share = model.parameters.meeting.turn_sharing
    model.rules.help["helper"] = FacilitationSupport(turn_sharing=0.1)
    for moderated, expected in ((True, share + 0.1), (False, 0.1)):
        event.moderated = moderated
        assert model.facilitation(event).turn_sharing == pytest.approx(expected)
    model.rules.help["helper"] = FacilitationSupport(turn_sharing=0.9)
    event.moderated = True
    assert model.facilitation(event).turn_sharing == 1.0


def test_a_moderator_shares_out_the_turns():
    """B5, L17: the speaking share of the few falls with a neutral moderator; means over paired sittings."""
    ginis = {}
    for moderated in (True, False):
        found = []
        for number in range(30):
            model, event, topic = make_sitting(number=number)
            event.moderated = moderated
            found.append(meet_on(model, event, topic)[0].gini_speaking)
        ginis[moderated] = np.mean(found)
    assert ginis[True] < ginis[False] - 0.05


def test_a_sitting_of_nobody_settles_nothing():
    model, event, topic = make_sitting()
    event.came, event.officers = np.empty(0, np.int32), 0
    minutes, turns = meet_on(model, event, topic)
    assert minutes.how == "none" and minutes.present == 0 and len(turns) == 0
    assert topic.state == "agenda" and topic.talk.meetings == 1


def test_the_same_sitting_comes_out_the_same_and_another_number_gives_another():
    results = []
    for number in (0, 0, 1):
        model, event, topic = make_sitting(number=number)
        _, turns = meet_on(model, event, topic)
        results.append((turns, topic.talk.position))
    np.testing.assert_array_equal(results[0][0], results[1][0])
    np.testing.assert_array_equal(results[0][1], results[1][1])
    assert not np.array_equal(results[0][0], results[2][0])


def test_officers_sit_with_the_council_moderated_or_not():
    model, event, _ = make_sitting()
    event.came, event.officers, event.moderated = np.empty(0, np.int32), 0, False
    counts = []
    for number in range(200):
        event.number = number
        gather(model, event)
        counts.append(event.officers)
    chance, others = model.team.officer_attendance, model.team.officers - 1
    assert min(counts) >= 1 and max(counts) <= others + 1
    spread = np.sqrt(others * chance * (1 - chance) / 200)
    assert abs(np.mean(counts) - 1 - others * chance) < 5 * spread  # binomial, false alarm 6e-7


def test_draws_belong_to_the_topic_but_the_floor_to_the_meeting():
    """Streams: who accepts and what a room learns are the same in every scenario that deliberates the topic."""
    model, _, topic = make_sitting()
    keys, of_topic = keys_of(model, topic, NO_TALK), (model.seed, topic.arisen_week, topic.number)
    seed, week, number = of_topic
    named = {"position": "position", "officer": "officers", "acceptance": "acceptance", "information": "information"}
    for field, stream in named.items():
        assert getattr(keys, field) == key(seed, f"topics:{stream}", week, number)
    assert keys.susceptibility == key(seed, "residents:susceptibility") and keys.talk == NO_TALK
    topic.talk.meetings, topic.progress.failed_before = 2, 1
    assert topic_data(topic).meeting == 66  # a meeting after a failed resolution brings new information
