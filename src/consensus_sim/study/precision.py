"""Precision asked of a comparison: the largest Monte Carlo standard error, and the counts of replicates to look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict

from consensus_sim.catalogue import metric, metric_names
from consensus_sim.errors import InputError, not_allowed
from consensus_sim.settings import STRICT, Text, number_phrase, read, setting

AUTO = "auto"
"""Value of `replicates` for which the precision target sets their number."""
MOST_REPLICATES = 100_000  # of each scenario: 5 GB on disk, and more in memory


@dataclass(frozen=True, kw_only=True)
class MonteCarlo:
    """A file of configs/monte_carlo; `Precision` holds what the fields mean."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    minimum: Annotated[int, setting(2, MOST_REPLICATES, integer=True)]
    batch: Annotated[int, setting(1, MOST_REPLICATES, integer=True)]
    maximum: Annotated[int, setting(2, MOST_REPLICATES, integer=True)]
    floors: dict[Text, Annotated[float, setting(1e-9, 1e9)]]


@dataclass(frozen=True)
class Precision:
    """Criterion for enough replicates of a comparison, and the scales of the metrics.

    target: largest error of what the short tables print, in parts of each metric's scale (None: a number is given)
    minimum, maximum: replicates at which it is first looked at, and at which it ends; batch: added in between
    floors: unit -> smallest scale of a metric, in that unit
    """

    target: float | None
    minimum: int
    batch: int
    maximum: int
    floors: Mapping[str, float]

    @classmethod
    def from_config(cls, target: float | None, node: Mapping[str, Any]) -> Precision:
        """Returns the settings of `node` (configs/monte_carlo). Raises InputError for a value out of range."""
        found = read(MonteCarlo, node, "monte_carlo")
        if found.maximum < found.minimum:
            allowed = number_phrase(found.minimum, MOST_REPLICATES, whole=True)
            raise not_allowed("monte_carlo.maximum", found.maximum, allowed)
        units = list(dict.fromkeys(metric(name).unit for name in metric_names()))
        for unit in units:
            if unit not in found.floors:
                raise InputError("missing_key", where="monte_carlo.floors", name=unit, needed=units)
        return cls(target, found.minimum, found.batch, found.maximum, found.floors)

    def counts(self) -> Iterator[int]:
        """Yields the numbers of replicates at which the error is checked; the last is the maximum."""
        yield from range(self.minimum, self.maximum, self.batch)
        yield self.maximum
