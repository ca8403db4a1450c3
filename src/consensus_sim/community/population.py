"""Synthetic population: residents drawn household by household.

Household types come from `households`; ages and couples from `member_kernels`; what is left (sex, tenure,
employment, low income, newcomers, cars, Party members, micro-grid workers) is drawn without replacement
with the relative chances of the spec until the wanted share is reached, so that shares are met to within
one household or person.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from consensus_sim.community.draw import Bools, Draw, Floats, Ints
from consensus_sim.community.households import MEMBERS, household_counts, type_table
from consensus_sim.community.places import Places
from consensus_sim.community.spec import ROOT, CommunitySpec
from consensus_sim.errors import InputError


class Employment(IntEnum):
    """Main daily activity of a resident. CHILD: 0-14; STUDENT: in education; HOME: neither employed nor retired."""

    CHILD = 0
    STUDENT = 1
    WORKING = 2
    HOME = 3
    RETIRED = 4


@dataclass(frozen=True, eq=False, repr=False)
class Population:
    """All residents as columns of shape (n,), sorted by micro-grid, building, unit and dwelling.

    age in years; x, y in metres (of the building); `household` numbers the occupied dwellings; `parent` is
    a core adult of a household with a child under 15; `car` is an adult whose household owns one;
    `interest` is the shared interest that an adult follows (-1 under 18).
    """

    age: NDArray[np.int16]
    female: Bools
    household: NDArray[np.int32]
    dwelling: NDArray[np.int32]
    unit: NDArray[np.int32]
    building: NDArray[np.int32]
    estate: NDArray[np.int16]
    grid: NDArray[np.int16]
    micro_grid: NDArray[np.int16]
    tenant: Bools
    low_income: Bools
    employment: NDArray[np.uint8]
    newcomer: Bools
    party: Bools
    parent: Bools
    car: Bools
    interest: NDArray[np.int16]
    x: NDArray[np.float32]
    y: NDArray[np.float32]

    def __repr__(self) -> str:
        """How many residents."""
        return f"<Population of {self.n} residents>"

    def __len__(self) -> int:
        """Number of residents."""
        return len(self.age)

    @property
    def n(self) -> int:
        """Number of residents."""
        return len(self.age)

    @property
    def adult(self) -> Bools:
        """18 and older."""
        return self.age >= 18

    @property
    def elder(self) -> Bools:
        """60 and older."""
        return self.age >= 60

    @property
    def young(self) -> Bools:
        """18 to 35."""
        return (self.age >= 18) & (self.age <= 35)

    @property
    def middle(self) -> Bools:
        """36 to 59."""
        return (self.age >= 36) & (self.age <= 59)

    @property
    def vulnerable(self) -> Bools:
        """Adults who are old, tenants or of low income (the union of the three, F12)."""
        return self.adult & (self.elder | self.tenant | self.low_income)

    @property
    def age_group(self) -> NDArray[np.uint8]:
        """0 under 18, 1 young (18-35), 2 middle (36-59), 3 elder (60 and older)."""
        return np.searchsorted(np.array([18, 36, 60]), self.age, side="right").astype(np.uint8)


def build_population(spec: CommunitySpec, places: Places, copy: int) -> tuple[Population, Ints]:
    """The residents of one copy of the community, and the resident who is each micro-grid's worker.

    Raises `InputError` if the spec's shares cannot be met.
    """
    draw = Draw(spec.seed, copy)
    table = type_table(spec)
    kind, dwelling = _settled(spec, places, draw)
    household_size = table.sum(axis=1)[kind] - table[kind, MEMBERS.index("couple")]
    start = np.concatenate([[0], np.cumsum(household_size)])
    household = np.repeat(np.arange(len(kind)), household_size)
    age, role, sex = _members(spec, draw, kind, start, table)
    female = _sexes(spec, draw, age, sex, household_size[household])
    home = _Home(household, start, kind, table, places.dwelling_estate[dwelling], household_size)
    tenant = _tenants(spec, draw, home)
    employment = _employment(spec, draw, age, role, female, home)
    newcomer = _newcomers(spec, draw, home, tenant)
    low_income = _low_income(spec, draw, home, tenant, employment)
    car = _cars(spec, draw, home, low_income, employment)
    party = _party(spec, draw, age, newcomer[household])
    own = dwelling[household]
    building = places.dwelling_building[own]
    micro_grid = places.dwelling_micro_grid[own]
    interest = (draw.uniforms("interest", len(age)) * int(spec.network.interests)).astype(np.int16)
    population = Population(
        age=age,
        female=female,
        household=household.astype(np.int32),
        dwelling=own.astype(np.int32),
        unit=places.dwelling_unit[own].astype(np.int32),
        building=building.astype(np.int32),
        estate=places.dwelling_estate[own].astype(np.int16),
        grid=places.dwelling_grid[own].astype(np.int16),
        micro_grid=micro_grid.astype(np.int16),
        tenant=tenant[household],
        low_income=low_income[household],
        employment=employment,
        newcomer=newcomer[household],
        party=party,
        parent=(role == 0) & home.with_children[household],
        car=car[household] & (age >= 18),
        interest=np.where(age >= 18, interest, -1).astype(np.int16),
        x=places.building_x[building],
        y=places.building_y[building],
    )
    return population, _workers(spec, places, draw, population)


@dataclass(frozen=True)
class _Home:
    """The households of one copy: who belongs to which, and what each is like."""

    of: Ints
    start: Ints
    kind: Ints
    table: NDArray[np.int64]
    estate: Ints
    size: Ints

    @property
    def with_children(self) -> Bools:
        """Households with a child under 15."""
        found: Bools = self.table[self.kind, MEMBERS.index("child")] > 0
        return found

    @property
    def old(self) -> Bools:
        """Households whose core is 60 or older."""
        found: Bools = self.table[self.kind, MEMBERS.index("old")] > 0
        return found

    @property
    def one_adult(self) -> Bools:
        """Households with one core adult."""
        found: Bools = self.table[self.kind][:, :3].sum(axis=1) == 1
        return found

    def some(self, who: Bools) -> Bools:
        """Households in which somebody is `who`."""
        found: Bools = np.logical_or.reduceat(who, self.start[:-1])
        return found


def _settled(spec: CommunitySpec, places: Places, draw: Draw) -> tuple[Ints, Ints]:
    """The type and the dwelling of every household, in the order of dwellings; the rest stays vacant."""
    counts = household_counts(spec)
    kinds, dwellings = [], []
    for estate in range(places.n_estates):
        own = np.flatnonzero(places.dwelling_estate == estate)
        occupied = np.argsort(draw.uniforms("vacancy", len(own), estate), kind="stable")[: int(counts[estate].sum())]
        dwellings.append(np.sort(own[occupied]))
        kind = np.repeat(np.arange(counts.shape[1]), counts[estate])
        kinds.append(kind[np.argsort(draw.uniforms("household", len(kind), estate), kind="stable")])
    return np.concatenate(kinds), np.concatenate(dwellings)


def _members(
    spec: CommunitySpec, draw: Draw, kind: Ints, start: Ints, table: NDArray[np.int64]
) -> tuple[NDArray[np.int16], NDArray[np.uint8], NDArray[np.uint8]]:
    """Age, role and sex (2 = open) of all residents; the share of those 60-64 old is found by bisection."""
    from consensus_sim.community.member_kernels import draw_members

    ages = spec.ages
    n = int(start[-1])
    age, role, sex = np.zeros(n, np.int16), np.zeros(n, np.uint8), np.zeros(n, np.uint8)
    decades = np.array([10, 10, 11])
    rest = np.repeat(np.array([ages.elder_65_74, ages.elder_75_84, ages.elder_85_95]) / decades, decades)
    wanted = float(spec.marginals.age_65_plus) / (float(spec.marginals.age_60_64) + float(spec.marginals.age_65_plus))
    low, high = 0.0, 1.0
    for _ in range(18):
        share = (low + high) / 2
        years = np.concatenate([np.full(5, (1 - share) / 5), share * rest]) + 1e-9
        draw_members(
            draw.key("members"),
            kind.astype(np.int64),
            start.astype(np.int64),
            table,
            years,
            *ages.parent_gap,
            ages.couple_gap_mean,
            ages.couple_gap_sd,
            age,
            role,
            sex,
        )
        if (age >= 65).sum() < wanted * max(1, (age >= 60).sum()):
            low = share
        else:
            high = share
    return age, role, sex


def _sexes(spec: CommunitySpec, draw: Draw, age: Ints, sex: NDArray[np.uint8], size: Ints) -> Bools:
    """Women: those of couples, and of the others as many as the wanted share leaves."""
    weight = np.where((size == 1) & (age >= 60), spec.weights.women_living_alone_60_plus, 1.0)
    women = sex == 1
    target = float(spec.marginals.female) * len(age) - women.sum()
    others = draw.share("marginals.female", np.where(sex == 2, weight, 0.0), target)
    return np.asarray(women | others, bool)


def _tenants(spec: CommunitySpec, draw: Draw, home: _Home) -> Bools:
    """Tenant households: whole households, by type, in the share of residents that each estate has."""
    weight = np.array([kind.tenant_weight for kind in spec.households.types.values()])[home.kind]
    return _by_estate(spec, draw, "tenant", home, weight, home.size)


def _by_estate(spec: CommunitySpec, draw: Draw, name: str, home: _Home, weight: Floats, size: Ints) -> Bools:
    """Households drawn so that their summed `size` is each estate's share; rests are handed on."""
    drawn = np.zeros(len(home.kind), bool)
    left = 0.0
    for number, (key, estate) in enumerate(spec.estates.items()):
        own = home.estate == number
        target = float(getattr(estate, name)) * size[own].sum() + left
        drawn[own] = draw.share(f"estates.{key}.{name}", weight[own], target, size[own], number)
        left = target - float(size[own & drawn].sum())
    return drawn


