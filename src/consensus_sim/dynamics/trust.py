"""Trust by prediction error on outcomes seen (D8); drift of cognition and trust along ties (D11)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.dynamics.ties import Diagonals
from consensus_sim.kernels import BLOCK, kernel
from consensus_sim.randomness import uniform


class TrustParameters(NamedTuple):
    """P39, P40: steps and shares, ratio, probabilities to see, patience in weeks; see configs/behaviour."""

    gain: float
    loss_ratio: float
    visible_notice: float
    visible_online: float
    visible_near: float
    patience: float
    reason: float
    return_half_life: float


class Outcome(NamedTuple):
    """An outcome of a topic and how it is published."""

    worth: float
    """o in [0, 1]."""
    low: int
    """First resident who lives where the topic arose."""
    stake: NDArray[np.float32]
    """(m,) stakes of the residents `low`..`low + m`; all others have stake 0."""
    notice: float
    """Probability that a notice next door is read."""
    online: float
    """Probability that an online user reads of it."""


class Witnesses(NamedTuple):
    """Inputs that determine the residents who see an outcome; n residents."""

    adult: NDArray[np.bool_]
    """(n,)."""
    took_part: NDArray[np.bool_]
    """(n,) flags of those who see it for certain."""
    ties_took_part: NDArray[np.float32]
    """(n,) n_i: weight of the ties who took part lately."""
    nearness: NDArray[np.float32]
    """(n,) to the notice."""
    online_user: NDArray[np.bool_]
    """(n,)."""


@kernel
def see_outcome(
    key: np.uint64, outcome: Outcome, who: Witnesses, p: TrustParameters, trust: NDArray[np.float32],
    seen: NDArray[np.int32],
) -> int:  # fmt: skip
    """Residents who see an outcome move their trust towards its worth; returns how many saw it, listed in `seen`.

    T_i <- T_i + chi (o - T_i), chi larger by `loss_ratio` if o < T_i (D8): trust is the expected delivery. Pr(sees) =
    1 for residents who took part, else 1 - (1 - notice nearness_i)(1 - online O_i)(1 - v_near n_i)(1 - v_near S_i);
    P40. With no notice and no online publication only residents who live where the topic arose, took part or have ties
    who did can see it.
    """
    worth, low, stake, notice, online = outcome.worth, outcome.low, outcome.stake, outcome.notice, outcome.online
    adult, took_part, ties_took_part = who.adult, who.took_part, who.ties_took_part
    nearness, online_user = who.nearness, who.online_user
    n, n_seen = adult.shape[0], np.uint64(0)
    high = low + stake.shape[0]
    everywhere = notice > 0.0 or online > 0.0
    flag, listed = np.empty(BLOCK, np.uint8), np.empty(BLOCK, np.uint32)
    for start in range(0, n, BLOCK):
        base, size = np.uint64(start), np.uint64(min(BLOCK, n - start))
        if start + BLOCK > low and start < high:
            for k in range(size):
                flag[k] = adult[base + k]
        else:  # nobody here has a stake, which leaves a loop without branches
            for k in range(size):
                i = base + k
                unseen = (1.0 - notice * nearness[i]) * (1.0 - p.visible_near * ties_took_part[i])
                unseen *= 1.0 - online if online_user[i] else 1.0
                flag[k] = adult[i] & (took_part[i] | (uniform(key, i) >= unseen))
        n_listed = np.uint64(0)
        for k in range(size):
            listed[n_listed] = k
            n_listed += np.uint64(flag[k])
        for place in range(n_listed):
            i = base + np.uint64(listed[place])
            if not took_part[i]:
                inside = low <= np.int64(i) < high
                if not (everywhere or inside or ties_took_part[i] > 0.0):
                    continue
                unseen = (1.0 - notice * nearness[i]) * (1.0 - p.visible_near * ties_took_part[i])
                if online_user[i]:
                    unseen *= 1.0 - online
                if inside:
                    unseen *= 1.0 - p.visible_near * stake[np.int64(i) - low]
                if uniform(key, i) < unseen:
                    continue
            error = worth - trust[i]
            trust[i] += (p.gain if error >= 0.0 else min(1.0, p.loss_ratio * p.gain)) * error
            seen[n_seen] = i
            n_seen += np.uint64(1)
    return int(n_seen)


@kernel
def move_efficacy(
    efficacy: NDArray[np.float32], who: NDArray[np.int32], outcome: float, gain: float, loss_ratio: float
) -> None:
    """E_i <- E_i + chi_E (o - E_i) for `who` by own success (o = 1) or failure (o = 0); losses weigh `loss_ratio`
    times (D8).
    """
    for row in range(who.shape[0]):
        i = who[row]
        error = outcome - efficacy[i]
        efficacy[i] += (gain if error >= 0.0 else min(1.0, gain * loss_ratio)) * error


@kernel
def drift_along_ties(
    ties: Diagonals,
    rate: float,
    cognition: NDArray[np.float32],
    trust: NDArray[np.float32],
    start_cognition: NDArray[np.float32],
    start_trust: NDArray[np.float32],
    change: NDArray[np.float32],
) -> None:
    """Changes of cognition and trust spread along ties at `rate` a week (D11), all residents at once.

    With c_i the resident's mean change of cognition since the start: c_i <- c_i + iota (sum_j w_ij c_j - c_i),
    likewise trust. The drift acts on changes, not on levels: differences between neighbours at the start are taken to
    be in balance, so a community in which nothing happens stays as it is. `cognition` (3, n), `start_cognition` (n,)
    its mean at the start, `change` (2, n) working space. Who has no ties does not drift.
    """
    of_cognition, of_trust = change
    third, zero, one = np.float32(3.0), np.float32(0.0), np.float32(1.0)
    step = np.float32(rate)
    for i in range(np.uint64(trust.shape[0])):
        of_cognition[i] = (cognition[0, i] + cognition[1, i] + cognition[2, i]) / third - start_cognition[i]
        of_trust[i] = trust[i] - start_trust[i]
    around_cognition, around_trust = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    near_cognition, near_trust = np.empty(ties.longest, np.float32), np.empty(ties.longest, np.float32)
    for b in range(ties.first.shape[0] - 1):
        base, end = np.uint64(ties.start[ties.first[b]]), np.uint64(ties.start[ties.first[b + 1]])
        for e in range(end - base):
            j, w = np.uint32(ties.indices[base + e]), ties.weight[base + e]
            near_cognition[e], near_trust[e] = w * of_cognition[j], w * of_trust[j]
        around_cognition[:], around_trust[:] = zero, zero
        tied = np.uint64(0)
        for g in range(ties.first[b], ties.first[b + 1]):
            place, length = np.uint64(ties.start[g]) - base, np.uint64(ties.start[g + 1] - ties.start[g])
            tied = max(tied, length)
            for k in range(length):
                around_cognition[k] += near_cognition[place + k]
            for k in range(length):
                around_trust[k] += near_trust[place + k]
        for k in range(tied):
            who = np.uint32(ties.order[np.uint64(b * BLOCK) + k])
            moved = step * (around_cognition[k] - of_cognition[who])
            for row in range(3):
                cognition[row, who] = min(one, max(zero, cognition[row, who] + moved))
            moved = step * (around_trust[k] - of_trust[who])
            trust[who] = min(one, max(zero, trust[who] + moved))
