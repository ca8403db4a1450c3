"""Organisations that carry out resolutions (F19, F70): property manager, committees, contractor."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from consensus_sim.council.topics import Topic

CONTRACTOR = "contractor"
ORGANISATIONS = ("property_manager", "owners_committee", "neighbourhood_committee", CONTRACTOR)
"""Organisations that a kind of topic can name as responsible; a contractor works for them where money is needed."""

Funds = dict[str, float]
"""Money that each organisation can still put into resolutions this quarter, CNY, by name."""


def funds_of_quarter(funds: float) -> Funds:
    """Money for resolutions in a new quarter: `funds` CNY each, nothing saved up; a contractor
    lives on what it is paid and has none.
    """
    return {name: 0.0 if name == CONTRACTOR else funds for name in ORGANISATIONS}


def pay(topic: Topic, left: Funds) -> float:
    """Pay the missing money of a resolution from what the responsible organisation has `left`; returns CNY paid."""
    resolution = topic.resolution
    paid = min(resolution.gap, left[topic.kind.responsible])
    left[topic.kind.responsible] -= paid
    resolution.gap -= paid
    return paid
