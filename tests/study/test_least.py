"""Least differences are read with checks; reach is given in adults."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from consensus_sim.catalogue import metric, metric_names
from consensus_sim.errors import InputError
from consensus_sim.study.config import compose
from consensus_sim.study.least import LeastDifferences

UNITS = {name: metric(name).unit for name in metric_names()}


def node(**by_metric: float) -> dict[str, Any]:
    """The shipped settings with `by_metric`."""
    return {**copy.deepcopy(compose()["least_difference"]), "by_metric": by_metric}


def test_every_metric_has_one_in_its_unit() -> None:
    found = LeastDifferences.from_config(node()).of(UNITS, 10_000)
    assert list(found) == list(UNITS) and all(value > 0 for value in found.values())
    assert found["reach_year"] == 20 / 10_000  # persons, as a share of adults
    assert (found["consensus_settled"], found["cost_money"], found["cost_hours"]) == (0.02, 1000, 10)
    assert (found["attendance_tea"], found["frequency"], found["topics_deliberated"]) == (1, 0.05, 1)


def test_a_metric_of_its_own_takes_the_place_of_its_unit() -> None:
    found = LeastDifferences.from_config(node(reach_year=50.0, trust=0.01)).of(UNITS, 1000)
    assert (found["reach_year"], found["trust"], found["reach_quarter"]) == (0.05, 0.01, 0.02)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["least_difference.by_unit.share=-0.1"], "least_difference.by_unit.share: found -0.1"),
        (["least_difference.by_unit.share=few"], "least_difference.by_unit.share: found 'few'"),
        (["least_difference.by_unit=3"], "least_difference.by_unit: found 3"),
        (["+least_difference.by_unit.shares=0.1"], "found 'shares' (did you mean 'share'?)"),
        (["+least_difference.by_metric.trusts=0.1"], "least_difference.by_metric: found 'trusts'"),
        (["+least_difference.by_metrics.trust=0.1"], "least_difference"),
    ],
)
def test_what_cannot_be_used_is_refused(changes: list[str], said: str) -> None:
    with pytest.raises(InputError) as error:
        LeastDifferences.from_config(compose(changes)["least_difference"])
    assert said in str(error.value)


def test_a_unit_without_one_is_refused() -> None:
    without = node()
    del without["by_unit"]["hours"]
    with pytest.raises(InputError, match=r"least_difference\.by_unit.*hours"):
        LeastDifferences.from_config(without)
