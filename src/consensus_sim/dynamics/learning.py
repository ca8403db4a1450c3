"""D6, D7: skill grows with practice and training and fades without use; habit is an exponential trace of own acts."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.dynamics.fatigue import add_bounded
from consensus_sim.kernels import kernel


class LearningParameters(NamedTuple):
    """P28-P31: gains in SD of the residents at the start, half-life in weeks; see configs/behaviour."""

    practice_spoke: float
    practice_listened: float
    lecture_skill: float
    lecture_cognition: float
    workshop_skill: float
    workshop_cognition: float
    transfer: float
    skill_half_life: float
    initiative_gain: float
    follow_through_gain: float
    belonging_gain: float


class HabitParameters(NamedTuple):
    """P15, P17: gain per act (share), half-life (weeks)."""

    gain: float
    half_life: float


@kernel
def gain_saturating(column: NDArray[np.float32], who: NDArray[np.int32], gain: float) -> None:
    """x_i <- x_i + gain (1 - x_i) for `who` (D6, D7); a negative gain: x_i <- x_i + gain x_i. Stays in [0, 1]."""
    for row in range(who.shape[0]):
        i = who[row]
        column[i] += gain * (1.0 - column[i]) if gain >= 0.0 else gain * column[i]


@kernel
def learn(
    block: NDArray[np.float32], row_gain: NDArray[np.float64], who: NDArray[np.int32], weight: NDArray[np.float64]
) -> None:
    """Delta s = G (1 - s) weight_i for each row of `block` (k, n) with its gain `row_gain` (k,), for `who` with
    `weight` (m,) (D6).
    """
    for row in range(block.shape[0]):
        if row_gain[row] != 0.0:
            for place in range(who.shape[0]):
                i = who[place]
                block[row, i] += min(1.0, row_gain[row] * weight[place]) * (1.0 - block[row, i])


@kernel
def practise(block: NDArray[np.float32], row_gain: NDArray[np.float64], who: NDArray[np.int32]) -> None:
    """Practice of `who` at one meeting: `learn` at full weight."""
    learn(block, row_gain, who, np.ones(who.shape[0]))


@kernel
def take_part(
    who: NDArray[np.int32],
    gain: float,
    load: float,
    habit: NDArray[np.float32],
    fatigue: NDArray[np.float32],
    took_part: NDArray[np.bool_],
) -> None:
    """What one act of participation does to `who`: `habit` (n,) gains by the share `gain` (D7), `fatigue` (n,) grows by
    `load` (D10), and they are noted in `took_part` (n,).
    """
    gain_saturating(habit, who, gain)
    add_bounded(fatigue, who, load)
    for row in range(who.shape[0]):
        took_part[who[row]] = True


@kernel
def forget(skill: NDArray[np.float32], start: NDArray[np.float32], used: NDArray[np.bool_], keep: float) -> None:
    """The part of a skill above its start value fades by the factor `keep` a week unless it was used in the week (D6).

    `skill` and `start` are (k, n), `used` (n,).
    """
    for row in range(skill.shape[0]):
        for i in range(skill.shape[1]):
            above = skill[row, i] - start[row, i]
            if above > 0.0 and not used[i]:
                skill[row, i] = start[row, i] + above * np.float32(keep)


@kernel
def fade(column: NDArray[np.float32], keep: float) -> None:
    """X <- keep x for all residents: habit, fatigue, the memory of neighbours who came."""
    factor = np.float32(keep)
    for i in range(column.shape[0]):
        column[i] *= factor


@kernel
def return_to(column: NDArray[np.float32], start: NDArray[np.float32], keep: float) -> None:
    """Let x <- start + keep (x - start): what has moved goes back to where it stood, from either side."""
    factor = np.float32(keep)
    for i in range(column.shape[0]):
        column[i] = start[i] + factor * (column[i] - start[i])


@kernel
def recover(column: NDArray[np.float32], start: NDArray[np.float32], keep: float) -> None:
    """What was lost against the start value comes back: x <- start + keep (x - start) where x < start (D9)."""
    factor = np.float32(keep)
    for i in range(column.shape[0]):
        lost = column[i] - start[i]
        if lost < 0.0:
            column[i] = start[i] + factor * lost


@lru_cache(maxsize=256)
def keep_factor(half_life: float) -> float:
    """The part kept in a week for a half-life in weeks: 2^(-1 / half_life); 0 for a half-life of 0."""
    return float(2.0 ** (-1.0 / half_life)) if half_life > 0 else 0.0


def session_gain(total: Any, sessions: int) -> Any:
    """The gain of one session when `sessions` of them in a row give `total` (saturating: 1 - (1 -
    total)^(1/sessions)).
    """
    return 1.0 - (1.0 - np.minimum(total, 0.999)) ** (1.0 / sessions)
