"""Measures of a run by which a pattern is checked: one function per measure.

Arguments named `first` and `last` are weeks since the programme began (0 is its first week; `last` is not part of the
window), so that council-months compare between set-ups. A measure that is not defined in a run is NaN.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.resolution import hazard
from consensus_sim.council.topics import SETTLED, Resolution
from consensus_sim.dynamics.latent import latent_gain
from consensus_sim.errors import InputError, one_of
from consensus_sim.experiments.patterns.rooms import MEASURES as ROOM_MEASURES
from consensus_sim.experiments.patterns.rooms import Room, survey_rooms
from consensus_sim.outcomes.facts import all_tables, collect_acts
from consensus_sim.outcomes.metrics import headline_metrics
from consensus_sim.outcomes.outcomes import Acts
from consensus_sim.residents.columns import SKILLS
from consensus_sim.residents.residents import LONG_STANDING

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel

NAN = float("nan")
NOT_COMPARED = ("costs", "points")
"""Tables that a lever of zero strength may change: what it cost, and its own ledger."""
OWN_METRICS = ("cost_", "walk_reach")
"""Metrics, by how they begin, that it may change: its cost, and what a circle without points reports of itself."""
MOTIVATED = 0.75
"""Quantile of motive at the start from which a resident counts as intrinsically motivated (B17); assumption."""


class Run:
    """A finished run, with the weekly states that measures need.

    skill: (weeks + 1, 4, n) skills before the first week and after each; knows: (weeks, n) whether a resident knows of
    a channel in person other than the long-standing ones, after each week; first_team: rows of the first council team
    """

    def __init__(self, model: CommunityModel, begin: int) -> None:
        self.model, self.begin = model, begin
        self.first_team: NDArray[np.int64] = np.empty(0, np.int64)
        skill = [model.residents.skill.copy()]
        in_person = sum(
            bit
            for name, bit in model.residents.channel_bits.items()
            if name not in LONG_STANDING and not model.known_channels[name].online
        )
        self.knows: list[NDArray[np.bool_]] = []
        while model.week < model.calendar.weeks:
            model.step()
            skill.append(model.residents.skill.copy())
            self.knows.append((model.residents.aware & np.uint16(in_person)) != 0)
            if not len(self.first_team) and model.team is not None:
                self.first_team = np.array(model.team.members, np.int64)
        self.skill = skill

    @cached_property
    def acts(self) -> Acts:
        """All participations."""
        return collect_acts(self.model)

    @cached_property
    def survey(self) -> list[tuple[Room, NDArray[np.float64], NDArray[np.float64]]]:
        """Rooms of 12 to 20 people with their answers before and after one meeting."""
        return list(survey_rooms(self.model))

    @cached_property
    def headline(self) -> dict[tuple[str, str], float]:
        """The run's headline metrics by (metric, group)."""
        table = headline_metrics(self.model, self.acts)
        keys = zip(table["metric"].tolist(), table["group"].tolist(), strict=True)
        return dict(zip(keys, table["value"].tolist(), strict=True))

    def window(self, first: int, last: int) -> NDArray[np.bool_]:
        """Mask of the participations in weeks `first` to `last` of the programme."""
        week = self.acts.week - self.begin
        return (week >= first) & (week < last)

    def at(self, channels: Iterable[str]) -> NDArray[np.bool_]:
        """Mask of the participations in one of `channels`."""
        wanted = set(channels)
        return np.array([name in wanted for name in self.acts.channels], bool)[self.acts.channel]

    def gain(self, who: NDArray[np.integer], week: int) -> NDArray[np.float64]:
        """Skill gained by `who` from the programme's start to the beginning of its week `week`, (4, n), in SD of adults
        at the start on the latent scale.
        """
        now = min(self.begin + week, len(self.skill) - 1)
        gained: NDArray[np.float64] = latent_gain(
            self.skill[now], self.skill[self.begin], self.model.skill_unit, who.astype(np.int64)
        )
        return gained


def _mean(values: Iterable[float]) -> float:
    kept = [value for value in values if value == value]
    return float(np.mean(kept)) if kept else NAN


# --- participation ---------------------------------------------------------------------------------------------------


def metric(run: Run, name: str, group: str = "all") -> float:
    """A headline metric of the catalogue."""
    if (name, group) not in run.headline:
        raise one_of("pattern: metric", name, [key[0] for key in run.headline])
    return run.headline[name, group]


