"""One seeded run of one scenario, and its facts as tables."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from consensus_sim.calendar import Calendar
from consensus_sim.council.events import Channel
from consensus_sim.council.topic_class import TopicClass
from consensus_sim.interventions.base import build_lever
from consensus_sim.model.model import CommunityModel
from consensus_sim.outcomes.facts import all_tables
from consensus_sim.parameters import Behaviour
from consensus_sim.study.draws import draw_number
from consensus_sim.study.scenario import Scenario, Settings, Study, canonical

if TYPE_CHECKING:
    from consensus_sim.community import Community
    from consensus_sim.outcomes.facts import Table
    from consensus_sim.study.posterior import ParameterSets

STRIDE = 1_000_003
"""Replicate r of a study with seed s runs under seed s * STRIDE + r: no two replicates of studies with fewer than
STRIDE meet.
"""


def replicate_seed(seed: int, replicate: int) -> int:
    """The model's seed for a replicate: the same for every scenario, so that scenarios use common random
    numbers. It has 64 bits; a study's seed up to `MOST_SEED` never fills them.
    """
    return (seed * STRIDE + replicate) % 2**64


class _Read(NamedTuple):
    """Settings of a study as plain values, and as objects."""

    settings: tuple[Settings, Settings, Settings]
    objects: tuple[Behaviour, dict[str, Channel], dict[str, TopicClass]]


_latest: list[_Read] = []
_MOST_KEPT = 2


def _objects(study: Study) -> tuple[Behaviour, dict[str, Channel], dict[str, TopicClass]]:
    """Behaviour, channels and topics of `study`. Those of the last two are kept, a study and the same with parameters
    drawn for its copies: their replicates share the very settings, so most need no comparison.
    """
    settings = (study.behaviour, study.channel, study.topic)
    for read in _latest:
        if all(one is other for one, other in zip(settings, read.settings, strict=True)):
            return read.objects
    _latest.insert(0, _Read(settings, _read(canonical(list(settings)))))
    del _latest[_MOST_KEPT:]
    return _latest[0].objects


@lru_cache(maxsize=4)
def _read(text: str) -> tuple[Behaviour, dict[str, Channel], dict[str, TopicClass]]:
    import json

    behaviour, channels, topics = json.loads(text)
    return (
        Behaviour.from_config(behaviour),
        {name: Channel.from_config(name, entry) for name, entry in channels.items()},
        {name: TopicClass.from_config(name, entry) for name, entry in topics.items()},
    )


@lru_cache(maxsize=4)
def _calendar(start: str, weeks: int) -> Calendar:
    return Calendar(date.fromisoformat(start), weeks)


def read_behaviour(study: Study) -> Behaviour:
    """Returns the behaviour of `study` at its centre, read once."""
    return _objects(study)[0]


def behaviour_of(study: Study, replicate: int) -> Behaviour:
    """Returns the behaviour of `replicate`: the centre, or a parameter draw, the same for every scenario."""
    behaviour = read_behaviour(study)
    if study.parameters == "centre":
        return behaviour
    posterior = study.posterior if study.parameters == "posterior" else None
    return _drawn(behaviour, posterior, study.seed, draw_number(replicate))


@lru_cache(maxsize=4)
def _drawn(behaviour: Behaviour, posterior: ParameterSets | None, seed: int, number: int) -> Behaviour:
    """Draw `number` of a study's parameters: from `posterior`, else from the priors. Kept for the replicates, scenarios
    and copies that share it.
    """
    return behaviour.drawn(seed, number) if posterior is None else posterior.behaviour(behaviour, seed, number)


def build_model(community: Community, scenario: Scenario, study: Study, replicate: int) -> CommunityModel:
    """Returns the model of one replicate before its first week, with the parameters of `behaviour_of`."""
    return model_of(community, scenario, study, replicate, behaviour_of(study, replicate))


def model_of(
    community: Community, scenario: Scenario, study: Study, replicate: int, behaviour: Behaviour
) -> CommunityModel:
    """Returns the model of one replicate before its first week, with the parameters of `behaviour`."""
    _, channels, topics = _objects(study)
    levers = [build_lever(name, settings) for name, settings in scenario.levers]
    calendar = _calendar(str(study.calendar["start"]), int(study.calendar["weeks"]))
    seed = replicate_seed(study.seed, replicate)
    return CommunityModel(community, levers, behaviour, channels, topics, calendar, seed)


@contextmanager
def cleared_at_once() -> Iterator[None]:
    """Give back what was made within and is no longer needed at the end, instead of looking for it again and again.

    The parts of a model refer to each other, so that its memory is given back only when Python searches for such rings.
    Its own searches during a run find nothing, take time, and make the model look old, after which it is seldom looked
    at: a worker held a hundred megabytes of finished models. With the searches off, all is young at the end, and one
    through the young finds it.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.collect(0)
        if was_on:
            gc.enable()


def run_replicate(community: Community, scenario: Scenario, study: Study, replicate: int) -> dict[str, Table]:
    """Runs one replicate; returns its tables (name -> column -> array) without the columns scenario and replicate."""
    with cleared_at_once():
        model = build_model(community, scenario, study, replicate)
        model.run()
        tables = all_tables(model)
        del model
    return tables
