"""A community: its places, its residents and their network, built from a spec."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from consensus_sim.community.network import Network, build_network, to_graph
from consensus_sim.community.places import Places, build_places, replicate_places
from consensus_sim.community.population import Population, build_population
from consensus_sim.community.spec import ROOT, CommunitySpec, read_spec
from consensus_sim.community.spec_files import merged, spec_file
from consensus_sim.errors import not_allowed, phrase
from consensus_sim.settings import mapping

if TYPE_CHECKING:
    import networkx
    import pandas

    from consensus_sim.community.places import Ints

SYNTHESIS = 2
"""Raised whenever the same spec gives another community, or another fingerprint, than before."""


LARGEST_SHORT = int(np.iinfo(np.int16).max)
LARGEST_POPULATION = 50_000_000


@dataclass(frozen=True, eq=False, repr=False)
class Community:
    """A community, ready to be simulated. All arrays are read-only; the whole can be pickled.

    `label` is its name for people, by language (zh, en); `fingerprint` is 16 hexadecimal digits that change
    with the spec and with any value of its places, residents and network.
    """

    name: str
    label: dict[str, str]
    spec: CommunitySpec
    places: Places
    population: Population
    network: Network
    fingerprint: str

    def __repr__(self) -> str:
        """Its name and size."""
        return f"<Community {self.name}: {self.n_residents} residents, {self.network.n_ties} ties>"

    @property
    def n_residents(self) -> int:
        """Number of residents."""
        return self.population.n

    @cached_property
    def graph(self) -> networkx.Graph:
        """The network as a `networkx.Graph`, built when first asked for; nodes are resident numbers."""
        return to_graph(self.population, self.network)

    def marginals(self) -> pandas.DataFrame:
        """Target against achieved, one row a marginal: name, group, target, achieved, unit, source."""
        from consensus_sim.community.marginals import marginals

        return marginals(self)

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: everything but the graph."""
        return {key: value for key, value in self.__dict__.items() if key != "graph"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Unpickled arrays are read-only again."""
        self.__dict__.update(state)
        freeze(self)


def load_community(
    name: str = "case_study", *, scale: int | None = None, overrides: Mapping[str, Any] | None = None
) -> Community:
    """The community called `name` (`case_study`, `teaching`), or that of the spec in the YAML file `name`.

    scale: 1..500 copies side by side, instead of the spec's; overrides: changes of the spec, nested or with
    dotted keys (`{"network.homophily.age": 3.0}`). Raises `InputError` for anything unknown or out of
    range.
    """
    spec = merged(spec_file(name), mapping("overrides", {} if overrides is None else overrides))
    if scale is not None:
        spec["scale"] = scale
    return build_community(spec)


def build_community(spec: Mapping[str, Any]) -> Community:
    """The community of a spec in plain data (the node `community` of the composed configuration).

    A `buildings_file` is found from the working folder. Raises `InputError` if the spec cannot be used.
    """
    checked = read_spec(spec)
    one = build_places(checked)
    _check_scale(checked, one)
    copies = [_build_copy(checked, one, copy) for copy in range(checked.scale)]
    places = replicate_places(one, checked.scale)
    sizes = [people.n for people, _, _ in copies]
    worker = np.concatenate([own + at for (_, own, _), at in zip(copies, _starts(sizes), strict=True)])
    community = Community(
        name=checked.name,
        label=dict(checked.label),
        spec=checked,
        places=replace(places, micro_grid_worker=worker.astype(np.int32)),
        population=_joined_population(one, [people for people, _, _ in copies]),
        network=_joined_network([network for _, _, network in copies]),
        fingerprint="",
    )
    community = replace(community, fingerprint=fingerprint(community))
    freeze(community)
    return community


def _check_scale(spec: CommunitySpec, one: Places) -> None:
    """Refuse more micro-grids or residents than the columns can number."""
    residents = sum(int(estate.residents) for estate in spec.estates.values())
    limit = min(LARGEST_SHORT // one.n_micro_grids, LARGEST_POPULATION // residents)
    if spec.scale > limit:
        raise not_allowed(f"{ROOT}.scale", spec.scale, phrase("at_most_for_size", most=limit))


def _build_copy(spec: CommunitySpec, places: Places, copy: int) -> tuple[Population, Ints, Network]:
    """Residents, micro-grid workers and network of one copy."""
    people, workers = build_population(spec, places, copy)
    return people, workers, build_network(spec, people, copy)


def _starts(sizes: list[int]) -> list[int]:
    """The number of the first of each copy when things are numbered through."""
    return [0, *np.cumsum(sizes)[:-1].tolist()]


def _joined_population(places: Places, copies: list[Population]) -> Population:
    """The residents of all copies, places numbered through."""
    if len(copies) == 1:
        return copies[0]
    per_copy = {
        "household": [int(people.household[-1]) + 1 for people in copies],
        **{
            name: [getattr(places, f"n_{name}s")] * len(copies)
            for name in ("dwelling", "unit", "building", "estate", "grid", "micro_grid")
        },
    }
    columns = {}
    for each in fields(Population):
        parts = [getattr(people, each.name) for people in copies]
        if each.name in per_copy:
            starts = _starts(per_copy[each.name])
            parts = [part + part.dtype.type(start) for part, start in zip(parts, starts, strict=True)]
        columns[each.name] = np.concatenate(parts)
    return Population(**columns)


def _joined_network(copies: list[Network]) -> Network:
    """The networks of all copies, side by side: copies are not tied to each other."""
    if len(copies) == 1:
        return copies[0]
    residents = _starts([len(network.indptr) - 1 for network in copies])
    entries = _starts([len(network.indices) for network in copies])
    indptr = [network.indptr[:-1] + start for network, start in zip(copies, entries, strict=True)]
    indptr.append(np.array([entries[-1] + len(copies[-1].indices)], np.int64))
    return Network(
        indptr=np.concatenate(indptr),
        indices=np.concatenate(
            [network.indices + np.int32(start) for network, start in zip(copies, residents, strict=True)]
        ),
        kind=np.concatenate([network.kind for network in copies]),
        weight=np.concatenate([network.weight for network in copies]),
    )


def fingerprint(community: Community) -> str:
    """16 hexadecimal digits of all that a community holds, wherever its files lie."""
    spec = {key: value for key, value in community.spec.as_dict().items() if key not in ("folder", "buildings_file")}
    digest = hashlib.blake2b(json.dumps([SYNTHESIS, spec], sort_keys=True).encode(), digest_size=8)
    for part in (community.places, community.population, community.network):
        for each in fields(part):
            value = getattr(part, each.name)
            array = isinstance(value, np.ndarray)
            about = [each.name, value.dtype.str, value.shape] if array else [each.name, value]
            digest.update(json.dumps(about, sort_keys=True).encode())
            if array:
                digest.update(np.ascontiguousarray(value).tobytes())
    return digest.hexdigest()


def freeze(community: Community) -> None:
    """Make all arrays of a community read-only."""
    for part in (community.places, community.population, community.network):
        for each in fields(part):
            value = getattr(part, each.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
