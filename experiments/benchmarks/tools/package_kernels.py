"""The kernels of consensus_sim: float32 columns, separate passes, work in proportion to who comes. Ties lie as in the
model: in rows to reach the neighbours of the few attendees, in diagonals for what moves along all of them.

What the package has is used as it is: keyed chance, practice (`gain_saturating`), habit (`fade`), the memory of
neighbours who attended (`remember_ties`), the layouts of ties, made once per network (`lay_out`, `mirror_weights`). The
decision and the drift of opinions are written here in the same style: blocks of residents whose utilities and chances
are worked out without a branch, an exponential only for the few whom a cheap bound leaves in question, selects instead
of branches along ties, unsigned indices, and sums in eight lanes of fixed order. No fastmath: the numbers are the same
on every machine.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import reduced_workload as w

from consensus_sim.dynamics.awareness import mirror_weights
from consensus_sim.dynamics.learning import fade, gain_saturating
from consensus_sim.dynamics.measures import weighted_sum
from consensus_sim.dynamics.participation import logistic, remember_ties
from consensus_sim.dynamics.ties import Diagonals, lay_out
from consensus_sim.kernels import BLOCK, kernel
from consensus_sim.randomness import uniform

COMPILED = True
ZERO, ONE = np.float32(0.0), np.float32(1.0)


@kernel
def decide(
    key: Any, common: Any, habit: Any, neighbours_came: Any, by_habit: Any, by_neighbours: Any, utility: Any,
    chance: Any, came: Any,
) -> int:  # fmt: skip
    """Who comes; returns how many, their numbers ascending in the first places of `came`.

    For a utility u < 0, e^-u is more than its Taylor sum 1 + v + v^2/2 + v^3/6 + v^4/24 with v = -u, so who has
    chance (1 + sum) >= 1 stays away and needs no exponential.
    """
    n, n_came = common.shape[0], np.uint64(0)
    for start in range(0, n, BLOCK):
        size = min(BLOCK, n - start)
        for k in range(np.uint64(size)):
            i = np.uint64(start) + k
            u = common[i] + by_habit * habit[i] + by_neighbours * neighbours_came[i]
            v = max(ZERO, -u)
            least = ONE + v * (ONE + v * (np.float32(0.5) + v * (np.float32(1 / 6) + v * np.float32(1 / 24))))
            draw = uniform(key, i)
            utility[k] = u
            # Rounding of the sum must not turn anybody away who would come: hence a little less than the sum.
            chance[k] = draw if draw * (1.0 + 0.9999 * least) < 1.0 or u > ZERO else 2.0
        for k in range(np.uint64(size)):
            if chance[k] < 1.0 and chance[k] < logistic(utility[k]):
                came[n_came] = np.uint64(start) + k
                n_came += np.uint64(1)
    return n_came


@kernel
def trace_habit(habit: Any, who: Any, before: Any, gain: float, keep: float) -> None:
    """Habit of `who` grows from what it was before, that of the others fades."""
    for row in range(who.shape[0]):
        before[row] = habit[who[row]]
    fade(habit, keep)
    for row in range(who.shape[0]):
        habit[who[row]] = before[row] + np.float32(gain) * (ONE - before[row])


@kernel
def drift_opinions(ties: Diagonals, opinion: Any, pull: Any, reach: Any, out: Any) -> None:
    """x_i + pull (mean of the neighbours' x_j with |x_j - x_i| < reach, minus x_i), all residents at once."""
    own, total, near = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    others = np.empty(ties.longest, np.float32)
    for b in range(ties.first.shape[0] - 1):
        low = np.uint64(b * BLOCK)
        size = np.uint64(min(BLOCK, out.shape[0] - b * BLOCK))
        for k in range(size):
            own[k], total[k], near[k] = opinion[np.uint32(ties.order[low + k])], ZERO, ZERO
        base = np.uint64(ties.start[ties.first[b]])
        for e in range(np.uint64(ties.start[ties.first[b + 1]]) - base):
            others[e] = opinion[np.uint32(ties.indices[base + e])]
        for g in range(ties.first[b], ties.first[b + 1]):
            place = np.uint64(ties.start[g]) - base
            for k in range(np.uint64(ties.start[g + 1]) - np.uint64(ties.start[g])):
                apart = others[place + k] - own[k]
                close = abs(apart) < reach
                total[k] += apart if close else ZERO
                near[k] += ONE if close else ZERO
        for k in range(size):
            total[k] = own[k] + pull * total[k] / max(near[k], ONE)
        for k in range(size):
            out[np.uint32(ties.order[low + k])] = total[k]


@kernel
def variance(column: Any, apart: Any, weight: Any) -> float:
    """Population variance of `column` (n,), about its mean; `apart` (n,) is working space, `weight` ones."""
    mean = np.float32(weighted_sum(column, weight) / column.shape[0])
    for i in range(column.shape[0]):
        apart[i] = (column[i] - mean) ** 2
    return weighted_sum(apart, weight) / column.shape[0]


class State(NamedTuple):
    """Columns, and ties in both layouts."""

    keys: Any
    common: Any
    skill: Any
    habit: Any
    opinion: Any
    indptr: Any
    indices: Any
    mirror: Any
    ties: Any


def prepare(inputs: w.Inputs, shared: bool) -> State:
    """float32 columns; each tie with the weight that it has in the other's row. Chance is keyed in any case."""
    cognition, skill, habit, trust, opinion = inputs.columns.astype(np.float32)
    common = w.BASE + w.INCENTIVE + w.COGNITION * cognition + w.TRUST * trust - np.array(w.COST)[inputs.group]
    degree = np.diff(inputs.indptr)
    weight = np.repeat(1.0 / np.maximum(1, degree), degree).astype(np.float32)
    mirror = mirror_weights(inputs.indptr, inputs.indices, weight)
    ties = lay_out(inputs.indptr, inputs.indices, weight)
    columns = common.astype(np.float32), skill, habit, opinion
    return State(inputs.keys, *columns, inputs.indptr, inputs.indices, mirror, ties)


def run(state: State) -> Any:
    """All steps; records (steps, 3)."""
    keys, common, skill, habit, opinion, indptr, indices, mirror, ties = state
    n = len(common)
    number = np.float32
    points, neighbours_came, all_of_them = np.zeros(n, np.int32), np.zeros(n, number), np.ones(n, number)
    rows, before, moved, apart = np.empty(n, np.int32), np.empty(n, number), np.empty(n, number), np.empty(n, number)
    utility, chance = np.empty(BLOCK, number), np.empty(BLOCK)
    records = np.empty((len(keys), 3))
    for step, key in enumerate(keys):
        size = decide(
            key, common, habit, neighbours_came, number(w.HABIT), number(w.NEIGHBOURS), utility, chance, rows
        )  # fmt: skip
        came = rows[:size]
        gain_saturating(skill, came, w.PRACTICE)
        points[came] += w.POINTS
        trace_habit(habit, came, before, w.HABIT_GAIN, w.HABIT_KEEP)
        fade(neighbours_came, 0.0)
        remember_ties(came, indptr, indices, mirror, neighbours_came)
        drift_opinions(ties, opinion, number(w.PULL), number(w.REACH), moved)
        opinion, moved = moved, opinion
        records[step] = size / n, weighted_sum(skill, all_of_them) / n, variance(opinion, apart, all_of_them)
    return records
