"""D12: stakes, positions and who raises a matter, against definitions written out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consensus_sim.dynamics.topics import (
    InitialPositions,
    OpenTopics,
    Readiness,
    TopicData,
    add_interests,
    disagreement,
    draw_arrivals,
    draw_kinds,
    draw_positions,
    draw_stakes,
    draw_susceptibility,
    draw_traits,
    first_above,
    interest_of,
    raise_concern,
    raise_topics,
    recompute_concern,
    spread_stakes,
    variance_of_groups,
)
from consensus_sim.randomness import key, poissons

N = 20_000
NONE = np.empty(0, np.bool_)
STAKE = np.array([0.4, 0.9, 0.0, 0.6])
POSITION = np.array([0.5, 0.2, np.nan, 0.8])


def test_matters_arise_as_often_as_the_counts_say_and_are_numbered_within_a_place():
    counts = poissons(key(1, "arrivals"), 500, 0.7)
    place, before = draw_arrivals(key(1, "arrivals"), 500, 0.7)
    assert np.bincount(place, minlength=500).tolist() == counts.tolist() and counts.max() > 2
    assert before.tolist() == [copy for count in counts for copy in range(count)]
    assert [len(array) for array in draw_arrivals(key(1, "arrivals"), 500, 0.0)] == [0, 0]


@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=6), st.floats(0, 1))
def test_the_first_share_above_a_chance_is_found_as_by_bisection(shares, chance):
    reached = np.cumsum(shares) / sum(shares)
    assert first_above(reached, chance) == min(np.searchsorted(reached, chance, side="right"), len(shares) - 1)


def test_kinds_come_in_their_shares():
    chances = np.random.default_rng(2).random((N, 11))
    found = np.bincount(draw_kinds(chances, np.array([0.2, 0.9, 1.0])), minlength=3) / N
    assert np.abs(found - [0.2, 0.7, 0.1]).max() < 5 * 0.5 / np.sqrt(N)  # false alarm 2e-6


def test_traits_lie_evenly_between_the_bounds_of_the_kind():
    """Bounds hold for every matter; means within 5 SE; who needs no money needs none."""
    chances, kinds = np.random.default_rng(3).random((N, 11)), np.arange(N) % 2
    bounds = np.array([[[0, 1], [0.2, 0.4], [5, 9], [0.1, 0.1], [0.5, 0.7], [0.2, 0.8]],
        [[0.5, 0.6], [0, 1], [1, 2], [0, 0.3], [0.8, 1.0], [0.1, 0.2]]], float)  # fmt: skip
    scope, funded = np.array([[0.5, 0.5, 1.0], [1.0, 1.0, 1.0]]), np.array([0.25, 1.0])
    traded = np.array([0.3, 1.0])
    scopes, traits = draw_traits(chances, kinds, scope, bounds, funded, traded)
    assert set(scopes[kinds == 0]) == {0, 2} and set(scopes[kinds == 1]) == {0}
    for kind in (0, 1):
        here = traits[kinds == kind]
        needy = here[:, 2] > 0
        assert abs(needy.mean() - funded[kind]) < 5 * 0.5 / np.sqrt(N / 2)
        two = here[:, 5] > 0
        assert abs(two.mean() - traded[kind]) < 5 * 0.5 / np.sqrt(N / 2)
        up = here[:, 4] > 0.5
        assert abs(up.mean() - 0.5) < 5 * 0.5 / np.sqrt(N / 2)  # the larger camp is as often the upper as the lower
        here[:, 4] = np.maximum(here[:, 4], 1 - here[:, 4])
        for trait, (low, high) in enumerate(bounds[kind]):
            values = here[{2: needy, 5: two}.get(trait, slice(None)), trait]
            assert values.min() >= low and values.max() <= high
            assert abs(values.mean() - (low + high) / 2) <= 5 * (high - low) / np.sqrt(12 * len(values)) + 1e-12


def test_a_stake_is_that_of_the_highest_group_less_a_spread():
    groups = np.random.default_rng(1).integers(0, 16, N).astype(np.uint16)
    out = np.empty(N - 100, np.float32)
    draw_stakes(key(1, "stake"), 100, groups, STAKE, 0.5, out)
    highest = np.array([max((STAKE[b] for b in range(4) if g >> b & 1), default=0.0) for g in groups[100:]])
    assert (out[highest == 0] == 0).all() and (highest == 0).any()
    ratio = out[highest > 0] / highest[highest > 0]
    assert ratio.min() > 0.5 - 1e-6 and ratio.max() <= 1 + 1e-6
    assert ratio.mean() == pytest.approx(0.75, abs=5 * 0.5 / np.sqrt(12 * len(ratio)))  # false alarm 6e-7


def test_who_belongs_to_no_group_has_no_stake():
    out = np.ones(3, np.float32)
    draw_stakes(key(1, "stake"), 0, np.zeros(3, np.uint16), STAKE, 0.5, out)
    assert (out == 0).all()


@pytest.mark.parametrize(("bits", "expected"), [(0b1, 0), (0b11, 1), (0b1001, 3), (0b1011, 1), (0b101, 0), (0, 0)])
def test_a_resident_speaks_for_the_group_of_the_highest_stake_with_a_position(bits, expected):
    assert interest_of(bits, STAKE, POSITION) == expected


def first_positions(polarity, upper, spread):
    return InitialPositions(POSITION, STAKE, polarity, upper, spread)


def at_stake(low, stake):
    """A topic with stakes of the residents from `low` on that nobody has talked about."""
    nobody = np.empty(0, np.int64), np.empty(0)
    return TopicData(low, np.array(stake, np.float32), first_positions(0.1, 0.5, 0.1), 0.0, 0.5, *nobody, 0.0, 0)


def test_first_positions_are_those_of_the_group_in_two_camps():
    who = np.arange(N)
    groups = np.full(N, 0b11, np.uint16)
    out = np.empty(N)
    draw_positions(key(1, "x"), who, groups, first_positions(0.15, 0.5, 0.0), out)
    assert set(np.round(out, 6)) == {0.05, 0.35}
    assert abs((out > 0.2).mean() - 0.5) < 5 * 0.5 / np.sqrt(N)  # false alarm 6e-7
    draw_positions(key(1, "x"), who, groups, first_positions(0.15, 0.8, 0.0), out)
    assert set(np.round(out, 6)) == {0.05, 0.35}
    assert abs((out > 0.2).mean() - 0.8) < 5 * 0.4 / np.sqrt(N)
    draw_positions(key(1, "x"), who, groups, first_positions(0.0, 0.5, 0.05), out)
    assert abs(out.mean() - 0.2) < 5 * 0.05 / np.sqrt(N)
    assert out.std() == pytest.approx(0.05, rel=0.05)
    draw_positions(key(1, "x"), who, groups, first_positions(0.5, 0.5, 1.0), out)
    assert out.min() == 0.0 and out.max() == 1.0


def test_disagreement_is_the_spread_of_the_first_positions_of_adults():
    groups = (np.random.default_rng(2).integers(0, 8, N) << 1 | 1).astype(np.uint16)
    groups[:500] = 0  # under age
    drawn, variance = np.empty(N - 500), variance_of_groups(groups, POSITION, STAKE)
    for upper in (0.5, 0.9):
        draw_positions(key(1, "x"), np.arange(500, N), groups, first_positions(0.1, upper, 0.03), drawn)
        # The SD of a sample of 19,500 has a standard error of 0.5 %; false alarm below 1e-6.
        assert disagreement(variance, 0.1, upper, 0.03) == pytest.approx(drawn.std(), rel=0.025)
    nobody, alike = groups[:500], np.ones(9, np.uint16)
    assert disagreement(variance_of_groups(nobody, POSITION, STAKE), 0.1, 0.5, 0.03) == 0.0
    assert variance_of_groups(alike, POSITION, STAKE) == 0.0
    assert disagreement(0.0, 0.3, 0.5, 0.4) == pytest.approx(0.5)
    assert disagreement(0.0, 0.5, 0.1, 0.4) == pytest.approx(0.5)


def test_a_position_does_not_depend_on_who_else_is_asked():
    whole, some = np.empty(50), np.empty(2)
    groups = np.ones(50, np.uint16)
    draw_positions(key(1, "x"), np.arange(50), groups, first_positions(0.1, 0.7, 0.1), whole)
    draw_positions(key(1, "x"), np.array([31, 7]), groups, first_positions(0.1, 0.7, 0.1), some)
    np.testing.assert_array_equal(some, whole[[31, 7]])


@pytest.mark.parametrize(("mean", "unmoving"), [(0.65, 0.25), (0.3, 0.0), (0.5, 1.0)])
def test_susceptibility_has_its_mean_and_its_share_of_the_unmoving(mean, unmoving):
    out = np.empty(N)
    draw_susceptibility(key(1, "theta"), np.arange(N), mean, unmoving, out)
    assert out.min() >= 0 and out.max() <= 1
    limit = 5 * np.sqrt(max(unmoving * (1 - unmoving), 1e-12) / N)  # false alarm 6e-7
    assert abs((out == 0).mean() - unmoving) <= limit
    moving = out[out > 0]
    if len(moving):
        half = min(mean, 1 - mean)
        assert abs(moving.mean() - mean) < 5 * half / np.sqrt(3 * len(moving))
        assert moving.min() >= mean - half and moving.max() <= mean + half


def make_matters(seed, n=60, number=7):
    """Open matters over ranges of residents, with stakes in one flat store."""
    rng = np.random.default_rng(seed)
    low = rng.integers(0, n - 1, number)
    high = np.array([rng.integers(first + 1, n + 1) for first in low])
    size = high - low
    offset = np.concatenate([[0], np.cumsum(size)[:-1]])
    stakes = (rng.random(size.sum()) * (rng.random(size.sum()) < 0.8)).astype(np.float32)
    return low, high, offset, stakes


def brute_concern(low, high, offset, stakes, n=60):
    concern = np.zeros(n, np.float32)
    for a, b, o in zip(low, high, offset, strict=True):
        for i in range(a, b):
            concern[i] = max(concern[i], stakes[o + i - a])
    return concern


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), closed=st.integers(0, 6))
def test_concern_is_the_highest_stake_in_an_open_matter(seed, closed):
    low, high, offset, stakes = make_matters(seed)
    concern = np.zeros(60, np.float32)
    for a, b, o in zip(low, high, offset, strict=True):
        raise_concern(a, stakes[o : o + b - a], concern)
    np.testing.assert_array_equal(concern, brute_concern(low, high, offset, stakes))
    rest = np.arange(7) != closed
    recompute_concern(low[closed], high[closed], OpenTopics(low[rest], high[rest], offset[rest], stakes), concern)
    np.testing.assert_array_equal(concern, brute_concern(low[rest], high[rest], offset[rest], stakes))


def test_concern_ends_with_the_last_matter():
    low, high, offset, stakes = make_matters(1, number=1)
    concern = brute_concern(low, high, offset, stakes)
    assert concern.any()
    recompute_concern(low[0], high[0], OpenTopics(low[:0], high[:0], offset[:0], stakes), concern)
    assert not concern.any()


def test_a_person_raises_the_matter_of_the_highest_own_stake():
    low, high, offset, stakes = make_matters(3)
    who, out = np.arange(60, dtype=np.int32), np.full(60, -1)
    full = np.ones(60, np.float32)
    raisers, matters = raise_topics(
        key(1, "raise"), who, Readiness(1.0, full, full), OpenTopics(low, high, offset, stakes), NONE
    )
    out[raisers] = matters
    for i in range(60):
        own = [float(stakes[o + i - a]) if a <= i < b else 0.0 for a, b, o in zip(low, high, offset, strict=True)]
        assert out[i] == (int(np.argmax(own)) if max(own) > 0 else -1)
    assert (np.diff(raisers) > 0).all() and 0 < len(raisers) < 60


def test_a_person_raises_a_matter_that_comes_first_before_all_others_if_it_is_of_concern():
    low, high, offset, stakes = make_matters(3)
    who, full = np.arange(60, dtype=np.int32), np.ones(60, np.float32)
    first = np.arange(len(low)) % 2 == 0
    plain, _ = raise_topics(
        key(1, "raise"), who, Readiness(1.0, full, full), OpenTopics(low, high, offset, stakes), NONE
    )
    raisers, matters = raise_topics(
        key(1, "raise"), who, Readiness(1.0, full, full), OpenTopics(low, high, offset, stakes), first
    )
    np.testing.assert_array_equal(raisers, plain)  # who speaks up is not who is asked for news
    moved = 0
    for i, matter in zip(raisers.tolist(), matters.tolist(), strict=True):
        own = np.array([stakes[o + i - a] if a <= i < b else 0.0 for a, b, o in zip(low, high, offset, strict=True)])
        among = own * first if (own * first).any() else own
        assert matter == int(np.argmax(among))
        moved += matter != int(np.argmax(own))
    assert moved > 3


def test_matters_are_raised_at_the_rate_of_expression_and_efficacy():
    """Binomial, 5 standard errors: false alarm 6e-7."""
    expression, efficacy = np.full(N, 0.3, np.float32), np.full(N, 0.5, np.float32)
    place = np.zeros(1, np.int64)
    raisers, _ = raise_topics(
        key(1, "raise"), np.arange(N, dtype=np.int32), Readiness(0.2, expression, efficacy),
        OpenTopics(place, np.array([N]), place, np.ones(N, np.float32)), NONE,
    )  # fmt: skip
    assert abs(len(raisers) / N - 0.16) < 5 * np.sqrt(0.16 * 0.84 / N)


def test_an_event_carries_the_highest_stake_of_its_topics_and_is_cleared():
    laid = np.zeros(6, np.float32)
    first, second = np.array([0.5, 0.2, 0.0], np.float32), np.array([0.4, 0.1], np.float32)
    spread_stakes(1, first, laid, False)
    spread_stakes(2, second, laid, False)
    np.testing.assert_allclose(laid, [0, 0.5, 0.4, 0.1, 0, 0])
    spread_stakes(1, first, laid, True)
    spread_stakes(2, second, laid, True)
    assert not laid.any()


def test_interests_of_an_agenda_follow_the_topic_of_the_highest_stake():
    rows, groups = np.array([1, 2, 5]), np.array([0, 0b11, 0b1001, 0, 0, 0b1], np.uint16)
    highest, interest = np.zeros(3), np.full(3, -1)
    add_interests(rows, 0, at_stake(1, [0.5, 0.3]), groups, highest, interest)
    add_interests(rows, 1, at_stake(2, [0.7, 0.9]), groups, highest, interest)
    np.testing.assert_allclose(highest, [0.5, 0.7, 0.0])
    assert interest.tolist() == [1, 4 + 3, -1]
