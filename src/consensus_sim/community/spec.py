"""The spec of a community: every number from which places, population and network are built, with its source.

A spec is read from plain data (a node of the composed configuration, or a YAML file) and checked as a
whole; whatever is wrong becomes one `InputError` line with the key, what was found and what is allowed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field

from consensus_sim.errors import InputError, Where, not_allowed, phrase, raise_all
from consensus_sim.settings import (
    STRICT,
    Label,
    Quantity,
    Text,
    choice,
    count,
    keyed,
    pair,
    quantity,
    read,
    setting,
    some,
    switch,
)

ROOT = "community"
VENUES = ("committee_office", "parlour", "park")
KINDS = ("household", "unit", "building", "micro_grid", "interest", "online")
OUTSIDE_KINDS = KINDS[1:]
COUNTED = ("buildings", "units", "dwellings", "micro_grids")
FAR = 10
"""Sides of a square of a community's area that a place may lie from its corner: farther away it is taken for a typo."""
TOTALS = ("residents", "buildings", "units", "dwellings", "grids", "micro_grids")


@dataclass(frozen=True, kw_only=True)
class Estate:
    """One estate: how much of everything it holds, and how it differs from the others.

    `buildings`, `units`, `dwellings` and `micro_grids` may be null when a building register gives them.
    Households are the occupied dwellings. `neighbouring` multiplies the mean degree of unit, building and
    micro-grid ties.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    label: Label
    housing: str = choice("commodity", "guaranteed")
    buildings: Quantity | None = count("buildings", 1, 10_000)
    units: Quantity | None = count("units", 1, 50_000)
    dwellings: Quantity | None = count("dwellings", 1, 500_000)
    households: Quantity = count("households", 1, 500_000)
    residents: Quantity = count("persons", 1, 2_000_000)
    grids: Quantity = count("grids", 1, 1_000)
    micro_grids: Quantity | None = count("micro-grids", 1, 10_000)
    tenant: Quantity = quantity("share of residents", 0, 1)
    low_income: Quantity = quantity("share of residents", 0, 1)
    car: Quantity = quantity("share of households", 0, 1)
    neighbouring: Quantity = quantity("factor", 0.1, 10)


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Totals over all estates; null leaves a total unchecked."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    residents: Quantity | None = count("persons")
    buildings: Quantity | None = count("buildings")
    units: Quantity | None = count("units")
    dwellings: Quantity | None = count("dwellings")
    grids: Quantity | None = count("grids")
    micro_grids: Quantity | None = count("micro-grids")


@dataclass(frozen=True, kw_only=True)
class Venue:
    """Position of a venue, metres east (x) and north (y) of the community's south-western corner."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    x: Quantity = quantity("m", -100_000, 100_000)
    y: Quantity = quantity("m", -100_000, 100_000)


@dataclass(frozen=True, kw_only=True)
class Marginals:
    """Shares that the synthetic population has to show. Tenants, low income and cars are given by estate."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    age_0_14: Quantity = quantity("share of residents", 0, 1)
    age_15_17: Quantity = quantity("share of residents", 0, 1)
    age_18_35: Quantity = quantity("share of residents", 0, 1)
    age_36_59: Quantity = quantity("share of residents", 0, 1)
    age_60_64: Quantity = quantity("share of residents", 0, 1)
    age_65_plus: Quantity = quantity("share of residents", 0, 1)
    female: Quantity = quantity("share of residents", 0, 1)
    student: Quantity = quantity("share of residents", 0, 1)
    working: Quantity = quantity("share of residents", 0, 1)
    home: Quantity = quantity("share of residents", 0, 1)
    retired: Quantity = quantity("share of residents", 0, 1)
    newcomer: Quantity = quantity("share of residents", 0, 1)
    party: Quantity = quantity("share of adults", 0, 1)
    households_with_children: Quantity = quantity("share of households", 0, 1)


@dataclass(frozen=True, kw_only=True)
class HouseholdType:
    """Household type: numbers of members by role, how common the type is, and how often its households are tenants.

    `young` (18-35), `middle` (36-59) and `old` (60+) are the core adults, a couple if `couple`; `child`
    (0-14), `teen` (15-17) and `grown` (18-35) are children of the core; `elder` (60+) are parents of the
    first of the core.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    share: float = setting(0, 1)
    tenant_weight: float = setting(0, 1e6)
    young: int = setting(0, 4)
    middle: int = setting(0, 2)
    old: int = setting(0, 2)
    couple: bool = switch()
    child: int = setting(0, 3)
    teen: int = setting(0, 2)
    grown: int = setting(0, 2)
    elder: int = setting(0, 2)

    @property
    def size(self) -> int:
        """Persons in a household of this type."""
        return self.young + self.middle + self.old + self.child + self.teen + self.grown + self.elder


