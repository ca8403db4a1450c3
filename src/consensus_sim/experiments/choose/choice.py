"""The choice: what is wanted as one number, the screening of packages, the race, and which package is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.catalogue import metric
from consensus_sim.errors import not_allowed, phrase
from consensus_sim.experiments.choose.packages import (
    Package,
    config_with,
    packages_of,
    read_asked,
    read_choose,
)
from consensus_sim.experiments.robustness.study import alternative
from consensus_sim.experiments.runner import Command
from consensus_sim.forecast.selection import Race, Selection, select_best
from consensus_sim.study.config import compose
from consensus_sim.study.study import read_study

if TYPE_CHECKING:
    from consensus_sim.community import Community
    from consensus_sim.forecast.forecast import Forecast
    from consensus_sim.forecast.simulator import Simulator
    from consensus_sim.study.scenario import Settings, Study

Floats = NDArray[np.float64]
MONEY, HOURS = "cost_money", "cost_hours"
FINALISTS = 3
"""Packages that are simulated again at the end, beside what is done now."""


@dataclass(frozen=True)
class Goals:
    """Goals as one number: the sum over metrics of value over least difference, times weight and sign."""

    metrics: tuple[str, ...]
    factors: Floats

    @classmethod
    def of(cls, want: Mapping[str, float], study: Study, adults: int) -> Goals:
        """The goals `want`, metric -> weight, in a community of `adults`."""
        assert study.least is not None
        least = study.least.of({name: metric(name).unit for name in want}, adults)
        signs = {name: -1.0 if metric(name).direction == "lower" else 1.0 for name in want}
        found = [weight * signs[name] / least[name] for name, weight in want.items()]
        return cls(tuple(want), np.array(found))

    def utility(self, found: Found) -> Floats:
        """(scenarios, replicates), NaN where a metric is undefined."""
        return np.einsum("m,smr->sr", self.factors, found.of(self.metrics))


@dataclass(frozen=True)
class Found:
    """Metrics of all adults: name -> (scenarios, replicates), NaN where undefined."""

    values: Mapping[str, Floats]

    def of(self, metrics: Sequence[str]) -> Floats:
        """(scenarios, metrics, replicates)."""
        return np.stack([self.values[name] for name in metrics], axis=1)


def found_in(forecast: Forecast, metrics: Sequence[str]) -> Found:
    """The values of `metrics`, money and hours in every scenario of `forecast`, in the study's order."""
    values = forecast.values
    place = {name: number for number, (name, group) in enumerate(values.rows) if group == "all"}
    missing = np.full(values.array[:, 0].shape, np.nan)
    wanted = dict.fromkeys((*metrics, MONEY, HOURS))
    return Found({name: values.array[:, place[name]] if name in place else missing for name in wanted})


class Chooser:
    """One choice while it is made: the packages, the community, and what simulates them."""

    def __init__(self, command: Command) -> None:
        config = command.config
        scenarios = config.get("scenarios")
        if not isinstance(scenarios, list) or len(scenarios) != 1:
            raise not_allowed("scenarios", scenarios, phrase("one_scenario_done_now"))
        self.config: Mapping[str, Any] = config
        self.asked, self.settings = read_asked(config), read_choose(config)
        self.packages = packages_of(self.settings.interventions)
        single = [package for package in self.packages if len(package) <= 1]
        self.base = self.study(single)  # every option is checked before anything is simulated
        self.alternatives = self._alternatives()
        self.simulator: Simulator = command.simulator
        self.community: Community = command.community
        self.goals = Goals.of(self.asked.want, self.base, int(self.community.population.adult.sum()))

    def study(self, packages: Sequence[Package]) -> Study:
        """The study of `packages`, with what is done now as the first scenario."""
        return read_study(config_with(packages, self.settings, {**self.config, "replicates": self.settings.first}))

    def _alternatives(self) -> dict[str, Settings]:
        """Structural alternative -> config with it; each is checked here."""
        plain, found = compose(), {}
        for name, one in self.settings.alternatives.items():
            found[name] = alternative(self.config, plain, one.settings)
            read_study(config_with([], self.settings, {**found[name], "replicates": self.settings.structural}))
        return found

    def simulate(self, study: Study, replicates: int) -> Forecast:
        """All scenarios of `study`, `replicates` times."""
        return self.simulator.forecast(replace(study, replicates=replicates), self.community)

    def fits(self, money: Floats, hours: Floats) -> NDArray[np.bool_]:
        """True where mean `money` and `hours` (packages,) lie within the budget."""
        inside = np.ones(len(money), bool)
        for cost, limit in ((money, self.asked.budget), (hours, self.asked.hours)):
            if limit is not None:
                inside &= cost <= limit
        return inside


@dataclass(frozen=True)
class Screening:
    """Packages that are raced, what is done now first, and how many more lie within the budget, or beyond it."""

    raced: list[Package]
    left_out: int
    beyond: int


