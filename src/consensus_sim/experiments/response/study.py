"""Response curves: an intervention at several doses, and what each dose does against every lower one."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import floor
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple

from pydantic import ConfigDict, Field

from consensus_sim.calendar import Calendar
from consensus_sim.catalogue import metric_names, texts
from consensus_sim.errors import not_allowed, one_of, phrase
from consensus_sim.experiments.runner import Command, Findings
from consensus_sim.interventions.base import Intervention, build_lever
from consensus_sim.interventions.loading import CLASS, load_class
from consensus_sim.settings import DOSE, STRICT, Declared, Label, Text, declared, known, read, setting
from consensus_sim.study.scenario import Scenario, Settings, Study

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from rich.console import Console

    from consensus_sim.forecast.forecast import Forecast

FOUND = (
    "difference", "mean_q05", "mean_q95", "p_mean_up", "p_mean_down", "q05", "q95", "p_up", "p_down", "standard_error",
    "least_difference",
)  # fmt: skip
"""Numbers of a row of contrasts.csv that a row of the table has, too."""
COLUMNS = (
    "intervention", "dose", "against", "settings", "clipped", "metric", "group", "unit", *FOUND, "replicates", "sets",
)  # fmt: skip
Names = Annotated[tuple[Text, ...], Field(min_length=1, json_schema_extra={"allowed": "a_list_of_names"})]


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One curve: its label, the scenario that is dose 1, what is dosed, and the metrics of its purpose.

    doses: interventions of the scenario, or `<intervention>.<part>` for a part of one that its class names
    purpose: what it is for, a sentence by language; metrics: metric -> groups of residents
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    label: Label
    scenario: Text
    doses: Names
    purpose: Label
    metrics: dict[Text, Names]


@dataclass(frozen=True, kw_only=True)
class ResponseSettings:
    """The node `response`: the curves by name of intervention, and at which `doses` they are drawn.

    doses: times the configured settings, ascending from 0
    enough: a higher dose adds nothing if the interval of its mean effect lies within so many least differences of 0
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    doses: tuple[Annotated[float, setting(0, 1000, "times")], ...]
    enough: float = setting(0.01, 100, "least differences")
    interventions: dict[Text, Curve]


class Dose(NamedTuple):
    """One point of a curve.

    factor: times the configured settings; scenario: with these settings
    settings: as `intervention.setting=value`; clipped: those held at the limit of a range or of the run's length
    """

    factor: float
    scenario: Scenario
    settings: str
    clipped: str


def read_response(config: object) -> ResponseSettings:
    """The node `response`, checked. Raises InputError for what it does not allow."""
    found = read(ResponseSettings, config, "response")
    if len(found.doses) < 2 or found.doses[0] != 0 or any(low >= high for low, high in pairwise(found.doses)):
        raise not_allowed("response.doses", list(found.doses), phrase("ascending_from_none"))
    groups = [key.partition(".")[2] for key in texts() if key.startswith("group.")]
    for name, curve in found.interventions.items():
        where = f"response.interventions.{name}.metrics"
        for metric, those in curve.metrics.items():
            known(where, metric, metric_names())
            for group in those:
                known(f"{where}.{metric}", group, groups)
    return found


def at_doses(name: str, curve: Curve, factors: Sequence[float], study: Study) -> tuple[Study, list[Dose]]:
    """A study of curve `name` alone, one scenario a dose, measured against dose 0; and its doses.

    study: has the scenario of the curve. Raises InputError for an intervention that the scenario does not have, for
    one without such a dose, and for settings that do not go together.
    """
    calendar = Calendar(datetime.date.fromisoformat(study.calendar["start"]), int(study.calendar["weeks"]))
    where = f"response.interventions.{name}.doses"
    doses = [_dose(name, curve.doses, factor, study.scenario(curve.scenario), calendar, where) for factor in factors]
    scenarios = tuple(dose.scenario for dose in doses)
    for scenario in scenarios:
        levers = {lever: build_lever(lever, settings) for lever, settings in scenario.levers}
        for lever in levers.values():
            lever.check_scenario(levers)
    return replace(study, scenarios=scenarios, reference=scenarios[0].name), doses


def _dose(name: str, parts: Sequence[str], factor: float, scenario: Scenario, calendar: Calendar, where: str) -> Dose:
    """`scenario` with the settings of `parts` times `factor`; at 0 an intervention dosed as a whole is left out."""
    levers, told, clipped = dict(scenario.levers), [], []
    for each in parts:
        lever, _, part = each.partition(".")
        settings = levers[known(where, lever, levers)]
        about = _dosed(where, each, settings, part or DOSE)
        if factor == 0 and not part:
            del levers[lever]
            continue
        built = build_lever(lever, settings)
        weeks = _weeks_in_force(built, calendar)
        levers[lever] = changed = dict(settings)
        for key, one in about.items():
            changed[key], is_clipped = scaled(settings[key], factor, one, built.most(key, weeks))
            told.append(f"{lever}.{key}={'null' if changed[key] is None else format(changed[key], 'g')}")
            clipped += [f"{lever}.{key}"] if is_clipped else []
    found = replace(scenario, name=f"{name} x {factor:g}", levers=tuple(sorted(levers.items())))
    return Dose(float(factor), found, "; ".join(told), "; ".join(clipped))


