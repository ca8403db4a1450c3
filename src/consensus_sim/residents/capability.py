"""The capability scale 协商能力评估量表 (F46): dimensions and indicators, taken from the residents' columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.residents.columns import BEHAVIOURS, COGNITIONS, SKILLS

INDICATORS = {"cognition": COGNITIONS, "skill": SKILLS, "behaviour": BEHAVIOURS}
"""Dimension -> its indicators, in the order of `indicator_block`."""


def behaviour_column(residents: Any, name: str) -> NDArray[np.float32]:
    """An indicator of the behaviour dimension, (n,); habit is that of either kind of taking part."""
    if name == "habit":
        return np.maximum(residents.habit_offline, residents.habit_online)
    return residents.column(name)


def indicator_block(residents: Any) -> NDArray[np.float32]:
    """All indicators of all residents, (n_indicators, n), in [0, 1]."""
    behaviour = np.stack([behaviour_column(residents, name) for name in BEHAVIOURS])
    return np.concatenate([residents.cognition, residents.skill, behaviour])
