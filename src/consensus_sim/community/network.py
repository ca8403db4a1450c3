"""Social network: undirected ties of six kinds, as rows of a sparse matrix.

All pairs in a household are tied. Ties outside the home join adults; they are drawn kind by kind from near
to far (unit, building, micro-grid, shared interest, online), and a pair keeps the first, that is the
nearest kind. Within a group g of a kind (one unit, one building, one micro-grid, all who follow one
interest, everybody),

    P(tie between i and j)  is proportional to  s_i s_j  h_age^[same age group]  h_tenure^[same tenure],

with sociability s (log-normal, by age group; 0 for the isolated). The number of ties of a kind is its mean
degree times adults over two, shared out over groups by summed sociability times the estate's neighbouring
(a relational form of the stochastic block model with degree correction; Karrer & Newman 2011, Phys. Rev. E
83:016107 [M]).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from consensus_sim.community.draw import Draw, Floats, Ints
from consensus_sim.community.population import Employment, Population
from consensus_sim.community.spec import KINDS, OUTSIDE_KINDS, CommunitySpec

if TYPE_CHECKING:
    import networkx


CLOSE = 0.003
"""How near the share of near-isolates has to come to the wanted one (a share of adults)."""
PASSES = 8
"""How often ties are drawn at most to get there."""


class TieKind(IntEnum):
    """Kinds of ties, from near to far."""

    HOUSEHOLD = 0
    UNIT = 1
    BUILDING = 2
    MICRO_GRID = 3
    INTEREST = 4
    ONLINE = 5


@dataclass(frozen=True, eq=False, repr=False)
class Network:
    """A symmetric sparse matrix in rows: the ties of resident i are at indptr[i] .. indptr[i + 1] - 1.

    indptr: (n + 1,); indices (the other end, ascending within a row), kind (`TieKind`) and weight (in (0,
    1], each row sums to 1): (2 * n_ties,), every tie stored in both rows.
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    kind: NDArray[np.uint8]
    weight: NDArray[np.float32]

    def __repr__(self) -> str:
        """How many ties."""
        return f"<Network of {self.n_ties} ties>"

    @property
    def n_ties(self) -> int:
        """Number of undirected ties."""
        return len(self.indices) // 2

    @property
    def degree(self) -> NDArray[np.int64]:
        """Ties of every resident, shape (n,)."""
        return np.diff(self.indptr)

    def rows(self) -> NDArray[np.int64]:
        """The resident in whose row each entry lies, shape of `indices`."""
        return np.repeat(np.arange(len(self.indptr) - 1), np.diff(self.indptr))

    def degree_of(self, kind: int) -> NDArray[np.int64]:
        """Ties of one kind of every resident, shape (n,)."""
        return np.bincount(self.rows()[self.kind == kind], minlength=len(self.indptr) - 1)

    @property
    def degree_outside(self) -> NDArray[np.int64]:
        """Ties outside the home of every resident, shape (n,)."""
        return self.degree - self.degree_of(TieKind.HOUSEHOLD)


def build_network(spec: CommunitySpec, people: Population, copy: int) -> Network:
    """The network of one copy of the community.

    Some adults are near-isolates by chance: ties are drawn again with fewer (or more) isolated until the
    share of near-isolates is as wanted to within `CLOSE`.
    """
    draw = Draw(spec.seed, copy)
    adult = np.flatnonzero(people.adult)
    wanted = float(spec.network.isolates)
    share, nearest = wanted, 2.0
    for turn in range(PASSES):
        ties = _draw_ties(spec, people, draw, adult, share)
        outside = ties.kind > TieKind.HOUSEHOLD
        ends = np.concatenate([ties.a[outside], ties.b[outside]])
        degree = np.bincount(ends, minlength=people.n)[adult]
        gap = float((degree <= int(spec.network.isolate_ties)).mean()) - wanted
        if abs(gap) < nearest:
            best, nearest = ties, abs(gap)
        if nearest <= CLOSE or (share == 0 and gap > 0):
            break
        share = max(0.0, share - gap / (1 + 0.5 * turn))  # smaller steps, lest it swing
    return _laid_out(spec, best, people.n)


@dataclass(frozen=True)
class _Ties:
    """Ties as pairs of residents with a kind, each once."""

    a: NDArray[np.int32]
    b: NDArray[np.int32]
    kind: NDArray[np.uint8]


