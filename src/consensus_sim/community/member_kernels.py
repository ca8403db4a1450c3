"""Ages within households, compiled: every member gets an age that makes sense beside the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from consensus_sim.kernels import kernel
from consensus_sim.randomness import child as child_key
from consensus_sim.randomness import normal, uniform

CORE, CHILD, TEEN, GROWN, ELDER = 0, 1, 2, 3, 4
YOUNG_LOW, YOUNG_HIGH, MIDDLE_HIGH, OLD_LOW, OLD_HIGH = 18, 35, 59, 60, 95


@kernel
def between(low: int, high: int, chance: float, bend: float) -> int:
    """A whole number in [low, high]; `bend` above 1 favours low ones, below 1 high ones."""
    if high <= low:
        return low
    return min(high, low + int((high - low + 1) * chance**bend))


@kernel
def folded(age: int, low: int, high: int) -> int:
    """`age`, reflected at the nearer bound if it lies outside [low, high], so that no age is heaped."""
    if age < low:
        age = 2 * low - age
    if age > high:
        age = 2 * high - age
    return min(high, max(low, age))


@kernel
def old_age(low: int, high: int, chance: float, years: NDArray[np.float64]) -> int:
    """An age in [low, high] within 60-95, distributed as the relative `years` (from 60 on)."""
    whole = 0.0
    for age in range(low, high + 1):
        whole += years[age - OLD_LOW]
    mark, age = chance * whole, low
    while age < high and mark >= years[age - OLD_LOW]:
        mark -= years[age - OLD_LOW]
        age += 1
    return age


@kernel
def core_bounds(row: NDArray[np.int64], is_young: bool, gap_low: int, gap_high: int) -> tuple[int, int, float]:
    """Lowest and highest age of a core adult under 60, and the bend, given who else is there."""
    kids, teens, grown, elders, mixed = (
        row[4] > 0,
        row[5] > 0,
        row[6] > 0,
        row[7] > 0,
        row[0] > 0 and row[1] > 0,
    )
    if is_young:
        low, high, bend = (32 if mixed else 20), YOUNG_HIGH, 0.8
        if kids and not mixed:
            low, bend = max(low, gap_low + 2), 0.6
        if elders:
            low = max(low, OLD_LOW - gap_high)
        return low, high, bend
    low, high, bend = (57 if row[2] > 0 else 36), (39 if mixed else MIDDLE_HIGH), 1.0
    if kids:
        high, bend = min(high, 52), 1.4
    if teens:
        low, high, bend = max(low, 17 + gap_low), min(high, 15 + gap_high), 1.2
    if grown:
        low, bend = max(low, YOUNG_LOW + gap_low + 2), 1.0
    if elders:
        bend = max(bend, 1.2)
    return low, max(low, high), bend


@kernel
def draw_core(
    key: np.uint64,
    row: NDArray[np.int64],
    member: int,
    first_age: int,
    husband: bool,
    gap_mean: float,
    gap_sd: float,
    gap_low: int,
    gap_high: int,
    years: NDArray[np.float64],
) -> int:
    """The age of core adult `member`; the second of a couple is near the first, older if `husband`."""
    low, high, bend = OLD_LOW, OLD_HIGH, 1.0
    if member < row[0] + row[1]:
        low, high, bend = core_bounds(row, member < row[0], gap_low, gap_high)
    if member == 1 and row[3] == 1:
        gap = int(np.rint(gap_mean + gap_sd * normal(key, 2)))
        return int(folded(first_age + (gap if husband else -gap), low, high))
    if low == OLD_LOW:
        return int(old_age(low, high, uniform(key, 10 + member), years))
    return int(between(low, high, uniform(key, 10 + member), bend))


@kernel
def draw_members(
    key: np.uint64,
    kind: NDArray[np.int64],
    start: NDArray[np.int64],
    table: NDArray[np.int64],
    years: NDArray[np.float64],
    gap_low: int,
    gap_high: int,
    gap_mean: float,
    gap_sd: float,
    age: NDArray[np.int16],
    role: NDArray[np.uint8],
    female: NDArray[np.uint8],
) -> None:
    """Fill age, role and sex of the members of every household.

    kind: (n_households,) type of each; start: (n_households + 1,) first member of each; table: (n_types, 8)
    as `households.MEMBERS`; years: (36,) relative frequency of the ages 60..95. `female` becomes 0 or 1 for
    couples, 2 (still open) for the others.
    """
    for household in range(kind.shape[0]):
        own = child_key(key, household)
        row = table[kind[household]]
        at = start[household]
        core = row[0] + row[1] + row[2]
        one_group = max(row[0], row[1], row[2]) == core
        woman_first = uniform(own, 1) < 0.5 or not one_group
        for member in range(core):
            husband = member == 1 and woman_first
            age[at + member] = draw_core(own, row, member, age[at], husband, gap_mean, gap_sd, gap_low, gap_high, years)
            role[at + member] = CORE
            female[at + member] = 2
            if row[3] == 1:
                female[at + member] = 1 if woman_first == (member == 0) else 0
        youngest, oldest = age[at], age[at]
        for member in range(1, core):
            youngest, oldest = min(youngest, age[at + member]), max(oldest, age[at + member])
        first = at
        at += core
        for number in range(row[4]):
            age[at] = between(max(0, oldest - gap_high), min(14, youngest - gap_low), uniform(own, 20 + number), 1.0)
            role[at], female[at] = CHILD, 2
            at += 1
        for number in range(row[5]):
            age[at] = between(15, 17, uniform(own, 30 + number), 1.0)
            role[at], female[at] = TEEN, 2
            at += 1
        for number in range(row[6]):
            low = max(YOUNG_LOW, oldest - gap_high)
            age[at] = between(low, min(YOUNG_HIGH, youngest - gap_low), uniform(own, 40 + number), 1.3)
            role[at], female[at] = GROWN, 2
            at += 1
        draw_elders(own, row[7], age[first], at, years, gap_low, gap_high, gap_mean, gap_sd, age, role, female)


@kernel
def draw_elders(
    key: np.uint64,
    n_elders: int,
    child_age: int,
    at: int,
    years: NDArray[np.float64],
    gap_low: int,
    gap_high: int,
    gap_mean: float,
    gap_sd: float,
    age: NDArray[np.int16],
    role: NDArray[np.uint8],
    female: NDArray[np.uint8],
) -> None:
    """Fill in the parents of the first core adult, who is `child_age` old: one, or a couple."""
    low, high = max(OLD_LOW, child_age + gap_low), min(OLD_HIGH, child_age + gap_high)
    for number in range(n_elders):
        if number == 0:
            age[at] = old_age(low, high, uniform(key, 50), years)
            female[at] = 2 if n_elders == 1 else 1
        else:
            gap = int(np.rint(gap_mean + gap_sd * normal(key, 3)))
            age[at + number] = folded(age[at] + gap, low, high)
            female[at + number] = 0
        role[at + number] = ELDER
