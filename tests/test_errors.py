"""Messages for names that are not allowed."""

from __future__ import annotations

import pytest

from consensus_sim.errors import MOST_NAMES, one_of


def test_all_names_are_listed_and_the_nearest_is_suggested():
    assert str(one_of("key", "teo", ["one", "two"])) == "key: found 'teo' (did you mean 'two'?); allowed: one, two"
    assert str(one_of("key", "xyz", ["one", "two"])) == "key: found 'xyz'; allowed: one, two"


@pytest.mark.parametrize("found", ["name_77x", "entirely different"])
def test_of_very_many_names_the_nearest_are_told(found):
    names = [f"name_{number}" for number in range(MOST_NAMES + 40)]
    message = str(one_of("key", found, names))
    assert f"allowed: one of {len(names)} names, the nearest of which are " in message
    assert message.count("name_") <= 5 + 2
    assert ("did you mean 'name_77'" in message) == (found == "name_77x")
