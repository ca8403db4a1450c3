"""D9, D10: fatigue by load and rest, strain by a year of load; intrinsic motive under reward."""

from __future__ import annotations

from math import log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.kernels import kernel
from consensus_sim.randomness import uniform


class FatigueParameters(NamedTuple):
    """P37: shares per act, half-lives in weeks, hazard a week; see configs/behaviour."""

    load: float
    team_load: float
    half_life: float
    strain_half_life: float
    exit: float


class MotiveParameters(NamedTuple):
    """P32-P35: log-odds, CNY a point, a ratio; see configs/behaviour."""

    crowding_out: float
    reward: float
    point_value: float
    budget_ratio: float


@kernel
def add_bounded(column: NDArray[np.float32], who: NDArray[np.int32], amount: float) -> None:
    """x_i <- x_i + amount for `who`, kept in [0, 1]: fatigue and strain by load (amount > 0) and relief
    (amount < 0), D10.
    """
    for row in range(who.shape[0]):
        i = who[row]
        column[i] = min(np.float32(1.0), max(np.float32(0.0), column[i] + np.float32(amount)))


@kernel
def tired_out(
    key: np.uint64,
    members: NDArray[np.int32],
    exit_hazard: float,
    fatigue: NDArray[np.float32],
    strain: NDArray[np.float32],
) -> NDArray[np.int64]:
    """Places among the team's `members` (m,) of those who leave this week, each with the hazard x_F max(F_i, S_i), of
    `fatigue` and `strain` (n,) (D10, P37).
    """
    leaving, size = np.empty(members.shape[0], np.int64), 0
    for place in range(members.shape[0]):
        i = members[place]
        if uniform(key, i) < np.float32(exit_hazard) * max(fatigue[i], strain[i]):
            leaving[size] = place
            size += 1
    return leaving[:size]


@kernel
def crowd_out(
    motive: NDArray[np.float32], start: NDArray[np.float32], who: NDArray[np.int32], depth: float, step: float
) -> None:
    """M_i <- M_i - step (M_i - M_min,i) for `who` by one rewarded act, M_min,i = (1 - depth) M_i(0) (D9, P32). Never
    raises M.
    """
    for row in range(who.shape[0]):
        i = who[row]
        above = motive[i] - np.float32(1.0 - depth) * start[i]
        if above > 0.0:
            motive[i] -= np.float32(step) * above


def crowding_depth(crowding_out: float, pull: float, mean: float, sd: float) -> float:
    """Share of the start motive that full exposure takes, such that a person one SD above the mean loses
    `crowding_out` log-odds (P32).

    `pull` is beta_M per SD, `mean` and `sd` those of motive at the start.
    """
    if pull <= 0 or mean + sd <= 0:
        return 0.0
    return float(min(1.0, crowding_out * sd / (pull * (mean + sd))))


def reward_pull(beta: float, value: float, points: float, belief: float) -> float:
    """R of D9 in log-odds: beta_v log(1 + V pts pi) / log(1 + 2), so that 2 points of 1 CNY at full belief pull
    beta_v (P33).
    """
    return float(beta * log(1.0 + max(0.0, value * points * belief)) / log(3.0))
