"""Quantities in the forecast of the revised plan (evidence E2), each read from a run.

They are defined in the catalogue, under `forecast`; those that are fitted or reported as well are computed by
`outcomes.outcomes`, for the fit and here alike.

Every quantity is read for a period of weeks; those named a ratio to phase 1 compare it with the 26 weeks before
November 2024. No outcome after phase 1 is used here.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.calendar import WEEKS_PER_MONTH
from consensus_sim.catalogue import forecast_metric, forecast_metric_names
from consensus_sim.outcomes import outcomes
from consensus_sim.outcomes.facts import collect_acts
from consensus_sim.outcomes.outcomes import COUNCIL, NAN, Acts, ratio
from consensus_sim.paths import configs_dir
from consensus_sim.study.draws import Draws

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel

Days = tuple[datetime.date, datetime.date]
"""First day of a period, and first day after it."""


@lru_cache(maxsize=1)
def periods() -> tuple[Days, dict[str, Days]]:
    """Phase 1, and the periods for which the plan is read, by name (F50), from configs/forecast/phase2.yaml."""
    import yaml

    content = yaml.safe_load((configs_dir() / "forecast" / "phase2.yaml").read_text(encoding="utf-8"))
    first, last = content["phase1"]
    return (first, last), {name: (days[0], days[1]) for name, days in content["periods"].items()}


PRIOR_DRIVEN = frozenset({"consensus_settled", "consensus_shelved", "consensus_open", "settled_within_26_weeks"})
"""Quantities that depend on priors only (G3)."""


COUNTS = frozenset({"matters_landed", "matters_landed_council", "person_times"})
"""Quantities that add up over weeks."""
BEFORE = "before"


def reported() -> dict[str, float]:
    """Quantity -> what the case study reports of phase 1 under that name (configs/targets/phase1.yaml), by the same
    definition.
    """
    from consensus_sim.experiments.targets import read_targets

    told = {target.name: target.value for target in read_targets(["phase1"], ["phase1", "baseline", "plain"])}
    return {name: told[name] for name in forecast_metric_names() if name in told}


def weeks_of(model: CommunityModel, days: Days) -> tuple[int, int]:
    """First and last (exclusive) week of a period; InputError if the run does not hold it."""
    from consensus_sim.errors import InputError

    first, last = model.calendar.week_of(days[0]), model.calendar.week_of(days[1])
    if not 0 <= first < last <= model.calendar.weeks:
        dates, weeks = {"first": str(days[0]), "last": str(days[1])}, model.calendar.weeks
        raise InputError("weeks_too_few", weeks=weeks, begin=first, end=last, **dates)
    return first, last


def read_period(model: CommunityModel, days: Days) -> dict[tuple[str, str], float]:
    """Every quantity of the forecast by (name, group) for the weeks of `days`, from a finished run."""
    first, last = weeks_of(model, days)
    acts = collect_acts(model)
    return {
        **_participation(model, acts, first, last),
        **_topics(model, first, last),
        **_inclusion(model, acts, first, last),
        **_state(model, last),
    }


def _participation(model: CommunityModel, acts: Acts, first: int, last: int) -> dict[tuple[str, str], float]:
    residents, weeks, online = model.residents, last - first, acts.online
    inside = (acts.week >= first) & (acts.week < last)
    found: dict[tuple[str, str], float] = {
        ("frequency_ordinary", "all"): outcomes.frequency_ordinary(acts, last),
        ("frequency_ordinary_in_person", "all"): outcomes.frequency_ordinary(acts, last, in_person=True),
    }
    for group in ("all", "young", "elder", "tenant"):
        member = residents.member_of(group)
        size = np.count_nonzero(member)
        for name, kept in (("reach", inside), ("reach_in_person", inside & ~online)):
            who = np.unique(acts.resident[kept])
            found[name, group] = ratio(int(np.count_nonzero(member[who])), int(size))
    members = len(model.team.members) if model.team is not None else 0
    done = np.count_nonzero(inside & acts.team & ~online)
    found["backbone_activities", "team"] = ratio(done * WEEKS_PER_MONTH / weeks, members)
    start, end = weeks_of(model, periods()[0])
    young = residents.member_of("young")[acts.resident]
    before = (acts.week >= start) & (acts.week < end)
    for name, kept in (("youth_ratio", young), ("youth_ratio_in_person", young & ~online)):
        found[name, "young"] = ratio(
            int(np.count_nonzero(inside & kept)) / weeks, int(np.count_nonzero(before & kept)) / (end - start)
        )
    events = [(week, channel, n) for week, channel, n in model.recorder.events_held if first <= week < last]
    for channel in model.known_channels:
        found["person_times", channel] = float(sum(n for _, name, n in events if name == channel))
    return found


def _topics(model: CommunityModel, first: int, last: int) -> dict[tuple[str, str], float]:
    topics, sheets, days = model.topics.topics, model.recorder.sheets, (first, last)
    online, party = outcomes.online_channels(model), model.residents.member_of("party")
    found = {
        "meetings_per_settled": outcomes.sittings_per_settled(topics, sheets, online, *days, COUNCIL),
        "executed_at_readout": outcomes.executed_at_readout(topics, *days),
        "executed_within_26_weeks": outcomes.executed_within_26_weeks(topics, *days),
        "execution_on_time": outcomes.execution_of_due(topics, *days)["on_time"],
        "matters_landed": outcomes.matters_landed(topics, *days),
        "matters_landed_council": outcomes.matters_landed(topics, *days, COUNCIL),
        "topics_raised_by_party": outcomes.topics_raised_by_party(topics, party, *days),
        "topics_led_by_party": outcomes.topics_led_by_party(sheets, online, party, *days),
        "settled_within_26_weeks": outcomes.settled_within_26_weeks(sheets, *days),
        **{f"consensus_{name}": share for name, share in outcomes.consensus(sheets, *days).items()},
    }
    return {(name, "all"): value for name, value in found.items()}


def _inclusion(model: CommunityModel, acts: Acts, first: int, last: int) -> dict[tuple[str, str], float]:
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


def _state(model: CommunityModel, last: int) -> dict[tuple[str, str], float]:
    weekly = model.recorder.weekly
    nothing = np.full(model.calendar.weeks, np.nan)
    found = {(name, "all"): float(weekly[name][last - 1]) for name in ("fatigue", "trust")}
    found["fatigue_team", "team"] = float(weekly.get("fatigue_team", nothing)[last - 1])
    for name in ("skill_gain_trained", "skill_gain_practised"):
        told = weekly.get(name, nothing)[:last]
        known = told[~np.isnan(told)]
        found[name, "all"] = float(known[-1]) if len(known) else NAN
    return found


def same_length(days: Days) -> tuple[Days, float]:
    """The end of phase 1 that is as long as the period `days`, or all of it; and by how much longer the period is."""
    start, end = periods()[0]
    length = days[1] - days[0]
    first = max(start, end - length)
    return (first, end), length / (end - first)


def read_phase2(model: CommunityModel) -> dict[str, float]:
    """Every quantity of the periods that end with the run, as period/name:group; and as period/before/name:group the
    same of phase 1 in the same run, over as many weeks (`same_length`; counts are scaled where phase 1 is shorter).
    """
    found: dict[str, float] = {}
    for period, days in periods()[1].items():
        if model.calendar.week_of(days[1]) != model.calendar.weeks:
            continue
        found |= {f"{period}/{name}:{group}": value for (name, group), value in read_period(model, days).items()}
        earlier, longer = same_length(days)
        for (name, group), value in read_period(model, earlier).items():
            found[f"{period}/{BEFORE}/{name}:{group}"] = value * longer if name in COUNTS else value
    return found


@dataclass(frozen=True)
class ReadPlan:
    """Runs a model and reads `read_phase2` from it."""

    def __call__(self, scenario: str, model: CommunityModel) -> dict[str, float]:
        """Every quantity of the periods that end with the run."""
        return read_phase2(model.run())


def _quantiles(values: NDArray[np.float64], at: Sequence[float]) -> list[float]:
    """Quantiles of the defined values; NaN where there are none."""
    known = values[~np.isnan(values)]
    return np.quantile(known, at).tolist() if len(known) else [NAN] * len(at)


def forecast_rows(values: Mapping[str, NDArray[np.float64]], draws: Draws) -> list[dict[str, Any]]:
    """One row a quantity: quantiles over replicates, the model's own phase 1, the paired change, and the share of
    variance from parameters.

    values: as `read_phase2` names them -> (replicates,); draws: the parameter draw of each replicate
    """
    from consensus_sim.forecast.variance import split

    rows = []
    for key, drawn in values.items():
        period, *middle, rest = key.split("/")
        if middle:
            continue
        name, _, group = rest.partition(":")
        before = values.get(f"{period}/{BEFORE}/{rest}", np.full(len(drawn), NAN))
        changes = zip(
            ("change_q05", "change_q50", "change_q95"), _quantiles(drawn - before, (0.05, 0.5, 0.95)), strict=True
        )
        told = zip(("q05", "q25", "q50", "q75", "q95"), _quantiles(drawn, (0.05, 0.25, 0.5, 0.75, 0.95)), strict=True)
        rows.append(
            {
                "metric": name, "definition": forecast_metric(name).definition("en"), "period": period, "group": group,
                **dict(told), "replicates": int((~np.isnan(drawn)).sum()),
                "share_parameters": split(drawn, draws, bounds=False)["share_parameters"],
                "basis": "prior-driven" if name in PRIOR_DRIVEN else "posterior",
                "phase1_q50": _quantiles(before, (0.5,))[0], **dict(changes),
            }
        )  # fmt: skip
    return rows
