"""Checks of a composed config before anything is simulated: interventions, channels, topics, parameters."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from consensus_sim.catalogue import name_channels
from consensus_sim.council.events import Channel
from consensus_sim.council.topic_class import TopicClass
from consensus_sim.errors import InputError, not_allowed, phrase, raise_all, single
from consensus_sim.interventions.loading import CLASS, is_own
from consensus_sim.parameters import Behaviour
from consensus_sim.residents.columns import channel_bits
from consensus_sim.settings import together
from consensus_sim.study.dates import iso_date
from consensus_sim.study.layers import with_variant
from consensus_sim.study.plan import Plan, chain, scenario_file
from consensus_sim.study.scenario import Scenario, Settings, Study


def check_levers(scenarios: Iterable[Scenario], plan: Plan) -> None:
    """Builds every intervention once, so that a value out of range is refused before anything is simulated.

    plan: all interventions with their variants: an error in one that no scenario uses would stay unnoticed
    """
    from consensus_sim.interventions.base import build_lever

    used = {lever for scenario in scenarios for lever, _ in scenario.levers}
    for name, settings in plan.files.items():
        if name not in used and is_own(settings.get(CLASS)):  # a file of the user's is run only where it is used
            continue
        build_lever(name, settings)
        for variant, changes in plan.variants[name].items():
            try:
                build_lever(name, with_variant(f"intervention.{name}.variants.{variant}", settings, changes))
            except InputError as error:
                raise_all(InputError("in_variant", variant=variant, error=each) for each in single(error))
    for scenario in scenarios:
        try:
            levers = {lever: build_lever(lever, settings) for lever, settings in scenario.levers}
            for lever in levers.values():
                lever.check_scenario(levers)
        except InputError as error:  # what the files say passes, so the scenario has changed it
            raise_all(InputError("in_place", where=f"scenario.{scenario.name}", error=each) for each in single(error))


def check_parts(config: Mapping[str, Any]) -> None:
    """Reads behaviour, channels, topics and scenarios of `config`, so that all their errors are reported together."""
    parts: list[Callable[[], object]] = [
        partial(Behaviour.from_config, config["behaviour"]),
        *(partial(Channel.from_config, name, content) for name, content in config["channel"].items()),
        *(partial(TopicClass.from_config, name, content) for name, content in config["topic"].items()),
        *(partial(scenario_file, name, config["scenario"]) for name in config["scenario"]),
    ]
    together(parts)
    for name in config["scenario"]:
        chain(name, config["scenario"])


def check_topics(topics: Mapping[str, Any], calendar: Settings) -> None:
    """Refuses a topic whose date cannot be read or lies before the run."""
    first = datetime.date.fromisoformat(calendar["start"])
    for name, content in topics.items():
        arises = content.get("arises")
        if arises is not None and iso_date(f"topic.{name}.arises", arises) < first:
            allowed = phrase("or_null", allowed=phrase("a_date_from", date=first.isoformat()))
            raise not_allowed(f"topic.{name}.arises", arises, allowed)


def check_channels(channels: Mapping[str, Any]) -> None:
    """Refuses more channels than residents can know of; registers the labels of channels in the catalogue."""
    channel_bits(channels)
    name_channels({name: Channel.from_config(name, content).label for name, content in channels.items()})


def check_carried(study: Study) -> None:
    """Refuses values of parameters and of kinds of topic that a scenario of `study` sets and that are not allowed."""
    for scenario in study.scenarios:
        if scenario.behaviour or scenario.topic:
            own = study.alone(scenario.name)
            parts: list[Callable[[], object]] = [partial(Behaviour.from_config, own.behaviour)]
            parts += [partial(TopicClass.from_config, name, content) for name, content in own.topic.items()]
            together(parts)
