"""Residents at the start: a polarised distribution of skill and attitudes by group (F11-F15)."""

from __future__ import annotations

from math import exp, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.dynamics.latent import logit
from consensus_sim.kernels import kernel
from consensus_sim.randomness import child, normal_pair, uniform


class InitialParameters(NamedTuple):
    """Values at the start: shares and middling levels on [0, 1], shifts and spread on the logit scale (J, F11-F15)."""

    able_ordinary: float
    able_party: float
    able_worker: float
    skill_weak: float
    skill_able: float
    trust: float
    efficacy: float
    spread: float
    common_factor: float
    lead: float
    vulnerable_skill: float
    group_gap: float


@kernel
def _level(start: float, common: float, own: float, p: InitialParameters) -> float:
    """A value on (0, 1) around the log-odds `start`: logit-normal with a part common to all of a resident's columns."""
    spread = p.spread * (sqrt(p.common_factor) * common + sqrt(1.0 - p.common_factor) * own)
    return 1.0 / (1.0 + exp(-(start + spread)))


@kernel
def draw_start(
    key: np.uint64,
    elder: NDArray[np.bool_],
    tenant: NDArray[np.bool_],
    low_income: NDArray[np.bool_],
    newcomer: NDArray[np.bool_],
    retired: NDArray[np.bool_],
    party: NDArray[np.bool_],
    worker: NDArray[np.bool_],
    p: InitialParameters,
    skill: NDArray[np.float32],
    cognition: NDArray[np.float32],
    attitudes: NDArray[np.float32],
) -> None:
    """Fill the columns of all residents at the start.

    `skill` (4, n), `cognition` (3, n) and `attitudes` (6, n: trust, efficacy, belonging, motive, initiative,
    follow_through) are written. A resident is *able* with a chance by group; able and weak have different middling
    levels (F15: polarised), and a factor common to all columns of one resident correlates them.
    """
    own = np.empty(16)
    bond, drive = logit(p.trust), logit(p.efficacy)
    weak, strong = logit(p.skill_weak), logit(p.skill_able)
    for i in range(elder.shape[0]):
        inner = child(key, i)
        for pair in range(7):
            own[2 * pair], own[2 * pair + 1] = normal_pair(inner, 1 + pair)
        able_share = p.able_worker if worker[i] else (p.able_party if party[i] else p.able_ordinary)
        able = uniform(inner, 0) < able_share
        common = own[13]
        level = strong if able else weak
        weakness = p.vulnerable_skill * (int(elder[i]) + int(tenant[i]) + int(low_income[i]))
        for row in range(4):
            skill[row, i] = _level(level + weakness, common, own[row], p)
        for row in range(3):
            cognition[row, i] = _level(level, common, own[4 + row], p)
        of_able, of_party = p.lead * int(able), p.lead * int(party[i])
        rooted = p.group_gap * (int(elder[i]) - int(tenant[i]) - int(newcomer[i]))
        energy = p.group_gap * (int(retired[i]) - int(low_income[i]))
        middles = (
            bond + of_party,
            drive + of_able,
            bond + rooted,
            drive + of_able + of_party + energy,
            drive + of_able + of_party,
            bond + of_party,
        )
        for row in range(6):
            attitudes[row, i] = _level(middles[row], common, own[7 + row], p)
