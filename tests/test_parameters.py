"""Every parameter is named, ranged and checked when it is read."""

from __future__ import annotations

from copy import deepcopy
from typing import NamedTuple

import numpy as np
import pytest

from consensus_sim.errors import InputError
from consensus_sim.model.state import read_parameters
from consensus_sim.parameters import GRADES, Behaviour, read_parameter
from consensus_sim.study.config import compose

FILE = compose([])["behaviour"]
GOOD = {"value": 0.2, "low": 0.1, "high": 0.3, "unit": "share", "source": "P1", "grade": "J", "identified": "no"}


def test_every_parameter_of_the_file_is_read_by_the_model():
    parameters = read_parameters(Behaviour.from_config(FILE))
    assert parameters.trust.gain == FILE["trust"]["gain"]["value"]
    assert parameters.meeting.sittings_max == 5 and isinstance(parameters.meeting.sittings_max, int)


@pytest.mark.parametrize("group", FILE)
def test_every_parameter_states_unit_source_grade_and_meaning(group):
    for name, entry in FILE[group].items():
        assert entry["unit"] and entry["source"] and entry["meaning"], name
        assert entry["grade"] in GRADES and entry["identified"] in ("yes", "joint", "no", "sign"), name
        assert entry["low"] <= entry["value"] <= entry["high"], name


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"value": 0.5}, "found 0.5; allowed: 0.1 to 0.3 share, or 0"),
        ({"value": "much"}, "found 'much'; allowed: a number"),
        ({"value": True}, "allowed: a number"),
        ({"value": float("nan")}, "allowed: a number"),
        ({"low": 0.4}, "low: found 0.4; allowed: a number up to 0.3"),
        ({"grade": "X"}, "grade: found 'X'"),
        ({"sauce": "P1"}, "did you mean 'source'"),
        ({"integer": True}, "allowed: a whole number"),
    ],
)
def test_a_wrong_entry_is_reported_in_one_line(change, expected):
    with pytest.raises(InputError, match="behaviour.x.y") as error:
        read_parameter("behaviour.x.y", {**GOOD, **change})
    assert expected in str(error.value) and "\n" not in str(error.value)


def test_what_the_case_identifies_is_calibrated():
    """Of lectures, fatigue and loss of the team it identifies the sign alone (evidence, P28, P37)."""
    behaviour = list(Behaviour.from_config(compose()["behaviour"]))
    assert all(p.calibrate for p in behaviour if p.identified == "yes")
    signs = [p.name.removeprefix("behaviour.") for p in behaviour if p.identified == "sign"]
    assert signs == ["learning.lecture_skill", "learning.course_cognition", "fatigue.half_life", "fatigue.exit"]


def test_nought_switches_a_mechanism_off():
    assert read_parameter("behaviour.x.y", {**GOOD, "value": 0}).value == 0.0


def test_a_missing_or_unknown_parameter_is_told():
    lacking, surplus = deepcopy(FILE), deepcopy(FILE)
    del lacking["trust"]["gain"]
    surplus["trust"]["gian"] = surplus["trust"]["gain"]
    with pytest.raises(InputError, match="behaviour.trust: the key 'gain' is missing"):
        read_parameters(Behaviour.from_config(lacking))
    with pytest.raises(InputError, match="did you mean 'gain'"):
        read_parameters(Behaviour.from_config(surplus))


def test_draws_from_the_prior_stay_in_range_and_are_the_same_for_all_scenarios():
    behaviour = Behaviour.from_config(FILE)
    draws = [behaviour.drawn(1, replicate) for replicate in range(50)]
    for at_centre, *drawn in zip(behaviour, *draws, strict=True):
        values = np.array([parameter.value for parameter in drawn])
        assert values.min() >= at_centre.low and values.max() <= at_centre.high
        fixed = at_centre.low == at_centre.high or not at_centre.varies
        assert (values == at_centre.value).all() if fixed else values.std() > 0 or at_centre.integer
    assert behaviour.drawn(1, 3).fingerprint() == draws[3].fingerprint() != draws[4].fingerprint()


def test_what_is_not_drawn_keeps_its_value_and_its_prior():
    """In forecasts it is the value; in the whole behaviour a draw of the prior, the one it has where it is drawn."""
    entries = {"a": GOOD, "b": {**GOOD, "drawn": False}, "c": {**GOOD, "distribution": "fixed"}}
    core = Behaviour.from_config({"x": entries})
    found = [{p.name[-1]: p.value for p in of.drawn(1, 3)} for of in (core, core.whole)]
    assert found[0]["b"] == found[0]["c"] == found[1]["c"] == GOOD["value"] != found[1]["b"]
    assert found[0]["a"] == found[1]["a"]
    drawn = Behaviour.from_config({"x": {**entries, "b": GOOD}}).drawn(1, 3)
    assert found[1]["b"] == drawn.value("x", "b")
    assert [p.varies for p in core] == [True, False, False] and [p.varies for p in core.whole] == [True, True, False]
    assert core.with_values({"behaviour.x.b": 0.4}).whole.value("x", "b") == 0.4


@pytest.mark.parametrize("fixed", [{"distribution": "fixed"}, {"drawn": False}])
def test_what_is_not_drawn_cannot_be_calibrated(fixed):
    with pytest.raises(InputError, match="what is fixed cannot be calibrated"):
        read_parameter("behaviour.x.y", {**GOOD, "calibrate": True, **fixed})


def test_a_group_can_be_read_as_any_named_tuple_of_its_parameters():
    class Two(NamedTuple):
        a: float
        b: float

    behaviour = Behaviour.from_config({"g": {"a": GOOD, "b": {**GOOD, "value": 0.3}}})
    assert behaviour.values("g", Two) == Two(0.2, 0.3)


def spread(**changes):
    parameter = read_parameter("behaviour.x.y", {**GOOD, **changes})
    return parameter, parameter.at(np.linspace(0.0005, 0.9995, 2000))


def test_priors_have_the_shape_that_they_say():
    """Means of uniform, triangular and PERT, (low + 4 mode + high) / 6; median of the log-uniform."""
    assert spread()[1].mean() == pytest.approx(0.2, rel=1e-3)
    logarithmic, values = spread(distribution="log-uniform")
    assert logarithmic.at(0.5) == pytest.approx(np.sqrt(0.03)) and values.min() >= 0.1
    mode = {"value": 0.14}
    assert spread(distribution="triangular", **mode)[1].mean() == pytest.approx((0.1 + 0.14 + 0.3) / 3, rel=1e-3)
    assert spread(distribution="beta", **mode)[1].mean() == pytest.approx((0.1 + 4 * 0.14 + 0.3) / 6, rel=1e-3)
    assert (spread(distribution="fixed", **mode)[1] == 0.14).all()
    whole, values = spread(value=5, low=3, high=6, integer=True)
    assert set(values) == {3, 4, 5, 6} and isinstance(whole.at(0.4), float)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"distribution": "normal"}, "distribution: found 'normal'"),
        ({"distribution": "log-uniform", "low": 0}, "needs a low above 0"),
        ({"distribution": "fixed", "calibrate": True}, "what is fixed cannot be calibrated"),
        ({"calibrate": "yes"}, "calibrate: found 'yes'; allowed: true or false"),
    ],
)
def test_a_wrong_prior_is_reported(change, expected):
    with pytest.raises(InputError) as error:
        read_parameter("behaviour.x.y", {**GOOD, **change})
    assert expected in str(error.value)
