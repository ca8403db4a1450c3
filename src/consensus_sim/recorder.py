"""What is kept of a run: weekly metrics, acts, observation sheets, points, costs. Reads everything, changes nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.events import Event
from consensus_sim.council.meeting import Minutes
from consensus_sim.council.topics import STATES
from consensus_sim.dynamics.measures import means_where, moments_by_group
from consensus_sim.interventions.base import Cost
from consensus_sim.interventions.survey import SurveyResult
from consensus_sim.residents.capability import indicator_block
from consensus_sim.residents.columns import BEHAVIOURS, CHANNELS, COGNITIONS, GROUPS, REPORT_GROUPS, SKILLS

ATTITUDES = ("trust", "efficacy", "belonging", "fatigue", "motive")
"""Columns of which the mean over adults is kept every week."""
DIMENSIONS = ("cognition", "skill", "behaviour")
"""Dimensions of the capability scale."""
TEAM_BIT, ACTIVE_BIT = 1 << len(GROUPS), 1 << (len(GROUPS) + 1)
"""Bits beside the groups of residents: the council team, and who has taken part in this run."""


class Recorder:
    """Keeps a run's facts as they happen; `ensemble.tables` turns them into the tidy tables of docs/results.md."""

    def __init__(self, model: Any) -> None:
        self.model = model
        weeks = model.calendar.weeks
        self.weeks = weeks
        self.weekly: dict[str, NDArray[np.float32]] = {}
        self.acts: list[tuple[int, str, NDArray[np.int32]]] = []
        self.team_acts: list[NDArray[np.bool_]] = []
        self.events_held: list[tuple[int, str, int]] = []
        self.sheets: list[Minutes] = []
        self.capability: list[tuple[str, str, str, str, float, float, int]] = []
        self.revisions: list[tuple[int, int, str, float, bool]] = []
        self.points_rows: list[tuple[float, ...]] = []
        self.surveys: list[SurveyResult] = []
        self.costs: list[tuple[int, str, float, float]] = []
        self.suggestions: dict[str, int] = defaultdict(int)
        self._numbers: dict[str, int] = defaultdict(int)
        self._present: dict[str, list[int]] = defaultdict(list)
        self._seen = 0

    def next_event(self, channel: str) -> int:
        """Number of the next event of a channel in the present week: 0 for the first."""
        name = f"{channel}:{self.model.week}"
        self._numbers[name] += 1
        return self._numbers[name] - 1

    def event(self, event: Event) -> None:
        """Keep who took part."""
        self.acts.append((event.week, event.channel.name, event.came))
        self.team_acts.append(self.model.team_mask[event.came])
        self.events_held.append((event.week, event.channel.name, len(event.came) + event.officers))
        self.suggestions[event.channel.name] += len(event.raised)
        self._present[event.channel.name].append(len(event.came) + event.officers)

    def minutes(self, minutes: Minutes) -> None:
        """Keep one row of the observation sheet."""
        self.sheets.append(minutes)

    def seen(self, number: int) -> None:
        """Count residents who saw an outcome this week."""
        self._seen += number

    def points(self, lever: Any, claims: float) -> None:
        """Keep the state of the points ledger of this week (the last note of a week counts)."""
        week, purse = self.model.week, lever.purse
        ledger = (week, lever.issued, lever.held, lever.redeemed, lever.expired)
        money = (float(purse.paid.sum()), float(purse.lapsed.sum()), *purse.came_in.tolist())
        row = (*ledger, lever.budget_left, claims, lever.belief, lever.shop.level, *money)
        if self.points_rows and self.points_rows[-1][0] == week:
            self.points_rows[-1] = row
        else:
            self.points_rows.append(row)

    def cost(self, lever: str, cost: Cost) -> None:
        """Keep what a lever cost this week."""
        if cost.money or cost.staff_hours:
            self.costs.append((self.model.week, lever, cost.money, cost.staff_hours))

    def note(self, name: str, value: float) -> None:
        """Keep a weekly metric of a lever."""
        self._put(name, value)

    def revision(self, rule: int, observed: str, value: float, acts: bool) -> None:
        """Keep what a self-revising policy saw at a reflection point, and whether it acted."""
        self.revisions.append((self.model.week, rule, observed, value, acts))

    def _put(self, name: str, value: float) -> None:
        if name not in self.weekly:
            self.weekly[name] = np.full(self.weeks, np.nan, np.float32)
        self.weekly[name][self.model.week] = value

    def record(self) -> None:
        """Keep the week's metrics; at the end of a half-year, or of the run, also the capability scale."""
        model = self.model
        for channel in model.known_channels:
            present = self._present.pop(channel, None)
            if model.is_open(channel):
                self._put(f"participations_{channel}", float(sum(present)) if present else 0.0)
            if present:
                self._put(f"attendance_{channel}", sum(present) / len(present))
        states = Counter(map(attrgetter("state"), model.topics.topics))
        for state in STATES:
            self._put(f"topics_{state}", float(states[state]))
        executions = Counter(map(attrgetter("execution"), model.topics.topics))
        self._put("matters_landed", float(executions["on_time"] + executions["late"]))
        residents = model.residents
        columns = tuple(residents.column(name) for name in ATTITUDES)
        blocks = (residents.cognition, residents.skill)
        means, mean_blocks, shares = means_where(
            columns, blocks, residents.aware, len(CHANNELS), residents.adult, model.scratch.adult
        )
        for name, value in zip((*ATTITUDES, "cognition", "skill"), (*means, *mean_blocks), strict=True):
            self._put(name, value)
        for channel in model.channels:
            self._put(f"aware_{channel}", shares[CHANNELS.index(channel)])
        if model.team is not None and len(model.team.members):
            self._put("fatigue_team", float(residents.fatigue[model.team.members].mean()))
        self._put("saw_outcome", float(self._seen))
        self._seen = 0
        if model.calendar.ends_half_year(model.week) or model.week == self.weeks - 1:
            self.scale()

    def scale(self) -> None:
        """The capability scale 协商能力评估量表 (F46) of all residents, by group, dimension and indicator."""
        model, residents = self.model, self.model.residents
        half_year = model.calendar.half_year(model.week)
        indicators = (*COGNITIONS, *SKILLS, *BEHAVIOURS)
        block = indicator_block(residents)
        ends = np.cumsum([len(COGNITIONS), len(SKILLS), len(BEHAVIOURS)])
        dimensions = np.array([block[low:high].mean(axis=0) for low, high in zip((0, *ends[:-1]), ends, strict=True)])
        block = np.concatenate([block, dimensions])
        names = [*indicators, "all", "all", "all"]
        within = [DIMENSIONS[int(np.searchsorted(ends, row, side="right"))] for row in range(len(indicators))]
        bits = residents.groups | np.where(model.team_mask, TEAM_BIT, 0) | np.where(model.took_part, ACTIVE_BIT, 0)
        count, means, deviations = moments_by_group(block, bits.astype(np.uint16), len(GROUPS) + 2)
        for place, group in enumerate((*GROUPS, "team", "active")):
            if count[place] and (group in REPORT_GROUPS or place >= len(GROUPS)):
                rows = zip(
                    (*within, *DIMENSIONS), names, means[place].tolist(), deviations[place].tolist(), strict=True
                )
                for dimension, name, mean, sd in rows:
                    self.capability.append((half_year, group, dimension, name, mean, sd, int(count[place])))