def share_of_adults(run: Run, group: str) -> float:
    """Share of `group` among adults."""
    residents = run.model.residents
    return float(residents.member_of(group)[residents.adult].mean())


def participation(run: Run, first: int, last: int) -> float:
    """Person-times in weeks `first` to `last`."""
    return float(np.count_nonzero(run.window(first, last)))


def participation_of(run: Run, group: str, first: int, last: int) -> float:
    """Person-times of `group` a head; `motivated`: the quarter of adults of highest motive at the start."""
    residents = run.model.residents
    if group == "motivated":
        member = residents.adult & (
            residents.start_motive >= np.quantile(residents.start_motive[residents.adult], MOTIVATED)
        )
    else:
        member = residents.member_of(group)
    return float(np.count_nonzero(member[run.acts.resident[run.window(first, last)]]) / np.count_nonzero(member))


def participation_offline(run: Run, first: int, last: int) -> float:
    """Person-times in person."""
    return float(np.count_nonzero(run.window(first, last) & ~run.at(["ballot"])))


def participation_team(run: Run, first: int, last: int) -> float:
    """Person-times of those who were in the council team at the time (the backbone)."""
    return float(np.count_nonzero(run.window(first, last) & run.acts.team))


def asked_and_came(run: Run) -> NDArray[np.int64]:
    """Residents outside the team who were asked in person to a council session and came, one entry a person-time."""
    asked = {place: who for place, who in run.model.recorder.asked if len(who)}
    came = [
        np.intersect1d(rows[~team], asked[place])
        for place, ((_, channel, rows), team) in enumerate(
            zip(run.model.recorder.acts, run.model.recorder.team_acts, strict=True)
        )
        if channel == "council" and place in asked
    ]
    return np.concatenate(came) if came else np.empty(0, np.int64)


def asked_share(run: Run, group: str) -> float:
    """Share of `group` among residents outside the team who were asked in person to a council session and came."""
    who = asked_and_came(run)
    return float(run.model.residents.member_of(group)[who].mean()) if len(who) else NAN


def asked_came(run: Run) -> float:
    """Person-times at council sessions of residents outside the team who were asked in person."""
    return float(len(asked_and_came(run)))


def council_attendance_between(run: Run, first: int, last: int) -> float:
    """Mean persons present at the council sessions of weeks `first` to `last`."""
    held = run.model.recorder.events_held
    return _mean(float(n) for week, name, n in held if name == "council" and first <= week - run.begin < last)


def acts_of_earlier(run: Run, first: int, last: int) -> float:
    """Person-times in weeks `first` to `last` of residents who took part before, in the programme."""
    earlier = np.unique(run.acts.resident[run.window(0, first)])
    return float(np.count_nonzero(np.isin(run.acts.resident[run.window(first, last)], earlier)))


def newcomers(run: Run, first: int, last: int) -> float:
    """Residents whose first act in the programme lies in weeks `first` to `last`."""
    earlier = np.unique(run.acts.resident[run.window(0, first)])
    return float(len(np.setdiff1d(run.acts.resident[run.window(first, last)], earlier)))


def _online_acts(run: Run, first: int, last: int) -> NDArray[np.int64]:
    """Acts online in weeks `first` to `last` of each resident who has any."""
    online = [name for name in run.acts.channels if run.model.known_channels[name].online]
    return np.unique(run.acts.resident[run.window(first, last) & run.at(online)], return_counts=True)[1]


def online_users(run: Run, first: int, last: int) -> float:
    """Share of adults with at least one act online in weeks `first` to `last`."""
    return len(_online_acts(run, first, last)) / len(run.model.adults)


def online_top_tenth(run: Run, first: int, last: int) -> float:
    """Share of the acts online in weeks `first` to `last` by the tenth of their users who have most of them."""
    acts = np.sort(_online_acts(run, first, last))[::-1]
    return float(acts[: max(1, round(0.1 * len(acts)))].sum() / acts.sum()) if len(acts) else NAN


def participation_of_informed(run: Run, first: int, last: int) -> float:
    """Person-times at council sessions in weeks `first` to `last`, team apart, per thousand adults who know of the
    council and week.
    """
    share = run.model.recorder.weekly["aware_council"][run.begin + first : run.begin + last]
    weeks = float(np.nansum(share)) * len(run.model.adults)
    acts = np.count_nonzero(run.window(first, last) & run.at(["council"]) & ~run.acts.team)
    return 1000.0 * acts / weeks if weeks else NAN


