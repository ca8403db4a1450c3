"""Weekly changes of all residents: forgetting, rest, influence along ties, news of the channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.events import OpenChannel
from consensus_sim.dynamics.awareness import Announcements, TieRows, spread_awareness, who_can_read
from consensus_sim.dynamics.learning import fade, forget, keep_factor, recover, return_to
from consensus_sim.dynamics.trust import drift_along_ties
from consensus_sim.residents.columns import channel_bit

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel

DRIFT_WEEKS = 4
"""Influence along ties is slow (P43: about a hundredth a week), so four weeks of it are done at once."""


def change_residents(model: CommunityModel) -> None:
    """D6, D7, D9-D11 for all residents."""
    residents, p, scratch = model.residents, model.parameters, model.scratch
    for row in residents.habit:
        fade(row, keep_factor(p.habit.half_life))
    fade(residents.fatigue, keep_factor(p.fatigue.half_life))
    fade(residents.strain, keep_factor(p.fatigue.strain_half_life))
    fade(scratch.neighbours_came, keep_factor(p.participation.neighbour_memory))
    forget(residents.skill, residents.start_skill, model.used_skill, keep_factor(p.learning.skill_half_life))
    model.practised |= model.used_skill
    model.used_skill[:] = False
    if not model.rules.reward_in_force:
        recover(residents.motive, residents.start_motive, keep_factor(p.habit.half_life))
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


class News(NamedTuple):
    """The open channels in the order of their bits, and for the kernel: number of the bit, row of the venue in
    `model.nearness`, row of the habit (0 in person, 1 online); (m,) each.
    """

    channels: list[OpenChannel]
    bits: NDArray[np.int64]
    venue_rows: NDArray[np.int64]
    habit_rows: NDArray[np.int64]


def _news(model: CommunityModel) -> News:
    """Channels as the news kernel reads them; kept in `model.news` until a channel opens, closes or moves."""
    channels = sorted(model.channels.values(), key=lambda channel: channel.bit)
    model.news = News(
        channels,
        np.array([channel.bit.bit_length() - 1 for channel in channels]),
        np.array([model.venue_row[channel.venue.name] for channel in channels]),
        np.array([int(channel.channel.online) for channel in channels]),
    )
    return model.news


def freshness(channel: OpenChannel, week: int, wear_out: float) -> float:
    """Share of the news of `channel` beyond the routine ones that still draws attention in `week`, in [0, 1].

    2^(-age / wear_out) with the weeks since it opened (L55: messages wear out when repeated); 0 for the long-standing
    channels, which are no news; 1 with `wear_out` off.
    """
    if wear_out <= 0:
        return 1.0
    return float(2.0 ** (-(week - channel.opened_week) / wear_out)) if channel.novel else 0.0


def spread_news(model: CommunityModel) -> None:
    """D1: notices, ties and the mini-programme announce each open channel; what is not heard of again is forgotten.

    A new channel is announced wherever people see what goes on, not only where it is held. Its news wear out: what is
    left is the rate of the notice board, in the share `notice_plain` for news online as well.
    """
    p, scratch, residents = model.parameters.awareness, model.scratch, model.residents
    online_rate = p.online * model.rules.online_publicity
    if model.rules.online_publicity > 0:  # its readers also see results there, whatever it announces
        who_can_read(residents.aware, channel_bit("ballot"), residents.online, scratch.online_user)
    else:
        scratch.online_user[:] = False
    news = model.news if model.news is not None else _news(model)
    best = max([venue.show for venue in model.venues.values()])
    least = max(p.notice_plain, model.rules.notice_board)
    notice_rates, online_rates = [], []
    for channel in news.channels:
        fresh = freshness(channel, model.week, p.wear_out)
        show = max(channel.venue.show, best if channel.novel else 0.0)
        notice_rates.append(max(p.notice * max(least, fresh * show), channel.routine))
        online_rates.append(online_rate * max(p.notice_plain, fresh))
    network = model.community.network
    spread_awareness(
        model.key("news"),
        model.key("news:fine"),
        Announcements(
            news.bits,
            np.array(notice_rates),
            np.array(online_rates),
            news.venue_rows,
            news.habit_rows,
        ),
        model.nearness,
        residents.habit,
        residents.reached,
        scratch.online_user,
        TieRows(network.indptr, network.indices, network.weight),
        p.neighbours,
        1.0 - keep_factor(p.half_life),
        residents.aware,
        scratch.bits,
    )
