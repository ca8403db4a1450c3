"""The spec of a community: every number from which places, population and network are built, with its source.

A spec is read from plain data (a node of the composed configuration, or a YAML file) and checked as a
whole; whatever is wrong becomes one `InputError` line with the key, what was found and what is allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from consensus_sim.community.reading import (
    Quantity,
    choice,
    count,
    each_of,
    flag,
    item,
    label,
    number,
    optional_text,
    plain,
    section,
    span,
    text,
)
from consensus_sim.errors import InputError, one_of

ROOT = "community"
VENUES = ("committee_office", "parlour", "park")
KINDS = ("household", "unit", "building", "micro_grid", "interest", "online")
OUTSIDE_KINDS = KINDS[1:]
COUNTED = ("buildings", "units", "dwellings", "micro_grids")
FAR = 10
"""Sides of a square of a community's area that a place may lie from its corner: a slip of the pen lies farther."""
TOTALS = ("residents", "buildings", "units", "dwellings", "grids", "micro_grids")


@dataclass(frozen=True)
class Estate:
    """One estate: how much of everything it holds, and how it differs from the others.

    `buildings`, `units`, `dwellings` and `micro_grids` may be null when a building register gives them.
    Households are the occupied dwellings. `neighbouring` multiplies the mean degree of unit, building and
    micro-grid ties.
    """

    label: dict[str, str] = item(label)
    housing: str = item(choice("commodity", "guaranteed"))
    buildings: Quantity | None = item(count("buildings", 1, 10_000, optional=True))
    units: Quantity | None = item(count("units", 1, 50_000, optional=True))
    dwellings: Quantity | None = item(count("dwellings", 1, 500_000, optional=True))
    households: Quantity = item(count("households", 1, 500_000))
    residents: Quantity = item(count("persons", 1, 2_000_000))
    grids: Quantity = item(count("grids", 1, 1_000))
    micro_grids: Quantity | None = item(count("micro-grids", 1, 10_000, optional=True))
    tenant: Quantity = item(number("share of residents", 0, 1))
    low_income: Quantity = item(number("share of residents", 0, 1))
    car: Quantity = item(number("share of households", 0, 1))
    neighbouring: Quantity = item(number("factor", 0.1, 10))


@dataclass(frozen=True)
class Totals:
    """What the estates must add up to; null leaves a total unchecked."""

    residents: Quantity | None = item(count("persons", optional=True))
    buildings: Quantity | None = item(count("buildings", optional=True))
    units: Quantity | None = item(count("units", optional=True))
    dwellings: Quantity | None = item(count("dwellings", optional=True))
    grids: Quantity | None = item(count("grids", optional=True))
    micro_grids: Quantity | None = item(count("micro-grids", optional=True))


@dataclass(frozen=True)
class Venue:
    """Where a venue stands, metres east (x) and north (y) of the community's south-western corner."""

    x: Quantity = item(number("m", -100_000, 100_000))
    y: Quantity = item(number("m", -100_000, 100_000))


@dataclass(frozen=True)
class Marginals:
    """Shares that the synthetic population has to show. Tenants, low income and cars are given by estate."""

    age_0_14: Quantity = item(number("share of residents", 0, 1))
    age_15_17: Quantity = item(number("share of residents", 0, 1))
    age_18_35: Quantity = item(number("share of residents", 0, 1))
    age_36_59: Quantity = item(number("share of residents", 0, 1))
    age_60_64: Quantity = item(number("share of residents", 0, 1))
    age_65_plus: Quantity = item(number("share of residents", 0, 1))
    female: Quantity = item(number("share of residents", 0, 1))
    student: Quantity = item(number("share of residents", 0, 1))
    working: Quantity = item(number("share of residents", 0, 1))
    home: Quantity = item(number("share of residents", 0, 1))
    retired: Quantity = item(number("share of residents", 0, 1))
    newcomer: Quantity = item(number("share of residents", 0, 1))
    party: Quantity = item(number("share of adults", 0, 1))
    households_with_children: Quantity = item(number("share of households", 0, 1))


