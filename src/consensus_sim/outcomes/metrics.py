"""Headline metrics of one run. Labels, units and definitions of all of them: `consensus_sim.catalogue.metric`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.topics import SETTLED
from consensus_sim.dynamics.measures import fill_scale, mean_at
from consensus_sim.outcomes import outcomes
from consensus_sim.outcomes.outcomes import NAN, Acts, ratio
from consensus_sim.residents.capability import INDICATORS, exposed_gains
from consensus_sim.residents.columns import REPORT_GROUPS, group_bit

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel

QUARTER, YEAR, HALF_YEAR = 13, 52, 26
"""Weeks in the windows of the metrics' definitions."""
EDGE = 4
"""Sessions that make the first and the last of F51 ("the mean of the first and last four events")."""


def headline_metrics(model: CommunityModel, acts: Acts) -> dict[str, NDArray[Any]]:
    """The run's headline metrics as a table metric, group, value (NaN: not defined in this run)."""
    rows: list[tuple[str, str, float]] = []
    rows += _participation(model, acts)
    rows += _attendance(model)
    rows += _topics(model)
    rows += _inclusion(model)
    rows += _attitudes(model)
    rows += [
        ("cost_money", "all", float(sum(cost[2] for cost in model.recorder.costs))),
        ("cost_hours", "all", float(sum(cost[3] for cost in model.recorder.costs))),
    ]
    return {
        "metric": np.array([row[0] for row in rows]),
        "group": np.array([row[1] for row in rows]),
        "value": np.array([row[2] for row in rows], np.float64),
    }


def _mean(values: Iterable[float]) -> float:
    kept = [value for value in values if value == value]
    return float(np.mean(np.array(kept, np.float64))) if kept else NAN


def _participation(model: CommunityModel, acts: Acts) -> list[tuple[str, str, float]]:
    """Reach and frequency (design: two different claims), by group, and where nobody ordinary came."""
    weeks = model.calendar.weeks
    quarter = acts.where(acts.week >= weeks - QUARTER)
    year = acts.where(acts.week >= weeks - YEAR)
    rows = []
    recent = acts.within(weeks - outcomes.TRAILING, weeks)
    in_quarter, in_year, in_recent = np.zeros((3, model.residents.n), bool)
    in_quarter[quarter.resident], in_year[year.resident], in_recent[recent.resident] = True, True, True
    groups = model.residents.groups
    bits_of = (groups[recent.resident], groups[in_recent], groups[in_quarter], groups[in_year])
    for group in REPORT_GROUPS:
        bit, size = np.uint16(group_bit(group)), len(model.residents.rows_of(group))
        acts_of, recent_of, quarter_of, year_of = (float(np.count_nonzero(bits & bit)) for bits in bits_of)
        rows += [
            ("reach_quarter", group, ratio(quarter_of, size)),
            ("reach_year", group, ratio(year_of, size)),
            ("frequency", group, outcomes.per_quarter(acts_of, recent_of, weeks)),
        ]
    in_person = np.unique(year.resident[~year.online])
    rows += [
        ("reach_in_person", "all", ratio(len(in_person), len(model.adults))),
        ("frequency_ordinary", "all", outcomes.frequency_ordinary(acts, weeks)),
        ("frequency_ordinary_in_person", "all", outcomes.frequency_ordinary(acts, weeks, in_person=True)),
        ("person_times_quarter", "all", float(len(quarter.week))),
    ]
    ordinary_acts = quarter.where(~quarter.duty)
    places = model.community.population.micro_grid[ordinary_acts.resident]
    silent = model.community.places.n_micro_grids - len(np.unique(places))
    rows.append(("silent_micro_grids", "all", float(silent)))
    counts = np.bincount(acts.resident, minlength=model.residents.n).take(model.adults)
    most = np.sort(counts[counts > 0])[-max(1, round(0.01 * len(counts))) :]
    rows.append(("top_percent_share", "all", ratio(float(most.sum()), float(counts.sum()))))
    return rows


def _attendance(model: CommunityModel) -> list[tuple[str, str, float]]:
    """Persons present per event, by channel in the last quarter; of the council also at the edges of its first half-
    year.
    """
    late, sessions = defaultdict(list), []
    for week, name, n in model.recorder.events_held:
        if week >= model.calendar.weeks - QUARTER:
            late[name].append(n)
        if name == "council":
            sessions.append((week, n))
    rows = [(f"attendance_{channel}", "all", _mean(late.get(channel, ()))) for channel in model.known_channels]
    first_half = [n for week, n in sessions if week < sessions[0][0] + HALF_YEAR]
    rows += [
        ("attendance_council_first4", "all", _mean(first_half[:EDGE])),
        ("attendance_council_last4", "all", _mean(first_half[-EDGE:]) if len(first_half) > EDGE else NAN),
    ]
    return rows


