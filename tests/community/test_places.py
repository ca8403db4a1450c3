"""The nesting of places, and copies of a community."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.community import Community, load_community


def test_every_dwelling_lies_in_one_of_each(community: Community) -> None:
    """One unit, building, estate, micro-grid and grid, all of the same estate; no place is empty."""
    places = community.places
    assert (places.dwelling_building == places.unit_building[places.dwelling_unit]).all()
    assert (places.dwelling_estate == places.building_estate[places.dwelling_building]).all()
    assert (places.dwelling_grid == places.micro_grid_grid[places.dwelling_micro_grid]).all()
    assert (places.dwelling_estate == places.micro_grid_estate[places.dwelling_micro_grid]).all()
    assert (places.micro_grid_estate == places.grid_estate[places.micro_grid_grid]).all()
    for inner, n in (
        (places.dwelling_unit, places.n_units),
        (places.dwelling_micro_grid, places.n_micro_grids),
        (places.unit_building, places.n_buildings),
        (places.building_estate, places.n_estates),
        (places.micro_grid_grid, places.n_grids),
    ):
        assert (np.unique(inner) == np.arange(n)).all()


def test_runs_are_contiguous(community: Community) -> None:
    """Dwellings are numbered estate by estate, micro-grid by micro-grid, unit by unit."""
    places = community.places
    for inner in (
        places.dwelling_estate,
        places.dwelling_micro_grid,
        places.dwelling_grid,
        places.dwelling_unit,
    ):
        assert (np.diff(inner) >= 0).all()


def test_micro_grids_are_of_similar_size(case_study: Community) -> None:
    """About 123 dwellings each (F8 [D]), none under 90 or over 150."""
    size = np.bincount(case_study.places.dwelling_micro_grid)
    assert size.mean() == pytest.approx(122.7, abs=0.1)
    assert size.min() >= 90 and size.max() <= 150


def test_residents_stand_at_their_building(community: Community) -> None:
    """All columns of place agree with the dwelling, and all stand inside the square."""
    places, people = community.places, community.population
    for name in ("unit", "building", "estate", "grid", "micro_grid"):
        assert (getattr(people, name) == getattr(places, f"dwelling_{name}")[people.dwelling]).all()
    assert (people.x == places.building_x[people.building]).all()
    assert (people.y == places.building_y[people.building]).all()
    for coordinate in (places.building_x, places.building_y, places.micro_grid_x, places.micro_grid_y):
        assert coordinate.min() > -20 and coordinate.max() < places.side + 20
    corners = np.unique(np.column_stack([places.building_x, places.building_y]), axis=0)
    assert len(corners) == places.n_buildings // places.n_copies


def test_estates_do_not_overlap_on_the_map(case_study: Community) -> None:
    """The buildings of one estate fill a rectangle in which no other estate's building stands."""
    places = case_study.places
    for estate in range(places.n_estates):
        own = places.building_estate == estate
        inside = np.ones(places.n_buildings, bool)
        for at in (places.building_x, places.building_y):
            inside &= (at >= at[own].min()) & (at <= at[own].max())
        assert (inside == own).all()


def test_venues(community: Community) -> None:
    """The three venues lie in the square."""
    assert set(community.places.venues) == {"committee_office", "parlour", "park"}
    for x, y in community.places.venues.values():
        assert 0 <= x <= community.places.side and 0 <= y <= community.places.side


def test_scale_doubles_everything(teaching: Community) -> None:
    """Twice of everything, numbered through; the first copy is the community itself, the second differs."""
    double = load_community("teaching", scale=2)
    for name in ("n_estates", "n_buildings", "n_units", "n_dwellings", "n_grids", "n_micro_grids"):
        assert getattr(double.places, name) == 2 * getattr(teaching.places, name)
    n = teaching.n_residents
    assert double.n_residents == 2 * n
    for name in teaching.population.__dataclass_fields__:
        column = getattr(teaching.population, name)
        assert (getattr(double.population, name)[:n] == column).all(), name
        assert getattr(double.population, name).dtype == column.dtype, name
    assert (double.population.age[n:] != teaching.population.age).any()
    assert (double.population.micro_grid[n:] - 5 == teaching.population.micro_grid).sum() > 0.8 * n
    assert (double.network.indices[: len(teaching.network.indices)] == teaching.network.indices).all()
    test_every_dwelling_lies_in_one_of_each(double)
    test_runs_are_contiguous(double)
    test_residents_stand_at_their_building(double)
    worker = double.places.micro_grid_worker
    assert (double.population.micro_grid[worker] == np.arange(10)).all()
    table = double.marginals()
    totals = table[table["unit"].isin({"persons", "dwellings", "households", "micro-grids"})]
    assert (totals["target"] == totals["achieved"]).all()
    assert double.places.estate_name(2, "en") == "Willow Court (2)"
    assert teaching.places.estate_name(0, "zh") == "柳园"


def test_copies_are_not_tied_to_each_other() -> None:
    """Each copy is a community of its own."""
    double = load_community("teaching", scale=2)
    rows, n = double.network.rows(), double.n_residents // 2
    assert ((rows < n) == (double.network.indices < n)).all()
