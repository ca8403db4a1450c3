"""CommunityModel: the order of a week.

Kernels in `dynamics/` do the sums, `council/` the steps of the protocol, levers in `interventions/` change rules and
columns; this file decides the order. Docs: docs/model.md.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.calendar import Calendar
from consensus_sim.community import Community
from consensus_sim.council import attendance
from consensus_sim.council.events import PLACELESS, Channel, Event, OpenChannel, Rows, Venue
from consensus_sim.council.events_of_week import hold, standing_events
from consensus_sim.council.incubation import incubate
from consensus_sim.council.meeting import Facilitation, facilitation
from consensus_sim.council.organisations import Funds, funds_of_quarter
from consensus_sim.council.practice import practice_gains
from consensus_sim.council.resolution import execute
from consensus_sim.council.team import Team
from consensus_sim.council.topic_book import TopicBook
from consensus_sim.council.topic_class import TopicClass
from consensus_sim.council.topics import AGENDA, HEARD, Topic
from consensus_sim.council.vote import vote
from consensus_sim.dynamics.attendance import learn_of
from consensus_sim.dynamics.learning import gain_saturating
from consensus_sim.dynamics.participation import housemates
from consensus_sim.errors import ConsensusSimError, InputError, one_of
from consensus_sim.interventions.base import Intervention, begin, finish
from consensus_sim.model.copying import memo_of_arrays, pickled, unpickled
from consensus_sim.model.recorder import Recorder
from consensus_sim.model.state import (
    AtStart,
    Rules,
    Scratch,
    distances,
    nearness,
    open_channel,
    read_parameters,
)
from consensus_sim.model.weekly import News, change_residents, spread_news
from consensus_sim.parameters import Behaviour
from consensus_sim.randomness import key, keys_of_weeks
from consensus_sim.residents.residents import Residents

if TYPE_CHECKING:
    from mesa.agent import AgentSet

    from consensus_sim.model.mesa_adapter import MesaCommunity

PHASES = (
    ("start_and_stop_levers", "by the calendar, before anything else happens"),
    ("let_topics_arise", "matters come up where people live"),
    ("hold_events", "reception, ad-hoc meetings and what the levers hold: seat, deliberate, settle, learn"),
    ("carry_out_resolutions", "what was settled before this week is done or not, and seen"),
    ("change_residents", "forget, rest, hear of channels, drift along ties"),
    ("keep_ledgers", "points, months, quarters, costs"),
    ("record_week", "reads everything, changes nothing"),
)
"""The order of a week and why; a test asserts that `step` follows it."""

NO_ACT = -(10**6)
"""Week of the last act of a resident who has not taken part yet: before any window."""


class CommunityModel:
    """Simulation of a community under one scenario, week by week.

    Parameters: `community` who lives where; `levers` the scenario's interventions (see `interventions.base`), taken
    in the order of their names; `behaviour` the parameters of residents; `channels` and `topics` the contents of
    configs/channel and configs/topic; `calendar` first day and number of weeks; `seed` (64 bits), the only source
    of random draws. Models with one seed use common random numbers: draws are equal wherever the models do not differ.
    """

    def __init__(
        self,
        community: Community,
        levers: Sequence[Intervention],
        behaviour: Behaviour,
        channels: Mapping[str, Channel],
        topics: Mapping[str, TopicClass],
        calendar: Calendar,
        seed: int,
    ) -> None:
        self.seed = seed
        self._keys: dict[tuple[str, int], NDArray[np.uint64]] = {}
        self.community = community
        self.calendar = calendar
        self.behaviour = behaviour
        self.levers = sorted(levers, key=lambda lever: lever.name)
        self.active: list[Intervention] = []
        self._hooked: dict[str, list[Intervention]] = {}
        self.week = 0
        self.parameters = read_parameters(behaviour)
        self.residents = Residents(community, behaviour, seed, channels)
        self.vulnerable: NDArray[np.bool_] = self.residents.member_of("vulnerable")
        self.adults = self.residents.rows_of("all")
        self.vulnerable_share = float(self.vulnerable[self.adults].mean())
        scale = self.residents.scale
        self.standard, self.skill_mean, self.skill_sd = scale.standard, scale.skill_mean, scale.skill_sd
        self.skill_unit, self.cognition_unit = scale.skill_unit, scale.cognition_unit
        self.practice = practice_gains(self)
        self.scratch = Scratch(community)
        self.scratch.start_cognition[:] = self.residents.cognition.mean(axis=0)
        self.scratch.start_trust[:] = self.residents.trust
        self.elder = self.residents.member_of("elder")
        self.tenant = self.residents.member_of("tenant")
        self.exposed = self.tenant | self.elder
        self.at_start = AtStart(self)
        self.concern = np.zeros(self.residents.n, np.float32)
        self.took_part = np.zeros(self.residents.n, bool)
        self.last_act = np.full(self.residents.n, NO_ACT, np.int32)  # week in which a resident last took part
        # who stayed away from the last meeting on topics to which their group called them
        self.stayed_away = np.zeros(self.residents.n, bool)
        self.used_skill = np.zeros(self.residents.n, bool)
        self.trained = np.zeros(self.residents.n, bool)
        self.taught = np.zeros(self.residents.n, bool)  # at a course or at a salon
        self.practised = np.zeros(self.residents.n, bool)
        self.team: Team | None = None
        self.team_mask = np.zeros(self.residents.n, bool)
        self.rules = Rules(council_venue=channels["council"].venue)
        self.funds: Funds = funds_of_quarter(self.parameters.execution.funds)
        self.venues: dict[str, Venue] = {name: Venue(name, x, y) for name, (x, y) in community.places.venues.items()}
        for name in PLACELESS:
            self.venues[name] = Venue(name, 0.0, 0.0)
        self.venue_row = {name: row for row, name in enumerate(self.venues)}
        delta = self.parameters.awareness.distance
        self.distance, self.nearness = distances(community, delta), nearness(community, delta)
        self.known_channels = dict(channels)
        self.channels: dict[str, OpenChannel] = {}
        self.news: News | None = None
        self.topics = TopicBook(community, topics, seed, self.parameters.topics, calendar)
        self.recorder = Recorder(self)
        for name in ("reception", "adhoc"):
            self.open_channel(name, novel=False)
        for lever in self.levers:
            lever.check_community(self)

    def __repr__(self) -> str:
        """Community, week, seed and levers in one line."""
        levers = shorten(", ".join(lever.name for lever in self.levers), 60, placeholder=" ...") or "no intervention"
        week = f"week {self.week} of {self.calendar.weeks} from {self.calendar.start.isoformat()}"
        return f"<CommunityModel {self.community.name}: {week}, seed {self.seed}; {levers}>"

    # --- the week -------------------------------------------------------------------------------------------

    def step(self) -> None:
        """Simulate one week, in the order of `PHASES`. Raises ConsensusSimError once the calendar has ended."""
        if not self.running:
            last = self.calendar.date(self.week) - timedelta(days=1)
            raise ConsensusSimError("run_has_ended", weeks=self.calendar.weeks, last=last.isoformat())
        for phase, _ in PHASES:
            getattr(self, phase)()
        self.week += 1

    @property
    def steps(self) -> int:
        """Number of weeks simulated so far."""
        return self.week

    @property
    def running(self) -> bool:
        """True if the calendar has a week left."""
        return self.week < self.calendar.weeks

    def start_and_stop_levers(self) -> None:
        """Levers whose first day has come begin; those whose last day has passed end."""
        for lever, begins in self._turns.get(self.week, ()):
            if not begins:
                self.stop_lever(lever)
            elif not lever.held_back:
                self.start_lever(lever)
        turned: list[Intervention] = []
        # A policy may start and stop others in its turn: who has been stopped has none, who has been started has one.
        while waiting := [lever for lever in self.with_hook("on_week_start") if lever not in turned]:
            turned.append(waiting[0])
            waiting[0].on_week_start(self)

    def let_topics_arise(self) -> None:
        """D12: new matters, and the urgency of waiting ones."""
        incubate(self)

    def hold_events(self) -> None:
        """All events of the week: the long-standing channels first, then what the levers hold."""
        attendance.update_base_utility(self)
        events = standing_events(self)
        for lever in self.with_hook("events"):
            events += lever.events(self)
        for event in events:
            hold(self, event)

    def carry_out_resolutions(self) -> None:
        """D13, D8: execution, and what residents see of it."""
        execute(self)

    def change_residents(self) -> None:
        """D1, D6-D11: what a week does to everybody."""
        change_residents(self)
        spread_news(self)

    def keep_ledgers(self) -> None:
        """Levers close their week, month and quarter; costs are booked."""
        month_over, quarter_over = self.calendar.ends_month(self.week), self.calendar.ends_quarter(self.week)
        for lever in self.active:
            lever.on_week_end(self)
            if month_over:
                lever.on_month_end(self)
            if quarter_over:
                lever.on_quarter_end(self)
            self.recorder.cost(lever.name, lever.book(self))

    def record_week(self) -> None:
        """Keep the week's metrics."""
        self.recorder.record()

    def run(self) -> CommunityModel:
        """Step to the end of the calendar; returns itself."""
        while self.running:
            self.step()
        return self

    # --- what levers and the protocol ask of the model ---------------------------------------------------------

    def key(self, name: str, sub: int = 0) -> np.uint64:
        """The key of stream `name` in the present week."""
        if self.week >= self.calendar.weeks:
            return key(self.seed, name, self.week, sub)
        keys = self._keys.get((name, sub))
        if keys is None:
            keys = self._keys[name, sub] = keys_of_weeks(self.seed, name, self.calendar.weeks, sub)
        found: np.uint64 = keys[self.week]
        return found

    def start_lever(self, lever: Intervention) -> None:
        """Bring a lever into force, if it is not."""
        if lever not in self.active:
            self.active = sorted([*self.active, lever], key=lambda each: each.name)
            self._hooked.clear()
            begin(lever, self)

    def stop_lever(self, lever: Intervention) -> None:
        """Put a lever out of force, if it is in force."""
        if lever in self.active:
            self.active.remove(lever)
            self._hooked.clear()
            finish(lever, self)

    def with_hook(self, hook: str) -> list[Intervention]:
        """The levers in force that have a `hook` of their own; the others do nothing there."""
        if hook not in self._hooked:
            base = getattr(Intervention, hook)
            self._hooked[hook] = [
                lever for lever in self.active if getattr(type(lever), hook) is not base or hook in vars(lever)
            ]
        return self._hooked[hook]

    def open_channel(
        self, name: str, venue: str | None = None, novel: bool = True, per_year: float | None = None
    ) -> OpenChannel:
        """Open a channel in `venue` (None: its own); `novel` channels are subject to the trend P2. Online, the
        chance of P14 is spread over the `per_year` events of a year (None: those of its file's `sessions_per_month`).

        Raises InputError for a channel or a venue that does not exist, or an online channel without events.
        """
        if name not in self.known_channels:
            raise one_of("channel", name, self.known_channels)
        venue = self.known_channels[name].venue if venue is None else venue
        if venue not in self.venues:
            raise one_of("venue", venue, self.venues)
        channel = self.known_channels[name]
        per_year = 12.0 * channel.sessions_per_month if per_year is None else per_year
        if channel.online and per_year <= 0:
            raise InputError("missing_key", where=f"channel.{name}", name="sessions_per_month", needed=["per_year"])
        opened = open_channel(self, channel, self.venues[venue], novel, per_year)
        self.channels[name], self.news = opened, None
        if self.team is not None:
            self.tell(opened, self.team.members)
        return opened

    def venue_of(self, channel: str) -> Venue:
        """The venue that the file of `channel` names."""
        return self.venues[self.known_channels[channel].venue]

    def close_channel(self, name: str) -> None:
        """Close a channel if it is open; who knew of it still knows, and nobody hears of it or forgets it while it is
        closed. What is on its agenda waits for another one, as heard.
        """
        self.channels.pop(name, None)
        self.news = None
        for topic in self.topics.waiting:
            if topic.state == AGENDA and topic.progress.venue_channel == name:
                topic.move(HEARD)

    def move_channel(self, name: str, venue: str, per_year: float | None = None) -> None:
        """Hold a channel, if it is open, in another venue, or `per_year` times a year, from now on; who knows of it and
        since when stays.
        """
        if name in self.channels:
            old = self.channels[name]
            moved = open_channel(self, old.channel, self.venues[venue], old.novel, per_year or old.per_year)
            moved.opened_week = old.opened_week
            self.channels[name], self.news = moved, None

    def is_open(self, name: str) -> bool:
        """Returns True if channel `name` is open."""
        return name in self.channels

    def event(self, channel: str, topics: list[Topic] | None = None, moderated: bool = False) -> Event:
        """A new event of an open channel this week. Raises InputError for a channel that is not open."""
        if channel not in self.channels:
            raise InputError("channel_not_open", found=channel, allowed=sorted(self.channels))
        number = self.recorder.next_event(channel)
        return Event(self.channels[channel], self.week, number, topics or [], moderated=moderated)

    def seat_team(self, team: Team | None) -> None:
        """Put a council team in office, or none; members know of every open channel."""
        self.team = team
        self.team_mask = team.is_member if team is not None else np.zeros(self.residents.n, bool)
        if team is not None:
            for channel in self.channels.values():
                self.tell(channel, team.members)

    def facilitation(self, event: Event) -> Facilitation:
        """Rules of talk at `event` (P22), and its support."""
        return facilitation(self, event)

    def utility_of_levers(self, event: Event) -> tuple[float, NDArray[np.float32]]:
        """Utility that the active levers add to attending `event`: a common number and an array (n,) or (0,)."""
        shift, arrays = 0.0, []
        for lever in self.with_hook("utility"):
            added = lever.utility(self, event)
            if isinstance(added, np.ndarray):
                arrays.append(added)
            else:
                shift += added
        if not arrays:
            return shift, attendance.NOTHING
        total = arrays[0] if len(arrays) == 1 else np.sum(arrays, axis=0)
        return shift, total.astype(np.float32, copy=False)

    def show_nearness(self, venue: Venue) -> NDArray[np.float32]:
        """e^(-d / delta) of each resident to `venue`, (n,)."""
        return self.nearness[self.venue_row[venue.name]]

    def tell(self, channel: OpenChannel, who: Rows) -> None:
        """Let `who` know of `channel`."""
        learn_of(self.residents.aware, who, channel.bit)

    def change(self, column: str, who: Rows, gain: float) -> None:
        """Move a column of `who` towards 1 (gain > 0) or towards 0 (gain < 0) by that share."""
        gain_saturating(self.residents.column(column), who, gain)

    def stake_in(self, topic: Topic) -> NDArray[np.float32]:
        """Stakes of all residents in `topic`, (n,)."""
        stake = np.zeros(self.residents.n, np.float32)
        stake[topic.low : topic.high] = topic.stake
        return stake

    def housemates_of(self, who: Rows) -> Rows:
        """The other adults in the dwellings of `who`, ascending."""
        return housemates(self.community.population.dwelling, self.residents.adult, who)

    def vote(self, event: Event, topic: Topic, voters: Rows) -> None:
        """Put `topic` to the vote of `voters` online."""
        vote(self, event, topic, voters)

    @cached_property
    def _turns(self) -> dict[int, list[tuple[Intervention, bool]]]:
        """Week -> the levers that begin (True) or end in it by the calendar, in their order."""
        turns: dict[int, list[tuple[Intervention, bool]]] = {}
        for lever in self.levers:
            begins = 0 if lever.start is None else max(0, self.calendar.week_of(lever.start))
            ends = self.calendar.weeks if lever.end is None else self.calendar.week_of(lever.end + timedelta(days=1))
            if begins < ends:
                turns.setdefault(begins, []).append((lever, True))
            turns.setdefault(ends, []).append((lever, False))
        return turns

    # --- copies ----------------------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        """All attributes but the Mesa model, which a copy makes for itself when asked."""
        return {name: value for name, value in vars(self).items() if name != "mesa"}

    def __deepcopy__(self, memo: dict[int, Any]) -> CommunityModel:
        """An independent model in the same week, with interventions, residents and records of its own.

        Both share the community, which no run changes.
        """
        twin = object.__new__(type(self))
        memo[id(self)] = twin
        memo.update(memo_of_arrays(self, shared=[self.community]))
        twin.__dict__.update(copy.deepcopy(self.__getstate__(), memo))
        return twin

    def __reduce__(self) -> tuple[Any, ...]:
        """The model for pickle, which the interventions' classes have to be importable for."""
        return unpickled, (type(self), pickled(self, self.community), self.community)

    # --- Mesa ----------------------------------------------------------------------------------------------

    @cached_property
    def mesa(self) -> MesaCommunity:
        """This model as a Mesa model. Mesa is imported here, so a forecast does not pay for it."""
        from consensus_sim.model.mesa_adapter import MesaCommunity

        return MesaCommunity(self)

    @property
    def agents(self) -> AgentSet:
        """All residents as a Mesa AgentSet of `Resident`, created at the first call."""
        return self.mesa.agents
