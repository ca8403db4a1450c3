"""A panel drawn by lot within strata and asked round by round until its seats are taken (D3).

Every draw is keyed by resident, so the outcome depends neither on the order of rows nor on what else is drawn. The draw
is a stratified one of equal chance (proportional allocation with systematic rounding, Madow 1949, Ann. Math.
Stat. 20(3), doi 10.1214/aoms/1177729988).
"""

from __future__ import annotations

from math import ceil, floor, log1p
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.dynamics.measures import total_of
from consensus_sim.dynamics.ranking import keep_lowest
from consensus_sim.kernels import kernel
from consensus_sim.randomness import child, uniform

Rows = NDArray[np.int64]
Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

OFFERED, SEATED, PRESENT = 0, 1, 2
"""What the quota counts: letters sent, seats taken, or people who come (F25 leaves it open; base `SEATED`).
"""


class SeatingRule(NamedTuple):
    """Rules for filling a panel. Numbers live in `configs/`."""

    seats: int
    """Seats to fill, >= 1."""
    stakeholder_seats: int
    """Of these, for representatives of those with a stake; 0 to `seats` (F25). Left-overs go by lot."""
    vulnerable_share: float
    """q: least share of vulnerable people, 0 to 1; the case study has 0.10 (F25). 0 means no quota."""
    counted: int
    """`OFFERED`, `SEATED` or `PRESENT`."""
    letters_per_seat: float
    """Invitations per open seat and round, > 0; judgement."""
    rounds: int
    """R_inv: rounds of invitations, >= 1 (D3)."""


class Pool(NamedTuple):
    """Residents whom the invitation may reach; arrays of shape (n_pool,), rows in any order."""

    resident: Rows
    """Index of the resident, >= 0, no index twice."""
    stratum: NDArray[np.int64]
    """Stratum, 0 to n_strata - 1: the grid, or grid and age band (neighbouring codes in one grid)."""
    vulnerable: Flags
    """Old, tenant or low-income (F12)."""
    acceptance: Floats
    """Probability of accepting a letter (a_g of D3)."""
    turnout: Floats
    """Probability of coming after accepting."""
    stake: Floats
    """Own stake in the topic, [0, 1]; residents of stake 0 are never asked as stakeholders."""
    group: NDArray[np.int64]
    """Interest group whose representative the resident may be, >= 0; -1 for none."""
    stakeholder_acceptance: Floats
    """Probability of accepting when asked in person as a stakeholder."""


class Draws(NamedTuple):
    """Random draws of everybody in a pool, (n_pool,) each, the same in every round."""

    lot: Floats
    """Order in which residents are drawn within their stratum."""
    accepts: Floats
    """In [0, 1): accepts if below the probability."""
    order: Floats
    """Order in which residents who accept take the open seats."""
    race: Floats
    """Order in which stakeholders are asked (`stakeholder_race`)."""
    counts: Flags
    """Whether a seat of this resident counts: all do, unless presence is counted and the resident stays away."""


class Progress(NamedTuple):
    """Progress in filling a panel, (n_pool,) each."""

    asked: Flags
    seated: Flags
    represents: Flags
    """Residents who sit as the representative of an interest group."""


@kernel
def seats_needed(seats: int, share: float) -> int:
    """Fewest of `seats` that make up `share`: 3 of 25 at a tenth."""
    return ceil(share * seats - 1e-9)


@kernel
def largest_remainders(weights: Floats, seats: int) -> Counts:
    """Share out `seats` in proportion to `weights` (n,) >= 0; counts (n,), all zero if every weight is zero; ties go to
    the earlier one. Source: Hamilton's method (Balinski & Young 1982, *Fair Representation*).
    """
    total = total_of(weights)
    if total <= 0.0:
        return np.zeros(weights.shape[0], np.int64)
    exact = weights * (seats / total)
    counts = np.floor(exact + 1e-9).astype(np.int64)
    left = seats - counts.sum()
    for place in np.argsort(counts - exact, kind="mergesort")[:left]:
        counts[place] += 1
    return counts


