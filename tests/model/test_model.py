"""The week: order, invariants after every week with all levers on, and its agents."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim import ConsensusSimError, InputError, load_community, load_model
from consensus_sim.council.topics import STATES
from consensus_sim.model.model import PHASES, CommunityModel

WEEKS = 56
NEXT_STATES = {
    "unheard": {"heard", "answered", "lapsed"},
    "heard": {"agenda", "settled", "shelved", "lapsed"},
    "agenda": {"settled", "shelved"},
}


@pytest.fixture(scope="module")
def community():
    return load_community("teaching")


def test_a_step_follows_the_phases(community):
    called = []

    class Watched(CommunityModel):
        def __getattribute__(self, name):
            if name in dict(PHASES):
                called.append(name)
            return super().__getattribute__(name)

    plain = load_model(community, "full", weeks=2)
    model = Watched(
        community,
        plain.levers,
        plain.behaviour,
        plain.known_channels,
        {kind.name: kind for kind in plain.topics.classes},
        plain.calendar,
        plain.seed,
    )
    model.step()
    assert called == [name for name, _ in PHASES]


@pytest.fixture(scope="module")
def watched_year(community):
    """A year with all levers, a tight points budget and short-lived points, looked at after every week."""
    overrides = [
        "intervention.points.budget=40",
        "intervention.points.expiry_quarters=1",
        "intervention.points.end=2025-02-01",
        "intervention.parlour.capacity=9",
    ]
    model = load_model(community, "full", seed=11, weeks=WEEKS, overrides=overrides)
    seen = []
    while model.week < WEEKS:
        model.step()
        model.residents.check_ranges()
        points = next(lever for lever in model.levers if lever.name == "points")
        started = hasattr(points, "issued")
        seen.append(
            {
                "states": [topic.state for topic in model.topics.topics],
                "points": (points.issued, int(model.residents.points.sum()), points.redeemed, points.expired)
                if started
                else None,
                "lots": int(points.lots.sum()) if started else 0,
                "budget": points.budget_left if started else 0.0,
                "least": int(model.residents.points.min()),
                "members": model.team.members.copy() if model.team is not None else np.empty(0, np.int32),
            }
        )
    return model, seen


def test_points_issued_are_held_redeemed_or_expired(watched_year):
    _, seen = watched_year
    ledgers = [week for week in seen if week["points"] is not None]
    assert ledgers[-1]["points"][0] > 0 and ledgers[-1]["points"][2] > 0 and ledgers[-1]["points"][3] > 0
    for week in ledgers:
        issued, held, redeemed, expired = week["points"]
        assert issued == held + redeemed + expired
        assert held == week["lots"]
        assert week["least"] >= 0
        assert week["budget"] >= -1e-9
    assert ledgers[-1]["points"][1] == 0  # the lever ended: nothing is held any more


def test_topics_only_move_forward(watched_year):
    _, seen = watched_year
    for before, after in zip(seen, seen[1:], strict=False):
        for old, new in zip(before["states"], after["states"], strict=False):
            assert new in STATES
            assert new == old or old in NEXT_STATES and (new in NEXT_STATES[old] or old == "unheard"), (old, new)


def test_every_settled_topic_is_a_resolution(watched_year):
    model, _ = watched_year
    settled = [topic for topic in model.topics.topics if topic.state == "settled"]
    assert settled
    for topic in settled:
        assert topic.resolution.deadline_week == topic.resolution.settled_week + topic.kind.deadline_weeks
        assert topic.resolution.execution in ("pending", "on_time", "late", "never")
        assert topic.resolution.acceptance >= model.parameters.deliberation.settlement_share - 0.0005
        if topic.resolution.execution == "on_time":
            assert topic.resolution.settled_week < topic.resolution.executed_week <= topic.resolution.deadline_week


def test_only_adults_come_and_no_more_than_fit(watched_year):
    model, _ = watched_year
    assert sum(len(who) for _, _, who in model.recorder.acts) > 100
    for _, channel, who in model.recorder.acts:
        assert np.all(np.diff(who) > 0)
        assert model.residents.adult[who].all()
        if channel == "council":
            assert len(who) <= 9


def test_the_team_has_no_member_twice(watched_year):
    model, seen = watched_year
    for week in seen:
        assert len(np.unique(week["members"])) == len(week["members"])
    assert np.array_equal(np.flatnonzero(model.team_mask), model.team.members)


def test_a_run_leaves_the_community_as_it_was(community):
    before = {name: getattr(community.population, name).copy() for name in ("age", "tenant", "micro_grid")}
    load_model(community, "full", weeks=20).run()
    for name, column in before.items():
        np.testing.assert_array_equal(getattr(community.population, name), column)


def test_a_model_is_of_one_community_not_of_copies():
    with pytest.raises(InputError, match="found a community of 2 copies"):
        load_model("teaching", "council", overrides=["community.scale=2"])


def test_ten_years_stay_in_range(community):
    model = load_model(community, "full", weeks=522)
    model.run()
    model.residents.check_ranges()
    assert model.week == 522 and not model.running
    assert len(model.topics.topics) > 50


def test_agents_are_views_of_the_columns(community):
    model = load_model(community, "council", weeks=4)
    agents = model.agents
    assert len(agents) == community.n_residents
    resident = list(agents)[7]
    resident.trust = 0.25
    assert model.residents.trust[7] == np.float32(0.25)
    model.residents.trust[7] = 0.5
    assert resident.trust == 0.5
    assert resident.age == community.population.age[7]
    assert resident.neighbours == sorted(resident.neighbours)
    with pytest.raises(ValueError, match="allowed: 0 to 1"):
        resident.trust = 1.5
    with pytest.raises(AttributeError):
        _ = resident.shoe_size
    assert len(agents.select(lambda each: "elder" in each.groups)) == int(community.population.elder.sum())


def test_a_step_past_the_end_is_refused_in_words_and_changes_nothing(community):
    model = load_model(community, "council", weeks=2)
    model.run()
    trust = model.residents.trust.copy()
    said = "ended: 2 weeks, the last day of which is 2024-03-17; .*weeks="
    for _ in range(2):
        with pytest.raises(ConsensusSimError, match=said) as told:
            model.step()
        assert "已结束：共 2 周" in told.value.text("zh")
    assert (model.week, model.steps, model.running) == (2, 2, False)
    np.testing.assert_array_equal(model.residents.trust, trust)


def test_model_and_resident_say_in_one_line_what_they_are(community):
    model = load_model(community, "everything", weeks=3)
    model.step()
    assert repr(model).startswith("<CommunityModel teaching: week 1 of 3 from 2024-03-04, seed ")
    assert "no intervention" in repr(load_model(community, "before", weeks=3))
    agent = next(each for each in model.agents if "elder" in each.groups)
    assert repr(agent).startswith(f"<Resident {agent.row}: age {agent.age}; elder")
    for text in (repr(model), repr(model.residents), *map(repr, list(model.agents)[:50])):
        assert "\n" not in text and " at 0x" not in text
    assert len(repr(model)) < 200


def test_an_agent_names_its_attributes(community):
    agent = next(iter(load_model(community, "council", weeks=1).agents))
    names = [name for name in dir(agent) if not name.startswith("_")]
    assert {"trust", "listening", "age", "tenant", "micro_grid", "groups", "neighbours", "row"} <= {*names}
    for name in names:
        getattr(agent, name)
    with pytest.raises(AttributeError, match="shoe_size"):
        _ = agent.shoe_size
