"""State of a model besides its residents: parameters by group, rules of the council, working space, open channels."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from consensus_sim.community import Community
from consensus_sim.council.attendance import base_utility
from consensus_sim.council.events import PLACELESS, Channel, OpenChannel, Venue
from consensus_sim.council.meeting import FacilitationSupport, MeetingParameters, deliberation_parameters
from consensus_sim.council.resolution import ExecutionParameters
from consensus_sim.council.screening import Labels
from consensus_sim.council.topic_book import TopicParameters
from consensus_sim.dynamics.awareness import AwarenessParameters, mirror_weights, resting_rate
from consensus_sim.dynamics.fatigue import FatigueParameters, MotiveParameters
from consensus_sim.dynamics.learning import HabitParameters, LearningParameters, keep_factor
from consensus_sim.dynamics.participation import (
    ParticipationParameters,
    cost_of_coming,
    fear_weights,
    in_bins,
    level_of_bins,
    level_of_mean,
    pulls,
)
from consensus_sim.dynamics.talk import DeliberationParameters
from consensus_sim.dynamics.ties import Diagonals, lay_out
from consensus_sim.dynamics.trust import TrustParameters
from consensus_sim.parameters import Behaviour
from consensus_sim.residents.columns import BEHAVIOURS, COGNITIONS, SKILLS
from consensus_sim.residents.initial import InitialParameters
from consensus_sim.residents.residents import WORKING

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel

NEVER = np.float32(-1e9)
NO_HELP = FacilitationSupport()


class ParameterSet(NamedTuple):
    """All behaviour parameters by group, as the kernels take them; `channels` intercepts by channel, `drift` iota of
    D11.
    """

    awareness: AwarenessParameters
    participation: ParticipationParameters
    channels: dict[str, float]
    habit: HabitParameters
    learning: LearningParameters
    drift: float
    trust: TrustParameters
    fatigue: FatigueParameters
    motive: MotiveParameters
    deliberation: DeliberationParameters
    meeting: MeetingParameters
    topics: TopicParameters
    execution: ExecutionParameters
    initial: InitialParameters


@lru_cache(maxsize=4)
def read_parameters(behaviour: Behaviour) -> ParameterSet:
    """The values of `behaviour` as named tuples; InputError if a parameter is missing or unknown."""
    numbers = behaviour.numbers("deliberation")
    unknown = [name for name in numbers if name not in DeliberationParameters._fields]
    if unknown:
        from consensus_sim.errors import unknown_key

        raise unknown_key("behaviour.deliberation", unknown[0], DeliberationParameters._fields)
    return ParameterSet(
        awareness=behaviour.values("awareness", AwarenessParameters),
        participation=behaviour.values("participation", ParticipationParameters),
        channels=behaviour.numbers("channels"),
        habit=behaviour.values("habit", HabitParameters),
        learning=behaviour.values("learning", LearningParameters),
        drift=behaviour.numbers("influence")["drift"],
        trust=behaviour.values("trust", TrustParameters),
        fatigue=behaviour.values("fatigue", FatigueParameters),
        motive=behaviour.values("motive", MotiveParameters),
        deliberation=deliberation_parameters(numbers),
        meeting=behaviour.values("meeting", MeetingParameters),
        topics=behaviour.values("topics", TopicParameters),
        execution=behaviour.values("execution", ExecutionParameters),
        initial=behaviour.values("initial", InitialParameters),
    )


@dataclass(slots=True)
class Rules:
    """Rules that levers set and the protocol follows: where levers meet."""

    council_venue: str
    procedure: str = "plenary"
    counts: str = "present"
    """Whose acceptance counts at the council: `council.meeting.COUNTS`."""
    labels: Labels | None = None
    """Bounds of the three-colour label; None: no council screens topics."""
    seating: bool = False
    help: dict[str, FacilitationSupport] = field(default_factory=dict)
    """Support by helpers at events, by the name of the lever that sends them."""
    supervision: float = 0.0
    """Strength of the supervision of resolutions: 1 for a group that meets monthly (P47)."""
    cooperation: float = 0.0
    """Strength with which organisations have been won over to carry out resolutions: 1 for a monthly joint meeting."""
    chase: float = 1.0
    """Times the supervision's strength once a resolution is past its deadline."""
    redeliberate: bool = False
    """True if a resolution that came to nothing is heard again as a topic."""
    monthly_notice: bool = False
    """True if the outcomes of resolutions, good and bad, are posted where the council meets."""
    notice_board: float = 0.0
    """Share of the notice rate at which simple posters announce every channel, wherever it is held."""
    online_publicity: float = 0.0
    reward_in_force: bool = False

    def helped(self) -> FacilitationSupport:
        """All help together: turns and voice add up, calm and quality leave what the others left, the most giving way
        counts.
        """
        if not self.help:
            return NO_HELP
        given = [self.help[name] for name in sorted(self.help)]
        return FacilitationSupport(
            turn_sharing=sum(each.turn_sharing for each in given),
            calm=1.0 - prod(1.0 - each.calm for each in given),
            quality=1.0 - prod(1.0 - each.quality for each in given),
            give_way=max((each.give_way for each in given), default=0.0),
            voice=sum((each.voice for each in given), 0.0),
        )


