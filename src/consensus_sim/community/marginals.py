"""Table of the values set by the spec beside those of the synthetic community, one row per fact."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from consensus_sim.community.network import TieKind
from consensus_sim.community.population import Employment
from consensus_sim.community.spec import OUTSIDE_KINDS
from consensus_sim.settings import Quantity

if TYPE_CHECKING:
    import pandas
    from numpy.typing import NDArray

    from consensus_sim.community.community import Community

Row = tuple[str, str, float, float, str, str]
COLUMNS = ("name", "group", "target", "achieved", "unit", "source")
SHARES = {
    "age_0_14": (0, 14),
    "age_15_17": (15, 17),
    "age_18_35": (18, 35),
    "age_36_59": (36, 59),
    "age_60_64": (60, 64),
    "age_65_plus": (65, 200),
}


def marginals(community: Community) -> pandas.DataFrame:
    """Target against achieved: totals, shares of the population, mean degrees, isolates.

    Columns name, group ("all" or the estate's key; copies of a scaled community are taken together), target,
    achieved, unit, source. Targets of all estates together are those of the estates, weighted by size.
    """
    import pandas

    rows = [*_totals(community), *_shares(community), *_estate_shares(community), *_ties(community)]
    return pandas.DataFrame(rows, columns=list(COLUMNS))


def _row(name: str, group: str, target: Quantity, achieved: float, factor: int = 1) -> Row:
    """One row whose target is a quantity of the spec (times `factor` copies)."""
    return name, group, float(target) * factor, float(achieved), target.unit, target.source


def _totals(community: Community) -> list[Row]:
    """Counts of places and residents, all in all and by estate."""
    spec, places, people = community.spec, community.places, community.population
    rows: list[Row] = []
    achieved = {
        "residents": people.n, "buildings": places.n_buildings, "units": places.n_units,
        "dwellings": places.n_dwellings, "grids": places.n_grids, "micro_grids": places.n_micro_grids,
    }  # fmt: skip
    for name, found in achieved.items():
        promised = getattr(spec.totals, name)
        if promised is not None:
            rows.append(_row(name, "all", promised, found, spec.scale))
    rows.append(("area", "all", float(spec.area), (places.side / 1000) ** 2, spec.area.unit, spec.area.source))
    rows.append(("estates", "all", len(spec.estates) * spec.scale, places.n_estates, "estates", "the spec"))
    n = len(spec.estates)
    building, dwelling = places.building_estate % n, places.dwelling_estate % n
    unit = building[places.unit_building]
    occupied = dwelling[np.unique(people.dwelling)]
    micro_grid, grid = places.micro_grid_estate % n, places.grid_estate % n
    parts: dict[str, NDArray[np.integer]] = {
        "buildings": building, "units": unit, "dwellings": dwelling, "households": occupied,
        "residents": people.estate % n, "grids": grid, "micro_grids": micro_grid,
    }  # fmt: skip
    for name, own in parts.items():
        counted = np.bincount(own, minlength=n)
        for number, (key, estate) in enumerate(spec.estates.items()):
            given = getattr(estate, name)
            if given is not None:
                rows.append(_row(name, key, given, counted[number], spec.scale))
    return rows


def _shares(community: Community) -> list[Row]:
    """Shares of the population, all in all."""
    wanted, people = community.spec.marginals, community.population
    rows = [
        _row(name, "all", getattr(wanted, name), ((people.age >= low) & (people.age <= high)).mean())
        for name, (low, high) in SHARES.items()
    ]
    rows.append(_row("female", "all", wanted.female, people.female.mean()))
    for kind in (Employment.STUDENT, Employment.WORKING, Employment.HOME, Employment.RETIRED):
        name = kind.name.lower()
        rows.append(_row(name, "all", getattr(wanted, name), (people.employment == kind).mean()))
    rows.append(_row("newcomer", "all", wanted.newcomer, people.newcomer.mean()))
    rows.append(_row("party", "all", wanted.party, people.party[people.adult].mean()))
    n_households = int(people.household[-1]) + 1
    with_children = len(np.unique(people.household[people.age < 15])) / n_households
    rows.append(_row("households_with_children", "all", wanted.households_with_children, with_children))
    return rows


def _estate_shares(community: Community) -> list[Row]:
    """Tenants and low income (of residents), cars (of households): by estate and together."""
    spec, people = community.spec, community.population
    estate = people.estate % len(spec.estates)
    first = np.append(True, people.household[1:] != people.household[:-1])
    with_car = np.maximum.reduceat(people.car.astype(np.int8), np.flatnonzero(first)) > 0
    measured = {
        "tenant": (people.tenant, estate),
        "low_income": (people.low_income, estate),
        "car": (with_car, estate[first]),
    }
    rows: list[Row] = []
    for name, (who, where) in measured.items():
        targets = np.array([float(getattr(each, name)) for each in spec.estates.values()])
        size = np.bincount(where, minlength=len(targets))
        unit = getattr(next(iter(spec.estates.values())), name).unit
        rows.append((name, "all", float(targets @ size / size.sum()), float(who.mean()), unit, "from the estates"))
        for number, (key, each) in enumerate(spec.estates.items()):
            rows.append(_row(name, key, getattr(each, name), who[where == number].mean()))
    return rows


def _ties(community: Community) -> list[Row]:
    """Mean degrees of adults by kind, and the share of near-isolates among them."""
    settings, people, network = community.spec.network, community.population, community.network
    rows = [
        _row(f"degree_{name}", "all", getattr(settings.mean_degree, name),
             network.degree_of(TieKind[name.upper()])[people.adult].mean())
        for name in OUTSIDE_KINDS
    ]  # fmt: skip
    isolated = network.degree_outside[people.adult] <= int(settings.isolate_ties)
    return [*rows, _row("isolates", "all", settings.isolates, isolated.mean())]
