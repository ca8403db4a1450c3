"""The parlour: capacity, fear, elders' corner, display."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.council.attendance import fear_of, fear_weight_at
from tests.helpers import attendance, make_model

LIVELY = {"channels.council": -4.0, "topics.arrivals": 0.6}


def make_started(behaviour=(), **settings):
    model = make_model("council", weeks=56, levers={"parlour": settings}, behaviour={**LIVELY, **dict(behaviour)})
    while not model.is_open("council"):
        model.step()
    return model


def test_the_council_moves_in_and_out():
    model = make_model("council", weeks=40, levers={"parlour": {"start": "2024-07-01", "end": "2024-09-01"}})
    where = []
    while model.week < 40:
        model.step()
        where.append(model.channels["council"].venue.name if model.is_open("council") else "")
    opened = model.channels["council"].opened_week
    assert where[opened : opened + 3] == ["committee_office"] * 3
    assert where.count("parlour") == 9 and where[-1] == "committee_office"
    assert opened == 9, "who knows of it and since when stays"


def test_relief_takes_its_share_of_fear_from_all_and_the_corner_from_elders():
    plain, corner = (make_started(relief=0.4, elders_corner=on, elder_relief=0.5) for on in (False, True))
    elder = plain.community.population.elder
    weights = [fear_weight_at(model, model.channels["council"]).copy() for model in (plain, corner)]
    np.testing.assert_allclose(weights[1][elder], 0.5 * weights[0][elder], rtol=1e-6)
    np.testing.assert_array_equal(weights[1][~elder], weights[0][~elder])
    for model in (plain, corner):
        assert fear_of(model, model.channels["council"]) == pytest.approx(0.6 * model.parameters.participation.fear)


def test_relief_brings_the_unskilled_more_than_the_skilled():
    """F67, P12: paired runs over six seeds; attendances at the council of those below and above middling expression."""
    came = {}
    for relief in (0.0, 1.0):
        counts = np.zeros(2)
        for seed in range(6):
            settings = {"relief": relief, "elders_corner": False, "show": 0.0}
            model = make_model(
                "council", weeks=56, seed=seed, levers={"parlour": settings},
                behaviour={**LIVELY, "participation.fear": 1.5}, without=["quota_seating"],
            ).run()  # fmt: skip
            start = model.residents.start_skill[0]
            middle = np.median(start[model.residents.adult])
            for _, channel, who in model.recorder.acts:
                if channel == "council":
                    low = start[who[~model.team_mask[who]]] < middle
                    counts += (low.sum(), (~low).sum())
        came[relief] = counts
    gain = came[1.0] / came[0.0]
    assert gain[0] > 1.3 and gain[0] > gain[1]


def test_a_kindly_room_heats_less():
    heat = {}
    for relief in (0.0, 0.9):
        model = make_model("council", weeks=56, levers={"parlour": {"relief": relief}}, behaviour=LIVELY).run()
        heat[relief] = np.mean([sheet.heat_end for sheet in model.recorder.sheets if sheet.channel == "council"])
    assert heat[0.9] < heat[0.0]


def test_what_the_parlour_shows_is_heard_of():
    aware = {}
    for show in (0.0, 1.0):
        model = make_model(
            "council", weeks=30, levers={"parlour": {"show": show}}, without=["tea", "ballot"],
            behaviour={"awareness.reach": 1.0},
        ).run()  # fmt: skip
        aware[show] = model.residents.aware_of("council")[model.residents.adult].mean()
    assert aware[1.0] > aware[0.0] + 0.05


@pytest.mark.parametrize("capacity", [3, 8])
def test_no_more_than_its_capacity_of_residents(capacity):
    council = {"moderated": False}
    eager = {**LIVELY, "channels.council": 0.0}
    model = make_model(
        "council", weeks=40, levers={"parlour": {"capacity": capacity}, "council": council}, behaviour=eager
    )
    model.run()
    assert max(attendance(model, "council")) == capacity


def test_a_parlour_without_room_leaves_the_council_where_it_was():
    assert make_started(capacity=0).channels["council"].venue.name == "committee_office"
