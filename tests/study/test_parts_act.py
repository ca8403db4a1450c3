"""No setting of a channel, kind of topic, parameter, calendar or community does nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from consensus_sim.community.community import build_community
from consensus_sim.errors import InputError
from consensus_sim.study.config import compose
from consensus_sim.study.scenario import Study
from consensus_sim.study.study import read_study
from tests.helpers import config
from tests.study.test_settings_act import EXCEPTIONS, LIVELY, numbers_of

SCENARIOS = {
    "ballot": "interactive_ballot",
    "reception": "before",
    "council": "plain_room",
    "building_council": "everything",
}
"""Scenario in which a channel is tried; the others in the one of their name."""
HOLDS = "everything"
PLACES = {
    "execution.give_up": "council",
}
"""Scenario in which a parameter is tried, where not in `HOLDS`."""
TRIED = {"execution.give_up": 13}


@cache
def study() -> Study:
    """The small community, the programme from the first week on, for 40 weeks, with parameters at the centre."""
    names = {HOLDS, "training", "tea", "council", *PLACES.values(), *SCENARIOS.values()}
    names |= {name for name in config()["channel"] if name in config()["scenario"]}
    names -= {"tea"}
    when = ["calendar.start=2024-04-29", "calendar.programme=null", "calendar.weeks=40", "parameters=centre"]
    also = ["scenario.points.interventions.points.end=2024-09-01"]
    return read_study(compose(["community=teaching", f"scenarios=[{','.join(sorted(names))}]", *when, *also, *LIVELY]))


@cache
def before(scenario: str) -> str:
    """The digest of `scenario` as it is."""
    return numbers_of(study(), scenario)


def acts(scenario: str, changed: Iterator[Study], base: str | None = None) -> bool:
    """Whether one of the studies gives other numbers for `scenario`; one that is refused gives none."""
    for each in changed:
        try:
            if numbers_of(each, scenario) != (base or before(scenario)):
                return True
        except InputError:
            continue
    return False


def exceptions(part: str) -> list[str]:
    """Settings of `part` that are known to change nothing here."""
    return sorted(name for name in EXCEPTIONS if name.startswith(f"{part}."))


def other_values(value: Any) -> list[Any]:
    """Some values other than `value`, those first that are likely to act."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int | float):
        found = [0, 1, value / 2, value * 2, 2, 4]
        return [type(value)(each) for each in found if type(value)(each) != value]
    if isinstance(value, Mapping):
        return [{**value, group: value.get(group, 0) + 1} for group in ("elder", "owner")]
    return [venue for venue in ("park", "parlour", "committee_office") if venue != value]


@pytest.mark.parametrize("name", sorted(config()["channel"]))
def test_every_setting_of_a_channel_changes_something(name):
    scenario = SCENARIOS.get(name, "council" if name == "tea" else name)
    channel = {"clash_elder": 0.0, "suits": {}, **study().channel[name]}
    no_clash = dict.fromkeys(("clash_working", "clash_parent", "clash_elder"), 0.0)
    online = {**no_clash, "sessions_per_month": 3.0}

    def changed(key: str) -> Iterator[Study]:
        for value in other_values(channel[key]):
            new = {**channel, key: value, **(online if key == "online" else {})}
            yield replace(study(), channel={**study().channel, name: new})

    keys = [key for key, value in channel.items() if key != "label" and value is not None]
    if channel["online"]:  # refused: tests/docs/test_own_channel.py
        keys = [key for key in keys if not key.startswith("clash_") and key != "online"]
    tried = ("before", HOLDS) if name in ("adhoc", "reception") else (scenario,)
    found = [key for key in keys if not any(acts(each, changed(key)) for each in tried)]
    assert sorted([f"channel.{name}.{key}" for key in found]) == exceptions(f"channel.{name}")


def lone(kind: str, changes: Mapping[str, Any]) -> Study:
    """The study with topics of `kind` alone, changed."""
    topics = {name: {**content, "weight": float(name == kind)} for name, content in study().topic.items()}
    return replace(study(), topic={**topics, kind: {**topics[kind], **changes}})


