"""All residents' state as columns, set up from a community."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.community import Community
from consensus_sim.parameters import Behaviour
from consensus_sim.randomness import key, uniforms
from consensus_sim.residents.columns import (
    BY_NAME,
    CHANNELS,
    COGNITIONS,
    COLUMNS,
    GROUPS,
    SKILLS,
    channel_bit,
    group_bit,
)
from consensus_sim.residents.initial import InitialParameters, draw_start

RETIRED, WORKING = 4, 2  # codes of `Population.employment`
LONG_STANDING = ("reception", "adhoc")


class Residents:
    """The state of all residents: one array per attribute, shape (n_residents,), float32 in [0, 1] unless said.

    The columns are declared in `columns.COLUMNS`. `skill` (4, n) and `cognition` (3, n) are blocks whose rows are
    also named columns. Who a resident is (age, tenure, ...) stays in `community.population`; what does not change in
    a run is never copied.
    """

    def __init__(self, community: Community, behaviour: Behaviour, seed: int) -> None:
        people = community.population
        n = len(people)
        self.n = n
        self.community = community
        self.adult: NDArray[np.bool_] = people.adult
        self.worker = np.zeros(n, bool)
        self.worker[community.places.micro_grid_worker] = True
        self.groups = self._groups(people)
        p = behaviour.values("initial", InitialParameters)
        self.skill = np.empty((len(SKILLS), n), np.float32)
        self.cognition = np.empty((len(COGNITIONS), n), np.float32)
        attitudes = np.empty((6, n), np.float32)
        draw_start(
            key(seed, "residents:start"),
            people.elder,
            people.tenant,
            people.low_income,
            people.newcomer,
            people.employment == RETIRED,
            people.party,
            self.worker,
            p,
            self.skill,
            self.cognition,
            attitudes,
        )
        self.trust, self.efficacy, self.belonging, self.motive, self.initiative, self.follow_through = attitudes
        for row, name in enumerate(SKILLS):
            setattr(self, name, self.skill[row])
        for row, name in enumerate(COGNITIONS):
            setattr(self, name, self.cognition[row])
        self.habit = np.zeros((2, n), np.float32)
        self.habit_offline, self.habit_online = self.habit
        self.habit_offline[people.party | self.worker] = p.habit_party
        self.fatigue = np.zeros(n, np.float32)
        self.points = np.zeros(n, np.int32)
        self.aware = self._aware_at_start(behaviour, seed)
        self.online = self._online(people, behaviour, seed)
        self.start_skill = self.skill.copy()
        self.start_motive = self.motive.copy()

    @staticmethod
    def _groups(people: Any) -> NDArray[np.uint16]:
        """Bits of the groups each adult belongs to (0 for those under 18)."""
        members = {
            "all": people.adult,
            "elder": people.elder,
            "middle": people.adult & ~people.elder & ~people.young,
            "young": people.young,
            "tenant": people.tenant,
            "owner": ~people.tenant,
            "low_income": people.low_income,
            "vulnerable": people.vulnerable,
            "working": people.employment == WORKING,
            "newcomer": people.newcomer,
            "party": people.party,
            "parent": people.parent,
            "car": people.car,
        }
        bits = np.zeros(len(people), np.uint16)
        for name in GROUPS:
            bits |= np.where(members[name] & people.adult, group_bit(name), 0).astype(np.uint16)
        return bits

    def _aware_at_start(self, behaviour: Behaviour, seed: int) -> NDArray[np.uint16]:
        """Adults who know the long-standing channels; workers and Party members know them all."""
        share = behaviour.parameters["awareness"]["start_share"].value
        aware = np.zeros(self.n, np.uint16)
        inside = self.worker | self.member_of("party")
        for name in LONG_STANDING:
            knows = (uniforms(key(seed, f"residents:aware:{name}"), self.n) < share) | inside
            aware |= np.where(knows & self.adult, channel_bit(name), 0).astype(np.uint16)
        return aware

    def _online(self, people: Any, behaviour: Behaviour, seed: int) -> NDArray[np.bool_]:
        """Adults with access online, by age (P14, L38)."""
        values = behaviour.parameters["participation"]
        share = np.where(
            people.elder,
            values["internet_elder"].value,
            np.where(people.age >= 45, values["internet_middle"].value, values["internet_young"].value),
        )
        return (uniforms(key(seed, "residents:online"), self.n) < share) & self.adult

    def member_of(self, group: str) -> NDArray[np.bool_]:
        """Which residents belong to `group` (one of `columns.GROUPS`); shape (n,)."""
        return (self.groups & np.uint16(group_bit(group))) != 0

    def aware_of(self, channel: str) -> NDArray[np.bool_]:
        """Which residents know of `channel`; shape (n,)."""
        if channel not in CHANNELS:
            raise KeyError(channel)
        return (self.aware & np.uint16(channel_bit(channel))) != 0

    def column(self, name: str) -> NDArray[Any]:
        """The column called `name` (one of `columns.COLUMNS`)."""
        return getattr(self, BY_NAME[name].name)

    def check_ranges(self) -> None:
        """Raise ValueError if any column has left its declared range (for tests and for debugging)."""
        for column in COLUMNS:
            values = self.column(column.name)
            if not (values.min() >= column.low and values.max() <= column.high):
                raise ValueError(
                    f"{column.name}: [{values.min()}, {values.max()}] leaves [{column.low}, {column.high}]"
                )
