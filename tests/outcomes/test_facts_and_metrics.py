"""Tables and headline metrics against a recomputation from the raw acts of a run."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim import load_community, load_model
from consensus_sim.catalogue import metric, weekly_metric, weekly_metric_names
from consensus_sim.outcomes.facts import LAST_WEEKS, all_tables, collect_acts
from consensus_sim.residents.columns import REPORT_GROUPS
from tests.helpers import make_model

WEEKS = 56


@pytest.fixture(scope="module")
def run():
    community = load_community("teaching")
    model = load_model(community, "full", seed=2, weeks=WEEKS).run()
    return model, all_tables(model)


@pytest.fixture(scope="module")
def values(run):
    table = run[1]["metrics"]
    return {(m, g): v for m, g, v in zip(table["metric"], table["group"], table["value"], strict=True)}


def acts_of(model, since):
    for week, channel, who in model.recorder.acts:
        if week >= since:
            for resident in who.tolist():
                yield week, channel, resident


def test_every_metric_has_a_definition(run):
    for name in set(run[1]["metrics"]["metric"]):
        assert metric(name).definition("en") and metric(name).definition("zh")
    for name in set(run[1]["weekly"]["metric"]):
        assert weekly_metric(name).label("zh")


def test_metrics_are_named_once(run):
    table = run[1]["metrics"]
    assert len({*zip(table["metric"], table["group"], strict=True)}) == len(table["metric"])


@pytest.mark.parametrize("group", REPORT_GROUPS)
def test_reach_and_frequency_are_what_their_definitions_say(run, values, group):
    model = run[0]
    member = model.residents.member_of(group)
    quarter = [r for _, _, r in acts_of(model, WEEKS - 13) if member[r]]
    year = {r for _, _, r in acts_of(model, WEEKS - 52) if member[r]}
    assert values["reach_quarter", group] == pytest.approx(len(set(quarter)) / member.sum())
    assert values["reach_year", group] == pytest.approx(len(year) / member.sum())
    recent = [r for _, _, r in acts_of(model, WEEKS - 26) if member[r]]
    assert values["frequency", group] == pytest.approx(len(recent) / 2 / len(set(recent)), nan_ok=True)


def test_shares_sum_to_one(values):
    assert sum(values[f"consensus_{k}", "all"] for k in ("settled", "shelved", "open")) == pytest.approx(1)
    assert sum(values[f"execution_{k}", "all"] for k in ("on_time", "late", "never")) == pytest.approx(1)


def test_silent_micro_grids_are_those_without_an_ordinary_participation(run, values):
    model = run[0]
    acts = collect_acts(model)
    ordinary = (acts.week >= WEEKS - 13) & ~acts.team
    heard = set(model.community.population.micro_grid[acts.resident[ordinary]].tolist())
    assert values["silent_micro_grids", "all"] == model.community.places.n_micro_grids - len(heard)


def test_attendance_is_per_event_and_its_edges_are_four_sessions(run, values):
    events = run[0].recorder.events_held
    sessions = [(week, n) for week, channel, n in events if channel == "council"]
    half_year = [n for week, n in sessions if week < sessions[0][0] + 26]
    assert values["attendance_council_first4", "all"] == pytest.approx(np.mean(half_year[:4]))
    assert values["attendance_council_last4", "all"] == pytest.approx(np.mean(half_year[-4:]))
    assert values["attendance_council", "all"] == pytest.approx(np.mean([n for w, n in sessions if w >= WEEKS - 13]))


def test_tables_agree_with_one_another(run):
    model, tables = run
    weekly, grids, topics, meetings = (tables[name] for name in ("weekly", "grids", "topics", "meetings"))
    everybody = (weekly["metric"] == "participations") & (weekly["group"] == "all")
    total = sum(len(who) for _, _, who in model.recorder.acts)
    assert weekly["value"][everybody].sum() == total
    for level in ("grid", "micro_grid"):
        rows = (grids["level"] == level) & (grids["quarter"] != LAST_WEEKS)
        assert grids["participations"][rows].sum() == total
        last = (grids["level"] == level) & (grids["quarter"] == LAST_WEEKS)
        recent = everybody & (weekly["week"] >= WEEKS - 13)
        assert grids["participations"][last].sum() == weekly["value"][recent].sum()
        assert (grids["ordinary_participations"][rows] <= grids["participations"][rows]).all()
        assert (grids["participants"][rows] <= grids["adults"][rows]).all()
    offline = meetings["channel"] != "ballot"
    sittings = np.bincount(meetings["topic"][offline], minlength=len(topics["topic"]))
    deliberated = sittings > 0
    np.testing.assert_array_equal(sittings[deliberated], topics["sittings"][deliberated])
    assert tables["costs"]["money"].sum() == pytest.approx(
        {m: v for m, v in zip(tables["metrics"]["metric"], tables["metrics"]["value"], strict=True)}["cost_money"]
    )


def test_the_table_of_topics_names_who_raised_and_who_leads_and_what_was_found(run):
    model, tables = run
    topics = model.topics.topics
    for column, record in (("raised_by", "progress"), ("led_by", "progress"), ("found", "talk")):
        expected = np.array([getattr(getattr(topic, record), column) for topic in topics])
        np.testing.assert_array_equal(tables["topics"][column], expected)
        assert len(set(expected.tolist())) > 2
    assert not np.array_equal(tables["topics"]["raised_by"], tables["topics"]["led_by"])


def test_the_capability_scale_is_taken_each_half_year_of_every_group(run):
    table = run[1]["capability"]
    assert set(table["half_year"]) == {"2024H1", "2024H2", "2025H1"}
    assert {"team", "active", *REPORT_GROUPS} <= set(table["group"])
    assert {"expression", "listening", "integration", "procedure", "rights", "habit", "all"} <= set(table["indicator"])
    assert (table["mean"] >= 0).all() and (table["mean"] <= 1).all() and (table["n"] > 0).all()


CUMULATIVE = [name for name in weekly_metric_names() if weekly_metric(name).label("en").endswith(" so far")]
LEDGER = ["issued", "redeemed", "expired", "paid", "lapsed", "income_sponsors", "income_public", "income_budget"]


@pytest.mark.parametrize("scenario", ["before", "full", "supervision", "everything", "points_dry"])
def test_what_is_counted_since_the_start_never_falls(scenario):
    assert {"topics_settled", "topics_shelved", "topics_lapsed", "topics_answered", "matters_landed"} == {*CUMULATIVE}
    heard_again = 0
    little_is_done = {"execution.hazard": 0.001, "topics.arrivals": 0.6}
    for seed in (1, 2, 4):
        behaviour = little_is_done if scenario == "supervision" else None
        tables = all_tables(make_model(scenario, seed=seed, weeks=104, behaviour=behaviour).run())
        weekly, topics = tables["weekly"], tables["topics"]
        for name in CUMULATIVE:
            counts = weekly["value"][weekly["metric"] == name]
            assert len(counts) == 104 and (np.diff(counts) >= 0).all(), (name, seed)
            if name == "topics_settled":
                again = (topics["failed_before"] > 0) & (topics["state"] != "settled")
                assert counts[-1] == np.count_nonzero((topics["state"] == "settled") | again)
                heard_again += np.count_nonzero(again)
        for name in LEDGER:
            assert (np.diff(tables["points"][name]) >= 0).all(), (name, seed)
    assert heard_again or scenario != "supervision", "a count can fall where a settled topic is heard again"
