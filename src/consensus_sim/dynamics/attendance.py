"""D2, D3: from who was asked and decided to come to who is in the room."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from consensus_sim.dynamics.learning import gain_saturating
from consensus_sim.dynamics.participation import LETTER, OWN_GROUP, PERSONAL, TEAM_CALL
from consensus_sim.dynamics.ranking import keep_lowest
from consensus_sim.kernels import kernel
from consensus_sim.randomness import uniform

Rows = NDArray[np.int32]
Flags = NDArray[np.bool_]


@kernel
def note_asked(asked: NDArray[np.uint8], who: Rows, code: int) -> None:
    """Note in `asked` (n,) that `who` were asked in the way `code`; the highest code counts."""
    for row in range(who.shape[0]):
        asked[who[row]] = max(asked[who[row]], np.uint8(code))


@kernel
def learn_of(aware: NDArray[np.uint16], who: Rows, bit: int) -> None:
    """Set the channel `bit` in `aware` (n,) of `who`: they know of it."""
    for row in range(who.shape[0]):
        aware[who[row]] |= np.uint16(bit)


@kernel
def clear_asked(asked: NDArray[np.uint8], who: Rows, bit: int, aware: NDArray[np.uint16]) -> None:
    """Set `asked` (n,) of `who` back to 0; they know of the channel `bit` from now on (0: of none)."""
    for row in range(who.shape[0]):
        asked[who[row]] = 0
    learn_of(aware, who, bit)


@kernel
def not_asked_yet(asked: NDArray[np.uint8], who: Rows, code: int) -> Rows:
    """Those of `who` whom nobody asked, now noted in `asked` (n,) with `code`."""
    others, size = np.empty_like(who), 0
    for row in range(who.shape[0]):
        if asked[who[row]] == 0:
            others[size] = who[row]
            size += 1
    note_asked(asked, others[:size], code)
    return others[:size]


@kernel
def keep_promises(
    key: np.uint64,
    came: Rows,
    asked: NDArray[np.uint8],
    no_show: float,
    gain: float,
    follow_through: NDArray[np.float32],
) -> Rows:
    """Those of `came` who are there in the end: who was asked by letter or in person stays away with the chance no_show
    (1 - F^t_i), F^t: `follow_through` (n,), which gains by the share `gain` where one comes and loses where one stays.
    """
    there, size, one = np.empty_like(came), 0, np.float32(1.0)
    for row in range(came.shape[0]):
        i = came[row]
        stays = False
        if asked[i] == LETTER or asked[i] == PERSONAL:
            stays = uniform(key, i) < np.float32(no_show) * (one - follow_through[i])
            gain_saturating(follow_through, came[row : row + 1], -gain if stays else gain)
        if not stays:
            there[size] = i
            size += 1
    return there[:size]


@kernel
def leave_out(rows: Rows, left_out: Rows, flags: Flags) -> Rows:
    """`rows` but for those among `left_out`; `flags` (n,) is all False before and after."""
    kept, size = np.empty_like(rows), 0
    flags[left_out] = True
    for row in range(rows.shape[0]):
        if not flags[rows[row]]:
            kept[size] = rows[row]
            size += 1
    flags[left_out] = False
    return kept[:size]


@kernel
def join_seated(
    came: Rows, accepted: Rows, present: Rows, gain: float, flags: Flags, follow_through: NDArray[np.float32]
) -> Rows:
    """Those who `came` without having been offered a seat, and those `present` of who `accepted` one; ascending.

    `follow_through` (n,) gains by the share `gain` where one comes and loses where one who accepted stays away; `flags`
    (n,) is all False before and after.
    """
    gain_saturating(follow_through, present, gain)
    gain_saturating(follow_through, leave_out(accepted, present, flags), -gain)
    first, second = 0, 0
    room = np.empty(came.shape[0] + present.shape[0], np.int32)
    for place in range(room.shape[0]):  # both are ascending, and nobody is in both
        if second == present.shape[0] or (first < came.shape[0] and came[first] < present[second]):
            room[place] = came[first]
            first += 1
        else:
            room[place] = present[second]
            second += 1
    return room


@kernel
def let_in(key: np.uint64, came: Rows, asked: NDArray[np.uint8], panel: Rows, flags: Flags, capacity: int) -> Rows:
    """Residents of `came` who find one of `capacity` places, ascending: members of a group that was called to its own
    meeting (code TEAM_CALL or OWN_GROUP in `asked` (n,)) and of the `panel` (k,) first, then who was asked by letter
    or in person, then all others, each by a random draw.

    `flags` (n,) is all False before and after.
    """
    values, rows, filled = np.empty(capacity), np.empty(capacity, np.int32), 0
    flags[panel] = True
    for row in range(came.shape[0]):
        i = came[row]
        first = flags[i] or asked[i] == TEAM_CALL or asked[i] == OWN_GROUP
        rank = 0.0 if first else 1.0 if asked[i] == LETTER or asked[i] == PERSONAL else 2.0
        filled = keep_lowest(uniform(key, i) + rank, i, values, rows, filled)
    flags[panel] = False
    return np.sort(rows[:filled])