def _employment(
    spec: CommunitySpec, draw: Draw, age: Ints, role: Ints, female: Bools, home: _Home
) -> NDArray[np.uint8]:
    """What everybody does: children by age, the retired among the old, students among the young."""
    from consensus_sim.community.member_kernels import CORE, GROWN

    weights, ages, n = spec.weights, spec.ages, len(age)
    employment = np.full(n, Employment.WORKING, np.uint8)
    employment[age < 15] = Employment.CHILD
    employment[(age >= 15) & (age < 18)] = Employment.STUDENT
    pensionable = age >= np.where(female, ages.retired_women, ages.retired_men)
    weight = np.select(
        [age >= 65, age >= 60], [weights.retired_65_plus, weights.retired_60_64], weights.retired_under_60
    )
    retired = draw.share("marginals.retired", np.where(pensionable, weight, 0.0), float(spec.marginals.retired) * n)
    employment[retired] = Employment.RETIRED
    couple = home.table[home.kind, MEMBERS.index("couple")][home.of] > 0
    learning = (age >= 18) & (age <= ages.student_until) & ~((role == CORE) & (couple | home.with_children[home.of]))
    weight = np.where(role == GROWN, weights.student_grown_child, 1.0)
    target = float(spec.marginals.student) * n - (employment == Employment.STUDENT).sum()
    employment[draw.share("marginals.student", np.where(learning, weight, 0.0), target)] = Employment.STUDENT
    mother = female & (role == CORE) & home.with_children[home.of]
    weight = np.select(
        [age >= 60, mother, female],
        [weights.home_60_plus, weights.home_mother, weights.home_woman],
        weights.home_man,
    )
    open_to = employment == Employment.WORKING
    at_home = draw.share("marginals.home", np.where(open_to, weight, 0.0), float(spec.marginals.home) * n)
    employment[at_home] = Employment.HOME
    return employment