def _dosed(where: str, name: str, settings: Settings, dose: str) -> dict[str, Declared]:
    """The settings that belong to `dose`, by name; InputError if the class of the intervention names none."""
    every = declared(load_class(where, settings[CLASS]))
    found = {key: one for key, one in every.items() if one.dose == dose}
    if not found:
        lever = name.partition(".")[0]
        doses = dict.fromkeys(one.dose for one in every.values() if one.dose)
        raise one_of(where, name, [lever if each == DOSE else f"{lever}.{each}" for each in doses])
    return found


def _weeks_in_force(lever: Intervention, calendar: Calendar) -> int:
    """Weeks of the run in which `lever` is in force."""
    first = 0 if lever.start is None else max(0, calendar.week_of(lever.start))
    last = calendar.weeks if lever.end is None else min(calendar.weeks, calendar.week_of(lever.end) + 1)
    return max(0, last - first)


def scaled(value: float | None, factor: float, about: Declared, most: float) -> tuple[float | None, bool]:
    """`value` of a setting times `factor`, and whether it is clipped: to the range of the setting and to the `most`
    that the run has room for. Whole numbers are rounded, halves up. None, which leaves the value to the behaviour's
    parameter, stays; so does everything at factor 1.
    """
    if value is None or factor == 1:
        return value, False
    assert about.low is not None and about.high is not None
    wanted, highest = value * factor, max(min(about.high, most), value)
    found = min(max(wanted, about.low), highest)
    return (floor(found + 0.5) if about.kind == "integer" else float(found)), found != wanted


def response_table(name: str, curve: Curve, doses: Sequence[Dose], forecast: Forecast) -> pd.DataFrame:
    """One row for each metric and group of the curve, dose, and lower dose that it is measured `against`: the numbers
    of contrasts.csv, paired by replicate. Columns: `COLUMNS`. A metric that is undefined in all pairs has no row.
    """
    import pandas as pd

    pairs = [(metric, group) for metric, groups in curve.metrics.items() for group in groups]
    rows: list[dict[str, Any]] = []
    for place, lower in enumerate(doses[:-1]):
        contrasts: list[Any] = forecast.contrasts(lower.scenario.name).to_dict("records")
        found = {(row["scenario"], row["metric"], row["group"]): row for row in contrasts}
        for dose in doses[place + 1 :]:
            head = {
                "intervention": name, "dose": dose.factor, "against": lower.factor, "settings": dose.settings,
                "clipped": dose.clipped,
            }  # fmt: skip
            for metric, group in pairs:
                row = found.get((dose.scenario.name, metric, group))
                if row is not None:
                    # Rounded before anything is read from them: sums of floats leave 1e-18 where nothing differs.
                    numbers = {key: round(float(row[key]), 12) + 0.0 for key in FOUND}
                    rows.append({**row, **head, **numbers})
    order = {pair: number for number, pair in enumerate(pairs)}
    rows.sort(key=lambda row: (order[row["metric"], row["group"]], row["dose"], row["against"]))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def chosen(settings: ResponseSettings, scenarios: Sequence[str]) -> dict[str, Curve]:
    """The curves of these scenarios by name, in their order. Raises InputError for a scenario without a curve."""
    curves = settings.interventions
    for scenario in scenarios:
        known("scenarios", scenario, dict.fromkeys(curve.scenario for curve in curves.values()))
    return {name: curve for scenario in scenarios for name, curve in curves.items() if curve.scenario == scenario}


class Plan(NamedTuple):
    """Plan of the runs: the settings, the curves, the study of their scenarios, and each curve's study and doses."""

    settings: ResponseSettings
    curves: dict[str, Curve]
    base: Study
    studies: dict[str, tuple[Study, list[Dose]]]


def plan_of(config: Mapping[str, Any]) -> Plan:
    """Reads the plan from `config` and checks all of it before anything is run."""
    from consensus_sim.study.study import read_study

    if config.get("reference") is not None:  # it is dose 0
        raise not_allowed("reference", config["reference"], phrase("null_with", setting="experiment=response"))
    settings, base = read_response(config.get("response")), read_study(config)
    for name, curve in settings.interventions.items():
        known(f"response.interventions.{name}.scenario", curve.scenario, config["scenario"])
    curves = chosen(settings, [scenario.name for scenario in base.scenarios])
    studies = {name: at_doses(name, curve, settings.doses, base) for name, curve in curves.items()}
    return Plan(settings, curves, base, studies)


def run(command: Command) -> Findings:
    """Runs every curve at every dose."""
    import pandas as pd

    from consensus_sim.experiments.response.text import print_response, scope, with_verdicts
    from consensus_sim.report.tables import caution
    from consensus_sim.report.words import say

    plan, community = plan_of(command.config), command.community
    parts = [
        response_table(name, plan.curves[name], doses, command.simulator.forecast(study, community))
        for name, (study, doses) in plan.studies.items()
    ]
    table, curves, enough = with_verdicts(pd.concat(parts, ignore_index=True)), plan.curves, plan.settings.enough

    def draw(language: str) -> dict[str, Figure]:
        from consensus_sim.experiments.response.figure import draw_response

        return {"response": draw_response(table, curves, enough, language)}

    def show(language: str, console: Console) -> None:
        print_response(table, curves, enough, language, console)
        adults, weeks = int(community.population.adult.sum()), int(plan.base.calendar["weeks"])
        say(scope(community.label, adults, weeks, language), console)
        if said := caution(plan.base.replicates, language):
            say(said, console)

    return Findings(study=plan.base, tables={"response": table}, show=show, draw=draw, plates=draw)
