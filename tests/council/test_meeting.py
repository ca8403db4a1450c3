"""One sitting: positions are kept, the observation sheet adds up, rules of the room hold."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.council.attendance import gather
from consensus_sim.council.meeting import first_positions, sit
from consensus_sim.council.protocol import feel_like_coming
from consensus_sim.dynamics.deliberation import settles
from consensus_sim.randomness import key
from tests.helpers import make_model

LIVELY = {"topics.arrivals": 0.6, "channels.council": -3.0, "topics.suggestion": 0.5}


def make_sitting(levers=None, behaviour=None, seed=1, number=0):
    """A council session of many on one matter, ready to sit."""
    model = make_model("council", weeks=56, seed=seed, levers=levers, behaviour={**LIVELY, **(behaviour or {})})
    while not model.is_open("council") or not model.topics.topics:
        model.step()
    feel_like_coming(model)
    topic = model.topics.topics[-1]
    topic.state = "heard"
    event = model.event("council", topics=[topic], moderated=True)
    event.number = number
    event.came = np.flatnonzero(model.residents.adult)[3:160:8].astype(np.int32)
    event.officers = 2
    return model, event, topic


def test_the_minutes_add_up():
    model, event, topic = make_sitting()
    minutes, turns = sit(model, event, topic)
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
    assert minutes.sitting == topic.sittings == 1
    assert 0 <= minutes.heat_end <= 1 and 0 <= minutes.acceptance <= 1
    assert (
        (minutes.how == "consensus")
        == (topic.state == "settled")
        == settles(minutes.acceptance, model.parameters.deliberation.settlement_share)
    )


def test_what_a_sitting_has_moved_stays_moved_for_who_comes_again():
    model, event, topic = make_sitting(behaviour={"deliberation.settlement_share": 1.0})
    sit(model, event, topic)
    who, after = topic.who.copy(), topic.position.copy()
    np.testing.assert_array_equal(who, event.came)
    first = np.empty(len(who))
    draw = key(model.seed, "topics:position", topic.arisen_week, topic.number)
    first_positions(topic, draw, who, model.residents.groups, first)
    assert np.abs(after - first).max() > 0.01
    still = model.parameters.deliberation._replace(step=0.0)  # nobody is moved any more
    model.parameters = model.parameters._replace(deliberation=still)
    event.came = event.came[::2]  # the others stay away: what they think is kept, too
    event.number += 1
    sit(model, event, topic)
    np.testing.assert_array_equal(topic.who, who)
    np.testing.assert_allclose(topic.position, after, atol=1e-12)


def test_a_topic_is_shelved_after_the_sittings_allowed():
    model, event, topic = make_sitting(behaviour={"deliberation.settlement_share": 1.0, "meeting.sittings_max": 4})
    for number in range(4):
        assert topic.state in ("heard", "agenda")
        event.number = number
        minutes, _ = sit(model, event, topic)
        assert minutes.how == "none" and minutes.sitting == number + 1
    assert topic.state == "shelved" and topic.settled_week == -1


def test_what_sittings_have_worked_out_stays_on_the_table():
    """Each adds the mean integration skill in the room, and acceptance widens by gamma times the sum (D5)."""
    model, event, topic = make_sitting(behaviour={"deliberation.settlement_share": 1.0})
    skill, officer = model.residents.integration[event.came], model.parameters.meeting.officer_skill
    mean = (skill.sum(dtype=float) + event.officers * officer) / (len(skill) + event.officers)
    assert topic.groundwork == 0.0
    for number in range(3):
        event.number = number
        sit(model, event, topic)
        assert topic.groundwork == pytest.approx((number + 1) * mean)


def test_heat_opens_with_urgency_less_in_a_kindly_room_and_is_carried_to_the_next_sitting():
    from consensus_sim.council.meeting import _opening_heat

    model, event, topic = make_sitting()
    topic.urgency = 0.8
    relief = event.open.venue.relief
    assert relief == pytest.approx(0.35)
    assert _opening_heat(model, event, topic, 0.0) == pytest.approx(0.5 * 0.8 * (1 - relief))
    topic.heat = 0.9
    assert _opening_heat(model, event, topic, 0.2) == pytest.approx(0.9 * (1 - relief) * 0.8)


def test_a_moderator_shares_out_the_turns():
    """B5, L17: the speaking share of the few falls with a neutral moderator; means over paired sittings."""
    ginis = {}
    for moderated in (True, False):
        found = []
        for number in range(30):
            model, event, topic = make_sitting(number=number)
            event.moderated = moderated
            found.append(sit(model, event, topic)[0].gini_speaking)
        ginis[moderated] = np.mean(found)
    assert ginis[True] < ginis[False] - 0.05


def test_a_sitting_of_nobody_settles_nothing():
    model, event, topic = make_sitting()
    event.came, event.officers = np.empty(0, np.int32), 0
    minutes, turns = sit(model, event, topic)
    assert minutes.how == "none" and minutes.present == 0 and len(turns) == 0
    assert topic.state == "agenda" and topic.sittings == 1


def test_the_same_sitting_comes_out_the_same_and_another_number_gives_another():
    results = []
    for number in (0, 0, 1):
        model, event, topic = make_sitting(number=number)
        _, turns = sit(model, event, topic)
        results.append((turns, topic.position))
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
    chance, others = model.parameters.participation.officer_attendance, model.team.officers - 1
    assert min(counts) >= 1 and max(counts) <= others + 1
    spread = np.sqrt(others * chance * (1 - chance) / 200)
    assert abs(np.mean(counts) - 1 - others * chance) < 5 * spread  # binomial, false alarm 6e-7