@kernel
def allocate_by_lot(expected: Floats, start: float) -> Counts:
    """Round `expected` (n,) >= 0 to whole counts whose mean over `start`, uniform in [0, 1), is `expected`.

    Each count is `expected` rounded up or down, and so is the sum of any neighbouring ones; a whole total
    stays whole. Source: Madow 1949.
    """
    counts = np.empty(expected.shape[0], np.int64)
    reached, before = 0.0, 0.0
    for place in range(expected.shape[0]):
        reached += expected[place]
        if place == expected.shape[0] - 1 and abs(reached - np.rint(reached)) < 1e-6:
            reached = np.rint(reached)
        counts[place] = np.int64(np.floor(reached + start) - before)
        before = np.floor(reached + start)
    return counts


@kernel
def lowest(order: Floats, cell: NDArray[np.int64], quota: Counts) -> Rows:
    """The `quota[c]` rows of lowest `order` (n,) in each cell c, ascending; never cells < 0 or infinite orders."""
    first = np.empty(quota.shape[0], dtype=np.int64)
    size = 0
    for c in range(quota.shape[0]):
        first[c] = size
        size += quota[c]
    best, filled = np.empty(size, dtype=np.int64), np.zeros(quota.shape[0], dtype=np.int64)
    for row in range(order.shape[0]):
        c = cell[row]
        if c < 0 or quota[c] == 0 or order[row] == np.inf:
            continue
        base = first[c]
        if filled[c] < quota[c]:
            filled[c] += 1
        elif order[row] >= order[best[base + quota[c] - 1]]:
            continue
        place = base + filled[c] - 1
        while place > base and order[best[place - 1]] > order[row]:
            best[place] = best[place - 1]
            place -= 1
        best[place] = row
    taken, n_taken = np.empty(size, dtype=np.int64), 0
    for c in range(quota.shape[0]):
        for place in range(first[c], first[c] + filled[c]):
            taken[n_taken] = best[place]
            n_taken += 1
    return np.sort(taken[:n_taken])


@kernel
def _fit(wanted: Floats, room: Counts, total: int) -> Floats:
    """`wanted` (n,) within 0 and `room` (n,) and with the sum `total`, whole parts kept where possible."""
    fitted = np.minimum(np.maximum(wanted, 0.0), room.astype(np.float64))
    gap = total - total_of(fitted)
    if gap > 0:
        free = room - fitted
        in_all = total_of(free)
        return fitted + free * (gap / in_all) if in_all > 0 else fitted
    part = fitted - np.floor(fitted)
    in_all = total_of(part)
    if in_all > 0 and in_all + gap >= 0:
        return np.floor(fitted) + part * (1 + gap / in_all)
    in_all = total_of(fitted)
    return fitted * (total / in_all) if in_all > 0 else fitted


@kernel
def strata_seats(key: np.uint64, ordinary: Counts, vulnerable: Counts, seats: int, least_vulnerable: int) -> Counts:
    """Seats for each stratum: (n_strata, 2), ordinary people first, vulnerable second.

    `ordinary` and `vulnerable` (n_strata,) count the pool. The vulnerable get their share of the pool,
    rounded by lot, and `least_vulnerable` if that is more, as far as there are people. Both columns follow
    the strata in proportion, each count and each stratum's total rounded up or down by lot.
    """
    n_ordinary, n_vulnerable = ordinary.sum(), vulnerable.sum()
    counts = np.zeros((ordinary.shape[0], 2), np.int64)
    seats = min(seats, n_ordinary + n_vulnerable)
    if seats == 0:
        return counts
    share = floor(seats * n_vulnerable / (n_ordinary + n_vulnerable) + uniform(key, 0))
    held = min(max(share, least_vulnerable, seats - n_ordinary), n_vulnerable, seats)
    for_vulnerable = vulnerable * (held / max(1, n_vulnerable))
    for_ordinary = ordinary * ((seats - held) / max(1, n_ordinary))
    counts[:, 1] = allocate_by_lot(for_vulnerable, uniform(key, 1))
    rest = _fit(for_vulnerable + for_ordinary - counts[:, 1], ordinary, seats - held)
    counts[:, 0] = allocate_by_lot(rest, uniform(key, 2))
    return counts


