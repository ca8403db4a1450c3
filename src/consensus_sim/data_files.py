"""Data files: YAML that can only say text, numbers, true, false, null, lists and mappings.

A folder of somebody else's holds data, so nothing in it acts: no tags, no classes, no references that are resolved, no
more values than a file needs. Numbers and words are read as YAML 1.2 reads them, and every key is text.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from consensus_sim.errors import InputError, Phrase, one_of, phrase

Data = None | bool | int | float | str | list["Data"] | dict[str, "Data"]
LARGEST = 2_000_000
"""Bytes of a file: ten times a community of 800 estates, each number with its unit and source."""
DEEPEST = 24
"""Lists and mappings within each other: the package's own files need six."""
MOST_VALUES = 50_000
"""Values of a file, with what stands under an anchor counted at each of its aliases: a community of 800 estates."""
DEFAULTS, SELF = "defaults", "_self_"

_WORDS: dict[str, Data] = {word: None for word in ("", "~", "null", "Null", "NULL")}
_WORDS |= {word: True for word in ("true", "True", "TRUE")} | {word: False for word in ("false", "False", "FALSE")}
# A number does not begin with a meaningless zero: 0205 may be meant as it stands, or as an octal number.
_INTEGER = re.compile(r"[-+]?(0|[1-9]\d*(_\d+)*)", re.ASCII)
_FLOAT = re.compile(r"[-+]?((0|[1-9]\d*(_\d+)*)?\.\d+|(0|[1-9]\d*(_\d+)*)\.?)(e[-+]?\d+)?|[-+]?\.inf|\.nan", re.ASCII)
_LONGEST_NUMBER = 100  # digits
_HEADER = re.compile(r"\s*#\s*@\s*package\s+(?P<package>\S*)")
_NAME = re.compile(r"[\w-]+")
_RESERVED = re.compile(r"_\w+_|<<")


@dataclass
class _Open:
    """A list or a mapping whose end has not been read yet.

    key: the key whose value comes next; size, height: values in it, and the deepest of them, so far
    """

    value: list[Data] | dict[str, Data]
    anchor: str | None
    key: str | None = None
    size: int = 1
    height: int = 1


class _Builder:
    """Builds the value of one document from its events, and refuses what goes beyond the limits as soon as it does."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Data, int, int]] = {}
        self._values = 0
        self._documents = 0
        self.value: Data = None

    def take(self, event: yaml.Event) -> None:
        """Take the next event of the document."""
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise self._error(event, "data_tag", tag=tag)
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise self._error(event, "data_documents")
        elif isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
            if self._open and isinstance(self._open[-1].value, dict) and self._open[-1].key is None:
                raise self._error(event, "data_key_not_text")
            self._check(event, 1, 1)
            self._open.append(_Open([] if isinstance(event, yaml.SequenceStartEvent) else {}, event.anchor))
        elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            done = self._open.pop()
            self._add(event, done.value, done.anchor, done.size, done.height)
        elif isinstance(event, yaml.AliasEvent):
            self._take_alias(event)
        elif isinstance(event, yaml.ScalarEvent):
            self._take_scalar(event)

    def _take_alias(self, event: yaml.AliasEvent) -> None:
        if (
            event.anchor is None or event.anchor not in self._anchors
        ):  # of no value, or of one that it would lie in itself
            raise self._error(event, "data_alias", name=str(event.anchor))
        value, size, height = self._anchors[event.anchor]
        self._check(event, size, height)
        self._add(event, value, None, size, height)

    def _take_scalar(self, event: yaml.ScalarEvent) -> None:
        above = self._open[-1] if self._open else None
        if above is not None and isinstance(above.value, dict) and above.key is None:
            if event.value in above.value:
                raise self._error(event, "data_key_twice", key=event.value)
            above.key = event.value
            return
        self._check(event, 1, 1)
        self._add(event, _scalar(event.value) if event.implicit[0] else event.value, event.anchor, 1, 1)

    def _check(self, event: yaml.Event, size: int, height: int) -> None:
        """Refuse a value of this size and height where it would go beyond the limits."""
        self._values += size
        if self._values > MOST_VALUES:
            raise self._error(event, "data_too_many", most=MOST_VALUES)
        if len(self._open) + height > DEEPEST:
            raise self._error(event, "data_too_deep", most=DEEPEST)

    def _add(self, event: yaml.Event, value: Data, anchor: str | None, size: int, height: int) -> None:
        """Put a value that is complete into the list or mapping in which it stands."""
        if anchor is not None:
            self._anchors[anchor] = (value, size, height)
        if not self._open:
            self.value = value
            return
        above = self._open[-1]
        above.size, above.height = above.size + size, max(above.height, height + 1)
        if isinstance(above.value, list):
            above.value.append(value)
        elif above.key is None:
            raise self._error(event, "data_key_not_text")
        else:
            above.value[above.key], above.key = value, None

    def _error(self, event: yaml.Event, kind: str, **values: str | int) -> InputError:
        line = event.start_mark.line if event.start_mark is not None else 0
        return _at(self._file, line, phrase(kind, **values))


def _at(file: str, line: int, words: Phrase) -> InputError:
    """An error in a line of a file, counted from zero."""
    return InputError("in_line", file=file, line=line + 1, error=words)


def _scalar(text: str) -> Data:
    """Value of a word that stands without quotes."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= _LONGEST_NUMBER:
        if _INTEGER.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text.lower()):
            return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


