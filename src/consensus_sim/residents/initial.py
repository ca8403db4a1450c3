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
    cognition_weak: float
    cognition_able: float
    trust: float
    efficacy: float
    belonging: float
    motive: float
    initiative: float
    follow_through: float
    habit_party: float
    spread: float
    common_factor: float
    able_attitude: float
    vulnerable_skill: float
    tenant_belonging: float
    elder_belonging: float
    retired_motive: float
    party_attitude: float
    low_income_motive: float


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
    middles = np.array([logit(x) for x in (p.trust, p.efficacy, p.belonging, p.motive, p.initiative, p.follow_through)])
    skill_weak, skill_able = logit(p.skill_weak), logit(p.skill_able)
    cognition_weak, cognition_able = logit(p.cognition_weak), logit(p.cognition_able)
    for i in range(elder.shape[0]):
        inner = child(key, i)
        for pair in range(7):
            own[2 * pair], own[2 * pair + 1] = normal_pair(inner, 1 + pair)
        able_share = p.able_worker if worker[i] else (p.able_party if party[i] else p.able_ordinary)
        able = uniform(inner, 0) < able_share
        common = own[13]
        weakness = p.vulnerable_skill * (int(elder[i]) + int(tenant[i]) + int(low_income[i]))
        for row in range(4):
            skill[row, i] = _level((skill_able if able else skill_weak) + weakness, common, own[row], p)
        for row in range(3):
            cognition[row, i] = _level(cognition_able if able else cognition_weak, common, own[4 + row], p)
        up = p.able_attitude if able else 0.0
        with_party = p.party_attitude if party[i] else 0.0
        outsider = p.tenant_belonging * (int(tenant[i]) + int(newcomer[i]))
        rooted = p.elder_belonging if elder[i] else 0.0
        drive = (p.retired_motive if retired[i] else 0.0) + (p.low_income_motive if low_income[i] else 0.0)
        shifts = (with_party, up, outsider + rooted, up + with_party + drive, up + with_party, with_party)
        for row in range(6):
            attitudes[row, i] = _level(middles[row] + shifts[row], common, own[7 + row], p)