@kernel
def draw_by_lot(
    key: np.uint64, lot: Floats, pool: Pool, asked: Flags, letters: tuple[int, int], rounding: int
) -> Rows:  # fmt: skip
    """Draw rows of `pool` by `lot` (n_pool,) within its strata, without those `asked`; ascending.

    `letters`: how many to draw, and how many of them must be vulnerable; `rounding` numbers the draw that rounds
    fractions of seats. Draws everybody who is left if the letters outnumber them.
    """
    n, n_strata = lot.shape[0], 0
    stratum, vulnerable = pool.stratum, pool.vulnerable
    for row in range(n):
        n_strata = max(n_strata, stratum[row] + 1)
    ordinary, weak = np.zeros(n_strata, np.int64), np.zeros(n_strata, np.int64)
    cell = np.empty(n, np.int64)
    for row in range(n):
        cell[row] = -1 if asked[row] else 2 * stratum[row] + np.int64(vulnerable[row])
        ordinary[stratum[row]] += np.int64(not asked[row] and not vulnerable[row])
        weak[stratum[row]] += np.int64(not asked[row] and vulnerable[row])
    quota = strata_seats(child(child(key, 1), rounding), ordinary, weak, letters[0], letters[1])
    return lowest(lot, cell, quota.ravel())


@kernel
def stakeholder_race(key: np.uint64, resident: NDArray[np.int64], stake: Floats) -> Floats:
    """Place of each (n_pool,) in the order in which those with a stake are asked: -ln(1 - u) / S, inf without one.

    An exponential race samples without replacement by weight (Efraimidis & Spirakis 2006, Inf. Process. Lett. 97(5)).
    """
    race, lots = np.full(stake.shape[0], np.inf), child(key, 2)
    for row in range(stake.shape[0]):
        if stake[row] > 0.0:
            race[row] = -log1p(-uniform(lots, resident[row])) / stake[row]
    return race


@kernel
def shortlist(key: np.uint64, rows: Rows, chance: float, left_out: Flags, out: NDArray[np.int32]) -> int:
    """Residents drawn from `rows` (m,) with probability `chance` each, without those `left_out` (n,), written to the
    first places of `out`; returns how many.
    """
    n_found = 0
    for row in rows:
        if uniform(key, row) < chance and not left_out[row]:
            out[n_found] = row
            n_found += 1
    return n_found


@kernel
def of_the_listed(
    rows: Rows, grid: NDArray[np.integer], vulnerable: Flags, follow_through: NDArray[np.float32], no_show: float
) -> tuple[NDArray[np.int64], Flags, Floats]:
    """Grid, vulnerability and turnout of the residents `rows` (m,) on a list; turnout is the probability
    1 - no_show (1 - follow-through) of taking a seat once accepted; (m,) each.
    """
    m, one, stays_away = rows.shape[0], np.float32(1.0), np.float32(no_show)
    where, weak, turnout = np.empty(m, np.int64), np.empty(m, np.bool_), np.empty(m)
    for place in range(m):
        i = rows[place]
        where[place], weak[place] = grid[i], vulnerable[i]
        turnout[place] = one - stays_away * (one - follow_through[i])
    return where, weak, turnout


@kernel
def group_weights(stake: Floats, group: NDArray[np.int64]) -> Floats:
    """Summed stake of each interest group in `group` (n_pool,), -1 for none; (n_groups,)."""
    n_groups = 0
    for row in range(group.shape[0]):
        n_groups = max(n_groups, group[row] + 1)
    weights = np.zeros(n_groups)
    for row in range(group.shape[0]):
        if group[row] >= 0:
            weights[group[row]] += stake[row]
    return weights


