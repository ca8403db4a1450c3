"""D8, D11: trust by prediction error on seen outcomes; changes of cognition and trust drift along ties."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.kernels import kernel
from consensus_sim.randomness import uniform


class TrustParameters(NamedTuple):
    """P39, P40: steps (share), ratio, chances to see, patience in weeks; see configs/behaviour."""

    gain: float
    loss_ratio: float
    efficacy_gain: float
    visible_notice: float
    visible_online: float
    visible_tie: float
    visible_stake: float
    patience: float
    late_outcome: float
    return_half_life: float


@kernel
def see_outcome(
    key: np.uint64,
    outcome: float,
    adult: NDArray[np.bool_],
    stake: NDArray[np.float32],
    low: int,
    took_part: NDArray[np.bool_],
    ties_took_part: NDArray[np.float32],
    nearness: NDArray[np.float32],
    online_user: NDArray[np.bool_],
    notice: float,
    online: float,
    p: TrustParameters,
    trust: NDArray[np.float32],
    seen: NDArray[np.int32],
) -> int:
    """Residents who see the outcome of a matter move their trust towards it; returns how many saw it, listed in `seen`.

    T_i <- T_i + chi (o - T_i), chi larger by `loss_ratio` if o < T_i (D8): trust is the expected delivery. Pr(sees) =
    1 for who took part, else 1 - (1 - notice nearness_i)(1 - online O_i)(1 - v_tie n_i)(1 - v_stake S_i); P40.
    `stake` covers the residents `low`..`low + len(stake)`, others have stake 0. With no notice and no online
    publication only those who live where the matter lies, took part or have ties who did can see it.
    """
    n_seen = 0
    high = low + stake.shape[0]
    everywhere = notice > 0.0 or online > 0.0
    for i in range(adult.shape[0]):
        inside = low <= i < high
        if not adult[i] or not (everywhere or inside or took_part[i] or ties_took_part[i] > 0.0):
            continue
        if not took_part[i]:
            unseen = (1.0 - notice * nearness[i]) * (1.0 - p.visible_tie * ties_took_part[i])
            if online_user[i]:
                unseen *= 1.0 - online
            if inside:
                unseen *= 1.0 - p.visible_stake * stake[i - low]
            if uniform(key, i) < unseen:
                continue
        error = outcome - trust[i]
        trust[i] += (p.gain if error >= 0.0 else min(1.0, p.loss_ratio * p.gain)) * error
        seen[n_seen] = i
        n_seen += 1
    return n_seen


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
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    weight: NDArray[np.float32],
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
    its mean at the start, `change` (n, 2) working space.
    """
    n = trust.shape[0]
    for i in range(n):
        change[i, 0] = (cognition[0, i] + cognition[1, i] + cognition[2, i]) / np.float32(3.0) - start_cognition[i]
        change[i, 1] = trust[i] - start_trust[i]
    step = np.float32(rate)
    one, zero = np.float32(1.0), np.float32(0.0)
    for i in range(n):
        if indptr[i] == indptr[i + 1]:
            continue
        around_cognition, around_trust = zero, zero
        for e in range(indptr[i], indptr[i + 1]):
            j = indices[e]
            around_cognition += weight[e] * change[j, 0]
            around_trust += weight[e] * change[j, 1]
        moved = step * (around_cognition - change[i, 0])
        if moved != zero:
            for row in range(3):
                cognition[row, i] = min(one, max(zero, cognition[row, i] + moved))
        moved = step * (around_trust - change[i, 1])
        if moved != zero:
            trust[i] = min(one, max(zero, trust[i] + moved))
