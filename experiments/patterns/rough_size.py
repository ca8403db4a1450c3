"""The quantities of targets.yaml, run by run: what the case study told at the end of phase 1, told by the model."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from consensus_sim import Forecast
from consensus_sim.analysis.statistics import latency_months, read_model
from consensus_sim.calendar import Calendar
from consensus_sim.runs.replicate import build_model
from consensus_sim.study.config import compose
from consensus_sim.study.study import read_study

if TYPE_CHECKING:
    from consensus_sim.community import Community

PHASE = "council"
"""Scenario of phase 1 as carried out."""
Line = NDArray[np.float64]


def measure_phase(community: Community, read_out: datetime.date, replicates: int, seed: int) -> dict[str, Line]:
    """quantity -> value of each replicate of phase 1, run to `read_out` in this process."""
    config = compose(["parameters=centre"])
    calendar = Calendar(datetime.date.fromisoformat(str(config["calendar"]["start"])), 1)
    config["calendar"]["weeks"] = calendar.week_of(read_out)
    config |= {"scenarios": [PHASE], "replicates": replicates, "seed": seed}
    study = read_study(config, community=community.spec.as_dict())
    runs = [
        read_model(build_model(community, study.scenario(PHASE), study, number).run()) for number in range(replicates)
    ]
    return {name: np.array([run[name] for run in runs]) for name in runs[0]}


def measure_year(forecast: Forecast) -> dict[str, Line]:
    """The quantities that need the whole 56 weeks, from the forecast of the patterns."""
    replicates = forecast.study.replicates
    topics, meetings = forecast.tables["topics"], forecast.tables["meetings"]
    reached = topics[(topics["scenario"] == "before") & (topics["agenda_week"] >= 0)]
    weeks = reached.groupby("replicate")[["arisen_week", "agenda_week"]]
    latency = weeks.apply(lambda own: latency_months(own["arisen_week"], own["agenda_week"]))
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
