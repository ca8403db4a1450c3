"""All residents' state as columns, set up from a community."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.community import Community
from consensus_sim.community.spec import Internet
from consensus_sim.dynamics.latent import latent_sd
from consensus_sim.dynamics.measures import moments_of_level, moments_of_rows
from consensus_sim.dynamics.participation import Standard, level_of_mean
from consensus_sim.parameters import Behaviour
from consensus_sim.randomness import key, normals, uniforms
from consensus_sim.residents.columns import (
    BY_NAME,
    COGNITIONS,
    COLUMNS,
    GROUPS,
    SKILLS,
    channel_bit,
    channel_bits,
    group_bit,
)
from consensus_sim.residents.initial import InitialParameters, draw_start

if TYPE_CHECKING:
    from consensus_sim.community.population import Population

RETIRED, WORKING = 4, 2  # codes of `Population.employment`
LONG_STANDING = ("reception", "adhoc")
MOST_INFORMED = 0.9
"""At the start at most this share of those whom news reach know a long-standing channel: some forget and hear again."""


class Scale(NamedTuple):
    """Units of attitudes, skill and cognition: means and SDs over adults at the start of a run."""

    standard: Standard
    skill_mean: NDArray[np.float64]
    skill_sd: NDArray[np.float64]
    skill_unit: NDArray[np.float64]
    """(4,) SD of each skill on the latent scale."""
    cognition_unit: NDArray[np.float64]
    """(3,) SD of each cognition on the latent scale."""


class StartState(NamedTuple):
    """Residents at the start of a run: the same for every scenario of a replicate, so drawn once and copied."""

    groups: NDArray[np.uint16]
    worker: NDArray[np.bool_]
    online: NDArray[np.bool_]
    skill: NDArray[np.float32]
    cognition: NDArray[np.float32]
    attitudes: NDArray[np.float32]
    taste: NDArray[np.float32]
    online_taste: NDArray[np.float32]
    aware: NDArray[np.uint16]
    reached: NDArray[np.bool_]
    scale: Scale


@lru_cache(maxsize=1)
def start_state(community: Community, behaviour: Behaviour, seed: int) -> StartState:
    """Draw the residents at the start (F11-F16); the arrays are read-only."""
    people = community.population
    n = len(people)
    worker = np.zeros(n, bool)
    worker[community.places.micro_grid_worker] = True
    p = behaviour.values("initial", InitialParameters)
    skill, cognition = np.empty((len(SKILLS), n), np.float32), np.empty((len(COGNITIONS), n), np.float32)
    attitudes = np.empty((6, n), np.float32)
    draw_start(
        key(seed, "residents:start"),
        people.elder,
        people.tenant,
        people.low_income,
        people.newcomer,
        people.employment == RETIRED,
        people.party,
        worker,
        p,
        skill,
        cognition,
        attitudes,
    )
    inside = people.party | worker
    reached = reached_by_news(people, attitudes[2], behaviour, seed)
    aware = _aware_at_start(people, inside, reached, behaviour, seed)
    online = _online(people, community.spec.internet, seed)
    taste = _taste(n, behaviour.value("participation", "taste"), key(seed, "residents:taste"))
    online_taste = _taste(n, behaviour.value("participation", "online_taste"), key(seed, "residents:online_taste"))
    members = members_of(community)
    scale = scale_of(skill, cognition, attitudes, members.rows("all"))
    columns = (members.groups, worker, online, skill, cognition, attitudes, taste, online_taste, aware, reached)
    for array in columns:
        array.setflags(write=False)
    return StartState(*columns, scale)


def scale_of(
    skill: NDArray[np.float32],
    cognition: NDArray[np.float32],
    attitudes: NDArray[np.float32],
    adults: NDArray[np.int64],
) -> Scale:
    """The units in which a run measures attitudes, skill and cognition, from their values at the start."""
    trust, efficacy, motive = attitudes[0], attitudes[1], attitudes[3]
    pairs = [moments_of_level(block, adults) for block in (cognition, efficacy[None], trust[None], motive[None])]
    standard = Standard(*(number for mean, sd in pairs for number in (float(mean), max(float(sd), 1e-9))))
    skill_mean, skill_sd = moments_of_rows(skill, adults)
    return Scale(standard, skill_mean, skill_sd, latent_sd(skill, adults), latent_sd(cognition, adults))


class Members:
    """Members of each group of a community: computed on first use, the same in all its runs, read-only."""

    def __init__(self, people: Population) -> None:
        self.groups = _groups(people)
        self._flags: dict[str, NDArray[np.bool_]] = {}
        self._rows: dict[str, NDArray[np.int64]] = {}

    def flags(self, group: str) -> NDArray[np.bool_]:
        """Flags of the residents who belong to `group`; (n,)."""
        if group not in self._flags:
            self._flags[group] = (self.groups & np.uint16(group_bit(group))) != 0
            self._flags[group].setflags(write=False)
        return self._flags[group]

    def rows(self, group: str) -> NDArray[np.int64]:
        """The residents who belong to `group`, ascending."""
        if group not in self._rows:
            self._rows[group] = np.flatnonzero(self.flags(group))
            self._rows[group].setflags(write=False)
        return self._rows[group]


@lru_cache(maxsize=1)
def members_of(community: Community) -> Members:
    """The groups of a community's residents."""
    return Members(community.population)