@lru_cache(maxsize=1)
def mirrored(community: Community) -> NDArray[np.float32]:
    """For each tie its weight in the other's row: the same for all runs of a community."""
    network = community.network
    return mirror_weights(network.indptr, network.indices, network.weight)


@lru_cache(maxsize=1)
def in_diagonals(community: Community) -> Diagonals:
    """The ties of a community in the layout that influence along them takes: the same for all its runs."""
    network = community.network
    return lay_out(network.indptr, network.indices, network.weight)


class Scratch:
    """Working space of a run, made once: arrays of shape (n_residents,) that the week's kernels fill."""

    def __init__(self, community: Community) -> None:
        n = len(community.population)
        self.adult = community.population.adult.astype(np.float32)
        self.asked = np.zeros(n, np.uint8)
        self.common = np.zeros(n, np.float32)
        self.fear_weight = np.ones(n, np.float32)
        self.fear_here = np.ones(n, np.float32)
        self.stake = np.zeros(n, np.float32)
        self.rows = np.empty(n, np.int32)
        self.bits = np.empty(n, np.uint16)
        self.flags = np.zeros(n, bool)
        self.scale = np.empty((len(COGNITIONS) + len(SKILLS) + len(BEHAVIOURS) + 3, n), np.float32)
        self.neighbours_came = np.zeros(n, np.float32)
        self.change = np.zeros((2, n), np.float32)
        self.start_cognition = np.zeros(n, np.float32)
        self.start_trust = np.zeros(n, np.float32)
        self.online_user = np.zeros(n, bool)
        self.mirror_weight = mirrored(community)
        self.ties = in_diagonals(community)


@lru_cache(maxsize=1)
def distances(community: Community, delta: float) -> dict[str, NDArray[np.float32]]:
    """Distance of each resident's building from each venue in units of delta (P10), (n,); 0 online, at the own door, or
    with delta off. The same for all runs of a community, so read-only.
    """
    people, found = community.population, {}
    for name, (x, y) in community.places.venues.items():
        away = np.hypot(people.x - x, people.y - y)
        found[name] = (away / np.float32(delta)).astype(np.float32) if delta > 0 else np.zeros(len(people), np.float32)
    for name in PLACELESS:
        found[name] = np.zeros(len(people), np.float32)
    for array in found.values():
        array.setflags(write=False)
    return found


@lru_cache(maxsize=1)
def nearness(community: Community, delta: float) -> NDArray[np.float32]:
    """e^(-d / delta) of each resident to each venue, (n_venues, n), venues in the order of `distances`."""
    found: NDArray[np.float32] = np.exp(-np.stack(list(distances(community, delta).values())))
    return found


