"""Tables of a choice: packages and their front, goals, regret, what to find out, structural alternatives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from consensus_sim.experiments.choose.choice import (
    HOURS,
    MONEY,
    Choice,
    Chooser,
    Raced,
    found_in,
    mean_defined,
)
from consensus_sim.experiments.choose.packages import (
    Package,
    config_with,
    name_of,
)
from consensus_sim.forecast.information import Worth, worth_knowing
from consensus_sim.forecast.selection import margin
from consensus_sim.study.study import read_study

if TYPE_CHECKING:
    import pandas as pd


Floats = NDArray[np.float64]


def front(utility: Floats, money: Floats) -> NDArray[np.bool_]:
    """Packages for which no other is at least as good and as cheap and better in one: (packages,)."""
    better = (utility[None, :] >= utility[:, None]) & (money[None, :] <= money[:, None])
    strictly = (utility[None, :] > utility[:, None]) | (money[None, :] < money[:, None])
    beaten: NDArray[np.bool_] = np.asarray((better & strictly).any(axis=1))
    return ~beaten


def front_probability(utility: Floats, money: Floats, samples: int, seed: int) -> Floats:
    """Share of bootstrap samples over replicates in which each package lies on the front: (packages,).

    utility, money: (packages, replicates) under common random numbers
    """
    rng, number = np.random.default_rng(seed), utility.shape[1]
    hits = np.zeros(len(utility))
    for _ in range(samples):
        rows = rng.integers(0, number, number)
        hits += front(np.nan_to_num(mean_defined(utility[:, rows]), nan=-np.inf), mean_defined(money[:, rows]))
    return hits / samples


def packages_table(chooser: Chooser, raced: Raced, choice: Choice) -> pd.DataFrame:
    """One row a package in the race: means at the first look, when it dropped out, and whether it lies on the front."""
    import pandas as pd

    utility, money = chooser.goals.utility(raced.first), raced.first.values[MONEY]
    lead = utility - utility[:1]
    on_front = front(np.nan_to_num(mean_defined(utility), nan=-np.inf), mean_defined(money))
    return pd.DataFrame(
        {
            "package": [scenario.name for scenario in raced.study.scenarios],
            "chosen": [number == choice.chosen for number in range(len(raced.packages))],
            "within_budget": raced.inside,
            "replicates": [len(raced.selection.values[number]) for number in range(len(raced.packages))],
            "dropped": [raced.selection.dropped.get(number, 0) for number in range(len(raced.packages))],
            "gain": mean_defined(lead),
            "money": mean_defined(money),
            "hours": mean_defined(raced.first.values[HOURS]),
            **{name: mean_defined(raced.first.values[name]) for name in chooser.goals.metrics},
            "front": on_front,
            "p_front": front_probability(utility, money, chooser.settings.permutations, chooser.base.seed),
        }
    )


def by_goal_table(chooser: Chooser, raced: Raced, choice: Choice) -> pd.DataFrame:
    """One row a goal: the package within the budget that is best for it alone, its lead over the chosen one in the unit
    of the metric (positive is better), and whether the lead is surely above zero (`error`, over all packages).
    """
    import pandas as pd

    names = [scenario.name for scenario in raced.study.scenarios]
    draws = None if chooser.base.parameters == "centre" else chooser.base.draws(chooser.settings.first)
    rows = []
    for name, factor in zip(chooser.goals.metrics, chooser.goals.factors, strict=True):
        values = np.sign(factor) * raced.first.values[name]
        means = np.where(raced.inside, np.nan_to_num(mean_defined(values), nan=-np.inf), -np.inf)
        best = int(np.argmax(means))
        rivals = max(len(names) - 1, 1)
        lead, width = margin(values[[best]] - values[[choice.chosen]], draws, chooser.settings.error / rivals)
        rows.append({"metric": name, "best": names[best], "lead": float(lead[0]), "sure": bool(lead[0] > width[0])})
    return pd.DataFrame(rows)


def regret_table(utility: Floats, names: Sequence[str]) -> pd.DataFrame:
    """One row a finalist: mean utility it falls short of the best in each draw, and the share of draws in which it is
    the best.

    utility: (finalists, draws)
    """
    import pandas as pd

    best = utility.max(axis=0)
    return pd.DataFrame(
        {"package": names, "regret": (best - utility).mean(axis=1), "p_best": (utility == best).mean(axis=1)}
    )


WORTH = ("parameter", "value", "p", "below", "flip", "above")


def worth_table(
    utility: Floats, parameters: Mapping[str, Floats], names: Sequence[str], permutations: int, seed: int
) -> pd.DataFrame:
    """One row a parameter, what is worth most first: the value of knowing it, in least differences, its p value times
    the number of parameters (Bonferroni), and the first value at which the choice turns.

    utility: (finalists, draws)
    """
    import pandas as pd

    varied = {name: line for name, line in parameters.items() if np.ptp(line) > 0}
    rows = []
    for name, line in varied.items():
        worth: Worth = worth_knowing(utility, line, permutations, seed)
        flip = worth.flips[0] if worth.flips else (np.nan, worth.below)
        p = min(1.0, worth.p * len(varied))
        rows.append((name, worth.value, p, names[worth.below], flip[0], names[flip[1]]))
    found = pd.DataFrame(rows, columns=list(WORTH))
    return found.sort_values(["value", "parameter"], ascending=[False, True]).reset_index(drop=True)


def structure_table(chooser: Chooser, finalists: Sequence[Package]) -> pd.DataFrame:
    """One row a structural alternative: the best finalist under it, the lead of the best over the chosen one (the first
    finalist), and whether the chosen one surely loses.
    """
    import pandas as pd

    rows = []
    for name, config in chooser.alternatives.items():
        counted = {**config, "replicates": chooser.settings.structural}
        study = read_study(config_with(finalists, chooser.settings, counted))
        community = chooser.simulator.community(config["community"])
        utility = chooser.goals.utility(found_in(chooser.simulator.forecast(study, community), chooser.goals.metrics))
        names = [scenario.name for scenario in study.scenarios]
        chosen = names.index(name_of(finalists[0], chooser.settings.interventions, study.reference))
        best = int(np.argmax(np.nan_to_num(mean_defined(utility), nan=-np.inf)))
        draws = study.draws()
        lead, width = margin(utility[[best]] - utility[[chosen]], draws, chooser.settings.error / len(names))
        label = chooser.settings.alternatives[name].label
        rows.append(
            {"alternative": name, "label_zh": label["zh"], "label_en": label["en"], "best": names[best],
             "lead": float(lead[0]), "loses": bool(best != chosen and lead[0] > width[0])}
        )  # fmt: skip
    columns = ["alternative", "label_zh", "label_en", "best", "lead", "loses"]
    return pd.DataFrame(rows, columns=columns)
