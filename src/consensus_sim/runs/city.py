"""A city: many communities of various kinds, drawn around one spec, each simulated by itself as one unit of work."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, ConfigDict

from consensus_sim.errors import not_allowed, phrase
from consensus_sim.runs.copies import with_other_chance
from consensus_sim.runs.store import code_of
from consensus_sim.runs.work import Runs, Task, Work
from consensus_sim.settings import (
    STRICT,
    Label,
    Metrics,
    Quantity,
    RefusedError,
    Text,
    number,
    number_phrase,
    quantity,
    read,
    setting,
    some,
)
from consensus_sim.study.scenario import Settings, Study, canonical
from consensus_sim.study.study import MOST_SEED

if TYPE_CHECKING:
    from consensus_sim.community import Community
    from consensus_sim.outcomes.facts import Table

MOST_COMMUNITIES = 100_000
_MOST_SHARE = 0.95  # of an estate's residents that may be tenants, or have a low income


@dataclass(frozen=True)
class Kind:
    """A kind of community: `label` by language, `weight` its relative frequency, `ranges` (low, high) for the draws."""

    name: str
    label: dict[str, str]
    weight: float
    ranges: dict[str, tuple[float, float]]


@dataclass(frozen=True)
class City:
    """Plan by which a city is drawn: number of communities, seed, kinds, and the metrics by which they are ranked."""

    communities: int
    seed: int
    gains: tuple[str, ...]
    kinds: tuple[Kind, ...]


@dataclass(frozen=True)
class Drawn:
    """One community of the city: `name`, `kind`, the numbers drawn for it, and the spec that they give."""

    name: str
    kind: Kind
    numbers: dict[str, float]
    spec: Settings


@dataclass(frozen=True)
class Range:
    """Bounds between which a number is drawn, in its unit, and their source."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    low: Annotated[float, number()]
    high: Annotated[float, number()]
    unit: Text
    source: Text


def drawn_within(unit: str, lowest: float, highest: float) -> AfterValidator:
    """A check that a range is in `unit` and lies in [lowest, highest]."""

    def check(found: Range) -> Range:
        if found.unit != unit:
            raise RefusedError("names", names=[unit]).at("unit", found.unit)
        for key, value, least in (("low", found.low, lowest), ("high", found.high, found.low)):
            if not least <= value <= highest:
                raise RefusedError("is", allowed=number_phrase(least, highest, False, unit)).at(key, value)
        return found

    return AfterValidator(check)


OfResidents = Annotated[Range, drawn_within("share of residents", 0.0, 0.95)]


@dataclass(frozen=True, kw_only=True)
class KindSettings:
    """A kind of community as written: label, relative frequency, and the range of each number that is drawn."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    label: Label
    weight: Quantity = quantity("relative chance", 0, 1e6)
    size: Annotated[Range, drawn_within("times the chosen community", 0.01, 100.0)]
    household: Annotated[Range, drawn_within("persons", 1.0, 6.0)]
    dwellings: Annotated[Range, drawn_within("dwellings a stairwell unit", 1.0, 1000.0)]
    guaranteed: Annotated[Range, drawn_within("share of estates", 0.0, 1.0)]
    tenant: OfResidents
    low_income: OfResidents
    newcomer: OfResidents
    child: Annotated[Range, drawn_within("share of residents aged 0-14", 0.0, 0.4)]
    young: Annotated[Range, drawn_within("share of residents aged 18-35", 0.0, 0.9)]
    elder: Annotated[Range, drawn_within("share of residents aged 60 and more", 0.0, 0.9)]
    neighbouring: Annotated[Range, drawn_within("factor on ties", 0.1, 10.0)]

    def named(self, name: str) -> Kind:
        """The kind called `name`."""
        ranges = {key: (found.low, found.high) for key, found in vars(self).items() if isinstance(found, Range)}
        return Kind(name, self.label, float(self.weight), ranges)


@dataclass(frozen=True, kw_only=True)
class CitySettings:
    """The node `city` as written."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    communities: int = setting(1, MOST_COMMUNITIES, "communities", integer=True)
    seed: int = setting(0, MOST_SEED, integer=True)
    gains: Metrics
    kinds: dict[Text, KindSettings] = some()


