"""Ties in diagonals are the ties in rows."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim import load_community
from consensus_sim.dynamics.ties import lay_out
from consensus_sim.kernels import BLOCK


def rows_of(ties, n):
    """For each resident the ends and weights of the ties, in the order of the diagonals."""
    found = [[] for _ in range(n)]
    for block in range(len(ties.first) - 1):
        for g in range(ties.first[block], ties.first[block + 1]):
            for k, place in enumerate(range(ties.start[g], ties.start[g + 1])):
                found[ties.order[block * BLOCK + k]].append((ties.indices[place], ties.weight[place]))
    return found


def assert_same(indptr, indices, weight):
    ties = lay_out(indptr, indices, weight)
    n = len(indptr) - 1
    assert sorted(ties.order) == list(range(n))
    for i, found in enumerate(rows_of(ties, n)):
        row = slice(indptr[i], indptr[i + 1])
        assert found == list(zip(indices[row], weight[row], strict=True))
    sizes = ties.start[ties.first[1:]] - ties.start[ties.first[:-1]]
    assert ties.longest == sizes.max(initial=0)


def test_every_tie_is_there_once_in_the_order_of_its_row():
    network = load_community("teaching").network
    assert_same(network.indptr, network.indices, network.weight)


@pytest.mark.parametrize("n", [1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK])
def test_any_size_and_residents_without_ties(n):
    random = np.random.default_rng(n)
    degree = random.integers(0, 5, n) * (random.random(n) < 0.7)
    indptr = np.concatenate([[0], np.cumsum(degree)])
    indices = random.integers(0, n, indptr[-1]).astype(np.int32)
    assert_same(indptr, indices, random.random(indptr[-1]).astype(np.float32))
