"""The council team "1+3+N" 议事团队: core decides the agenda, backbone organises, participants speak (F19-F21)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.events import Event, Rows
from consensus_sim.dynamics.fatigue import tired_out
from consensus_sim.dynamics.ranking import most_driven, most_driven_of, note_present
from consensus_sim.randomness import uniforms
from consensus_sim.settings import setting

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel
    from consensus_sim.residents.residents import Residents

ROLES = {
    "secretary": ("core", "officer"),
    "deputy_secretary": ("backbone", "officer"),
    "party_backbone": ("backbone", "party"),
    "micro_grid_head": ("backbone", "worker"),
    "property_manager": ("participant", "officer"),
    "owners_committee": ("participant", "owner"),
    "resident_representative": ("participant", "resident"),
    "lawyer": ("participant", "officer"),
    "social_organisation": ("participant", "officer"),
}
"""Role -> (layer, holder): officers are not residents; the others are drawn from the named group of residents."""


RoleName = Literal[
    "secretary", "deputy_secretary", "party_backbone", "micro_grid_head", "property_manager", "owners_committee",
    "resident_representative", "lawyer", "social_organisation",
]  # fmt: skip
Roles = dict[RoleName, Annotated[int, setting(0, 1000, "persons")]]
"""Number of members by role."""


@dataclass(slots=True)
class Team:
    """The standing team: members are residents (rows, ascending) with a role, a layer and a record each."""

    members: Rows
    role: list[str]
    officers: int
    is_member: NDArray[np.bool_]
    attended: NDArray[np.int32]
    spoke: NDArray[np.int32]
    officer_attendance: float
    past_members: set[int] = field(default_factory=set)

    def officers_present(self, model: CommunityModel, event: Event) -> int:
        """Number of officers who come: the moderator always, the others with probability `officer_attendance` each."""
        if self.officers == 0:
            return 0
        drawn = uniforms(model.key("officers", sub=event.number), self.officers - 1) < self.officer_attendance
        return 1 + int(np.count_nonzero(drawn))

    def record(self, event: Event) -> None:
        """Keep each member's attendance and contribution (F21)."""
        for who, record in ((event.came, self.attended), (event.spoke, self.spoke)):
            if len(who):
                note_present(self.members, who, record)


def _drives(residents: Residents) -> tuple[NDArray[np.float32], ...]:
    """Columns that are summed to the drive to stand for a role: motive, initiative, follow-through and expression."""
    return residents.motive, residents.initiative, residents.follow_through, residents.expression


def eligible(residents: Residents, holder: str) -> NDArray[np.bool_]:
    """Flags of the residents who may hold a role of kind `holder`, (n,)."""
    if holder == "worker":
        return residents.worker & residents.adult
    if holder == "party":
        return residents.member_of("party") & ~residents.worker
    if holder == "owner":
        return residents.member_of("owner")
    return residents.adult


def form_team(model: CommunityModel, roles: Roles, chance: float, officer_attendance: float) -> Team:
    """Fill the roles: for each, the eligible residents of most drive not yet in the team, a random draw of weight
    `chance` added.
    """
    residents = model.residents
    drive = sum(_drives(residents)) + chance * uniforms(model.key("team:form"), residents.n)
    taken = np.zeros(residents.n, bool)
    chosen: list[tuple[int, str]] = []
    officers = 0
    for role, count in roles.items():
        holder = ROLES[role][1]
        if holder == "officer":
            officers += count
            continue
        ranked = most_driven(drive, eligible(residents, holder), taken, count)
        taken[ranked] = True
        chosen += [(int(row), role) for row in ranked]
    chosen.sort()
    members = np.array([row for row, _ in chosen], np.int32)
    zeros = np.zeros(len(chosen), np.int32)
    return Team(members, [role for _, role in chosen], officers, taken, zeros, zeros.copy(), officer_attendance)


def worn_members(model: CommunityModel, stream: str, members: Rows) -> NDArray[np.int64]:
    """Places among `members` of residents who leave a standing group this week, with hazard x_F max(F, S) (D10, P37);
    `stream` names the random draw.
    """
    residents, hazard = model.residents, model.parameters.fatigue.exit
    found: NDArray[np.int64] = tired_out(model.key(stream), members, hazard, residents.fatigue, residents.strain)
    model.stayed_away[members[found]] = False  # residents no longer called cannot stay away
    return found


def lose_and_replace(model: CommunityModel, team: Team) -> list[int]:
    """Let worn members leave (`worn_members`). The eligible resident of most drive follows each; a role that nobody can
    fill stays vacant. Returns the members who left.
    """
    residents = model.residents
    leaving = worn_members(model, "team:exit", team.members)
    if not len(leaving):
        return []
    left = [int(team.members[place]) for place in leaving]
    team.past_members.update(left)
    vacant = np.zeros(len(team.members), bool)
    team.members = team.members.copy()  # events of the week keep the members they called
    for place in leaving:
        able, past = eligible(residents, ROLES[team.role[place]][1]), np.array(list(team.past_members), np.int64)
        successor = most_driven_of(_drives(residents), able, team.is_member, past)
        team.is_member[team.members[place]] = False
        team.attended[place] = team.spoke[place] = 0
        if successor < 0:
            vacant[place] = True
            continue
        team.members[place] = successor
        team.is_member[successor] = True
    order = np.argsort(team.members, kind="stable")
    order = order[~vacant[order]]
    team.members, team.attended, team.spoke = team.members[order], team.attended[order], team.spoke[order]
    team.role = [team.role[place] for place in order]
    return left
