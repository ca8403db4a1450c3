"""Least differences between scenarios that are worth reporting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict

from consensus_sim.catalogue import metric, metric_names
from consensus_sim.errors import InputError
from consensus_sim.settings import STRICT, Text, known, read, setting

Least = Annotated[float, setting(0, 1e9)]
PER_ADULT = "share_of_adults"
"""Unit whose least difference is a number of adults."""


@dataclass(frozen=True, kw_only=True)
class LeastDifferences:
    """A file of configs/least_difference.

    by_unit: unit -> least difference of its metrics, in that unit (of `PER_ADULT`: in adults)
    by_metric: metric -> least difference that takes the place of its unit's
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    by_unit: dict[Text, Least]
    by_metric: dict[Text, Least]

    @classmethod
    def from_config(cls, node: Any) -> LeastDifferences:
        """Reads the node `least_difference`. Raises InputError for an unknown name, a missing unit, a wrong number."""
        found = read(cls, node, "least_difference")
        units = list(dict.fromkeys(metric(name).unit for name in metric_names()))
        for name in found.by_unit:
            known("least_difference.by_unit", name, units)
        for name in found.by_metric:
            known("least_difference.by_metric", name, metric_names())
        for unit in units:
            if unit not in found.by_unit:
                raise InputError("missing_key", where="least_difference.by_unit", name=unit, needed=units)
        return found

    def of(self, unit_of: Mapping[str, str], adults: int) -> dict[str, float]:
        """Metric -> least difference in the metric's unit, for a community of `adults`.

        unit_of: metric -> its unit
        """
        return {
            name: self.by_metric.get(name, self.by_unit[unit]) / (adults if unit == PER_ADULT else 1)
            for name, unit in unit_of.items()
        }
