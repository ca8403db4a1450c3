"""Targets: figures of a case as data, read from `configs/targets/` or a user's own file, and checked."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import ConfigDict, Field

from consensus_sim.catalogue import forecast_metric, forecast_metric_names, metric, metric_names, range_of
from consensus_sim.data_files import read_plain
from consensus_sim.errors import InputError, not_allowed, one_of, phrase
from consensus_sim.paths import configs_dir
from consensus_sim.settings import STRICT, FilePath, Text, choice, number, number_phrase, read, together

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

OWN_PERIODS = ("phase1", "baseline", "plain")
"""Periods whose statistics are known by their name alone; those of other periods are named period/statistic."""
USES = ("calibration", "validation", "sign")
SCALES = ("linear", "log")
TOLD = {"statistic": "{}", "metric": "{}:{}", "quantity": "quantity/{}:{}"}
"""Ways to name a figure -> name of the statistic in a run, by name and group."""
BAND = 1.6449
"""Half-width of an accepted band in standard deviations: bands are read as 90 % intervals of a normal error."""
DIFFERENCES = (
    "retired_over_working", "party_over_all", "tenants_under", "elders_under", "in_person_over_online", "team_fatigue",
    "calmer_in_parlour",
)  # fmt: skip
"""Statistics that are differences of shares or of indices, and may be negative."""
MOST = 0.90
"""Share of runs in which a sign has to hold (evidence, E1)."""


@dataclass(frozen=True)
class Target:
    """One figure that a run of the model is held against.

    name: unique; statistic: name in `analysis.statistics` ("period/metric:group" for a headline metric,
    "period/quantity/name:group" for a quantity of the revised plan's forecast)
    period: run from which it is read; group: group of residents; unit, source, note: as written
    value: as observed (where only a band is reported, its middle); low, high: accepted band (-inf, inf where open)
    error: standard deviation of the observation, in `scale` units (of the logarithm where scale is "log")
    above: for signs, what the statistic has to exceed; use: one of `USES`
    history: earlier values, oldest first
    where: file and name, for messages; key: the one of `TOLD` under which the figure is named there
    """

    name: str
    statistic: str
    period: str
    group: str
    value: float
    low: float
    high: float
    error: float
    unit: str
    source: str
    use: str
    above: float = -math.inf
    scale: str = "linear"
    history: tuple[float, ...] = ()
    note: str = ""
    where: str = ""
    key: str = "statistic"

    def scaled(self, values: ArrayLike) -> NDArray[np.float64]:
        """`values` on the scale on which the error is normal."""
        import numpy as np

        found = np.asarray(values, np.float64)
        if self.scale == "linear":
            return found
        logs: NDArray[np.float64] = np.log(np.maximum(found, 0.5))
        return logs  # a count of 0 counts as half a person

    @property
    def range(self) -> tuple[float, float]:
        """Least and greatest value that the figure can have; nothing that is forecast of it lies beyond."""
        name = self.statistic.rpartition("/")[2].rpartition(":")[0]
        if self.key == "quantity":
            return forecast_metric(name).range
        if self.key == "metric":
            return metric(name).range if name in metric_names() else (0.0, math.inf)
        if self.statistic.rpartition("/")[2] in DIFFERENCES:
            return -1.0, 1.0
        return range_of(self.unit)

    def inside(self, value: float) -> bool:
        """Tests whether `value` lies in the accepted band."""
        return self.low <= value <= self.high and value > self.above


@dataclass(frozen=True, kw_only=True)
class TargetFiles:
    """The node `targets`: files of configs/targets, or paths of the user's own."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    files: Annotated[
        FilePath | Annotated[tuple[FilePath, ...], Field(min_length=1)],
        Field(json_schema_extra={"allowed": "a_file_or_a_list"}),
    ]


def target_files(config: object) -> tuple[str, ...]:
    """The files that the node `targets` of a composed config names. Raises InputError."""
    files = read(TargetFiles, config, "targets").files
    return (files,) if isinstance(files, str) else files


def read_targets(files: Sequence[str | Path], periods: Sequence[str], elsewhere: Collection[str] = ()) -> list[Target]:
    """The targets of `files`: names of files in configs/targets, or paths; their `period` must be one of `periods`, but
    for those with a `use` in `elsewhere`, which may be another experiment's.

    Raises InputError with one line: file, target, what was found, what is allowed.
    """
    if isinstance(files, str) or not isinstance(files, Sequence) or not files:
        raise not_allowed("targets", files, phrase("a_file_or_a_list"))
    found: list[Target] = []
    for name in files:
        place = _find(str(name))
        found += _read_file(place, periods, elsewhere)
    names = [target.name for target in found]
    for name in names:
        if names.count(name) > 1:
            raise InputError("target_twice", name=name, files=list(map(str, files)))
    return found


def check_told(targets: Sequence[Target], statistics: Collection[str]) -> None:
    """Raises InputError for a target whose statistic is not in `statistics`, the names of all that one run provides."""
    for target in targets:
        if target.statistic in statistics:
            continue
        above = f"{target.period}/" if target.statistic.startswith(f"{target.period}/") else ""
        told = [name.removeprefix(above) for name in statistics if name.startswith(above)]
        found = target.statistic.removeprefix(above)
        if target.key == "statistic":
            raise one_of(f"{target.where}.statistic", found, sorted(n for n in told if "/" not in n and ":" not in n))
        named = [name.rpartition(":") for name in told if ":" in name and ("/" in name) == ("/" in found)]
        name, _, group = found.rpartition(":")
        groups = [one for other, _, one in named if other == name]
        if groups:
            raise one_of(f"{target.where}.group ({name.rpartition('/')[2]})", group, groups)
        if not named:
            raise InputError("not_in_this_period", where=f"{target.where}.{target.key}", period=target.period)
        raise one_of(f"{target.where}.{target.key}", name.rpartition("/")[2], sorted({n for n, _, _ in named}))