def read_city(config: object) -> City:
    """The checked `City` in the node `city` of a composed config. Raises InputError for all that is wrong in it."""
    found = read(CitySettings, config, "city")
    kinds = tuple(kind.named(name) for name, kind in found.kinds.items())
    return City(found.communities, found.seed, found.gains, kinds)


def draw_city(city: City, base: Settings) -> list[Drawn]:
    """The communities of `city`, drawn around the community spec `base`. The first ones do not depend on how many."""
    return [_draw(city, base, number) for number in range(city.communities)]


def _draw(city: City, base: Settings, number: int) -> Drawn:
    """Community `number` of the city."""
    from consensus_sim.randomness import key, uniform, uniforms

    weights = np.cumsum([kind.weight for kind in city.kinds])
    if not weights[-1] > 0:
        raise not_allowed("city.kinds", phrase("none_given"), phrase("at_least_one_kind_weighed"))
    chance = uniform(key(city.seed, "city.kind"), number) * weights[-1]
    kind = city.kinds[int(np.searchsorted(weights, chance, side="right"))]
    numbers = {
        name: low + (high - low) * uniform(key(city.seed, f"city.{name}"), number)
        for name, (low, high) in kind.ranges.items()
    }
    name = f"c{number + 1:04d}"
    spec = _spec(base, numbers, uniforms(key(city.seed, "city.estate", sub=number), len(base["estates"])))
    spec["name"] = name
    spec["label"] = {language: f"{kind.label[language]} {number + 1}" for language in kind.label}
    spec["seed"] = int(key(city.seed, "city.community", sub=number)) >> 12
    return Drawn(name, kind, numbers, spec)


def _spec(base: Settings, numbers: Mapping[str, float], chances: NDArray[np.float64]) -> Settings:
    """`base` with the numbers drawn: its estates made larger or smaller, its shares set."""
    if base.get("buildings_file") is not None:
        raise not_allowed("community.buildings_file", base["buildings_file"], phrase("no_register"))
    length = math.sqrt(numbers["size"])
    estates = dict(base["estates"])
    means = {
        share: _mean(estates, share) for share in ("tenant", "low_income")
    }  # shares keep how the estates differ from each other
    for at, (name, estate) in enumerate(base["estates"].items()):
        changed = _estate(estate, numbers)
        changed["housing"] = "guaranteed" if chances[at] < numbers["guaranteed"] else "commodity"
        for share, mean in means.items():
            factor = numbers[share] / mean if mean > 0 else 1.0
            changed[share] = _with(estate[share], min(_MOST_SHARE, _value(estate[share]) * factor))
        changed["neighbouring"] = _with(estate["neighbouring"], numbers["neighbouring"])
        estates[name] = changed
    return {
        **base,
        "scale": 1,
        "area": _with(base["area"], _value(base["area"]) * numbers["size"]),
        "totals": dict.fromkeys(base["totals"]),
        "estates": estates,
        "venues": {
            venue: {axis: _with(point, _value(point) * length) for axis, point in place.items()}
            for venue, place in base["venues"].items()
        },
        "marginals": _marginals(base, numbers),
    }


def _estate(estate: Settings, numbers: Mapping[str, float]) -> Settings:
    """An estate with its counts made larger or smaller: residents and what holds them."""
    residents = max(2, round(_value(estate["residents"]) * numbers["size"]))
    households = max(1, round(residents / numbers["household"]))
    old = {name: _value(estate[name]) for name in ("households", "dwellings", "units", "buildings", "micro_grids")}
    dwellings = max(households, round(households * old["dwellings"] / old["households"]))
    units = min(dwellings, max(1, round(dwellings / numbers["dwellings"])))
    micro_grids = min(dwellings, max(1, round(dwellings * old["micro_grids"] / old["dwellings"])))
    counts = {
        "residents": residents,
        "households": households,
        "dwellings": dwellings,
        "units": units,
        "buildings": min(units, max(1, round(units * old["buildings"] / old["units"]))),
        "micro_grids": micro_grids,
        "grids": min(micro_grids, max(1, round(micro_grids * _value(estate["grids"]) / old["micro_grids"]))),
    }
    return {**estate, **{name: _with(estate[name], count) for name, count in counts.items()}}


