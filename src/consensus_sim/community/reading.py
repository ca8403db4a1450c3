"""Reading a mapping into frozen dataclasses, with one clear line for whatever is wrong.

A dataclass that describes a part of the spec gives every field a reader in its metadata (`item(...)`);
`section` walks the fields, refuses unknown and missing keys, and names the key in every message.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from consensus_sim.errors import InputError

Reader = Callable[[object, str], Any]


@dataclass(frozen=True)
class Quantity:
    """A number with its unit and where it comes from (an evidence id, a publication, or `assumption`)."""

    value: float
    unit: str
    source: str

    def __float__(self) -> float:
        """The number alone."""
        return float(self.value)

    def __int__(self) -> int:
        """The number alone, of a count."""
        return int(self.value)


def item(reader: Reader) -> Any:
    """A dataclass field that is read by `reader`."""
    return field(metadata={"reader": reader})


def refuse(path: str, found: object, allowed: str) -> InputError:
    """The error for `found` at `path`, saying what is allowed."""
    return InputError(f"{path}: found {found!r}; allowed: {allowed}")


def _plain_number(found: object, path: str, low: float, high: float, whole: bool) -> float:
    """`found` as a number between `low` and `high`, or an `InputError`."""
    allowed = f"a {'whole ' if whole else ''}number from {low:g} to {high:g}"
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
        raise refuse(path, found, allowed)
    if not low <= found <= high or (whole and found != int(found)):
        raise refuse(path, found, allowed)
    return int(found) if whole else float(found)


def plain(low: float, high: float, whole: bool = False) -> Reader:
    """A reader of a bare number in [low, high]."""
    return lambda found, path: _plain_number(found, path, low, high, whole)


def number(unit: str, low: float, high: float, whole: bool = False, optional: bool = False) -> Reader:
    """A reader of {value, unit, source}, or of a bare number (then of this unit and without a source)."""

    def read(found: object, path: str) -> Quantity | None:
        if found is None and optional:
            return None
        if not isinstance(found, Mapping):
            return Quantity(_plain_number(found, path, low, high, whole), unit, "given without a source")
        check_keys(found, path, ("value", "unit", "source"), ("value", "unit", "source"))
        if found["unit"] != unit:
            raise refuse(f"{path}.unit", found["unit"], repr(unit))
        value = _plain_number(found["value"], f"{path}.value", low, high, whole)
        return Quantity(value, unit, text(found["source"], f"{path}.source"))

    return read


def count(unit: str, low: int = 0, high: int = 10_000_000, optional: bool = False) -> Reader:
    """A reader of a whole `Quantity`."""
    return number(unit, low, high, whole=True, optional=optional)


def text(found: object, path: str) -> str:
    """A non-empty text."""
    if not isinstance(found, str) or not found.strip():
        raise refuse(path, found, "a text")
    return found


def optional_text(found: object, path: str) -> str | None:
    """A non-empty text or null."""
    return None if found is None else text(found, path)


def label(found: object, path: str) -> dict[str, str]:
    """A text for people in both languages: {zh, en}."""
    if not isinstance(found, Mapping):
        raise refuse(path, found, "{zh: ..., en: ...}")
    check_keys(found, path, ("zh", "en"), ("zh", "en"))
    return {language: text(found[language], f"{path}.{language}") for language in ("zh", "en")}


def choice(*allowed: str) -> Reader:
    """A reader of one of the `allowed` texts."""

    def read(found: object, path: str) -> str:
        if found not in allowed:
            raise refuse(path, found, ", ".join(allowed))
        return str(found)

    return read


def flag(found: object, path: str) -> bool:
    """True or false."""
    if not isinstance(found, bool):
        raise refuse(path, found, "true or false")
    return found


def span(low: float, high: float) -> Reader:
    """A reader of [from, to], both in [low, high], from <= to."""

    def read(found: object, path: str) -> tuple[int, int]:
        if isinstance(found, str) or not hasattr(found, "__len__") or len(found) != 2:
            raise refuse(path, found, f"[from, to] within {low:g} to {high:g}")
        first, last = (int(_plain_number(part, path, low, high, True)) for part in found)  # type: ignore[attr-defined]
        if first > last:
            raise refuse(path, list(found), "from <= to")  # type: ignore[call-overload]
        return first, last

    return read


def check_keys(
    found: Mapping[Any, Any], path: str, known: tuple[str, ...], needed: tuple[str, ...], unsaid: tuple[str, ...] = ()
) -> None:
    """Refuse keys of `found` that are not `known`, and keys that are `needed` and missing; `unsaid`: known ones that
    nobody writes by hand, so that no message names them.
    """
    for name in found:
        if name not in known:
            told = [one for one in known if one not in unsaid]
            near = difflib.get_close_matches(str(name), told, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise InputError(f"{path}: unknown key {name!r}{hint}; allowed: {', '.join(told)}")
    for name in needed:
        if name not in found:
            raise InputError(f"{path}: the key {name!r} is missing; needed: {', '.join(needed)}")


def section(cls: type) -> Reader:
    """A reader of a mapping into the dataclass `cls`, whose fields all carry a reader."""

    def read(found: object, path: str) -> Any:
        names = tuple(each.name for each in fields(cls))
        unsaid = tuple(each.name for each in fields(cls) if each.metadata.get("unsaid"))
        if not isinstance(found, Mapping):
            listed = ", ".join(name for name in names if name not in unsaid)
            raise refuse(path, found, f"a mapping with the keys {listed}")
        needed = tuple(each.name for each in fields(cls) if not each.metadata.get("spare"))
        check_keys(found, path, names, needed, unsaid)
        return cls(
            **{
                each.name: each.metadata["reader"](found[each.name], f"{path}.{each.name}")
                for each in fields(cls)
                if each.name in found
            }
        )

    return read


def each_of(reader: Reader, what: str) -> Reader:
    """A reader of a mapping whose keys are free names and whose values are read by `reader`; at least one."""

    def read(found: object, path: str) -> dict[str, Any]:
        if not isinstance(found, Mapping) or not found:
            raise refuse(path, found, f"a mapping of at least one {what}")
        return {str(name): reader(value, f"{path}.{name}") for name, value in found.items()}

    return read