def _find(name: str) -> Path:
    """The file called `name`."""
    shipped = configs_dir() / "targets"
    for place in (shipped / f"{name}.yaml", Path(name)):
        if place.is_file():
            return place
    if "/" in name or name.endswith((".yaml", ".yml")):
        raise InputError("no_such_file", where="targets", found=name)
    raise one_of("targets", name, sorted(path.stem for path in shipped.glob("*.yaml")), phrase("path_of_own"))


def _read_file(place: Path, periods: Sequence[str], elsewhere: Collection[str]) -> list[Target]:
    entries = read_plain(place).get("targets")
    if not isinstance(entries, list) or not entries:
        raise InputError("no_targets", file=str(place))
    shown = place.name if place.is_relative_to(configs_dir()) else str(place)
    return together(
        [
            partial(_read_target, f"{shown}: targets.{_name_of(entry, place)}", entry, periods, elsewhere)
            for place, entry in enumerate(entries)
        ]
    )


def _name_of(entry: Any, number: int) -> str:
    return str(entry.get("name", number + 1)) if isinstance(entry, Mapping) else str(number + 1)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A figure as written in a file of targets; see the head of configs/targets/phase1.yaml."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    name: Text
    period: Text
    unit: Text
    source: Text
    use: str = choice(*USES)
    statistic: Text | None = None
    metric: Text | None = None
    quantity: Text | None = None
    group: Text = "all"
    value: Annotated[float | None, number()] = None
    low: Annotated[float | None, number()] = None
    high: Annotated[float | None, number()] = None
    error: Annotated[float | None, number()] = None
    above: Annotated[float | None, number()] = None
    scale: Annotated[str, choice(*SCALES)] = "linear"
    history: list[Annotated[float, number()]] | None = None
    note: str = ""


def _read_target(where: str, found: object, periods: Sequence[str], elsewhere: Collection[str]) -> Target:
    """One checked target."""
    entry = read(Entry, found, where)
    if entry.period not in periods and entry.use not in elsewhere:
        raise one_of(f"{where}.period", entry.period, periods)
    named = [key for key in TOLD if getattr(entry, key) is not None]
    if len(named) != 1:
        raise InputError("one_of_three_keys", where=where)
    if entry.quantity is not None and entry.quantity not in forecast_metric_names():
        raise one_of(f"{where}.quantity", entry.quantity, forecast_metric_names())
    statistic = TOLD[named[0]].format(getattr(entry, named[0]), entry.group)
    if entry.statistic is None or entry.period not in OWN_PERIODS:
        statistic = f"{entry.period}/{statistic}"
    about = partial(
        Target, name=entry.name, statistic=statistic, period=entry.period, group=entry.group, unit=entry.unit,
        source=entry.source, use=entry.use, scale=entry.scale, note=entry.note, history=tuple(entry.history or ()),
        where=where, key=named[0],
    )  # fmt: skip
    if entry.use == "sign":
        if entry.above is None:
            raise not_allowed(f"{where}.above", None, number_phrase(None, None, whole=False))
        return about(value=math.nan, low=-math.inf, high=math.inf, error=math.nan, above=entry.above)
    _check_unit(where, entry)
    value, low, high, error = _read_value(where, entry)
    return about(value=value, low=low, high=high, error=error)


def _check_unit(where: str, entry: Entry) -> None:
    """Refuse per cent, and numbers that a share cannot be: the model reports shares from 0 to 1."""
    if "%" in entry.unit or "percent" in entry.unit.lower() or "per cent" in entry.unit.lower():
        raise not_allowed(f"{where}.unit", entry.unit, phrase("share_not_percent"))
    share = _is_share(entry.metric or "") if entry.quantity is None else forecast_metric(entry.quantity).is_share
    for key in ("value", "low", "high"):
        found = getattr(entry, key)
        if share and found is not None and not 0 <= found <= 1:
            raise not_allowed(f"{where}.{key}", found, phrase("share_of_one"))


def _is_share(name: str) -> bool:
    return name in metric_names() and metric(name).unit.startswith("share")


def _read_value(where: str, entry: Entry) -> tuple[float, float, float, float]:
    """value, low, high, error."""
    value, low, high, error, log = entry.value, entry.low, entry.high, entry.error, entry.scale == "log"
    if low is not None and high is not None and low >= high:
        raise InputError("low_not_below_high", where=where, low=low, high=high)
    if log and min(x for x in (low, value, 1.0) if x is not None) <= 0:
        raise InputError("log_needs_positive", where=where)
    if error is not None and error <= 0:
        raise not_allowed(f"{where}.error", error, phrase("number_above", low=0))
    both = None if low is None or high is None else (low, high)
    if value is not None and ((low is not None and value < low) or (high is not None and value > high)):
        raise not_allowed(f"{where}.value", value, phrase("within_low_and_high"))
    if both is None:
        if value is None or error is None:
            raise InputError("band_or_error", where=where)
        half = BAND * error
        both = (value * math.exp(-half), value * math.exp(half)) if log else (value - half, value + half)
        return value, both[0], both[1], error
    if value is None:
        value = math.sqrt(both[0] * both[1]) if log else (both[0] + both[1]) / 2
    if error is None:
        error = (math.log(both[1] / both[0]) if log else both[1] - both[0]) / (2 * BAND)
    return value, both[0], both[1], error
