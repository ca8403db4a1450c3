"""Every quantity of the revised plan's forecast, computed by hand from a record of a few acts, topics and sheets."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.catalogue import forecast_metric_names
from consensus_sim.council.meeting import Minutes
from consensus_sim.council.team import Team
from consensus_sim.council.topics import Turn
from consensus_sim.experiments.plan.quantities import periods, read_period
from tests.helpers import make_model

FIRST, LAST = 35, 57
"""Weeks of the base period in a run from 2024-03-04: 4 November 2024 to 6 April 2025."""
WEEKS = LAST - FIRST
PHASE1 = 35 - 9
"""Weeks of May to October 2024."""
NAN = float("nan")


def sheet(topic, week, channel="council", vulnerable=NAN, elder=NAN, tenant=NAN):
    """A row of the observation sheet of which only these cells are read: shares of 20 turns, or nobody spoke."""
    turns = 20 if vulnerable == vulnerable else 0
    seats = (NAN, NAN, NAN, NAN)
    return Minutes(
        week, channel, "parlour", topic, 1, 10, 5, *seats, vulnerable, elder, tenant, turns, NAN, NAN, 0.0, "none", NAN
    )


@pytest.fixture(scope="module")
def people():
    """The model before its first week, and residents by what they are."""
    model = make_model("phase2_plan", weeks=LAST)
    of = model.residents.member_of
    young = np.flatnonzero(of("young") & ~of("tenant") & ~of("vulnerable") & ~of("party"))
    elder = np.flatnonzero(of("elder") & ~of("tenant") & of("vulnerable") & ~of("party"))
    middle = np.flatnonzero(of("all") & ~of("young") & ~of("elder") & ~of("tenant") & ~of("vulnerable") & ~of("party"))
    party = int(np.flatnonzero(of("party"))[0])
    return model, {
        "young 1": int(young[0]), "young 2": int(young[1]), "elder 1": int(elder[0]), "elder 2": int(elder[1]),
        "team": int(middle[0]), "other": int(middle[1]), "party": party,
    }  # fmt: skip


@pytest.fixture(scope="module")
def found(people):
    """What is read from the record written below."""
    model, who = people
    recorder = model.recorder
    member = np.zeros(model.residents.n, bool)
    member[who["team"]] = True
    model.team = Team(np.array([who["team"], who["other"]], np.int32), ["secretary", "lawyer"], 0, member,
                      np.zeros(2, np.int32), np.zeros(2, np.int32), 0.35)  # fmt: skip
    for week, channel, present in (
        (3, "council", ["other"]),  # more than a year before the end: in no window but exposed
        (10, "council", ["young 1"]),  # phase 1
        (10, "ballot", ["young 1", "young 2"]),
        (20, "council", ["elder 2"]),
        (32, "tea", ["elder 2"]),  # before the period, but in the 26 weeks before its end
        (40, "council", ["young 1", "elder 1", "team"]),  # the period
        (40, "ballot", ["young 1", "young 2"]),
        (50, "tea", ["young 1"]),
    ):
        rows = np.sort(np.array([who[name] for name in present], np.int32))
        recorder.acts.append((week, channel, rows))
        recorder.team_acts.append(member[rows])
        recorder.duty_acts.append(member[rows])
    recorder.events_held += [(20, "council", 99), (40, "council", 10), (44, "council", 12), (50, "tea", 7)]

    kind = model.topics.classes[0]
    topics = [
        model.topics.add(kind, "micro_grid", 0, 1, model.residents.groups, np.uint64(number), number)
        for number in range(6)
    ]
    written = (
        dict(raised_by=who["party"], led_by=who["party"], executed_week=44,
             turns=[Turn(36, "heard", ""), Turn(38, "settled", "council", 45)]),
        dict(raised_by=who["young 1"], led_by=who["party"], executed_week=53,
             turns=[Turn(37, "heard", ""), Turn(42, "settled", "council", 50)]),
        dict(raised_by=who["young 1"], led_by=who["party"],  # of phase 1, not carried out, heard again in the period
             turns=[Turn(20, "heard", ""), Turn(30, "settled", "council", 50), Turn(52, "heard", "council")]),
        dict(led_by=who["young 1"], turns=[Turn(20, "heard", ""), Turn(45, "shelved", "adhoc")]),
        dict(turns=[Turn(20, "heard", "")]),
        dict(led_by=who["party"], executed_week=50,  # by an online vote alone
             turns=[Turn(20, "heard", ""), Turn(39, "settled", "ballot", 49)]),
    )  # fmt: skip
    for topic, fields in zip(topics, written, strict=True):
        for name, value in fields.items():
            setattr(topic.resolution if name == "executed_week" else topic.progress, name, value)
    recorder.sheets += [
        sheet(topics[2], 30, vulnerable=0.9, elder=0.9, tenant=0.9),
        sheet(topics[0], 36, vulnerable=0.2, elder=0.1, tenant=0.2),
        sheet(topics[0], 38, vulnerable=0.4, elder=0.4, tenant=0.0),
        sheet(topics[1], 33, "adhoc"), sheet(topics[1], 40), sheet(topics[1], 41, "ballot"), sheet(topics[1], 42),
        sheet(topics[3], 41),
        sheet(topics[3], 45, "adhoc", vulnerable=0.7, elder=0.7, tenant=0.7), sheet(topics[4], 50),
        sheet(topics[2], 55), sheet(topics[5], 39, "ballot"),
    ]  # fmt: skip

    for name, gain in (("skill_gain_trained", 0.5), ("skill_gain_practised", 0.2)):
        recorder.weekly[name] = np.full(LAST, np.nan)
        recorder.weekly[name][[FIRST + 4, FIRST + 9]] = 0.1, gain  # at ends of months
    for place, name in enumerate(("fatigue", "trust", "fatigue_team")):
        recorder.weekly[name] = np.linspace(0, 0.1 * (place + 1), LAST)
    return read_period(model, periods()[1]["5 months"])


def test_the_weeks_are_those_of_the_dates(people):
    model, _ = people
    assert [model.calendar.week_of(day) for day in periods()[1]["5 months"]] == [FIRST, LAST]
    assert [model.calendar.week_of(day) for day in periods()[0]] == [9, 9 + PHASE1]


EXPECTED = {
    # six acts of ordinary residents in the trailing 26 weeks; young 1, young 2, elder 1 and elder 2 took part
    ("frequency_ordinary", "all"): 6 * 13 / 26 / 4,
    # four of these in person; young 2 never came in person
    ("frequency_ordinary_in_person", "all"): 4 * 13 / 26 / 3,
    # one of two members of the team once in person
    ("backbone_activities", "team"): 1 * (52 / 12) / WEEKS / 2,
    ("youth_ratio", "young"): (4 / WEEKS) / (3 / PHASE1),
    ("youth_ratio_in_person", "young"): (2 / WEEKS) / (1 / PHASE1),
    ("person_times", "council"): 22,
    ("person_times", "tea"): 7,
    ("person_times", "reception"): 0,
    # two settled at the council, after 2 and 3 sittings in person; the votes are none
    ("meetings_per_settled", "all"): 2.5,
    # both carried out; the one of phase 1 and the one voted on are no resolutions of the council in the period
    ("executed_at_readout", "all"): 1.0,
    ("executed_within_26_weeks", "all"): NAN,  # nobody is followed for 26 weeks in 22
    # four fell due: one on time, two late, one not at all
    ("execution_on_time", "all"): 1 / 4,
    ("matters_landed", "all"): 3,
    ("matters_landed_council", "all"): 2,
    # two first heard in the period
    ("topics_raised_by_party", "all"): 1 / 2,
    # four deliberated in person that somebody leads
    ("topics_led_by_party", "all"): 3 / 4,
    # six on an agenda: three settled, one shelved, two open, of which one was settled before and is heard again
    ("consensus_settled", "all"): 3 / 6,
    ("consensus_shelved", "all"): 1 / 6,
    ("consensus_open", "all"): 2 / 6,
    ("settled_within_26_weeks", "all"): NAN,
    # young 1 and elder 1 at the council's session, the team left out
    ("attendance_share", "elder"): 1 / 2,
    ("attendance_share", "tenant"): 0,
    ("attendance_share", "vulnerable"): 1 / 2,
    # two council sheets of the period with a value
    ("speaking_share", "vulnerable"): 0.3,
    ("speaking_share", "elder"): 0.25,
    ("speaking_share", "tenant"): 0.1,
    ("skill_gain_trained", "all"): 0.5,
    ("skill_gain_practised", "all"): 0.2,
    ("fatigue", "all"): 0.1,
    ("trust", "all"): 0.2,
    ("fatigue_team", "team"): 0.3,
}


@pytest.mark.parametrize("key", EXPECTED, ids=" ".join)
def test_a_quantity_is_what_its_definition_says(found, key):
    assert found[key] == pytest.approx(EXPECTED[key], abs=1e-6, nan_ok=True)


def test_reach_counts_each_person_once(found, people):
    size = {group: people[0].residents.member_of(group).sum() for group in ("all", "young", "elder", "tenant")}
    persons = {"all": (4, 3), "young": (2, 1), "elder": (1, 1), "tenant": (0, 0)}
    for group, (any_way, in_person) in persons.items():
        assert found["reach", group] == pytest.approx(any_way / size[group])
        assert found["reach_in_person", group] == pytest.approx(in_person / size[group])


def test_no_quantity_is_left_untested():
    assert {name for name, _ in EXPECTED} | {"reach", "reach_in_person"} == set(forecast_metric_names())
