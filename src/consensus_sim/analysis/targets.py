"""Targets: figures of a case as data, read from `configs/targets/` or a user's own file, and checked."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field

from consensus_sim.catalogue import forecast_metric, forecast_metric_names
from consensus_sim.data_files import read_plain
from consensus_sim.errors import InputError, not_allowed, one_of, phrase, unknown_key
from consensus_sim.paths import configs_dir
from consensus_sim.settings import STRICT, FilePath, number_phrase, read

OWN_PERIODS = ("phase1", "baseline", "plain")
"""Periods whose statistics are known by their name alone; those of others are told as period/statistic."""
USES = ("calibration", "validation", "sign")
SCALES = ("linear", "log")
KEYS = (
    "name", "statistic", "metric", "quantity", "period", "group", "value", "low", "high", "error", "above", "scale",
    "unit", "source", "use", "history", "note",
)  # fmt: skip
TOLD = {"statistic": "{}", "metric": "{}:{}", "quantity": "quantity/{}:{}"}
"""Ways to name a figure -> how a run tells it, by name and group."""
BAND = 1.6449
"""Half-width of an accepted band in standard deviations: bands are read as 90 % intervals of a normal error."""
MOST = 0.90
"""Share of runs in which a sign has to hold (evidence, E1)."""


@dataclass(frozen=True)
class Target:
    """One figure that a run of the model is held against.

    name: unique; statistic: name in `analysis.statistics` ("period/metric:group" for a headline metric,
    "period/quantity/name:group" for a quantity of the revised plan's forecast)
    period: which run it is read from; group: of whom; unit, source, note: as written
    value: as observed (where only a band is told, its middle); low, high: accepted band (-inf, inf where open)
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

    def scaled(self, values: Any) -> Any:
        """`values` on the scale on which the error is normal."""
        import numpy as np

        if self.scale == "linear":
            return np.asarray(values, np.float64)
        return np.log(np.maximum(np.asarray(values, np.float64), 0.5))  # a count of 0 counts as half a person

    def inside(self, value: float) -> bool:
        """Whether `value` lies in the accepted band."""
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
    """Refuse a target of what no run tells; `statistics`: all that one run tells. Raises InputError."""
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
    return [
        _read_target(f"{shown}: targets.{_name_of(entry, number)}", entry, periods, elsewhere)
        for number, entry in enumerate(entries)
    ]


def _name_of(entry: Any, number: int) -> str:
    return str(entry.get("name", number + 1)) if isinstance(entry, Mapping) else str(number + 1)


def _number(where: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise not_allowed(where, value, number_phrase(None, None, whole=False))
    return float(value)


def _read_target(where: str, entry: Any, periods: Sequence[str], elsewhere: Collection[str]) -> Target:
    """One checked target; see the head of configs/targets/phase1.yaml."""
    if not isinstance(entry, Mapping):
        raise not_allowed(where, entry, phrase("settings_named", names=KEYS))
    for key in entry:
        if key not in KEYS:
            raise unknown_key(where, key, KEYS)
    for key in ("name", "period", "unit", "source", "use"):
        if not isinstance(entry.get(key), str) or not entry[key]:
            raise not_allowed(f"{where}.{key}", entry.get(key), phrase("a_text"))
    if entry["use"] not in USES:
        raise one_of(f"{where}.use", entry["use"], USES)
    if entry["period"] not in periods and entry["use"] not in elsewhere:
        raise one_of(f"{where}.period", entry["period"], periods)
    scale = entry.get("scale", "linear")
    if scale not in SCALES:
        raise one_of(f"{where}.scale", scale, SCALES)
    group = str(entry.get("group", "all"))
    read = [key for key in TOLD if key in entry]
    if len(read) != 1:
        raise InputError("one_of_three_keys", where=where)
    if "quantity" in entry and entry["quantity"] not in forecast_metric_names():
        raise one_of(f"{where}.quantity", entry["quantity"], forecast_metric_names())
    statistic = TOLD[read[0]].format(entry[read[0]], group)
    if "statistic" not in entry or entry["period"] not in OWN_PERIODS:
        statistic = f"{entry['period']}/{statistic}"
    history = entry.get("history") or []
    if not isinstance(history, list):
        raise not_allowed(f"{where}.history", history, phrase("a_list_of_numbers"))
    common: dict[str, Any] = {
        "name": entry["name"], "statistic": statistic, "period": entry["period"], "group": group, "unit": entry["unit"],
        "source": entry["source"], "use": entry["use"], "scale": scale, "note": str(entry.get("note", "")),
        "history": tuple(_number(f"{where}.history", value) for value in history), "where": where, "key": read[0],
    }  # fmt: skip
    if entry["use"] == "sign":
        above = _number(f"{where}.above", entry.get("above"))
        return Target(**common, value=math.nan, low=-math.inf, high=math.inf, error=math.nan, above=above)
    _check_unit(where, entry)
    value, low, high, error = _read_value(where, entry, scale)
    return Target(**common, value=value, low=low, high=high, error=error)


def _check_unit(where: str, entry: Mapping[str, Any]) -> None:
    """Refuse per cent, and numbers that a share cannot be: the model tells shares from 0 to 1."""
    if "%" in entry["unit"] or "percent" in entry["unit"].lower() or "per cent" in entry["unit"].lower():
        raise not_allowed(f"{where}.unit", entry["unit"], phrase("share_not_percent"))
    if "quantity" in entry:
        share = forecast_metric(entry["quantity"]).is_share
    else:
        share = _is_share(str(entry.get("metric", "")))
    for key in ("value", "low", "high"):
        if share and isinstance(entry.get(key), int | float) and not 0 <= entry[key] <= 1:
            raise not_allowed(f"{where}.{key}", entry[key], phrase("share_of_one"))


def _is_share(metric: str) -> bool:
    from consensus_sim import catalogue

    return metric in catalogue.metric_names() and catalogue.metric(metric).unit.startswith("share")


def _read_value(where: str, entry: Mapping[str, Any], scale: str) -> tuple[float, float, float, float]:
    """value, low, high, error."""
    low, high = (None if entry.get(k) is None else _number(f"{where}.{k}", entry[k]) for k in ("low", "high"))
    if low is not None and high is not None and low >= high:
        raise InputError("low_not_below_high", where=where, low=low, high=high)
    if scale == "log" and min(x for x in (low, entry.get("value"), 1.0) if x is not None) <= 0:
        raise InputError("log_needs_positive", where=where)
    both = None if low is None or high is None else (low, high)
    if both is None and (entry.get("value") is None or entry.get("error") is None):
        raise InputError("band_or_error", where=where)
    log = scale == "log"
    if entry.get("value") is not None:
        value = _number(f"{where}.value", entry["value"])
        if (low is not None and value < low) or (high is not None and value > high):
            raise not_allowed(f"{where}.value", entry["value"], phrase("within_low_and_high"))
    else:
        assert both is not None
        value = math.sqrt(both[0] * both[1]) if log else (both[0] + both[1]) / 2
    if entry.get("error") is not None:
        error = _number(f"{where}.error", entry["error"])
        if error <= 0:
            raise not_allowed(f"{where}.error", entry["error"], phrase("number_above", low=0))
    else:
        assert both is not None
        error = (math.log(both[1] / both[0]) if log else both[1] - both[0]) / (2 * BAND)
    if both is None:
        half = BAND * error
        both = (value * math.exp(-half), value * math.exp(half)) if log else (value - half, value + half)
    return value, both[0], both[1], error
