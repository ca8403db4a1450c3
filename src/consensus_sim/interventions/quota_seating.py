"""利益相关者代表制 + 抽签制: seats for stakeholders and by sortition, with a share for the vulnerable (F25, D3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.attendance import accept_chances
from consensus_sim.council.events import Event
from consensus_sim.council.meeting import topic_data
from consensus_sim.council.seating import (
    OFFERED,
    PRESENT,
    SEATED,
    Pool,
    SeatingRule,
    check_quota,
    seat_panel,
    shortlist,
)
from consensus_sim.dynamics.participation import LETTER, PERSONAL
from consensus_sim.dynamics.sortition import of_the_listed
from consensus_sim.dynamics.topics import add_interests
from consensus_sim.interventions.base import DOSE, Intervention, choice, setting

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel

COUNTED = {"offered": OFFERED, "seated": SEATED, "present": PRESENT}


@dataclass(kw_only=True, eq=False)
class QuotaSeating(Intervention):
    """Gives `seats` of each council session by rule: representatives of stakeholders first, the rest by sortition over
    the grids.

    `share` of the seats is for the vulnerable (elders, tenants, low income), counted on seats `offered`, `seated`
    (accepted) or `present`; more letters go out until it is met, up to `rounds` times.
    """

    share: float = setting(0, 1, "share of seats", dose=DOSE)
    counted: str = choice("offered", "seated", "present")
    seats: int = setting(0, 1000, "seats a session", integer=True, dose="seats")
    stakeholder_seats: int = setting(0, 1000, "seats a session", integer=True, dose="seats")
    letters_per_seat: float = setting(0.01, 1000, "letters a seat and round")
    rounds: int = setting(1, 100, "rounds", integer=True)
    list_size: int = setting(1, 10_000_000, "persons", integer=True)

    def check_community(self, model: CommunityModel) -> None:
        if self.seats and not self.held_back:
            self._check_list(model)

    def _check_list(self, model: CommunityModel) -> None:
        """Refuse a quota that the list is not expected to meet."""
        where, vulnerable = f"intervention.{self.name}", model.vulnerable[model.adults[~model.team_mask[model.adults]]]
        check_quota(vulnerable, self.seats, self.share, where, self.list_size)

    def apply(self, model: CommunityModel) -> None:
        if self.seats:
            self._check_list(model)  # again: a policy may have changed the settings
            self.set_rules(model, seating=True)

    @property
    def rule(self) -> SeatingRule:
        """The settings as the draw takes them."""
        return SeatingRule(
            self.seats,
            min(self.stakeholder_seats, self.seats),
            float(self.share),
            COUNTED[self.counted],
            float(self.letters_per_seat),
            self.rounds,
        )

    def invite(self, model: CommunityModel, event: Event) -> None:
        if event.channel.name != "council" or self.seats == 0:
            return
        residents = model.residents
        rows = self._list(model, event)
        stake, group = self._interests(model, event, rows)
        by_letter, in_person = accept_chances(model, event, rows, (LETTER, PERSONAL), stake)
        stratum, vulnerable, turnout = of_the_listed(
            rows, model.community.population.grid, model.vulnerable, residents.follow_through,
            float(model.parameters.meeting.no_show),
        )  # fmt: skip
        pool = Pool(
            resident=rows,
            stratum=stratum,
            vulnerable=vulnerable,
            acceptance=by_letter,
            turnout=turnout,
            stake=stake,
            group=group,
            stakeholder_acceptance=in_person,
        )
        panel = seat_panel(model.key("seating", sub=event.number), pool, self.rule)
        who = rows.astype(np.int32)
        event.seats_offered, event.seats_accepted = who.take(panel.offered), who.take(panel.accepted)
        event.panel = who.take(panel.present)
        self.count_event()

    def _list(self, model: CommunityModel, event: Event) -> NDArray[np.int64]:
        """Adults outside the team from whom this session's seats are filled: a random list."""
        chance = self.list_size / len(model.adults) if len(model.adults) > self.list_size else 1.0
        found = model.scratch.rows
        size = shortlist(model.key("seating:list", sub=event.number), model.adults, chance, model.team_mask, found)
        return found[:size].astype(np.int64)

    @staticmethod
    def _interests(
        model: CommunityModel, event: Event, rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Highest stake in the agenda of residents on the list, and the interest group each could represent; (m,)."""
        stake, group = np.zeros(len(rows)), np.full(len(rows), -1, np.int64)
        for number, topic in enumerate(event.topics):
            add_interests(rows, number, topic_data(topic), model.residents.groups, stake, group)
        return stake, group
