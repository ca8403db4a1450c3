"""Chooses a package of interventions within a budget of money and staff hours.

Every intervention is off or at one of its options, on top of what is done now. In order:
1. where there are more packages than can be raced, a screening: some packages are simulated, and main effects, by least
   squares, predict goals and costs of all of them; those within the budget with the best prediction are raced;
2. the race (`forecast.selection`), in which those over the budget drop out at the first look;
3. the choice: the best; of several that are equally good the cheapest; what is done now, if nothing is surely better;
4. the last ones again under another seed, since the best of many looks better than it is: all numbers that are reported
   come from these runs, and so do the regret and what is worth finding out (`forecast.information`);
5. the same under structural alternatives: where the choice loses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from consensus_sim.experiments.choose.choice import (
    HOURS,
    MONEY,
    Choice,
    Chooser,
    Raced,
    Screening,
    choose,
    found_in,
    race,
    screen,
)
from consensus_sim.experiments.choose.tables import (
    by_goal_table,
    packages_table,
    regret_table,
    structure_table,
    worth_table,
)
from consensus_sim.experiments.runner import Command, Findings, of_forecast
from consensus_sim.study.draws import one_way

if TYPE_CHECKING:
    import pandas as pd

    from consensus_sim.forecast.forecast import Forecast
    from consensus_sim.study.scenario import Scenario


@dataclass(frozen=True)
class Chosen:
    """A choice: the forecast of the last packages, what is done now first, and the tables behind it."""

    forecast: Forecast
    chooser: Chooser
    screening: Screening
    raced: Raced
    choice: Choice
    tables: Mapping[str, pd.DataFrame]


def made(command: Command) -> Chosen:
    """Makes the choice that `command` asks for."""
    chooser = Chooser(command)
    settings, screening = chooser.settings, screen(chooser)
    raced = race(chooser, screening.raced)
    choice = choose(raced)
    finalists = [raced.packages[place] for place in choice.finalists]
    study = replace(chooser.study(finalists), seed=chooser.base.seed + 1)
    forecast = chooser.simulate(study, settings.final)
    found, names = found_in(forecast, chooser.goals.metrics), [scenario.name for scenario in study.scenarios]
    utility = one_way(chooser.goals.utility(found), forecast.study.draws()).mean
    tables = {
        "packages": packages_table(chooser, raced, choice),
        "by_goal": by_goal_table(chooser, raced, choice),
        "regret": regret_table(utility, names),
        "worth": worth_table(utility, forecast.drawn, names, settings.permutations, study.seed),
        "structure": structure_table(chooser, finalists),
    }
    return Chosen(forecast, chooser, screening, raced, choice, tables)


def run(command: Command) -> Findings:
    """Makes the choice, with its tables, a figure, and the answer in words."""
    from consensus_sim.experiments.choose.figure import draw_front
    from consensus_sim.experiments.choose.text import print_choice

    found = made(command)
    return of_forecast(
        found.forecast,
        tables=found.tables,
        show=lambda language, console: print_choice(found, language, console),
        draw=lambda language: {"front": draw_front(found.tables["packages"], language)},
    )


@dataclass(frozen=True)
class Gain:
    """Gain of a package over what is done now, from the last runs.

    persons: more adults who take part in the year; low, high: 90 % interval of the mean effect; p_mean, p_one:
    probability of more, on average and in one community; money, hours: more CNY and staff hours
    """

    scenario: Scenario
    persons: float
    low: float
    high: float
    p_mean: float
    p_one: float
    money: float
    hours: float


def gains(found: Chosen) -> Iterator[Gain]:
    """Gain of each of the last packages."""
    study = found.forecast.study
    contrasts = found.forecast.contrasts(study.reference)
    rows: list[Any] = contrasts[contrasts["group"] == "all"].to_dict("records")
    every = {(row["scenario"], row["metric"]): row for row in rows}
    adults = int(found.chooser.community.population.adult.sum())
    for scenario in study.scenarios:
        if scenario.name != study.reference:
            reach = every[scenario.name, "reach_year"]
            money, hours = (float(every[scenario.name, name]["difference"]) for name in (MONEY, HOURS))
            persons, low, high = (float(reach[name]) * adults for name in ("difference", "mean_q05", "mean_q95"))
            yield Gain(scenario, persons, low, high, float(reach["p_mean_up"]), float(reach["p_up"]), money, hours)
