"""Headline metrics recomputed from the published tables alone, by the definitions in the catalogue."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from consensus_sim.council.topics import STATES
from consensus_sim.outcomes.facts import LAST_WEEKS
from tests.helpers import make_model, make_tables

WEEKS = 70
BUSY = {"topics.arrivals": 0.5, "topics.suggestion": 0.5, "channels.tea": -4.5}


@pytest.fixture(scope="module", params=["before", "council", "full"])
def tables(request):
    found = make_tables(request.param, weeks=WEEKS, behaviour=BUSY, seed=4)
    return {name: pd.DataFrame(table) for name, table in found.items()}


@pytest.fixture(scope="module")
def metric(tables):
    values = tables["metrics"].set_index(["metric", "group"])["value"]
    assert values.index.is_unique
    return lambda name, group="all": values[name, group]


def about(expected):
    return pytest.approx(expected, nan_ok=True, rel=1e-6)


def test_consensus_and_sittings(tables, metric):
    topics, meetings = tables["topics"], tables["meetings"]
    deliberated = topics[topics["topic"].isin(meetings["topic"])]
    assert metric("topics_deliberated") == about(len(deliberated))
    for name in ("settled", "shelved"):
        assert metric(f"consensus_{name}") == about((deliberated["state"] == name).mean())
    assert sum(metric(f"consensus_{name}") for name in ("settled", "shelved", "open")) == about(1.0)
    settled = deliberated[deliberated["state"] == "settled"]
    in_person = meetings[meetings["channel"] != "ballot"].groupby("topic").size()
    assert metric("sittings_per_settled") == about(in_person.reindex(settled["topic"]).mean())
    assert metric("weeks_to_resolution") == about((settled["settled_week"] - settled["arisen_week"]).mean())
    came = topics[topics["agenda_week"] >= 0]
    assert metric("weeks_to_agenda") == about((came["agenda_week"] - came["arisen_week"]).mean())


def test_the_last_week_counts_topics_as_the_table_of_topics_has_them(tables):
    topics, weekly = tables["topics"], tables["weekly"]
    last = weekly[weekly["week"] == WEEKS - 1].set_index(["metric", "group"])["value"]
    for state in STATES:
        assert last[f"topics_{state}", "all"] == (topics["state"] == state).sum()
    assert last["matters_landed", "all"] == topics["execution"].isin(["on_time", "late"]).sum()


def test_execution_of_what_is_due(tables, metric):
    topics = tables["topics"]
    assert not topics["failed_before"].any()
    settled = topics[topics["state"] == "settled"]
    due = settled[settled["deadline_week"] < WEEKS]
    for name in ("on_time", "late"):
        assert metric(f"execution_{name}") == about((due["execution"] == name).mean())
    assert metric("execution_never") == about(1 - metric("execution_on_time") - metric("execution_late"))
    assert metric("matters_landed") == about((topics["executed_week"] >= 0).sum())
    for name in ("satisfaction", "efficiency"):
        assert metric(name) == about(topics[name][topics["satisfaction"].notna()].mean())


def test_who_sits_and_who_speaks(tables, metric):
    meetings = tables["meetings"]
    channel = "council" if (meetings["channel"] == "council").any() else "adhoc"
    own = meetings[meetings["channel"] == channel]
    for name in ("vulnerable_offered", "vulnerable_accepted", "vulnerable_present", "vulnerable_speaking",
                 "gini_speaking", "top_fifth_speaking"):  # fmt: skip
        assert metric(name) == about(own[name].mean())
    assert metric("team_or_party_present") == about(own["team_or_party_share"].mean())
    weeks = sorted(own["week"][own["week"] < own["week"].min() + 26].unique())
    first, last = (own["team_or_party_share"][own["week"].isin(at)] for at in (weeks[:4], weeks[-4:]))
    assert metric("team_or_party_present_first4") == about(first.mean())
    if len(weeks) > 4:
        assert metric("team_or_party_present_last4") == about(last.mean())


def test_participation_of_the_last_quarter_and_its_parts(tables, metric):
    weekly = tables["weekly"]
    counts = weekly[weekly["metric"] == "participations"].pivot(index="week", columns="group", values="value")
    last = counts.loc[WEEKS - 13 :].sum()
    assert metric("person_times_quarter") == about(last["all"])
    n_adults = (
        tables["capability"].query("group == 'all' and dimension == 'skill' and indicator == 'all'")["n"].iloc[-1]
    )
    recent = counts.loc[WEEKS - 26 :].sum()["all"]
    assert np.isnan(metric("frequency")) == (recent == 0)
    if recent:
        persons = recent / 2 / metric("frequency")  # of 26 weeks, scaled to 13
        assert persons == about(round(persons))
        assert metric("reach_quarter") * n_adults - 0.5 < persons < metric("reach_year") * n_adults + 0.5
    for channel in ("council", "tea", "reception", "adhoc", "ballot"):
        rows = weekly[(weekly["metric"] == f"attendance_{channel}") & (weekly["week"] >= WEEKS - 13)]
        assert metric(f"attendance_{channel}") == about(rows["value"].mean())


def test_costs_and_ends(tables, metric):
    costs, weekly = tables["costs"], tables["weekly"]
    assert metric("cost_money") == about(costs["money"].sum() if len(costs) else 0.0)
    assert metric("cost_hours") == about(costs["staff_hours"].sum() if len(costs) else 0.0)
    end = weekly[(weekly["week"] == WEEKS - 1) & (weekly["group"] == "all")].set_index("metric")["value"]
    for name in ("trust", "efficacy", "belonging", "fatigue", "cognition", "skill"):
        assert metric(name) == pytest.approx(end[name], rel=1e-5)


def test_reach_of_places_and_of_all_agree(tables, metric):
    """In every quarter participants of micro-grids add up to those of grids; the last 13 weeks are the metrics' own."""
    grids = tables["grids"]
    for _, rows in grids.groupby("quarter"):
        sums = rows.groupby("level")[["adults", "participants", "participations", "ordinary_participations"]].sum()
        pd.testing.assert_series_equal(sums.loc["grid"], sums.loc["micro_grid"], check_names=False)
        reached = rows[rows["participants"] > 0]
        np.testing.assert_allclose(reached["reach"], reached["participants"] / reached["adults"], rtol=1e-5)
        np.testing.assert_allclose(reached["frequency"], reached["participations"] / reached["participants"], rtol=1e-5)
    last = grids[(grids["quarter"] == LAST_WEEKS) & (grids["level"] == "micro_grid")]
    assert metric("silent_micro_grids") == (last["ordinary_participations"] == 0).sum()
    assert metric("reach_quarter") == about(last["participants"].sum() / last["adults"].sum())


def test_where_nothing_happens_shares_are_undefined_and_counts_are_nought():
    quiet = {"channels.reception": -60.0, "topics.arrivals": 0.0}
    table = make_tables("before", weeks=20, behaviour=quiet)["metrics"]
    values = {m: v for m, g, v in zip(table["metric"], table["group"], table["value"], strict=True) if g == "all"}
    for name in ("reach_quarter", "person_times_quarter", "topics_deliberated", "matters_landed", "cost_money"):
        assert values[name] == 0.0
    for name in ("frequency", "consensus_settled", "execution_on_time", "sittings_per_settled", "gini_speaking"):
        assert np.isnan(values[name])
    n_micro_grids = make_model("before", weeks=1).community.places.n_micro_grids
    assert values["silent_micro_grids"] == n_micro_grids
