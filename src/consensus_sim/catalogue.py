"""Every word shown to people, in Chinese and English, and the one home of metric definitions.

The words are in `catalogue.yaml` beside this file; nothing is read before it is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from consensus_sim.errors import one_of

LANGUAGES = ("zh", "en")
DIRECTIONS = ("higher", "lower", "neutral")
_FILE = Path(__file__).with_name("catalogue.yaml")
_UNDEFINED = "–"
MORE_DECIMALS = 2
"""Digits that a small difference gets beyond those of its metric."""


@dataclass(frozen=True)
class Metric:
    """Definition of a metric and the format of its numbers.

    name: as in the column `metric` of the tables
    unit: machine name of the unit, as in the column `unit`
    direction: higher, lower or neutral; which way a planner would welcome
    format: the way a number is written (percent, percent_tenth, count, decimal, ...; `formats` in the file)
    theme: the table in which it stands (participation, attendance, consensus, execution, inclusion, attitudes, cost)
    labels, definitions, units: language -> text
    decimals: digits behind the point; scale: factor before writing; after: what follows the number
    """

    name: str
    unit: str
    direction: str
    format: str
    theme: str
    labels: dict[str, str]
    definitions: dict[str, str]
    units: dict[str, str]
    decimals: int
    scale: float
    after: str

    def label(self, language: str) -> str:
        """Short name for tables and axes."""
        return self.labels[check_language(language)]

    def definition(self, language: str) -> str:
        """Definition: the quantity counted, its window, its residents."""
        return self.definitions[check_language(language)]

    def unit_label(self, language: str) -> str:
        """The unit as people read it."""
        return self.units[check_language(language)]

    @property
    def range(self) -> tuple[float, float]:
        """Least and greatest value that it can have."""
        return range_of(self.unit)

    @property
    def is_share(self) -> bool:
        """True if values are shares, so that differences are percentage points."""
        return self.scale == 100

    @property
    def has_plain_unit(self) -> bool:
        """True if the unit can stand behind a number: persons, money, hours, counts; not shares or scales."""
        return not (self.is_share or self.unit in ("index", "score", "sd"))

    def show(self, value: float, *, after: bool = True) -> str:
        """`value` as people read it, e.g. 0.0123 as "1.23 %"; a dash where it is undefined."""
        if value is None or math.isnan(value):
            return _UNDEFINED
        text = f"{self._rounded(value):,.{self.decimals}f}"
        return text + self.after if after else text

    def show_difference(self, value: float, language: str | None = None) -> str:
        """A difference with its sign; with `language`, percentage points are named. A dash where it is undefined.

        One that would be written as zero gets up to `MORE_DECIMALS` more, so that it does not look like none.
        """
        if value is None or math.isnan(value):
            return _UNDEFINED
        scaled, decimals = float(value) * self.scale, self.decimals
        while scaled and round(scaled, decimals) == 0 and decimals < self.decimals + MORE_DECIMALS:
            decimals += 1
        if round(scaled, decimals) == 0:
            decimals = self.decimals
        sign = "-" if scaled < 0 else "+" if scaled else ""  # no sign says: exactly no difference
        text = f"{sign}{abs(round(scaled, decimals)):,.{decimals}f}"
        if language is not None and self.is_share:
            text += " " + text_of("point_unit", language)
        return text

    def show_error(self, value: float, language: str | None = None) -> str:
        """A Monte Carlo standard error as ±0.0123, with a digit more than values have; with `language`, percentage
        points are named. A dash where it is undefined.
        """
        if value is None or math.isnan(value):
            return _UNDEFINED
        after = f" {text_of('point_unit', language)}" if language is not None and self.is_share else ""
        return f"±{float(value) * self.scale:,.{self.decimals + 1}f}{after}"

    def show_interval(self, low: float, high: float) -> str:
        """The interval from `low` to `high`, without signs behind the numbers."""
        return interval(self.show(low, after=False), self.show(high, after=False))

    def _rounded(self, value: float) -> float:
        """`value` scaled and rounded; never a negative zero."""
        return round(float(value) * self.scale, self.decimals) + 0.0


def range_of(unit: str) -> tuple[float, float]:
    """Least and greatest value of a quantity in `unit`, a machine name: shares and indices lie in 0-1, counts and
    amounts are not negative, settling takes a sitting.
    """
    if unit.startswith(("share", "index", "score")):
        return 0.0, 1.0
    return (-math.inf if unit == "sd" else float(unit == "sittings")), math.inf


def interval(low: str, high: str) -> str:
    """An interval in tables: bounds between brackets, apart by a semicolon, as numbers have commas within them."""
    return f"[{low}; {high}]"


def check_language(language: str) -> str:
    """`language` if it is one of `LANGUAGES`. Raises InputError otherwise."""
    if language not in LANGUAGES:
        raise one_of("report.language", language, LANGUAGES)
    return language


@cache
def _content() -> dict[str, Any]:
    """The file as nested mappings."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with _FILE.open(encoding="utf-8") as file:
        content: dict[str, Any] = yaml.load(file, Loader=loader)
    return content


