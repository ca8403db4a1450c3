"""Tables of one replicate as bytes with a checksum, and the tables of many replicates put together.

The bytes are our own and simple (a JSON header, then the columns one after another, compressed), because a replicate
has to be written in about a millisecond, read back by the thousand, and a cut or damaged file has to be noticed. Text
is kept as whole numbers and a list of names.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.errors import ConsensusSimError

if TYPE_CHECKING:
    import pyarrow as pa

_MAGIC = b"consensus-sim replicate 1\n"
_DIGEST = 16
Tables = Mapping[str, Mapping[str, NDArray[Any]]]


class DamagedError(ConsensusSimError):
    """Bytes that are not the whole of what was written."""


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
    body = zlib.compress(len(head).to_bytes(8, "little") + head + b"".join(buffers), 1)
    return _MAGIC + hashlib.blake2b(body, digest_size=_DIGEST).digest() + body


def _numbers(values: NDArray[Any], keep_float64: bool) -> tuple[NDArray[Any], list[str] | None]:
    """`values` as numbers; text becomes the places (int32) in the list of names given beside it."""
    if values.dtype.kind in "OUT":
        texts = values.tolist()
        place = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        return np.fromiter((place[text] for text in texts), np.int32, len(texts)), [str(text) for text in place]
    if values.dtype == np.float64 and not keep_float64:
        values = values.astype(np.float32)
    return np.ascontiguousarray(values), None


Column = tuple[NDArray[Any], list[str] | None]


def unpack(payload: bytes) -> dict[str, dict[str, Column]]:
    """What `pack` was given, text as (places, names). Raises DamagedError if `payload` is not whole."""
    start = len(_MAGIC) + _DIGEST
    if not is_whole(payload):
        raise DamagedError("a stored replicate is damaged")
    data = zlib.decompress(payload[start:])
    size = int.from_bytes(data[:8], "little")
    offset = 8 + size
    tables: dict[str, dict[str, Column]] = {}
    for table, described in json.loads(data[8:offset]).items():
        tables[table] = {}
        for name, dtype, nbytes, names in described:
            tables[table][name] = (np.frombuffer(data[offset : offset + nbytes], dtype), names)
            offset += nbytes
    return tables


def is_whole(payload: bytes) -> bool:
    """Whether `payload` is what `pack` wrote, to the last byte."""
    start = len(_MAGIC) + _DIGEST
    digest = hashlib.blake2b(payload[start:], digest_size=_DIGEST).digest()
    return payload.startswith(_MAGIC) and payload[len(_MAGIC) : start] == digest


class _Growing:
    """One column of the whole ensemble while it grows by one replicate after another."""

    def __init__(self) -> None:
        self.parts: list[NDArray[Any]] = []
        self.names: dict[str, int] | None = None

    def add(self, values: NDArray[Any], names: list[str] | None) -> None:
        if names is not None:
            if self.names is None:
                self.names = {}
            known = self.names
            places = np.array([known.setdefault(name, len(known)) for name in names], np.int32)
            values = places[values] if len(values) else values.astype(np.int32)
        self.parts.append(values)

    def arrow(self) -> pa.Array:
        import pyarrow as pa

        values = np.concatenate(self.parts)
        if self.names is None:
            return pa.array(values)
        return pa.DictionaryArray.from_arrays(pa.array(values, pa.int32()), pa.array(list(self.names), pa.string()))


def assemble(replicates: Iterable[tuple[str, int, bytes]]) -> dict[str, pa.Table]:
    """One Arrow table per table name from (scenario, replicate, bytes), in the order given.

    Every table starts with the columns scenario (text) and replicate (int32); text is dictionary-encoded.
    """
    import pyarrow as pa

    growing: dict[str, dict[str, _Growing]] = {}
    for scenario, replicate, payload in replicates:
        for table, columns in unpack(payload).items():
            length = len(next(iter(columns.values()))[0]) if columns else 0
            whole = {
                "scenario": (np.zeros(length, np.int32), [scenario]),
                "replicate": (np.full(length, replicate, np.int32), None),
                **columns,
            }
            columns_so_far = growing.setdefault(table, {})
            if columns_so_far and list(columns_so_far) != list(whole):
                raise ValueError(f"table {table}: columns of scenario {scenario} differ from those before it")
            for name, (values, names) in whole.items():
                column = columns_so_far.setdefault(name, _Growing())
                # An empty table says nothing about its types: keep it only until there is a row.
                if length and column.parts and not any(len(part) for part in column.parts):
                    columns_so_far[name] = column = _Growing()
                if length or not column.parts:
                    column.add(values, names)
    return {
        table: pa.table({name: column.arrow() for name, column in columns.items()})
        for table, columns in growing.items()
    }
