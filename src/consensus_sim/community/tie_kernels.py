"""Drawing ties and laying them out, compiled; linear in the number of ties."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from consensus_sim.kernels import kernel
from consensus_sim.randomness import child, mix, uniform

TRIES = 400
"""Proposals per wanted tie before a group that is too small or too dense is left with fewer."""


@kernel
def remember(known: NDArray[np.int64], a: int, b: int, n: int) -> bool:
    """Put the pair (a, b) of residents below `n` into the open-addressing table `known` (-1 = free).

    True if the pair is new. The table's length is a power of two.
    """
    low, high = min(a, b), max(a, b)
    pair = low * n + high
    mask = np.uint64(known.shape[0] - 1)
    slot = mix(np.uint64(pair)) & mask
    while known[slot] != -1:
        if known[slot] == pair:
            return False
        slot = (slot + np.uint64(1)) & mask
    known[slot] = pair
    return True


@kernel
def tie_households(
    start: NDArray[np.int64],
    known: NDArray[np.int64],
    n: int,
    out_a: NDArray[np.int32],
    out_b: NDArray[np.int32],
) -> int:
    """Tie all pairs in every household h: start[h] .. start[h + 1] - 1; the number of ties."""
    found = 0
    for household in range(start.shape[0] - 1):
        for a in range(start[household], start[household + 1]):
            for b in range(a + 1, start[household + 1]):
                remember(known, a, b, n)
                out_a[found], out_b[found] = a, b
                found += 1
    return found


@kernel
def pick(cumulated: NDArray[np.float64], low: int, high: int, chance: float) -> int:
    """The place in [low, high) that `chance` hits, each as wide as its step of `cumulated`."""
    mark = cumulated[low] + chance * (cumulated[high] - cumulated[low])
    first, last = low, high - 1
    while first < last:
        middle = (first + last) // 2
        if cumulated[middle + 1] > mark:
            last = middle
        else:
            first = middle + 1
    return first


@kernel
def draw_ties(
    key: np.uint64,
    member: NDArray[np.int32],
    start: NDArray[np.int64],
    cumulated: NDArray[np.float64],
    wanted: NDArray[np.int64],
    apart: NDArray[np.int32],
    age_group: NDArray[np.uint8],
    tenant: NDArray[np.bool_],
    odds_age: float,
    odds_tenure: float,
    known: NDArray[np.int64],
    out_a: NDArray[np.int32],
    out_b: NDArray[np.int32],
) -> int:
    """Draw wanted[g] ties within every group g by proposing and accepting; the number of ties drawn.

    Group g is member[start[g] : start[g + 1]], whose sociabilities are the steps of `cumulated`. Both ends
    are proposed by sociability; a proposal is accepted with chance proportional to the odds ratios of what
    the two have in common, and refused when the two have one value of `apart` or a tie already.
    """
    found, n = 0, apart.shape[0]
    best = max(1.0, odds_age) * max(1.0, odds_tenure)
    for group in range(start.shape[0] - 1):
        low, high = start[group], start[group + 1]
        own = child(key, group)
        drawn, turn, limit = 0, 0, TRIES * wanted[group]
        while drawn < wanted[group] and turn < limit:
            a = member[pick(cumulated, low, high, uniform(own, 3 * turn))]
            b = member[pick(cumulated, low, high, uniform(own, 3 * turn + 1))]
            turn += 1
            if a == b or apart[a] == apart[b]:
                continue
            odds = 1.0
            if age_group[a] == age_group[b]:
                odds *= odds_age
            if tenant[a] == tenant[b]:
                odds *= odds_tenure
            if uniform(own, 3 * turn - 1) * best < odds and remember(known, a, b, n):
                out_a[found], out_b[found] = a, b
                found += 1
                drawn += 1
    return found


@kernel
def lay_out(
    a: NDArray[np.int32],
    b: NDArray[np.int32],
    kind: NDArray[np.uint8],
    tie_weight: NDArray[np.float64],
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    kinds: NDArray[np.uint8],
    weight: NDArray[np.float32],
) -> None:
    """Fill the rows of a symmetric matrix: ascending indices, kinds, weights that sum to 1.

    indptr: (n + 1,) zeros; indices, kinds, weight: (2 * n_ties,).
    """
    n = indptr.shape[0] - 1
    for tie in range(a.shape[0]):
        indptr[a[tie] + 1] += 1
        indptr[b[tie] + 1] += 1
    for row in range(n):
        indptr[row + 1] += indptr[row]
    place = indptr[:n].copy()
    for tie in range(a.shape[0]):
        for end in range(2):
            row, other = (a[tie], b[tie]) if end == 0 else (b[tie], a[tie])
            at = place[row]
            while at > indptr[row] and indices[at - 1] > other:
                indices[at], kinds[at] = indices[at - 1], kinds[at - 1]
                at -= 1
            indices[at], kinds[at] = other, kind[tie]
            place[row] += 1
    for row in range(n):
        whole = 0.0
        for at in range(indptr[row], indptr[row + 1]):
            whole += tie_weight[kinds[at]]
        for at in range(indptr[row], indptr[row + 1]):
            weight[at] = tie_weight[kinds[at]] / whole