def _groups(people: Population) -> NDArray[np.uint16]:
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
        bits |= members[name] * np.uint16(group_bit(name))
    bits *= people.adult
    return bits


def reached_by_news(
    people: Population, belonging: NDArray[np.float32], behaviour: Behaviour, seed: int
) -> NDArray[np.bool_]:
    """Adults whom general news of the community's channels reach at all (L55, L71-L73), (n,); for good.

    A share `reach` of adults. The log-odds rise by `reach_gap` with each SD of belonging and fall by it for tenants and
    for those who work. One draw a resident for all channels: who takes no interest hears of none, so that many channels
    do not add up to everybody.
    """
    share, gap = (behaviour.value("awareness", name) for name in ("reach", "reach_gap"))
    of_adults = belonging[people.adult]
    pull = (belonging - of_adults.mean()) / max(float(of_adults.std()), 1e-9)
    pull = gap * (pull - people.tenant - (people.employment == WORKING))
    level = level_of_mean(min(max(share, 1e-9), 1.0 - 1e-9), pull[people.adult].astype(np.float64), 1.0)
    chance = 1.0 / (1.0 + np.exp(-(level + pull)))
    return (uniforms(key(seed, "residents:reach"), len(people)) < chance) & people.adult


def _aware_at_start(
    people: Population, inside: NDArray[np.bool_], reached: NDArray[np.bool_], behaviour: Behaviour, seed: int
) -> NDArray[np.uint16]:
    """Adults who know the long-standing channels: of those whom news reach, so many that `start_share` of adults know;
    workers and Party members (`inside`) know them all.
    """
    share, reach = (behaviour.value("awareness", name) for name in ("start_share", "reach"))
    share = share / max(reach, share / MOST_INFORMED, 1e-9)
    aware = np.zeros(len(people), np.uint16)
    for name in LONG_STANDING:
        knows = ((uniforms(key(seed, f"residents:aware:{name}"), len(people)) < share) & reached) | inside
        aware |= (knows & people.adult) * np.uint16(channel_bit(name))
    return aware


def _online(people: Population, access: Internet, seed: int) -> NDArray[np.bool_]:
    """Adults with access online, by age (P14, L38)."""
    middle = np.where(people.age >= 45, float(access.age_45_59), float(access.age_18_44))
    share = np.where(people.elder, float(access.age_60_plus), middle)
    return (uniforms(key(seed, "residents:online"), len(people)) < share) & people.adult


