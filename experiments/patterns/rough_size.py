"""The quantities of targets.yaml, run by run: what the case study told at the end of phase 1, told by the model."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim import Forecast
from consensus_sim.calendar import Calendar
from consensus_sim.ensemble.config import compose
from consensus_sim.ensemble.facts import all_tables, collect_acts
from consensus_sim.ensemble.replicate import build_model
from consensus_sim.ensemble.study import read_study

if TYPE_CHECKING:
    from consensus_sim.community import Community

PHASE = "council"
"""Scenario of phase 1 as carried out."""
MONTH = 52.0 / 12.0
UPPER_TERCILE = 2.0 / 3.0
DEADLOCK = 2
"""Sittings of F72."""
SETTLING_IN = 4
"""Weeks after which the new team's fatigue is first read."""
ANSWERED = "answered"
"""State of a matter that was dealt with on the spot; every other one that was heard became a formal topic."""
Line = NDArray[np.float64]
NAN = float("nan")


def measure_phase(community: Community, read_out: datetime.date, replicates: int, seed: int) -> dict[str, Line]:
    """quantity -> value of each replicate of phase 1, run to `read_out` in this process."""
    config = compose()
    calendar = Calendar(datetime.date.fromisoformat(str(config["calendar"]["start"])), 1)
    config["calendar"]["weeks"] = calendar.week_of(read_out)
    config |= {"scenarios": [PHASE], "replicates": replicates, "seed": seed}
    study = read_study(config, community=community.spec.as_dict())
    runs = [
        read_model(build_model(community, study.scenario(PHASE), study, number).run()) for number in range(replicates)
    ]
    return {name: np.array([run[name] for run in runs]) for name in runs[0]}


def read_model(model: Any) -> dict[str, float]:
    """What phase 1's report told, of one finished run."""
    metrics = all_tables(model)["metrics"]
    keys = zip(metrics["metric"].tolist(), metrics["group"].tolist(), strict=True)
    headline = dict(zip(keys, metrics["value"].tolist(), strict=True))
    reach = {group: headline["reach_year", group] for group in ("all", "elder", "working", "party")}
    return {
        "attendance_first4": headline["attendance_council_first4", "all"],
        "attendance_last4": headline["attendance_council_last4", "all"],
        "frequency_ordinary": headline["frequency_ordinary", "all"],
        "frequency_ordinary_in_person": headline["frequency_ordinary_in_person", "all"],
        "matters_landed_all": headline["matters_landed", "all"],
        "retired_over_working": reach["elder"] - reach["working"],
        "party_over_all": reach["party"] - reach["all"],
        **_events(model),
        **_tea(model),
        **_council_topics(model),
        **_people(model),
    }


def _events(model: Any) -> dict[str, float]:
    """Sessions, teas, persons."""
    present = {
        name: [n for _, channel, n in model.recorder.events_held if channel == name] for name in ("council", "tea")
    }
    fatigue = model.recorder.weekly.get("fatigue_team", np.array([NAN]))
    begun = np.flatnonzero(~np.isnan(fatigue))
    return {
        "sessions": float(len(present["council"])),
        "attendance_tea": _mean(present["tea"]),
        "person_times": float(sum(present["council"]) + sum(present["tea"])),
        "team_fatigue": float(fatigue[begun[-1]] - fatigue[begun[SETTLING_IN]]) if len(begun) > SETTLING_IN else NAN,
    }


def _tea(model: Any) -> dict[str, float]:
    """F54, F55."""
    heard = [topic for topic in model.topics.topics if topic.channel == "tea"]
    return {
        "suggestions_tea": float(model.recorder.suggestions["tea"]),
        "new_matters_tea": float(len(heard)),
        "topics_from_tea": float(sum(topic.state != ANSWERED for topic in heard)),
    }


def _council_topics(model: Any) -> dict[str, float]:
    """F56-F58, F72."""
    settled = [t for t in model.topics.topics if t.state == "settled" and t.venue_channel == "council"]
    done = [t for t in settled if t.executed_week >= 0]
    due = [t for t in settled if t.executed_week >= 0 or t.deadline_week < model.calendar.weeks]
    traffic = [
        t
        for t in model.topics.topics
        if t.kind.name == "traffic" and (t.state == "settled" and t.sittings > 0 or t.sittings >= DEADLOCK)
    ]
    traffic.sort(key=lambda topic: topic.agenda_week)
    failed = [not (t.state == "settled" and t.sittings <= DEADLOCK) for t in traffic[:1]]
    return {
        "matters_landed": float(len(done)),
        "meetings_per_settled": _mean([t.sittings for t in settled]),
        "execution_of_settled": len(done) / len(settled) if settled else NAN,
        "execution_of_due": len(done) / len(due) if due else NAN,
        "deadlock": _mean(failed),
    }


def _people(model: Any) -> dict[str, float]:
    """F59, F66, and the pool of A5."""
    residents, acts = model.residents, collect_acts(model)
    offline = np.array([name != "ballot" for name in acts.channels])[acts.channel]
    ordinary = ~model.team_mask[acts.resident]
    recent = acts.week >= model.calendar.weeks - 13
    at_council = np.array([name == "council" for name in acts.channels])[acts.channel] & ordinary
    adult = residents.adult

    def under(group: str) -> float:
        member = residents.member_of(group)
        among = member[acts.resident[at_council]]
        return float(member[adult].mean() - among.mean()) if len(among) else NAN

    return {
        "pool_ordinary": float(len(np.unique(acts.resident[ordinary]))),
        "pool_ordinary_in_person": float(len(np.unique(acts.resident[ordinary & offline]))),
        "frequency_all_adults": float(np.count_nonzero(ordinary & recent) / np.count_nonzero(adult & ~model.team_mask)),
        "tenants_under": under("tenant"),
        "elders_under": under("elder"),
    }


def measure_year(forecast: Forecast) -> dict[str, Line]:
    """The quantities that need the whole 56 weeks, from the forecast of the patterns."""
    replicates = forecast.study.replicates
    topics, meetings = forecast.tables["topics"], forecast.tables["meetings"]
    reached = topics[(topics["scenario"] == "before") & (topics["agenda_week"] >= 0)]
    months = (reached["agenda_week"] - reached["arisen_week"]) / MONTH
    latency = months.groupby(reached["replicate"]).quantile(UPPER_TERCILE)
    council = meetings[meetings["channel"] == "council"]
    heat = council.groupby(["scenario", "replicate"], observed=True)["heat_end"].mean()
    order = range(replicates)
    return {
        "latency_before": latency.reindex(order).to_numpy(np.float64),
        "calmer_in_parlour": (heat["plain_room"].reindex(order) - heat["council"].reindex(order)).to_numpy(np.float64),
    }


def _mean(values: Any) -> float:
    return float(np.mean(values)) if len(values) else NAN
