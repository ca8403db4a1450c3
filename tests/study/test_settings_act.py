"""No setting that is given does nothing: each acts in a scenario, and what is given wins in every scenario."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from consensus_sim.errors import InputError
from consensus_sim.interventions.base import COST_KEYS, build_lever
from consensus_sim.outcomes.facts import all_tables
from consensus_sim.runs.replicate import build_model
from consensus_sim.settings import Declared, declared
from consensus_sim.study.config import compose
from consensus_sim.study.given import unused
from consensus_sim.study.scenario import Study
from consensus_sim.study.study import Plan, read_study, scenario_of
from tests.helpers import community, intervention_files

FILES = intervention_files()
PLACES = {
    "ballot": "interactive_ballot",
    "council": "open_door",
    "lectures": "council",
    "quota_seating": "quota",
    "tea": "council",
    "training": "targeted_training",
}
"""Scenario in which an intervention's settings are tried; the others have one of their own name."""
ELSEWHERE = {
    "points.budget": "points_full",
    "points.redeemed_share": "points_full",
    "points.inflation": "points_full",
    "points.price_ceiling": "points_full",
    "points.public_revenue": "points_full",
    "points.public_share": "points_full",
    "council.agenda_size": "council",
    "lectures.target": "survey",
    "lectures.focus": "survey",
}
LIVELY = [
    "behaviour.topics.arrivals={value: 0.6, high: 0.6}",
    "behaviour.topics.suggestion={value: 0.5, high: 0.5}",
    "topic.traffic.weight=3",
]
"""More comes up than on so small a community, so that rare rules are met."""
NEAR = {"minutes": 2}
SCARCE = {"budget": 1.0, "sponsors": 0.0, "public_revenue": 0.0, "inflation": 0.5, "price_ceiling": 3.0}
TOGETHER: dict[str, dict[str, Any]] = {
    "points.price_ceiling": SCARCE,
    "points.inflation": SCARCE,
    "points.conflict": {"conflict_heat": 0.0},
    "guarantee_fund.residents_share": {"fund": 1e6},
    "seed_group.most_money": {"agenda_size": 10, "sessions_per_month": 4.33},
    "fifteen_minute_circle.speed": NEAR,
    "fifteen_minute_circle.detour": NEAR,
    "fifteen_minute_circle.points": NEAR,
    "fifteen_minute_circle.show": NEAR,
    "lectures.target": {"start": "2024-09-02", "sessions": 3},
    "lectures.focus": {"start": "2024-09-02", "target": "weakest"},
}
"""Other settings without which one of these could not act; both runs have them."""
BUSY = (
    "building_council.",
    "talk.relief",
    "access_support.large_print",
    "access_support.volunteers",
    "guarantee_fund.fund",
    "guarantee_fund.residents_share",
    "supervision.chase",
    "seed_group.agenda_size",
    "seed_group.coached",
    "seed_group.most_money",
    "seed_group.neighbours_asked",
    "ballot.votes",
    "ballot.quorum",
    "points.near_share",
    "supervision.redeliberate",
)
"""Settings, or beginnings of their names, that act where small topics come up by the dozen, many people vote and little
is carried out.
"""
EXCEPTIONS: dict[str, str] = {
    "topic.lighthouse_naming.funding.chance": "the money that it may need is 0",
    "fifteen_minute_circle.box_share": "no point of the circle is far enough from the park to have a box of its own",
    "fifteen_minute_circle.points": "one point reaches the whole of the small community",
    "fifteen_minute_circle.show": "as fifteen_minute_circle.points",
    "channel.salon.level": "those who are invited fill the parlour",
    "tea.show": "all who pass the park know of the tea",
    "community.network.isolate_ties.value": "0 in place of 1 gives the same ties on 400 residents",
    "community.weights.home_60_plus": "no share is drawn among so few of them",
    "community.weights.low_income_one_adult_with_children": "as community.weights.home_60_plus",
}
"""Settings that change nothing on the small community, and why."""


@cache
def study() -> Study:
    """All scenarios on the small community, the programme from the first week on, for 40 weeks, at the centre."""
    names = sorted({place(f"{name}.x") for name in FILES} | set(ELSEWHERE.values()))
    when = ["calendar.start=2024-04-29", "calendar.programme=null", "calendar.weeks=40", "parameters=centre"]
    return read_study(compose(["community=teaching", f"scenarios=[{','.join(names)}]", *when, *LIVELY]))


