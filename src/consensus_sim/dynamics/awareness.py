"""D1: who knows of a channel. Notices, ties and the mini-programme inform; what is not heard of again is forgotten."""

from __future__ import annotations

from math import exp
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.kernels import kernel
from consensus_sim.randomness import uniform


class AwarenessParameters(NamedTuple):
    """P13 (joint), P10: rates per week, half-life in weeks, share, length in metres; see configs/behaviour."""

    notice: float
    notice_plain: float
    neighbours: float
    online: float
    half_life: float
    start_share: float
    distance: float


@kernel
def spread_awareness(
    key: np.uint64,
    bit: int,
    adult: NDArray[np.bool_],
    nearness: NDArray[np.float32],
    aware_ties: NDArray[np.float32],
    online_user: NDArray[np.bool_],
    habit: NDArray[np.float32],
    notice_rate: float,
    online_rate: float,
    neighbour_rate: float,
    forget: float,
    aware: NDArray[np.uint16],
    changed: NDArray[np.int32],
) -> int:
    """One week of hearing of, and forgetting, the channel with bit `bit`; returns how many changed.

    Pr(hears) = 1 - exp(-[notice_rate nearness_i + neighbour_rate n_i(aware) + online_rate O_i]) for who does not know
    (D1); Pr(forgets) = forget (1 - H_i) for who does, so what is a habit is not forgotten.

    `nearness` e^(-d/delta), `aware_ties` tie-weighted share of ties who know at the week's start, both (n,). `aware`
    (n,) bits is updated; `changed` (n,) receives in its first places i + 1 for who newly knows and -(i + 1) for who
    forgot.
    """
    n_changed = 0
    mask = np.uint16(bit)
    for i in range(aware.shape[0]):
        if not adult[i]:
            continue
        chance = uniform(key, i)
        if aware[i] & mask:
            if chance < forget * (1.0 - habit[i]):
                aware[i] &= ~mask
                changed[n_changed] = -(i + 1)
                n_changed += 1
        else:
            rate = notice_rate * nearness[i] + neighbour_rate * aware_ties[i]
            if online_user[i]:
                rate += online_rate
            if chance < rate and chance < 1.0 - exp(-rate):
                aware[i] |= mask
                changed[n_changed] = i + 1
                n_changed += 1
    return n_changed


@kernel
def tell_ties(
    changed: NDArray[np.int32],
    n_changed: int,
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    mirror_weight: NDArray[np.float32],
    aware_ties: NDArray[np.float32],
) -> None:
    """Carry the changes of `spread_awareness` into each neighbour's share of ties who know; work in proportion to them.

    `mirror_weight[e]` is the weight that the tie e = (i -> j) has in j's row.
    """
    for row in range(n_changed):
        who = changed[row]
        sign = np.float32(1.0)
        if who < 0:
            who, sign = -who, np.float32(-1.0)
        for e in range(indptr[who - 1], indptr[who]):
            aware_ties[indices[e]] += sign * mirror_weight[e]


@kernel
def make_aware(who: NDArray[np.int32], bit: int, aware: NDArray[np.uint16], changed: NDArray[np.int32]) -> int:
    """Let the residents `who` know of a channel; returns how many did not know before, listed in `changed` as i + 1."""
    n_changed = 0
    mask = np.uint16(bit)
    for row in range(who.shape[0]):
        i = who[row]
        if not aware[i] & mask:
            aware[i] |= mask
            changed[n_changed] = i + 1
            n_changed += 1
    return n_changed


@kernel
def mirror_weights(
    indptr: NDArray[np.int64], indices: NDArray[np.int32], weight: NDArray[np.float32]
) -> NDArray[np.float32]:
    """For each tie (i -> j) the weight it has in j's row: the matching entry of the transposed CSR matrix; shape of
    `weight`.

    Rows must be sorted and the pattern symmetric; a cursor per row makes this one pass.
    """
    cursor = indptr[:-1].copy()
    out = np.empty_like(weight)
    for i in range(indptr.shape[0] - 1):
        for e in range(indptr[i], indptr[i + 1]):
            j = indices[e]
            out[e] = weight[cursor[j]]
            cursor[j] += 1
    return out
