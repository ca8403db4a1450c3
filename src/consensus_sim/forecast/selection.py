"""Selection of the best of several packages in few runs: sequential elimination under common random numbers.

All candidates are simulated in small rounds. After each round a candidate is dropped when the leader is better with the
confidence asked for; what is left is simulated further until one candidate is left or all that are left lie surely
within the least difference of the leader (racing: Maron & Moore 1997, Artificial Intelligence Review 11; paired
comparisons with common random numbers: Nelson & Matejcik 1995, Management Science 41).

The probability that the best candidate is dropped is at most `error`, for values whose paired mean differences are
close to normal: look j of a comparison between `K` candidates spends error / ((K - 1) j (j + 1)), and these add up to
`error` over all looks and rivals (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from consensus_sim.forecast.summary import count_clusters, standard_error
from consensus_sim.study.draws import Draws, draw_number

Floats = NDArray[np.float64]
Sample = Callable[[Sequence[int], int, int], Floats]
"""`sample(candidates, first, count)`: the values of replicates first .. first + count - 1 of each of `candidates`,
(len(candidates), count), larger is better, NaN where undefined. Replicate r uses common random numbers in all."""
ENOUGH = 0.5
"""Share of replicates in which a candidate's value must be defined; a mean over fewer says little of the candidate."""


@dataclass(frozen=True, kw_only=True)
class Race:
    """Rules of a selection.

    first: replicates before the first look; batch: replicates added between looks; most: replicates a candidate at most
    error: probability, at most, of dropping the best; least: difference below which two candidates count as equal
    draws: whether every tenth replicate repeats a parameter draw, as in a study with uncertain parameters
    """

    first: int
    batch: int
    most: int
    error: float
    least: float
    draws: bool = True


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Outcome of a race.

    leader: the candidate with the best mean; left: the candidates that were not dropped, the leader among them, best
    first; equal: whether all of `left` lie within the least difference of the leader, with the confidence asked for
    dropped: candidate -> replicates after which it was dropped; values: candidate -> its replicates
    """

    leader: int
    left: tuple[int, ...]
    equal: bool
    dropped: dict[int, int]
    values: dict[int, Floats] = field(repr=False)

    @property
    def clear(self) -> bool:
        """True if only one candidate is left."""
        return len(self.left) == 1

    @property
    def runs(self) -> int:
        """Replicates simulated, over all candidates."""
        return sum(len(line) for line in self.values.values())


def clusters(replicates: int, rules: Race) -> Draws | None:
    """The parameter draw of each replicate; None where each stands for itself."""
    return draw_number(np.arange(replicates)) if rules.draws else None


def margin(differences: Floats, draws: Draws | None, error: float) -> tuple[Floats, Floats]:
    """Mean of each row of paired `differences` (rows, replicates) and the half-width of its one-sided interval with
    probability `error` beyond: Student's t over parameter draws; infinite with fewer than two of them.
    """
    from scipy.special import stdtrit

    defined = ~np.isnan(differences)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(defined, differences, 0.0).sum(axis=1) / defined.sum(axis=1)
    degrees = count_clusters(defined, draws) - 1
    width = standard_error(differences, draws) * stdtrit(np.maximum(degrees, 1).astype(float), 1.0 - error)
    return mean, np.where(degrees > 0, width, np.inf)


def select_best(sample: Sample, candidates: int, rules: Race) -> Selection:
    """Run a race between `candidates` (numbered from 0).

    A candidate whose value is defined in fewer than half of the replicates (`ENOUGH`) while another's is not drops out
    at the first look: an average over the few runs in which there was anything to average is not best.
    """
    values = {each: np.empty(0) for each in range(candidates)}
    left, looks, equal = list(values), 0, False
    dropped: dict[int, int] = {}
    while len(left) > 1 and not equal and (have := len(values[left[0]])) < rules.most:
        count = min(rules.batch if have else rules.first, rules.most - have)
        for each, line in zip(left, sample(left, have, count), strict=True):
            values[each] = np.concatenate([values[each], line])
        looks += 1
        array = np.array([values[each] for each in left])
        share = (~np.isnan(array)).mean(axis=1)
        known = share >= ENOUGH if (share >= ENOUGH).any() else np.ones(len(left), bool)
        means = np.where(known, _means(array), -np.inf)
        best = int(np.argmax(means))
        spent = rules.error / ((candidates - 1) * looks * (looks + 1))
        lead, width = margin(array[best] - array, clusters(array.shape[1], rules), spent)
        lead[best], width[best] = 0.0, 0.0
        kept = known & ~(lead > width)
        kept[best] = True
        dropped |= {each: array.shape[1] for each, stays in zip(left, kept, strict=True) if not stays}
        equal = bool((lead + width <= rules.least)[kept].all())
        order = np.argsort(-means, kind="stable")
        left = [left[place] for place in order if kept[place]]
    return Selection(leader=left[0], left=tuple(left), equal=equal, dropped=dropped, values=values)


def _means(array: Floats) -> Floats:
    """Mean of each row over its defined values; minus infinity without any."""
    defined = ~np.isnan(array)
    count = defined.sum(axis=1)
    return np.where(count > 0, np.where(defined, array, 0.0).sum(axis=1) / np.maximum(count, 1), -np.inf)