@dataclass(frozen=True)
class HouseholdType:
    """Who lives together: numbers of members by role, and how common and how often tenant the type is.

    `young` (18-35), `middle` (36-59) and `old` (60+) are the core adults, a couple if `couple`; `child`
    (0-14), `teen` (15-17) and `grown` (18-35) are children of the core; `elder` (60+) are parents of the
    first of the core.
    """

    share: float = item(plain(0, 1))
    tenant_weight: float = item(plain(0, 1e6))
    young: int = item(plain(0, 4, whole=True))
    middle: int = item(plain(0, 2, whole=True))
    old: int = item(plain(0, 2, whole=True))
    couple: bool = item(flag)
    child: int = item(plain(0, 3, whole=True))
    teen: int = item(plain(0, 2, whole=True))
    grown: int = item(plain(0, 2, whole=True))
    elder: int = item(plain(0, 2, whole=True))

    @property
    def size(self) -> int:
        """Persons in a household of this type."""
        return self.young + self.middle + self.old + self.child + self.teen + self.grown + self.elder


@dataclass(frozen=True)
class Households:
    """The household types with their prior shares, raked to the marginals when the population is built."""

    unit: str = item(choice("share of households"))
    source: str = item(text)
    types: dict[str, HouseholdType] = item(each_of(section(HouseholdType), "household type"))


@dataclass(frozen=True)
class Ages:
    """Rules for ages, in years; `elder_65_74` and the next two split those of 65 and more."""

    source: str = item(text)
    parent_gap: tuple[int, int] = item(span(18, 50))
    couple_gap_mean: float = item(plain(-10, 10))
    couple_gap_sd: float = item(plain(0, 10))
    elder_65_74: float = item(plain(0, 1))
    elder_75_84: float = item(plain(0, 1))
    elder_85_95: float = item(plain(0, 1))
    retired_women: int = item(plain(40, 70, whole=True))
    retired_men: int = item(plain(40, 70, whole=True))
    student_until: int = item(plain(18, 35, whole=True))


@dataclass(frozen=True)
class Weights:
    """Relative chances (1 = as usual) when a share of the people is drawn; they shape who, never how many."""

    unit: str = item(choice("relative chance"))
    source: str = item(text)
    women_living_alone_60_plus: float = item(plain(0, 1e6))
    retired_65_plus: float = item(plain(0, 1e6))
    retired_60_64: float = item(plain(0, 1e6))
    retired_under_60: float = item(plain(0, 1e6))
    student_grown_child: float = item(plain(0, 1e6))
    home_mother: float = item(plain(0, 1e6))
    home_woman: float = item(plain(0, 1e6))
    home_man: float = item(plain(0, 1e6))
    home_60_plus: float = item(plain(0, 1e6))
    newcomer_tenant: float = item(plain(0, 1e6))
    newcomer_old: float = item(plain(0, 1e6))
    low_income_no_worker: float = item(plain(0, 1e6))
    low_income_one_adult_with_children: float = item(plain(0, 1e6))
    low_income_tenant: float = item(plain(0, 1e6))
    car_low_income: float = item(plain(0, 1e6))
    car_no_worker: float = item(plain(0, 1e6))
    car_with_children: float = item(plain(0, 1e6))
    party_18_35: float = item(plain(0, 1e6))
    party_60_plus: float = item(plain(0, 1e6))
    party_newcomer: float = item(plain(0, 1e6))
    worker_party: float = item(plain(0, 1e6))
    worker_retired: float = item(plain(0, 1e6))
    worker_tenant: float = item(plain(0, 1e6))


@dataclass(frozen=True)
class MeanDegree:
    """Mean number of ties of an adult by kind, outside the home."""

    unit: Quantity = item(number("ties", 0, 20))
    building: Quantity = item(number("ties", 0, 20))
    micro_grid: Quantity = item(number("ties", 0, 20))
    interest: Quantity = item(number("ties", 0, 20))
    online: Quantity = item(number("ties", 0, 20))


@dataclass(frozen=True)
class Homophily:
    """Odds of a tie with somebody of the same group against somebody of another one, all else equal."""

    age: Quantity = item(number("odds ratio", 0.1, 20))
    tenure: Quantity = item(number("odds ratio", 0.1, 20))