# --- attitudes and skill ---------------------------------------------------------------------------------------------


def weekly(run: Run, name: str, week: int) -> float:
    """A weekly metric at the end of week `week` of the programme."""
    return float(run.model.recorder.weekly[name][run.begin + week - 1])


def yearly(run: Run, name: str, year: int) -> float:
    """Mean of a weekly metric over year `year` (1, 2, ...) of the programme."""
    first = run.begin + 52 * (year - 1)
    return float(np.nanmean(run.model.recorder.weekly[name][first : first + 52]))


def largest_yearly_change(run: Run, name: str) -> float:
    """Largest difference between the means of two years in a row of a weekly metric, from year 2 on."""
    years = (run.model.calendar.weeks - run.begin) // 52
    return float(np.max(np.abs(np.diff([yearly(run, name, year) for year in range(2, years + 1)]))))


def informed(run: Run, group: str, week: int) -> float:
    """Share of `group` that knows of a channel in person other than the long-standing ones after week `week` of the
    programme; groups of the model, or `not_working`.
    """
    residents = run.model.residents
    member = residents.adult & ~residents.member_of("working") if group == "not_working" else residents.member_of(group)
    return float(run.knows[run.begin + week - 1][member].mean())


def team_gain(run: Run, week: int, *skills: str) -> float:
    """Mean skill gained by the first council team up to week `week`, SD; all four skills or those named."""
    rows = [SKILLS.index(name) for name in skills] or list(range(len(SKILLS)))
    return float(run.gain(run.first_team, week)[rows].mean()) if len(run.first_team) else NAN


def team_best_gain(run: Run) -> float:
    """The highest mean skill gain of the first council team in any week, SD."""
    weeks = range(len(run.skill) - run.begin)
    return max(team_gain(run, week) for week in weeks) if len(run.first_team) else NAN


def team_weeks_to(run: Run, gain: float) -> float:
    """Weeks until the first council team's mean skill has risen by `gain` SD."""
    weeks = range(len(run.skill) - run.begin)
    return next((float(week) for week in weeks if team_gain(run, week) >= gain), NAN)


def unexposed_best_gain(run: Run) -> float:
    """The highest mean skill gain in any week of adults who never took part, SD."""
    who = np.flatnonzero(run.model.residents.adult & ~run.model.took_part & ~run.model.trained)
    return max(float(run.gain(who, week).mean()) for week in range(0, len(run.skill) - run.begin, 4))


def seed_gain(run: Run, week: int) -> float:
    """Mean skill gained up to week `week` by those who were members when the seed group began, SD."""
    levers: Iterable[Any] = run.model.levers
    group = next((lever.founders for lever in levers if lever.name == "seed_group"), run.first_team[:0])
    return float(run.gain(group, week).mean()) if len(group) else NAN


# --- topics and resolutions ------------------------------------------------------------------------------------------


def sittings_to_settle(run: Run, kind: str) -> float:
    """Mean sittings of the settled topics of `kind`."""
    topics = run.model.topics.topics
    return _mean(t.talk.meetings for t in topics if t.kind.name == kind and t.state == SETTLED and t.talk.meetings)


def open_after(run: Run, kind: str, sittings: int) -> float:
    """Share not settled within so many sittings of the topics of `kind` that were, or had so many (F72)."""
    topics = [t for t in run.model.topics.topics if t.kind.name == kind and t.talk.meetings]
    judged = [t for t in topics if t.state == SETTLED or t.talk.meetings >= sittings]
    return _mean(float(not (t.state == SETTLED and t.talk.meetings <= sittings)) for t in judged)


def carried_out(run: Run, weeks: int) -> float:
    """Share of resolutions carried out by `weeks` weeks past the deadline, of those for which that time has come."""
    topics, now = run.model.topics.topics, run.model.calendar.weeks
    due = [t for t in topics if t.state == SETTLED and t.resolution.deadline_week + weeks < now]
    failed = sum(t.progress.failed_before for t in topics)
    done = sum(0 <= t.resolution.executed_week <= t.resolution.deadline_week + weeks for t in due)
    return done / (len(due) + failed) if due else NAN


def on_time(run: Run, low: float, high: float) -> float:
    """Share carried out in time of the resolutions that were due and adopted with acceptance in [low, high)."""
    now = run.model.calendar.weeks
    due = [
        t
        for t in run.model.topics.topics
        if t.state == SETTLED and low <= t.resolution.acceptance < high and t.resolution.deadline_week < now
    ]
    return _mean(float(t.resolution.execution == "on_time") for t in due)


