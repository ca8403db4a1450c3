"""What a week does to all residents: forgetting, rest, influence along ties, news of the channels."""

from __future__ import annotations

from typing import Any

from consensus_sim.dynamics.awareness import spread_awareness, tell_ties
from consensus_sim.dynamics.learning import fade, forget, keep_factor, recover
from consensus_sim.dynamics.trust import drift_along_ties

DRIFT_WEEKS = 4
"""Influence along ties is slow (P43: about a hundredth a week), so four weeks of it are done at once."""


def change_residents(model: Any) -> None:
    """D6, D7, D9-D11 for all residents."""
    residents, p, scratch = model.residents, model.parameters, model.scratch
    habit = keep_factor(p.habit.half_life)
    fade(residents.habit_offline, habit)
    fade(residents.habit_online, habit)
    fade(residents.fatigue, keep_factor(p.fatigue.half_life))
    fade(scratch.neighbours_came, keep_factor(p.participation.neighbour_memory))
    forget(residents.skill, residents.start_skill, model.used_skill, keep_factor(p.learning.skill_half_life))
    model.used_skill[:] = False
    if not model.rules.reward_in_force:
        recover(residents.motive, residents.start_motive, keep_factor(p.motive.half_life))
    if p.drift > 0 and model.week % DRIFT_WEEKS == DRIFT_WEEKS - 1:
        network = model.community.network
        drift_along_ties(
            network.indptr,
            network.indices,
            network.weight,
            1.0 - (1.0 - p.drift) ** DRIFT_WEEKS,
            residents.cognition,
            residents.trust,
            scratch.start_cognition,
            scratch.start_trust,
            scratch.change,
        )


def spread_news(model: Any) -> None:
    """D1: notices, ties and the mini-programme tell of each open channel; what is not heard of again is forgotten."""
    p, scratch, residents = model.parameters.awareness, model.scratch, model.residents
    online_rate = p.online * model.rules.online_publicity
    if online_rate > 0:
        scratch.online_user[:] = residents.online & residents.aware_of("ballot")
    else:
        scratch.online_user[:] = False
    for name, channel in sorted(model.channels.items()):
        show = max(p.notice_plain, channel.venue.show, best_show(model) if channel.novel else 0.0)
        n_changed = spread_awareness(
            model.key(f"news:{name}"),
            channel.bit,
            residents.adult,
            channel.nearness,
            channel.aware_ties,
            scratch.online_user,
            residents.habit_online if channel.channel.online else residents.habit_offline,
            p.notice * show,
            online_rate,
            p.neighbours,
            1.0 - keep_factor(p.half_life),
            residents.aware,
            scratch.changed,
        )
        model.tell_ties(channel, n_changed)


def best_show(model: Any) -> float:
    """The strongest showing of any venue: new channels are announced wherever people see what goes on."""
    return max(venue.show for venue in model.venues.values())


def carry_to_ties(model: Any, channel: Any, n_changed: int) -> None:
    """Carry the first `n_changed` changes in the working space to the neighbours' shares."""
    network = model.community.network
    tell_ties(
        model.scratch.changed,
        n_changed,
        network.indptr,
        network.indices,
        model.scratch.mirror_weight,
        channel.aware_ties,
    )
