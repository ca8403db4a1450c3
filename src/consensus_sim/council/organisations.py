"""Who carries out what was agreed (F19, F70): property manager, owners' and neighbourhood committee, contractor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from consensus_sim.council.resolution import ExecutionParameters
    from consensus_sim.council.topics import Topic

ORGANISATIONS = ("property_manager", "owners_committee", "neighbourhood_committee", "contractor")
"""Organisations that a kind of topic can name as responsible; a contractor works for them where money is needed."""


@dataclass(slots=True)
class Organisation:
    """One organisation: willingness to carry out resolutions [0, 1], now and before anybody persuaded it, and what it
    can put into them (CNY), now and each quarter.
    """

    name: str
    start: float
    willingness: float
    funds: float
    quarterly: float

    def rest(self, keep: float) -> None:
        """Willingness goes back to where it stood by the factor `keep`."""
        self.willingness = self.start + keep * (self.willingness - self.start)

    def persuade(self, step: float) -> None:
        """Willingness moves towards 1 by the share `step`."""
        self.willingness += step * (1.0 - self.willingness)


def organisations(p: ExecutionParameters) -> dict[str, Organisation]:
    """All organisations at the start: the committee is willing, the others lukewarm (F70); a contractor lives on what
    it is paid and has no funds of its own.
    """
    found = {}
    for name in ORGANISATIONS:
        start, funds = start_willingness(name, p), 0.0 if name == "contractor" else p.funds
        found[name] = Organisation(name, start, start, funds, p.funds)
    return found


def start_willingness(name: str, p: ExecutionParameters) -> float:
    """Willingness of an organisation before anybody has persuaded it."""
    return p.willingness_committee if name == "neighbourhood_committee" else p.willingness


def willingness_for(topic: Topic, known: Mapping[str, Organisation]) -> float:
    """Mean willingness of those who have to act: the responsible organisation, and a contractor where money is needed.

    A matter that residents carry out themselves has 1.
    """
    if topic.carried_by_residents:
        return 1.0
    own = known[topic.kind.responsible].willingness
    return (own + known["contractor"].willingness) / 2.0 if topic.funding_need > 0 else own


def pay(topic: Topic, known: Mapping[str, Organisation]) -> float:
    """The responsible organisation puts what it has left into what the resolution lacks; returns CNY paid."""
    own = known[topic.kind.responsible]
    paid = min(topic.gap, own.funds)
    own.funds -= paid
    topic.gap -= paid
    return paid


def renew_funds(known: Mapping[str, Organisation]) -> None:
    """A new quarter: what an organisation can put into resolutions is there again; nothing is saved up."""
    for each in known.values():
        if each.name != "contractor":
            each.funds = each.quarterly