@dataclass(frozen=True, kw_only=True)
class Households:
    """The household types with their prior shares, raked to the marginals when the population is built."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    unit: str = choice("share of households")
    source: Text
    types: dict[str, HouseholdType] = some()


@dataclass(frozen=True, kw_only=True)
class Ages:
    """Rules for ages, in years; `elder_65_74` and the next two split those of 65 and more."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    source: Text
    parent_gap: tuple[int, int] = pair(18, 50)
    couple_gap_mean: float = setting(-10, 10)
    couple_gap_sd: float = setting(0, 10)
    elder_65_74: float = setting(0, 1)
    elder_75_84: float = setting(0, 1)
    elder_85_95: float = setting(0, 1)
    retired_women: int = setting(40, 70)
    retired_men: int = setting(40, 70)
    student_until: int = setting(18, 35)


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Relative chances (1 = as usual) when a share of the people is drawn; they shape who, never how many."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    unit: str = choice("relative chance")
    source: Text
    women_living_alone_60_plus: float = setting(0, 1e6)
    retired_65_plus: float = setting(0, 1e6)
    retired_60_64: float = setting(0, 1e6)
    retired_under_60: float = setting(0, 1e6)
    student_grown_child: float = setting(0, 1e6)
    home_mother: float = setting(0, 1e6)
    home_woman: float = setting(0, 1e6)
    home_man: float = setting(0, 1e6)
    home_60_plus: float = setting(0, 1e6)
    newcomer_tenant: float = setting(0, 1e6)
    newcomer_old: float = setting(0, 1e6)
    low_income_no_worker: float = setting(0, 1e6)
    low_income_one_adult_with_children: float = setting(0, 1e6)
    low_income_tenant: float = setting(0, 1e6)
    car_low_income: float = setting(0, 1e6)
    car_no_worker: float = setting(0, 1e6)
    car_with_children: float = setting(0, 1e6)
    party_18_35: float = setting(0, 1e6)
    party_60_plus: float = setting(0, 1e6)
    party_newcomer: float = setting(0, 1e6)
    worker_party: float = setting(0, 1e6)
    worker_retired: float = setting(0, 1e6)
    worker_tenant: float = setting(0, 1e6)


@dataclass(frozen=True, kw_only=True)
class MeanDegree:
    """Mean number of ties of an adult by kind, outside the home."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    unit: Quantity = quantity("ties", 0, 20)
    building: Quantity = quantity("ties", 0, 20)
    micro_grid: Quantity = quantity("ties", 0, 20)
    interest: Quantity = quantity("ties", 0, 20)
    online: Quantity = quantity("ties", 0, 20)


@dataclass(frozen=True, kw_only=True)
class Homophily:
    """Odds of a tie with somebody of the same group against somebody of another one, all else equal."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    age: Quantity = quantity("odds ratio", 0.1, 20)
    tenure: Quantity = quantity("odds ratio", 0.1, 20)


