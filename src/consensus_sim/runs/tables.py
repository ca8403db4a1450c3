"""Tables of one replicate as bytes, and the tables of many replicates put together.

The bytes are our own and simple (a JSON header, then the columns one after another, compressed), because a replicate
has to be written in about a millisecond and read back by the thousand. Text is kept as whole numbers and a list of
names. `consensus_sim.runs.store` adds a checksum.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

PERIODS = ("quarter", "half_year")
"""Text columns whose values are an ordered category: in alphabetical order they are in the order of time."""
Tables = Mapping[str, Mapping[str, NDArray[Any]]]
Column = tuple[NDArray[Any], list[str] | None]


def pack(tables: Tables) -> bytes:
    """`tables` (name -> column -> array of one length) as bytes. float64 is kept as float32 but in table "metrics"."""
    header: dict[str, Any] = {}
    buffers: list[bytes] = []
    for table, columns in tables.items():
        lengths = {name: len(values) for name, values in columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"table {table}: columns of different lengths: {lengths}")
        described = []
        for name, values in columns.items():
            array, names = _numbers(np.asarray(values), keep_float64=table == "metrics")
            described.append([name, array.dtype.str, array.nbytes, names])
            buffers.append(array.tobytes())
        header[table] = described
    head = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    return zlib.compress(len(head).to_bytes(8, "little") + head + b"".join(buffers), 1)


def _numbers(values: NDArray[Any], keep_float64: bool) -> tuple[NDArray[Any], list[str] | None]:
    """`values` as numbers; text becomes the places (int32) in the list of names given beside it."""
    if values.dtype.kind in "OUT":
        texts = values.tolist()
        place = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        return np.fromiter((place[text] for text in texts), np.int32, len(texts)), [str(text) for text in place]
    if values.dtype == np.float64 and not keep_float64:
        values = values.astype(np.float32)
    return np.ascontiguousarray(values), None


def unpack(payload: bytes) -> dict[str, dict[str, Column]]:
    """Returns the tables that `pack` was given, text as (places, names)."""
    data = zlib.decompress(payload)
    size = int.from_bytes(data[:8], "little")
    offset = 8 + size
    tables: dict[str, dict[str, Column]] = {}
    for table, described in json.loads(data[8:offset]).items():
        tables[table] = {}
        for name, dtype, nbytes, names in described:
            tables[table][name] = (np.frombuffer(data[offset : offset + nbytes], dtype), names)
            offset += nbytes
    return tables


class _Growing:
    """One column of the whole ensemble while it grows by one replicate after another.

    Parts are joined when there are many, or when their names change: thousands of small arrays cost more than their
    content, and most replicates of a scenario have the same names.
    """

    joined_at = 256

    def __init__(self) -> None:
        self.rows = 0
        self._parts: list[NDArray[Any]] = []
        self._blocks: list[NDArray[Any]] = []
        self._names: list[str] | None = None  # those of the present parts
        self._known: dict[str, int] = {}  # those of all parts, with their places

    def add(self, values: NDArray[Any], names: list[str] | None) -> None:
        """Appends `values`; text as places in `names`."""
        if names != self._names or len(self._parts) == self.joined_at:
            self._join()
            self._names = names
        self._parts.append(values)
        self.rows += len(values)

    def _join(self) -> None:
        """Make one block of the parts, with the places that their names have among all."""
        if not self._parts:
            return
        block = np.concatenate(self._parts)
        self._parts.clear()
        if self._names is not None:
            places = [self._known.setdefault(name, len(self._known)) for name in self._names]
            block = block.astype(np.int32, copy=False)
            if places != list(range(len(places))):
                block = np.array(places, np.int32)[block] if len(block) else block
        self._blocks.append(block)

    def arrow(self, ordered: bool = False) -> pa.Array:
        """The column as Arrow, text as a category of sorted names if `ordered`; nothing can be added afterwards."""
        import pyarrow as pa

        self._join()
        values = np.concatenate(self._blocks)
        self._blocks.clear()
        if self._names is None:
            return pa.array(values)
        names = list(self._known)
        if ordered:
            by_name = sorted(range(len(names)), key=names.__getitem__)
            values, names = np.argsort(by_name)[values].astype(np.int32), [names[place] for place in by_name]
        return pa.DictionaryArray.from_arrays(
            pa.array(values, pa.int32()), pa.array(names, pa.string()), ordered=ordered
        )


class _Leading:
    """The two columns that say of which scenario and replicate (or whatever they are called) the rows are."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.numbers: list[int] = []
        self.lengths: list[int] = []

    def add(self, text: str, number: int, length: int) -> None:
        """Appends `length` rows of `text` and `number`."""
        self.texts.append(text)
        self.numbers.append(number)
        self.lengths.append(length)

    def arrow(self) -> tuple[pa.Array, pa.Array]:
        """Returns both columns as Arrow."""
        import pyarrow as pa

        known = {text: place for place, text in enumerate(dict.fromkeys(self.texts))}
        places = np.repeat(np.array([known[text] for text in self.texts], np.int32), self.lengths)
        numbers = np.repeat(np.array(self.numbers, np.int32), self.lengths)
        return pa.DictionaryArray.from_arrays(pa.array(places), pa.array(list(known), pa.string())), pa.array(numbers)


class _Table:
    """One table of the whole ensemble while it grows."""

    def __init__(self, columns: Iterable[str]) -> None:
        self.leading = _Leading()
        self.columns = {name: _Growing() for name in columns}

    def add(self, text: str, number: int, columns: Mapping[str, Column]) -> None:
        """Appends the rows of one replicate."""
        length = len(next(iter(columns.values()))[0]) if columns else 0
        self.leading.add(text, number, length)
        if length:  # an empty table says nothing about its types
            for name, (values, names) in columns.items():
                self.columns[name].add(values, names)

    def arrow(self, leading: tuple[str, ...], last: Mapping[str, Column]) -> pa.Table:
        """The whole as Arrow; `last`: columns of any replicate, for the types of a table without any row."""
        import pyarrow as pa

        for name, column in self.columns.items():
            if not column.rows:
                column.add(*last[name])
        first = dict(zip(leading, self.leading.arrow(), strict=False))
        own = {name: column.arrow(name in PERIODS) for name, column in self.columns.items() if name not in first}
        return pa.table(first | own)


def assemble(
    payloads: Iterable[tuple[str, int, bytes]], leading: tuple[str, ...] = ("scenario", "replicate")
) -> dict[str, pa.Table]:
    """One Arrow table per table name from (scenario, replicate, bytes), in the order given.

    Every table starts with the columns scenario (text) and replicate (int32), or how else `leading` calls them (one
    name: without the number); text is dictionary-encoded.
    """
    growing: dict[str, _Table] = {}
    last: dict[str, dict[str, Column]] = {}
    for text, number, payload in payloads:
        last = unpack(payload)
        for table, columns in last.items():
            if table not in growing:
                growing[table] = _Table(columns)
            elif list(growing[table].columns) != list(columns):
                raise ValueError(f"table {table}: columns of {leading[0]} {text} differ from those before it")
            growing[table].add(text, number, columns)
    return {name: table.arrow(leading, last[name]) for name, table in growing.items()}