@dataclass(frozen=True)
class Sociability:
    """Who has more ties (relative, by age group; log-normal spread), and who is isolated."""

    source: str = item(text)
    young: float = item(plain(0.01, 100))
    middle: float = item(plain(0.01, 100))
    elder: float = item(plain(0.01, 100))
    spread: float = item(plain(0, 1.5))
    online_young: float = item(plain(0, 100))
    online_middle: float = item(plain(0, 100))
    online_elder: float = item(plain(0, 100))
    isolate_tenant: float = item(plain(0, 1e6))
    isolate_newcomer: float = item(plain(0, 1e6))
    isolate_working: float = item(plain(0, 1e6))


@dataclass(frozen=True)
class TieWeight:
    """How much a tie of each kind counts beside the others of the same resident."""

    household: Quantity = item(number("relative weight", 0.001, 1000))
    unit: Quantity = item(number("relative weight", 0.001, 1000))
    building: Quantity = item(number("relative weight", 0.001, 1000))
    micro_grid: Quantity = item(number("relative weight", 0.001, 1000))
    interest: Quantity = item(number("relative weight", 0.001, 1000))
    online: Quantity = item(number("relative weight", 0.001, 1000))


@dataclass(frozen=True)
class NetworkSpec:
    """How ties are drawn. A near-isolate is an adult with at most `isolate_ties` outside the home."""

    mean_degree: MeanDegree = item(section(MeanDegree))
    homophily: Homophily = item(section(Homophily))
    isolates: Quantity = item(number("share of adults", 0, 0.9))
    isolate_ties: Quantity = item(count("ties", 0, 5))
    interests: Quantity = item(count("interests", 1, 1_000))
    sociability: Sociability = item(section(Sociability))
    tie_weight: TieWeight = item(section(TieWeight))


def venues(found: object, path: str) -> dict[str, Venue]:
    """The venues, each of the known ones exactly once."""
    read: dict[str, Venue] = each_of(section(Venue), "venue")(found, path)
    for name in read:
        if name not in VENUES:
            raise one_of(path, name, VENUES)
    for name in VENUES:
        if name not in read:
            raise InputError(f"{path}: the key {name!r} is missing; needed: {', '.join(VENUES)}")
    return read


@dataclass(frozen=True)
class CommunitySpec:
    """All that a community is built from.

    `scale` lays that many copies of the community side by side (each with its own venues and its own
    chance); `seed` is the seed of the synthesis, apart from the seeds of the runs; `buildings_file` is the
    path of a building register to use instead of generated buildings.
    """

    name: str = item(text)
    label: dict[str, str] = item(label)
    scale: int = item(plain(1, 500, whole=True))
    seed: int = item(plain(0, 2**53, whole=True))
    buildings_file: str | None = item(optional_text)
    area: Quantity = item(number("km2", 0.0001, 10_000))
    micro_grid_snap: Quantity = item(number("share of a micro-grid", 0, 0.49))
    totals: Totals = item(section(Totals))
    estates: dict[str, Estate] = item(each_of(section(Estate), "estate"))
    venues: dict[str, Venue] = item(venues)
    marginals: Marginals = item(section(Marginals))
    households: Households = item(section(Households))
    ages: Ages = item(section(Ages))
    weights: Weights = item(section(Weights))
    network: NetworkSpec = item(section(NetworkSpec))
    folder: str = field(default=".", metadata={"reader": text, "spare": True, "unsaid": True})

    def as_dict(self) -> dict[str, Any]:
        """The spec as plain data; `read_spec` of it gives the same spec."""
        return asdict(self)


def read_spec(found: Mapping[str, Any]) -> CommunitySpec:
    """The checked spec in the plain mapping `found`.

    Raises `InputError`: unknown, missing or mistyped keys, numbers out of range, totals that do not add up.
    """
    spec: CommunitySpec = section(CommunitySpec)(found, ROOT)
    _check_shares(spec)
    _check_types(spec)
    _check_estates(spec)
    for name, venue in spec.venues.items():
        check_near(spec, f"{ROOT}.venues.{name}", float(venue.x), float(venue.y))
    if spec.buildings_file is None:
        for total in TOTALS:
            check_total(spec, total, sum(int(getattr(estate, total)) for estate in spec.estates.values()))
    return spec


