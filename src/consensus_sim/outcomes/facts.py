"""The facts of one run as tidy tables: name -> column -> array. What each column means is said in docs/results.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.events import NOBODY
from consensus_sim.council.team import ROLES
from consensus_sim.model.recorder import SCALE_ROWS
from consensus_sim.outcomes.metrics import QUARTER, headline_metrics
from consensus_sim.outcomes.outcomes import Acts, online_channels
from consensus_sim.residents.capability import INDICATORS

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel

Table = dict[str, NDArray[Any]]
Columns = Mapping[str, "type | str"]
"""Names of columns and the NumPy types of their values."""
DAY = "datetime64[ms]"  # the coarsest unit that Parquet, Arrow and pandas share
LAST_WEEKS = f"last_{QUARTER}_weeks"
"""Label that replaces the quarter in the rows of the table grids that cover the same weeks as the headline metrics."""


POINTS_COLUMNS: Columns = {
    "week": int, **dict.fromkeys(("issued", "held", "redeemed", "expired"), int),
    **dict.fromkeys(("budget_left", "claims_due", "belief", "price_level", "paid", "lapsed"), float),
    **dict.fromkeys(("income_sponsors", "income_public", "income_budget"), float),
}  # fmt: skip
COSTS_COLUMNS: Columns = {"week": int, "lever": str, "money": float, "staff_hours": float}
REVISIONS_COLUMNS: Columns = {"week": int, "rule": int, "observed": str, "value": float, "acts": bool}


def all_tables(model: CommunityModel) -> dict[str, Table]:
    """Every table of the run of `model`."""
    acts = collect_acts(model)
    return {
        "weekly": weekly_table(model, acts),
        "grids": grids_table(model, acts),
        "topics": topics_table(model),
        "meetings": meetings_table(model),
        "capability": capability_table(model),
        "survey": survey_table(model),
        "survey_answers": survey_answers_table(model),
        "points": _rows(model.recorder.points_rows, POINTS_COLUMNS),
        "costs": _rows(model.recorder.costs, COSTS_COLUMNS),
        "team": team_table(model),
        "revisions": _rows(model.recorder.revisions, REVISIONS_COLUMNS),
        "metrics": headline_metrics(model, acts),
    }


def _rows(rows: list[Any], kinds: Columns) -> Table:
    """A table from a list of tuples; without any, its columns have their types all the same."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(kinds)
    return {name: np.asarray(column, kind) for (name, kind), column in zip(kinds.items(), columns, strict=True)}


def collect_acts(model: CommunityModel) -> Acts:
    """All participations of the run, one entry each, in the order of weeks."""
    recorder = model.recorder
    sizes = [len(who) for _, _, who in recorder.acts]
    names = sorted({channel for _, channel, _ in recorder.acts})
    codes = [names.index(channel) for _, channel, _ in recorder.acts]
    online = online_channels(model)
    return Acts(
        week=np.repeat(np.array([week for week, _, _ in recorder.acts], np.int64), sizes),
        channel=np.repeat(np.array(codes, np.int64), sizes),
        resident=np.concatenate([who for _, _, who in recorder.acts] or [NOBODY]).astype(np.int64),
        team=np.concatenate(recorder.team_acts or [np.empty(0, bool)]),
        duty=np.concatenate(recorder.duty_acts or [np.empty(0, bool)]),
        online=np.repeat(np.array([channel in online for _, channel, _ in recorder.acts], bool), sizes),
        channels=tuple(names),
    )


def weekly_table(model: CommunityModel, acts: Acts) -> Table:
    """Weekly metrics, one row a week, metric and group; participation also by group."""
    weeks = np.arange(model.calendar.weeks)
    dates = np.array(model.calendar.dates[:-1], DAY)
    series = [(name, "all", values) for name, values in sorted(model.recorder.weekly.items())]
    for group in ("all", "elder", "young", "tenant", "vulnerable"):
        member = model.residents.member_of(group)[acts.resident]
        counts = np.bincount(acts.week[member], minlength=len(weeks)).astype(np.float32)
        series.append(("participations", group, counts))
    told = [np.flatnonzero(values == values) for _, _, values in series]
    kept = [(name, group, at, values[at]) for at, (name, group, values) in zip(told, series, strict=True)]
    sizes = [len(week) for _, _, week, _ in kept]
    week = np.concatenate([week for _, _, week, _ in kept])
    return {
        "week": week,
        "date": dates[week],
        "metric": np.repeat(np.array([name for name, _, _, _ in kept]), sizes),
        "group": np.repeat(np.array([group for _, group, _, _ in kept]), sizes),
        "value": np.concatenate([values for _, _, _, values in kept]).astype(np.float32),
    }


