"""Statistics of one run that targets name: figures that the case study reported of phase 1, computed from the model.

Each is defined here, or in `outcomes.outcomes` where the forecast has it, too, and nowhere else. A statistic that is
undefined in a run (nothing settled, no attendees) is NaN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from consensus_sim.calendar import WEEKS_PER_MONTH
from consensus_sim.experiments.plan.quantities import Days, read_period
from consensus_sim.outcomes import outcomes
from consensus_sim.outcomes.facts import all_tables, collect_acts
from consensus_sim.outcomes.outcomes import COUNCIL, NAN

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel

Matrix = NDArray[np.float64]
UPPER_TERCILE = 2.0 / 3.0
DEADLOCK = 2
"""Sittings of F72."""
SETTLING_IN = 4
"""Weeks after which the new team's fatigue is first read."""
ANSWERED = "answered"
"""State of a matter that was dealt with on the spot; every other one that was heard became a formal topic."""
OF_BASELINE = ("retired_over_working", "party_over_all")
"""Signs of F14: who is active before the council."""


HEAT = "heat_end"
"""Mean heat at the end of the council's meetings, of which only a difference between periods is a statistic."""


@dataclass(frozen=True)
class ReadStatistics:
    """Runs a model and reads its statistics: those of phase 1's report where the period is one of `OWN_PERIODS`.

    asked: further ones, as period/statistic, of any period, where a statistic is that of `read_model` or a headline
    metric as metric:group, or, of a period with `days`, a quantity of the revised plan's forecast as
    quantity/name:group (the catalogue's, under `forecast`); a name that there is not is left out; None: all there are
    days: period, and first day and first day after it, of those that are read for a time of their own
    """

    asked: tuple[str, ...] | None
    days: tuple[tuple[str, Days], ...] = ()

    def __call__(self, period: str, model: CommunityModel) -> dict[str, float]:
        """The statistics of the run of `period`, by name."""
        model.run()
        found: dict[str, float] = {}
        if period in ("phase1", "baseline"):
            found |= read_model(model)
        if period == "baseline":
            topics = model.topics.topics
            found["latency"] = latency_months([t.arisen_week for t in topics], [t.progress.agenda_week for t in topics])
        if period in ("phase1", "plain"):
            found[HEAT] = council_heat(model)
        own = {name.partition("/")[2] for name in self.asked or () if name.startswith(f"{period}/")}
        if not own and self.asked is not None:
            return found
        there = {**read_model(model), **headline_of(model)}
        for _, days in (one for one in self.days if one[0] == period):
            quantities = read_period(model, days)
            there |= {f"quantity/{name}:{group}": value for (name, group), value in quantities.items()}
        kept = there.keys() if self.asked is None else own & there.keys()
        return found | {f"{period}/{name}": there[name] for name in sorted(kept)}


def joined(read: Mapping[str, Mapping[str, Matrix]]) -> dict[str, Matrix]:
    """All statistics of parameter draws by name, from what `ReadStatistics` reads of their periods: period -> name ->
    value of every set. A period that was not run leaves its statistics out.
    """
    found: dict[str, Matrix] = {}
    if "phase1" in read:
        found |= {name: values for name, values in read["phase1"].items() if "/" not in name and name != HEAT}
    if "baseline" in read:
        found |= {name: read["baseline"][name] for name in (*OF_BASELINE, "latency")}
    if "plain" in read and "phase1" in read:
        found["calmer_in_parlour"] = read["plain"][HEAT] - read["phase1"][HEAT]
    for period, values in read.items():
        found |= {name: value for name, value in values.items() if name.startswith(f"{period}/")}
    return found


def headline_of(model: CommunityModel) -> dict[str, float]:
    """The headline metrics of a finished run as metric:group."""
    table = all_tables(model)["metrics"]
    names = zip(table["metric"].tolist(), table["group"].tolist(), table["value"].tolist(), strict=True)
    return {f"{metric}:{group}": value for metric, group, value in names}