def topic_changes(topic: Mapping[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Every setting of a kind of topic, with changes of it."""
    funding, other = topic["funding"], "owners_committee"
    if topic["responsible"] == other:
        other = "property_manager"
    yield "scope", [{"scope": {"micro_grid": 1.0}}]
    yield "urgency", [{"urgency": [0.1, 0.2]}]
    yield "feasibility", [{"feasibility": [0.8, 0.9]}]
    yield "funding.chance", [{"funding": {**funding, "chance": float(funding["chance"] < 0.5)}}]
    yield "polarity", [{"polarity": [0.6, 0.7]}]
    yield "majority", [{"majority": [0.5, 0.5]}]
    yield "issues", [{"issues": {"chance": 1.0, "unlike": [0.9, 1.0]}}]
    yield "position_spread", [{"position_spread": topic["position_spread"] + 0.2}]
    yield "responsible", [{"responsible": other}]
    yield "deadline_weeks", [{"deadline_weeks": 1}]
    yield "arises", [{"arises": "2024-06-10"}]
    for key in ("stakes", "positions"):
        for group in topic[key]:
            yield f"{key}.{group}", [{key: {**topic[key], group: share}} for share in (0.01, 0.99)]


@pytest.mark.parametrize("kind", sorted(config()["topic"]))
def test_every_setting_of_a_kind_of_topic_changes_something(kind):
    topic = study().topic[kind]
    base = numbers_of(lone(kind, {}), HOLDS)
    found = [
        f"topic.{kind}.{key}"
        for key, changes in topic_changes(topic)
        if not acts(HOLDS, (lone(kind, each) for each in changes), base)
    ]
    dated, paid = {"arises": "2024-06-10", "weight": 0.0}, {**topic["funding"], "chance": 1.0}
    pairs = {
        "place": [{**dated, "place": place} for place in (1, 3)],
        "funding.need": [{"funding": {**paid, "need": need}} for need in ([10, 20], [500_000, 900_000])],
        "weight": [{"weight": 1.0}, {"weight": 0.0, **dated}],
    }
    found += [
        f"topic.{kind}.{key}"
        for key, (one, two) in pairs.items()
        if not acts(HOLDS, iter([lone(kind, two)]), numbers_of(lone(kind, one), HOLDS))
    ]
    assert sorted(found) == exceptions(f"topic.{kind}")


@pytest.mark.parametrize("group", sorted(config()["behaviour"]))
def test_every_parameter_changes_something(group):
    entries = study().behaviour[group]

    def changed(key: str) -> Iterator[Study]:
        entry = entries[key]
        name = f"{group}.{key}"
        tried = [TRIED[name]] if name in TRIED else []
        for value in (*tried, entry["high"], entry["low"], 0.0, 2 * entry["value"] + 1):
            if value != entry["value"]:
                new = {**entry, "value": value, "high": max(value, entry["high"])}
                yield replace(study(), behaviour={**study().behaviour, group: {**entries, key: new}})

    def moves(key: str) -> bool:
        return acts(PLACES.get(f"{group}.{key}", HOLDS), changed(key))

    names = [key for key in entries if not moves(key)]
    assert sorted([f"behaviour.{group}.{key}" for key in names]) == exceptions(f"behaviour.{group}")


@pytest.mark.parametrize("change", ["start=2024-03-11", "programme=+10 weeks", "weeks=30", "months=4"])
def test_every_setting_of_the_calendar_changes_something(change):
    def read(*changes: str) -> Study:
        return read_study(compose(["community=teaching", "scenarios=[council]", "parameters=centre", *changes]))

    weeks = ["calendar.weeks=null"] if change.startswith("months") else []
    assert numbers_of(read(*weeks, f"calendar.{change}"), "council") != numbers_of(read(), "council")


def community_changes() -> Iterator[tuple[str, Any]]:
    """Every section of a community's file, a handful of its numbers each, with other values."""
    yield from {
        "seed": 2,
        "micro_grid_snap.value": 0.4,
        "area.value": 0.03,
        "marginals.party.value": 0.2,
        "marginals.newcomer.value": 0.5,
        "marginals.female.value": 0.6,
        "marginals.households_with_children.value": 0.35,
        "estates.willow_court.tenant.value": 0.3,
        "estates.willow_court.low_income.value": 0.2,
        "estates.willow_court.car.value": 0.9,
        "estates.willow_court.neighbouring.value": 0.3,
        "households.types.couple_young.tenant_weight": 6.0,
        "ages.parent_gap": [25, 30],
        "ages.couple_gap_mean": 8.0,
        "ages.couple_gap_sd": 0.1,
        "ages.retired_women": 60,
        "ages.retired_men": 50,
        "ages.student_until": 19,
        "network.mean_degree.unit.value": 5.0,
        "network.mean_degree.interest.value": 3.0,
        "network.homophily.age.value": 9.0,
        "network.homophily.tenure.value": 9.0,
        "network.isolates.value": 0.5,
        "network.isolate_ties.value": 0,
        "network.interests.value": 3,
        "network.sociability.spread": 1.0,
        "network.tie_weight.household.value": 0.4,
        "venues.park.x.value": 90,
        **{f"weights.{name}": 7.0 for name in config()["community"]["weights"] if name not in ("unit", "source")},
    }.items()


@cache
def spec() -> dict[str, Any]:
    """The small community's file, composed."""
    return compose(["community=teaching"])["community"]


@cache
def fingerprint() -> str:
    """What stands for the arrays of the small community, but not for its file."""
    return arrays_of(spec())


def arrays_of(content: Mapping[str, Any]) -> str:
    """A digest of all arrays of the community of `content`."""
    import hashlib
    from dataclasses import fields

    import numpy as np

    community, told = build_community(content), hashlib.blake2b()
    for part in (community.places, community.population, community.network):
        for each in fields(part):
            value = getattr(part, each.name)
            told.update(np.asarray(value).tobytes() if isinstance(value, np.ndarray) else repr(value).encode())
    return told.hexdigest()


@pytest.mark.parametrize(("key", "value"), [pytest.param(*each, id=each[0]) for each in community_changes()])
def test_a_number_of_a_community_changes_something(key, value):
    content = deepcopy(spec())
    at: Any = content
    *path, last = key.split(".")
    for step in path:
        at = at[step]
    assert at[last] != value
    at[last] = value
    same = arrays_of(content) == fingerprint()
    assert same == (f"community.{key}" in EXCEPTIONS)