def design(packages: Sequence[Package]) -> Floats:
    """1 where a package has an option: a constant, then a column an option (packages, 1 + options)."""
    every = sorted({each for package in packages for each in package})
    return np.array([[1.0, *(float(each in package) for each in every)] for package in packages])


def screen(chooser: Chooser) -> Screening:
    """The packages that are raced: all of them if they are few, else those within the budget whose goals are predicted
    best by main effects, from a random sample of packages that holds every option alone.
    """
    settings, packages = chooser.settings, chooser.packages
    if len(packages) <= settings.raced:
        return Screening(list(packages), 0, 0)
    alone = [number for number, package in enumerate(packages) if len(package) <= 1]
    rest = np.setdiff1d(np.arange(len(packages)), alone)
    drawn = np.random.default_rng(chooser.base.seed).permutation(rest)[: max(0, settings.screened - len(alone))]
    sample = sorted([*alone, *drawn.tolist()])
    forecast = chooser.simulate(chooser.study([packages[number] for number in sample]), settings.screening)
    found, matrix = found_in(forecast, chooser.goals.metrics), design(packages)
    measured = np.array([chooser.goals.utility(found), found.values[MONEY], found.values[HOURS]])
    with np.errstate(invalid="ignore"):
        means = np.where(np.isnan(measured).all(axis=2), np.nan, mean_defined(measured))
    utility, money, hours = (predicted(matrix, sample, line) for line in means)
    inside = chooser.fits(money, hours)
    inside[0] = True  # what is done now is always compared
    order = [number for number in np.argsort(-utility, kind="stable").tolist() if inside[number] and number]
    raced = order[: settings.raced - 1]
    return Screening([packages[0], *(packages[k] for k in raced)], len(order) - len(raced), int((~inside).sum()))


def predicted(matrix: Floats, sample: Sequence[int], values: Floats) -> Floats:
    """Predictions by main effects on the `values` of the rows `sample` of `matrix`, for all its rows."""
    known_rows = ~np.isnan(values)
    rows = np.array(sample)[known_rows]
    found: Floats = matrix @ np.linalg.lstsq(matrix[rows], values[known_rows], rcond=None)[0]
    return found


def mean_defined(values: Floats) -> Floats:
    """Mean over the last axis of the defined values; NaN without any."""
    defined = ~np.isnan(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(defined, values, 0.0).sum(axis=-1) / defined.sum(axis=-1)


@dataclass(frozen=True)
class Raced:
    """A race: its packages, their study, the selection between them, and the metrics of each at the first look."""

    packages: list[Package]
    study: Study
    selection: Selection
    first: Found
    inside: NDArray[np.bool_]


def race(chooser: Chooser, packages: list[Package]) -> Raced:
    """Races `packages`, what is done now first; a package over the budget drops out at the first look."""
    settings, study = chooser.settings, chooser.study(packages)
    look = found_in(chooser.simulate(study, settings.first), chooser.goals.metrics)
    inside = chooser.fits(mean_defined(look.values[MONEY]), mean_defined(look.values[HOURS]))

    def sample(chosen: Sequence[int], first: int, count: int) -> Floats:
        if not first:
            return np.where(inside[:, None], chooser.goals.utility(look), np.nan)
        scenarios = tuple(study.scenarios[number] for number in chosen)
        some = replace(study, scenarios=scenarios, reference=scenarios[0].name)
        found = found_in(chooser.simulate(some, first + count), chooser.goals.metrics)
        return chooser.goals.utility(found)[:, first:]

    rules = Race(
        first=settings.first, batch=settings.batch, most=max(settings.most, settings.first), error=settings.error,
        least=float(sum(chooser.asked.want.values())), draws=study.parameters != "centre",
    )  # fmt: skip
    return Raced(packages, study, select_best(sample, len(packages), rules), look, inside)


@dataclass(frozen=True)
class Choice:
    """A choice with its reason.

    kind: "best" (surely the best), "cheapest" (of those that could not be told apart), "now" (nothing is surely better
    than what is done now), "none" (nothing lies within the budget)
    chosen: place among the raced; finalists: places of what is simulated again, the chosen first, what is done now last
    """

    kind: str
    chosen: int
    finalists: tuple[int, ...]


def choose(raced: Raced) -> Choice:
    """The choice from a race, in which what is done now has place 0."""
    money, left = mean_defined(raced.first.values[MONEY]), list(raced.selection.left)
    if not raced.inside.any():
        return Choice("none", 0, (int(np.argmin(money)), 0) if len(money) > 1 else (0,))
    by_cost = sorted(left, key=lambda place: (money[place], left.index(place)))
    chosen = 0 if 0 in left else by_cost[0]
    kind = "now" if 0 in left else "best" if len(left) == 1 else "cheapest"
    dropped = sorted(raced.selection.dropped, key=lambda place: -raced.selection.dropped[place])
    others = [place for place in (*left, *dropped) if place not in (chosen, 0) and raced.inside[place]]
    last = [place for place in (chosen, *others) if place][:FINALISTS]
    return Choice(kind, chosen, (*last, 0))
