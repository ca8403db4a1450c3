"""Narrowing of the default comparison's 90 % intervals because forecasts draw only a core of the parameters.

The comparison is run as it is, where parameters with `drawn: false` keep their value, and again under the same seed
with every uncertain parameter drawn: what the posterior lacks is drawn from its prior. The table has, for the metrics
of the short tables, over all adults, one row for each scenario's level (`reference` empty) and each difference, with
the ends of two 90 % intervals, of the mean effect (`mean_`; differences only) and of one community (`one_`), with the
core (`_core_`) and with all parameters (`_all_`) drawn, and the ratio of their widths, core over all (`_ratio`; empty
where both are zero).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from consensus_sim.catalogue import contrast_metrics
from consensus_sim.experiments.runner import Command, Findings, of_forecast
from consensus_sim.parameters import Behaviour
from consensus_sim.study.study import read_study

if TYPE_CHECKING:
    from rich.console import Console

    from consensus_sim.forecast.forecast import Forecast

KEYS = ["scenario", "reference", "metric", "unit"]


def intervals(forecast: Forecast) -> pd.DataFrame:
    """Both intervals of every level and difference, indexed by `KEYS`."""
    table = pd.concat([forecast.summary().assign(reference=""), forecast.contrasts()], ignore_index=True)
    kept = table[(table["group"] == "all") & table["metric"].isin(contrast_metrics())]
    return kept.set_index(KEYS)[["mean_q05", "mean_q95", "q05", "q95"]]


def core_table(core: pd.DataFrame, whole: pd.DataFrame) -> pd.DataFrame:
    """The intervals of `core` beside those of `whole`, and the ratios of their widths."""
    columns: dict[str, pd.Series] = {}
    for name, prefix in (("mean", "mean_"), ("one", "")):
        for kind, table in (("core", core), ("all", whole)):
            columns |= {f"{name}_{kind}_{end}": table[prefix + end] for end in ("q05", "q95")}
        widths = [table[f"{prefix}q95"] - table[f"{prefix}q05"] for table in (core, whole)]
        columns[f"{name}_ratio"] = (widths[0] / widths[1]).where(widths[1] > 0)
    return pd.DataFrame(columns, index=core.index).reset_index()


def run(command: Command) -> Findings:
    """Runs both comparisons."""
    config, community = command.config, command.community
    drawn = {group: dict(entries) for group, entries in config["behaviour"].items()}
    for parameter in Behaviour.from_config(config["behaviour"]):
        if not parameter.drawn:
            _, group, name = parameter.name.split(".")
            drawn[group][name] = {**drawn[group][name], "drawn": True}
    studies = [read_study(own) for own in (config, {**config, "behaviour": drawn})]
    core, whole = (command.simulator.forecast(study, community) for study in studies)
    table = core_table(intervals(core), intervals(whole))
    fixed = [p.name.removeprefix("behaviour.") for p in Behaviour.from_config(config["behaviour"]) if not p.drawn]

    def show(language: str, console: Console) -> None:
        for name, column in (("mean effect", "mean_ratio"), ("one community", "one_ratio")):
            known = table[column].dropna()
            median = f"{known.median():.2f} (median of {len(known)})"
            console.print(f"{name}: width with the core over width with all {median}", soft_wrap=True)

    return of_forecast(core, tables={"core": table, "core_parameters": whole.explained(fixed)}, show=show)