def parse(text: str, file: str) -> Data:
    """The YAML of `text`, in which every key is text. `file` is what messages call it.

    Raises InputError for what is no YAML, is tagged, or goes beyond the limits.
    """
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line if error.problem_mark is not None else 0
        raise _at(file, line, phrase("not_yaml", problem=" ".join(str(error.problem).split()))) from None
    except yaml.YAMLError as error:  # a character that YAML does not have
        raise _at(file, 0, phrase("not_yaml", problem=" ".join(str(error).split()))) from None
    return builder.value


EVIDENCE_ID = r"(?<![A-Za-z0-9_])[A-Z]\d{1,3}[a-z]?(?![A-Za-z0-9_])"
"""Pattern of an id of the evidence (F34, L22b); docs/evidence.md is their register."""
_STATED = re.compile(rf"{EVIDENCE_ID}(?:-[A-Z]?\d{{1,3}}\b)?|\bassumption\b|\bnot reported\b")
"""Pattern by which a comment names the source of a number: an id or a range (F34-F36), or that there is none."""


def sources(text: str) -> dict[str, str]:
    """Source of each value of the YAML mapping `text`, by key, as the comment behind it says; where that says nothing,
    as the comment above the first key does.
    """
    lines, root = text.splitlines(), yaml.compose(text, Loader=yaml.SafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    head = [line for line in lines[: pairs[0][0].start_mark.line if pairs else 0] if line.startswith("#")]
    found = {}
    for key, value in pairs:
        mark = value.end_mark if value.end_mark.line == key.end_mark.line else key.end_mark
        own = _STATED.findall(lines[mark.line][mark.column :].partition("#")[2])
        found[str(key.value)] = ", ".join(dict.fromkeys(own or _STATED.findall(" ".join(head))))
    return found


def shown(path: Path) -> str:
    """`path` as messages write it: from the working folder where it lies in it."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def read_text(path: Path) -> str:
    """The text of a file that is not too large. Raises InputError where it cannot be read, or is not in UTF-8."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise InputError("not_a_text_file", file=shown(path))
        if status.st_size > LARGEST:
            raise InputError("file_too_large", file=shown(path), size=status.st_size, most=LARGEST)
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("not_utf8", file=shown(path)) from None
    except OSError as error:
        raise InputError("unreadable_file", file=shown(path), problem=str(error.strerror)) from None


def read_mapping(path: Path, package: str | None = None) -> dict[str, Data]:
    """The mapping in a data file of the user's; a file with nothing in it is an empty one.

    package: what a header `# @package` may name
    """
    text, first = read_text(path), 0
    for number, line in enumerate(text.splitlines()):
        first = number
        header = _HEADER.match(line)
        if header and header["package"] != package:
            raise InputError("data_header", file=shown(path), found=header["package"])
        if line.strip() and not line.lstrip().startswith("#"):
            break
    content = parse(text, shown(path))
    if content is None:
        return {}
    if not isinstance(content, dict):  # its kind only: what is no file of data may hold what nobody is to see
        kind = "a_list" if isinstance(content, list) else "a_text" if isinstance(content, str) else "a_number_or_switch"
        raise _at(shown(path), first, phrase("data_no_mapping", found=phrase(kind)))
    return content


def check_inside(path: Path, folder: Path) -> None:
    """Refuse a file of `folder` that a link takes from elsewhere: a folder of somebody else's holds its own data."""
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # a link to itself
        inside = False
    if not inside:
        raise InputError("link_out", file=shown(path), folder=shown(folder))


def read_plain(path: Path) -> dict[str, Any]:
    """As `read_mapping`, and checked as `check_plain` does: for whoever checks each value in turn."""
    content = read_mapping(path)
    check_plain(shown(path), content)
    return content


def is_name(text: str) -> bool:
    """Returns whether `text` may be the name of a file: letters, digits, _ and -."""
    return _NAME.fullmatch(text) is not None


def check_plain(file: str, content: Mapping[str, Data]) -> None:
    """Refuse keys by which a configuration acts, and text that it would take for a reference or for a gap."""
    for names, value in _walk(content, ()):
        if _RESERVED.fullmatch(names[-1]) or names == ("hydra",):
            raise InputError("data_reserved", file=file, key=".".join(names))
        if isinstance(value, str):
            check_text(f"{file}: {'.'.join(names)}", value)
        if "${" in names[-1]:
            raise InputError("data_reference", where=file, found=names[-1])


def check_text(where: str, text: str) -> None:
    """Refuse a text that a configuration would take for a reference or for a gap."""
    if "${" in text or text == "???":
        raise InputError("data_reference", where=where, found=text)


def _walk(value: Data | Mapping[str, Data], above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Data]]:
    """Names of keys and places from the top, and the value there, for all that lies in `value`."""
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for name, below in items:
        yield (*above, str(name)), below
        if isinstance(below, list | dict):
            yield from _walk(below, (*above, str(name)))


