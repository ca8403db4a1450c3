"""One resident as a `mesa.Agent`: a view of one row of the columns.

Mesa is imported with this module, so only `model.mesa_adapter` imports it, when somebody asks for agents.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import mesa

from consensus_sim.residents.columns import COLUMNS, GROUPS, Column, group_bit

if TYPE_CHECKING:
    from consensus_sim.model.mesa_adapter import MesaCommunity

PEOPLE = ("age", "female", "household", "dwelling", "unit", "building", "estate", "grid", "micro_grid", "employment")
PEOPLE_FLAGS = ("tenant", "low_income", "newcomer", "party", "parent", "car")


class Resident(mesa.Agent):
    """Resident 居民 number `row`: attributes are read from and written to the columns; nothing is stored here.

    Attributes are the columns of `columns.COLUMNS`, which can be set within their ranges; what the community knows of
    the person (`age`, `tenant`, `micro_grid`, ...), which cannot; and `groups`, the groups the resident belongs to.
    """

    model: MesaCommunity

    def __init__(self, model: MesaCommunity, row: int) -> None:
        super().__init__(model)
        self.row = row

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> float:
            """A column or an attribute of the person."""

    def __deepcopy__(self, memo: dict[int, object]) -> Resident:
        """The same resident of an independent copy of the model."""
        twin: Resident = copy.deepcopy(self.model.community_model, memo).agents[self.row]
        return twin

    def __repr__(self) -> str:
        """Number, age and groups."""
        groups = ", ".join(group for group in self.groups if group != "all") or "child"
        return f"<Resident {self.row}: age {self.age}; {groups}>"

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups the resident belongs to; empty for a child."""
        bits = int(self.model.community_model.residents.groups[self.row])
        return tuple(name for name in GROUPS if bits & group_bit(name))

    @property
    def neighbours(self) -> list[int]:
        """Rows of the residents to whom this one has a tie."""
        network = self.model.community_model.community.network
        return network.indices[network.indptr[self.row] : network.indptr[self.row + 1]].tolist()


def _cell(column: Column) -> property:
    """The attribute of a resident that reads and writes `column`."""

    def read(agent: Resident) -> float:
        return agent.model.community_model.residents.column(column.name)[agent.row].item()

    def write(agent: Resident, value: float) -> None:
        if not column.low <= value <= column.high:
            raise ValueError(f"{column.name}: found {value!r}; allowed: {column.low:g} to {column.high:g}")
        agent.model.community_model.residents.column(column.name)[agent.row] = value

    return property(read, write)


def _known(name: str) -> property:
    """The attribute of a resident that reads the column `name` of the population."""
    return property(lambda agent: getattr(agent.model.community_model.community.population, name)[agent.row].item())


for _column in COLUMNS:
    setattr(Resident, _column.name, _cell(_column))
for _name in PEOPLE + PEOPLE_FLAGS:
    setattr(Resident, _name, _known(_name))
