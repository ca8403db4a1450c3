"""Which resolutions count as due in a period: those whose deadline lies in it, each once."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from consensus_sim.council.topics import Progress, Resolution, Turn
from consensus_sim.outcomes.outcomes import execution_of_due, matters_landed


def topic(deadline, executed):
    settled = Turn(2, "settled", "council", deadline)
    return SimpleNamespace(progress=Progress(turns=[settled]), resolution=Resolution(executed_week=executed))


def test_due_are_resolutions_whose_deadline_lies_in_the_period():
    """Weeks 10 to 19: not those of weeks 9 and 20; what is carried out after the period's end is not seen."""
    topics = [
        topic(9, 8), topic(10, 10), topic(12, 13), topic(19, -1), topic(19, 20), topic(20, 15), topic(9, -1)
    ]  # fmt: skip
    found = execution_of_due(topics, 10, 20)
    assert (found["on_time"], found["late"], found["never"]) == pytest.approx((1 / 4, 1 / 4, 2 / 4))
    assert matters_landed(topics, 10, 20) == 3 and matters_landed(topics, 10, 20, "adhoc") == 0
    assert np.isnan(execution_of_due(topics, 30, 40)["never"])
