"""The forecast of the revised plan, frozen before it is scored: every requested quantity, with intervals.

Scenario `phase2_plan`: phase 1 as carried out, then the inputs of the revised plan (F33-F42, F44), phased in from
November 2024, no outcome used. Read for the base period (November 2024 to March 2025) and the alternatives of three
months (January to March 2025) and nine (January to September 2025). Parameters come from the posterior of phase 1;
what only the plan uses stays at its prior (evidence E), so that rows marked prior-driven, and the ranking of its
measures, rest on priors (G1, G3). docs/forecast.md describes the table.
"""

from __future__ import annotations

import datetime
import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pandas as pd
from pydantic import ConfigDict

from consensus_sim.calendar import Calendar
from consensus_sim.catalogue import forecast_metric_names
from consensus_sim.errors import InputError, not_allowed
from consensus_sim.experiments.plan.quantities import ReadPlan, forecast_rows, periods, reported
from consensus_sim.experiments.runner import Command, Findings
from consensus_sim.runs.work import Runs
from consensus_sim.settings import STRICT, FilePath, number_phrase, read
from consensus_sim.study.rules import rules
from consensus_sim.study.study import read_study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from consensus_sim.study.scenario import Study


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The node `plan`: an existing table, from which only the figures are redrawn."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    table: FilePath | None = None


def findings(study: Study, table: pd.DataFrame) -> Findings:
    """The forecast `table`, and its figure from the numbers as they are published."""
    digits = 4

    def draw(language: str) -> dict[str, Figure]:
        from consensus_sim.experiments.plan.figure import draw_plan

        rounded = pd.read_csv(io.StringIO(table.to_csv(index=False, float_format=f"%.{digits}g")))
        return {"forecast_phase2": draw_plan(rounded, periods()[1], reported(), language)}

    show = lambda language, console: console.print(f"forecast_phase2: {len(table)} rows")  # noqa: E731
    return Findings(study=study, tables={"forecast_phase2": table}, show=show, draw=draw, plates=draw, digits=digits)


def run(command: Command) -> Findings:
    """Runs the plan to the end of every period and reads it; or takes the table that is there."""
    settings, study = read(Settings, command.config.get("plan"), "plan"), read_study(command.config)
    if settings.table is not None:
        if not Path(settings.table).is_file():
            raise InputError("no_such_file", where="plan.table", found=settings.table)
        return findings(study, pd.read_csv(settings.table))
    if study.replicates < rules().repeated or study.parameters == "centre":
        allowed = number_phrase(rules().repeated, None, whole=True)
        raise not_allowed("replicates", study.replicates, allowed)
    draws = study.draws()
    assert draws is not None
    calendar = Calendar(datetime.date.fromisoformat(study.calendar["start"]), 1)
    ends = sorted({last for _, last in periods()[1].values()})
    plan = study.scenarios[0]
    scenarios = tuple(replace(plan, name=f"{plan.name} to {end}", weeks=calendar.week_of(end)) for end in ends)
    runs = Runs(replace(study, scenarios=scenarios, reference=scenarios[0].name), command.community, read=ReadPlan())
    found = command.simulator.numbers(runs, range(study.replicates))
    table = pd.DataFrame([row for scenario in scenarios for row in forecast_rows(found[scenario.name], draws)])
    order = {name: place for place, name in enumerate(forecast_metric_names())}
    places = {name: place for place, name in enumerate(periods()[1])}
    keys = table.assign(a=table["metric"].map(order), b=table["period"].map(places))
    return findings(study, table.loc[keys.sort_values(["a", "b"], kind="stable").index].reset_index(drop=True))