@dataclass(frozen=True, kw_only=True)
class Sociability:
    """Relative number of ties by age group (log-normal spread), and relative odds of isolation."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    source: Text
    young: float = setting(0.01, 100)
    middle: float = setting(0.01, 100)
    elder: float = setting(0.01, 100)
    spread: float = setting(0, 1.5)
    online_young: float = setting(0, 100)
    online_middle: float = setting(0, 100)
    online_elder: float = setting(0, 100)
    isolate_tenant: float = setting(0, 1e6)
    isolate_newcomer: float = setting(0, 1e6)
    isolate_working: float = setting(0, 1e6)


@dataclass(frozen=True, kw_only=True)
class TieWeight:
    """Relative weight of a tie of each kind among the ties of a resident."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    household: Quantity = quantity("relative weight", 0.001, 1000)
    unit: Quantity = quantity("relative weight", 0.001, 1000)
    building: Quantity = quantity("relative weight", 0.001, 1000)
    micro_grid: Quantity = quantity("relative weight", 0.001, 1000)
    interest: Quantity = quantity("relative weight", 0.001, 1000)
    online: Quantity = quantity("relative weight", 0.001, 1000)


@dataclass(frozen=True, kw_only=True)
class Internet:
    """Share of the adults of an age who have access online."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    age_18_44: Quantity = quantity("share of adults", 0, 1)
    age_45_59: Quantity = quantity("share of adults", 0, 1)
    age_60_plus: Quantity = quantity("share of adults", 0, 1)


@dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """Parameters of the network. A near-isolate is an adult with at most `isolate_ties` outside the home."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    mean_degree: MeanDegree
    homophily: Homophily
    isolates: Quantity = quantity("share of adults", 0, 0.9)
    isolate_ties: Quantity = count("ties", 0, 5)
    interests: Quantity = count("interests", 1, 1_000)
    sociability: Sociability
    tie_weight: TieWeight


Venues = Annotated[dict[str, Venue], keyed(*VENUES)]


