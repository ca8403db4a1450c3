"""Small models made quickly: the configs are composed once, changes are laid over plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from datetime import date
from functools import cache
from typing import Any

import numpy as np

from consensus_sim import CommunityModel, load_community
from consensus_sim.calendar import Calendar
from consensus_sim.council.events import Channel
from consensus_sim.council.topic_class import TopicClass
from consensus_sim.interventions.base import Intervention, build_lever
from consensus_sim.outcomes.facts import all_tables
from consensus_sim.parameters import Behaviour
from consensus_sim.study.config import compose
from consensus_sim.study.plan import Plan, read_scenario

Settings = Mapping[str, Mapping[str, Any]]


def latent(values: Any) -> Any:
    """Logits of values in (0, 1), in double precision."""
    values = np.asarray(values, np.float64)
    return np.log(values / (1.0 - values))


@cache
def config() -> dict[str, Any]:
    """The composed config; do not change it."""
    return compose()


@cache
def intervention_files() -> dict[str, Any]:
    """The settings of every intervention as its file has them, dates as dates; do not change them."""
    return Plan(config()).files


@cache
def community(name: str = "teaching") -> Any:
    """A community, built once."""
    return load_community(name)


def make_behaviour(values: Mapping[str, float] | None = None) -> Behaviour:
    """The case study's behaviour with `values` by dotted name, such as {"trust.gain": 0.1}; ranges are widened."""
    content = deepcopy(config()["behaviour"]) if values else config()["behaviour"]
    for name, value in (values or {}).items():
        group, parameter = name.split(".")
        entry = content[group][parameter]
        entry["value"] = value
        if value != 0:  # 0, the mechanism off, is allowed outside the range
            entry.update(low=min(value, entry["low"]), high=max(value, entry["high"]))
    return Behaviour.from_config(content)


def make_levers(scenario: str, changes: Settings | None = None, without: Iterable[str] = ()) -> list[Intervention]:
    """The levers of `scenario` with `changes` of settings (which add a lever it lacks), less those `without`."""
    settings = dict(read_scenario(scenario, config()).levers)
    for name, change in (changes or {}).items():
        settings[name] = {**settings.get(name, intervention_files()[name]), **change}
    return [build_lever(name, settings[name]) for name in sorted(settings) if name not in set(without)]


def make_model(
    scenario: str = "council",
    *,
    seed: int = 1,
    weeks: int = 56,
    levers: Settings | None = None,
    without: Iterable[str] = (),
    behaviour: Mapping[str, float] | None = None,
    channels: Settings | None = None,
    extra: Iterable[Intervention] = (),
    kind: type[CommunityModel] = CommunityModel,
    place: str = "teaching",
) -> CommunityModel:
    """A model of the small community before its first week; `extra` levers are added as they are."""
    kinds = {name: Channel.from_config(name, entry) for name, entry in _changed("channel", channels).items()}
    topics = {name: TopicClass.from_config(name, entry) for name, entry in config()["topic"].items()}
    return kind(
        community(place),
        [*make_levers(scenario, levers, without), *extra],
        make_behaviour(behaviour),
        kinds,
        topics,
        Calendar(date.fromisoformat(str(config()["calendar"]["start"])), weeks),
        seed,
    )


def _changed(group: str, changes: Settings | None) -> dict[str, Any]:
    return {name: {**entry, **(changes or {}).get(name, {})} for name, entry in config()[group].items()}


def make_tables(scenario: str = "council", **options: Any) -> dict[str, dict[str, Any]]:
    """All tables of a run made as by `make_model`."""
    return all_tables(make_model(scenario, **options).run())


def lever(model: CommunityModel, name: str) -> Any:
    """The lever of that name."""
    return next(each for each in model.levers if each.name == name)


def attendance(model: CommunityModel, channel: str, since: int = 0) -> list[int]:
    """Persons present at each event of a channel from week `since` on."""
    return [n for week, name, n in model.recorder.events_held if name == channel and week >= since]


def assert_same_tables(first: Mapping[str, Any], second: Mapping[str, Any], but: Iterable[str] = ()) -> None:
    """Every column of every table equal to the bit, except the tables `but`."""
    assert first.keys() == second.keys()
    for name in sorted(first.keys() - set(but)):
        assert first[name].keys() == second[name].keys()
        for column in first[name]:
            np.testing.assert_array_equal(first[name][column], second[name][column], err_msg=f"{name}.{column}")


def differing_tables(first: Mapping[str, Any], second: Mapping[str, Any]) -> set[str]:
    """Names of the tables in which something differs."""
    found = set()
    for name in first:
        try:
            assert_same_tables({name: first[name]}, {name: second[name]})
        except AssertionError:
            found.add(name)
    return found
