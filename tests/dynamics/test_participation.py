"""D2: the decision to come equals the logit written out in NumPy, and moves the right way with each of its terms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consensus_sim.dynamics.participation import (
    LETTER,
    NOT_INVITED,
    PERSONAL,
    ParticipationParameters,
    Standard,
    UtilityTerms,
    accept_chance_of_seat,
    common_utility,
    cost_of_coming,
    decide,
    fear_weights,
    housemates,
    in_bins,
    level_of_bins,
    level_of_mean,
    mean_pull,
    pulls,
    remember_ties,
)
from consensus_sim.parameters import Behaviour
from consensus_sim.randomness import key, uniforms
from consensus_sim.study.config import compose

N = 20_000
P = Behaviour.from_config(compose()["behaviour"]).values("participation", ParticipationParameters)
LEVELS = np.array([-3.0, -1.5, -0.5, -2.0, 0.5])
STANDARD = Standard(0.4, 0.15, 0.35, 0.2, 0.45, 0.12, 0.4, 0.18)


def make_crowd(seed=5, n=N, **changes):
    """Arguments of `decide` for a mixed crowd; `changes` replace whole arrays."""
    rng = np.random.default_rng(seed)
    crowd = {
        "adult": rng.random(n) < 0.85,
        "aware": rng.integers(0, 8, n).astype(np.uint16),
        "asked": rng.choice([0, 0, 0, 0, 1, 2, 3, 4], n).astype(np.uint8),
        "common": rng.normal(0, 1, n).astype(np.float32),
        "fixed": rng.normal(-0.5, 0.5, n).astype(np.float32),
        "fear_weight": (1 + rng.random(n)).astype(np.float32),
        "expression": rng.random(n, np.float32),
        "habit": rng.random(n, np.float32),
        "stake": rng.random(n, np.float32),
        "reward": rng.random(n, np.float32),
        "shift": 0.3,
        "fear": 0.9,
    }
    return crowd | changes


def who_comes(crowd, bit=2, k=None, levels=LEVELS):
    came = np.empty(len(crowd["adult"]), np.int32)
    names = ("common", "fixed", "fear_weight", "expression", "habit", "reward")
    terms = UtilityTerms(*(crowd[name] for name in names))
    number = decide(
        key(1, "attend") if k is None else k, bit, crowd["adult"], crowd["aware"], crowd["asked"], terms,
        crowd["stake"], crowd["shift"], crowd["fear"], levels, P, came,
    )  # fmt: skip
    return came[:number]


def utility(crowd):
    """The exponent of D2 in double precision."""
    column = {name: np.asarray(values, np.float64) for name, values in crowd.items() if name != "asked"}
    reward = column["reward"] if len(crowd["reward"]) else 0.0
    fear = column["fear"] * column["fear_weight"] * (1 - column["expression"])
    return (
        LEVELS[crowd["asked"]] + column["shift"] + column["common"] + P.habit * column["habit"]
        + P.stake * column["stake"] + column["fixed"] + reward - fear
    )  # fmt: skip


@pytest.mark.parametrize("shift", [0.3, -3.0, -7.0])
@pytest.mark.parametrize("reward", [True, False])
def test_the_decision_is_the_logit_written_out_in_numpy(shift, reward):
    crowd = make_crowd(shift=shift, **({} if reward else {"reward": np.empty(0, np.float32)}))
    may = crowd["adult"] & (((crowd["aware"] & 2) != 0) | (crowd["asked"] > 0))
    draws = uniforms(key(1, "attend"), N)
    expected = np.flatnonzero(may & (draws < 1 / (1 + np.exp(-utility(crowd)))))
    found = who_comes(crowd)
    assert len(expected) > 20
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("name", "up"),
    [("common", True), ("habit", True), ("stake", True), ("reward", True), ("fixed", True), ("expression", True),
     ("fear_weight", False)],
)  # fmt: skip
def test_under_the_same_chance_more_of_what_draws_loses_nobody_and_more_of_what_deters_wins_nobody(name, up):
    crowd = make_crowd()
    more = dict(crowd)
    limit = 1.0 if name in ("habit", "stake", "expression") else 10.0
    more[name] = np.minimum(crowd[name] + np.float32(0.4), np.float32(limit))
    few, many = (set(who_comes(each).tolist()) for each in ((crowd, more) if up else (more, crowd)))
    assert few < many


@pytest.mark.parametrize(("name", "up"), [("fear", False), ("shift", True)])
def test_fear_of_the_room_deters_and_a_common_shift_draws(name, up):
    few, many = (set(who_comes(make_crowd(**{name: value})).tolist()) for value in ((0.1, 1.2) if up else (1.2, 0.1)))
    assert few < many


def test_an_invitation_draws_and_needs_no_awareness():
    nobody = np.zeros(N, np.uint16)
    sets = [
        set(who_comes(make_crowd(aware=nobody, asked=np.full(N, code, np.uint8))).tolist())
        for code in (NOT_INVITED, LETTER, PERSONAL)
    ]
    assert sets[0] == set() < sets[1] < sets[2]


def test_nobody_under_18_comes_and_the_list_ascends():
    crowd = make_crowd(shift=20.0)
    came = who_comes(crowd)
    may = crowd["adult"] & (((crowd["aware"] & 2) != 0) | (crowd["asked"] > 0))
    np.testing.assert_array_equal(came, np.flatnonzero(may))
    assert not crowd["adult"].all()


def test_the_share_who_come_is_the_logistic_of_the_level():
    """Binomial, 5 standard errors: false alarm 6e-7."""
    plain = {name: np.zeros(N, np.float32) for name in ("common", "fixed", "fear_weight", "expression", "habit")}
    crowd = make_crowd(
        adult=np.ones(N, bool), aware=np.full(N, 2, np.uint16), asked=np.zeros(N, np.uint8), **plain,
        stake=np.zeros(N, np.float32), reward=np.empty(0, np.float32), shift=0.0, fear=0.0,
    )  # fmt: skip
    for level in (-5.0, -2.0, 0.4):
        share = 1 / (1 + np.exp(-level))
        found = len(who_comes(crowd, levels=np.full(5, level))) / N
        assert abs(found - share) < 5 * np.sqrt(share * (1 - share) / N)


def attraction(**columns):
    """`common_utility` of one average rested resident, with the given columns changed."""
    start = {
        "cognition": np.full((3, 1), 0.4, np.float32), "efficacy": 0.35, "trust": 0.45, "motive": 0.4,
        "neighbours_came": 0.0, "fatigue": 0.0, "strain": 0.0,
    }  # fmt: skip
    arrays = [np.array([v], np.float32) if np.isscalar(v) else v for v in (start | columns).values()]
    out = np.empty(1, np.float32)
    common_utility(*arrays, STANDARD, P, out)
    return float(out[0])


def test_an_average_rested_adult_is_drawn_by_nothing():
    assert attraction() == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("efficacy", 0.55, P.attitudes),
        ("trust", 0.57, P.attitudes),
        ("motive", 0.58, P.attitudes),
        ("cognition", np.full((3, 1), 0.55, np.float32), P.attitudes),
        ("cognition", np.array([[0.85], [0.4], [0.4]], np.float32), P.attitudes),
        ("trust", 0.33, -P.attitudes),
        ("neighbours_came", 0.5, 0.5 * P.neighbours),
        ("fatigue", 0.5, -0.5 * P.fatigue),
        ("strain", 0.25, -0.25 * P.fatigue),
    ],
)
def test_one_standard_deviation_pulls_by_its_parameter(column, value, expected):
    assert attraction(**{column: value}) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("fatigue", "strain"), [(0.5, 0.2), (0.2, 0.5), (0.5, 0.5)])
def test_the_worse_of_fatigue_and_strain_holds_back_and_the_other_adds_nothing(fatigue, strain):
    """The prior of beta_F is that of full fatigue: the same tiredness is not counted twice."""
    assert attraction(fatigue=fatigue, strain=strain) == pytest.approx(-0.5 * P.fatigue, abs=1e-5)


def test_fear_weighs_more_for_tenants_and_the_old_who_do_not_belong():
    out, belonging = np.empty(6, np.float32), np.array([0, 0.5, 1, 0, 0.5, 1], np.float32)
    fear_weights(belonging, np.array([True] * 3 + [False] * 3), out)
    np.testing.assert_allclose(out, [2.0, 1.5, 1.0, 1.0, 1.0, 1.0])


def test_ties_notice_who_came_by_the_weight_they_give_them_up_to_one():
    indptr, indices = np.array([0, 2, 3, 4]), np.array([1, 2, 0, 0], np.int32)
    mirror = np.array([0.9, 0.25, 0.5, 0.5], np.float32)  # what 1 and 2 give to 0, what 0 gives to 1 and 2
    noticed = np.zeros(3, np.float32)
    remember_ties(np.array([0], np.int32), indptr, indices, mirror, noticed)
    np.testing.assert_allclose(noticed, [0.0, 0.9, 0.25])
    remember_ties(np.array([0, 1], np.int32), indptr, indices, mirror, noticed)
    np.testing.assert_allclose(noticed, [0.5, 1.0, 0.5])


def test_housemates_are_the_other_adults_of_the_dwelling():
    rng = np.random.default_rng(2)
    dwelling = np.sort(rng.integers(0, 60, 200)).astype(np.int32)
    adult = rng.random(200) < 0.7
    who = np.sort(rng.choice(np.flatnonzero(adult), 25, replace=False)).astype(np.int32)
    expected = [i for i in range(200) if adult[i] and i not in who and any(dwelling[i] == dwelling[j] for j in who)]
    found = housemates(dwelling, adult, who)
    assert found.tolist() == expected and len(expected) > 10


@pytest.mark.parametrize("reward", [np.empty(0, np.float32), np.full(60, 0.25, np.float32)], ids=["none", "reward"])
def test_a_seat_is_accepted_with_the_logit_of_the_decision(reward):
    rng = np.random.default_rng(9)
    common, fixed, fear_weight, expression, habit = rng.random((5, 60), dtype=np.float32)
    who, level = np.array([3, 8, 59], np.int64), np.array([-1.5, 0.5])
    stake = np.array([0.0, 0.4, 1.0])
    p = ParticipationParameters(**{**dict.fromkeys(ParticipationParameters._fields, 0.0), "habit": 1.5, "stake": 0.8})
    terms = UtilityTerms(common, fixed, fear_weight, expression, habit, reward)
    found = accept_chance_of_seat(who, terms, stake, 0.7, level, p)
    x = common[who] + 1.5 * habit[who] + 0.8 * stake + fixed[who] - 0.7 * fear_weight[who] * (1.0 - expression[who])
    x = x + (reward[who] if len(reward) else 0.0)
    np.testing.assert_allclose(found, 1.0 / (1.0 + np.exp(-(level[:, None] + x))), rtol=1e-6)
    assert (found > 0).all() and (found < 1).all() and (found[1] > found[0]).all()


def test_pulls_and_their_mean_are_those_of_numpy():
    rng = np.random.default_rng(3)
    adults = np.flatnonzero(rng.random(500) < 0.8)
    common, weight, unskilled = (rng.random(len(adults)).astype(np.float32) for _ in range(3))
    fixed, counted = rng.normal(size=500).astype(np.float32), rng.random(500) < 0.6
    expected = (common + fixed[adults] - np.float32(0.7) * weight * unskilled)[counted[adults]]
    drawn = pulls(common, fixed, 0.7, weight, unskilled, adults, counted)
    np.testing.assert_allclose(drawn, expected, rtol=1e-6)
    assert mean_pull(drawn) == pytest.approx(np.log(np.exp(expected.astype(np.float64)).mean()), rel=1e-6)
    nobody = pulls(common, fixed, 0.7, weight, unskilled, adults, np.zeros(500, bool))
    assert len(nobody) == 0 == mean_pull(nobody)


@given(st.floats(1e-9, 1 - 1e-9), st.floats(0, 4), st.integers(0, 99))
def test_the_mean_chance_at_the_level_found_is_the_one_asked_for(share, spread, seed):
    drawn = np.random.default_rng(seed).normal(seed - 50, spread, size=2000)
    level = level_of_mean(share, drawn, 1.0)
    mean = (1.0 / (1.0 + np.exp(-(level + drawn)))).mean()
    assert abs(mean - share) <= 1e-3 * min(share, 1 - share) + 1e-12


@given(st.floats(1e-6, 0.9), st.floats(0, 4), st.floats(1, 60), st.integers(0, 99))
def test_so_many_act_at_least_once_at_many_events(share, spread, times, seed):
    drawn = np.random.default_rng(seed).normal(seed - 50, spread, size=2000)
    level = level_of_mean(share, drawn, times)
    once = 1.0 - (1.0 - 1.0 / (1.0 + np.exp(-(level + drawn)))) ** times
    assert once.mean() == pytest.approx(share, rel=5e-3)


@pytest.mark.parametrize("size", [0, 1, 3000])
def test_one_sorting_into_bins_serves_every_share(size):
    drawn = np.random.default_rng(size).normal(-2.0, 1.5, size)
    bins = in_bins(drawn)
    assert bins.pull == mean_pull(drawn)
    if size:
        assert bins.share.sum() == pytest.approx(1.0)
        assert bins.share @ bins.centre == pytest.approx(drawn.mean())
        edges = np.linspace(drawn.min(), drawn.max(), len(bins.share) + 1)
        filled = bins.share > 0
        assert (bins.centre[filled] >= edges[:-1][filled] - 1e-9).all()
        assert (bins.centre[filled] <= edges[1:][filled] + 1e-9).all()
    for share in (1e-4, 0.1, 0.6):
        assert level_of_bins(share, bins, 12.0) == level_of_mean(share, drawn, 12.0)


def test_the_level_of_nobody_and_of_people_alike_is_the_log_odds():
    assert level_of_mean(0.2, np.empty(0), 1.0) == pytest.approx(np.log(0.25))
    assert level_of_mean(0.36, np.empty(0), 2.0) == pytest.approx(np.log(0.25)), "1 - 0.8^2 = 0.36"
    assert level_of_mean(0.2, np.full(9, 1.5), 1.0) == pytest.approx(np.log(0.25) - 1.5)
    rare = np.random.default_rng(1).normal(size=5000)
    assert level_of_mean(1e-7, rare, 1.0) == pytest.approx(np.log(1e-7) - mean_pull(rare), abs=1e-3)


def test_coming_costs_the_larger_clash_the_evening_and_the_way():
    working, parent = np.array([False, True, False, True, False]), np.array([False, False, True, True, False])
    elder = np.array([False, True, False, False, True])
    way = np.array([0.0, 0.5, 1.0, 0.0, 0.25], np.float32)
    told = cost_of_coming(working, parent, elder, 0.25, 0.75, 0.5, 2.0, 3.0, way)
    np.testing.assert_allclose(told, [0.0, -0.5 - 1.5 - 0.5, -1.5 - 1.0, -1.5, -1.5 - 0.25])
