"""Thinning: a large register is reduced by lot, because the package's algorithms take minutes from 1,000 people on.

A profile is a combination of quota features. Every person of a profile has the same probability of being kept, and
every profile keeps its share of the register, rounded up or down by lot: systematic sampling with unequal
probabilities over people sorted by profile (Madow 1949, Annals of Mathematical Statistics 20, 333-354).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from consensus_sim.tools.panel_draw.checks import Quotas

PER_SEAT = 16
"""People kept a seat, at most."""
MOST_PEOPLE = 500
"""People kept for a large panel, at most: maximin takes 28 s for 400 people, 74 s for 800, over 200 s for 2,000."""
PER_NEEDED_SEAT = 4
"""People kept a seat at least, and a seat that the quotas reserve for a value if the register has them: a rare value
keeps a choice."""
DRAWS = 20
"""Draws in search of one that holds a panel; one is enough unless the quotas can hardly be met."""

Codes = NDArray[np.int64]
"""One row a person, one column a feature: place of the person's value among the values of the feature."""


def pool_size(seats: int) -> int:
    """People who are kept of a larger register for a panel of `seats`."""
    return min(PER_SEAT * seats, max(MOST_PEOPLE, PER_NEEDED_SEAT * seats))


def value_codes(people: Sequence[Mapping[str, str]], quotas: Quotas) -> Codes:
    """Codes of all people, features and values in the order of the quotas."""
    places = {feature: {value: place for place, value in enumerate(values)} for feature, values in quotas.items()}
    return np.array([[places[f][person[f]] for f in quotas] for person in people], dtype=np.int64)


def probabilities(codes: Codes, quotas: Quotas, seats: int) -> NDArray[np.float64]:
    """Probability of each person to be kept: the same for all, but more for values that would run short."""
    people = len(codes)
    wanted = min(pool_size(seats), people)
    kept = np.full(people, wanted / people)
    for _ in range(50):
        before = kept.copy()
        for column, values in enumerate(quotas.values()):
            for place, (least, _most) in enumerate(values.values()):
                held = codes[:, column] == place
                needed, expected = min(PER_NEEDED_SEAT * least, int(held.sum())), kept[held].sum()
                if expected < needed:
                    kept[held] = np.minimum(kept[held] * (needed / expected), 1.0)
        kept *= min(1.0, wanted / kept.sum())
        if np.allclose(kept, before, rtol=1e-6):
            break
    return kept


def thin(
    codes: Codes, households: NDArray[np.int64], kept: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Places of the people who are kept, each with the probability `kept`.

    A household from which one person at most is expected names one by lot, with a chance in proportion to the members'
    probabilities, and the named person takes the probability of the whole household: nobody's own changes, and no
    two of the household are kept. Of a larger share of the register more may be kept; the draw then seats one.
    """
    crowded = np.bincount(households, kept)[households] > 1.0
    home = np.where(crowded, households.max() + 1 + np.arange(len(kept)), households)
    order = np.lexsort((rng.standard_exponential(len(kept)) / kept, home))
    homes, first = np.unique(home[order], return_index=True)
    named, share = order[first], np.bincount(home, kept)[homes]
    by_profile = np.lexsort((rng.random(len(named)), *codes[named].T[::-1]))
    passed = np.floor(np.cumsum(share[by_profile]) + rng.random())
    return np.sort(named[by_profile][np.diff(passed, prepend=0.0) > 0])


def holds_panel(codes: Codes, households: NDArray[np.int64], quotas: Quotas, seats: int) -> bool:
    """True if these people hold a panel within all quotas, with one person of a household at most."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array, vstack

    people = len(codes)
    rows, low, high = [np.ones(people)], [seats], [seats]
    for column, values in enumerate(quotas.values()):
        for place, (least, most) in enumerate(values.values()):
            rows.append((codes[:, column] == place).astype(float))
            low.append(least)
            high.append(most)
    home = np.unique(households, return_inverse=True)[1]
    at_home = csr_array((np.ones(people), (home, np.arange(people))))
    limits = LinearConstraint(
        vstack([csr_array(np.array(rows)), at_home]),
        np.append(low, np.zeros(at_home.shape[0])),
        np.append(high, np.ones(at_home.shape[0])),
    )
    found = milp(
        np.zeros(people), constraints=limits, bounds=Bounds(0, 1), integrality=np.ones(people),
        options={"time_limit": 5.0},
    )  # fmt: skip
    return bool(found.status != 2)  # 2: there is none; out of time, the package decides


def thin_register(
    people: Sequence[Mapping[str, str]], households: Sequence[int], quotas: Quotas, seats: int, seed: int
) -> list[int]:
    """Places of the people who are kept of a large register, in its order; the same seed keeps the same people."""
    codes, homes = value_codes(people, quotas), np.array(households, dtype=np.int64)
    rng, kept = np.random.default_rng(seed), probabilities(codes, quotas, seats)
    for _ in range(DRAWS):
        places = thin(codes, homes, kept, rng)
        if holds_panel(codes[places], homes[places], quotas, seats):
            break
    return [int(place) for place in places]
