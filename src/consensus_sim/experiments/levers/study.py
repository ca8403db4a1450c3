"""On/off contrasts: the effect of each intervention on its purpose, with intervals; includes weak and unexpected ones.

Expectations and their reasons are in configs/experiment/levers.yaml and institutions.yaml, written before the runs. Two
intervals: of the mean effect, on average over communities like this, and of the difference in one community. The
verdict follows from these numbers alone, by the definition that terminal and page use (`report.change`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import pandas as pd
from pydantic import ConfigDict

from consensus_sim.catalogue import metric
from consensus_sim.experiments.runner import Command, Findings, of_forecast
from consensus_sim.forecast.summary import Values, contrast
from consensus_sim.report.change import kind_of_change
from consensus_sim.settings import STRICT, Text, choice, read, some
from consensus_sim.study.study import read_study

if TYPE_CHECKING:
    from consensus_sim.forecast.forecast import Forecast

FOUND = (
    "difference", "mean_q05", "mean_q95", "p_mean_up", "p_mean_down", "q05", "q95", "p_up", "p_down", "standard_error",
    "least_difference",
)  # fmt: skip
"""Columns of contrasts.csv that are reported."""
COLUMNS = (
    "contrast", "scenario", "reference", "metric", "group", "unit", "expectation", "source", *FOUND, "replicates",
    "sets", "verdict",
)  # fmt: skip
SAID = {
    "higher": "sure", "lower": "sure", "leaning_up": "sure on average", "leaning_down": "sure on average",
    "slight": "sure on average, perhaps too small to be worth a word",
}  # fmt: skip
"""Kind of change -> certainty of its direction."""
UNDEFINED = "undefined: no pair has both values"


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """A scenario against another one, and what is expected of it: (metric, group, sign, source)."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    contrast: Text
    scenario: Text
    reference: Text
    expectations: list[tuple[Text, Text, Annotated[str, choice("+", "-")], Text]]


@dataclass(frozen=True, kw_only=True)
class Contrasts:
    """The node `levers` as written."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    contrasts: list[Contrast] = some()


def read_contrasts(config: object) -> list[Contrast]:
    """The contrasts of the node `levers`. Raises InputError."""
    return read(Contrasts, config, "levers").contrasts


def scenarios_of(contrasts: Sequence[Contrast]) -> list[str]:
    """Every scenario that the contrasts need, each once."""
    return list(dict.fromkeys(name for each in contrasts for name in (each.reference, each.scenario)))


def verdict(sign: str, row: dict[Any, Any]) -> str:
    """Verdict on the expected `sign` from a row of contrasts: agreement and certainty of the direction, a negligible
    difference, an unclear one, or undefined.
    """
    if not row["sets"]:
        return UNDEFINED
    kind = kind_of_change(row)
    if kind in SAID:
        agrees = (row["difference"] > 0) == (sign == "+")
        return f"{'as expected' if agrees else 'against expectation'}: {SAID[kind]}"
    return "no difference worth a word" if kind == "negligible" else "cannot be told"


def lever_table(forecast: Forecast, contrasts: Sequence[Contrast]) -> pd.DataFrame:
    """One row per contrast and metric, in the order of the expectations. Columns: `COLUMNS`."""
    names = [scenario.name for scenario in forecast.study.scenarios]
    values = Values(with_team(forecast), names, forecast.study.replicates, forecast.study.draws())
    units = {name: metric(name).unit for name, _ in values.rows}
    assert forecast.study.least is not None
    least, found = forecast.study.least.of(units, len(forecast.community.population.adult.nonzero()[0])), {}
    for reference in {each.reference for each in contrasts}:
        for row in contrast(values, units, reference, least).to_dict("records"):
            found[row["scenario"], reference, row["metric"], row["group"]] = row
    rows = []
    for each in contrasts:
        for name, group, sign, source in each.expectations:
            pair = (each.scenario, each.reference)
            told: dict[Any, Any] = found.get((*pair, name, group)) or undefined(name)
            # Rounded before anything is read from them: sums of floats leave 1e-18 where nothing differs.
            numbers = {key: round(told[key], 12) + 0.0 for key in FOUND} | {
                "replicates": told["replicates"], "sets": told["sets"]
            }  # fmt: skip
            rows.append(
                {
                    "contrast": each.contrast, "scenario": pair[0], "reference": pair[1], "metric": name,
                    "group": group, "unit": told["unit"], "expectation": sign, "source": source, **numbers,
                    "verdict": verdict(sign, numbers),
                }
            )  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def with_team(forecast: Forecast) -> pd.DataFrame:
    """The headline metrics, and from the capability scale at the end of the run the skill and cognition of the council
    team: the same people with and without training, but for those who left.
    """
    scale = forecast.tables["capability"]
    kept = (scale["group"] == "team") & (scale["indicator"] == "all") & scale["dimension"].isin(["skill", "cognition"])
    team = scale[kept & (scale["half_year"] == scale["half_year"].astype(str).max())]
    team = team.rename(columns={"dimension": "metric", "mean": "value"})
    columns = ["scenario", "replicate", "metric", "group", "value"]
    return pd.concat([forecast.tables["metrics"][columns].astype({"group": str}), team[columns].astype({"group": str})])


def undefined(name: str) -> dict[str, Any]:
    """The row of a metric that is defined in no pair; refuses a name that no metric has."""
    return {"unit": metric(name).unit, **dict.fromkeys(FOUND, float("nan")), "replicates": 0, "sets": 0}


def run(command: Command) -> Findings:
    """Runs every scenario that the contrasts need."""
    config = command.config
    contrasts = read_contrasts(config.get("levers"))
    study = read_study({**config, "scenarios": scenarios_of(contrasts)})
    forecast = command.simulator.forecast(study, command.community)
    table = lever_table(forecast, contrasts)
    said = "; ".join(f"{count} {words}" for words, count in table["verdict"].value_counts().items())
    show = lambda language, console: console.print(said)  # noqa: E731
    return of_forecast(forecast, tables={config["experiment_name"]: table}, show=show, digits=4)
