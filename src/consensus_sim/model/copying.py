"""Independent copies of what is made of NumPy arrays, some of which are views of one buffer."""

from __future__ import annotations

import gc
import io
import pickle
from collections.abc import Iterable, Sequence
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Made = TypeVar("Made")
SHARED_TYPES = (type, ModuleType, FunctionType, BuiltinFunctionType)
"""Types of what `copy.deepcopy` never copies."""


def memo_of_arrays(root: object, shared: Iterable[object]) -> dict[int, Any]:
    """Memo with which `copy.deepcopy` copies the arrays that `root` leads to, by id of the array.

    Views of one buffer become views of one copied buffer, with the same shape, strides and order. Read-only buffers and
    the objects `shared`, into which nobody looks, stand for themselves.
    """
    memo: dict[int, Any] = {id(each): each for each in shared}
    buffers: dict[int, tuple[NDArray[Any], NDArray[Any]]] = {}
    for array in _arrays_of(root, memo):
        owner = _owner(array)
        if not owner.flags.writeable:
            memo[id(array)] = array
            continue
        if id(owner) not in buffers:
            buffers[id(owner)] = (owner, owner.copy(order="K"))
        copied = buffers[id(owner)][1]
        memo[id(array)] = copied if array is owner else _same_view(array, owner, copied)
    return memo


def _arrays_of(root: object, known: Iterable[int]) -> list[NDArray[Any]]:
    """Every array that `root` leads to by any way but through the objects of the ids `known`."""
    found: list[NDArray[Any]] = []
    seen, todo = {id(root), *known}, gc.get_referents(root)
    while todo:
        each = todo.pop()
        if id(each) in seen or isinstance(each, SHARED_TYPES):
            continue
        seen.add(id(each))
        if type(each) is np.ndarray:
            found.append(each)
        else:
            todo += gc.get_referents(each)
    return found


def _owner(array: NDArray[Any]) -> NDArray[Any]:
    """The array whose buffer `array` shows."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def _same_view(view: NDArray[Any], owner: NDArray[Any], copied: NDArray[Any]) -> NDArray[Any]:
    """View of `copied` that lies in it as `view` lies in `owner`."""
    return _view(copied, *_place_in(view, owner))


Place = tuple[tuple[int, ...], np.dtype[Any], int, tuple[int, ...], bool]
"""Shape, type, first byte, strides of a view in a buffer, and whether it can be written."""


def _place_in(view: NDArray[Any], owner: NDArray[Any]) -> Place:
    """Place of `view` in the buffer of `owner`."""
    first = view.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
    return view.shape, view.dtype, first if view.size else 0, view.strides, view.flags.writeable


def _view(
    owner: NDArray[Any],
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    first: int,
    strides: tuple[int, ...],
    writeable: bool,
) -> NDArray[Any]:
    """A view of the buffer of `owner`."""
    found: NDArray[Any] = np.ndarray(shape, dtype, owner.ravel(order="K"), first, strides)
    found.setflags(write=writeable)
    return found


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """`array`, which cannot be written from now on."""
    array.setflags(write=False)
    return array


class _Pickler(pickle.Pickler):
    """Keeps views of one buffer views of one buffer and read-only arrays read-only; leaves out the objects `known`."""

    def __init__(self, file: io.BytesIO, known: Sequence[object]) -> None:
        super().__init__(file, protocol=5)
        self._places = {id(each): place for place, each in enumerate(known)}

    def persistent_id(self, obj: object) -> int | None:
        """Place of `obj` among those left out; None for all others."""
        return self._places.get(id(obj))

    def reducer_override(self, obj: Any) -> Any:
        """Returns how `obj` is made again, where that is not the usual way."""
        if type(obj) is not np.ndarray:
            return NotImplemented
        owner = _owner(obj)
        if obj is not owner:
            return _view, (owner, *_place_in(obj, owner))
        return NotImplemented if obj.flags.writeable else (_read_only, (obj.copy(order="K"),))


class _Unpickler(pickle.Unpickler):
    """Reads what `_Pickler` wrote, with the objects `known` in the places of those left out."""

    def __init__(self, file: io.BytesIO, known: Sequence[object]) -> None:
        super().__init__(file)
        self._known = known

    def persistent_load(self, pid: int) -> object:
        """The object that stands in the place `pid`."""
        return self._known[pid]


def pickled(whole: object, part: object) -> bytes:
    """The state of `whole` (`__getstate__`) as bytes, all but its `part`; for `unpickled`."""
    file = io.BytesIO()
    _Pickler(file, (whole, part)).dump(whole.__getstate__())
    return file.getvalue()


def unpickled(kind: type[Made], payload: bytes, part: object) -> Made:
    """An object of class `kind` with the attributes that `pickled` wrote, and `part` in its place."""
    made = object.__new__(kind)
    vars(made).update(_Unpickler(io.BytesIO(payload), (made, part)).load())
    return made
