"""Residents at the start: a polarised distribution of skill and attitudes by group (F11-F15)."""

from __future__ import annotations

from math import exp, log, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.kernels import kernel
from consensus_sim.randomness import child, normal, uniform


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
def logit(x: float) -> float:
    """Log-odds of x in (0, 1)."""
    return log(x / (1.0 - x))


@kernel
def _level(middle: float, shift: float, common: float, key: np.uint64, entity: int, p: InitialParameters) -> float:
    """A value on (0, 1) around `middle`: logit-normal with a part common to all of a resident's columns."""
    own = normal(key, entity)
    spread = p.spread * (sqrt(p.common_factor) * common + sqrt(1.0 - p.common_factor) * own)
    return 1.0 / (1.0 + exp(-(logit(middle) + shift + spread)))


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
    for i in range(elder.shape[0]):
        inner = child(key, i)
        able_share = p.able_worker if worker[i] else (p.able_party if party[i] else p.able_ordinary)
        able = uniform(inner, 0) < able_share
        common = normal(inner, 1)
        weakness = p.vulnerable_skill * (int(elder[i]) + int(tenant[i]) + int(low_income[i]))
        for row in range(skill.shape[0]):
            middle = p.skill_able if able else p.skill_weak
            skill[row, i] = _level(middle, weakness, common, inner, 2 + row, p)
        for row in range(cognition.shape[0]):
            middle = p.cognition_able if able else p.cognition_weak
            cognition[row, i] = _level(middle, 0.0, common, inner, 6 + row, p)
        up = p.able_attitude if able else 0.0
        with_party = p.party_attitude if party[i] else 0.0
        outsider = p.tenant_belonging * (int(tenant[i]) + int(newcomer[i]))
        rooted = p.elder_belonging if elder[i] else 0.0
        drive = (p.retired_motive if retired[i] else 0.0) + (p.low_income_motive if low_income[i] else 0.0)
        attitudes[0, i] = _level(p.trust, with_party, common, inner, 9, p)
        attitudes[1, i] = _level(p.efficacy, up, common, inner, 10, p)
        attitudes[2, i] = _level(p.belonging, outsider + rooted, common, inner, 11, p)
        attitudes[3, i] = _level(p.motive, up + with_party + drive, common, inner, 12, p)
        attitudes[4, i] = _level(p.initiative, up + with_party, common, inner, 13, p)
        attitudes[5, i] = _level(p.follow_through, with_party, common, inner, 14, p)