def _taste(n: int, spread: float, draw: np.uint64) -> NDArray[np.float32]:
    """What draws each resident to taking part for good, in person or online, beyond attitudes and habit (D2, G5, L39),
    (n,), in log-odds with the standard deviation `spread`.
    """
    return (spread * normals(draw, n)).astype(np.float32)


class Residents:
    """The state of all residents: one array per attribute, shape (n_residents,), float32 in [0, 1] unless said.

    The columns are declared in `columns.COLUMNS`. `skill` (4, n) and `cognition` (3, n) are blocks whose rows are
    also named columns. Who a resident is (age, tenure, ...) stays in `community.population`; what does not change in
    a run is never copied. `taste` and `online_taste` (n,) are in log-odds, and for good, as is `reached` (n,): whom
    general news of channels reach at all (D1). `channel_bits` are the bits of `aware` by channel.
    """

    expression: NDArray[np.float32]
    listening: NDArray[np.float32]
    integration: NDArray[np.float32]
    procedure: NDArray[np.float32]
    rights: NDArray[np.float32]
    responsibility: NDArray[np.float32]
    public_interest: NDArray[np.float32]
    habit_offline: NDArray[np.float32]
    habit_online: NDArray[np.float32]
    initiative: NDArray[np.float32]
    follow_through: NDArray[np.float32]
    motive: NDArray[np.float32]
    efficacy: NDArray[np.float32]
    trust: NDArray[np.float32]
    belonging: NDArray[np.float32]
    fatigue: NDArray[np.float32]
    strain: NDArray[np.float32]
    aware: NDArray[np.uint16]
    points: NDArray[np.int32]

    def __init__(self, community: Community, behaviour: Behaviour, seed: int, channels: Iterable[str] = ()) -> None:
        """`channels`: names of those that residents can come to know of, besides the built-in ones."""
        self.channel_bits = channel_bits(channels)
        n = len(community.population)
        self.n = n
        self.community = community
        self.adult: NDArray[np.bool_] = community.population.adult
        self.members = members_of(community)
        start = start_state(community, behaviour, seed)
        self.groups, self.worker, self.online, self.taste = start.groups, start.worker, start.online, start.taste
        self.online_taste, self.reached = start.online_taste, start.reached
        self.start_skill, self.start_efficacy, self.start_motive = start.skill, start.attitudes[1], start.attitudes[3]
        self.start_cognition, self.scale = start.cognition, start.scale
        self.skill, self.cognition = start.skill.copy(), start.cognition.copy()
        attitudes = start.attitudes.copy()
        self.trust, self.efficacy, self.belonging, self.motive, self.initiative, self.follow_through = attitudes
        for row, name in enumerate(SKILLS):
            setattr(self, name, self.skill[row])
        for row, name in enumerate(COGNITIONS):
            setattr(self, name, self.cognition[row])
        self.habit = np.zeros((2, n), np.float32)
        self.habit_offline, self.habit_online = self.habit
        self.fatigue, self.strain = np.zeros(n, np.float32), np.zeros(n, np.float32)
        self.points = np.zeros(n, np.int32)
        self.aware = start.aware.copy()

    def __repr__(self) -> str:
        """How many there are, and what is known of each."""
        return f"<Residents: {self.n} residents, columns {', '.join(BY_NAME)}>"

    def member_of(self, group: str) -> NDArray[np.bool_]:
        """Flags of the residents who belong to `group` (one of `columns.GROUPS`); shape (n,), read-only."""
        return self.members.flags(group)

    def rows_of(self, group: str) -> NDArray[np.int64]:
        """The residents who belong to `group`, ascending; read-only."""
        return self.members.rows(group)

    def are(self, group: str, who: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Flags of those residents of `who` (m,) who belong to `group`; shape (m,)."""
        return (self.groups[who] & np.uint16(group_bit(group))) != 0

    def aware_of(self, channel: str) -> NDArray[np.bool_]:
        """Flags of the residents who know of `channel`; shape (n,)."""
        return (self.aware & np.uint16(self.channel_bits[channel])) != 0

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