def read_model(model: CommunityModel) -> dict[str, float]:
    """Figures of phase 1's report, computed from one finished run of phase 1."""
    metrics = all_tables(model)["metrics"]
    keys = zip(metrics["metric"].tolist(), metrics["group"].tolist(), strict=True)
    headline = dict(zip(keys, metrics["value"].tolist(), strict=True))
    reach = {group: headline["reach_year", group] for group in ("all", "elder", "working", "party")}
    return {
        "attendance_first4": headline["attendance_council_first4", "all"],
        "attendance_last4": headline["attendance_council_last4", "all"],
        "frequency_ordinary": headline["frequency_ordinary", "all"],
        "frequency_ordinary_in_person": headline["frequency_ordinary_in_person", "all"],
        "matters_landed": headline["matters_landed", "all"],
        "retired_over_working": reach["elder"] - reach["working"],
        "party_over_all": reach["party"] - reach["all"],
        **_events(model),
        **_tea(model),
        **_council_topics(model),
        **_people(model),
    }


def _events(model: CommunityModel) -> dict[str, float]:
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


def _tea(model: CommunityModel) -> dict[str, float]:
    """F54, F55."""
    heard = [topic for topic in model.topics.topics if topic.progress.channel == "tea"]
    return {
        "suggestions_tea": float(model.recorder.suggestions["tea"]),
        "new_matters_tea": float(len(heard)),
        "topics_from_tea": float(sum(topic.state != ANSWERED for topic in heard)),
    }


def _council_topics(model: CommunityModel) -> dict[str, float]:
    """F56-F58, F72, of the whole run up to its end, the read-out."""
    topics, sheets, whole = model.topics.topics, model.recorder.sheets, (0, model.calendar.weeks)
    online = outcomes.online_channels(model)
    traffic = [
        t
        for t in topics
        if t.kind.name == "traffic" and (t.state == "settled" and t.talk.meetings > 0 or t.talk.meetings >= DEADLOCK)
    ]
    traffic.sort(key=lambda topic: topic.progress.agenda_week)
    failed = [not (t.state == "settled" and t.talk.meetings <= DEADLOCK) for t in traffic]
    return {
        "matters_landed_council": outcomes.matters_landed(topics, *whole, COUNCIL),
        "meetings_per_settled": outcomes.sittings_per_settled(topics, sheets, online, *whole, COUNCIL),
        "executed_at_readout": outcomes.executed_at_readout(topics, *whole),
        "executed_within_26_weeks": outcomes.executed_within_26_weeks(topics, *whole),
        "settled_within_26_weeks": outcomes.settled_within_26_weeks(sheets, *whole),
        "deadlock": _mean(failed[:1]),
        "deadlock_share": _mean(failed),
    }


def _people(model: CommunityModel) -> dict[str, float]:
    """F59, F66, and the pool of A5."""
    residents, acts, weeks = model.residents, collect_acts(model), model.calendar.weeks
    ordinary = acts.where(~acts.duty)
    at_council = ordinary.channel == (acts.channels.index(COUNCIL) if COUNCIL in acts.channels else -1)
    adult = residents.adult

    def under(group: str) -> float:
        member = residents.member_of(group)
        among = member[ordinary.resident[at_council]]
        return float(member[adult].mean() - among.mean()) if len(among) else NAN

    online = np.count_nonzero(ordinary.online)
    in_person = len(ordinary.online) - online
    recent = ordinary.within(weeks - outcomes.TRAILING, weeks)
    outside = np.count_nonzero(adult & ~model.team_mask)
    return {
        "pool_ordinary": float(len(np.unique(ordinary.resident))),
        "pool_ordinary_in_person": float(len(np.unique(ordinary.resident[~ordinary.online]))),
        "frequency_all_adults": len(recent.week) * outcomes.QUARTER / min(weeks, outcomes.TRAILING) / outside,
        "tenants_under": under("tenant"),
        "elders_under": under("elder"),
        "in_person_over_online": (in_person - online) / (in_person + online) if in_person + online else NAN,
    }


def latency_months(arisen: Sequence[int], agenda: Sequence[int]) -> float:
    """F71: upper tercile of the months from arising to agenda, of the topics that got there (`agenda` week >= 0)."""
    begin, end = np.asarray(arisen, np.float64), np.asarray(agenda, np.float64)
    reached = end >= 0
    return float(np.quantile((end - begin)[reached] / WEEKS_PER_MONTH, UPPER_TERCILE)) if reached.any() else NAN


def council_heat(model: CommunityModel) -> float:
    """F67: mean heat at the end of the council's sittings of a finished run."""
    return _mean([sheet.heat_end for sheet in model.recorder.sheets if sheet.channel == "council"])


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else NAN
