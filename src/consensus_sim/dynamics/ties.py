"""Memory layout of ties for computations along all of them at once (D11).

Along a row of the sparse matrix the loop over a resident's ties ends at another place for each resident, which a
processor cannot foresee, and each sum waits for the one before. So the ties of a block of residents are laid out in
diagonals: the first tie of each, then the second of each who has one, and so on, the residents with most ties first.
Loops along a diagonal are long and vectorised, and still each resident's sum is taken in the order of the row: the
numbers are the same to the last bit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.kernels import BLOCK, kernel


class Diagonals(NamedTuple):
    """Ties in diagonals. Block b, the residents from b * BLOCK on, has the diagonals `first[b]` .. `first[b + 1]` - 1;
    diagonal g holds the ties `start[g]` .. `start[g + 1]` - 1, one each of the residents `order[b * BLOCK + 0, 1,
    ...]`; `indices` and `weight` say with whom, and how much it counts. `longest` is the most ties of a block.
    """

    first: NDArray[np.int64]
    start: NDArray[np.int64]
    order: NDArray[np.int32]
    indices: NDArray[np.int32]
    weight: NDArray[np.float32]
    longest: int


@kernel
def _most_ties_first(indptr: NDArray[np.int64], low: int, order: NDArray[np.int32]) -> int:
    """Number the residents from `low` on by their ties, most first, else as they come, into `order` (m,), by counting;
    the most ties.
    """
    most = 0
    for k in range(order.shape[0]):
        most = max(most, indptr[k + 1] - indptr[k])
    place = np.zeros(most + 2, np.int64)
    for k in range(order.shape[0]):
        place[most - (indptr[k + 1] - indptr[k]) + 1] += 1
    for fewer in range(most + 1):
        place[fewer + 1] += place[fewer]
    for k in range(order.shape[0]):
        fewer = most - (indptr[k + 1] - indptr[k])
        order[place[fewer]] = low + k
        place[fewer] += 1
    return most


@kernel
def lay_out(indptr: NDArray[np.int64], indices: NDArray[np.int32], weight: NDArray[np.float32]) -> Diagonals:
    """Ties in diagonals from ties in rows (CSR)."""
    n = indptr.shape[0] - 1
    blocks = (n + BLOCK - 1) // BLOCK
    first, order = np.zeros(blocks + 1, np.int64), np.empty(n, np.int32)
    for b in range(blocks):
        low, high = b * BLOCK, min(n, (b + 1) * BLOCK)
        first[b + 1] = first[b] + _most_ties_first(indptr[low : high + 1], low, order[low:high])
    start, ends, weights = np.zeros(first[blocks] + 1, np.int64), np.empty_like(indices), np.empty_like(weight)
    place, longest = 0, 0
    for b in range(blocks):
        begun = place
        for g in range(first[b + 1] - first[b]):
            for i in order[b * BLOCK : min(n, (b + 1) * BLOCK)]:
                if indptr[i] + g >= indptr[i + 1]:
                    break
                ends[place], weights[place] = indices[indptr[i] + g], weight[indptr[i] + g]
                place += 1
            start[first[b] + g + 1] = place
        longest = max(longest, place - begun)
    return Diagonals(first, start, order, ends, weights, longest)