@kernel
def _seat(willing: Rows, pool: Pool, draws: Draws, seats: int, rule: SeatingRule, seated: Flags) -> Rows:
    """Seat the first of `willing` in their order on `seats`, as many of them ordinary people as the quota leaves;
    people whose seat does not count sit beside them. Notes them in `seated` (n_pool,) and returns their rows.
    """
    counts, vulnerable = draws.counts, pool.vulnerable
    most_ordinary = ordinary_left(seated, counts, vulnerable, rule)
    rows, n_rows, ordinary, filled = np.empty_like(willing), 0, 0, 0
    lots, queue, queued = np.empty(willing.shape[0]), np.empty(willing.shape[0], np.int32), 0
    for row in willing:
        queued = keep_lowest(draws.order[row], row, lots, queue, queued)
    for row in queue:
        if counts[row]:
            if not vulnerable[row]:
                ordinary += 1
            if filled == seats or not (vulnerable[row] or ordinary <= most_ordinary):
                continue
            filled += 1
        rows[n_rows] = row
        seated[row] = True
        n_rows += 1
    return rows[:n_rows]


@kernel
def ordinary_left(seated: Flags, counts: Flags, vulnerable: Flags, rule: SeatingRule) -> int:
    """Seats that ordinary people may still take, given the flags `seated` and whether a seat `counts`, (n_pool,)."""
    kept = 0 if rule.counted == OFFERED else seats_needed(rule.seats, rule.vulnerable_share)
    left = rule.seats - kept
    for row in range(seated.shape[0]):
        left -= seated[row] and counts[row] and not vulnerable[row]
    return left


@kernel
def _willing(rows: Rows, accepts: Floats, acceptance: Floats, asked: Flags) -> Rows:
    """Those of `rows` who accept, now that they are `asked`."""
    willing, size = np.empty_like(rows), 0
    for row in rows:
        asked[row] = True
        if accepts[row] < acceptance[row]:
            willing[size] = row
            size += 1
    return willing[:size]


@kernel
def _count_both(one: Flags, other: Flags) -> int:
    """Number of rows with both flags."""
    found = 0
    for row in range(one.shape[0]):
        found += one[row] and other[row]
    return found


@kernel
def _ask_stakeholders(pool: Pool, draws: Draws, targets: Counts, rule: SeatingRule, progress: Progress) -> int:
    """One round of personal invitations; returns the stakeholder seats to keep for another round."""
    group, counts, represents = pool.group, draws.counts, progress.represents
    missing, in_all = targets.copy(), 0
    cell = np.empty(group.shape[0], np.int64)
    for row in range(group.shape[0]):
        cell[row] = -1 if progress.asked[row] else group[row]
        if represents[row] and counts[row]:
            missing[group[row]] -= 1
    letters = np.zeros(missing.shape[0], np.int64)
    for g in range(missing.shape[0]):
        letters[g] = ceil(rule.letters_per_seat * missing[g] - 1e-9)
        in_all += missing[g]
    if in_all == 0:
        return 0
    rows = lowest(draws.race, cell, letters)
    willing = _willing(rows, draws.accepts, pool.stakeholder_acceptance, progress.asked)
    for g in range(missing.shape[0]):
        if missing[g] == 0:
            continue
        own, n_own = np.empty_like(willing), 0
        for row in willing:
            if group[row] == g:
                own[n_own] = row
                n_own += 1
        seats = missing[g]
        for row in _seat(own[:n_own], pool, draws, seats, rule, progress.seated):
            represents[row] = True
            missing[g] -= counts[row]
            in_all -= counts[row]
    return in_all if rows.shape[0] else 0


