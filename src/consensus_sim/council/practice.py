"""Effects of an event on its attendees: learning and fatigue (D6-D8, D10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.events import Event, among
from consensus_sim.dynamics.fatigue import add_bounded
from consensus_sim.dynamics.learning import gain_saturating, learn, take_part
from consensus_sim.dynamics.participation import remember_ties

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel

SPOKE_ROWS, LISTENED_ROWS = (0, 2), (1, 3)
"""Rows of `Residents.skill` practised by speaking (expression, integration) and by listening (listening, procedure)."""


def practice_gains(model: CommunityModel) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gain of each skill by listening at a meeting on a topic, and by speaking there (P30), SD, (4,) each."""
    p, gains = model.parameters.learning, np.zeros((2, len(model.skill_unit)))
    gains[0, list(LISTENED_ROWS)] = p.practice_listened
    gains[1, list(SPOKE_ROWS)] = p.practice_spoke
    return gains[0], gains[1]


def practise(model: CommunityModel, event: Event, met: bool) -> None:
    """Habit, load and belonging of the attendees, practice where they `met` on a topic; their ties take notice."""
    residents, p, came = model.residents, model.parameters, event.came
    online = event.channel.online
    take_part(
        came,
        p.habit.gain,
        0.0 if online else p.fatigue.load,
        residents.habit_online if online else residents.habit_offline,
        residents.fatigue,
        model.took_part,
    )
    model.last_act[came] = model.week
    if online:
        return
    for members in event.called:
        add_bounded(residents.strain, among(came, [members], model.scratch.flags), p.fatigue.load)
    network = model.community.network
    gain_saturating(residents.belonging, came, p.learning.belonging_gain)
    remember_ties(came, network.indptr, network.indices, model.scratch.mirror_weight, model.scratch.neighbours_came)
    if met:
        for gain, who in zip(model.practice, (came, event.spoke), strict=True):
            learn(residents.skill, residents.start_skill, model.skill_unit, gain, p.learning.reach, True, who)
        model.used_skill[came] = True
