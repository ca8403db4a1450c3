"""Rooms of a chosen size: meetings simulated apart from any council, for patterns about talk itself (B27, B29, B30,
B36-B39).

A room takes one of the topics that wait in a model. Its residents are drawn by keyed random numbers among the adults
of the topic's place, with a share of Party members, who have the team's status. The same people meet again until they
settle or have had the last meeting allowed. Core and panel have `seats` places, officers included; attendees beyond
them are audience. A neutral moderator hands out turns in a plain room, and the topic shares the minutes with as
many others as a council session has. The model itself is not changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.meeting import (
    COUNTS,
    FacilitationSupport,
    count_by,
    deliberation_context,
    keys_of,
    resident_columns,
    speeches_for,
    topic_data,
)
from consensus_sim.dynamics.meeting import (
    EXPRESSION,
    Attendees,
    DeliberationResult,
    MeetingRules,
    bring_positions,
    hold_meeting,
)
from consensus_sim.dynamics.talk import PLENARY
from consensus_sim.errors import one_of
from consensus_sim.randomness import key, normals, uniforms

if TYPE_CHECKING:
    from consensus_sim.council.topics import Topic
    from consensus_sim.experiments.patterns.measures import Run
    from consensus_sim.model.model import CommunityModel


@dataclass(frozen=True)
class RoomSettings:
    """Rooms as configs/pattern/setups.yaml has them, under `rooms`.

    officers: officers of the team among those present; seats: core and panel, whoever comes beside them is audience;
    survey: fewest and most present where positions are asked; survey_error: SD of an answer, on the scale [0, 1];
    party: share of Party members
    """

    officers: int
    seats: int
    survey: tuple[int, int]
    survey_error: float
    party: float


@lru_cache(maxsize=1)
def room_settings() -> RoomSettings:
    """The node `rooms` of configs/pattern/setups.yaml."""
    from consensus_sim.experiments.patterns.study import read_file

    found = read_file("setups.yaml")["rooms"]
    return RoomSettings(**{**found, "survey": tuple(found["survey"])})


@dataclass(frozen=True)
class Room:
    """One room after its last meeting.

    who: (m,) residents present, ascending; before, after: (m,) their positions before the first and after the last
    meeting; turns: (m,) speeches at the first meeting; meetings: how many were held; settled: whether they settled
    """

    who: NDArray[np.int64]
    before: NDArray[np.float64]
    after: NDArray[np.float64]
    turns: NDArray[np.int64]
    meetings: int
    settled: bool


def draw_present(model: CommunityModel, topic: Topic, number: int) -> NDArray[np.int32]:
    """`number` residents for a room on `topic`, ascending: adults of its place, `party` of them Party members from
    anywhere; a smaller room holds part of the people of a larger one.
    """
    residents, rank = model.residents, uniforms(key(model.seed, "rooms:present", 0, topic.number), model.residents.n)
    n_party = round(room_settings().party * number)
    party = np.flatnonzero(residents.adult & residents.member_of("party"))
    chosen = party[np.argsort(rank[party], kind="stable")][:n_party]
    here = np.arange(topic.low, topic.high)
    here = np.setdiff1d(here[residents.adult[topic.low : topic.high]], chosen)
    others = here[np.argsort(rank[here], kind="stable")][: number - len(chosen)]
    return np.sort(np.concatenate((chosen, others))).astype(np.int32)


def raised_skill(model: CommunityModel, shift: float) -> NDArray[np.float32]:
    """All skills (4, n), raised by `shift` standard deviations of adults on the logit scale."""
    if shift == 0:
        skill: NDArray[np.float32] = model.residents.skill
        return skill
    latent = np.log(model.residents.skill) - np.log1p(-model.residents.skill)
    latent += shift * latent[:, model.residents.adult].std(axis=1, keepdims=True)
    return (1.0 / (1.0 + np.exp(-latent))).astype(np.float32)


def meet(
    model: CommunityModel, topic: Topic, number: int, meetings: int, *, sides: str = "drawn", shift: float = 0.0,
    counts: str = "core_and_panel", procedure: int = PLENARY,
) -> Room:  # fmt: skip
    """Up to `meetings` meetings of `number` people on `topic` by the council's rules of talk.

    sides: "drawn" as the topic has them, or "even": two camps of equal size; shift: skills raised, SD on the logit
    scale; counts: whose acceptance counts, that of the core (officers and seated Party members), of the `seats` of a
    room, or of all present
    """
    settings, p = room_settings(), model.parameters
    present = draw_present(model, topic, number - settings.officers)
    skill, came = raised_skill(model, shift), present.astype(np.int64)
    talk = key(model.seed, "rooms:meeting", 0, topic.number)
    keys = keys_of(model, topic, talk)._replace(
        position=key(model.seed, "rooms:position", 0, topic.number),
        officer=key(model.seed, "rooms:officers", 0, topic.number),
    )
    matter = topic_data(topic)
    if sides == "even":
        matter = matter._replace(positions=matter.positions._replace(upper=0.5))
    before, _ = bring_positions(keys, came, 0, model.residents.groups, matter)
    people = Attendees(present, settings.officers, _who_counts(model, topic, present, counts))
    register, standing = resident_columns(model, skill), deliberation_context(model, FacilitationSupport())
    rules = p.deliberation._replace(
        turn_sharing=p.meeting.turn_sharing, speeches=speeches_for(p.meeting.agenda_size, p.meeting)
    )
    heat, first = 0.0, None
    for meeting in range(meetings):
        held: DeliberationResult = hold_meeting(
            keys._replace(talk=key(model.seed, "rooms:meeting", meeting, topic.number)), people,
            matter._replace(meeting=meeting), register, standing, MeetingRules(procedure, heat, rules, False),
        )  # fmt: skip
        first = first or held
        heat = held.heat
        matter = matter._replace(known=held.who, kept=held.position, found=held.found)
        if held.settled:
            break
    assert first is not None
    after = held.position[np.searchsorted(held.who, came)]  # others may have sat on the topic before
    return Room(came, before, after, first.turns, meeting + 1, bool(held.settled))


def _who_counts(model: CommunityModel, topic: Topic, present: NDArray[np.int32], counts: str) -> NDArray[np.bool_]:
    """Whose acceptance counts among the residents `present` (m,) and the officers behind them, (m + officers,): the
    first who come have the seats, and the Party members among these are the core (`council.meeting.count_by`).
    """
    if counts not in COUNTS:
        raise one_of("counts", counts, COUNTS)
    settings = room_settings()
    seated = draw_present(model, topic, min(len(present), settings.seats - settings.officers))
    core = np.zeros(model.residents.n, np.bool_)
    core[seated] = model.residents.member_of("party")[seated]
    return count_by(counts, present, settings.officers, core, seated)


def rooms(model: CommunityModel, number: int, meetings: int, **settings: Any) -> Iterator[Room]:
    """A room on each of the topics that wait in `model` and concern enough adults."""
    for topic in model.topics.waiting:
        if np.count_nonzero(model.residents.adult[topic.low : topic.high]) >= number:
            yield meet(model, topic, number, meetings, **settings)


def survey_rooms(model: CommunityModel) -> Iterator[tuple[Room, NDArray[np.float64], NDArray[np.float64]]]:
    """One meeting of 12 to 20 people on each waiting topic, with their answers before and after: positions with survey
    error, cut to [0, 1].
    """
    settings = room_settings()
    fewest, most = settings.survey
    for topic in model.topics.waiting:
        drawn = float(uniforms(key(model.seed, "rooms:size", 0, topic.number), 1)[0])
        number = fewest + int(drawn * (most - fewest + 1))
        room = meet(model, topic, number, 1)
        error = settings.survey_error * normals(
            key(model.seed, "rooms:survey", 0, topic.number), 2 * len(room.who)
        ).reshape(2, -1)
        yield room, np.clip(room.before + error[0], 0.0, 1.0), np.clip(room.after + error[1], 0.0, 1.0)


# --- what is read off them; `run` is a `pattern_measures.Run` ---------------------------------------------------------


def room_settled(
    run: Run, present: int, meetings: int, sides: str = "drawn", shift: float = 0, counts: str = "core_and_panel"
) -> float:
    """Share of topics settled within `meetings` meetings of `present` people."""
    found = rooms(run.model, present, meetings, sides=sides, shift=float(shift), counts=counts)
    return _mean(float(room.settled) for room in found)


def room_meetings(run: Run, present: int, sides: str = "drawn", shift: float = 0) -> float:
    """Mean meetings of the topics that `present` people settle within the meetings that a topic may have."""
    most = run.model.parameters.meeting.sittings_max
    found = rooms(run.model, present, most, sides=sides, shift=float(shift))
    return _mean(float(room.meetings) for room in found if room.settled)


def room_speaking(run: Run, present: int) -> float:
    """Mean share of the residents present who speak at the first meeting."""
    return _mean(float((room.turns > 0).mean()) for room in rooms(run.model, present, 1))


def room_turns(run: Run, present: int) -> float:
    """Mean turns a head of the residents present at the first meeting."""
    return _mean(float(room.turns.mean()) for room in rooms(run.model, present, 1))


def survey_move(run: Run) -> float:
    """Mean absolute change of a person's position in one meeting, from surveys before and after it."""
    return _mean(float(np.abs(after - before).mean()) for _, before, after in run.survey)


