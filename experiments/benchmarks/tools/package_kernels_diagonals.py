"""The kernels of `package_kernels`, with the ties also laid out in diagonals: the k-th ties of all residents of a
block, the residents with most ties first.

Along a row the loop over its ties ends at another place for each resident, which the processor cannot foresee, and
each sum waits for the one before. Along a diagonal neither happens, compilers vectorise it, and still each resident's
sum is taken in the order of the row: the numbers are the same to the last bit. The layout is made once per network.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import reduced_workload as w

from consensus_sim.kernels import kernel
from tools import package_kernels
from tools.package_kernels import BLOCK, ONE, ZERO

COMPILED = True


class Diagonals(NamedTuple):
    """Ties in diagonals. Block b (residents b * BLOCK ...) has the diagonals `first[b]` .. `first[b + 1]` - 1; the
    ends of diagonal g are `indices[start[g] : start[g + 1]]`, those of the residents `order[b * BLOCK + 0, 1, ...]`.
    """

    first: Any
    start: Any
    order: Any
    indices: Any
    longest: int


@kernel
def lay_out(indptr: Any, indices: Any) -> Any:
    """First, start, order and indices of `Diagonals` for ties in rows."""
    n = indptr.shape[0] - 1
    blocks = (n + BLOCK - 1) // BLOCK
    first, order = np.zeros(blocks + 1, np.int64), np.empty(n, np.int32)
    for b in range(blocks):
        low, high = b * BLOCK, min(n, (b + 1) * BLOCK)
        degree = indptr[low + 1 : high + 1] - indptr[low:high]
        order[low:high] = low + np.argsort(-degree, kind="mergesort")
        first[b + 1] = first[b] + degree.max()
    start, out, place = np.zeros(first[blocks] + 1, np.int64), np.empty_like(indices), 0
    for b in range(blocks):
        low, high = b * BLOCK, min(n, (b + 1) * BLOCK)
        for g in range(first[b + 1] - first[b]):
            for i in order[low:high]:
                if indptr[i] + g >= indptr[i + 1]:
                    break
                out[place] = indices[indptr[i] + g]
                place += 1
            start[first[b] + g + 1] = place
    return first, start, order, out


@kernel
def drift_opinions(
    first: Any, start: Any, order: Any, indices: Any, opinion: Any, pull: Any, reach: Any, own: Any, total: Any,
    near: Any, others: Any, out: Any,
) -> None:  # fmt: skip
    """As `package_kernels.drift_opinions`; `own`, `total`, `near` (BLOCK,) and `others` are working space."""
    for b in range(first.shape[0] - 1):
        low = np.uint64(b * BLOCK)
        size = np.uint64(min(BLOCK, order.shape[0] - b * BLOCK))
        for k in range(size):
            own[k], total[k], near[k] = opinion[np.uint32(order[low + k])], ZERO, ZERO
        base = np.uint64(start[first[b]])
        for e in range(np.uint64(start[first[b + 1]]) - base):
            others[e] = opinion[np.uint32(indices[base + e])]
        for g in range(first[b], first[b + 1]):
            place = np.uint64(start[g]) - base
            for k in range(np.uint64(start[g + 1]) - np.uint64(start[g])):
                apart = others[place + k] - own[k]
                close = abs(apart) < reach
                total[k] += apart if close else ZERO
                near[k] += ONE if close else ZERO
        for k in range(size):
            total[k] = own[k] + pull * total[k] / max(near[k], ONE)
        for k in range(size):
            out[np.uint32(order[low + k])] = total[k]


def diagonals(indptr: Any, indices: Any) -> Diagonals:
    """The layout of ties in rows as diagonals."""
    first, start, order, out = lay_out(indptr, indices)
    return Diagonals(first, start, order, out, int(np.diff(start[first]).max()))


class State(NamedTuple):
    """The columns of `package_kernels` and how opinions drift."""

    rows: package_kernels.State
    drift: Any


def prepare(inputs: w.Inputs, shared: bool) -> State:
    """Ties in both layouts: rows to tell the neighbours of the few who came, diagonals for all."""
    ties = diagonals(inputs.indptr, inputs.indices)
    space = [np.empty(BLOCK, np.float32) for _ in range(3)] + [np.empty(ties.longest, np.float32)]

    def drift(opinion: Any, out: Any) -> None:
        pull, reach = np.float32(w.PULL), np.float32(w.REACH)
        drift_opinions(ties.first, ties.start, ties.order, ties.indices, opinion, pull, reach, *space, out)

    return State(package_kernels.prepare(inputs, shared), drift)


def run(state: State) -> Any:
    """All steps; records (steps, 3)."""
    return package_kernels.run(state.rows, state.drift)
