"""The kept numbers of one small run: counts to the unit, the rest to a millionth."""

from __future__ import annotations

import csv

import pytest

from tests.baseline.refresh import COUNTS, NUMBERS, PLACE, implausible, measure


@pytest.fixture(scope="module")
def found():
    return measure()


@pytest.fixture(scope="module")
def kept():
    with PLACE.open(encoding="utf-8") as file:
        return {(row["metric"], row["group"]): row for row in csv.DictReader(file)}


def test_every_number_is_kept_with_its_meaning(kept):
    assert list(kept) == [(each.metric, each.group) for each in NUMBERS]
    for each in NUMBERS:
        assert kept[each.metric, each.group]["meaning"] == each.meaning


@pytest.mark.parametrize("number", NUMBERS, ids=lambda each: f"{each.metric}-{each.group}")
def test_the_model_gives_the_kept_number(found, kept, number):
    """If this is meant to have changed: python -m tests.baseline.refresh, and a line under Numbers in CHANGELOG.md."""
    key = number.metric, number.group
    expected = float(kept[key]["value"])
    if number.metric in COUNTS:
        assert found[key] == expected == int(expected)
    else:
        assert found[key] == pytest.approx(expected, rel=1e-6)


def test_every_number_is_plausible_and_others_are_noticed(found):
    assert implausible(found) == []
    assert len(implausible({**found, ("trust", "all"): 0.95})) == 1
    assert len(implausible({**found, ("trust", "all"): float("nan")})) == 1
