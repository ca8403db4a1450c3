"""Publicity of a topic's outcome: which residents see it, and how it moves their trust (D8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.topics import NEVER, SHELVED, Topic
from consensus_sim.dynamics.trust import Outcome, TrustParameters, Witnesses, see_outcome

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel


def patience(model: CommunityModel) -> int:
    """Weeks, at least 1, for which a suggestion may wait before it disappoints."""
    return max(1, round(model.parameters.trust.patience))


def show_outcome(model: CommunityModel, topic: Topic, worth: float) -> None:
    """Show the outcome of a topic: residents who see it move their trust (D8).

    Good news is published: on the parlour's wall if it shows results, and online if the programme carries notices. Bad
    news reaches residents who took part, their ties, and those who live with it. A monthly notice follows resolutions
    (F37), so it also reports one that was never carried out, but not a topic that waits or was shelved. Where the
    reason for shelving a topic is public, the share `reason` of the loss is left (L60).
    """
    p, rules = model.parameters.trust, model.rules
    venue = model.venues[rules.council_venue]
    published = worth > 0 or (rules.monthly_notice and topic.resolution.execution == NEVER)
    notice = p.visible_notice * venue.show if published and (venue.display or rules.monthly_notice) else 0.0
    online = p.visible_online * rules.online_publicity if worth > 0 else 0.0
    if topic.state == SHELVED and reason_is_public(model, topic):
        p = p._replace(loss_ratio=p.reason * p.loss_ratio)
    ties = model.scratch.neighbours_came
    _show(model, topic.number, Outcome(worth, topic.low, topic.stake, notice, online), topic.talk.who, ties, p)


def reason_is_public(model: CommunityModel, topic: Topic) -> bool:
    """Returns True if residents can learn why `topic` was shelved.

    The council makes its evaluation public (F28). A wall of results (F30) or the monthly notice (F37) reports what
    other venues shelve.
    """
    rules = model.rules
    return (
        topic.progress.venue_channel == "council" or rules.monthly_notice or model.venues[rules.council_venue].display
    )


def show_waiting(model: CommunityModel, topic: Topic) -> None:
    """Disappoint the resident who raised a suggestion that has waited as long as people are patient, or lapsed, and the
    residents who live with it and notice. It was put off, not refused, and nobody else was promised anything.
    """
    raiser, nobody = np.array([topic.progress.raised_by], np.int64), np.zeros(model.residents.n, np.float32)
    _show(model, topic.number, Outcome(0.0, topic.low, topic.stake, 0.0, 0.0), raiser, nobody, model.parameters.trust)


def _show(
    model: CommunityModel,
    number: int,
    outcome: Outcome,
    sure: NDArray[np.int64],
    ties_took_part: NDArray[np.float32],
    p: TrustParameters,
) -> None:
    """Show `outcome` of topic `number`: the residents `sure` see it for certain, others with probability (P40)."""
    residents, scratch = model.residents, model.scratch
    flags, nearness = scratch.flags, model.show_nearness(model.venues[model.rules.council_venue])
    flags[sure] = True
    witnesses = Witnesses(residents.adult, flags, ties_took_part, nearness, scratch.online_user)
    key = model.key("see", sub=number)
    model.recorder.seen(see_outcome(key, outcome, witnesses, p, residents.trust, scratch.rows))
    flags[sure] = False
