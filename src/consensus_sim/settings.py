"""Settings: each declared once, with type, range and unit, and checked by pydantic when it is read.

A class whose fields are settings is a dataclass. `setting`, `choice` and `switch` declare its fields; `read` checks a
mapping from a file against the class and returns an instance. Every error of the mapping comes in one go, each with
the key, what was found, what is allowed and, for a name, the nearest one. `schema` gives the same as a JSON schema.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self, TypeAlias, TypeVar

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from consensus_sim.catalogue import LANGUAGES, metric_names, setting_label, unit_label
from consensus_sim.data_files import sources
from consensus_sim.errors import InputError, Phrase, not_allowed, one_of, phrase, raise_all, unknown_key

T = TypeVar("T")
Word = TypeVar("Word", bound=str)
Node: TypeAlias = Mapping[str, Any]
"""A part of a JSON schema."""
STRICT = ConfigDict(extra="forbid")
"""Configuration of a class of settings: keys that no field declares are refused."""
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
FIRST_YEAR, LAST_YEAR = 1900, 2199
"""Years that a date may lie in: weeks, months and quarters around it have to be dates, too."""


LARGEST_IN_FULL = 10**20
"""Up to here messages write a whole number with all its digits."""
UNSAID: object = object()
"""In place of what was found, where a check says nothing of its own about it."""


class RefusedError(ValueError):
    """A value that a check of our own refuses, with the phrase that says what is allowed (or why)."""

    def __init__(self, kind: str, *, names: Sequence[str] = (), **values: object) -> None:
        self.phrase = phrase(kind, **values, **({"names": list(names)} if names else {}))
        self.names = names
        self.within, self.found = "", UNSAID
        super().__init__(kind)

    def at(self, within: str, found: object) -> Self:
        """The same about the part `within` of the value, which was `found` there."""
        self.within, self.found = within, found
        return self


def setting(
    low: float,
    high: float,
    unit: str = "",
    *,
    integer: bool = False,
    optional: bool = False,
    **about: str,
) -> Any:
    """Declare a numeric setting with its allowed range and unit; its value comes from a file in configs/.

    A setting that a file may leave out is written `name: Annotated[float, setting(...)] = 1.0`.

    integer, optional: what the annotation says (`int`, `float | None`), kept for the reader; a setting that may be
        None leaves the value to a parameter of the behaviour and so to its prior
    about: label_zh, label_en, source, group, for a setting that the catalogue does not hold; `dose`: the dose of an
        intervention to which the setting belongs, `DOSE` or the name of a part; settings of one dose scale together
    """
    return Field(strict=True, ge=low, le=high, allow_inf_nan=False, json_schema_extra={"unit": unit, **about})


DOSE = "whole"
"""Dose of an intervention as such: without it the intervention is not there."""


def number(unit: str = "", **about: str) -> Any:
    """Declare a setting that is any finite number."""
    return Field(strict=True, allow_inf_nan=False, json_schema_extra={"unit": unit, **about})


def choice(*allowed: str, **about: str) -> Any:
    """Declare a setting that is one of some words."""

    def check(found: str | None) -> str | None:
        if found is not None and found not in allowed:
            raise RefusedError("names", names=allowed)
        return found

    declared = Field(strict=True, json_schema_extra={"enum": list(allowed), **about})
    declared.metadata.append(AfterValidator(check))
    return declared


def switch(**about: str) -> Any:
    """Declare a setting that is on or off."""
    return Field(strict=True, json_schema_extra={**about})


def unlisted() -> Any:
    """Declare a field that is no setting of a file's, so that no message lists it."""
    return Field(json_schema_extra={"hidden": True})


def some() -> Any:
    """Declare a mapping of free names with at least one entry."""
    return Field(min_length=1, json_schema_extra={"allowed": "at_least_one"})


def _nonblank(found: str) -> str:
    if not found.strip() or found == GAP:
        raise RefusedError("a_text")
    return found