def survey_shift(run: Run) -> float:
    """Mean size of the move of the room's mean."""
    return _mean(abs(float(after.mean() - before.mean())) for _, before, after in run.survey)


def survey_spread_fall(run: Run) -> float:
    """Mean fall of the standard deviation of positions within a room."""
    return _mean(float(before.std(ddof=1) - after.std(ddof=1)) for _, before, after in run.survey)


def survey_spread_falls(run: Run) -> float:
    """Share of rooms in which it falls."""
    return _mean(float(after.std(ddof=1) < before.std(ddof=1)) for _, before, after in run.survey)


def survey_outward(run: Run) -> float:
    """Mean move of the room's mean away from the middle of the scale, towards the side on which it lay before."""
    return _mean(
        float(np.sign(before.mean() - 0.5) * (after.mean() - before.mean())) for _, before, after in run.survey
    )


def survey_pull(run: Run, group: str) -> float:
    """Mean move of the others' mean towards the first mean of the members of `group`: a group of residents, or
    `educated`, the half of the room with the higher cognition.
    """
    pulls = []
    for room, before, after in run.survey:
        if group == "educated":
            known = run.model.residents.cognition[:, room.who].mean(axis=0)
            member = known > np.median(known)
        else:
            member = run.model.residents.member_of(group)[room.who]
        if 0 < member.sum() < len(member):
            towards = np.sign(before[member].mean() - before[~member].mean())
            pulls.append(float(towards * (after[~member].mean() - before[~member].mean())))
    return _mean(pulls)


def survey_less_skilled_move(run: Run) -> float:
    """Mean size of a move of the half of the room of lower expression, less that of the other half."""
    found = []
    for room, before, after in run.survey:
        expression = run.model.residents.skill[EXPRESSION, room.who]
        less, size = expression <= np.median(expression), np.abs(after - before)
        found.append(float(size[less].mean() - size[~less].mean()))
    return _mean(found)


MEASURES: dict[str, Callable[..., float]] = {
    each.__name__: each
    for each in (
        room_settled, room_meetings, room_speaking, room_turns, survey_move, survey_shift, survey_spread_fall,
        survey_spread_falls, survey_outward, survey_pull, survey_less_skilled_move,
    )
}  # fmt: skip
"""Measures that formulas may name."""


def _mean(values: Iterable[float]) -> float:
    kept = list(values)
    return float(np.mean(kept)) if kept else float("nan")
