"""D6, D7: skill grows with practice and training and fades without use; habit is an exponential trace of own acts.

Skill and cognition are learned and forgotten on the latent scale of `dynamics.latent`.
"""

from __future__ import annotations

from functools import lru_cache
from math import exp
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.dynamics.fatigue import add_bounded
from consensus_sim.dynamics.latent import apart, from_logit, logit
from consensus_sim.kernels import kernel


class LearningParameters(NamedTuple):
    """P28-P31: gains in SD of adults at the start (latent scale), half-life in weeks; see configs/behaviour."""

    practice_spoke: float
    practice_listened: float
    lecture_skill: float
    workshop_skill: float
    course_cognition: float
    reach: float
    skill_half_life: float
    behaviour_gain: float
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
    block: NDArray[np.float32],
    start: NDArray[np.float32],
    unit: NDArray[np.float64],
    gain: NDArray[np.float64],
    reach: float,
    slows: bool,
    who: NDArray[np.int32],
) -> None:
    """Adds what a session of training or the practice of one meeting teaches `who`, in SD on the latent scale (D6).

    With x_i the SD gained so far and K the `reach`, a session adds min(G, K - x_i); practice, which `slows` on the
    way, adds G (K - x_i) / K, at most G. Neither takes anything away. A `reach` of 0 sets no limit.

    `block` and its `start` are (k, n); `unit`, one SD of each row on the latent scale, and `gain`, in SD, are (k,).
    """
    for row in range(block.shape[0]):
        if gain[row] != 0.0:
            for place in range(who.shape[0]):
                i = who[place]
                now, step = logit(block[row, i]), gain[row]
                if reach > 0.0:
                    left = max(0.0, reach - (now - logit(start[row, i])) / unit[row])
                    step = step * min(1.0, left / reach) if slows else min(step, left)
                block[row, i] = from_logit(now + unit[row] * step)


@kernel
def take_part(
    who: NDArray[np.int32],
    gain: float,
    load: float,
    habit: NDArray[np.float32],
    fatigue: NDArray[np.float32],
    took_part: NDArray[np.bool_],
) -> None:
    """Applies one act of participation to `who`: `habit` (n,) gains by the share `gain` (D7), `fatigue` (n,) grows by
    `load` (D10), and they are noted in `took_part` (n,).
    """
    gain_saturating(habit, who, gain)
    add_bounded(fatigue, who, load)
    for row in range(who.shape[0]):
        took_part[who[row]] = True


STRIP = 32
"""Residents whom `forget` compares with their start in one go; where none is above it there is nothing to forget."""


@kernel
def forget(skill: NDArray[np.float32], start: NDArray[np.float32], used: NDArray[np.bool_], keep: float) -> None:
    """The part of a skill above its start value fades on the latent scale by the factor `keep` a week unless it was
    used in the week (D6).

    `skill` and `start` are (k, n), `used` (n,).
    """
    n, width = np.uint64(skill.shape[1]), np.uint64(STRIP)
    for row in range(skill.shape[0]):
        now, before = skill[row], start[row]
        for low in range(np.uint64(0), n, width):
            end, above = min(n, low + width), False
            for i in range(low, end):
                above |= now[i] > before[i]
            if not above:
                continue
            for i in range(low, end):
                if now[i] > before[i] and not used[i]:
                    lost = exp((1.0 - keep) * apart(now[i], before[i]))  # ratio of the odds before and after
                    now[i] = max(before[i], now[i] / (now[i] + lost * (1.0 - now[i])))


@kernel
def fade(column: NDArray[np.float32], keep: float) -> None:
    """X <- keep x for all residents: habit, fatigue, the memory of neighbours who attended."""
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
    """Recovers losses against the start value: x <- start + keep (x - start) where x < start (D9)."""
    factor = np.float32(keep)
    for i in range(column.shape[0]):
        lost = column[i] - start[i]
        if lost < 0.0:
            column[i] = start[i] + factor * lost


@lru_cache(maxsize=256)
def keep_factor(half_life: float) -> float:
    """The part kept in a week for a half-life in weeks: 2^(-1 / half_life); 0 for a half-life of 0."""
    return float(2.0 ** (-1.0 / half_life)) if half_life > 0 else 0.0
