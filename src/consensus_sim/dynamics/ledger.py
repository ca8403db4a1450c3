"""D9: the points bank's book, whom points can draw, and who is within reach of an honour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from consensus_sim.dynamics.ranking import keep_lowest
from consensus_sim.kernels import kernel
from consensus_sim.randomness import uniforms_at


@kernel
def book_points(
    newest: NDArray[np.int32],
    earned: NDArray[np.int32],
    held: NDArray[np.int32],
    who: NDArray[np.int32],
    points: int,
) -> None:
    """Book `points` for each of `who` (no one twice) in the newest lot, in what the quarter earned and in what is
    held; (n,) each.
    """
    for row in range(who.shape[0]):
        i = who[row]
        newest[i] += points
        earned[i] += points
        held[i] += points


@kernel
def spend_oldest(
    lots: NDArray[np.int32], held: NDArray[np.int32], who: NDArray[np.int64], given: NDArray[np.int64]
) -> None:
    """Take `given` points (m,) from each of `who`, oldest batch first: one row a batch (k, n), the newest in row 0."""
    for place in range(who.shape[0]):
        i, left = who[place], given[place]
        for lot in range(lots.shape[0] - 1, -1, -1):
            take = min(np.int64(lots[lot, i]), left)
            lots[lot, i] -= take
            left -= take
        held[i] -= given[place]


@kernel
def age_lots(lots: NDArray[np.int32], earned: NDArray[np.int32], held: NDArray[np.int32]) -> int:
    """Ends a quarter: the rest of the oldest batch of points expires, each other batch becomes one quarter older, and
    the new batch (row 0 of k) and `earned` start at 0; `earned` and `held` (n,). Returns the number of expired points.
    """
    oldest, expired = lots.shape[0] - 1, 0
    for i in range(held.shape[0]):
        expired += int(lots[oldest, i])
        held[i] -= lots[oldest, i]
    for lot in range(oldest, 0, -1):
        for i in range(held.shape[0]):
            lots[lot, i] = lots[lot - 1, i]
    for i in range(held.shape[0]):
        lots[0, i] = 0
        earned[i] = 0
    return expired


@kernel
def queue_up(key: np.uint64, held: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Residents who hold any of the points `held` (n,), ascending (m,), and the random order in which they are served,
    as indices into these residents (m,).
    """
    holders = np.flatnonzero(held)
    return holders, np.argsort(uniforms_at(key, holders), kind="mergesort")


@kernel
def wanted_items(
    points: NDArray[np.int32],
    share: float,
    prices: NDArray[np.int64],
    item: NDArray[np.int64],
    lot: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Items, at their `prices` (k,) in points, that holders of `points` ask for when they bring a third of `share` of
    them in the mean: whole ones by `lot` in [0, 1), no more than they can pay; (m,) as `points`, `item` and `lot`.
    """
    out = np.empty(points.shape[0], np.int64)
    for place in range(points.shape[0]):
        price = prices[item[place]]
        exact = points[place] * share / 3.0 / price
        whole = np.floor(exact)
        asked = np.int64(whole) + np.int64(lot[place] < exact - whole)
        out[place] = min(asked, points[place] // price)
    return out


@kernel
def serve(
    asked: NDArray[np.int64],
    item: NDArray[np.int64],
    worth: NDArray[np.float64],
    queue: NDArray[np.int64],
    money: float,
) -> NDArray[np.int64]:
    """Of the items `asked` for (m,), each of the kind `item` (m,) and of its `worth` (k,) > 0 CNY, those that are given
    when people come in the order `queue` (m,) until `money` does not reach; (m,).
    """
    out, before = np.zeros(asked.shape[0], np.int64), 0.0
    for who in queue:
        each = worth[item[who]]
        out[who] = np.int64(min(max(np.floor((money - before) / each + 1e-9), 0.0), np.float64(asked[who])))
        before += asked[who] * each
    return out


@kernel
def held_by_who_can_pay(held: NDArray[np.int32], prices: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each of `prices` (k,) in points the sum of what is `held` (n,) by those who hold so much: (k,)."""
    total = np.zeros(prices.shape[0], np.int64)
    for item in range(prices.shape[0]):
        least, sum_of = prices[item], np.int64(0)
        for i in range(held.shape[0]):
            sum_of += np.int64(held[i]) * np.int64(held[i] >= least)
        total[item] = sum_of
    return total


@kernel
def points_reach(
    held: NDArray[np.int32],
    last_act: NDArray[np.int32],
    since: int,
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    mirror_weight: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Write a_i of D9 to `out` (n,), the share of the pull of points that reaches a resident (L57, L58): 1 for who took
    part in week `since` or later, else the tie-weighted share of ties who hold points.

    `held` (n,) points, `last_act` (n,) weeks; `mirror_weight` is for each tie its weight in the other's row.
    """
    one = np.float32(1.0)
    out[:] = np.float32(0.0)
    for i in range(held.shape[0]):
        if held[i] > 0:
            for e in range(indptr[i], indptr[i + 1]):
                out[indices[e]] += mirror_weight[e]
    for i in range(out.shape[0]):
        out[i] = one if last_act[i] >= since else min(one, out[i])


@kernel
def lay_pull(honour: NDArray[np.float32], points: float, reach: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Write r_i of D9 to `out` (n,): the pull of `points` by the share of it that `reach` a resident, and of an
    `honour` within reach, (n,) each.
    """
    pull = np.float32(points)
    for i in range(out.shape[0]):
        out[i] = honour[i] + pull * reach[i]


@kernel
def claimed_worth(held: NDArray[np.int32], prices: NDArray[np.int64], worth: NDArray[np.float64]) -> float:
    """Total claim of the points `held` (n,): for each item, the points of all residents who can pay its price, `prices`
    (k,), times its `worth` (k,) per point; summed over items.
    """
    claimed, able = 0.0, held_by_who_can_pay(held, prices)
    for item in range(prices.shape[0]):
        claimed += worth[item] * able[item]
    return claimed


@kernel
def within_reach(earned: NDArray[np.int32], honours: int, share: float, listed: NDArray[np.int32]) -> NDArray[np.int64]:
    """Residents who have `earned` (n,) at least `share` of the points at the last of `honours` >= 1 places; ascending.
    `listed` (n,) is working space.
    """
    size = np.uint64(0)
    for i in range(np.uint64(earned.shape[0])):  # lists the earners without a branch
        listed[size] = i
        size += np.uint64(earned[i] != 0)
    best, rows, filled = np.empty(honours), np.empty(honours, np.int32), 0
    for place in range(size):
        filled = keep_lowest(-earned[listed[place]], listed[place], best, rows, filled)
    near, n_near = np.empty(size, np.int64), 0
    for place in range(size):
        if earned[listed[place]] >= share * -best[filled - 1]:
            near[n_near] = listed[place]
            n_near += 1
    return near[:n_near]