class AtStart:
    """Attendance utility of adults at the start of a run, in parts of shape (n_adults,); channels are centred on it."""

    def __init__(self, model: CommunityModel) -> None:
        residents = model.residents
        self.adults = residents.rows_of("all")
        self.common = base_utility(model).take(self.adults)
        self.fear_weight = np.empty(len(self.adults), np.float32)
        fear_weights(residents.belonging.take(self.adults), model.exposed.take(self.adults), self.fear_weight)
        self.unskilled = 1.0 - residents.start_skill[0].take(self.adults)

    def drawn(
        self, model: CommunityModel, channel: Channel, fixed: NDArray[np.float32], counted: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Attendance utility of the `counted` (n,) adults for a channel in a plain room, log-odds (m,).

        fixed: the part that does not change from event to event, (n,)
        """
        fear = model.parameters.participation.fear * channel.formality
        drawn: NDArray[np.float64] = pulls(
            self.common, fixed, fear, self.fear_weight, self.unskilled, self.adults, counted
        )
        return drawn


def open_channel(model: CommunityModel, channel: Channel, venue: Venue, novel: bool, per_year: float) -> OpenChannel:
    """Opens `channel` in `venue`, with each resident's fixed part of the attendance utility (D2).

    `fixed` = taste - c_stay of tenants + suits - c_time max(clash of workers, of parents) - c_eve clash of the old -
    d / delta. Online, the taste is that for online acts, the level of P14 replaces the last three terms
    (`add_online_level`), and residents without access are out of reach.
    `centre` is subtracted from every level: the log of the mean over adults of e^(attendance utility at the start, in a
    plain room), so that the intercept equals the log-odds of the mean uninvited attendance probability (rare-event
    approximation, P1); 0 online. `letter` and `personal` are set so that P3 and P4 are the mean acceptance rates.
    """
    residents, p = model.residents, model.parameters.participation
    people, counted = model.community.population, residents.online if channel.online else residents.adult
    taste = residents.online_taste if channel.online else residents.taste
    lasting = taste - np.where(model.tenant, np.float32(p.short_stay), np.float32(0.0))
    for group, suits in channel.suits.items():
        lasting = lasting + np.where(residents.member_of(group), np.float32(suits), np.float32(0.0))
    if channel.online:
        fixed, level = add_online_level(model, channel, lasting, per_year), channel.level or 0.0
    else:
        working, away = people.employment == WORKING, model.distance[venue.name]
        fixed = cost_of_coming(
            working, people.parent, people.elder, float(channel.clash_working), float(channel.clash_parent),
            float(channel.clash_elder), p.time, p.evening, away,
        )  # fmt: skip
        fixed += lasting
        level = model.parameters.channels[channel.name] if channel.level is None else channel.level
    drawn = model.at_start.drawn(model, channel, fixed, counted)
    bins = in_bins(drawn)
    centre = 0.0 if channel.online else float(bins.pull)
    return OpenChannel(
        channel=channel,
        venue=venue,
        bit=residents.channel_bits[channel.name],
        level=level,
        letter=float(level_of_bins(_possible(p.letter_acceptance), bins, 1.0)) + centre,
        personal=float(level_of_bins(_possible(p.personal_acceptance), bins, 1.0)) + centre,
        opened_week=model.week,
        novel=novel,
        fixed=fixed,
        centre=centre,
        per_year=per_year,
        routine=0.0 if novel else routine_rate(model, channel, venue),
    )


def add_online_level(
    model: CommunityModel, channel: Channel, lasting: NDArray[np.float32], per_year: float
) -> NDArray[np.float32]:
    """Adds to `lasting` (n,) the level at which P14 comes out: that share of adults with access who know of the channel
    acts at least once at the `per_year` events of a year in which nobody has a stake (L39, L56).

    The tastes in `lasting`, and what suits one's age, spread the chance over residents. Nobody without access takes
    part.
    """
    share, online = model.parameters.participation.online_act, model.residents.online
    level = level_of_mean(_possible(share), model.at_start.drawn(model, channel, lasting, online), per_year)
    fixed = lasting.astype(np.float32) + np.float32(level)
    fixed[~online] = NEVER
    return fixed


def routine_rate(model: CommunityModel, channel: Channel, venue: Venue) -> float:
    """Weekly rate at which daily life informs those next door of a long-standing channel.

    At this rate the share of adults who know of the channel stays where it starts (`start_share`).
    """
    residents, p = model.residents, model.parameters.awareness
    return resting_rate(
        residents.aware & np.uint16(residents.channel_bits[channel.name]) != 0,
        residents.reached,
        residents.habit_online if channel.online else residents.habit_offline,
        model.nearness[model.venue_row[venue.name]],
        p.neighbours,
        1.0 - keep_factor(p.half_life),
    )


def _possible(share: float) -> float:
    """`share` kept off 0 and 1, whose log-odds are infinite."""
    return min(max(share, 1e-9), 1.0 - 1e-9)