GAP = "???"
"""Text that a configuration takes for a value that is still missing."""
Text = Annotated[str, Field(strict=True), AfterValidator(_nonblank)]
"""A text that is neither blank nor a gap."""


def accepted(test: Callable[[T], bool], kind: str, **values: int) -> AfterValidator:
    """A check that what is found passes `test`; the phrase `kind` says what is allowed."""

    def check(found: T) -> T:
        if not test(found):
            raise RefusedError(kind, names=(), **values)
        return found

    return AfterValidator(check)


def _is_metric(found: str) -> str:
    if found not in metric_names():
        raise RefusedError("names", names=metric_names())
    return found


Metrics = Annotated[
    tuple[Annotated[str, Field(strict=True), AfterValidator(_is_metric)], ...],
    Field(min_length=1, json_schema_extra={"allowed": "a_list_of_metrics"}),
]
"""Names of metrics of the catalogue, at least one."""
LONGEST_NAME, LONGEST_PATH = 255, 2000
"""Bytes that the name of a file or folder may have, and the whole path: what the usual file systems take."""


def _can_be_path(found: str) -> bool:
    """Returns whether a file system takes `found` as a path."""
    plain = not any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in found)
    if not plain or not found.strip():
        return False
    longest = max((len(part.encode()) for part in Path(found).parts), default=0)
    return longest <= LONGEST_NAME and len(found.encode()) <= LONGEST_PATH


FilePath = Annotated[str, Field(strict=True), accepted(_can_be_path, "a_path", most=LONGEST_NAME)]
"""Place of a file or folder, as text."""


def keyed(*names: str) -> AfterValidator:
    """A check that a mapping has just the keys `names`."""

    def check(found: dict[str, Any]) -> dict[str, Any]:
        for name in found:
            if name not in names:
                raise RefusedError("names", names=names).at("", name)
        if len(found) < len(names):
            raise RefusedError("settings_named", names=names)
        return found

    return AfterValidator(check)


Label = Annotated[dict[str, Text], keyed("zh", "en"), Field(json_schema_extra={"allowed": "label"})]
"""A text for people, in both languages."""
Reported = Annotated[dict[str, Text], keyed("zh", "en", "source"), Field(json_schema_extra={"allowed": "label"})]
"""Reported text on something, in both languages, with its source."""
Share = Annotated[float, setting(0, 1)]


def pair(low: float, high: float, unit: str = "") -> Any:
    """Declare a setting [from, to] of two numbers in [low, high], the first no larger than the second."""

    def check(found: tuple[float, float]) -> tuple[float, float]:
        for number in found:
            if not low <= number <= high:
                raise RefusedError("pair_within", low=shown(low), high=shown(high), unit=unit_phrase(unit))
        if found[0] > found[1]:
            raise RefusedError("low_to_high")
        return found

    declared = Field(json_schema_extra={"unit": unit, "allowed": "low_to_high"})
    declared.metadata.extend([BeforeValidator(_two_numbers), AfterValidator(check)])
    return declared


def _two_numbers(found: object) -> object:
    """`found` if it is a list of two numbers, so that nothing else is turned into one."""
    both = isinstance(found, list | tuple) and len(found) == 2
    if not both or any(isinstance(one, bool) or not isinstance(one, int | float) for one in found):  # type: ignore[attr-defined]
        raise RefusedError("low_to_high")
    return found


