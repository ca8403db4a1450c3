"""Totals exact, marginals met, and no household that could not be."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.community import Community, Employment, load_community
from consensus_sim.errors import InputError

COUNTED = {"persons", "buildings", "units", "dwellings", "households", "grids", "micro-grids", "estates"}


def households(community: Community) -> list[np.ndarray]:
    """The residents of each household."""
    people = community.population
    return np.split(np.arange(people.n), np.flatnonzero(np.diff(people.household)) + 1)


def test_totals_are_those_of_the_case_study(case_study: Community) -> None:
    """The counts of the case study (F2-F8), written out here a second time."""
    places, people = case_study.places, case_study.population
    counts = (places.n_estates, places.n_buildings, places.n_units, places.n_dwellings, places.n_grids)
    assert counts == (5, 48, 115, 6135, 13)
    assert places.n_micro_grids == 50
    assert people.n == case_study.n_residents == 16_020
    in_a = places.dwelling_estate[people.dwelling] == 0
    assert case_study.places.estate_key[0] == "languidi_a"
    assert in_a.sum() == 3600
    assert len(np.unique(people.dwelling[in_a])) == 1090
    assert (places.building_estate == 0).sum() == 24
    assert (places.building_estate[places.unit_building] == 0).sum() == 50
    assert places.side**2 == pytest.approx(480_000)


def test_low_rise_and_high_rise_differ(case_study: Community) -> None:
    """Estate A has about 22 dwellings a unit, the rest about 78."""
    places = case_study.places
    per_unit = np.bincount(places.dwelling_unit)
    low = places.building_estate[places.unit_building] == 0
    assert set(per_unit[low]) <= {21, 22}
    assert set(per_unit[~low]) <= {77, 78}


def test_counts_are_met_exactly(community: Community) -> None:
    """Every total of the spec, all in all and by estate."""
    table = community.marginals()
    counted = table[table["unit"].isin(COUNTED)]
    assert len(counted) > 15
    assert (counted["target"] == counted["achieved"]).all()


def test_shares_are_met_within_a_percentage_point(community: Community) -> None:
    """Every share of the whole community; by estate within a point or one household of five."""
    table = community.marginals()
    shares = table[table["unit"].str.startswith("share")]
    assert {"age_65_plus", "tenant", "low_income", "party", "car", "female", "isolates"} <= set(shares["name"])
    gap = (shares["target"] - shares["achieved"]).abs()
    everybody = shares["group"] == "all"
    assert (gap[everybody] <= 0.01).all(), shares[everybody & (gap > 0.01)]
    smallest = min(int(estate.residents) for estate in community.spec.estates.values())
    assert (gap <= max(0.01, 5 / smallest)).all(), shares[gap > 0.01]


def test_residents_are_sorted_by_place(community: Community) -> None:
    """By micro-grid, building, unit and dwelling; a household is one run."""
    people = community.population
    order = np.lexsort((people.dwelling, people.unit, people.building, people.micro_grid))
    assert (order == np.arange(people.n)).all()
    assert set(np.diff(people.household)) <= {0, 1}
    assert (np.diff(people.dwelling)[np.diff(people.household) == 0] == 0).all()
    assert (np.diff(people.dwelling)[np.diff(people.household) == 1] > 0).all()


def test_no_child_is_without_a_plausible_parent(community: Community) -> None:
    """Every child under 15 lives with a parent who is 18 to 50 years older; so do 15-17."""
    people = community.population
    for members in households(community):
        age = people.age[members]
        for child in members[age < 15]:
            gaps = people.age[members[people.parent[members]]] - people.age[child]
            assert len(gaps) in (1, 2)
            assert ((gaps >= 18) & (gaps <= 50)).all()
        for teen in age[(age >= 15) & (age < 18)]:
            assert ((age - teen >= 18) & (age - teen <= 50)).any()


def test_parents_live_with_children(community: Community) -> None:
    """A parent is an adult of a household with a child under 15."""
    people = community.population
    has_child = np.bincount(people.household, people.age < 15) > 0
    assert (people.adult & has_child[people.household])[people.parent].all()
    assert people.parent.any()


def test_tenure_income_and_newcomers_are_the_households(community: Community) -> None:
    """One household is wholly tenant or not, of low income or not, newcomers or not."""
    people = community.population
    size = np.bincount(people.household)
    for who in (people.tenant, people.low_income, people.newcomer):
        inside = np.bincount(people.household, who)
        assert ((inside == 0) | (inside == size)).all()
    cars = np.bincount(people.household, people.car)
    adults = np.bincount(people.household, people.adult)
    assert ((cars == 0) | (cars == adults)).all()


def test_occupations_fit_ages(community: Community) -> None:
    """Children are children, the retired old enough, students of study age; Party members are adults."""
    people, work = community.population, community.population.employment
    assert ((work == Employment.CHILD) == (people.age < 15)).all()
    assert (work[(people.age >= 15) & (people.age < 18)] == Employment.STUDENT).all()
    assert (people.age[work == Employment.STUDENT] <= 25).all()
    retired = work == Employment.RETIRED
    assert (people.age[retired & people.female] >= 50).all()
    assert (people.age[retired & ~people.female] >= 60).all()
    assert people.adult[people.party].all()
    assert people.age.min() >= 0 and people.age.max() <= 95


def test_couples_are_near_in_age(case_study: Community) -> None:
    """Two adults under 60 with a child are its parents, at most 15 years apart, a man and a woman."""
    people = case_study.population
    pairs = [m[people.parent[m]] for m in households(case_study) if people.parent[m].sum() == 2]
    gap = np.array([abs(int(people.age[a]) - int(people.age[b])) for a, b in pairs])
    assert len(pairs) > 1000
    assert gap.max() <= 15 and 1.5 < gap.mean() < 4
    assert all(people.female[a] != people.female[b] for a, b in pairs)


def test_groups_follow_their_definitions(teaching: Community) -> None:
    """Age groups part the residents; the vulnerable are the union of F12."""
    people = teaching.population
    counts = [(people.age_group == group).sum() for group in range(4)]
    assert counts == [(~people.adult).sum(), people.young.sum(), people.middle.sum(), people.elder.sum()]
    assert sum(counts) == people.n == len(people)
    assert (people.vulnerable == (people.adult & (people.elder | people.tenant | people.low_income))).all()


def test_guaranteed_housing_is_poorer(case_study: Community) -> None:
    """More tenants and low income, fewer cars than in any commodity estate."""
    people, places = case_study.population, case_study.places
    shares = np.array(
        [
            [who[people.estate == estate].mean() for estate in range(5)]
            for who in (people.tenant, people.low_income, ~people.car)
        ]
    )
    guaranteed = places.estate_guaranteed
    assert guaranteed.tolist() == [False, False, False, False, True]
    assert (shares[:, 4] > shares[:, :4].max(axis=1)).all()


def test_each_micro_grid_has_its_worker(community: Community) -> None:
    """An adult who lives there; most are Party members."""
    people, worker = community.population, community.places.micro_grid_worker
    assert (people.micro_grid[worker] == np.arange(community.places.n_micro_grids)).all()
    assert people.adult[worker].all()
    assert people.party[worker].mean() > 2 * people.party[people.adult].mean()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"marginals.retired.value": 0.40, "marginals.working.value": 0.35}, "community.marginals.retired"),
        ({"marginals.female.value": 0.05}, "community.marginals.female"),
        (
            {"marginals.households_with_children.value": 0.9},
            r"community.marginals: no mixture .* \(willow_court 2.79, ",
        ),
        (
            {"estates.willow_court.residents.value": 900, "totals.residents": None},
            "willow_court.residents: found 900 in 86",
        ),
        ({"venues.park.x.value": 1500}, "community.venues.park: found x = 1500"),
        (
            {"marginals.age_15_17.value": 0.327, "marginals.age_18_35.value": 0.0},
            "community.marginals: no mixture",
        ),
    ],
)
def test_shares_that_cannot_be_met_are_refused(change: dict[str, float], message: str) -> None:
    """One line that names the key."""
    with pytest.raises(InputError, match=message) as caught:
        load_community("teaching", overrides=change)
    assert "\n" not in str(caught.value)
