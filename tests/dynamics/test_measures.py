"""Sums for the record have NumPy's bits, so that results do not depend on the routine that sums."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.dynamics.measures import (
    add_bits,
    fill_scale,
    mean_and_sd,
    mean_at,
    moments_of_level,
    moments_of_rows,
    total_of,
)

SIZES = [1, 5, 8, 17, 127, 128, 129, 1000, 13007]
RNG = np.random.default_rng(11)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", SIZES)
def test_sums_means_and_deviations_are_numpys_to_the_last_bit(n: int, dtype):
    values = RNG.random(n).astype(dtype)
    assert dtype(total_of(values)) == values.sum()
    mean, sd = mean_and_sd(values)
    assert dtype(mean) == values.mean() and dtype(sd) == values.std()


@pytest.mark.parametrize("n", SIZES)
def test_means_over_some_residents_are_numpys_to_the_last_bit(n: int):
    block = RNG.random((3, n), dtype=np.float32)
    rows = np.flatnonzero(np.r_[True, RNG.random(n - 1) < 0.7])
    assert np.float32(mean_at(block[1], rows)) == block[1][rows].mean()
    mean, sd = moments_of_level(block, rows)
    level = block[:, rows].mean(axis=0)
    assert np.float32(mean) == level.mean() and np.float32(sd) == level.std()
    double = block.T[rows].T.astype(np.float64, order="F")  # so laid out, NumPy adds one resident after the other
    np.testing.assert_array_equal(moments_of_rows(block, rows), [double.mean(axis=1), double.std(axis=1)])


def test_the_scale_has_every_indicator_and_the_mean_of_each_dimension():
    n = 300
    cognition, skill, habit = (RNG.random((k, n), dtype=np.float32) for k in (3, 4, 2))
    initiative, follow_through = RNG.random((2, n), dtype=np.float32)
    out = np.full((13, n), np.nan, np.float32)
    fill_scale(cognition, skill, habit, initiative, follow_through, out)
    behaviour = np.stack([habit.max(axis=0), initiative, follow_through])
    means = [block.mean(axis=0) for block in (cognition, skill, behaviour)]
    np.testing.assert_array_equal(out, np.concatenate([cognition, skill, behaviour, means]))


def test_bits_are_added_for_the_team_and_the_active():
    groups = RNG.integers(0, 2**13, 100).astype(np.uint16)
    team, active = RNG.random((2, 100)) < 0.3
    out = np.empty(100, np.uint16)
    add_bits(groups, team, 1 << 13, active, 1 << 14, out)
    np.testing.assert_array_equal(out, groups + (team * 2**13 + active * 2**14).astype(np.uint16))