def read_with_defaults(path: Path, shipped: Path, above: tuple[Path, ...] = ()) -> dict[str, Data]:
    """The mapping in a data file of the user's, laid over the files that its `defaults` name.

    shipped: the folder of the package's files of the same group; above: the files that name this one
    """
    content, file = read_mapping(path), shown(path)
    names = content.pop(DEFAULTS, None)
    if names is None:
        names = []
    if not isinstance(names, list):
        raise InputError("data_defaults_list", file=file, found=names)
    check_plain(file, content)
    found: dict[str, Data] = {}
    for name in names if SELF in names else [*names, SELF]:
        found = laid_over(found, content if name == SELF else _named(name, path, shipped, above))
    return found


def _named(name: Data, path: Path, shipped: Path, above: tuple[Path, ...]) -> dict[str, Data]:
    """The file called `name` beside `path`, or among the `shipped` ones."""
    if isinstance(name, str) and is_name(name):
        for folder in (path.parent, shipped):
            place = folder / f"{name}.yaml"
            if place.is_file() and place not in (*above, path):
                if folder != shipped:
                    check_inside(place, folder.parent)
                return read_with_defaults(place, shipped, (*above, path))
    beside = {place.stem for folder in (path.parent, shipped) for place in folder.glob("*.yaml")}
    raise one_of(f"{shown(path)}: {DEFAULTS}", name, sorted({*beside, SELF} - {path.stem}))


def laid_over(base: Mapping[str, Data], changes: Mapping[str, Data]) -> dict[str, Data]:
    """`base` with `changes` laid over it: mappings are merged, everything else is replaced."""
    result = dict(base)
    for name, value in changes.items():
        old = result.get(name)
        result[name] = laid_over(old, value) if isinstance(value, dict) and isinstance(old, dict) else value
    return result