def _draw_ties(spec: CommunitySpec, people: Population, draw: Draw, adult: Ints, isolated: float) -> _Ties:
    """All ties, kind by kind from near to far, with this share of adults `isolated`."""
    from consensus_sim.community.tie_kernels import draw_ties, tie_households

    settings = spec.network
    start = np.searchsorted(people.household, np.arange(int(people.household[-1]) + 2)).astype(np.int64)
    size = np.diff(start)
    degrees = {name: float(getattr(settings.mean_degree, name)) for name in OUTSIDE_KINDS}
    wanted = {name: round(degree * len(adult) / 2) for name, degree in degrees.items()}
    n_ties = int((size * (size - 1) // 2).sum()) + sum(wanted.values())
    known = np.full(1 << max(4, int(2 * n_ties).bit_length()), -1, np.int64)
    a, b, kind = np.zeros(n_ties, np.int32), np.zeros(n_ties, np.int32), np.zeros(n_ties, np.uint8)
    found = tie_households(start, known, people.n, a, b)
    social, online = _sociability(spec, people, draw, isolated)
    for name in OUTSIDE_KINDS:
        group, apart, near = _groups(name, people)
        member, first, cumulated = _members(adult, group, online if name == "online" else social)
        factor = _neighbouring(spec, people, member, first) if near else np.ones(len(first) - 1)
        summed = np.maximum(0, np.diff(cumulated[first])) * factor
        drawn = draw_ties(
            draw.key(f"ties.{name}"),
            member,
            first,
            cumulated,
            _shared_out(wanted[name], summed),
            apart,
            people.age_group,
            people.tenant,
            float(settings.homophily.age),
            float(settings.homophily.tenure),
            known,
            a[found:],
            b[found:],
        )
        kind[found : found + drawn] = KINDS.index(name)
        found += drawn
    return _Ties(a[:found], b[:found], kind[:found])


def _laid_out(spec: CommunitySpec, ties: _Ties, n: int) -> Network:
    """The ties as rows of `n` residents, weighted by kind."""
    from consensus_sim.community.tie_kernels import lay_out

    weights = np.array([float(getattr(spec.network.tie_weight, name)) for name in KINDS])
    indptr, indices = np.zeros(n + 1, np.int64), np.zeros(2 * len(ties.a), np.int32)
    kinds, weight = np.zeros(2 * len(ties.a), np.uint8), np.zeros(2 * len(ties.a), np.float32)
    lay_out(ties.a, ties.b, ties.kind, weights, indptr, indices, kinds, weight)
    return Network(indptr, indices, kinds, weight)


def _sociability(spec: CommunitySpec, people: Population, draw: Draw, isolated: float) -> tuple[Floats, Floats]:
    """Relative expected ties outside the home, and online, of everybody; 0 for the isolated."""
    social = spec.network.sociability
    by_age = np.array([0.0, social.young, social.middle, social.elder])[people.age_group]
    online = np.array([0.0, social.online_young, social.online_middle, social.online_elder])[people.age_group]
    weight = np.where(people.adult, 1.0, 0.0) * np.where(people.tenant, social.isolate_tenant, 1.0)
    weight = weight * np.where(people.newcomer, social.isolate_newcomer, 1.0)
    weight = weight * np.where(people.employment == Employment.WORKING, social.isolate_working, 1.0)
    spread = np.exp(social.spread * draw.normals("sociability", people.n))
    alone = draw.share("network.isolates", weight, isolated * people.adult.sum())
    return np.where(alone, 0.0, by_age * spread), np.where(alone, 0.0, online * spread)


def _groups(name: str, people: Population) -> tuple[Ints, NDArray[np.int32], bool]:
    """The group of each resident for a kind, what two must not share, and if it is neighbours'.

    Ties of a building join its units, unless it has but one.
    """
    if name == "unit":
        return people.unit, people.dwelling, True
    if name == "micro_grid":
        return people.micro_grid, people.dwelling, True
    if name == "interest":
        return people.interest, people.dwelling, False
    if name == "online":
        return np.zeros(people.n, np.int32), people.dwelling, False
    n_buildings = int(people.building.max()) + 1
    used = np.unique(people.unit, return_index=True)[1]
    n_units = np.bincount(people.building[used], minlength=n_buildings)
    one = n_units[people.building] == 1
    shared = np.where(one, int(people.unit.max()) + 1 + people.dwelling, people.unit)
    return people.building, shared.astype(np.int32), True


def _members(adult: Ints, group: Ints, weight: Floats) -> tuple[NDArray[np.int32], NDArray[np.int64], Floats]:
    """Adults sorted by group, the first place of each group (and the end), and their cumulated weights."""
    order = np.argsort(group[adult], kind="stable")
    member = adult[order].astype(np.int32)
    own = group[member]
    first = np.append(np.flatnonzero(np.append(True, own[1:] != own[:-1])), len(member)).astype(np.int64)
    return member, first, np.concatenate([[0.0], np.cumsum(weight[member])])


def _neighbouring(spec: CommunitySpec, people: Population, member: Ints, first: Ints) -> Floats:
    """How much neighbours keep up with each other in each group's estate."""
    factor = np.array([float(estate.neighbouring) for estate in spec.estates.values()])
    return np.asarray(factor[people.estate[member[first[:-1]]]], float)


def _shared_out(whole: int, weight: Floats) -> NDArray[np.int64]:
    """`whole` ties shared out over groups by `weight`, in whole numbers that add up to it."""
    if weight.sum() <= 0:
        return np.zeros(len(weight), np.int64)
    cuts = np.rint(whole * np.cumsum(weight) / weight.sum()).astype(np.int64)
    return np.asarray(np.diff(cuts, prepend=0), np.int64)


def to_graph(people: Population, network: Network) -> networkx.Graph:
    """The network as a `networkx.Graph`: residents with their attributes, ties with `kind` (text)."""
    import networkx

    graph = networkx.Graph()
    columns = {name: getattr(people, name).tolist() for name in people.__dataclass_fields__}
    names = list(columns)
    graph.add_nodes_from(
        (number, dict(zip(names, values, strict=True)))
        for number, values in enumerate(zip(*columns.values(), strict=True))
    )
    rows = network.rows()
    once = rows < network.indices
    kinds = [KINDS[kind] for kind in network.kind[once]]
    graph.add_edges_from(
        (row, other, {"kind": kind})
        for row, other, kind in zip(rows[once].tolist(), network.indices[once].tolist(), kinds, strict=True)
    )
    return graph