def check_near(spec: CommunitySpec, where: str, x: float, y: float) -> None:
    """Refuse a place (x, y) in metres that cannot belong to a community of this area."""
    farthest = FAR * 1000.0 * float(spec.area) ** 0.5
    if max(abs(x), abs(y)) > farthest:
        allowed = (
            f"at most {farthest:.0f} m from the south-western corner ({FAR} times the side of a square of the area)"
        )
        raise InputError(f"{where}: found x = {x:g}, y = {y:g}; allowed: {allowed}")


def check_total(spec: CommunitySpec, total: str, found: int) -> None:
    """Refuse estates (or a register) whose `total` is not the one that the spec promises."""
    promised = getattr(spec.totals, total)
    if promised is not None and int(promised) != found:
        raise InputError(
            f"{ROOT}.totals.{total}: found {int(promised)}, but the estates add up to {found}; "
            "allowed: the same number, or null for no check"
        )


def _check_shares(spec: CommunitySpec) -> None:
    """Shares of a whole must add up to it."""
    shares = spec.marginals
    bands = ("age_0_14", "age_15_17", "age_18_35", "age_36_59", "age_60_64", "age_65_plus")
    work = ("age_0_14", "student", "working", "home", "retired")
    for names in (bands, work):
        whole = sum(float(getattr(shares, name)) for name in names)
        if abs(whole - 1) > 1e-6:
            raise InputError(
                f"{ROOT}.marginals: {' + '.join(names)}: found {whole:.4f}; allowed: shares that add up to 1"
            )
    whole = spec.ages.elder_65_74 + spec.ages.elder_75_84 + spec.ages.elder_85_95
    if abs(whole - 1) > 1e-6:
        raise InputError(f"{ROOT}.ages: elder_65_74 + elder_75_84 + elder_85_95: found {whole:.4f}; allowed: 1")


def _check_types(spec: CommunitySpec) -> None:
    """Household types must be possible: an adult in each, parents old enough, a couple of two."""
    whole = sum(kind.share for kind in spec.households.types.values())
    if abs(whole - 1) > 1e-6:
        raise InputError(f"{ROOT}.households.types: shares: found a sum of {whole:.4f}; allowed: 1")
    for name, kind in spec.households.types.items():
        path = f"{ROOT}.households.types.{name}"
        core = kind.young + kind.middle + kind.old
        if core == 0:
            raise InputError(f"{path}: found no core adult (young, middle, old); allowed: at least one")
        if kind.couple and core != 2:
            raise InputError(f"{path}.couple: found true with {core} core adults; allowed: with exactly two")
        groups = (kind.young > 0) + (kind.middle > 0) + (kind.old > 0)
        if groups > 1 and (not kind.couple or (kind.young and kind.old)):
            raise InputError(
                f"{path}: found core adults of several age groups; allowed: a couple of neighbouring groups"
            )
        if core > 2 and kind.child + kind.teen + kind.grown + kind.elder:
            raise InputError(f"{path}: found {core} core adults with family; allowed: one, or a couple")
        if kind.old and kind.child + kind.teen + kind.grown + kind.elder:
            raise InputError(f"{path}: found children or parents of an old core; allowed: an old core by itself")
        if kind.young and kind.teen + kind.grown:
            raise InputError(f"{path}: found teen or grown children of young parents; allowed: of middle ones")


def _check_estates(spec: CommunitySpec) -> None:
    """Every estate must have room for what it holds."""
    for name, estate in spec.estates.items():
        path = f"{ROOT}.estates.{name}"
        if spec.buildings_file is None:
            for key in COUNTED:
                if getattr(estate, key) is None:
                    raise InputError(f"{path}.{key}: found null; allowed: a number, as there is no buildings_file")
            check_room(path, estate, {key: int(getattr(estate, key)) for key in COUNTED})
        if int(estate.residents) < int(estate.households):
            raise InputError(
                f"{path}.residents: found {int(estate.residents)}; allowed: at least one a household "
                f"({int(estate.households)})"
            )


def check_room(path: str, estate: Estate, counted: dict[str, int]) -> None:
    """Refuse fewer units than buildings, dwellings than units or households, micro-grids than grids."""
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
            raise InputError(f"{path}.{more}: found {sizes[more]}; allowed: at least as many as {less} ({sizes[less]})")
