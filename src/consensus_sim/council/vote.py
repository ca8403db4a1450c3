"""Votes online on a draft of the committee (F76)."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING

import numpy as np

from consensus_sim.council.decision import settle
from consensus_sim.council.events import Event, Rows
from consensus_sim.council.meeting import (
    NO_TALK,
    FacilitationSupport,
    Minutes,
    deliberation_context,
    keys_of,
    topic_data,
)
from consensus_sim.council.screening import URGENT, label
from consensus_sim.council.topics import HEARD, SETTLED, Topic
from consensus_sim.dynamics.meeting import VoteResult, cast_votes
from consensus_sim.dynamics.settlement import is_worked_out, work_out

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel


def can_be_voted_on(model: CommunityModel, topic: Topic) -> bool:
    """Returns True if an online vote may settle `topic` (F76: a naming was settled by vote).

    The topic must be heard, not urgent, need no money, and be easy enough for officers to work out in a draft.
    """
    p = model.parameters
    if topic.state != HEARD or topic.funding_need > 0 or label(topic, model.rules.labels) == URGENT:
        return False
    drafting = np.full(1, p.initial.skill_able)
    return bool(is_worked_out(work_out(topic.talk.found, drafting, drafting, p.deliberation.pace), topic.feasibility))


def vote(model: CommunityModel, event: Event, topic: Topic, voters: Rows) -> None:
    """Put a draft by the committee to the vote of `voters`: D5's acceptance of their median position; settled from the
    settlement share if the topic is worked out (F76).

    The draft works out as much as one meeting of officers (`can_be_voted_on`). Nobody talks, so there is no package of
    two issues. A vote is no meeting: nobody is given the lead, and a topic that is not settled waits on as before.
    """
    keys, context = keys_of(model, topic, NO_TALK), deliberation_context(model, FacilitationSupport())
    groups, p = model.residents.groups, model.parameters.deliberation
    result = cast_votes(keys, voters, topic_data(topic), groups, context, p)
    talk, resolution = topic.talk, topic.resolution
    talk.who, talk.position, talk.found = result.who, result.position, result.found
    if result.settled:
        topic.move(SETTLED)
        topic.progress.agenda_week, topic.progress.venue_channel = event.week, event.channel.name
        resolution.settled_week, resolution.acceptance = event.week, result.share
        resolution.proposal = resolution.second = result.proposal
        settle(model, event, topic, voters)
    model.recorder.minutes(_minutes(model, event, topic, voters, result))


def _minutes(model: CommunityModel, event: Event, topic: Topic, voters: Rows, result: VoteResult) -> Minutes:
    """Row of the observation sheet."""
    inside = model.team_mask[voters] | model.residents.are("party", voters)
    return Minutes(
        event.week, event.channel.name, event.open.venue.name, topic, topic.talk.meetings, len(voters),
        int(np.count_nonzero(model.team_mask[voters])), float(inside.mean()), nan, nan,
        float(model.vulnerable[voters].mean()), nan, nan, nan, 0, nan, nan, 0.0, "vote" if result.settled else "none",
        result.share,
    )  # fmt: skip
