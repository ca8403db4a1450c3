"""D8, D11: trust moves by prediction error on outcomes seen; changes drift along ties, levels do not."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim import load_community
from consensus_sim.dynamics.ties import lay_out
from consensus_sim.dynamics.trust import (
    Outcome,
    TrustParameters,
    Witnesses,
    drift_along_ties,
    move_efficacy,
    see_outcome,
)
from consensus_sim.randomness import key, uniforms

P = TrustParameters(
    gain=0.06, loss_ratio=1.75, visible_notice=0.06, visible_online=0.1, visible_near=0.2, patience=26, reason=0.5,
    return_half_life=0,
)  # fmt: skip
N = 20_000


def make_people(n=N, **changes):
    people = {
        "adult": np.ones(n, bool),
        "stake": np.zeros(0, np.float32),
        "low": 0,
        "took_part": np.zeros(n, bool),
        "ties_took_part": np.zeros(n, np.float32),
        "nearness": np.ones(n, np.float32),
        "online_user": np.zeros(n, bool),
        "notice": 0.0,
        "online": 0.0,
    }
    return people | changes


def see(people, outcome, trust, p=P, k=None):
    """Who saw the outcome; `trust` is moved."""
    seen = np.empty(len(trust), np.int32)
    published = Outcome(outcome, *(people[name] for name in Outcome._fields[1:]))
    witnesses = Witnesses(*(people[name] for name in Witnesses._fields))
    number = see_outcome(key(2, "see") if k is None else k, published, witnesses, p, trust, seen)
    return seen[:number]


def play_outcomes(outcomes, p, start=0.5):
    """Mean trust over a series of outcomes of one who sees them all."""
    people, trust, path = make_people(1, took_part=np.ones(1, bool)), np.array([start], np.float32), []
    for outcome in outcomes:
        path.append(float(trust[0]))
        see(people, float(outcome), trust, p)
    return np.mean(path), float(trust[0])


@pytest.mark.parametrize("rate", [0.2, 0.6, 0.95])
def test_with_symmetric_steps_trust_is_the_mean_outcome(rate):
    """Summing T' - T = chi (o - T): mean trust differs from the mean outcome by at most 1 / (chi steps), always."""
    steps = 5000
    outcomes = (uniforms(key(1, "outcomes"), steps) < rate).astype(float)
    mean, _ = play_outcomes(outcomes, P._replace(loss_ratio=1.0))
    assert abs(mean - outcomes.mean()) <= 1 / (P.gain * steps) + 1e-4


def test_where_losses_weigh_more_trust_settles_below_the_mean_outcome():
    """Balance of steps: q (1 - T) = rho (1 - q) T for outcomes 1 and 0 alike."""
    steps, q, rho = 20_000, 0.6, 2.0
    outcomes = (uniforms(key(1, "outcomes"), steps) < q).astype(float)
    mean, _ = play_outcomes(outcomes, P._replace(loss_ratio=rho, gain=0.02))
    q = outcomes.mean()
    assert mean == pytest.approx(q / (q + rho * (1 - q)), abs=0.005)


def test_one_outcome_moves_trust_by_its_step():
    trust = np.array([0.5, 0.2, 0.9], np.float32)
    people = make_people(3, took_part=np.array([True, True, False]), notice=0.0)
    assert see(people, 1.0, trust).tolist() == [0, 1]
    np.testing.assert_allclose(trust, [0.53, 0.248, 0.9], rtol=1e-6)
    see(people, 0.0, trust)
    np.testing.assert_allclose(trust, [0.53 * (1 - 0.105), 0.248 * (1 - 0.105), 0.9], rtol=1e-6)


def test_an_outcome_as_expected_moves_nobody():
    trust = np.full(5, 0.5, np.float32)
    assert len(see(make_people(5, took_part=np.ones(5, bool)), 0.5, trust)) == 5
    assert (trust == 0.5).all()


def test_trust_stays_between_nought_and_one_however_heavy_losses_are():
    trust = np.array([0.9], np.float32)
    see(make_people(1, took_part=np.ones(1, bool)), 0.0, trust, P._replace(gain=0.5, loss_ratio=9.0))
    assert trust[0] == 0.0


