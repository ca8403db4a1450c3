"""One resident seen as a `mesa.Agent`: a view of one row of the columns, made on request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mesa

from consensus_sim.residents.columns import BY_NAME, GROUPS, group_bit

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel

PEOPLE = ("age", "female", "household", "dwelling", "unit", "building", "estate", "grid", "micro_grid", "employment")
PEOPLE_FLAGS = ("tenant", "low_income", "newcomer", "party", "parent", "car")


class Resident(mesa.Agent):
    """Resident 居民 number `row`: attributes are read from and written to the columns, nothing is stored here.

    Besides the columns of `columns.COLUMNS` an agent shows who the resident is (`age`, `tenant`, `micro_grid`, ...) and
    `groups`, the names of the groups it belongs to.
    """

    def __init__(self, model: CommunityModel, row: int) -> None:
        super().__init__(model)
        object.__setattr__(self, "row", row)

    def __getattr__(self, name: str) -> Any:
        if name in BY_NAME:
            return self.model.residents.column(name)[self.row].item()
        if name in PEOPLE or name in PEOPLE_FLAGS:
            return getattr(self.model.community.population, name)[self.row].item()
        raise AttributeError(f"a Resident has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name in BY_NAME:
            column = BY_NAME[name]
            if not column.low <= value <= column.high:
                raise ValueError(f"{name}: found {value!r}; allowed: {column.low:g} to {column.high:g}")
            self.model.residents.column(name)[self.row] = value
        else:
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        """Attributes, columns and what is known of the person among them."""
        return sorted({*super().__dir__(), *BY_NAME, *PEOPLE, *PEOPLE_FLAGS})

    def __repr__(self) -> str:
        """Number, age and groups."""
        groups = ", ".join(group for group in self.groups if group != "all") or "child"
        return f"<Resident {self.row}: age {self.age}; {groups}>"

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups the resident belongs to; empty for a child."""
        bits = int(self.model.residents.groups[self.row])
        return tuple(name for name in GROUPS if bits & group_bit(name))

    @property
    def neighbours(self) -> list[int]:
        """Rows of the residents to whom this one has a tie."""
        network = self.model.community.network
        return network.indices[network.indptr[self.row] : network.indptr[self.row + 1]].tolist()
