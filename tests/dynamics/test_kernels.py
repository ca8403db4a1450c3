"""Kernels of the weekly change against closed forms and independent NumPy; deliberation has a file of its own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from consensus_sim import load_community
from consensus_sim.dynamics.awareness import Announcements, TieRows, mirror_weights, spread_awareness
from consensus_sim.dynamics.fatigue import add_bounded, crowd_out, crowding_depth, reward_pull
from consensus_sim.dynamics.learning import (
    fade,
    forget,
    gain_saturating,
    keep_factor,
    recover,
    return_to,
)
from consensus_sim.dynamics.measures import means_where, moments_by_group
from consensus_sim.dynamics.participation import (
    ParticipationParameters,
    Standard,
    UtilityTerms,
    common_utility,
    decide,
    housemates,
    remember_ties,
)
from consensus_sim.dynamics.ties import lay_out
from consensus_sim.dynamics.topics import (
    InitialPositions,
    OpenTopics,
    Readiness,
    draw_positions,
    draw_stakes,
    draw_susceptibility,
    interest_of,
    raise_concern,
    raise_topics,
    recompute_concern,
)
from consensus_sim.dynamics.trust import (
    Outcome,
    TrustParameters,
    Witnesses,
    drift_along_ties,
    move_efficacy,
    see_outcome,
)
from consensus_sim.randomness import key, uniforms
from tests.helpers import latent

RNG = np.random.default_rng(0)
N = 4000
P = ParticipationParameters(**dict.fromkeys(ParticipationParameters._fields, 0.0))._replace(
    attitudes=0.3, habit=2.75, stake=1.5, neighbours=1.25, fatigue=2.0
)
EVERYBODY = np.arange(N, dtype=np.int32)


def column(low=0.0, high=1.0):
    return RNG.uniform(low, high, N).astype(np.float32)


@pytest.fixture(scope="module")
def network():
    return load_community("teaching").network


# --- awareness ---------------------------------------------------------------------------------------------------


def spread(weeks, notice, neighbour_rate, lost, network, aware, seed=1, habit=0.0):
    n = len(network.indptr) - 1
    following = np.empty(n, np.uint16)
    habits = np.full((2, n), habit, np.float32)
    for week in range(weeks):
        spread_awareness(
            key(seed, "news", week), key(seed, "fine", week),
            Announcements(np.array([2]), np.array([notice]), np.array([0.0]), np.array([0]), np.array([0])),
            np.ones((1, n), np.float32), habits, np.ones(n, bool), np.zeros(n, bool),
            TieRows(network.indptr, network.indices, network.weight), neighbour_rate, lost, aware, following,
        )  # fmt: skip
    return aware


def test_awareness_settles_where_the_two_state_chain_does(network):
    hear, lost = 0.06, 0.04
    n = len(network.indptr) - 1
    shares = []
    for seed in range(60):
        aware = spread(120, -np.log(1 - hear), 0.0, lost, network, np.zeros(n, np.uint16), seed)
        shares.append((aware == 4).mean())
    expected = hear / (hear + lost)
    error = np.sqrt(expected * (1 - expected) / (n * 60))
    assert abs(np.mean(shares) - expected) < 5 * error  # false alarm below one in a million


def test_nothing_spreads_without_a_source_and_habit_does_not_forget(network):
    n = len(network.indptr) - 1
    assert not spread(20, 0.0, 0.15, 0.05, network, np.zeros(n, np.uint16)).any()
    all_know = np.full(n, 4, np.uint16)
    assert (spread(20, 0.0, 0.0, 0.5, network, all_know.copy(), habit=1.0) == 4).all()
    assert (spread(20, 0.0, 0.0, 0.5, network, all_know.copy()) == 0).mean() > 0.99


def test_ties_carry_news(network):
    n = len(network.indptr) - 1
    seeds = np.zeros(n, np.uint16)
    seeds[:20] = 4
    linked = spread(5, 0.0, 0.15, 0.0, network, seeds.copy())
    assert (linked == 4).sum() > 20
    strangers = np.flatnonzero(np.diff(network.indptr) == 0)
    assert not linked[strangers[strangers >= 20]].any()


def test_other_channels_keep_their_bits(network):
    n = len(network.indptr) - 1
    aware = spread(5, 0.5, 0.1, 0.2, network, np.full(n, 1 + 8, np.uint16))
    assert ((aware & 9) == 9).all()


def test_mirror_weights_are_the_transpose(network):
    n = len(network.indptr) - 1
    matrix = sparse.csr_array((network.weight, network.indices, network.indptr), shape=(n, n))
    mirrored = mirror_weights(network.indptr, network.indices, network.weight)
    turned = sparse.csr_array((mirrored, network.indices, network.indptr), shape=(n, n))
    assert abs(matrix.T - turned).max() == 0


# --- participation -----------------------------------------------------------------------------------------------


def utility(cognition, efficacy, trust, motive, came, fatigue, strain):
    out = np.empty(N, np.float32)
    standard = Standard(0.5, 0.2, 0.4, 0.1, 0.6, 0.15, 0.3, 0.12)
    common_utility(cognition, efficacy, trust, motive, came, fatigue, strain, standard, P, out)
    return out


def test_common_utility_is_the_equation():
    cognition = RNG.uniform(0, 1, (3, N)).astype(np.float32)
    efficacy, trust, motive, came, fatigue, strain = (column() for _ in range(6))
    z = [
        (values - mean) / sd
        for values, mean, sd in zip(
            (cognition.mean(0), efficacy, trust, motive), (0.5, 0.4, 0.6, 0.3), (0.2, 0.1, 0.15, 0.12), strict=True
        )
    ]
    expected = 0.3 * (z[0] + z[1] + z[2] + z[3]) + 1.25 * came - 2.0 * np.maximum(fatigue, strain)
    np.testing.assert_allclose(utility(cognition, efficacy, trust, motive, came, fatigue, strain), expected, atol=2e-5)


def choose(**changes):
    """Who comes, by the kernel and by plain NumPy on the same draws."""
    given = {
        "adult": RNG.random(N) < 0.9, "aware": RNG.integers(0, 16, N).astype(np.uint16),
        "asked": RNG.choice([0, 0, 0, 1, 2], N).astype(np.uint8), "common": column(-3, 3), "fixed": column(-1, 0),
        "weight": column(1, 2), "expression": column(), "habit": column(), "stake": column(),
        "reward": np.empty(0, np.float32), "shift": 0.3, "fear": 0.9, "levels": np.array([-4.0, -2.0, -1.0, 0.0, 0.0]),
    }  # fmt: skip
    given.update(changes)
    came = np.empty(N, np.int32)
    n = decide(
        key(4, "choose"), 4, given["adult"], given["aware"], given["asked"],
        UtilityTerms(*(given[name] for name in ("common", "fixed", "weight", "expression", "habit", "reward"))),
        given["stake"], given["shift"], given["fear"], given["levels"], P, came,
    )  # fmt: skip
    x = given["levels"][given["asked"]] + given["shift"] + given["common"].astype(float) + P.habit * given["habit"]
    x = x + P.stake * given["stake"] + given["fixed"] - given["fear"] * given["weight"] * (1 - given["expression"])
    x = x + (given["reward"] if len(given["reward"]) else 0.0)
    may = given["adult"] & (((given["aware"] & 4) > 0) | (given["asked"] > 0))
    expected = np.flatnonzero(may & (uniforms(key(4, "choose"), N) < 1 / (1 + np.exp(-x))))
    return came[:n], expected


def test_the_choice_is_the_logit_on_the_same_draws():
    came, expected = choose()
    assert len(expected) > 100
    assert len(np.setxor1d(came, expected)) <= 1  # single precision may turn one draw in four thousand


@pytest.mark.parametrize(
    ("more", "less"),
    [
        ({"habit": np.ones(N, np.float32)}, {"habit": np.zeros(N, np.float32)}),
        ({"stake": np.ones(N, np.float32)}, {"stake": np.zeros(N, np.float32)}),
        ({"expression": np.ones(N, np.float32)}, {"expression": np.zeros(N, np.float32)}),
        ({"asked": np.full(N, 2, np.uint8)}, {"asked": np.zeros(N, np.uint8)}),
        ({"shift": 1.0}, {"shift": 0.0}),
        ({"fear": 0.0}, {"fear": 1.5}),
        ({"reward": np.full(N, 0.5, np.float32)}, {}),
    ],
)
def test_what_draws_people_only_adds_comers(more, less):
    same = {
        "adult": np.ones(N, bool), "aware": np.full(N, 4, np.uint16), "asked": np.zeros(N, np.uint8),
        "common": np.linspace(-2, 2, N).astype(np.float32), "fixed": np.zeros(N, np.float32),
        "weight": np.ones(N, np.float32), "expression": np.full(N, 0.5, np.float32),
        "habit": np.full(N, 0.2, np.float32), "stake": np.full(N, 0.2, np.float32),
    }  # fmt: skip
    with_more, with_less = choose(**{**same, **more})[0], choose(**{**same, **less})[0]
    assert np.isin(with_less, with_more).all() and len(with_more) > len(with_less)


def test_housemates_are_the_other_adults_of_the_dwelling():
    dwelling = np.array([0, 0, 1, 1, 1, 2], np.int32)
    adult = np.array([True, True, True, False, True, True])
    np.testing.assert_array_equal(housemates(dwelling, adult, np.array([0, 4], np.int32)), [1, 2])
    assert len(housemates(dwelling, adult, np.array([5], np.int32))) == 0


def test_ties_notice_and_nobody_else(network):
    n = len(network.indptr) - 1
    noticed = np.zeros(n, np.float32)
    mirrored = mirror_weights(network.indptr, network.indices, network.weight)
    everybody = np.arange(n, dtype=np.int32)
    remember_ties(everybody, network.indptr, network.indices, mirrored, noticed)
    has_ties = np.diff(network.indptr) > 0
    np.testing.assert_allclose(noticed[has_ties], 1.0, atol=1e-5)
    assert not noticed[~has_ties].any()


# --- learning, habit, motive -------------------------------------------------------------------------------------


def test_habit_is_the_closed_form():
    habit, keep = np.zeros(1, np.float32), keep_factor(30)
    for _ in range(10):
        gain_saturating(habit, np.array([0], np.int32), 0.175)
    assert habit[0] == pytest.approx(1 - (1 - 0.175) ** 10, rel=1e-5)
    start = habit[0]
    for _ in range(30):
        fade(habit, keep)
    assert habit[0] == pytest.approx(start / 2, rel=1e-4)


def test_a_skill_gain_halves_in_its_half_life_and_use_stops_forgetting():
    start = np.full((2, 3), 0.3, np.float32)
    skill = start + np.float32(0.2)
    used = np.array([False, True, False])
    for _ in range(28):
        forget(skill, start, used, keep_factor(28))
    np.testing.assert_allclose(latent(skill[:, 0]), (latent(0.3) + latent(0.5)) / 2, atol=1e-4)
    np.testing.assert_allclose(skill[:, 1], 0.5, atol=1e-6)
    below = start - np.float32(0.1)
    forget(below, start, used, 0.5)
    np.testing.assert_allclose(below, 0.2, atol=1e-6)


def test_what_was_lost_comes_back_and_what_was_won_stays():
    motive, start = np.array([0.2, 0.6], np.float32), np.array([0.4, 0.4], np.float32)
    for _ in range(30):
        recover(motive, start, keep_factor(30))
    np.testing.assert_allclose(motive, [0.3, 0.6], atol=1e-5)
    for _ in range(30):
        return_to(motive, start, keep_factor(30))
    np.testing.assert_allclose(motive, [0.35, 0.5], atol=1e-4)


@given(amount=st.floats(-2, 2))
def test_fatigue_stays_in_range(amount):
    values = np.linspace(0, 1, 11).astype(np.float32)
    add_bounded(values, np.arange(11, dtype=np.int32), amount)
    assert values.min() >= 0 and values.max() <= 1


def test_crowding_out_stops_at_its_depth_and_costs_the_log_odds_asked_for():
    omega, pull, mean, sd = 0.2, 0.3, 0.35, 0.12
    depth = crowding_depth(omega, pull, mean, sd)
    motive, start = np.array([mean + sd], np.float32), np.array([mean + sd], np.float32)
    for _ in range(500):
        crowd_out(motive, start, np.array([0], np.int32), depth, 0.1)
    lost = pull * (start[0] - motive[0]) / sd
    assert lost == pytest.approx(omega, rel=1e-3)
    higher = np.array([0.1], np.float32)
    crowd_out(higher, start, np.array([0], np.int32), depth, 0.1)
    assert higher[0] == np.float32(0.1)  # never raises


def test_two_points_of_one_yuan_at_full_belief_pull_beta():
    assert reward_pull(0.4, 1.0, 2, 1.0) == pytest.approx(0.4)
    assert reward_pull(0.4, 1.0, 2, 0.0) == reward_pull(0.4, 0.0, 2, 1.0) == 0.0
    assert reward_pull(0.4, 0.1, 2, 1.0) < reward_pull(0.4, 2.0, 2, 1.0)


# --- trust -------------------------------------------------------------------------------------------------------

T = TrustParameters(0.06, 1.0, 0.06, 0.175, 0.2, 13, 0.5, 104)


def see(outcome, trust, took_part=None, stake=None, low=0, ties=None, notice=0.0, week=0):
    seen = np.empty(N, np.int32)
    zeros = np.zeros(N, np.float32)
    witnesses = Witnesses(
        np.ones(N, bool), np.zeros(N, bool) if took_part is None else took_part, zeros if ties is None else ties,
        zeros + 1, np.zeros(N, bool),
    )  # fmt: skip
    published = Outcome(outcome, low, np.zeros(0, np.float32) if stake is None else stake, notice, 0.0)
    n = see_outcome(key(2, "see", week), published, witnesses, T, trust, seen)
    return seen[:n]


def test_trust_comes_to_rest_at_the_mean_outcome():
    trust, everybody = np.full(N, 0.9, np.float32), np.ones(N, bool)
    outcomes = np.random.default_rng(1).random(3000) < 0.6
    trace = []
    for week, outcome in enumerate(outcomes):
        see(float(outcome), trust, took_part=everybody, week=week)
        trace.append(trust[0])
    assert np.mean(trace[500:]) == pytest.approx(outcomes[500:].mean(), abs=0.02)


def test_only_who_can_see_sees():
    trust = np.full(N, 0.5, np.float32)
    assert len(see(1.0, trust)) == 0 and (trust == 0.5).all()
    part = np.zeros(N, bool)
    part[10] = True
    np.testing.assert_array_equal(see(1.0, trust, took_part=part), [10])
    inside = see(1.0, trust, stake=np.ones(1000, np.float32), low=500, week=1)
    assert inside.min() >= 500 and inside.max() < 1500
    assert abs(len(inside) / 1000 - T.visible_near) < 5 * np.sqrt(0.2 * 0.8 / 1000)
    assert abs(len(see(1.0, trust, notice=0.06, week=2)) / N - 0.06) < 5 * np.sqrt(0.06 * 0.94 / N)


def test_efficacy_moves_towards_what_happened_and_losses_weigh_more():
    efficacy = np.array([0.5, 0.5], np.float32)
    move_efficacy(efficacy, np.array([0], np.int32), 1.0, 0.1, 2.0)
    move_efficacy(efficacy, np.array([1], np.int32), 0.0, 0.1, 2.0)
    np.testing.assert_allclose(efficacy, [0.55, 0.4], atol=1e-6)


def drift(network, cognition, trust, rate=0.05):
    n = len(trust)
    start = (cognition.mean(axis=0).astype(np.float32), trust.copy())
    ties = lay_out(network.indptr, network.indices, network.weight)
    return start, lambda: drift_along_ties(ties, rate, cognition, trust, *start, np.zeros((2, n), np.float32))


def test_where_nothing_changed_nothing_drifts(network):
    n = len(network.indptr) - 1
    cognition, trust = np.full((3, n), 0.25, np.float32), RNG.random(n).astype(np.float32)
    before = trust.copy()
    _, week = drift(network, cognition, trust)
    week()
    np.testing.assert_array_equal(trust, before)
    np.testing.assert_array_equal(cognition, np.full((3, n), 0.25, np.float32))


def test_a_change_spreads_to_ties_as_the_matrix_says(network):
    n = len(network.indptr) - 1
    matrix = sparse.csr_array((network.weight, network.indices, network.indptr), shape=(n, n)).astype(float)
    cognition, trust = np.full((3, n), 0.25, np.float32), np.full(n, 0.5, np.float32)
    (_, start), week = drift(network, cognition, trust)
    trust[::7] += 0.25
    change = (trust - start).astype(float)
    tied = np.diff(network.indptr) > 0
    expected = np.where(tied, change + 0.05 * (matrix @ change - change), change)
    week()
    np.testing.assert_allclose(trust - start, expected, atol=1e-6)


# --- topics ------------------------------------------------------------------------------------------------------

GROUP_STAKE = np.array([0.4, 0.8, 0.0, 0.9])
GROUP_POSITION = np.array([0.5, 0.2, np.nan, 0.9])


def test_stakes_are_those_of_the_strongest_group():
    groups = np.tile(np.array([0, 1, 3, 9, 11], np.uint16), 200)
    out = np.empty(1000, np.float32)
    draw_stakes(key(1, "stake"), 0, groups, GROUP_STAKE, 0.5, out)
    by_kind = out.reshape(200, 5)
    assert not by_kind[:, 0].any()
    for kind, highest in ((1, 0.4), (2, 0.8), (3, 0.9), (4, 0.9)):
        assert by_kind[:, kind].max() <= highest + 1e-6 and by_kind[:, kind].min() >= highest / 2 - 1e-6
    draw_stakes(key(1, "stake"), 0, groups, GROUP_STAKE, 0.0, out)
    np.testing.assert_allclose(out.reshape(200, 5)[0], [0, 0.4, 0.8, 0.9, 0.9], atol=1e-6)


def test_residents_speak_for_the_group_of_their_highest_stake():
    assert [interest_of(bits, GROUP_STAKE, GROUP_POSITION) for bits in (1, 3, 5, 9, 11)] == [0, 1, 0, 3, 3]
    out = np.empty(3)
    who = np.array([0, 1, 2])
    groups = np.array([1, 3, 11], np.uint16)
    draw_positions(key(1, "x"), who, groups, InitialPositions(GROUP_POSITION, GROUP_STAKE, 0.0, 0.5, 0.0), out)
    np.testing.assert_allclose(out, [0.5, 0.2, 0.9])


def test_two_camps_stand_apart_by_twice_the_polarity():
    who, out = np.arange(2000), np.empty(2000)
    two_camps = InitialPositions(GROUP_POSITION, GROUP_STAKE, 0.3, 0.5, 0.0)
    draw_positions(key(1, "x"), who, np.ones(2000, np.uint16), two_camps, out)
    np.testing.assert_allclose(np.unique(out.round(6)), [0.2, 0.8])
    assert abs((out > 0.5).mean() - 0.5) < 5 * np.sqrt(0.25 / 2000)


def test_some_never_move():
    out = np.empty(N)
    draw_susceptibility(key(1, "theta"), np.arange(N), 0.65, 0.25, out)
    assert abs((out == 0).mean() - 0.25) < 5 * np.sqrt(0.25 * 0.75 / N)
    moving = out[out > 0]
    assert moving.min() >= 0.3 and moving.max() <= 1.0 and moving.mean() == pytest.approx(0.65, abs=0.02)


def test_concern_is_the_largest_open_stake():
    spans = [(0, 2000), (1000, 3000), (2500, 2600)]
    stakes = [RNG.random(high - low).astype(np.float32) for low, high in spans]
    store = np.concatenate(stakes)
    offset = np.cumsum([0, *(len(stake) for stake in stakes[:-1])])
    brute = np.zeros(N, np.float32)
    concern = np.zeros(N, np.float32)
    for (low, high), stake in zip(spans, stakes, strict=True):
        brute[low:high] = np.maximum(brute[low:high], stake)
        raise_concern(low, stake, concern)
    np.testing.assert_array_equal(concern, brute)
    again = np.ones(N, np.float32)
    low, high = np.array(spans).T.copy()
    recompute_concern(0, N, OpenTopics(low, high, offset, store), again)
    np.testing.assert_array_equal(again, brute)


def test_people_raise_what_matters_most_to_them():
    low, high, offset = np.array([0, 0]), np.array([N, N]), np.array([0, N])
    stakes = np.concatenate([np.full(N, 0.3, np.float32), np.full(N, 0.6, np.float32)])
    half = np.full(N, 0.5, np.float32)
    readiness, topics = Readiness(0.175, half, half), OpenTopics(low, high, offset, stakes)
    raisers, matters = raise_topics(key(1, "r"), EVERYBODY, readiness, topics, np.empty(0, np.bool_))
    assert set(matters) == {1} and len(raisers) == len(matters)
    assert abs(len(raisers) / N - 0.175) < 5 * np.sqrt(0.175 * 0.825 / N)
    new = np.array([True, False])
    again, fresh = raise_topics(key(1, "r"), EVERYBODY, readiness, topics, new)
    assert set(fresh) == {0} and again.tolist() == raisers.tolist()
    nobody, nothing = raise_topics(key(1, "r"), EVERYBODY, readiness._replace(rate=0.0), topics, new)
    assert len(nobody) == len(nothing) == 0


# --- measures ----------------------------------------------------------------------------------------------------


def test_means_are_means():
    member, bits = RNG.random(N) < 0.7, RNG.integers(0, 8, N).astype(np.uint16)
    one, block = column(), RNG.random((3, N)).astype(np.float32)
    aware = np.where(member, bits, 0).astype(np.uint16)
    ones, many, shares = means_where((one,), (block,), aware, 3, member, member.astype(np.float32))
    assert ones[0] == pytest.approx(one[member].astype(float).mean(), rel=1e-6)
    assert many[0] == pytest.approx(block[:, member].astype(float).mean(), rel=1e-6)
    np.testing.assert_allclose(shares, [((bits[member] >> b) & 1).mean() for b in range(3)])


def test_moments_by_group_are_those_of_numpy():
    block, groups = RNG.random((3, N)).astype(np.float32), RNG.integers(0, 4, N).astype(np.uint16)
    count, mean, sd = moments_by_group(block, groups, 3)
    for g in range(2):
        rows = (groups >> g) & 1 == 1
        assert count[g] == rows.sum()
        np.testing.assert_allclose(mean[g], block[:, rows].astype(float).mean(axis=1), rtol=1e-6)
        np.testing.assert_allclose(sd[g], block[:, rows].astype(float).std(axis=1), rtol=1e-5)
    assert count[2] == 0