def _topics(model: CommunityModel) -> list[tuple[str, str, float]]:
    """Consensus as three shares, sittings, weeks, execution as three shares, who raises and leads, scores."""
    topics, sheets, whole = model.topics.topics, model.recorder.sheets, (0, model.calendar.weeks)
    online, party = outcomes.online_channels(model), model.residents.member_of("party")
    settled = [t for t in topics if t.state == SETTLED]
    begun = [t for t in topics if t.progress.agenda_week >= 0]
    finished = [t for t in topics if t.resolution.satisfaction == t.resolution.satisfaction]
    return [
        ("topics_deliberated", "all", float(len(outcomes.on_agenda(sheets, *whole)))),
        *((f"consensus_{name}", "all", share) for name, share in outcomes.consensus(sheets, *whole).items()),
        ("sittings_per_settled", "all", outcomes.sittings_per_settled(topics, sheets, online, *whole)),
        ("weeks_to_agenda", "all", _mean(t.progress.agenda_week - t.arisen_week for t in begun)),
        ("weeks_to_resolution", "all", _mean(t.resolution.settled_week - t.arisen_week for t in settled)),
        *((f"execution_{name}", "all", share) for name, share in outcomes.execution_of_due(topics, *whole).items()),
        ("matters_landed", "all", outcomes.matters_landed(topics, *whole)),
        ("topics_raised_by_party", "all", outcomes.topics_raised_by_party(topics, party, *whole)),
        ("topics_led_by_party", "all", outcomes.topics_led_by_party(sheets, online, party, *whole)),
        ("satisfaction", "all", _mean(t.resolution.satisfaction for t in finished)),
        ("efficiency", "all", _mean(t.resolution.efficiency for t in finished)),
        ("fairness", "all", _mean(t.resolution.fairness for t in finished)),
    ]


def _inclusion(model: CommunityModel) -> list[tuple[str, str, float]]:
    """Shares of groups in seats and in speech at council sessions (at ad-hoc meetings where there is no council)."""
    sheets = [m for m in model.recorder.sheets if m.channel == "council"]
    if not sheets:
        sheets = [m for m in model.recorder.sheets if m.channel == "adhoc"]
    begun = sheets[0].week if sheets else 0
    sessions = sorted({m.week for m in sheets if m.week < begun + HALF_YEAR})
    first, late = set(sessions[:EDGE]), set(sessions[-EDGE:]) if len(sessions) > EDGE else set()
    return [
        *(
            (name, "all", _mean(getattr(m, name) for m in sheets))
            for name in (
                "vulnerable_offered",
                "vulnerable_accepted",
                "vulnerable_present",
                "vulnerable_speaking",
                "gini_speaking",
                "top_fifth_speaking",
            )
        ),
        ("team_or_party_present", "all", _mean(m.team_or_party_share for m in sheets)),
        ("team_or_party_present_first4", "all", _mean(m.team_or_party_share for m in sheets if m.week in first)),
        ("team_or_party_present_last4", "all", _mean(m.team_or_party_share for m in sheets if m.week in late)),
    ]


def _attitudes(model: CommunityModel) -> list[tuple[str, str, float]]:
    """Means over adults at the end, by group; fatigue and strain also of the team."""
    residents, rows = model.residents, []
    scale = model.scratch.scale
    fill_scale(
        residents.cognition, residents.skill, residents.habit, residents.initiative, residents.follow_through, scale
    )
    columns = {
        "trust": residents.trust,
        "efficacy": residents.efficacy,
        "belonging": residents.belonging,
        **dict(zip(INDICATORS, scale[-len(INDICATORS) :], strict=True)),
        "fatigue": residents.fatigue,
    }
    members = {group: residents.rows_of(group) for group in ("all", "elder", "young", "tenant", "vulnerable", "party")}
    took_part = np.flatnonzero(model.took_part & residents.adult)
    for name, column in columns.items():
        rows += [(name, group, float(mean_at(column, member))) for group, member in members.items() if len(member)]
        rows.append((name, "active", float(mean_at(column, took_part)) if len(took_part) else NAN))
    team = model.team.members if model.team is not None else np.empty(0, np.int32)
    for name in ("fatigue", "strain"):
        of_team = residents.column(name)[team]
        rows.append((f"{name}_team", "all", float(of_team.mean()) if len(team) else NAN))
    for name, gain in zip(("skill_gain_trained", "skill_gain_practised"), exposed_gains(model), strict=True):
        rows.append((name, "all", gain))
    return rows