def _marginals(base: Settings, numbers: Mapping[str, float]) -> Settings:
    """Age bands and what people do, as the drawn shares of children, young people and elders imply."""
    old = {name: _value(entry) for name, entry in base["marginals"].items()}
    child, young, elder = numbers["child"], numbers["young"], numbers["elder"]
    elders = old["age_60_64"] + old["age_65_plus"]
    teen = old["age_15_17"] * child / old["age_0_14"]
    retired = old["retired"] * elder / elders
    student = old["student"] * (teen + young) / (old["age_15_17"] + old["age_18_35"])
    left = (1 - child - student - retired) / (old["working"] + old["home"])
    a_household = sum(_value(estate["residents"]) for estate in base["estates"].values()) / sum(
        _value(estate["households"]) for estate in base["estates"].values()
    )
    new = {
        "age_0_14": child,
        "age_15_17": teen,
        "age_18_35": young,
        "age_36_59": 1 - child - teen - young - elder,
        "age_60_64": elder * old["age_60_64"] / elders,
        "age_65_plus": elder * old["age_65_plus"] / elders,
        "student": student,
        "working": old["working"] * left,
        "home": old["home"] * left,
        "retired": retired,
        "newcomer": numbers["newcomer"],
        "households_with_children": old["households_with_children"]
        * (child * numbers["household"])
        / (old["age_0_14"] * a_household),
    }
    return {name: _with(entry, new[name]) if name in new else entry for name, entry in base["marginals"].items()}


def _value(entry: Settings) -> float:
    """The number of a quantity of a spec."""
    return float(entry["value"])


def _with(entry: Settings, value: float) -> Settings:
    """A quantity of a spec with another value, whole where it was."""
    return {**entry, "value": value, "source": "drawn for the city"}


def _mean(estates: Mapping[str, Settings], share: str) -> float:
    """The share of residents over all estates."""
    people = [_value(estate["residents"]) for estate in estates.values()]
    return sum(_value(e[share]) * n for e, n in zip(estates.values(), people, strict=True)) / sum(people)


@dataclass(frozen=True, eq=False)
class CityWork:
    """The communities of a city, one task each: build it, run all scenarios and replicates, keep the headline metrics.

    specs: by name of the community; study: the scenarios simulated in each; its own community is ignored
    """

    specs: Mapping[str, Settings]
    study: Study

    def run(self, task: Task) -> bytes:
        """Simulates community `task[0]`: tables "communities" (one row) and "metrics" (scenario, replicate, ...)."""
        from consensus_sim.community import build_community
        from consensus_sim.runs.tables import pack

        community = build_community(self.specs[task[0]])
        number = list(self.specs).index(task[0])
        parts: list[Table] = []
        for replicate in range(self.study.replicates):
            # Each community of a city has random draws of its own, the same in every scenario.
            study = with_other_chance(self.study, replicate, "city.chance", number)
            play = Runs(study, community)
            for scenario in study.scenarios:
                metrics = play.tables((scenario.name, replicate))["metrics"]
                size = len(metrics["value"])
                parts.append(
                    {"scenario": np.full(size, scenario.name), "replicate": np.full(size, replicate), **metrics}
                )
        joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        return pack({"communities": _facts(community), "metrics": joined})

    def portable(self) -> Work:
        """It is portable already."""
        return self

    def place(self, task: Task) -> str:
        """A hash of all that determines the results of community `task[0]`."""
        name, number = task
        played = {**self.study.identity(), "community": self.specs[name], "replicates": self.study.replicates}
        levers = [[scenario.name, scenario.levers, code_of(scenario)] for scenario in self.study.scenarios]
        content = canonical(["city", list(self.specs).index(name), played, levers])
        return f"{hashlib.blake2b(content.encode(), digest_size=16).hexdigest()}/{number:06d}"


def _facts(community: Community) -> Table:
    """Features of a community of the city, as one row."""
    people, places = community.population, community.places
    return {
        "residents": np.array([people.n]),
        "adults": np.array([int(people.adult.sum())]),
        "estates": np.array([places.n_estates]),
        "guaranteed_estates": np.array([int(places.estate_guaranteed.sum())]),
        "micro_grids": np.array([places.n_micro_grids]),
        **{
            f"{name}_share": np.array([float(column.mean())])
            for name, column in (
                ("tenant", people.tenant),
                ("low_income", people.low_income),
                ("newcomer", people.newcomer),
                ("child", people.age < 15),
                ("young", people.young),
                ("elder", people.elder),
            )
        },
        "ties_an_adult": np.array([2.0 * community.network.n_ties / int(people.adult.sum())]),
    }