def on_time_chance(run: Run, acceptance: float) -> float:
    """Probability (by D13, not simulated) that a resolution adopted with `acceptance` is carried out in time, if it
    needs no money and has no supervision or joint meeting. Mean over kinds of topics, weighted by their frequency.
    """
    p = run.model.parameters
    resolution = Resolution(acceptance=acceptance)
    weekly_chance = hazard(resolution, p.execution, p.deliberation.settlement_share, 0.0, 0.0)
    chances, weights = [], []
    for kind in run.model.topics.classes:
        chances.append(1.0 - (1.0 - weekly_chance) ** kind.deadline_weeks)
        weights.append(kind.weight)
    return float(np.average(chances, weights=weights))


FOLLOWED = 26
"""Weeks for which a topic is followed to an agenda (B22)."""


def weeks_to_agenda(run: Run, quantile: float) -> float:
    """Quantile of weeks from arising to agenda of the topics of the programme's first half-year; `FOLLOWED` for those
    that came to none by then.
    """
    waits = [
        min(FOLLOWED, t.progress.agenda_week - t.arisen_week) if t.progress.agenda_week >= 0 else FOLLOWED
        for t in run.model.topics.topics
        if 0 <= t.arisen_week - run.begin < 26
    ]
    return float(np.quantile(waits, quantile)) if waits else NAN


def settled_by(run: Run, channel: str, first: int, last: int) -> float:
    """Topics settled at events of `channel` in weeks `first` to `last`."""
    topics = run.model.topics.topics
    return float(
        sum(
            t.state == SETTLED
            and t.progress.venue_channel == channel
            and first <= t.resolution.settled_week - run.begin < last
            for t in topics
        )
    )


# --- null checks -----------------------------------------------------------------------------------------------------


def fingerprint(run: Run) -> float:
    """A number that is equal for two runs if all their tables are, and almost never otherwise; `NOT_COMPARED` and
    `OWN_METRICS` apart.
    """
    digest = hashlib.blake2b(digest_size=6)
    for name, table in sorted(all_tables(run.model).items()):
        if name in NOT_COMPARED:
            continue
        kept: slice | NDArray[np.bool_] = slice(None)
        if "metric" in table:
            names = table["metric"].astype(str)
            kept = ~np.logical_or.reduce([np.char.startswith(names, own) for own in OWN_METRICS])
        for column, values in table.items():
            digest.update(f"{name}.{column}".encode())
            chosen = np.asarray(values)[kept]
            digest.update(repr(chosen.tolist()).encode())
    return float(int.from_bytes(digest.digest(), "little"))


MEASURES: dict[str, Callable[..., float]] = {
    each.__name__: each
    for each in (
        metric, share_of_adults, participation, participation_of, participation_offline, participation_team,
        asked_share, asked_came, council_attendance_between, acts_of_earlier, newcomers, online_users,
        online_top_tenth, participation_of_informed, weekly, yearly, largest_yearly_change, informed, team_gain,
        team_best_gain, team_weeks_to, unexposed_best_gain, seed_gain, sittings_to_settle, open_after, carried_out,
        on_time, on_time_chance, weeks_to_agenda, settled_by, fingerprint,
    )
} | ROOM_MEASURES  # fmt: skip
"""Measures that formulas may name."""
_CALL = re.compile(r"(?P<name>[a-z_]\w*)(?:\((?P<arguments>[^)]*)\))?")


def parse(text: str) -> tuple[Callable[..., float], list[float | int | str]]:
    """The function and the arguments of a measure written as name or name(argument, ...); InputError otherwise."""
    found = _CALL.fullmatch(text)
    if not found or found["name"] not in MEASURES:
        raise one_of("pattern: measure", found["name"] if found else text, MEASURES)
    words = [word.strip() for word in (found["arguments"] or "").split(",") if word.strip()]
    return MEASURES[found["name"]], [_argument(word) for word in words]


def _argument(word: str) -> float | int | str:
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word


def measure(run: Run, text: str) -> float:
    """The value of the measure written `text` in `run`; InputError if its arguments do not fit."""
    function, arguments = parse(text)
    try:
        return float(function(run, *arguments))
    except TypeError as error:
        raise InputError("in_place", where=f"pattern: {text}", error=str(error)) from error
