"""When a share of acceptance settles a topic, to the digit that people read."""

from __future__ import annotations

import pytest

from consensus_sim.dynamics.settlement import settles


@pytest.mark.parametrize(
    ("share", "settled"), [(0.75, True), (0.6995, True), (0.6994, False), (0.697, False), (2 / 3, False)]
)
def test_a_share_settles_that_is_the_settlement_share_in_tenths_of_a_percent(share, settled):
    assert settles(share, 0.7) == settled
    assert settles(2 / 3, 0.667), "two thirds are meant"
    assert not settles(0.66, 0.667)