@dataclass(frozen=True, kw_only=True)
class CommunitySpec:
    """All that a community is built from.

    `scale` lays that many copies of the community side by side (each with its own venues and its own
    chance); `seed` is the seed of the synthesis, apart from the seeds of the runs; `buildings_file` is the
    path of a building register to use instead of generated buildings.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    name: Text
    label: Label
    scale: int = setting(1, 500)
    seed: int = setting(0, 2**53)
    buildings_file: Text | None
    area: Quantity = quantity("km2", 0.0001, 10_000)
    micro_grid_snap: Quantity = quantity("share of a micro-grid", 0, 0.49)
    totals: Totals
    estates: dict[str, Estate] = some()
    venues: Venues
    marginals: Marginals
    households: Households
    ages: Ages
    weights: Weights
    internet: Internet
    network: NetworkSpec
    folder: Annotated[str, Field(strict=True, json_schema_extra={"hidden": True})] = "."

    def as_dict(self) -> dict[str, Any]:
        """The spec as plain data; `read_spec` of it gives the same spec."""
        return asdict(self)


def read_spec(found: Mapping[str, Any]) -> CommunitySpec:
    """The checked spec in the plain mapping `found`.

    Raises `InputError`: unknown, missing or mistyped keys, numbers out of range, totals that do not add up.
    """
    spec = read(CommunitySpec, found, ROOT)
    raise_all([*_wrong_shares(spec), *_wrong_types(spec), *_wrong_estates(spec)])
    for name, venue in spec.venues.items():
        check_near(spec, f"{ROOT}.venues.{name}", float(venue.x), float(venue.y))
    if spec.buildings_file is None:
        for total in TOTALS:
            check_total(spec, total, sum(int(getattr(estate, total)) for estate in spec.estates.values()))
    return spec


def check_near(spec: CommunitySpec, where: Where, x: float, y: float) -> None:
    """Refuse a place (x, y) in metres that cannot belong to a community of this area."""
    farthest = FAR * 1000.0 * float(spec.area) ** 0.5
    if max(abs(x), abs(y)) > farthest:
        raise not_allowed(where, phrase("at_point", x=x, y=y), phrase("near_corner", most=round(farthest), times=FAR))


def check_total(spec: CommunitySpec, total: str, found: int) -> None:
    """Refuse estates (or a register) whose `total` is not the one that the spec promises."""
    promised = getattr(spec.totals, total)
    if promised is not None and int(promised) != found:
        raise InputError("total_differs", where=f"{ROOT}.totals.{total}", promised=int(promised), found=found)


def _wrong_shares(spec: CommunitySpec) -> Iterator[InputError]:
    """Shares of a whole that do not add up to it."""
    bands = ("age_0_14", "age_15_17", "age_18_35", "age_36_59", "age_60_64", "age_65_plus")
    work = ("age_0_14", "student", "working", "home", "retired")
    elders = ("elder_65_74", "elder_75_84", "elder_85_95")
    for part, names in (("marginals", bands), ("marginals", work), ("ages", elders)):
        whole = sum(float(getattr(getattr(spec, part), name)) for name in names)
        if abs(whole - 1) > 1e-6:
            yield InputError("shares_of", where=f"{ROOT}.{part}", names=" + ".join(names), total=f"{whole:.4f}")
    whole = sum(kind.share for kind in spec.households.types.values())
    if abs(whole - 1) > 1e-6:
        yield InputError("shares_add_up", where=f"{ROOT}.households.types", total=f"{whole:.4f}")


def _wrong_types(spec: CommunitySpec) -> Iterator[InputError]:
    """Household types that cannot be: no adult, parents too young, a couple of one or of three."""
    for name, kind in spec.households.types.items():
        path = f"{ROOT}.households.types.{name}"
        core = kind.young + kind.middle + kind.old
        groups = (kind.young > 0) + (kind.middle > 0) + (kind.old > 0)
        family = kind.child + kind.teen + kind.grown + kind.elder
        if core == 0:
            yield InputError("household_without_adult", where=path)
        if kind.couple and core != 2:
            yield InputError("household_couple", where=f"{path}.couple", core=core)
        if groups > 1 and (not kind.couple or (kind.young and kind.old)):
            yield InputError("household_ages", where=path)
        if core > 2 and family:
            yield InputError("household_family", where=path, core=core)
        if kind.old and family:
            yield InputError("household_old", where=path)
        if kind.young and kind.teen + kind.grown:
            yield InputError("household_young", where=path)


def _wrong_estates(spec: CommunitySpec) -> Iterator[InputError]:
    """Estates without room for what they hold."""
    for name, estate in spec.estates.items():
        path = f"{ROOT}.estates.{name}"
        if spec.buildings_file is None:
            missing = [key for key in COUNTED if getattr(estate, key) is None]
            yield from (not_allowed(f"{path}.{key}", None, phrase("number_without_register")) for key in missing)
            if not missing:
                yield from without_room(path, estate, {key: int(getattr(estate, key)) for key in COUNTED})
        residents, households = int(estate.residents), int(estate.households)
        if residents < households:
            yield not_allowed(f"{path}.residents", residents, phrase("one_a_household", households=households))


def without_room(path: str, estate: Estate, counted: dict[str, int]) -> Iterator[InputError]:
    """Fewer units than buildings, dwellings than units or households, micro-grids than grids."""
    sizes = {**counted, "households": int(estate.households), "grids": int(estate.grids)}
    chain = (
        ("units", "buildings"),
        ("dwellings", "units"),
        ("dwellings", "households"),
        ("dwellings", "micro_grids"),
        ("micro_grids", "grids"),
    )
    for more, less in chain:
        if sizes[more] < sizes[less]:
            yield not_allowed(f"{path}.{more}", sizes[more], phrase("at_least_as_many", less=less, count=sizes[less]))
