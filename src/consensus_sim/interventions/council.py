"""爱邻协商议事会: the council, a standing body with the three-stage six-step procedure (F19-F29)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.attendance import NOTHING, accept_chances, clear_stakes, lay_stakes
from consensus_sim.council.events import NOBODY, Event, Rows
from consensus_sim.council.meeting import COUNTS
from consensus_sim.council.screening import Labels, agenda
from consensus_sim.council.team import Roles, form_team, lose_and_replace
from consensus_sim.dynamics.fatigue import add_bounded
from consensus_sim.dynamics.participation import PERSONAL, TEAM_CALL
from consensus_sim.dynamics.ranking import first_asked
from consensus_sim.interventions.base import DOSE, Intervention, choice, setting, switch
from consensus_sim.interventions.schedule import times_a_month

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel


@dataclass(kw_only=True, eq=False)
class Council(Intervention):
    """Holds sessions on heard topics with a team, a moderator, and residents who come, are asked or are seated.

    It gives topics their three-colour label (F24): urgent from urgency `urgent_from`, else important from score
    `important_from`, else routine.

    Without a seating rule micro-grid workers ask `personal_invitations` residents a session, who are its panel: those
    of the highest stake (`stake`), those most likely to come (`prospect`, L2), or any (`random`). One officer of the
    team comes to every session; each other one (lawyer, property manager, social organisation) with probability
    `officer_attendance`.
    """

    sessions_per_month: float = setting(0, 4.33, "sessions a month", dose=DOSE)
    agenda_size: int | None = setting(0, 10, "topics a session", integer=True, optional=True)
    moderated: bool = switch()
    procedure: str = choice("plenary", "pairs", "round")
    counts: str = choice(*COUNTS)
    personal_invitations: int = setting(0, 1000, "persons a session", integer=True, dose="invitations")
    invite_by: str = choice("stake", "prospect", "random")
    invite_chance: float = setting(0, 1, "weight of the random draw against stake or prospect when people are asked")
    team_chance: float = setting(0, 1, "weight of the random draw against drive when the team is formed")
    urgent_from: float = setting(0, 1, "urgency from which a topic is labelled urgent")
    important_from: float = setting(0, 1, "score from which a topic is labelled important")
    team: Roles = field(default_factory=dict)
    officer_attendance: float = setting(0, 1, "probability")

    def apply(self, model: CommunityModel) -> None:
        if self.sessions_per_month == 0:
            self.on_end(model)
            return
        self.open_channel(model, "council", model.rules.council_venue)
        labels = Labels(self.urgent_from, self.important_from)
        self.set_rules(model, procedure=self.procedure, counts=self.counts, labels=labels)
        if model.team is None:
            model.seat_team(form_team(model, self.team, self.team_chance, self.officer_attendance))
        else:  # it stays in office
            model.team.officer_attendance = self.officer_attendance

    def on_end(self, model: CommunityModel) -> None:
        if model.team is not None:
            model.seat_team(None)

    def collectors(self, model: CommunityModel) -> Rows:
        return NOBODY if model.team is None else model.team.members

    def events(self, model: CommunityModel) -> list[Event]:
        if not self.is_due(model, times_a_month(self.sessions_per_month)):
            return []
        size = model.parameters.meeting.agenda_size if self.agenda_size is None else self.agenda_size
        topics = agenda(model.topics.waiting, size, model.rules.labels, "council")
        self.count_event()
        return [model.event("council", topics=topics, moderated=self.moderated)]

    def invite(self, model: CommunityModel, event: Event) -> None:
        if event.channel.name not in ("council", "tea") or model.team is None:
            return
        event.asked.append((TEAM_CALL, model.team.members))
        if event.channel.name == "council":
            add_bounded(model.residents.fatigue, model.team.members, model.parameters.fatigue.team_load)
            add_bounded(model.residents.strain, model.team.members, model.parameters.fatigue.team_load)
            if not model.rules.seating and self.personal_invitations:
                event.panel = self._neighbours_asked(model, event)
                event.asked.append((PERSONAL, event.panel))

    def _neighbours_asked(self, model: CommunityModel, event: Event) -> Rows:
        """Residents whom the micro-grid workers ask in person for this session."""
        by_lot, column = 1.0, NOTHING
        if self.invite_by == "prospect":
            by_lot, column = float(self.invite_chance), self._prospects(model, event)
        elif self.invite_by == "stake" and event.topics:
            by_lot, column = float(self.invite_chance), lay_stakes(model, event)
        asked: Rows = first_asked(
            model.key("council:ask"), model.adults, model.team_mask, by_lot, column, self.personal_invitations
        )
        if column is model.scratch.stake:
            clear_stakes(model, event)
        return asked

    @staticmethod
    def _prospects(model: CommunityModel, event: Event) -> NDArray[np.float32]:
        """Probability of each resident of accepting when asked in person to this session, (n,); 0 for children."""
        stake = lay_stakes(model, event)[model.adults].astype(np.float64)
        clear_stakes(model, event)
        chances = np.zeros(model.residents.n, np.float32)
        chances[model.adults] = accept_chances(model, event, model.adults, (PERSONAL,), stake)[0]
        return chances

    def on_attended(self, model: CommunityModel, event: Event) -> None:
        if model.team is not None:
            model.team.record(event)

    def on_week_end(self, model: CommunityModel) -> None:
        if model.team is not None and lose_and_replace(model, model.team):
            model.seat_team(model.team)
