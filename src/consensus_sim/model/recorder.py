"""Records of a run: weekly metrics, acts, observation sheets, points, costs. Reads everything, changes nothing."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.events import NOBODY, Event
from consensus_sim.council.meeting import Minutes, Trace
from consensus_sim.council.topics import STATES
from consensus_sim.dynamics.measures import add_bits, fill_scale, mean_at, means_where, moments_by_group
from consensus_sim.dynamics.participation import OWN_GROUP, PERSONAL
from consensus_sim.interventions.base import Cost
from consensus_sim.residents.capability import INDICATORS, WHOLE, SurveyResult, exposed_gains
from consensus_sim.residents.columns import GROUPS, REPORT_GROUPS

if TYPE_CHECKING:
    from consensus_sim.interventions.points import Points
    from consensus_sim.model.model import CommunityModel

NAN = float("nan")
ATTITUDES = ("trust", "efficacy", "belonging", "fatigue", "motive")
"""Columns of which the mean over adults is kept every week."""
SCALE_ROWS = (
    *((dimension, indicator) for dimension, indicators in INDICATORS.items() for indicator in indicators),
    *((dimension, WHOLE) for dimension in INDICATORS),
)
"""Dimension and indicator of each row that `dynamics.measures.fill_scale` writes."""
SCALE_GROUPS = {
    **{place: group for place, group in enumerate(GROUPS) if group in REPORT_GROUPS},
    len(GROUPS): "team",
    len(GROUPS) + 1: "active",
}
"""Row that `dynamics.measures.moments_by_group` gives a group -> its name."""
TEAM_BIT, ACTIVE_BIT = 1 << len(GROUPS), 1 << (len(GROUPS) + 1)
"""Bits beside the groups of residents: the council team, and who has taken part in this run."""


class ScaleReading(NamedTuple):
    """The capability scale at the end of a half-year, of each group that has members."""

    half_year: str
    groups: list[str]
    mean: NDArray[np.float64]
    """(n_groups, rows of `SCALE_ROWS`)."""
    sd: NDArray[np.float64]
    """Of the same shape: standard deviation between members."""
    n: NDArray[np.int64]
    """(n_groups,) members."""


class Recorder:
    """Keeps a run's facts as they happen; `runs.tables` turns them into the tidy tables of docs/results.md."""

    def __init__(self, model: CommunityModel) -> None:
        self.model = model
        weeks = model.calendar.weeks
        self.weeks = weeks
        self.weekly: dict[str, NDArray[np.float32]] = {}
        self.acts: list[tuple[int, str, NDArray[np.int32]]] = []
        self.team_acts: list[NDArray[np.bool_]] = []
        self.duty_acts: list[NDArray[np.bool_]] = []
        self.asked: list[tuple[int, NDArray[np.int32]]] = []
        self.events_held: list[tuple[int, str, int]] = []
        self.sheets: list[Minutes] = []
        self.keep_traces = False  # set it before a run to keep its meetings turn by turn
        self.traces: list[Trace] = []
        self.capability: list[ScaleReading] = []
        self.revisions: list[tuple[int, int, str, float, bool]] = []
        self.points_rows: list[tuple[float, ...]] = []
        self.surveys: list[SurveyResult] = []
        self.costs: list[tuple[int, str, float, float]] = []
        self.suggestions: dict[str, int] = defaultdict(int)
        self._numbers: dict[str, int] = defaultdict(int)
        self._present: dict[str, list[int]] = defaultdict(list)
        self._seen = 0
        self._landed = 0
        self._names: list[str] = []

    def next_event(self, channel: str) -> int:
        """Number of the next event of a channel in the present week: 0 for the first."""
        number = self._numbers[channel]
        self._numbers[channel] = number + 1
        return number

    def event(self, event: Event) -> None:
        """Keep who took part, who of them was in the team or on duty, and who had been asked in person: the place in
        `acts`, and their rows. On duty are the council team, and the seed group at its own meetings.
        """
        self.asked += [(len(self.acts), who) for code, who in event.asked if code == PERSONAL]
        self.acts.append((event.week, event.channel.name, event.came))
        team = self.model.team_mask.take(event.came)
        own = [np.isin(event.came, who) for code, who in event.asked if code == OWN_GROUP]
        self.team_acts.append(team)
        self.duty_acts.append(np.logical_or.reduce([team, *own]) if own else team)
        self.events_held.append((event.week, event.channel.name, len(event.came) + event.officers))
        self.suggestions[event.channel.name] += len(event.raised)
        self._present[event.channel.name].append(len(event.came) + event.officers)

    def minutes(self, minutes: Minutes) -> None:
        """Keep one row of the observation sheet."""
        self.sheets.append(minutes)

    def landed(self) -> None:
        """Count a resolution that was carried out, on time or late."""
        self._landed += 1

    def seen(self, number: int) -> None:
        """Count residents who saw an outcome this week."""
        self._seen += number

    def points(self, lever: Points, claims: float) -> None:
        """Keep the state of the points ledger of this week (the last note of a week counts)."""
        week, purse = self.model.week, lever.purse
        ledger = (week, lever.issued, lever.held, lever.redeemed, lever.expired)
        money = (float(sum(purse.paid.tolist())), float(sum(purse.lapsed.tolist())), *purse.came_in.tolist())
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
        if not self._names:
            self._names = self._metrics()
            self._table = np.full((len(self._names), self.weeks), np.nan, np.float32)
            self._empty = list(range(len(self._names)))
        values = [*self._of_channels(), *self._of_topics(), *self._of_residents()]
        self._table[:, model.week] = values
        for row in [row for row in self._empty if values[row] == values[row]]:
            self.weekly[self._names[row]] = self._table[row]
            self._empty.remove(row)
        self._seen = 0
        self._present.clear()
        self._numbers.clear()
        if model.calendar.ends_half_year(model.week) or model.week == self.weeks - 1:
            self.scale()

    def _metrics(self) -> list[str]:
        """Names of what `record` keeps, in its order; one that has no value in any week is left out of `weekly`."""
        channels = list(self.model.known_channels)
        self._places = {name: place for place, name in enumerate(channels)}
        return [
            *(f"participations_{channel}" for channel in channels),
            *(f"attendance_{channel}" for channel in channels),
            *(f"topics_{state}" for state in STATES),
            "matters_landed",
            *ATTITUDES,
            "cognition",
            "skill",
            *(f"aware_{channel}" for channel in self.model.residents.channel_bits),
            "fatigue_team",
            "strain_team",
            "saw_outcome",
            "skill_gain_trained",
            "skill_gain_practised",
        ]

    def _of_channels(self) -> list[float]:
        """Participations in every open channel, then persons an event in those with any; NaN elsewhere."""
        places, found = self._places, [NAN] * (2 * len(self._places))
        for name in self.model.channels:
            found[places[name]] = 0.0
        for name, numbers in self._present.items():
            total = sum(numbers)
            if name in self.model.channels:
                found[places[name]] = float(total)
            found[len(places) + places[name]] = total / len(numbers)
        return found

    def _of_topics(self) -> list[float]:
        """Number of topics that wait in each state or have ever come to it, and of matters landed."""
        return [*map(float, self.model.topics.count_states().values()), float(self._landed)]

    def _of_residents(self) -> list[float]:
        """Means over adults, shares who know of each open channel, the team's fatigue and strain, who saw an outcome,
        and at the end of a month the skill gained by the exposed.
        """
        model, residents = self.model, self.model.residents
        columns = (residents.trust, residents.efficacy, residents.belonging, residents.fatigue, residents.motive)
        blocks = (residents.cognition, residents.skill)
        means, mean_blocks, shares = means_where(
            columns, blocks, residents.aware, len(residents.channel_bits), residents.adult, model.scratch.adult
        )
        shares = shares.tolist()
        known = zip(residents.channel_bits, shares, strict=True)
        aware = [share if channel in model.channels else NAN for channel, share in known]
        members = NOBODY if model.team is None else model.team.members
        reading = model.calendar.ends_month(model.week) or model.week == self.weeks - 1  # slow, so not every week
        gains = exposed_gains(model) if reading else (NAN, NAN)
        worn = [
            float(mean_at(column, members)) if len(members) else NAN for column in (residents.fatigue, residents.strain)
        ]
        return [*means.tolist(), *mean_blocks.tolist(), *aware, *worn, float(self._seen), *gains]

    def scale(self) -> None:
        """The capability scale 协商能力评估量表 (F46) of all residents, by group, dimension and indicator."""
        model, residents = self.model, self.model.residents
        half_year = model.calendar.half_year(model.week)
        block, bits = model.scratch.scale, model.scratch.bits
        fill_scale(
            residents.cognition, residents.skill, residents.habit, residents.initiative, residents.follow_through, block
        )
        add_bits(residents.groups, model.team_mask, TEAM_BIT, model.took_part, ACTIVE_BIT, bits)
        count, means, deviations = moments_by_group(block, bits, len(GROUPS) + 2)
        kept = [place for place in SCALE_GROUPS if count[place]]
        groups = [SCALE_GROUPS[place] for place in kept]
        self.capability.append(ScaleReading(half_year, groups, means[kept], deviations[kept], count[kept]))