def _newcomers(spec: CommunitySpec, draw: Draw, home: _Home, tenant: Bools) -> Bools:
    """Households of newcomers (F11: locals and migrants live side by side)."""
    weights = spec.weights
    weight = np.where(tenant, weights.newcomer_tenant, 1.0) * np.where(home.old, weights.newcomer_old, 1.0)
    return draw.share("marginals.newcomer", weight, float(spec.marginals.newcomer) * home.size.sum(), home.size)


def _low_income(spec: CommunitySpec, draw: Draw, home: _Home, tenant: Bools, employment: Ints) -> Bools:
    """Households of low income, by estate; likelier without a worker, with one parent, as tenants."""
    weights = spec.weights
    weight = np.where(home.some(employment == Employment.WORKING), 1.0, weights.low_income_no_worker)
    weight = weight * np.where(home.one_adult & home.with_children, weights.low_income_one_adult_with_children, 1.0)
    weight = weight * np.where(tenant, weights.low_income_tenant, 1.0)
    return _by_estate(spec, draw, "low_income", home, weight, home.size)


def _cars(spec: CommunitySpec, draw: Draw, home: _Home, low_income: Bools, employment: Ints) -> Bools:
    """Households with a car, in the share of households that each estate has."""
    weights = spec.weights
    weight = np.where(home.some(employment == Employment.WORKING), 1.0, weights.car_no_worker)
    weight = weight * np.where(low_income, weights.car_low_income, 1.0)
    weight = weight * np.where(home.with_children, weights.car_with_children, 1.0)
    return _by_estate(spec, draw, "car", home, weight, np.ones(len(home.kind), np.int64))


def _party(spec: CommunitySpec, draw: Draw, age: Ints, newcomer: Bools) -> Bools:
    """Party members: adults, likelier when older and local."""
    weights = spec.weights
    weight = np.select([age < 18, age <= 35, age < 60], [0.0, weights.party_18_35, 1.0], weights.party_60_plus)
    weight = weight * np.where(newcomer, weights.party_newcomer, 1.0)
    return draw.share("marginals.party", weight, float(spec.marginals.party) * (age >= 18).sum())


def _workers(spec: CommunitySpec, places: Places, draw: Draw, people: Population) -> Ints:
    """One worker each (F9): an adult of 25-70, likeliest a Party member, seldom a tenant."""
    weights = spec.weights
    weight = np.where(people.party, weights.worker_party, 1.0)
    weight = weight * np.where(people.employment == Employment.RETIRED, weights.worker_retired, 1.0)
    weight = weight * np.where(people.tenant, weights.worker_tenant, 1.0)
    clock = -np.log1p(-draw.uniforms("worker", people.n)) / np.maximum(weight, 1e-9)
    clock = np.where((people.age >= 25) & (people.age <= 70), clock, np.where(people.adult, clock + 1e9, np.inf))
    order = np.lexsort((clock, people.micro_grid))
    first = np.searchsorted(people.micro_grid[order], np.arange(places.n_micro_grids))
    worker = np.full(places.n_micro_grids, -1, np.int32)
    valid = np.flatnonzero(np.bincount(people.micro_grid, minlength=places.n_micro_grids) > 0)
    worker[valid] = order[first[valid]]
    if (worker < 0).any() or not people.adult[worker].all():
        empty = int(np.flatnonzero((worker < 0) | ~people.adult[worker])[0])
        raise InputError("no_adult", where=ROOT, number=empty)
    return worker
