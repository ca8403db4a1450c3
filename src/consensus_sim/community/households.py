"""Households of each type in each estate: types raked to the marginals, then rounded to whole numbers.

With prior share p_t of household type t, the expected number in estate e is

    n[e, t] = H_e p_t exp(a_e + b_e size_t + sum_k c_k f_kt),

where H_e are the estate's households and f_kt counts what the marginals count (residents by age band,
households with children). a, b, c are such that every estate has its households and residents and the
community its marginals: the distribution nearest to the prior in relative entropy (iterative proportional
updating; Ye, Konduri, Pendyala, Sana & Waddell 2009, Transportation Research Board 88th Annual Meeting
[M]). Whole numbers follow estate by estate; what is left of an age band in one estate is handed on to the
next.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from consensus_sim.community.spec import ROOT, CommunitySpec
from consensus_sim.errors import InputError, not_allowed, phrase

Floats = NDArray[np.float64]
MEMBERS = ("young", "middle", "old", "couple", "child", "teen", "grown", "elder")


def type_table(spec: CommunitySpec) -> NDArray[np.int64]:
    """The household types as numbers, shape (n_types, 8): the columns of `MEMBERS`."""
    types = spec.households.types.values()
    return np.array([[int(getattr(kind, name)) for name in MEMBERS] for kind in types], np.int64)


def _counted(table: NDArray[np.int64]) -> Floats:
    """What one household of each type adds to the marginals, shape (n_types, 5).

    Columns: residents of 0-14, 15-17, 18-35, 60 and more; households with children.
    """
    young, _, old, _, child, teen, grown, elder = table.T
    return np.column_stack([child, teen, young + grown, old + elder, child > 0]).astype(float)


def _sizes(table: NDArray[np.int64]) -> Floats:
    """Persons in a household of each type."""
    size: Floats = (table.sum(axis=1) - table[:, MEMBERS.index("couple")]).astype(float)
    return size


def household_counts(spec: CommunitySpec) -> NDArray[np.int64]:
    """Number of households of each type in each estate, shape (n_estates, n_types).

    Raises `InputError` if no mixture of the household types meets the estates' sizes and the marginals.
    """
    table = type_table(spec)
    size, counted = _sizes(table), _counted(table)
    prior = np.array([kind.share for kind in spec.households.types.values()])
    households = np.array([int(estate.households) for estate in spec.estates.values()], float)
    residents = np.array([int(estate.residents) for estate in spec.estates.values()], float)
    shares = spec.marginals
    old = float(shares.age_60_64) + float(shares.age_65_plus)
    bands = np.array([float(shares.age_0_14), float(shares.age_15_17), float(shares.age_18_35), old])
    wanted = np.append(bands * residents.sum(), float(shares.households_with_children) * households.sum())
    for name, people, homes in zip(spec.estates, residents, households, strict=True):
        if people > size.max() * homes:
            found = phrase("people_in_homes", people=int(people), homes=int(homes))
            most = phrase("at_most_a_household", most=int(size.max()))
            raise not_allowed(f"{ROOT}.estates.{name}.residents", found, most)
    expected = _raked(prior, size, counted, households, residents, wanted)
    if expected is None:
        each = zip(spec.estates, residents / households, strict=True)
        crowded = [f"{name} {persons:.2f}" for name, persons in each]
        raise InputError("no_mixture", where=f"{ROOT}.marginals", persons=crowded)
    counts = np.zeros(expected.shape, np.int64)
    left = np.zeros(counted.shape[1])
    for estate, row in enumerate(expected):
        target = row @ counted + left
        counts[estate] = _whole(row, size, counted, round(households[estate]), round(residents[estate]), target)
        left = target - counts[estate] @ counted
        if counts[estate] @ size != residents[estate] or counts[estate].sum() != households[estate]:
            name = list(spec.estates)[estate]
            found = phrase("people_in_homes", people=int(residents[estate]), homes=int(households[estate]))
            types = phrase("made_up_of_types", least=int(size.min()), most=int(size.max()))
            raise not_allowed(f"{ROOT}.estates.{name}.residents", found, types)
    return counts


def _raked(
    prior: Floats, size: Floats, counted: Floats, households: Floats, residents: Floats, wanted: Floats
) -> Floats | None:
    """The expected counts nearest to the prior that meet all targets (Newton on the convex dual); None if there are
    none.
    """
    n_estates, n_marginals = len(households), counted.shape[1]
    scale = 1 / households.sum()
    goal = np.concatenate([residents, wanted]) * scale

    def counts(dual: Floats) -> Floats:
        tilt = dual[:n_estates, None] * size + counted @ dual[n_estates:]
        mass = prior * np.exp(tilt - tilt.max(axis=1, keepdims=True))
        expected: Floats = households[:, None] * mass / mass.sum(axis=1, keepdims=True)
        return expected

    dual = np.zeros(n_estates + n_marginals)
    features = [np.zeros((len(prior), len(dual))) for _ in households]
    for estate, feature in enumerate(features):
        feature[:, estate], feature[:, n_estates:] = size, counted
    for _ in range(200):
        expected = counts(dual)
        gap = scale * sum(row @ feature for row, feature in zip(expected, features, strict=True)) - goal
        if np.abs(gap).max() < 1e-9:
            return expected
        curvature = np.zeros((len(dual), len(dual)))
        for row, feature, n in zip(expected, features, households, strict=True):
            mean = row @ feature
            curvature += scale * ((feature.T * row) @ feature - np.outer(mean, mean) / n)
        step: Floats = np.linalg.solve(curvature + 1e-10 * np.eye(len(dual)), gap)
        dual -= step * min(1.0, 1.0 / np.abs(step).max())
    return None


def _whole(
    expected: Floats, size: Floats, counted: Floats, households: int, residents: int, target: Floats
) -> NDArray[np.int64]:
    """Whole counts near `expected`: exact households and residents, nearly the `target` marginals.

    Starts from the largest remainders and exchanges one household for one of another type as long as that
    helps.
    """
    counts = np.floor(expected).astype(np.int64)
    remainder = expected - counts
    short = households - int(counts.sum())
    counts[np.argsort(-remainder, kind="stable")[:short]] += 1
    swap_size = size[None, :] - size[:, None]
    swap_counted = counted[None, :, :] - counted[:, None, :]
    for _ in range(10 * len(size)):
        size_gap = counts @ size - residents
        gap = counts @ counted - target
        drift = counts - expected
        change = (
            1e4 * ((size_gap + swap_size) ** 2 - size_gap**2)
            + ((gap + swap_counted) ** 2 - gap**2).sum(axis=2)
            + 0.01 * (2 * (drift[None, :] - drift[:, None]) + 2)
        )
        change[counts == 0, :] = np.inf
        np.fill_diagonal(change, np.inf)
        best = int(np.argmin(change))
        if change.flat[best] >= -1e-9:
            break
        leaving, coming = divmod(best, len(size))
        counts[leaving] -= 1
        counts[coming] += 1
    return counts