@cache
def busy() -> Study:
    """The same with many small topics, of which half need money, and with many voters."""
    values = {
        "topics": {"arrivals": 3.0, "suggestion": 0.9, "contested": 0.0},
        "execution": {"hazard": 0.005, "funds": 0.0},
        "participation": {"online_act": 0.5},
    }
    behaviour = dict(study().behaviour)
    for group, numbers in values.items():
        changed = {
            key: {**behaviour[group][key], "value": value, "low": min(0.001, value), "high": max(1.0, value)}
            for key, value in numbers.items()
        }
        behaviour[group] = {**behaviour[group], **changed}
    topics = {
        name: {
            **content,
            "weight": 1.0,
            "scope": {"micro_grid": 1.0} if number % 2 else content["scope"],
            "funding": {**content["funding"], "chance": float(number % 3 == 0)},
        }
        for number, (name, content) in enumerate(study().topic.items())
    }
    calendar = {**study().calendar, "weeks": 60}
    return replace(study(), behaviour=behaviour, topic=topics, calendar=calendar)


def place(setting: str) -> str:
    """The scenario in which `setting` is tried."""
    name = setting.partition(".")[0]
    return ELSEWHERE.get(setting, PLACES.get(name, name))


@cache
def digest(scenario: str, name: str, changes: str, busily: bool = False) -> str:
    """A digest of all tables of a run of `scenario` with `changes` (as text) of the settings of `name`."""
    found = study().scenario(scenario)
    settings = dict(found.levers)
    settings[name] = {**settings[name], **eval(changes)}
    where = busy() if busily else study()
    return numbers_of(replace(where, scenarios=(replace(found, levers=tuple(sorted(settings.items()))),)), scenario)


def numbers_of(study: Study, scenario: str) -> str:
    """A digest of all tables of a run of `scenario`."""
    model = build_model(community(), study.scenario(scenario), study, 0)
    told = hashlib.blake2b(digest_size=16)
    for table, columns in sorted(all_tables(model.run()).items()):
        for column, values in sorted(columns.items()):
            array = np.asarray(values)
            told.update(f"{table}.{column}".encode())
            told.update(repr(array.tolist()).encode() if array.dtype == object else array.tobytes())
    return told.hexdigest()


def others(one: Declared, value: Any) -> Iterator[Any]:
    """Values that are allowed, other than `value`, those first that are likely to act."""
    if one.kind == "switch":
        yield not value
    elif one.kind == "choice":
        yield from (word for word in one.allowed if word != value)
    else:
        low, high = float(one.low or 0), float(one.high if one.high is not None else 1e9)
        at = float(value) if value is not None else (low + min(high, low + 1)) / 2
        tried = [low, max(low, at / 2), max(low, at / 8), min(high, 2 * at), min(high, at + 1), min(high, 10 * at + 10)]
        kind = int if one.kind == "integer" else float
        yield from dict.fromkeys(kind(each) for each in tried if kind(each) != value)


def settings_of(name: str) -> dict[str, Declared]:
    """Numbers, choices and switches of the intervention `name`, and its prices."""
    kinds = declared(type(build_lever(name, FILES[name])))
    found = {key: one for key, one in kinds.items() if one.kind in ("number", "integer", "choice", "switch")}
    price = Declared("cost", "number", "CNY or hours", 0, 1e9, (), False, {}, "", name)
    return found | {f"cost.{key}": price for key in COST_KEYS if key in FILES[name]["cost"]}


def acts(name: str, key: str, one: Declared) -> bool:
    """Whether another value of `key` changes anything."""
    setting = f"{name}.{key}"
    scenario = place(setting)
    now = {**study().scenario(scenario).lever(name), **TOGETHER.get(setting, {})}
    with_it = {part: now[part] for part in TOGETHER.get(setting, {})}
    busily = setting.startswith(BUSY)
    before = digest(scenario, name, repr(with_it), busily)
    if key.startswith("cost."):
        part = key.removeprefix("cost.")
        changed = [{"cost": {**now["cost"], part: now["cost"].get(part, 0) + 777}}]
    else:
        changed = [{key: value} for value in others(one, now[key])]
    return any(differs(scenario, name, {**with_it, **change}, before, busily) for change in changed)


