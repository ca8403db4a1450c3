"""Check of the order of magnitude before any fitting: figures that the case study reported at the end of phase 1 (E1),
computed from the model.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import ConfigDict

from consensus_sim.calendar import Calendar
from consensus_sim.errors import not_allowed, phrase
from consensus_sim.experiments.runner import Command, Findings, of_forecast
from consensus_sim.experiments.statistics import latency_months, read_model
from consensus_sim.experiments.verdicts import RULES, replicate_table, tabulate
from consensus_sim.runs.work import Runs
from consensus_sim.settings import STRICT, Day, Text, choice, known, number, read, some
from consensus_sim.study.dates import MOST_WEEKS
from consensus_sim.study.study import read_study

if TYPE_CHECKING:
    from rich.console import Console

    from consensus_sim.forecast.forecast import Forecast
    from consensus_sim.model.model import CommunityModel

PHASE = "council"
"""Scenario of phase 1 as carried out."""
TARGETS = ("target", "quantity", "value", "band", "mean", "q05", "q95", "share", "replicates", "inside", "note")
Line = NDArray[np.float64]


@dataclass(frozen=True)
class ReadPhase:
    """Runs a model and reads `read_model` from it."""

    def __call__(self, scenario: str, model: CommunityModel) -> dict[str, float]:
        """Figures of phase 1's report, computed from the model."""
        return read_model(model.run())


def measure_year(forecast: Forecast) -> dict[str, Line]:
    """The quantities that need the whole 56 weeks, from the forecast of the patterns."""
    replicates = forecast.study.replicates
    topics, meetings = forecast.tables["topics"], forecast.tables["meetings"]
    reached = topics[(topics["scenario"] == "before") & (topics["agenda_week"] >= 0)]
    months = {
        n: latency_months(own["arisen_week"].tolist(), own["agenda_week"].tolist())
        for n, own in reached.groupby("replicate")
    }
    latency = pd.Series(months, dtype=float)
    council = meetings[meetings["channel"] == "council"]
    heat = council.groupby(["scenario", "replicate"], observed=True)["heat_end"].mean()
    order = range(replicates)
    metrics = forecast.tables["metrics"]
    before = metrics[(metrics["scenario"] == "before") & (metrics["metric"] == "reach_year")]
    reach = before.pivot(index="replicate", columns="group", values="value").reindex(order)
    return {
        "retired_over_working": (reach["elder"] - reach["working"]).to_numpy(np.float64),
        "party_over_all": (reach["party"] - reach["all"]).to_numpy(np.float64),
        "latency_before": latency.reindex(order).to_numpy(np.float64),
        "calmer_in_parlour": (heat["plain_room"].reindex(order) - heat["council"].reindex(order)).to_numpy(np.float64),
    }


@dataclass(frozen=True, kw_only=True)
class Target:
    """A figure of the case study: its id, quantity of a run, its reported value, and the band that a rule expects."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    id: Text
    quantity: Text
    reading: Text
    value: str = ""
    rule: str = choice(*RULES)
    band: dict[Annotated[str, choice("low", "high", "above", "below")], Annotated[float, number()]] = field(
        default_factory=dict
    )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The node `rough_size`: the day of the read-out, and the targets."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    read_out: Day
    targets: list[Target] = some()


def target_table(targets: Sequence[Target], replicates: pd.DataFrame) -> pd.DataFrame:
    """Columns `TARGETS`: what lies within the case study's bands."""
    words = {True: "yes", False: "no", None: ""}
    rows = [
        {
            **row,
            "target": row["id"],
            "inside": words[row["passed"]],
            "note": f"{row['said']}; {row['reading']}",
        }
        for row in tabulate([vars(target) for target in targets], replicates)
    ]
    return pd.DataFrame(rows)[list(TARGETS)]


def run(command: Command) -> Findings:
    """Runs the scenarios for a year, and phase 1 to its read-out."""
    settings = read(Settings, command.config.get("rough_size"), "rough_size")
    study, community = read_study(command.config), command.community
    calendar = Calendar(datetime.date.fromisoformat(study.calendar["start"]), 1)
    until = calendar.week_of(settings.read_out)
    if not 1 <= until <= MOST_WEEKS:
        raise not_allowed("rough_size.read_out", str(settings.read_out), phrase("date_after", date=str(calendar.start)))
    phase = replace(study, scenarios=(replace(study.scenario(PHASE), weeks=until),), reference=PHASE)
    forecast = command.simulator.forecast(study, community)
    runs = Runs(phase, community, read=ReadPhase())
    sizes = command.simulator.numbers(runs, range(study.replicates))[PHASE]
    told, targets = {**sizes, **measure_year(forecast)}, settings.targets
    singles = replicate_table(
        {(t.id, t.quantity): told[known("rough_size.targets", t.quantity, told)] for t in targets}
    )
    table = target_table(targets, singles)

    def show(language: str, console: Console) -> None:
        outside = table.loc[table["inside"] == "no", "quantity"].tolist()
        inside = (table["inside"] == "yes").sum()
        console.print(f"rough size: {inside} inside; outside: {', '.join(outside) or 'none'}", soft_wrap=True)

    return of_forecast(forecast, tables={"rough_size": table, "rough_size_replicates": singles}, show=show)