def grids_table(model: CommunityModel, acts: Acts) -> Table:
    """Participation in each grid and micro-grid, by quarter of the calendar and once more in the last 13 weeks."""
    people, places, calendar = model.community.population, model.community.places, model.calendar
    quarters = [calendar.quarter(week) for week in range(calendar.weeks)]
    names = [*dict.fromkeys(quarters), LAST_WEEKS]
    number = np.array([names.index(quarter) for quarter in quarters])
    recent = np.flatnonzero(acts.week >= calendar.weeks - QUARTER)
    quarter = np.concatenate([number[acts.week], np.full(len(recent), len(names) - 1)])
    resident, duty = (np.concatenate([column, column[recent]]) for column in (acts.resident, acts.duty))
    parts: list[Table] = []
    residents = model.residents.n
    once = np.unique(quarter * residents + resident)
    for level, place, count in (
        ("grid", people.grid, places.n_grids),
        ("micro_grid", people.micro_grid, places.n_micro_grids),
    ):
        size, where = count * len(names), quarter * count + place[resident]
        adults = np.tile(np.bincount(place[model.adults], minlength=count), len(names))
        participations = np.bincount(where, minlength=size)
        participants = np.bincount(once // residents * count + place[once % residents], minlength=size)
        with np.errstate(invalid="ignore", divide="ignore"):
            parts.append(
                {
                    "quarter": np.repeat(np.array(names), count),
                    "level": np.full(size, level),
                    "place": np.tile(np.arange(count), len(names)),
                    "adults": adults,
                    "participants": participants,
                    "participations": participations,
                    "ordinary_participations": np.bincount(where[~duty], minlength=size),
                    "reach": (participants / adults).astype(np.float32),
                    "frequency": (participations / participants).astype(np.float32),
                }
            )
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


TOPIC_COLUMNS: Columns = {
    "topic": int, "topic_class": str, "category": str, "micro_grid": int, "scope": str, "label": str,
    "arisen_week": int, "heard_week": int, "channel": str, "agenda_week": int, "sittings": int, "state": str,
    "settled_week": int, "acceptance": float, "responsible": str, "deadline_week": int, "execution": str,
    "executed_week": int, "satisfaction": float, "efficiency": float, "fairness": float, "failed_before": int,
    "raised_by": int, "led_by": int, "found": float,
}  # fmt: skip


def topics_table(model: CommunityModel) -> Table:
    """One row a topic, from arising to evaluation."""
    rows = [
        (
            t.number, t.kind.name, t.kind.category, t.micro_grid, t.scope, p.label, t.arisen_week, p.heard_week,
            p.channel, p.agenda_week, t.talk.meetings, t.state, r.settled_week, r.acceptance,
            t.kind.responsible if r.execution != "none" else "", r.deadline_week, r.execution, r.executed_week,
            r.satisfaction, r.efficiency, r.fairness, p.failed_before, p.raised_by, p.led_by, t.talk.found,
        )
        for t, p, r in ((topic, topic.progress, topic.resolution) for topic in model.topics.topics)
    ]  # fmt: skip
    return _rows(rows, TOPIC_COLUMNS)


def team_table(model: CommunityModel) -> Table:
    """The file of each member of the council team in office at the end (F21): role, layer, attendance, contribution."""
    team = model.team
    rows = [] if team is None else list(
        zip(team.members.tolist(), team.role, (ROLES[role][0] for role in team.role), team.attended.tolist(),
            team.spoke.tolist(), strict=True)
    )  # fmt: skip
    return _rows(rows, {"resident": int, "role": str, "layer": str, "attended": int, "spoke": int})


def capability_table(model: CommunityModel) -> Table:
    """The capability scale of all residents: one row a half-year, group, dimension and indicator."""
    readings, width = model.recorder.capability, len(SCALE_ROWS)
    groups = [group for reading in readings for group in reading.groups]
    dimension, indicator = (np.tile([row[side] for row in SCALE_ROWS], len(groups)) for side in (0, 1))
    return {
        "half_year": np.repeat([each.half_year for each in readings], [width * len(each.groups) for each in readings]),
        "group": np.repeat(groups, width),
        "dimension": dimension,
        "indicator": indicator,
        "mean": np.concatenate([reading.mean for reading in readings]).reshape(-1),
        "sd": np.concatenate([reading.sd for reading in readings]).reshape(-1),
        "n": np.repeat(np.concatenate([reading.n for reading in readings]), width),
    }


def survey_table(model: CommunityModel) -> Table:
    """Findings of each capability survey: one row a group, dimension and indicator."""
    rows = [
        (survey.half_year, *key, *found, found.n / found.asked if found.asked else float("nan"))
        for survey in model.recorder.surveys
        for key, found in survey.findings.items()
    ]
    of_whom = dict.fromkeys(("half_year", "group", "dimension", "indicator"), str)
    return _rows(rows, {**of_whom, "mean": float, "se": float, "n": int, "asked": int, "response_rate": float})


def survey_answers_table(model: CommunityModel) -> Table:
    """Every answer of every capability survey; respondents are numbered, not named."""
    indicators = [(dimension, name) for dimension, names in INDICATORS.items() for name in names]
    columns: list[list[NDArray[Any]]] = [[], [], [], [], [], []]
    for survey in model.recorder.surveys:
        people, width = survey.answers.shape
        dimension, indicator = (np.repeat([pair[side] for pair in indicators], survey.items) for side in (0, 1))
        item = np.tile(np.arange(1, survey.items + 1, dtype=np.int8), len(indicators))
        columns[0].append(np.full(people * width, survey.half_year))
        columns[1].append(np.repeat(np.arange(people, dtype=np.int32), width))
        for column, values in zip(columns[2:5], (dimension, indicator, item), strict=True):
            column.append(np.tile(values, people))
        columns[5].append(survey.answers.reshape(-1))
    kinds: Columns = {
        "half_year": str, "respondent": np.int32, "dimension": str, "indicator": str, "item": np.int8,
        "answer": np.int8,
    }  # fmt: skip
    return {
        name: np.concatenate(column) if column else np.empty(0, kind)
        for (name, kind), column in zip(kinds.items(), columns, strict=True)
    }


MEETING_COLUMNS: Columns = {
    "week": int, "date": DAY, "channel": str, "venue": str, "topic": int, "topic_class": str, "sitting": int,
    "present": int, "team_present": int,
    **dict.fromkeys(("team_or_party_share", "vulnerable_offered", "vulnerable_accepted", "vulnerable_present"), float),
    **dict.fromkeys(("vulnerable_speaking", "elder_speaking", "tenant_speaking"), float),
    "turns": int, "gini_speaking": float, "top_fifth_speaking": float, "heat_end": float, "how": str,
    "acceptance": float, "execution": str,
}  # fmt: skip


def meetings_table(model: CommunityModel) -> Table:
    """The observation sheet 观察记录表 (F47): one row a topic and sitting."""
    date = model.calendar.date
    rows = [
        (
            m.week, date(m.week), m.channel, m.venue, m.topic.number, m.topic.kind.name, m.sitting,
            m.present, m.team_present, m.team_or_party_share, m.vulnerable_offered, m.vulnerable_accepted,
            m.vulnerable_present, m.vulnerable_speaking, m.elder_speaking, m.tenant_speaking, m.turns, m.gini_speaking,
            m.top_fifth_speaking, m.heat_end, m.how, m.acceptance, m.topic.resolution.execution,
        )
        for m in model.recorder.sheets
    ]  # fmt: skip
    return _rows(rows, MEETING_COLUMNS)
