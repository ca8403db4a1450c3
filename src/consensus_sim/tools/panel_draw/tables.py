"""Tables in CSV files: whatever a spreadsheet saves is read, with the lines of the file; a table is written whole."""

from __future__ import annotations

import codecs
import csv
import io
import os
import tempfile
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from consensus_sim.errors import InputError, InputErrors, Phrase, names_phrase, near_phrase, phrase, raise_all

Row = dict[str, str]

MOST_ERRORS = 20
"""Errors that are shown at once; of more the number is given."""
MOST_LINES = 8
"""Line numbers that a message lists; of more the number is given."""
COMMON_SHARE = 0.6
"""Least share of everyday characters among those beyond ASCII in a text taken for GB 18030. Chinese text has 0.97 or
more; five names in Big5 are never taken for it, and of single ones one in seven."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Table:
    """A CSV file: `name` in words, column names, rows, the line of the file where each row begins, encoding."""

    name: Phrase
    head: list[str]
    rows: list[Row]
    lines: list[int]
    encoding: str


def lines_phrase(lines: Sequence[int]) -> Phrase:
    """Lines of a file in words, the first few of many."""
    some, more = list(lines[:MOST_LINES]), len(lines) - MOST_LINES
    if more > 0:
        return phrase("panel_lines_more", lines=some, more=more)
    return phrase("panel_lines" if len(some) > 1 else "panel_line", lines=some)


def at(name: Phrase, lines: Sequence[int], column: str = "") -> Phrase:
    """The place of an error in words: file, lines and column."""
    if column:
        return phrase("panel_at_column", file=name, lines=lines_phrase(lines), column=column)
    return phrase("panel_at", file=name, lines=lines_phrase(lines))


def not_among(where: Phrase, found: str, allowed: Iterable[str]) -> InputError:
    """An `InputError` for a name that is not among the allowed ones, with the nearest one suggested."""
    names = list(allowed)
    return InputError(
        "not_one_of", where=where, found=found, near=near_phrase(found, names), allowed=names_phrase(found, names)
    )


def raise_some(errors: Sequence[InputError]) -> None:
    """Raise `errors` together, the first `MOST_ERRORS` with the number of all; nothing where there are none."""
    if len(errors) > MOST_ERRORS:
        more = InputError("panel_more_errors", more=len(errors) - MOST_ERRORS, count=len(errors))
        raise InputErrors([*errors[:MOST_ERRORS], more])
    raise_all(errors)


def is_chinese(text: str) -> bool:
    """True if `text`, decoded as GB 18030, reads as Chinese: no private, unassigned or control characters, and
    characters of everyday use (those of GB 2312) nearly throughout.

    Nearly every file decodes as GB 18030, so that decoding alone proves nothing.
    """
    if any(unicodedata.category(sign) in ("Cc", "Cn", "Co", "Cs") and sign not in "\t\r\n\v\f" for sign in set(text)):
        return False
    signs = [sign for sign in text if ord(sign) > 127]
    return sum(map(_is_common, signs)) >= COMMON_SHARE * len(signs)


def _is_common(sign: str) -> bool:
    """Whether `sign` is an everyday Chinese character or a punctuation mark of Chinese text."""
    if "\u4e00" <= sign <= "\u9fff":
        try:
            sign.encode("gb2312")
        except UnicodeEncodeError:
            return False
        return True
    return "\u3000" <= sign <= "\u303f" or "\uff00" <= sign <= "\uffef" or "\u2010" <= sign <= "\u2027" or sign == "·"


def decode(raw: bytes, name: Phrase, encoding: str | None = None) -> tuple[str, str]:
    """The text of a file and the encoding it was read in.

    A byte order mark decides, then strict UTF-8, then `encoding`; where none is given, strict GB 18030 if the text
    reads as Chinese.

    Raises:
        InputError: the file is in no encoding that can be recognised, or not in the one given.
    """
    marked = next((codec for mark, codec in _MARKS if raw.startswith(mark)), None)
    trials = [marked] if marked else ["utf-8", encoding or "gb18030"]
    for trial in trials:
        try:
            text = raw.decode(trial)
        except (UnicodeDecodeError, LookupError):
            continue
        if "\0" not in text and (trial != "gb18030" or encoding or is_chinese(text)):
            return text.removeprefix("\ufeff"), trial.removesuffix("-sig")
    given = trials[0] if marked else encoding
    raise (
        InputError("panel_not_decoded", file=name, encoding=given)
        if given
        else InputError("panel_encoding_unknown", file=name)
    )


def check_encoding(encoding: str | None) -> None:
    """Refuse an `encoding` that is not the name of a text encoding."""
    try:
        "".encode(encoding or "utf-8")
    except (LookupError, ValueError):
        raise InputError("not_allowed", where="--encoding", found=encoding, allowed=phrase("panel_encodings")) from None


def read_table(path: str | Path, name: Phrase, encoding: str | None = None) -> Table:
    """The table in the CSV file `path`, cells without surrounding blanks, without blank rows.

    Raises:
        InputError: the file is missing, cannot be read or decoded, is empty, or has a column twice; `InputErrors` for
            rows of the wrong length.
    """
    check_encoding(encoding)
    try:
        raw = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError("panel_unreadable", file=name, reason=reason) from error
    text, taken = decode(raw, name, encoding)
    records = _records(text, name)
    if len(records) < 2:
        raise InputError("panel_no_rows", file=name)
    (_, head), *body = records
    twice = sorted({column for column in head if head.count(column) > 1})
    raise_some([InputError("panel_column_twice", file=name, column=column) for column in twice])
    raise_some(
        [
            InputError("panel_cells", where=at(name, [line]), found=len(cells), allowed=len(head))
            for line, cells in body
            if len(cells) != len(head)
        ]
    )
    rows = [dict(zip(head, cells, strict=True)) for _, cells in body]
    return Table(name, head, rows, [line for line, _ in body], taken)


def _records(text: str, name: Phrase) -> list[tuple[int, list[str]]]:
    """Cells of every record that is not blank, with the line where it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records, line = [], 1
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if any(cells):
                records.append((line, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError("panel_quote", where=at(name, [line])) from error
    return records


def check_output(output: str | Path, inputs: Iterable[str | Path], overwrite: bool) -> None:
    """Refuse, before anything is drawn, an output that cannot be written or would replace a file unasked."""
    target = Path(output)
    try:
        if any(target.resolve() == Path(source).resolve() for source in inputs):
            raise InputError("panel_output_is_input", output=target)
        if target.is_dir():
            raise InputError("panel_output_is_folder", output=target)
        if target.exists() and not overwrite:
            raise InputError("panel_output_exists", output=target)
        if not target.parent.is_dir():
            raise InputError("panel_no_folder", output=target, folder=target.parent)
        if not os.access(target.parent, os.W_OK):
            raise InputError("panel_unwritable", output=target, reason=os.strerror(13))
    except OSError as error:
        raise InputError("panel_unwritable", output=target, reason=error.strerror) from error


def write_rows(rows: Sequence[Row], path: str | Path, *, overwrite: bool = False) -> None:
    """Write `rows` as CSV (UTF-8 with mark, which spreadsheets open rightly), whole or not at all.

    Raises:
        InputError: the folder is missing or cannot be written, or the file is there and must not be replaced.
    """
    target = Path(path)
    draft: str | None = None
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8-sig", newline="", dir=target.parent, prefix=".part-", delete=False
        ) as file:
            draft = file.name
            writer = csv.DictWriter(file, fieldnames=list(rows[0]) if rows else [])
            writer.writeheader()
            writer.writerows(rows)
        os.chmod(draft, 0o644)
        if target.exists() and not overwrite:
            raise InputError("panel_output_exists", output=target)
        os.replace(draft, target)
        draft = None
    except OSError as error:
        raise InputError("panel_unwritable", output=target, reason=error.strerror) from error
    finally:
        if draft is not None:
            os.unlink(draft)
