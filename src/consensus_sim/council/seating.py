"""Who is seated (D3): stakeholder representatives, then sortition within strata, with a vulnerable quota.

Arrays in, row numbers out; every lot is keyed by resident, so who is drawn depends neither on the order of
rows nor on what else is drawn, and a lever that changes acceptance leaves the lots as they were.

The draw is a stratified one of equal chance (proportional allocation with systematic rounding, Madow 1949,
Ann. Math. Stat. 20(3), doi 10.1214/aoms/1177729988): every vulnerable adult of the pool has the same chance,
every other adult has the same chance, and each stratum gets its share of seats rounded up or down by lot.
Where rounding always favoured the same strata (largest remainders), people of small strata would never be
drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.errors import InputError
from consensus_sim.kernels import kernel
from consensus_sim.randomness import child, uniform, uniforms_at

Rows = NDArray[np.int64]
Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

OFFERED, SEATED, PRESENT = 0, 1, 2
"""What the quota counts: letters sent, seats taken, or people who come (F25 leaves it open; base `SEATED`).
"""


class SeatingRule(NamedTuple):
    """How a panel is filled. Numbers live in `configs/`."""

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


@dataclass(frozen=True)
class Pool:
    """Whom the invitation may reach; all arrays have shape (n_pool,), rows in any order."""

    resident: NDArray[np.int64]
    """Index of the resident, >= 0, no index twice."""
    stratum: NDArray[np.int64]
    """Stratum, 0 to n_strata - 1: the grid, or grid and age band (neighbouring codes in one grid)."""
    vulnerable: Flags
    """Old, tenant or low-income (F12)."""
    acceptance: Floats
    """Chance to accept a letter, [0, 1] (a_g of D3)."""
    turnout: Floats
    """Chance to come after accepting, [0, 1]."""
    stake: Floats
    """Own stake in the topic, [0, 1]; 0 is never asked as a stakeholder."""
    group: NDArray[np.int64]
    """Interest group of which somebody may be the representative, >= 0; -1 for none."""
    stakeholder_acceptance: Floats
    """Chance to accept when asked in person as a stakeholder, [0, 1]."""


@dataclass(frozen=True)
class Panel:
    """Outcome of `seat_panel`: row numbers of the pool, ascending."""

    offered: Rows
    accepted: Rows
    """Those who accepted a seat; where presence counts, also those whose seat a stand-in took."""
    present: Rows
    """Those of `accepted` who come."""
    stakeholders: Rows
    """Those of `accepted` who sit as representatives of an interest group."""
    rounds: int
    """Rounds of invitations used."""
    quota_met: bool
    """Whether the share that the rule counts reaches the quota."""
    vulnerable_offered: float
    """Shares of vulnerable people among the three; nan where nobody is."""
    vulnerable_accepted: float
    vulnerable_present: float


def _below(key: np.uint64, entity: int) -> np.uint64:
    """The key of `entity` under `key`, as the type that compiled functions expect."""
    return np.uint64(child(key, entity))


def seats_needed(seats: int, share: float) -> int:
    """Fewest of `seats` that make up `share`: 3 of 25 at a tenth."""
    return ceil(share * seats - 1e-9)


def check_quota(vulnerable: Flags, seats: int, share: float, where: str = "quota seating") -> None:
    """Refuse a quota that the pool (n_pool,) cannot meet.

    Raises:
        InputError: naming `where`, the quota, the need and what the pool holds.
    """
    if not 0.0 <= share <= 1.0:
        raise InputError(f"{where}: found a vulnerable share of {share:g}; allowed: 0 to 1")
    if seats < 1:
        raise InputError(f"{where}: found {seats} seats; allowed: 1 or more")
    pool, held = len(vulnerable), int(np.count_nonzero(vulnerable))
    if pool < seats:
        raise InputError(f"{where}: {seats} seats need as many people, the pool holds {pool}")
    need = seats_needed(seats, share)
    if held < need:
        raise InputError(
            f"{where}: a vulnerable share of {share:g} of {seats} seats needs {need} vulnerable people, the pool "
            f"holds {held} among {pool}; allowed: a share up to {floor(held / seats * 1000) / 1000:g}"
        )


def allocate_seats(sizes: NDArray[np.integer] | Floats, seats: int) -> Counts:
    """Share out `seats` in proportion to `sizes` (n,) by largest remainders; ties go to the earlier one.

    Returns counts (n,) that sum to `seats`; all zero if every size is zero. Source: Hamilton's method
    (Balinski & Young 1982, *Fair Representation*).
    """
    weights = np.asarray(sizes, dtype=np.float64)
    total = float(weights.sum())
    if total <= 0.0:
        return np.zeros(len(weights), dtype=np.int64)
    exact = weights * (seats / total)
    counts = np.floor(exact + 1e-9).astype(np.int64)
    left = int(seats - counts.sum())
    counts[np.argsort(-(exact - counts), kind="stable")[:left]] += 1
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
def _lowest(order: Floats, cell: NDArray[np.int64], quota: Counts) -> Flags:
    """The `quota[c]` rows of lowest `order` (n,) in each cell c; never cells < 0 or infinite orders."""
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
    taken = np.zeros(order.shape[0], dtype=np.bool_)
    for c in range(quota.shape[0]):
        for place in range(first[c], first[c] + filled[c]):
            taken[best[place]] = True
    return taken


@kernel
def _sum(values: Floats) -> float:
    """Sum of `values` (n,), in the order in which NumPy takes it: halves down to 128, eight running sums in these."""
    n = values.shape[0]
    if n > 128:
        half = n // 2 - n // 2 % 8
        return _sum(values[:half]) + _sum(values[half:])
    total, whole = 0.0, n // 8 * 8
    if whole:
        lanes = values[:8].copy()
        for place in range(8, whole):
            lanes[place % 8] += values[place]
        total = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]))
    for place in range(whole, n):
        total += values[place]
    return total


@kernel
def _fit(wanted: Floats, room: Counts, total: int) -> Floats:
    """`wanted` (n,) within 0 and `room` (n,) and with the sum `total`, whole parts kept where possible."""
    fitted = np.minimum(np.maximum(wanted, 0.0), room.astype(np.float64))
    gap = total - _sum(fitted)
    if gap > 0:
        free = room - fitted
        in_all = _sum(free)
        return fitted + free * (gap / in_all) if in_all > 0 else fitted
    part = fitted - np.floor(fitted)
    in_all = _sum(part)
    if in_all > 0 and in_all + gap >= 0:
        return np.floor(fitted) + part * (1 + gap / in_all)
    in_all = _sum(fitted)
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
def _draw_by_lot(
    key: np.uint64, resident: NDArray[np.int64], stratum: NDArray[np.int64], vulnerable: Flags, seats: int,
    least_vulnerable: int, available: Flags, rounding: int,
) -> Rows:  # fmt: skip
    """As `stratified_draw`, which says what it takes."""
    n, n_strata = resident.shape[0], 0
    for row in range(n):
        n_strata = max(n_strata, stratum[row] + 1)
    ordinary, weak = np.zeros(n_strata, np.int64), np.zeros(n_strata, np.int64)
    lot, cell, lots = np.empty(n), np.empty(n, np.int64), child(key, 0)
    for row in range(n):
        lot[row] = uniform(lots, resident[row])
        cell[row] = 2 * stratum[row] + np.int64(vulnerable[row]) if available[row] else -1
        ordinary[stratum[row]] += np.int64(available[row] and not vulnerable[row])
        weak[stratum[row]] += np.int64(available[row] and vulnerable[row])
    quota = strata_seats(child(child(key, 1), rounding), ordinary, weak, seats, least_vulnerable)
    return np.flatnonzero(_lowest(lot, cell, quota.ravel()))


@kernel
def shortlist(key: np.uint64, rows: Rows, chance: float, left_out: Flags, out: NDArray[np.int32]) -> int:
    """Those of the residents `rows` (m,) whom the lot of `chance` takes and who are not `left_out` (n,), written to the
    first places of `out`; returns how many.
    """
    n_found = 0
    for row in rows:
        if uniform(key, row) < chance and not left_out[row]:
            out[n_found] = row
            n_found += 1
    return n_found


def stratified_draw(
    key: np.uint64, resident: NDArray[np.int64], stratum: NDArray[np.int64], vulnerable: Flags, seats: int,
    least_vulnerable: int = 0, available: Flags | None = None, rounding: int = 0,
) -> Rows:  # fmt: skip
    """Draw `seats` rows by lot within strata, at least `least_vulnerable` of them vulnerable; rows ascending.

    `resident`, `stratum` (0 to n_strata - 1), `vulnerable` and `available` (None: all) have shape (n_pool,).
    A resident keeps one lot under one `key`; `rounding` tells apart how fractions of seats fall. Draws
    everybody who is available if the seats outnumber them.
    """
    if available is None:
        available = np.ones(len(resident), np.bool_)
    return _draw_by_lot(key, resident, stratum, vulnerable, seats, least_vulnerable, available, rounding)


def stakeholder_seats(
    key: np.uint64, resident: NDArray[np.int64], stake: Floats, group: NDArray[np.int64], seats: Counts,
    available: Flags | None = None,
) -> Rows:  # fmt: skip
    """Draw `seats[g]` representatives of every interest group g by lot weighted with stake; rows ascending.

    Sampling without replacement by an exponential race (Efraimidis & Spirakis 2006, Inf. Process. Lett.
    97(5)). `resident`, `stake` and `group` (-1: none) have shape (n_pool,), `seats` (n_groups,). People
    without stake stay out.
    """
    able = stake > 0.0
    if available is not None:
        able = able & available
    race = np.full(len(stake), np.inf)
    race[able] = -np.log1p(-uniforms_at(_below(key, 2), resident[able])) / stake[able]
    return np.flatnonzero(_lowest(race, group.astype(np.int64), seats))


def group_seats(stake: Floats, group: NDArray[np.int64], seats: int) -> Counts:
    """Share out `seats` over interest groups in proportion to their members' summed stake; (n_groups,).

    Groups are those numbered in `group` (n_pool,); -1 is in none.
    """
    inside = group >= 0
    return allocate_seats(np.bincount(group[inside], weights=stake[inside]), seats)


def admit(key: np.uint64, resident: NDArray[np.int64], vulnerable: Flags, seats: int, share: float = 0.0) -> Flags:
    """Who of those at the door, (n,), gets one of `seats`: all if there is room, else by lot.

    `share` of the seats is kept for vulnerable people as far as they came.
    """
    if len(resident) <= seats:
        return np.ones(len(resident), dtype=np.bool_)
    order = np.argsort(uniforms_at(_below(key, 3), resident), kind="stable")
    kept = min(seats_needed(seats, share), int(np.count_nonzero(vulnerable)))
    inside = np.zeros(len(resident), dtype=np.bool_)
    inside[order[_fill(vulnerable[order], seats, seats - kept)]] = True
    return inside


def _fill(vulnerable: Flags, seats: int, most_ordinary: int) -> Flags:
    """Who of a queue (n,) gets one of `seats`, at most `most_ordinary` of them ordinary people."""
    may = vulnerable | (np.cumsum(~vulnerable) <= most_ordinary)
    return may & (np.cumsum(may) <= seats)


@kernel
def _seat(
    willing: Rows, order: Floats, counts: Flags, vulnerable: Flags, seats: int, most_ordinary: int, seated: Flags
) -> Rows:
    """Seat the first of `willing` in `order` (n_pool,), at most `most_ordinary` ordinary people among `seats`; who does
    not count (`counts` False) sits beside them. Notes them in `seated` (n_pool,) and returns their rows.
    """
    rows, n_rows, ordinary, filled = np.empty_like(willing), 0, 0, 0
    for place in np.argsort(order[willing]):
        row = willing[place]
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


def seat_panel(key: np.uint64, pool: Pool, rule: SeatingRule) -> Panel:
    """Invite, hear who accepts, and invite again, until every seat is taken or the rounds are used up (D3).

    Stakeholders are asked in person for their seats; the other seats, and in the last round all that are
    still open, go by lot within strata. Where the rule counts seats or people present, the quota's seats are
    kept for vulnerable people, so a full panel meets the quota; where it counts offers, at least that share
    of the letters goes to vulnerable people and seats go to whoever accepts. Counting people present, a seat
    whose holder will not come is given to somebody else (stand-ins are ready).
    """
    n = len(pool.resident)
    comes = uniforms_at(_below(key, 5), pool.resident) < pool.turnout
    draw = _Draw(
        accepts=uniforms_at(_below(key, 4), pool.resident),
        order=uniforms_at(_below(key, 6), pool.resident),
        counts=comes if rule.counted == PRESENT else np.ones(n, dtype=np.bool_),
        asked=np.zeros(n, dtype=np.bool_),
        seated=np.zeros(n, dtype=np.bool_),
        represents=np.zeros(n, dtype=np.bool_),
    )
    targets = group_seats(pool.stake, pool.group, min(rule.stakeholder_seats, rule.seats))
    used = 0
    for used in range(1, rule.rounds + 1):
        reserved = _ask_stakeholders(key, pool, rule, draw, targets)
        _ask_by_lot(key, pool, rule, draw, used, reserved if used < rule.rounds else 0)
        if np.count_nonzero(draw.seated & draw.counts) >= rule.seats or draw.asked.all():
            break
    offered, accepted = np.flatnonzero(draw.asked), np.flatnonzero(draw.seated)
    present = np.flatnonzero(draw.seated & comes)
    shares = [_share(pool.vulnerable, rows) for rows in (offered, accepted, present)]
    met = rule.vulnerable_share <= 0.0 or shares[rule.counted] >= rule.vulnerable_share - 1e-9
    return Panel(offered, accepted, present, np.flatnonzero(draw.represents), used, bool(met), *shares)


@dataclass
class _Draw:
    """State of a draw under way; arrays of shape (n_pool,)."""

    accepts: Floats
    """Accepts if this is below the chance to accept."""
    order: Floats
    """Place in the queue of those who accept."""
    counts: Flags
    """Whether a seat that this person takes counts as taken."""
    asked: Flags
    seated: Flags
    represents: Flags

    def ordinary_left(self, vulnerable: Flags, rule: SeatingRule) -> int:
        """Seats that ordinary people may still take."""
        kept = 0 if rule.counted == OFFERED else seats_needed(rule.seats, rule.vulnerable_share)
        return rule.seats - kept - int(np.count_nonzero(self.seated & self.counts & ~vulnerable))

    def seat(self, willing: Rows, vulnerable: Flags, seats: int, rule: SeatingRule) -> Rows:
        """Seat the first of `willing`; who will not come sits on paper only. Returns the rows seated."""
        left = self.ordinary_left(vulnerable, rule)
        return _seat(willing, self.order, self.counts, vulnerable, seats, left, self.seated)


def _ask_stakeholders(key: np.uint64, pool: Pool, rule: SeatingRule, draw: _Draw, targets: Counts) -> int:
    """One round of personal invitations; returns the stakeholder seats to keep for another round."""
    missing = targets - np.bincount(pool.group[draw.represents & draw.counts], minlength=len(targets))
    if not missing.any():
        return 0
    letters = np.ceil(rule.letters_per_seat * missing - 1e-9).astype(np.int64)
    rows = stakeholder_seats(key, pool.resident, pool.stake, pool.group, letters, ~draw.asked)
    draw.asked[rows] = True
    willing = rows[draw.accepts[rows] < pool.stakeholder_acceptance[rows]]
    for group in np.flatnonzero(missing):
        sits = draw.seat(willing[pool.group[willing] == group], pool.vulnerable, int(missing[group]), rule)
        draw.represents[sits] = True
        missing[group] -= np.count_nonzero(draw.counts[sits])
    return int(missing.sum()) if len(rows) else 0


def _ask_by_lot(key: np.uint64, pool: Pool, rule: SeatingRule, draw: _Draw, turn: int, reserved: int) -> None:
    """One round of letters for the seats that are open and not `reserved` for stakeholders."""
    holders = draw.seated & draw.counts
    open_seats = rule.seats - int(np.count_nonzero(holders)) - reserved
    if open_seats <= 0:
        return
    letters = ceil(rule.letters_per_seat * open_seats - 1e-9)
    if rule.counted == OFFERED:
        sent = int(np.count_nonzero(draw.asked)) + letters
        least = seats_needed(sent, rule.vulnerable_share) - int(np.count_nonzero(draw.asked & pool.vulnerable))
    else:
        only_vulnerable = open_seats - draw.ordinary_left(pool.vulnerable, rule)
        least = ceil(rule.letters_per_seat * only_vulnerable - 1e-9)
    rows = stratified_draw(key, pool.resident, pool.stratum, pool.vulnerable, letters, max(0, least), ~draw.asked, turn)
    draw.asked[rows] = True
    willing = rows[draw.accepts[rows] < pool.acceptance[rows]]
    draw.seat(willing, pool.vulnerable, open_seats, rule)


def _share(vulnerable: Flags, rows: Rows) -> float:
    """Share of vulnerable people among `rows`; nan if there are none."""
    return np.count_nonzero(vulnerable[rows]) / len(rows) if len(rows) else float("nan")