@kernel
def _ask_by_lot(
    key: np.uint64, pool: Pool, draws: Draws, rule: SeatingRule, turn: tuple[int, int], progress: Progress
) -> None:
    """One round of letters for the open seats; `turn`: number of the round and seats reserved for stakeholders."""
    asked, seated, counts = progress.asked, progress.seated, draws.counts
    open_seats = rule.seats - _count_both(seated, counts) - turn[1]
    if open_seats <= 0:
        return
    letters = ceil(rule.letters_per_seat * open_seats - 1e-9)
    if rule.counted == OFFERED:
        sent = _count_both(asked, asked) + letters
        least = seats_needed(sent, rule.vulnerable_share) - _count_both(asked, pool.vulnerable)
    else:
        only_vulnerable = open_seats - ordinary_left(seated, counts, pool.vulnerable, rule)
        least = ceil(rule.letters_per_seat * only_vulnerable - 1e-9)
    rows = draw_by_lot(key, draws.lot, pool, asked, (letters, max(0, least)), turn[0])
    _seat(_willing(rows, draws.accepts, pool.acceptance, asked), pool, draws, open_seats, rule, seated)


@kernel
def _share_among(vulnerable: Flags, rows: Rows) -> float:
    """Share of the vulnerable among `rows` of the pool; nan if there are none."""
    found = 0
    for row in rows:
        found += vulnerable[row]
    return found / rows.shape[0] if rows.shape[0] else np.nan


@kernel
def draw_all(key: np.uint64, pool: Pool, presence_counts: bool) -> tuple[Draws, Flags]:
    """The draws of everybody in `pool`, and who of them would come, (n_pool,)."""
    n = pool.resident.shape[0]
    lots, accepting, coming, queueing = child(key, 0), child(key, 4), child(key, 5), child(key, 6)
    lot, accepts, order, comes = np.empty(n), np.empty(n), np.empty(n), np.empty(n, np.bool_)
    for row in range(n):
        who = pool.resident[row]
        lot[row], accepts[row], order[row] = uniform(lots, who), uniform(accepting, who), uniform(queueing, who)
        comes[row] = uniform(coming, who) < pool.turnout[row]
    counts = comes if presence_counts else np.ones(n, np.bool_)
    return Draws(lot, accepts, order, stakeholder_race(key, pool.resident, pool.stake), counts), comes


@kernel
def fill_panel(
    key: np.uint64, pool: Pool, rule: SeatingRule
) -> tuple[Rows, Rows, Rows, Rows, int, tuple[float, float, float]]:
    """Invite, hear who accepts, and invite again, until every seat is taken or the rounds are used up.

    `council.seating.seat_panel` says by which rules. Returns rows of the pool: residents who are offered a seat, who
    take one, who of these come, who represent an interest group; the rounds used; and the shares of the vulnerable
    among the first three, nan where there is nobody.
    """
    n = pool.resident.shape[0]
    draws, comes = draw_all(key, pool, rule.counted == PRESENT)
    progress = Progress(np.zeros(n, np.bool_), np.zeros(n, np.bool_), np.zeros(n, np.bool_))
    targets = largest_remainders(group_weights(pool.stake, pool.group), min(rule.stakeholder_seats, rule.seats))
    used = 0
    while used < rule.rounds:
        used += 1
        reserved = _ask_stakeholders(pool, draws, targets, rule, progress)
        _ask_by_lot(key, pool, draws, rule, (used, reserved if used < rule.rounds else 0), progress)
        if _count_both(progress.seated, draws.counts) >= rule.seats or _count_both(progress.asked, progress.asked) == n:
            break
    offered, accepted = np.flatnonzero(progress.asked), np.flatnonzero(progress.seated)
    present = np.flatnonzero(progress.seated & comes)
    shares = (
        _share_among(pool.vulnerable, offered), _share_among(pool.vulnerable, accepted),
        _share_among(pool.vulnerable, present),
    )  # fmt: skip
    return offered, accepted, present, np.flatnonzero(progress.represents), used, shares
