"""Errors written for the person who must fix them: data first, words in two languages from one file."""

from __future__ import annotations

import difflib
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

Value = object
"""Value that a phrase is about: text, a number, a `Phrase`, or a list of these."""
BETWEEN = {"en": {"": ", ", ";": "; "}, "zh": {"": "、", ";": "；"}}
"""Separator between the values of a list, by language: `{names}`, `{errors:;}`."""
LONGEST = 120
"""Characters of a value found in the input that a message repeats; the rest is cut off."""
MOST_NAMES = 60
"""Names that a message lists; of more it lists the nearest only."""


@cache
def _templates() -> dict[str, dict[str, str]]:
    """Templates by kind and language, from phrases.yaml."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = (Path(__file__).parent / "phrases.yaml").read_text(encoding="utf-8")
    found: dict[str, dict[str, str]] = yaml.load(text, Loader=loader)
    return found


class _Words(string.Formatter):
    """Puts values into a template: phrases in the same language, lists joined, what was found cut to one short line."""

    def __init__(self, language: str) -> None:
        self._language = language

    def convert_field(self, value: Value, conversion: str | None) -> Value:
        """`!r`: the value as YAML writes it, within quotes where it is text; a phrase in words."""
        if conversion != "r" or isinstance(value, Phrase):
            return value
        if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
            return str(int(value))  # as it was written: 20, not 20.0
        shown = repr(value) if not isinstance(value, bool | None) else "null" if value is None else str(value).lower()
        return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"

    def format_field(self, value: Value, format_spec: str) -> str:
        """`value` in words."""
        if isinstance(value, Phrase | ConsensusSimError):
            return value.text(self._language)
        if isinstance(value, list | tuple):
            return BETWEEN[self._language][format_spec].join(self.format_field(one, "") for one in value)
        return format(value, format_spec)


@dataclass(frozen=True)
class Phrase:
    """A kind of statement and what it is about; `text` puts it into words by its template."""

    kind: str
    values: Mapping[str, Value]

    def text(self, language: str = "en") -> str:
        """The phrase in `language` ("zh", "en")."""
        return _Words(language).vformat(_templates()[self.kind][language], (), dict(self.values))


def phrase(kind: str, **values: Value) -> Phrase:
    """A `Phrase` of `kind`, a name in phrases.yaml, with the values that its template needs."""
    return Phrase(kind, values)


Where: TypeAlias = str | Phrase
"""A key, or a place in a file."""


class ConsensusSimError(Exception):
    """Base of every error that the package raises on purpose.

    Raised with the kind of a phrase and its values (a user's own intervention may give plain words instead); `str`
    gives the English words, `text` those of a language.
    """

    def __init__(self, kind: str | Phrase, /, **values: Value) -> None:
        if isinstance(kind, str):
            kind = Phrase(kind, values) if kind in _templates() else Phrase("as_said", {"words": kind})
        self.phrase = kind
        super().__init__(self.phrase)

    def __str__(self) -> str:
        return self.text("en")

    def text(self, language: str) -> str:
        """The message in `language` ("zh", "en")."""
        return " ".join(self.phrase.text(language).split())


class InputError(ConsensusSimError):
    """The user's input cannot be used.

    The message says which file or key, what was found, what is allowed. The command line prints it without a
    traceback and leaves with exit code 2.
    """


class InputErrors(InputError):
    """Several errors in the user's input, found together: `errors`, one a line in the message."""

    def __init__(self, errors: Iterable[InputError]) -> None:
        self.errors = tuple(errors)
        super().__init__("several_errors")

    def __reduce__(self) -> tuple[type[InputErrors], tuple[tuple[InputError, ...]]]:
        return InputErrors, (self.errors,)

    def text(self, language: str) -> str:
        """All messages in `language`, one a line."""
        return "\n".join(error.text(language) for error in self.errors)


def single(error: InputError) -> tuple[InputError, ...]:
    """The errors of which `error` consists, or itself alone."""
    return error.errors if isinstance(error, InputErrors) else (error,)


def raise_all(errors: Iterable[InputError]) -> None:
    """Raise `errors` together, each once; nothing where there are none."""
    found = {error.text("en"): error for each in errors for error in single(each)}
    if len(found) == 1:
        raise next(iter(found.values()))
    if found:
        raise InputErrors(found.values())


def names_phrase(found: object, allowed: Iterable[object]) -> Phrase:
    """The names that are `allowed`, or the nearest of very many, with the one nearest to `found` suggested."""
    names = [str(name) for name in allowed]
    if len(names) > MOST_NAMES:
        some = difflib.get_close_matches(str(found), names, n=5, cutoff=0.0)
        return phrase("nearest_names", count=len(names), names=some)
    return phrase("names", names=names)


def near_phrase(found: object, allowed: Iterable[object]) -> Phrase:
    """A suggestion of the name nearest to `found`, empty where none is near."""
    near = difflib.get_close_matches(str(found), [str(name) for name in allowed], n=1)
    return phrase("did_you_mean", near=near[0]) if near else phrase("nothing")


def one_of(where: Where, found: object, allowed: Iterable[object], other: Phrase | None = None) -> InputError:
    """An `InputError` for a name that is not among the allowed ones, with the nearest one suggested.

    other: what is allowed besides the names
    """
    names = list(allowed)
    wanted = names_phrase(found, names)
    wanted = wanted if other is None else phrase("either", one=wanted, other=other)
    return InputError("not_one_of", where=where, found=found, near=near_phrase(found, names), allowed=wanted)


def unknown_key(where: Where, found: object, allowed: Iterable[object]) -> InputError:
    """An `InputError` for a key that the mapping at `where` cannot have, with the nearest one suggested."""
    names = list(allowed)
    near, wanted = near_phrase(found, names), names_phrase(found, names)
    return InputError("unknown_key", where=where, found=found, near=near, allowed=wanted)


def unknown_column(where: Where, found: object, allowed: Iterable[object]) -> InputError:
    """An `InputError` for a column that the table at `where` cannot have, with the nearest one suggested."""
    names = list(allowed)
    near, wanted = near_phrase(found, names), names_phrase(found, names)
    return InputError("unknown_column", where=where, found=found, near=near, allowed=wanted)


def not_allowed(where: Where, found: object, allowed: Phrase) -> InputError:
    """An `InputError` for a value `found` at the key `where`, with what is allowed in words."""
    return InputError("not_allowed", where=where, found=found, allowed=allowed)


def one_line(error: BaseException | str) -> str:
    """`error`, or the words of an error of somebody else's, as one line."""
    return " ".join(str(error).split())
