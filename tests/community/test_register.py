"""A planner's own building register."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from consensus_sim.community import Community, load_community
from consensus_sim.errors import InputError

HEADER = "estate,building,units,dwellings,x,y,micro_grid\n"
ROWS = (
    "willow_court,1,2,30,10,10,east\n"
    "willow_court,2,1,14,30,10,east\n"
    "willow_court,2,1,16,30,10,west\n"
    "willow_court,3,3,28,50,10.5,west\n"
    "river_towers,一号楼,4,64,90,60,towers\n"
)
OWN = {
    f"estates.{estate}.{key}": None
    for estate in ("willow_court", "river_towers")
    for key in ("buildings", "units", "dwellings", "micro_grids")
}
TOTALS = {f"totals.{key}": None for key in ("buildings", "units", "micro_grids")}


def load(folder: Path, content: str, **changes: object) -> Community:
    """The teaching community on the register with this `content`."""
    path = folder / "register.csv"
    path.write_text(content, encoding="utf-8")
    return load_community("teaching", overrides={**OWN, **TOTALS, "buildings_file": str(path), **changes})


def test_places_are_those_of_the_register(tmp_path: Path) -> None:
    """Counts, positions and micro-grids; a building may lie in two micro-grids."""
    community = load(tmp_path, HEADER + ROWS)
    places = community.places
    assert (places.n_buildings, places.n_units, places.n_dwellings, places.n_micro_grids) == (4, 11, 152, 3)
    assert places.n_grids == 2 and community.n_residents == 400
    assert np.bincount(places.dwelling_building).tolist() == [30, 30, 28, 64]
    assert np.bincount(places.dwelling_micro_grid).tolist() == [44, 44, 64]
    assert np.bincount(places.unit_building).tolist() == [2, 2, 3, 4]
    assert set(places.dwelling_micro_grid[places.dwelling_building == 1]) == {0, 1}
    assert np.bincount(places.dwelling_unit).min() >= 9
    assert places.building_x.tolist() == [10, 30, 50, 90] and places.building_y.tolist() == [10, 10, 10.5, 60]
    people = community.population
    order = np.lexsort((people.dwelling, people.unit, people.building, people.micro_grid))
    assert (order == np.arange(people.n)).all()


def test_the_order_of_buildings_in_the_file_is_free(tmp_path: Path) -> None:
    """Rows of other estates in between change nothing; a byte-order mark and empty lines are skipped."""
    rows = ROWS.splitlines(keepends=True)
    shuffled = "\ufeff" + HEADER + rows[4] + "\n" + "".join(rows[:4])
    plain, mixed = load(tmp_path, HEADER + ROWS), load(tmp_path, shuffled)
    assert (plain.population.age == mixed.population.age).all()
    assert plain.fingerprint == mixed.fingerprint
    moved = load(tmp_path, HEADER + ROWS.replace("50,10.5", "51,10.5"))
    assert moved.fingerprint != plain.fingerprint


def test_a_register_beside_the_users_own_spec(tmp_path: Path) -> None:
    """The path is relative to the spec's file."""
    own = (Path(__file__).parents[2] / "configs" / "community" / "teaching.yaml").read_text(encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(f"{own}\nbuildings_file: register.csv\n", encoding="utf-8")
    (tmp_path / "register.csv").write_text(HEADER + ROWS, encoding="utf-8")
    assert load_community(str(tmp_path / "mine.yaml"), overrides={**OWN, **TOTALS}).places.n_units == 11


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "register.csv:1: found 0 columns 'estate'"),
        (HEADER.replace("x,y", "x,z"), "register.csv:1: found 0 columns 'y'"),
        (HEADER.replace("\n", ",colour\n"), "register.csv:1: unknown column 'colour'"),
        (
            HEADER + ROWS.replace("river_towers", "river_tower"),
            ":6, column estate: .*did you mean 'river_towers'",
        ),
        (
            HEADER + ROWS.replace("1,2,30", "1,two,30"),
            ":2, column units: found 'two'; allowed: a whole number",
        ),
        (
            HEADER + ROWS.replace("2,1,14", "2,1,-14"),
            ":3, column dwellings: found '-14'; allowed: a whole number",
        ),
        (
            HEADER + ROWS.replace("2,1,14", "2,20,14"),
            ":3, column dwellings: found 14; allowed: at least one a unit",
        ),
        (HEADER + ROWS.replace("50,10.5", "50,nan"), ":5, column y: found 'nan'; allowed: metres"),
        (
            HEADER + ROWS.replace("10,10,east", "10,10,"),
            ":2, column micro_grid: found nothing; allowed: a name",
        ),
        (HEADER + ROWS.replace("towers\n", "west\n"), ":6, column micro_grid: found 'west' in river_towers"),
        (
            HEADER + ROWS.replace("30,10,west", "31,10,west"),
            r":4, column x: found building '2' at \(31, 10\)",
        ),
        (
            HEADER + ROWS.replace("30,10,west", "30,10,east"),
            ":4, column building: found '2' twice in micro-grid",
        ),
        (HEADER + ROWS.replace("50,10.5", "50"), ":5: found 6 cells; allowed: 7"),
        (HEADER + "".join(ROWS.splitlines(keepends=True)[:4]), "no row of the estate 'river_towers'"),
        (
            HEADER + ROWS.replace("4,64", "4,61"),
            "river_towers.dwellings: found 61; allowed: .* households .62.",
        ),
        (
            HEADER + ROWS.replace("4,64", "4,65"),
            "community.totals.dwellings: found 152, but the estates add up to 153",
        ),
    ],
)
def test_wrong_registers_are_refused(tmp_path: Path, content: str, message: str) -> None:
    """One line with file, line and column."""
    with pytest.raises(InputError, match=message) as caught:
        load(tmp_path, content)
    assert "\n" not in str(caught.value)


def test_registers_that_are_no_text_or_missing(tmp_path: Path) -> None:
    """Refuses a spreadsheet in place of a CSV file, and a path without a file."""
    path = tmp_path / "register.xlsx"
    path.write_bytes(b"PK\x03\x04\xff\xfe\x00")
    with pytest.raises(InputError, match="not a CSV file in UTF-8"):
        load_community("teaching", overrides={**OWN, **TOTALS, "buildings_file": str(path)})
    with pytest.raises(InputError, match="nowhere.csv: cannot be read"):
        load_community("teaching", overrides={**OWN, **TOTALS, "buildings_file": "nowhere.csv"})


def test_counts_of_the_spec_must_agree_with_the_register(tmp_path: Path) -> None:
    """A spec that gives its own count must give that of the file."""
    with pytest.raises(InputError, match="willow_court.units: found 8, but .*register.csv has 7"):
        load(tmp_path, HEADER + ROWS, **{"estates.willow_court.units": 8})