def _leaves(branch: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Every text below `branch` with its dotted key; a text is a mapping of languages."""
    for name, inner in branch.items():
        key = f"{path}{name}"
        if set(inner) & set(LANGUAGES):
            yield key, inner
        else:
            yield from _leaves(inner, f"{key}.")


@cache
def texts() -> dict[str, dict[str, str]]:
    """Every text by its dotted key, e.g. "group.elder": {"zh": ..., "en": ...}; units are under "unit.<name>"."""
    found = dict(_leaves(_content()["texts"]))
    found.update({f"unit.{name}": label for name, label in _content()["units"].items()})
    return found


def text(key: str, language: str, **values: object) -> str:
    """The text `key` in `language`, its placeholders filled with `values`.

    Raises KeyError, naming the key, if there is no such text or a placeholder is left without a value; InputError if
    the language is not one of `LANGUAGES`.
    """
    check_language(language)
    if key not in texts():
        raise KeyError(f"catalogue.yaml has no text {key!r}")
    try:
        return texts()[key][language].format(**values)
    except KeyError as missing:
        raise KeyError(f"catalogue.yaml: text {key!r} needs a value for {missing}") from None


text_of = text


def label_of(kind: str, name: str, language: str) -> str:
    """The text "<kind>.<name>" (group, channel, venue, ...), or `name` itself where a user brought their own."""
    check_language(language)
    found = texts().get(f"{kind}.{name}") or (_channel_labels.get(name) if kind == "channel" else None)
    return found[language] if found else name


_channel_labels: dict[str, Mapping[str, str]] = {}
"""Labels of the channels that studies read so far have, by language."""


def name_channels(labels: Mapping[str, Mapping[str, str]]) -> None:
    """Takes the labels of channels, by language, for the metrics of those that a user brought."""
    _channel_labels.update(labels)


def parameter_label(name: str, language: str, *, lines: bool = False) -> str:
    """A parameter of the behaviour (short name, such as trust.gain) as people read it, its name behind it in
    parentheses or, with `lines`, on a line of its own; the name alone where the catalogue does not hold it.
    """
    label = label_of("parameter", name, language)
    if label == name:
        return name
    return f"{label}\n{name}" if lines else text("named", language, label=label, name=name)


def unit_label(unit: str, language: str) -> str:
    """The unit of a setting, which is declared in English, in `language`; as it is where the catalogue lacks it."""
    return unit if check_language(language) == "en" else str(_content()["setting_units"].get(unit, unit))


def setting_label(place: str, name: str, language: str, about: Mapping[str, str] | None = None) -> str:
    """The short label of a setting in `language`.

    place: the file of an intervention's class (without .py), "channel" or "topic"
    about: what the declaration of the setting says, for one that the catalogue lacks; the name of a setting without
        label_zh or label_en is its label
    """
    check_language(language)
    sections = _content()["settings"]
    shared = {} if place in ("channel", "topic") else sections["intervention"]
    labels = {**shared, **sections.get(place, {})}
    if name in labels:
        return str(labels[name][language])
    return (about or {}).get(f"label_{language}", name)


@cache
def _metrics(section: str) -> dict[str, Metric]:
    """The metrics of one section of the file, in its order."""
    return {name: _read_metric(name, entry) for name, entry in _content()[section].items()}


def _read_metric(name: str, entry: Mapping[str, Any]) -> Metric:
    """The metric `name` from its entry in the file."""
    return Metric(
        name=name,
        unit=entry["unit"],
        direction=entry["better"],
        format=entry["format"],
        theme=entry["theme"],
        labels=entry["label"],
        definitions=entry["definition"],
        units=_content()["units"][entry["unit"]],
        **_content()["formats"][entry["format"]],
    )


def _of_channel(section: str, name: str) -> Metric | None:
    """The metric `name` of a channel that a user brought, such as attendance_chess; None for another."""
    measure, _, channel = name.partition("_")
    if name in _metrics(section) or measure not in _content()["own_channel"][section] or not channel:
        return None
    entry = _content()["own_channel"][section][measure]
    said = {
        part: {each: words.format(channel=label_of("channel", channel, each)) for each, words in entry[part].items()}
        for part in ("label", "definition")
    }
    return _read_metric(name, {**entry, **said})


def _find(section: str, name: str) -> Metric:
    found = _metrics(section).get(name) or _of_channel(section, name)
    if found is None:
        raise KeyError(f"catalogue.yaml has no metric {name!r} under {section}")
    return found


def metric(name: str) -> Metric:
    """The headline metric `name`. Raises KeyError, naming it, if the catalogue does not hold it."""
    return _find("metrics", name)


def weekly_metric(name: str) -> Metric:
    """The metric `name` of table weekly. Raises KeyError, naming it, if the catalogue does not hold it."""
    return _find("weekly", name)


def forecast_metric(name: str) -> Metric:
    """The quantity `name` of the revised plan's forecast. Raises KeyError, naming it, if the catalogue does not hold
    it.
    """
    if name not in _metrics("forecast"):
        raise KeyError(f"catalogue.yaml has no metric {name!r} under forecast")
    return _metrics("forecast")[name]


def metric_names(theme: str | None = None, present: Iterable[str] = ()) -> tuple[str, ...]:
    """Names of the headline metrics, those of one `theme` or all, in the order in which tables show them.

    present: names that a table has; those of channels that a user brought are among the metrics then
    """
    own = (_of_channel("metrics", name) for name in dict.fromkeys(present))
    found = (*_metrics("metrics").values(), *own)
    return tuple(each.name for each in found if each is not None and theme in (None, each.theme))


def weekly_metric_names() -> tuple[str, ...]:
    """Names of the weekly metrics."""
    return tuple(_metrics("weekly"))


def forecast_metric_names() -> tuple[str, ...]:
    """Names of the quantities of the revised plan's forecast, in the order of its table."""
    return tuple(_metrics("forecast"))


def themes() -> tuple[str, ...]:
    """Themes of the headline metrics, in the order in which tables show them."""
    return tuple(dict.fromkeys(found.theme for found in _metrics("metrics").values()))


def headline_tables(present: Iterable[str] = ()) -> dict[str, tuple[str, ...]]:
    """The short tables: name (its heading is the text "table.<name>") -> metrics.

    present: names that a table has; those of channels that a user brought follow the metrics of participation then
    """
    own = metric_names(present=present)[len(metric_names()) :]
    tables = {name: tuple(metrics) for name, metrics in _content()["headline_tables"].items()}
    return {**tables, "participation": (*tables["participation"], *own)}


def contrast_metrics(present: Iterable[str] = ()) -> tuple[str, ...]:
    """Metrics whose differences are drawn and described in words: those of the short tables and a few more."""
    named = [name for names in headline_tables(present).values() for name in names]
    return (*named, *_content()["contrasts_too"])
