"""What a week does to all residents: forgetting, rest, influence along ties, news of the channels."""

from __future__ import annotations

from typing import Any

import numpy as np

from consensus_sim.dynamics.awareness import spread_awareness
from consensus_sim.dynamics.learning import fade, forget, keep_factor, recover, return_to
from consensus_sim.dynamics.trust import drift_along_ties
from consensus_sim.residents.columns import channel_bit

DRIFT_WEEKS = 4
"""Influence along ties is slow (P43: about a hundredth a week), so four weeks of it are done at once."""


def change_residents(model: Any) -> None:
    """D6, D7, D9-D11 for all residents."""
    residents, p, scratch = model.residents, model.parameters, model.scratch
    for row in residents.habit:
        fade(row, keep_factor(p.habit.half_life))
    fade(residents.fatigue, keep_factor(p.fatigue.half_life))
    fade(scratch.neighbours_came, keep_factor(p.participation.neighbour_memory))
    forget(residents.skill, residents.start_skill, model.used_skill, keep_factor(p.learning.skill_half_life))
    model.used_skill[:] = False
    if not model.rules.reward_in_force:
        recover(residents.motive, residents.start_motive, keep_factor(p.motive.half_life))
    if p.trust.return_half_life > 0:
        keep = keep_factor(p.trust.return_half_life)
        return_to(residents.trust, scratch.start_trust, keep)
        return_to(residents.efficacy, residents.start_efficacy, keep)
    if p.drift > 0 and model.week % DRIFT_WEEKS == DRIFT_WEEKS - 1:
        drift_along_ties(
            scratch.ties,
            1.0 - (1.0 - p.drift) ** DRIFT_WEEKS,
            residents.cognition,
            residents.trust,
            scratch.start_cognition,
            scratch.start_trust,
            scratch.change,
        )


def spread_news(model: Any) -> None:
    """D1: notices, ties and the mini-programme tell of each open channel; what is not heard of again is forgotten.

    A new channel is announced wherever people see what goes on, not only where it is held.
    """
    p, scratch, residents = model.parameters.awareness, model.scratch, model.residents
    online_rate = p.online * model.rules.online_publicity
    if online_rate > 0:
        np.bitwise_and(residents.aware, np.uint16(channel_bit("ballot")), out=scratch.bits)
        np.logical_and(scratch.bits, residents.online, out=scratch.online_user)
    else:
        scratch.online_user[:] = False
    channels = [channel for _, channel in sorted(model.channels.items(), key=lambda item: item[1].bit)]
    best = max(venue.show for venue in model.venues.values())
    board = model.rules.notice_board
    shows = [max(p.notice_plain, channel.venue.show, board, best if channel.novel else 0.0) for channel in channels]
    network = model.community.network
    spread_awareness(
        model.key("news"),
        model.key("news:fine"),
        np.array([channel.bit.bit_length() - 1 for channel in channels]),
        p.notice * np.array(shows),
        np.full(len(channels), online_rate),
        np.array([model.venue_row[channel.venue.name] for channel in channels]),
        model.nearness,
        np.array([int(channel.channel.online) for channel in channels]),
        residents.habit,
        residents.adult,
        scratch.online_user,
        network.indptr,
        network.indices,
        network.weight,
        p.neighbours,
        1.0 - keep_factor(p.half_life),
        residents.aware,
        scratch.bits,
    )