@dataclass(frozen=True)
class Quantity:
    """A number with its unit and where it comes from (an evidence id, a publication, or `assumption`)."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    value: Annotated[float, Field(strict=True)]
    unit: Text
    source: Text

    def __float__(self) -> float:
        """The number alone."""
        return float(self.value)

    def __int__(self) -> int:
        """The number alone, of a count."""
        return int(self.value)


def quantity(unit: str, low: float, high: float, *, whole: bool = False) -> Any:
    """Declare a setting {value, unit, source}, or a bare number (then of this unit and without a source)."""

    def complete(found: object) -> object:
        if isinstance(found, Mapping | Quantity) or found is None:
            return found
        check_number(found, "")
        return {"value": found, "unit": unit, "source": "given without a source"}

    def check_number(found: object, at: str) -> None:
        number = not isinstance(found, bool) and isinstance(found, int | float)
        if not (number and low <= found <= high and (not whole or found == int(found))):  # type: ignore[operator,call-overload]
            raise RefusedError("is", allowed=number_phrase(low, high, whole, unit)).at(at, found)

    def check(found: Quantity | None) -> Quantity | None:
        if found is None:
            return None
        if found.unit != unit:
            raise RefusedError("names", names=[unit]).at("unit", found.unit)
        check_number(found.value, "value")
        return Quantity(int(found.value), unit, found.source) if whole else found

    declared = Field(json_schema_extra={"unit": unit, "minimum": low, "maximum": high})
    declared.metadata.extend([BeforeValidator(complete), AfterValidator(check)])
    return declared


def count(unit: str, low: int = 0, high: int = 10_000_000) -> Any:
    """Declare a whole number {value, unit, source}."""
    return quantity(unit, low, high, whole=True)


def read_date(found: object) -> datetime.date | None:
    """Returns a date written YYYY-MM-DD; None and dates as they are. Raises RefusedError otherwise."""
    if found is None or isinstance(found, datetime.date):
        return found
    if isinstance(found, str) and _DATE.fullmatch(found):
        try:
            day = datetime.date.fromisoformat(found)
        except ValueError:
            raise RefusedError("a_date") from None
        if FIRST_YEAR <= day.year <= LAST_YEAR:
            return day
        raise RefusedError("a_date_between", first=FIRST_YEAR, last=LAST_YEAR)
    raise RefusedError("a_date")


Day = Annotated[datetime.date, BeforeValidator(read_date)]
OptionalDay = Annotated[datetime.date | None, BeforeValidator(read_date)]


_adapters: dict[type, TypeAdapter[Any]] = {}


def _adapter(kind: type) -> TypeAdapter[Any]:
    """The validator of `kind`, made once."""
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


_schemas: dict[type, dict[str, Any]] = {}


def schema(kind: type) -> dict[str, Any]:
    """The JSON schema of the class `kind`: type, range, unit and choices of every setting."""
    if kind not in _schemas:
        _schemas[kind] = _adapter(kind).json_schema()
    return _schemas[kind]


def read(kind: type[T], found: object, where: str) -> T:
    """`found` (plain values from a file) as an instance of `kind`; `where` is the key under which it stands.

    Raises:
    ------
    InputError: a key unknown or missing, a value of another type or out of range; all of them together.
    """
    if not isinstance(found, Mapping):
        raise not_allowed(where, found, allowed_phrase(schema(kind), schema(kind)))
    try:
        instance: T = _adapter(kind).validate_python(dict(found))
        return instance
    except ValidationError as error:
        raise_all(_without_misspelt([_explain(each, kind, where) for each in error.errors(include_url=False)]))
        raise


def _without_misspelt(errors: Sequence[InputError]) -> list[InputError]:
    """`errors` without the missing keys that an unknown one is nearest to: one typo, one message."""
    near = [e.phrase.values["near"] for e in errors if e.phrase.kind == "unknown_key"]
    meant = {found.values.get("near") for found in near if isinstance(found, Phrase)}
    return [e for e in errors if e.phrase.kind != "missing_key" or e.phrase.values["name"] not in meant]


def _explain(error: ErrorDetails, kind: type, where: str) -> InputError:
    """Error of ours for what pydantic found wrong."""
    path = [part for part in error["loc"] if part != "[key]"]
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, InputError):
        return cause
    unknown = error["type"] == "unexpected_keyword_argument" or len(path) < len(error["loc"])
    if unknown or error["type"] in ("missing", "missing_argument"):
        above, name = join(where, path[:-1]), path[-1]
        node = _at(schema(kind), path[:-1])
        names = _names(node)
        if unknown:
            return unknown_key(above, name, names)
        return InputError("missing_key", where=above, name=name, needed=node.get("required", names))
    place, value = join(where, path), error["input"]
    if isinstance(cause, RefusedError):
        if cause.found is not UNSAID:
            place, value = f"{place}.{cause.within}".rstrip("."), cause.found
        if cause.phrase.kind == "names":
            return one_of(place, value, cause.names)
        return not_allowed(place, value, cause.phrase)
    return not_allowed(place, value, allowed_phrase(_at(schema(kind), path), schema(kind)))


def join(where: str, path: Sequence[int | str]) -> str:
    """The key `where` followed by the names and places of `path`."""
    return (where + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)).removeprefix(".")


def _resolve(node: Node, root: Node) -> Node:
    """`node`, or what it refers to; of something that may be null, what else it may be."""
    if "$ref" in node:
        extra = {key: value for key, value in node.items() if key != "$ref"}
        return {**_resolve(root["$defs"][node["$ref"].rpartition("/")[2]], root), **extra}
    if "allOf" in node:
        return _resolve(node["allOf"][0], root)
    return node


def _names(node: Node) -> list[str]:
    """Keys that a part of a schema knows; those that nobody writes by hand are left out."""
    within = node.get("properties", {})
    return [name for name, each in within.items() if not each.get("hidden")] or list(
        node.get("propertyNames", {}).get("enum", ())
    )


def _at(root: Node, path: Sequence[int | str]) -> Node:
    """The part of the schema `root` that describes what stands at `path`; empty where it says nothing."""
    node = _resolve(root, root)
    for part in path:
        options = [_resolve(option, root) for option in node.get("anyOf", [node])]
        node = {}
        for option in options:
            if isinstance(part, int) and "items" in option:
                node = _resolve(option["items"], root)
            elif str(part) in option.get("properties", {}):
                node = _resolve(option["properties"][str(part)], root)
            elif isinstance(option.get("additionalProperties"), Mapping):
                node = _resolve(option["additionalProperties"], root)
    return node


def allowed_phrase(node: Node, root: Node) -> Phrase:
    """Phrase that states what a part of a JSON schema allows."""
    node = _resolve(node, root)
    options = [_resolve(option, root) for option in node.get("anyOf", ())]
    if options:
        unit = {"unit": node["unit"]} if "unit" in node else {}
        rest = [option for option in options if option.get("type") != "null"]
        one = allowed_phrase({**rest[0], **unit}, root)
        for other in rest[1:]:
            one = phrase("either", one=one, other=allowed_phrase({**other, **unit}, root))
        return phrase("or_null", allowed=one) if len(rest) < len(options) else one
    if "allowed" in node:
        return phrase(node["allowed"])
    if "enum" in node or "const" in node:
        return phrase("names", names=list(node.get("enum", [node.get("const")])))
    kind = node.get("type")
    if kind in ("integer", "number"):
        return number_phrase(node.get("minimum"), node.get("maximum"), kind == "integer", node.get("unit", ""))
    if kind == "object":
        names = _names(node)
        return phrase("settings_named", names=names) if names else phrase("settings_named_freely")
    if kind == "string" and node.get("format") == "date":
        return phrase("a_date")
    return phrase({"boolean": "true_or_false", "array": "a_list", "string": "a_text"}.get(str(kind), "another_value"))


def bounds(kind: type, path: Sequence[int | str]) -> list[float]:
    """The bounds of the number at `path` in the class `kind`, those there are."""
    node, root = _at(schema(kind), path), schema(kind)
    options = [_resolve(option, root) for option in node.get("anyOf", (node,))]
    return [one[end] for one in (node, *options) for end in ("minimum", "maximum") if end in one]


def number_phrase(low: float | None, high: float | None, whole: bool, unit: str = "") -> Phrase:
    """A number from `low` to `high` (None: without a bound) in words."""
    stated = [name for name, bound in (("low", low), ("high", high)) if bound is not None]
    kind = "_".join([*(["whole"] if whole else []), "number", *stated])
    bounds = {name: shown(bound) for name, bound in (("low", low), ("high", high)) if bound is not None}
    return phrase(kind, unit=unit_phrase(unit), **bounds)


def shown(number: float) -> str:
    """A bound as somebody would write it: whole numbers in full, others and the very large ones short."""
    return str(int(number)) if float(number).is_integer() and abs(number) < LARGEST_IN_FULL else f"{number:g}"


def unit_phrase(unit: str) -> Phrase:
    """A unit behind a range, in both languages; nothing for a number without one."""
    if not unit:
        return phrase("nothing")
    return phrase("in_unit", unit=Phrase("by_language", {"en": unit_label(unit, "en"), "zh": unit_label(unit, "zh")}))


@dataclass(frozen=True)
class Declared:
    """A setting as it was declared: what a form, a catalogue of settings or a check needs to know of it.

    kind: "number", "integer", "switch", "choice", "date", "text", "list" or "group"
    low, high: bounds of a number; allowed: the words of a choice; optional: whether it may be null
    label: short name by language; source: where the value in its file comes from, empty where no file was given
    group: the intervention, "channel" or "topic"; dose: the dose to which it belongs, empty where to none
    """

    name: str
    kind: str
    unit: str
    low: float | None
    high: float | None
    allowed: tuple[str, ...]
    optional: bool
    label: Mapping[str, str]
    source: str
    group: str
    dose: str = ""


def declared(kind: type, group: str = "", file: str = "") -> dict[str, Declared]:
    """The settings of the class `kind` by name, in their order.

    group: the section of the catalogue with their labels: the word for the class of an intervention, "channel", "topic"
    file: the text of a YAML file with their values, whose comments state where these come from
    """
    root, known = schema(kind), sources(file)
    properties = _resolve(root, root)["properties"]
    return {name: _declared(name, node, root, group, known.get(name, "")) for name, node in properties.items()}


KINDS: Mapping[str, str] = {"boolean": "switch", "array": "list", "object": "group", "string": "text"}


def _declared(name: str, node: Node, root: Node, group: str, source: str) -> Declared:
    node = _resolve(node, root)
    options = [_resolve(option, root) for option in node.get("anyOf", (node,))]
    optional = any(option.get("type") == "null" for option in options)
    one = {
        **next((option for option in options if option.get("type") != "null"), {}),
        **{key: value for key, value in node.items() if key != "anyOf"},
    }
    kind = str(one.get("type"))
    kind = "choice" if "enum" in one else "date" if one.get("format") == "date" else KINDS.get(kind, kind)
    described: tuple[str, ...] = ("label_zh", "label_en", "source", "group", "dose")
    about = {key: str(one[key]) for key in described if key in one}
    return Declared(
        name, kind, str(one.get("unit", "")), one.get("minimum"), one.get("maximum"),
        tuple(map(str, one.get("enum", ()))), optional,
        {language: setting_label(group, name, language, about) for language in LANGUAGES},
        about.get("source", source), about.get("group", group), about.get("dose", ""),
    )  # fmt: skip


def known(where: str, found: object, allowed: Iterable[Word]) -> Word:
    """`found` if it is one of the names `allowed`. Raises InputError with the nearest one otherwise."""
    names = list(allowed)
    for name in names:
        if isinstance(found, str) and found == name:
            return name
    raise one_of(where, found, names)


def mapping(where: str, found: object) -> Mapping[str, Any]:
    """`found` if it is a mapping. Raises InputError otherwise."""
    if not isinstance(found, Mapping):
        raise not_allowed(where, found, phrase("settings_named_freely"))
    return found


def together(readers: Iterable[Callable[[], T]]) -> list[T]:
    """Results of `readers`, one a part of what is read. Raises the errors of all of them together."""
    errors: list[InputError] = []
    found: list[T] = []
    for reader in readers:
        try:
            found.append(reader())
        except InputError as error:
            errors.append(error)
    raise_all(errors)
    return found


def missing_fields(instance: object) -> list[str]:
    """Names of the settings that `instance` was made without: a declaration stands in their place."""
    return [name for name, value in vars(instance).items() if isinstance(value, FieldInfo)]
