"""Scaled communities: `community.scale` copies side by side, each with its own institutions and random draws.

Copies share no tie, no venue and no council, so a replicate simulates them one after another and needs memory for one
at a time. The first copy uses the same random numbers as the community alone. Their facts are combined into those of
one community: counts, money and hours are added up; shares, indices, weeks and persons per event are means over the
copies where they are defined; grids, topics and meetings stand one under the other, numbered through.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.study.scenario import Scenario, Settings, Study

if TYPE_CHECKING:
    from consensus_sim.catalogue import Metric
    from consensus_sim.community import Community
    from consensus_sim.community.places import Places
    from consensus_sim.parameters import Behaviour

Table = dict[str, NDArray[Any]]
Tables = dict[str, Table]

ADDING_UNITS = frozenset({"CNY", "hours", "matters", "micro_grids", "people", "person_times", "topics"})
"""Units of metrics that are added up over the copies; all others are averaged."""
_PLACES = ("dwelling", "unit", "building", "estate", "grid", "micro_grid")


def run_copies(community: Community, scenario: Scenario, study: Study, replicate: int) -> Tables:
    """One replicate of `scenario` on `community`, copy by copy; its tables as of one community."""
    from consensus_sim.runs.replicate import run_replicate

    copies = community.places.n_copies
    if copies == 1:
        return run_replicate(community, scenario, study, replicate)
    played = []
    for number in range(copies):
        copy = copy_of(community, number)
        other = with_other_chance(study, replicate, "community.copy", number)
        played.append(run_replicate(copy, scenario, other, replicate))
    return join_copies(
        played,
        community.places.n_grids // copies,
        community.places.n_micro_grids // copies,
        community.n_residents // copies,
    )


def with_other_chance(study: Study, replicate: int, name: str, number: int) -> Study:
    """Returns `study` for copy `number` of `name`: parameters of `replicate`, with a seed of its own but in copy 0."""
    from consensus_sim.randomness import key

    if number == 0:
        return study
    other = replace(study, seed=int(key(study.seed, name, sub=number)))
    if study.parameters != "centre":
        return replace(other, behaviour=drawn_behaviour(study, replicate), parameters="centre", posterior=None)
    return other


def drawn_behaviour(study: Study, replicate: int) -> Settings:
    """The behaviour of `study` with the parameter values of `replicate`; the same object for all its copies."""
    from consensus_sim.runs.replicate import behaviour_of

    global _last
    drawn = behaviour_of(study, replicate)
    if _last is None or _last[0] is not study.behaviour or _last[1] is not drawn:
        settings = {
            group: {name: {**entry, "value": drawn.parameters[group][name].value} for name, entry in entries.items()}
            for group, entries in study.behaviour.items()
        }
        _last = (study.behaviour, drawn, settings)
    return _last[2]


_last: tuple[Settings, Behaviour, Settings] | None = None


def copy_of(community: Community, number: int) -> Community:
    """Copy `number` of a scaled community as a community of its own, numbered from 0; large columns are views."""
    places, people, network = community.places, community.population, community.network
    copies = places.n_copies
    per_copy = {name: getattr(places, f"n_{name}s") // copies for name in _PLACES}
    own = people.micro_grid // per_copy["micro_grid"]
    low, high = (int(row) for row in np.searchsorted(own, [number, number + 1]))
    first, last = int(network.indptr[low]), int(network.indptr[high])
    shift = {name: size * number for name, size in per_copy.items()} | {"household": int(people.household[low])}
    columns = {}
    for each in fields(people):
        column = getattr(people, each.name)[low:high]
        columns[each.name] = column - column.dtype.type(shift[each.name]) if shift.get(each.name) else column
    copy = replace(
        community,
        places=_places_of(places, number, per_copy, low),
        population=replace(people, **columns),
        network=replace(
            network,
            indptr=network.indptr[low : high + 1] - first,
            indices=network.indices[first:last] - np.int32(low),
            kind=network.kind[first:last],
            weight=network.weight[first:last],
        ),
        fingerprint=f"{community.fingerprint}-{number}",
    )
    return copy


def _places_of(places: Places, number: int, per_copy: Mapping[str, int], first_resident: int) -> Places:
    """The places of copy `number`, numbered from 0."""
    changed: dict[str, Any] = {"n_copies": 1}
    for each in fields(places):
        value = getattr(places, each.name)
        if not isinstance(value, np.ndarray):
            continue
        size = len(value) // places.n_copies
        part = value[number * size : (number + 1) * size]
        inner = next((name for name in per_copy if each.name.endswith(f"_{name}")), None)
        if inner is not None:
            part = part - part.dtype.type(per_copy[inner] * number)
        changed[each.name] = part
    changed["estate_copy"] = np.zeros(len(changed["estate_guaranteed"]), np.int16)
    changed["micro_grid_worker"] = changed["micro_grid_worker"] - np.int32(first_resident)
    return replace(places, **changed)


def join_copies(played: Sequence[Tables], grids: int, micro_grids: int, people: int) -> Tables:
    """The tables of all copies as of one community; `grids`, `micro_grids` and `people` are those of one copy."""
    from consensus_sim.catalogue import metric, weekly_metric

    topics = np.cumsum([0, *(len(tables["topics"]["topic"]) for tables in played)])

    def places(table: Table, copy: int) -> Table:
        step = np.where(table["level"] == "grid", grids, micro_grids)
        return {**table, "place": table["place"] + copy * step}

    def residents(table: Table, copy: int) -> Table:
        return {**table, "resident": table["resident"] + copy * people}

    def numbers(table: Table, copy: int) -> Table:
        changed = {**table, "topic": table["topic"] + topics[copy]}
        if "micro_grid" in table:
            own = np.asarray(table["micro_grid"])
            changed["micro_grid"] = np.where(own >= 0, own + copy * micro_grids, own)
        return changed

    rules: dict[str, Callable[[list[Table]], Table]] = {
        "weekly": lambda parts: _by_metric(parts, ("week",), weekly_metric),
        "grids": lambda parts: _under_each_other([places(part, copy) for copy, part in enumerate(parts)]),
        "topics": lambda parts: _under_each_other([numbers(part, copy) for copy, part in enumerate(parts)]),
        "meetings": lambda parts: _under_each_other([numbers(part, copy) for copy, part in enumerate(parts)]),
        "capability": _pooled,
        "survey": _pooled_survey,
        "survey_answers": _joined_answers,
        "points": lambda parts: _combined(parts, ("week",), mean=("belief", "price_level")),
        "costs": lambda parts: _combined(parts, ("week", "lever"), mean=()),
        "team": lambda parts: _under_each_other([residents(part, copy) for copy, part in enumerate(parts)]),
        "revisions": lambda parts: _under_each_other(parts),
        "metrics": lambda parts: _by_metric(parts, (), metric),
    }
    unknown = set(played[0]) - set(rules)
    if unknown:
        raise ValueError(f"no rule puts together table {min(unknown)} of the copies of a community")
    return {name: rules[name]([tables[name] for tables in played]) for name in played[0]}


def _under_each_other(parts: list[Table]) -> Table:
    """Returns the rows of all parts; the type is that of the parts with rows."""
    filled = [part for part in parts if len(next(iter(part.values())))] or parts[:1]
    return {name: np.concatenate([part[name] for part in filled]) for name in parts[0]}


def _places(column: NDArray[Any]) -> tuple[int, NDArray[np.int64]]:
    """Number of different values of a column, and the place of each row's among them: numbers ascending, text in the
    order in which it first comes up.
    """
    if column.dtype.kind not in "OUT":
        values, inner = np.unique(column, return_inverse=True)
        return len(values), inner
    texts = column.tolist()
    known = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    return len(known), np.fromiter(map(known.__getitem__, texts), np.int64, len(texts))


class _Groups:
    """Rows of one table that say the same of different copies.

    Groups are sorted by key after key, numbers ascending, text in the order in which it first comes up.
    index: group of each row; first: a row of each group
    """

    def __init__(self, table: Table, keys: tuple[str, ...]) -> None:
        code = np.zeros(len(table[keys[0]]), np.int64)
        for name in keys:
            size, inner = _places(table[name])
            code = code * (size + 1) + inner
        _, self.first, self.index = np.unique(code, return_index=True, return_inverse=True)

    def sum(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Returns the sum in each group; undefined values count as zero."""
        found: NDArray[np.float64] = np.bincount(
            self.index, np.nan_to_num(values.astype(np.float64)), len(self.first)
        ).astype(np.float64)
        return found

    def count(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Returns the number of defined values of each group."""
        return self.sum(~np.isnan(values.astype(np.float64)))

    def mean(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Returns the mean over the defined values of each group, NaN without any."""
        with np.errstate(invalid="ignore", divide="ignore"):
            found: NDArray[np.float64] = self.sum(values) / self.count(values)
        return found


def _by_metric(parts: list[Table], keys: tuple[str, ...], about: Callable[[str], Metric]) -> Table:
    """One row for each metric and group (and each of `keys`), in the order of the first copy.

    Values are added up or averaged, as the metric's unit says; undefined where no copy defines them.
    """
    table = _under_each_other(parts)
    _, series = _places(np.array([f"{name}:{group}" for name, group in _pairs(table)], object))
    groups = _Groups({**table, "series": series}, ("series", *keys))
    names, which = np.unique(table["metric"][groups.first], return_inverse=True)
    adding = np.array([about(str(name)).unit in ADDING_UNITS for name in names], bool)[which]
    value, defined = table["value"], groups.count(table["value"]) > 0
    joined = np.where(adding & defined, groups.sum(value), groups.mean(value))
    return {**{name: column[groups.first] for name, column in table.items()}, "value": joined.astype(value.dtype)}


def _pairs(table: Table) -> zip[tuple[str, str]]:
    """Returns metric and group of each row."""
    return zip(table["metric"].tolist(), table["group"].tolist(), strict=True)


def _combined(parts: list[Table], keys: tuple[str, ...], mean: tuple[str, ...]) -> Table:
    """Returns rows of one key combined: columns in `mean` are averaged, all others summed."""
    table = _under_each_other(parts)
    groups = _Groups(table, keys)
    joined: Table = {}
    for name, column in table.items():
        if name in keys:
            joined[name] = column[groups.first]
        else:
            joined[name] = (groups.mean if name in mean else groups.sum)(column).astype(column.dtype)
    return joined


def _pooled(parts: list[Table]) -> Table:
    """The capability scale of all copies: mean and standard deviation over all people of a group."""
    table = _under_each_other(parts)
    groups = _Groups(table, ("half_year", "group", "dimension", "indicator"))
    n, mean = table["n"].astype(np.float64), table["mean"].astype(np.float64)
    people = groups.sum(n)
    centre = groups.sum(n * mean) / people
    within = groups.sum(n * table["sd"].astype(np.float64) ** 2)
    between = groups.sum(n * (mean - centre[groups.index]) ** 2)
    joined = {name: column[groups.first] for name, column in table.items()}
    return {**joined, "mean": centre, "sd": np.sqrt((within + between) / people), "n": people.astype(table["n"].dtype)}


def _pooled_survey(parts: list[Table]) -> Table:
    """Pools the surveys of all copies: mean and standard error over the respondents of copies that report them."""
    table = _under_each_other(parts)
    if not len(table["n"]):
        return table
    groups = _Groups(table, ("half_year", "group", "dimension", "indicator"))
    told = ~np.isnan(table["mean"].astype(np.float64))
    n = np.where(told, table["n"], 0).astype(np.float64)
    mean = np.where(told, table["mean"], 0.0).astype(np.float64)
    se = np.where(told, table["se"], 0.0).astype(np.float64)
    people = groups.sum(n)
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = groups.sum(n * mean) / people
        squares = groups.sum(np.maximum(n - 1, 0) * n * se**2 + n * (mean - np.nan_to_num(centre)[groups.index]) ** 2)
        error = np.sqrt(squares / (people - 1) / people)
    joined = {name: column[groups.first] for name, column in table.items()}
    counts = {name: groups.sum(table[name]).astype(table[name].dtype) for name in ("n", "asked")}
    with np.errstate(invalid="ignore"):
        rate = counts["n"] / counts["asked"]
    return {**joined, "mean": centre, "se": np.where(people > 0, error, np.nan), **counts, "response_rate": rate}


def _joined_answers(parts: list[Table]) -> Table:
    """The answers of all copies, respondents numbered on."""
    changed, first = [], 0
    for part in parts:
        changed.append({**part, "respondent": part["respondent"] + first})
        first += int(part["respondent"].max()) + 1 if len(part["respondent"]) else 0
    return _under_each_other(changed)
