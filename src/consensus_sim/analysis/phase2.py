"""What the forecast of the revised plan is asked for (evidence E2): each quantity, read from a run.

They are defined in the catalogue, under `forecast`.

Every quantity is read for a period of weeks; those named a ratio to phase 1 compare it with the 26 weeks before
November 2024. Nothing here knows an outcome of what followed phase 1.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.calendar import WEEKS_PER_MONTH
from consensus_sim.catalogue import forecast_metric, forecast_metric_names
from consensus_sim.ensemble.facts import collect_acts
from consensus_sim.ensemble.metrics import Acts
from consensus_sim.paths import configs_dir

NAN = float("nan")
QUARTER, YEAR = 13.0, 52


Days = tuple[datetime.date, datetime.date]
"""First day of a period, and first day after it."""


@lru_cache(maxsize=1)
def periods() -> tuple[Days, dict[str, Days]]:
    """Phase 1, and the periods for which the plan is read, by name (F50), from configs/forecast/phase2.yaml."""
    import yaml

    content = yaml.safe_load((configs_dir() / "forecast" / "phase2.yaml").read_text(encoding="utf-8"))
    first, last = content["phase1"]
    return (first, last), {name: (days[0], days[1]) for name, days in content["periods"].items()}


PRIOR_DRIVEN = frozenset({"consensus_settled", "consensus_shelved", "consensus_open"})
"""Quantities of which nothing but priors speaks (G3)."""


def reported() -> dict[str, float]:
    """Quantity -> what the case study reports of phase 1 under that name (configs/targets/phase1.yaml): of the council
    alone, where the forecast takes all venues.
    """
    from consensus_sim.analysis.targets import read_targets

    told = {target.name: target.value for target in read_targets(["phase1"], ["phase1", "baseline", "plain"])}
    return {name: told[name] for name in forecast_metric_names() if name in told}


def weeks_of(model: Any, days: Days) -> tuple[int, int]:
    """First and last (exclusive) week of a period; InputError if the run does not hold it."""
    from consensus_sim.errors import InputError

    first, last = model.calendar.week_of(days[0]), model.calendar.week_of(days[1])
    if not 0 <= first < last <= model.calendar.weeks:
        dates, weeks = {"first": str(days[0]), "last": str(days[1])}, model.calendar.weeks
        raise InputError("weeks_too_few", weeks=weeks, begin=first, end=last, **dates)
    return first, last


def read_period(model: Any, days: Days) -> dict[tuple[str, str], float]:
    """Every quantity of the forecast by (name, group) for the weeks of `days`, from a finished run."""
    first, last = weeks_of(model, days)
    acts = collect_acts(model)
    online = np.array([model.known_channels[name].online for name in acts.channels], bool)[acts.channel]
    return {
        **_participation(model, acts, online, first, last),
        **_topics(model, first, last),
        **_inclusion(model, acts, first, last),
        **_state(model, acts, online, first, last),
    }


def _ratio(over: float, under: float) -> float:
    return float(over) / float(under) if under else NAN


def _participation(
    model: Any, acts: Acts, online: NDArray[np.bool_], first: int, last: int
) -> dict[tuple[str, str], float]:
    residents, weeks = model.residents, last - first
    inside = (acts.week >= first) & (acts.week < last)
    year = (acts.week >= last - YEAR) & (acts.week < last)
    ordinary = ~acts.team
    found: dict[tuple[str, str], float] = {}
    for name, kept in (("frequency_ordinary", ordinary), ("frequency_ordinary_in_person", ordinary & ~online)):
        people = len(np.unique(acts.resident[year & kept]))
        found[name, "all"] = _ratio(np.count_nonzero(inside & kept) * QUARTER / weeks, people)
    for group in ("all", "young", "elder", "tenant"):
        member = residents.member_of(group)
        size = np.count_nonzero(member)
        for name, kept in (("reach", inside), ("reach_in_person", inside & ~online)):
            who = np.unique(acts.resident[kept])
            found[name, group] = _ratio(int(np.count_nonzero(member[who])), int(size))
    members = len(model.team.members) if model.team is not None else 0
    done = np.count_nonzero(inside & acts.team & ~online)
    found["backbone_activities", "team"] = _ratio(done * WEEKS_PER_MONTH / weeks, members)
    start, end = weeks_of(model, periods()[0])
    young = residents.member_of("young")[acts.resident]
    before = (acts.week >= start) & (acts.week < end)
    for name, kept in (("youth_ratio", young), ("youth_ratio_in_person", young & ~online)):
        found[name, "young"] = _ratio(
            int(np.count_nonzero(inside & kept)) / weeks, int(np.count_nonzero(before & kept)) / (end - start)
        )
    events = [(week, channel, n) for week, channel, n in model.recorder.events_held if first <= week < last]
    for channel in model.known_channels:
        found["person_times", channel] = float(sum(n for _, name, n in events if name == channel))
    return found


def _topics(model: Any, first: int, last: int) -> dict[tuple[str, str], float]:
    topics = model.topics.topics
    settled = [t for t in topics if first <= t.settled_week < last and t.sittings > 0]
    due = [t for t in topics if first <= t.deadline_week < last]
    carried = [t for t in due if 0 <= t.executed_week < last]
    on_time = [t for t in due if 0 <= t.executed_week <= t.deadline_week]
    raised = [t for t in topics if first <= t.heard_week < last and t.raised_by >= 0]
    party = model.residents.member_of("party")
    held = {sheet.topic.number for sheet in model.recorder.sheets if first <= sheet.week < last}
    last_sheet = {sheet.topic.number: sheet.week for sheet in model.recorder.sheets if sheet.week < last}
    on_agenda = [t for t in topics if t.number in held]
    shelved = [t for t in on_agenda if t.state == "shelved" and last_sheet.get(t.number, -1) >= _last_sitting(model, t)]
    n = len(on_agenda)
    done = len([t for t in on_agenda if first <= t.settled_week < last])
    return {
        ("meetings_per_settled", "all"): float(np.mean([t.sittings for t in settled])) if settled else NAN,
        ("execution_rate", "all"): _ratio(len(carried), len(due)),
        ("execution_on_time", "all"): _ratio(len(on_time), len(due)),
        ("matters_solved", "all"): float(sum(first <= t.executed_week < last for t in topics)),
        ("topics_by_party", "all"): _ratio(sum(bool(party[t.raised_by]) for t in raised), len(raised)),
        ("consensus_settled", "all"): _ratio(done, n),
        ("consensus_shelved", "all"): _ratio(len(shelved), n),
        ("consensus_open", "all"): _ratio(n - done - len(shelved), n),
    }


def _last_sitting(model: Any, topic: Any) -> int:
    """The week of a topic's last sitting in the whole run."""
    return max(sheet.week for sheet in model.recorder.sheets if sheet.topic is topic)


