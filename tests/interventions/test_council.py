"""The council lever: sessions, whom micro-grid workers ask, the team's load and record."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.council.attendance import accept_chances, update_base_utility
from consensus_sim.dynamics.participation import PERSONAL, TEAM_CALL
from consensus_sim.interventions.base import Intervention
from tests.helpers import attendance, lever, make_model

LIVELY = {"channels.council": -4.0, "topics.arrivals": 0.6, "topics.suggestion": 0.5}


class Look(Intervention):
    """Notes every event of the council after all others have asked people."""

    def __post_init__(self):
        super().__post_init__()
        self.seen = []

    def invite(self, model, event):
        if event.channel.name == "council":
            stake = [model.stake_in(topic).copy() for topic in event.topics]
            self.seen.append((event, stake, model.scratch.common.copy(), model.team_mask.copy()))


def looked(weeks=56, council=None, **options):
    look = Look(name="zz")
    model = make_model(
        "council", weeks=weeks, behaviour=LIVELY, levers={"council": council or {}}, extra=[look], **options
    )
    return model.run(), look.seen


def asked_in_person(event):
    return np.concatenate([who for code, who in event.asked if code == PERSONAL] or [np.empty(0, np.int32)])


@pytest.mark.parametrize("rate", [0.5, 1.0, 3.0, 4.33])
def test_sessions_are_held_as_often_as_set(rate):
    model = make_model("council", weeks=113, levers={"council": {"sessions_per_month": rate}}).run()
    assert len(attendance(model, "council")) == pytest.approx(rate * 24, abs=1.0)


@pytest.mark.parametrize("size", [1, 3])
def test_the_agenda_holds_as_many_as_the_behaviour_says_where_the_lever_does_not(size):
    model = make_model(
        "council", weeks=56, behaviour={**LIVELY, "meeting.agenda_size": size}, extra=[look := Look(name="zz")]
    )
    model.run()
    assert max(len(event.topics) for event, *_ in look.seen) == size


@pytest.mark.parametrize("size", [0, 1, 3])
def test_no_more_topics_than_the_agenda_holds(size):
    _, events = looked(council={"agenda_size": size})
    assert max(len(event.topics) for event, *_ in events) == size


def test_with_a_seating_rule_nobody_is_asked_in_person_without_one_six_are():
    _, seated = looked()
    assert all(len(asked_in_person(event)) == 0 for event, *_ in seated)
    _, free = looked(without=["quota_seating"])
    assert {len(asked_in_person(event)) for event, *_ in free} == {6}


def test_workers_ask_those_with_the_highest_stakes_outside_the_team():
    model, events = looked(without=["quota_seating"])
    weight, some = lever(model, "council").invite_chance, 0
    for event, stakes, _, team in events:
        asked = asked_in_person(event)
        assert not team[asked].any() and model.residents.adult[asked].all()
        if stakes:
            highest = np.max(stakes, axis=0)
            others = np.setdiff1d(np.flatnonzero(model.residents.adult & ~team), asked)
            assert highest[asked].min() >= highest[others].max() - weight - 1e-6
            some += 1
    assert some > 10


def test_prospecting_asks_those_who_would_most_likely_come():
    """L2: those asked have more of what draws people than those asked at random."""
    drawn = {}
    for rule in ("prospect", "random"):
        _, events = looked(council={"invite_by": rule, "personal_invitations": 20}, without=["quota_seating"])
        drawn[rule] = np.mean([common[asked_in_person(event)].mean() for event, _, common, _ in events])
    assert drawn["prospect"] > drawn["random"] + 0.5


def test_prospects_are_the_chances_to_accept_and_the_lot_has_the_weight_that_is_set():
    settings = {"invite_by": "prospect", "personal_invitations": 20, "invite_chance": 0.0}
    model = make_model("council", weeks=20, behaviour=LIVELY, levers={"council": settings}, without=["quota_seating"])
    while model.week < 18:
        model.step()
    council, event = lever(model, "council"), model.event("council")
    update_base_utility(model)
    found = council._prospects(model, event)
    rows = model.adults
    chances = accept_chances(model, event, rows, (PERSONAL,), model.concern[rows].astype(np.float64))[0]
    np.testing.assert_allclose(found[rows], chances, rtol=1e-6)
    assert not np.delete(found, rows).any()
    assert not event.topics and model.topics.waiting
    event.topics = model.topics.waiting[:2]
    found = council._prospects(model, event)
    assert not model.scratch.stake.any(), "the working space is clean"
    stake = np.max([model.stake_in(topic) for topic in event.topics], axis=0)[rows].astype(np.float64)
    np.testing.assert_allclose(found[rows], accept_chances(model, event, rows, (PERSONAL,), stake)[0], rtol=1e-6)
    asked = council._neighbours_asked(model, event)
    others = np.setdiff1d(rows[~model.team_mask[rows]], asked)
    assert found[asked].min() >= found[others].max()
    council.invite_chance = 1.0
    assert found[council._neighbours_asked(model, event)].mean() < found[asked].mean()


def test_random_asking_reaches_everybody_alike():
    model, events = looked(
        weeks=522, council={"invite_by": "random", "sessions_per_month": 4.33}, without=["quota_seating"]
    )
    adults = np.flatnonzero(model.residents.adult)
    counts = np.bincount(np.concatenate([asked_in_person(event) for event, *_ in events]), minlength=model.residents.n)
    counts = counts[adults[~model.team_mask[adults]]]
    mean = counts.mean()
    assert mean > 5
    assert counts.max() < mean + 6 * np.sqrt(mean) and (counts == 0).mean() < 0.05


def test_the_team_is_called_to_every_session_and_bears_the_load():
    _, events = looked()
    for event, _, _, team in events:
        calls = [who for code, who in event.asked if code == TEAM_CALL]
        assert len(calls) == 1
        np.testing.assert_array_equal(calls[0], np.flatnonzero(team))
    quiet = {**LIVELY, "participation.team_call": -12.0, "fatigue.exit": 0.0}
    model = make_model("council", weeks=56, behaviour=quiet).run()
    rest = model.residents.adult & ~model.team_mask & ~model.took_part
    assert model.residents.fatigue[model.team.members].min() > 0
    assert model.residents.fatigue[rest].max() == 0.0


def test_the_record_of_members_is_what_they_did():
    look = Look(name="zz")
    model = make_model("council", weeks=56, behaviour={**LIVELY, "fatigue.exit": 0.0}, extra=[look]).run()
    begun = model.channels["council"].opened_week
    acts = [who for week, _, who in model.recorder.acts if week >= begun]
    for place, member in enumerate(model.team.members):
        assert model.team.attended[place] == sum(member in who for who in acts)
    assert (model.team.spoke <= model.team.attended).all() and model.team.spoke.sum() > 0


@pytest.mark.parametrize("moderated", [True, False])
def test_the_moderator_is_there_or_not(moderated):
    _, events = looked(council={"moderated": moderated})
    assert {event.moderated for event, *_ in events} == {moderated}
    assert all(event.officers > 0 for event, *_ in events)


@pytest.mark.parametrize("procedure", ["pairs", "round"])
def test_each_procedure_runs_and_talks_otherwise(procedure):
    plain, other = (make_model("council", levers={"council": {"procedure": p}}).run() for p in ("plenary", procedure))
    turns = [[sheet.gini_speaking for sheet in model.recorder.sheets] for model in (plain, other)]
    assert turns[0] != turns[1]