def differs(scenario: str, name: str, changes: dict[str, Any], before: str, busily: bool) -> bool:
    """Whether a run with `changes` gives other tables; one that the community does not allow gives none."""
    try:
        return digest(scenario, name, repr(changes), busily) != before
    except InputError:
        return False


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_setting_of_an_intervention_changes_something(name):
    idle = [key for key, one in settings_of(name).items() if not acts(name, key, one)]
    assert sorted(f"{name}.{key}" for key in idle) == [each for each in EXCEPTIONS if each.startswith(f"{name}.")]


def test_exceptions_are_few():
    assert len(EXCEPTIONS) <= 15


@pytest.mark.parametrize("name", sorted(FILES))
def test_what_is_given_wins_in_every_scenario(name):
    config = compose()
    for key, one in settings_of(name).items():
        parts = key.split(".")
        value = next(others(one, 777 if key.startswith("cost.") else FILES[name][key]))
        given = {parts[0]: value} if len(parts) == 1 else {"cost": {**FILES[name]["cost"], parts[1]: value}}
        intervention = {**config["intervention"], name: {**config["intervention"][name], **given}}
        changes = [f"intervention.{name}.{key}={value}"]
        plan = Plan({**config, "intervention": intervention, "changes": changes})
        for scenario in config["scenario"]:
            lever = scenario_of(scenario, plan).lever(name)
            if lever is not None:
                assert (lever[key] if len(parts) == 1 else lever["cost"][parts[1]]) == value, (scenario, key)


def test_built_in_scenarios_hold_no_numbers_of_interventions():
    allowed = {"variant", "start", "end", "held_back", "target", "rules", "budget_until"}
    for name, content in compose()["scenario"].items():
        for lever, changes in (content["interventions"] or {}).items():
            assert set(changes or {}) <= allowed, (name, lever)
            for rule in (changes or {}).get("rules", ()):
                assert all(set(part) == {"variant"} for part in rule.get("adjust", {}).values())


def lever(overrides: list[str], scenario: str, name: str) -> dict[str, Any]:
    """The settings of `name` in `scenario` under `overrides`."""
    found = read_study(compose([f"scenarios=[{scenario}]", *overrides])).scenario(scenario).lever(name)
    assert found is not None
    return found


def test_a_price_given_to_a_scenario_is_that_of_those_based_on_it():
    price = ["scenario.council.interventions.parlour.cost.start_money=40000"]
    assert {lever(price, name, "parlour")["cost"]["start_money"] for name in ("council", "parlour")} == {40000}
    plain = ["intervention.parlour.variants.plain.cost.start_money=9000"]
    assert [lever(plain, name, "parlour")["cost"]["start_money"] for name in ("council", "parlour")] == [9000, 20000]


def test_a_rule_leaves_alone_what_was_given():
    rules = lever(["intervention.quota_seating.seats=20"], "phase2_plan", "action_research")["rules"]
    assert "seats" not in rules[0]["adjust"]["quota_seating"] and rules[0]["adjust"]["quota_seating"]["rounds"] == 3


def test_what_an_experiment_file_sets_acts_before_variants(tmp_path):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(
        "# @package _global_\nexperiment_name: mine\nquestion: {zh: 问, en: why}\nscenarios: [council, parlour]\n"
        "replicates: 2\nseed: 1\nreference: null\nintervention: {parlour: {cost: {start_money: 40000}}}\n",
        encoding="utf-8",
    )
    found = read_study(compose(["experiment=mine"], config_dir=tmp_path)).scenarios
    assert [each.lever("parlour")["cost"]["start_money"] for each in found] == [40000, 40000]


def test_settings_that_no_compared_scenario_reads_are_found():
    idle = ["intervention.talk.relief=0.2", "channel.salon.capacity=3", "scenario.full.interventions.points.value=3"]
    read = ["intervention.tea.show=0.2", "channel.tea.capacity=3", "scenario.council.interventions.tea.show=0.1"]
    config = compose(["scenarios=[points]", *read, *idle])
    assert unused(config, read_study(config).scenarios) == [change.partition("=")[0] for change in idle]
