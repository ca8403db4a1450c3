"""The capability scale 协商能力评估量表 (F46): dimensions and indicators, from the residents' columns or estimated by a
sample survey.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.dynamics.latent import latent_gain
from consensus_sim.residents.columns import BEHAVIOURS, COGNITIONS, REPORT_GROUPS, SKILLS

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel
    from consensus_sim.residents.residents import Residents

INDICATORS = {"cognition": COGNITIONS, "skill": SKILLS, "behaviour": BEHAVIOURS}
"""Dimension -> its indicators, in the order of `indicators_of`."""
WHOLE = "all"
"""The mean of a dimension's indicators, and the group of all adults."""


def behaviour_of(residents: Residents, name: str, who: NDArray[np.int32]) -> NDArray[np.float32]:
    """An indicator of the behaviour dimension of `who` (m,); habit is that of either kind of taking part."""
    if name == "habit":
        return np.maximum(residents.habit_offline[who], residents.habit_online[who])
    values: NDArray[np.float32] = residents.column(name)[who]
    return values


def indicators_of(residents: Residents, who: NDArray[np.int32]) -> NDArray[np.float32]:
    """All indicators of `who` (m,): (n_indicators, m), in [0, 1]."""
    behaviour = np.stack([behaviour_of(residents, name, who) for name in BEHAVIOURS])
    return np.concatenate([residents.cognition[:, who], residents.skill[:, who], behaviour])


def exposed_gains(model: CommunityModel) -> tuple[float, float]:
    """Mean gain in skill since the start, SD on the latent scale, of residents who attended a course and of those
    who practised at meetings and were taught nowhere, neither at a course nor at a salon; NaN where there are none.
    """
    residents = model.residents
    trained, practised = np.flatnonzero(model.trained), np.flatnonzero(model.practised & ~model.taught)
    gains = [
        float(latent_gain(residents.skill, residents.start_skill, model.skill_unit, who).mean()) if len(who) else np.nan
        for who in (trained, practised)
    ]
    return gains[0], gains[1]


class Finding(NamedTuple):
    """Survey estimate of one indicator in one group: mean and its standard error on 0-1, NaN if too few answered;
    numbers of persons who answered and who were asked.
    """

    mean: float
    se: float
    n: int
    asked: int


class SurveyResult(NamedTuple):
    """One survey, held in `week`.

    findings: (group, dimension, indicator) -> Finding; answers: 1..points, (n, indicators items)
    """

    half_year: str
    findings: dict[tuple[str, str, str], Finding]
    answers: NDArray[np.int8]
    items: int
    week: int

    def mean(self, dimension: str) -> float:
        """Reported mean of all adults on a dimension, 0-1; nan if too few answered."""
        return self.findings[WHOLE, dimension, WHOLE].mean

    def weakest_indicator(self, dimension: str, group: str = WHOLE) -> str | None:
        """Indicator with the lowest reported mean in `group` (first on ties); None if none was reported."""
        means = [self.findings[group, dimension, name].mean for name in INDICATORS[dimension]]
        return None if np.isnan(means).any() else INDICATORS[dimension][int(np.argmin(means))]

    def weakest_group(self, dimension: str) -> str | None:
        """Group, other than all adults, with the lowest reported mean of `dimension`; None if none was reported."""
        told = {group: self.findings[group, dimension, WHOLE].mean for group in REPORT_GROUPS if group != WHOLE}
        told = {group: mean for group, mean in told.items() if not np.isnan(mean)}
        return min(told, key=lambda group: told[group]) if told else None
