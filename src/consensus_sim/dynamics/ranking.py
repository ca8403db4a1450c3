"""Top-k selection of residents by lowest or highest value, without sorting all (ties go to the lower index)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from consensus_sim.kernels import kernel
from consensus_sim.randomness import uniform


@kernel
def keep_lowest(value: float, who: int, values: NDArray[np.float64], rows: NDArray[np.int32], filled: int) -> int:
    """Put `who` with its `value` into the list of the lowest, `values` and `rows` (k,) of which `filled` are in use,
    ascending by value; returns how many are in use then. Who comes first stays first among equals.
    """
    if filled == rows.shape[0]:
        if filled == 0 or not value < values[filled - 1]:
            return filled
        filled -= 1
    place = filled
    while place > 0 and values[place - 1] > value:
        values[place], rows[place] = values[place - 1], rows[place - 1]
        place -= 1
    values[place], rows[place] = value, who
    return filled + 1


LOT_CLASSES = 4096
"""Number of classes of equal width for the random numbers of `drawn_by_lot`: few to keep, few residents in each."""


@kernel
def drawn_by_lot(key: np.uint64, who: NDArray[np.int64], number: int) -> NDArray[np.int32]:
    """The `number` of the residents `who` of lowest lot U_i, all where they are fewer; ascending.

    Lots are counted by class first; only the class on the border has to be ranked. Nothing is as long as `who`.
    """
    number = min(number, who.shape[0])
    count = np.zeros(LOT_CLASSES, np.int64)
    for i in who:
        count[int(uniform(key, i) * LOT_CLASSES)] += 1
    border, below = 0, 0
    while below + count[border] < number:
        below += count[border]
        border += 1
    out, size = np.empty(number, np.int32), 0
    values, rows, filled = np.empty(number - below), np.empty(number - below, np.int32), 0
    for i in who:
        lot = uniform(key, i)
        place = int(lot * LOT_CLASSES)
        if place < border:
            out[size] = i
            size += 1
        elif place == border:
            filled = keep_lowest(lot, i, values, rows, filled)
    out[size:] = rows[:filled]
    return np.sort(out)


@kernel
def most_concerned(
    key: np.uint64, low: int, stake: NDArray[np.float32], chance: float, number: int
) -> NDArray[np.int32]:
    """The `number` residents with the highest S_i + chance U_i, among the residents `low`, `low` + 1, ... with the
    stakes `stake`; U_i is uniform on [0, 1). Ascending.
    """
    number = min(number, stake.shape[0])
    values, rows, filled = np.empty(number), np.empty(number, np.int32), 0
    for k in range(stake.shape[0]):
        rank = stake[k] + chance * uniform(key, low + k)
        filled = keep_lowest(-rank, low + k, values, rows, filled)
    return np.sort(rows[:filled])


@kernel
def first_asked(
    key: np.uint64,
    who: NDArray[np.int64],
    left_out: NDArray[np.bool_],
    by_lot: float,
    column: NDArray[np.float32],
    number: int,
) -> NDArray[np.int32]:
    """The `number` residents of `who`, without those `left_out` (n,), with the lowest by_lot U_i - x_i; ascending. U_i
    is uniform on [0, 1); x is the `column` (n,), or zero if its shape is (0,).
    """
    values, rows, filled = np.empty(number), np.empty(number, np.int32), 0
    for i in who:
        if not left_out[i]:
            rank = uniform(key, i) * by_lot
            if column.shape[0] > 0:
                rank -= np.float64(column[i])
            filled = keep_lowest(rank, i, values, rows, filled)
    return np.sort(rows[:filled])


@kernel
def most_driven(
    drive: NDArray[np.float64], able: NDArray[np.bool_], taken: NDArray[np.bool_], number: int
) -> NDArray[np.int32]:
    """The `number` residents of highest `drive` (n,) among those `able` (n,) and not `taken` (n,), highest first."""
    values, rows, filled = np.empty(number), np.empty(number, np.int32), 0
    for i in range(drive.shape[0]):
        if able[i] and not taken[i]:
            filled = keep_lowest(-drive[i], i, values, rows, filled)
    return rows[:filled]


@kernel
def most_driven_of(
    traits: tuple[NDArray[np.float32], ...], able: NDArray[np.bool_], taken: NDArray[np.bool_], past: NDArray[np.int64]
) -> int:
    """The resident of highest sum of `traits` (n,) among those `able` (n,), neither `taken` (n,) nor in `past`, the
    first of equals; -1 where there is none.
    """
    best, most = -1, np.float32(0.0)
    for i in range(able.shape[0]):
        if not able[i] or taken[i]:
            continue
        drive = traits[0][i]
        for trait in traits[1:]:
            drive += trait[i]
        if (best < 0 or drive > most) and not (past == i).any():
            best, most = i, drive
    return best


@kernel
def trainees(
    lot_key: np.uint64,
    come_key: np.uint64,
    able: NDArray[np.bool_],
    attended: NDArray[np.int32],
    team: NDArray[np.bool_],
    active: NDArray[np.bool_],
    ask_team: bool,
    ask_active: bool,
    ask_others: bool,
    turnout: float,
    places: int,
) -> NDArray[np.int32]:
    """Residents who enrol in a course of training with `places`, ascending. Those `able` (n,) are asked in the order of
    the sessions they `attended` (n,) before, then of three ranks, at random within each. A resident who is asked
    enrols with probability `turnout`.

    Ranks: first the `team` (n,) if `ask_team`, then the `active` (n,) if `ask_active`, then all others if `ask_others`.
    """
    values, rows, filled = np.empty(places), np.empty(places, np.int32), 0
    for i in range(able.shape[0]):
        if not able[i]:
            continue
        if ask_team and team[i]:
            rank = 0.0
        elif ask_active and active[i] and not team[i]:
            rank = 1.0
        elif ask_others:
            rank = 2.0
        else:
            continue
        if uniform(come_key, i) < turnout:
            rank += 3.0 * attended[i]
            filled = keep_lowest(rank + 0.5 * uniform(lot_key, i), i, values, rows, filled)
    return np.sort(rows[:filled])


@kernel
def note_present(members: NDArray[np.int32], who: NDArray[np.int32], record: NDArray[np.int32]) -> None:
    """Add one to the `record` (m,) of each of `members` who is among `who`, both ascending."""
    place = 0
    for row in range(members.shape[0]):
        while place < who.shape[0] and who[place] < members[row]:
            place += 1
        if place < who.shape[0] and who[place] == members[row]:
            record[row] += 1
