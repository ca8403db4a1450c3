"""Seats of a panel (D3): stakeholder representatives, then sortition within strata, with a vulnerable quota.

Every draw is keyed by resident, so the outcome depends neither on the order of rows nor on what else is drawn, and an
intervention that changes acceptance leaves the draws as they were.

The draw is stratified with equal probabilities (proportional allocation with systematic rounding, Madow 1949, Ann.
Math. Stat. 20(3), doi 10.1214/aoms/1177729988): one probability for all vulnerable adults of the pool, one for all
others, and each stratum gets its share of seats rounded up or down at random. Largest remainders would always favour
the same strata, and people of small strata would never be drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

import numpy as np
from numpy.typing import NDArray

from consensus_sim.dynamics.sortition import (
    OFFERED,
    PRESENT,
    SEATED,
    Pool,
    SeatingRule,
    fill_panel,
    seats_needed,
    shortlist,
)
from consensus_sim.errors import InputError, not_allowed, phrase
from consensus_sim.settings import number_phrase

__all__ = ["OFFERED", "PRESENT", "SEATED", "Panel", "Pool", "SeatingRule", "check_quota", "seat_panel", "shortlist"]

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Panel:
    """Outcome of `seat_panel`: row numbers of the pool, ascending."""

    offered: Rows
    accepted: Rows
    """Residents who accepted a seat; where presence counts, also those whose seat a stand-in took."""
    present: Rows
    """Those of `accepted` who come."""
    stakeholders: Rows
    """Those of `accepted` who sit as representatives of an interest group."""
    rounds: int
    """Rounds of invitations used."""
    quota_met: bool
    """True if the share that the rule counts reaches the quota."""
    vulnerable_offered: float
    """Shares of vulnerable people among the three; nan where nobody is."""
    vulnerable_accepted: float
    vulnerable_present: float


def check_quota(
    vulnerable: Flags, seats: int, share: float, where: str = "quota seating", list_size: int | None = None
) -> None:
    """Refuse a quota that the pool (n_pool,), or a random list of `list_size` from it, is not expected to meet.

    Raises:
        InputError: naming `where`, the quota, the need and what the pool holds.
    """
    if not 0.0 <= share <= 1.0:
        raise not_allowed(where, phrase("vulnerable_share", share=float(share)), number_phrase(0, 1, whole=False))
    if seats < 1:
        raise not_allowed(where, phrase("seats", count=seats), phrase("one_or_more"))
    pool, held = len(vulnerable), int(np.count_nonzero(vulnerable))
    if list_size is not None and list_size < pool:
        pool, held = list_size, held * list_size // pool
    if pool < seats:
        raise InputError("pool_too_small", where=where, seats=seats, pool=pool)
    need = seats_needed(seats, float(share))
    if held < need:
        most = floor(held / seats * 1000) / 1000
        counts = {"seats": seats, "need": need, "held": held, "pool": pool}
        raise InputError("too_few_vulnerable", where=where, share=float(share), most=most, **counts)


def seat_panel(key: np.uint64, pool: Pool, rule: SeatingRule) -> Panel:
    """Invite in rounds until every seat is taken or the rounds are used up (D3).

    Stakeholders are asked in person for their seats; the other seats, and in the last round all that are still open,
    are drawn within strata. Where the rule counts seats or people present, the quota's seats are kept for vulnerable
    people, so a full panel meets the quota. Where it counts offers, at least that share of the letters goes to
    vulnerable people, and seats go to those who accept. Where people present are counted, a seat whose holder will not
    come is given to somebody else (stand-ins are ready).
    """
    offered, accepted, present, representing, used, shares = fill_panel(key, pool, rule)
    met = rule.vulnerable_share <= 0.0 or shares[rule.counted] >= rule.vulnerable_share - 1e-9
    return Panel(offered, accepted, present, representing, used, bool(met), *shares)
