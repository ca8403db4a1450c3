"""The ties: laid out as promised, as many as the spec says, and like to like."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.community import Community, TieKind, load_community


def test_rows_are_symmetric_sorted_and_simple(community: Community) -> None:
    """Every tie in both rows with one kind, ascending, none to oneself, none twice."""
    network, rows = community.network, community.network.rows()
    n = community.n_residents
    assert network.indptr.dtype == np.int64 and network.indices.dtype == np.int32
    assert network.kind.dtype == np.uint8 and network.weight.dtype == np.float32
    assert network.indptr[0] == 0 and network.indptr[-1] == len(network.indices) == 2 * network.n_ties
    pair = rows * n + network.indices
    assert (np.diff(pair) > 0).all()
    assert (rows != network.indices).all()
    back = network.indices * np.int64(n) + rows
    order = np.argsort(back)
    assert (back[order] == pair).all()
    assert (network.kind[order] == network.kind).all()


def test_weights_of_a_row_sum_to_one(community: Community) -> None:
    """And stand in the proportions of the spec."""
    network = community.network
    sums = np.bincount(network.rows(), network.weight, minlength=community.n_residents)
    assert sums[network.degree > 0] == pytest.approx(1.0, abs=1e-5)
    given = community.spec.network.tie_weight
    weights = np.array([float(getattr(given, kind.name.lower())) for kind in TieKind])
    raw = weights[network.kind]
    ratio = network.weight / raw
    first = network.indptr[:-1][network.degree > 0]
    assert ratio == pytest.approx(np.repeat(ratio[first], network.degree[network.degree > 0]), rel=1e-5)


def test_kinds_join_who_they_should(community: Community) -> None:
    """Household ties join all of one dwelling; the others adults of one place or interest."""
    people, network, rows = community.population, community.network, community.network.rows()
    other, kind = network.indices, network.kind
    same_home = people.dwelling[rows] == people.dwelling[other]
    assert (same_home == (kind == TieKind.HOUSEHOLD)).all()
    size = np.bincount(people.household)[people.household]
    assert (network.degree_of(TieKind.HOUSEHOLD) == size - 1).all()
    outside = kind != TieKind.HOUSEHOLD
    assert people.adult[rows[outside]].all()
    for tie, place in (
        (TieKind.UNIT, people.unit),
        (TieKind.BUILDING, people.building),
        (TieKind.MICRO_GRID, people.micro_grid),
        (TieKind.INTEREST, people.interest),
    ):
        chosen = kind == tie
        assert chosen.any()
        assert (place[rows[chosen]] == place[other[chosen]]).all()
    chosen = kind == TieKind.BUILDING
    assert (people.unit[rows[chosen]] != people.unit[other[chosen]]).all()


def test_mean_degrees_are_met(community: Community) -> None:
    """Ties are counted, not drawn one by one: exact up to rounding to whole ties."""
    table = community.marginals()
    degrees = table[table["name"].str.startswith("degree_")]
    assert len(degrees) == 5
    adults = community.population.adult.sum()
    assert (degrees["target"] - degrees["achieved"]).abs().max() <= 1.01 / adults


def test_near_isolates(case_study: Community) -> None:
    """20-25 % of adults have next to no tie outside the home (P41); more of the tenants (L43)."""
    people = case_study.population
    isolated = case_study.network.degree_outside <= 1
    assert 0.20 <= isolated[people.adult].mean() <= 0.25
    assert isolated[people.adult & people.tenant].mean() > isolated[people.adult & ~people.tenant].mean()


def common_odds(community: Community, kinds: tuple[int, ...], column: np.ndarray, within: np.ndarray) -> float:
    """Mantel-Haenszel odds of a tie for same against other `column`, in strata of the pair's `within`.

    Only adults with a tie outside the home count. A stratum is the unordered pair of the values of `within`.
    """
    people, network = community.population, community.network
    social = people.adult & (network.degree_outside > 0)
    rows, other = network.rows(), network.indices
    ties = np.isin(network.kind, kinds) & (rows < other)
    a, b = rows[ties], other[ties]
    values, groups = np.unique(within[social]), np.unique(column[social])
    counts = np.array([[(social & (within == v) & (column == g)).sum() for g in groups] for v in values], float)
    top = bottom = 0.0
    for i in range(len(values)):
        for j in range(i, len(values)):
            pairs = np.outer(counts[i], counts[j]) / (2 if i == j else 1)
            here = (within[a] == values[i]) & (within[b] == values[j])
            here |= (within[a] == values[j]) & (within[b] == values[i])
            same = column[a[here]] == column[b[here]]
            same_pairs, other_pairs = np.trace(pairs), pairs.sum() - np.trace(pairs)
            whole = same_pairs + other_pairs
            top += same.sum() * other_pairs / whole
            bottom += (~same).sum() * same_pairs / whole
    return top / bottom


def test_homophily_is_of_the_size_of_the_spec(case_study: Community) -> None:
    """Odds 2.5 by age and by tenure, measured on community-wide ties in strata of the other.

    Tolerance 25 %: 13,500 ties give a standard error of 2 %; unequal sociability does the rest.
    """
    people, kinds = case_study.population, (TieKind.INTEREST, TieKind.ONLINE)
    assert common_odds(case_study, kinds, people.age_group, people.tenant) == pytest.approx(2.5, rel=0.25)
    assert common_odds(case_study, kinds, people.tenant, people.age_group) == pytest.approx(2.5, rel=0.25)


def test_no_homophily_gives_even_odds() -> None:
    """With odds of 1 the measure returns 1, so it distinguishes homophily from none."""
    even = load_community(overrides={"network.homophily.age": 1.0, "network.homophily.tenure": 1.0})
    people = even.population
    odds = common_odds(even, (TieKind.INTEREST,), people.age_group, people.tenant)
    assert odds == pytest.approx(1.0, rel=0.15)


def test_neighbouring_is_stronger_in_guaranteed_housing(case_study: Community) -> None:
    """The sign of L45, for ties of unit, building and micro-grid."""
    people, network = case_study.population, case_study.network
    near = sum(network.degree_of(kind) for kind in (TieKind.UNIT, TieKind.BUILDING, TieKind.MICRO_GRID))
    mean = [near[people.adult & (people.estate == estate)].mean() for estate in range(5)]
    assert mean[4] > 1.2 * max(mean[:4])


def test_online_ties_are_the_young_ones(case_study: Community) -> None:
    """Elders have fewer of them than the young."""
    people, online = case_study.population, case_study.network.degree_of(TieKind.ONLINE)
    assert online[people.elder].mean() < 0.5 * online[people.young].mean()


def test_networkx_graph_is_the_same(teaching: Community) -> None:
    """Nodes with attributes, ties with kinds; built once."""
    graph, network = teaching.graph, teaching.network
    assert graph is teaching.graph
    assert graph.number_of_nodes() == teaching.n_residents
    assert graph.number_of_edges() == network.n_ties
    assert [graph.degree[node] for node in range(teaching.n_residents)] == network.degree.tolist()
    rows = network.rows()
    for row, other, kind in zip(rows, network.indices, network.kind, strict=True):
        assert graph.edges[int(row), int(other)]["kind"] == TieKind(kind).name.lower()
    assert graph.nodes[7]["age"] == teaching.population.age[7]
    assert graph.nodes[7]["tenant"] == teaching.population.tenant[7]


def test_a_dense_wish_ends() -> None:
    """More ties than pairs: the network is left with fewer, and the building of it ends."""
    dense = load_community("teaching", overrides={"network.mean_degree.unit": 20.0, "network.isolates": 0.9})
    rows = dense.network.rows()
    assert (np.diff(rows * dense.n_residents + dense.network.indices) > 0).all()
    assert dense.network.degree_of(TieKind.UNIT).sum() < 20 * dense.population.adult.sum()