@pytest.mark.parametrize(
    ("people", "chance"),
    [
        ({"notice": 0.06}, 0.06),
        ({"notice": 0.06, "nearness": np.full(N, 0.5, np.float32)}, 0.03),
        ({"online": 0.1, "online_user": np.ones(N, bool)}, 0.1),
        ({"ties_took_part": np.full(N, 0.5, np.float32)}, 0.2 * 0.5),
        ({"stake": np.full(N, 0.8, np.float32)}, 0.2 * 0.8),
        (
            {
                "notice": 0.06, "online": 0.1, "online_user": np.ones(N, bool),
                "ties_took_part": np.full(N, 0.5, np.float32), "stake": np.full(N, 0.8, np.float32),
            },
            1 - 0.94 * 0.9 * 0.9 * 0.84,
        ),
    ],
)  # fmt: skip
def test_the_ways_of_seeing_an_outcome_are_independent(people, chance):
    """Binomial, 5 standard errors: false alarm 6e-7 a case."""
    trust = np.full(N, 0.5, np.float32)
    seen = see(make_people(**people), 1.0, trust)
    assert abs(len(seen) / N - chance) < 5 * np.sqrt(chance * (1 - chance) / N)
    moved = np.flatnonzero(trust != 0.5)
    np.testing.assert_array_equal(moved, seen)


def test_nobody_under_18_and_without_publication_nobody_from_elsewhere_sees_it():
    adult = np.arange(N) % 3 > 0
    people = make_people(adult=adult, stake=np.ones(500, np.float32), low=1000)
    seen = see(people, 0.0, np.full(N, 0.5, np.float32), P._replace(visible_near=1.0))
    np.testing.assert_array_equal(seen, [i for i in range(1000, 1500) if adult[i]])


def test_efficacy_follows_own_success_and_failure():
    efficacy = np.array([0.4, 0.4, 0.4], np.float32)
    move_efficacy(efficacy, np.array([0], np.int32), 1.0, 0.1, 1.75)
    move_efficacy(efficacy, np.array([1], np.int32), 0.0, 0.1, 1.75)
    np.testing.assert_allclose(efficacy, [0.46, 0.4 * (1 - 0.175), 0.4], rtol=1e-6)


def make_world(seed=1):
    """Draws random attitudes for the small community's ties; returns the arguments of the drift and its columns."""
    network = load_community("teaching").network
    n, rng = len(network.indptr) - 1, np.random.default_rng(seed)
    cognition, trust = rng.random((3, n), np.float32), rng.random(n, np.float32)
    start = (cognition[0] + cognition[1] + cognition[2]) / np.float32(3.0)
    return network, cognition, trust, start, trust.copy()


def drift(network, rate, cognition, trust, start_cognition, start_trust):
    ties = lay_out(network.indptr, network.indices, network.weight)
    change = np.empty((2, len(trust)), np.float32)
    drift_along_ties(ties, rate, cognition, trust, start_cognition, start_trust, change)


def test_a_world_in_which_nothing_changed_stays_exactly_as_it_is():
    network, cognition, trust, start_cognition, start_trust = make_world()
    before = cognition.copy()
    for _ in range(20):
        drift(network, 0.2, cognition, trust, start_cognition, start_trust)
    np.testing.assert_array_equal(trust, start_trust)
    np.testing.assert_array_equal(cognition, before)


def test_a_week_of_drift_is_a_step_to_the_tie_weighted_mean_of_changes():
    import scipy.sparse

    network, cognition, trust, start_cognition, start_trust = make_world()
    n = len(trust)
    matrix = scipy.sparse.csr_matrix((network.weight, network.indices, network.indptr), shape=(n, n))
    start_trust = np.clip(trust - 0.1 * (np.arange(n) % 2), 0, 1).astype(np.float32)
    before, level = (trust - start_trust).astype(np.float64), trust.astype(np.float64)
    drift(network, 0.3, cognition, trust, start_cognition, start_trust)
    tied = np.diff(network.indptr) > 0
    expected = np.clip(level + np.where(tied, 0.3 * (matrix @ before - before), 0.0), 0, 1)
    np.testing.assert_allclose(trust, expected, atol=1e-6)
    assert np.abs(expected - level).max() > 0.01


def test_a_change_spreads_to_ties_and_every_row_of_cognition_moves_alike():
    indptr, indices = np.array([0, 1, 2]), np.array([1, 0], np.int32)
    network = type("Pair", (), {"indptr": indptr, "indices": indices, "weight": np.ones(2, np.float32)})
    cognition = np.array([[0.6, 0.2], [0.4, 0.2], [0.5, 0.2]], np.float32)
    trust, start_trust = np.array([0.8, 0.3], np.float32), np.array([0.6, 0.3], np.float32)
    drift(network, 0.1, cognition, trust, np.array([0.4, 0.2], np.float32), start_trust)
    np.testing.assert_allclose(trust, [0.78, 0.32], atol=1e-6)
    np.testing.assert_allclose(cognition, [[0.59, 0.21], [0.39, 0.21], [0.49, 0.21]], atol=1e-6)