def _inclusion(model: Any, acts: Acts, first: int, last: int) -> dict[tuple[str, str], float]:
    residents = model.residents
    council = np.array([name == "council" for name in acts.channels], bool)[acts.channel]
    there = acts.resident[council & ~acts.team & (acts.week >= first) & (acts.week < last)]
    found = {
        ("attendance_share", group): float(residents.member_of(group)[there].mean()) if len(there) else NAN
        for group in ("elder", "tenant", "vulnerable")
    }
    sheets = [s for s in model.recorder.sheets if s.channel == "council" and first <= s.week < last and s.turns]
    for group in ("elder", "tenant", "vulnerable"):
        spoke = [getattr(s, f"{group}_speaking") for s in sheets]
        found["speaking_share", group] = float(np.mean(spoke)) if spoke else NAN
    return found


def _state(model: Any, acts: Acts, online: NDArray[np.bool_], first: int, last: int) -> dict[tuple[str, str], float]:
    weekly, residents = model.recorder.weekly, model.residents
    nothing = np.full(model.calendar.weeks, np.nan)
    found = {(name, "all"): float(weekly[name][last - 1]) for name in ("fatigue", "trust")}
    found["fatigue_team", "team"] = float(weekly.get("fatigue_team", nothing)[last - 1])
    # Skill is kept at the end of the run only; it is read where the period ends with the run.
    exposed = np.unique(acts.resident[(acts.week < last) & ~online])
    gain = NAN
    if last == model.calendar.weeks and len(exposed):
        above = residents.skill[:, exposed] - residents.start_skill[:, exposed]
        gain = float(np.mean(above / model.skill_sd[:, None]))
    found["skill_gain", "active"] = gain
    return found


def read_phase2(model: Any) -> dict[str, float]:
    """Every quantity of the periods that end with the run, as period/name:group."""
    found: dict[str, float] = {}
    for period, days in periods()[1].items():
        if model.calendar.week_of(days[1]) == model.calendar.weeks:
            found |= {f"{period}/{name}:{group}": value for (name, group), value in read_period(model, days).items()}
    return found


def forecast_rows(values: Mapping[str, NDArray[np.float64]]) -> list[dict[str, Any]]:
    """One row a quantity: quantiles over replicates and the share of variance from parameters.

    values: period/name:group -> (replicates,), replicates 2k and 2k + 1 of one parameter set
    """
    from consensus_sim.ensemble.variance import split

    rows = []
    for key, drawn in values.items():
        period, _, rest = key.partition("/")
        name, _, group = rest.partition(":")
        known = drawn[~np.isnan(drawn)]
        quantiles = np.quantile(known, (0.05, 0.25, 0.5, 0.75, 0.95)) if len(known) else np.full(5, np.nan)
        share = split(drawn.reshape(-1, 2))["share_parameters"]
        definition = forecast_metric(name).definition("en")
        rows.append(
            {
                "metric": name, "definition": definition, "period": period, "group": group,
                **dict(zip(("q05", "q25", "q50", "q75", "q95"), quantiles.tolist(), strict=True)),
                "replicates": len(known), "share_parameters": share,
                "basis": "prior-driven" if name in PRIOR_DRIVEN else "posterior",
            }
        )  # fmt: skip
    return rows
