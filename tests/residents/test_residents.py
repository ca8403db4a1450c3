"""Residents at the start: columns in range, groups as defined, the reported polarisation; one resident as an agent."""

from __future__ import annotations

from typing import get_type_hints

import numpy as np
import pytest
from numpy.typing import NDArray

from consensus_sim.randomness import key, uniforms
from consensus_sim.residents.agent import Resident
from consensus_sim.residents.columns import (
    BY_NAME,
    CHANNELS,
    COGNITIONS,
    COLUMNS,
    GROUPS,
    SKILLS,
    channel_bit,
    group_bit,
)
from consensus_sim.residents.residents import RETIRED, Residents
from tests.helpers import community, latent, make_behaviour, make_model

BEHAVIOUR = make_behaviour()


@pytest.fixture(scope="module")
def residents():
    return Residents(community(), BEHAVIOUR, 1)


@pytest.fixture(scope="module")
def many():
    """The case study's 16,000."""
    return Residents(community("case_study"), BEHAVIOUR, 1)


def test_every_column_is_as_declared(residents):
    assert len({column.name for column in COLUMNS}) == len(COLUMNS) == len(BY_NAME)
    for column in COLUMNS:
        values = residents.column(column.name)
        assert values.shape == (residents.n,) and values.dtype == np.dtype(column.dtype)
    residents.check_ranges()


@pytest.mark.parametrize(
    ("name", "value"), [("trust", 1.01), ("fatigue", -0.01), ("points", -1), ("listening", np.nan)]
)
def test_a_value_out_of_range_is_noticed(name, value):
    residents = Residents(community(), BEHAVIOUR, 1)
    residents.column(name)[7] = value
    with pytest.raises(ValueError, match=name):
        residents.check_ranges()


def test_the_class_declares_the_type_of_every_column():
    assert get_type_hints(Residents) == {column.name: NDArray[np.dtype(column.dtype).type] for column in COLUMNS}


def test_named_rows_are_views_of_the_blocks():
    residents = Residents(community(), BEHAVIOUR, 1)
    for block, names in ((residents.skill, SKILLS), (residents.cognition, COGNITIONS)):
        for row, name in enumerate(names):
            block[row, 3] = 0.125
            assert residents.column(name)[3] == 0.125
    residents.habit[1, 5] = 0.5
    assert residents.habit_online[5] == 0.5


def test_two_runs_do_not_share_what_changes():
    first, second = Residents(community(), BEHAVIOUR, 1), Residents(community(), BEHAVIOUR, 1)
    for column in COLUMNS:
        np.testing.assert_array_equal(first.column(column.name), second.column(column.name))
        first.column(column.name)[:] = 0
    assert second.trust.any() and second.skill.any() and second.aware.any()
    with pytest.raises(ValueError, match="read-only"):
        second.start_skill[0, 0] = 0.0


def test_another_seed_gives_other_residents_of_the_same_community():
    first, second = Residents(community(), BEHAVIOUR, 1), Residents(community(), BEHAVIOUR, 2)
    np.testing.assert_array_equal(first.groups, second.groups)
    assert not np.array_equal(first.trust, second.trust)


def test_groups_are_those_of_the_population_and_hold_adults_only(residents):
    people = community().population
    expected = {
        "all": people.adult, "elder": people.age >= 60, "young": (people.age >= 18) & (people.age <= 35),
        "middle": people.adult & (people.age > 35) & (people.age < 60), "tenant": people.tenant,
        "owner": ~people.tenant, "low_income": people.low_income, "party": people.party, "newcomer": people.newcomer,
        "parent": people.parent, "car": people.car,
    }  # fmt: skip
    for name, flags in expected.items():
        np.testing.assert_array_equal(residents.member_of(name), flags & people.adult, err_msg=name)
    union = residents.member_of("elder") | residents.member_of("tenant") | residents.member_of("low_income")
    np.testing.assert_array_equal(residents.member_of("vulnerable"), union)  # F12
    assert (residents.groups[~people.adult] == 0).all()
    with pytest.raises(ValueError, match="not in tuple"):
        residents.member_of("elders")


def test_bits_are_their_own_and_fit():
    assert len({group_bit(name) for name in GROUPS}) == len(GROUPS) <= 14  # two more are used by the recorder
    assert len({channel_bit(name) for name in CHANNELS}) == len(CHANNELS) <= 16


def test_at_the_start_only_adults_know_the_old_channels_and_those_inside_know_them_all(many):
    people = community("case_study").population
    share = BEHAVIOUR.parameters["awareness"]["start_share"].value
    inside = (people.party | many.worker) & people.adult
    for name in ("reception", "adhoc"):
        knows = many.aware_of(name)
        assert not knows[~people.adult].any() and knows[inside].all()
        ordinary = people.adult & ~inside
        assert not knows[ordinary & ~many.reached].any(), "of the others, only those whom news reach"
        limit = 5 * np.sqrt(share * (1 - share) / ordinary.sum())  # binomial, false alarm 6e-7
        assert abs(knows[ordinary].mean() - share) < limit
    assert not many.aware_of("council").any() and not many.aware_of("tea").any()
    with pytest.raises(KeyError):
        many.aware_of("councl")


def test_skill_is_polarised_and_lowest_among_the_vulnerable(many):
    """F11-F15: few are able, most are not; the able are workers and Party members more often."""
    adult = many.adult
    skill = many.skill.mean(axis=0)
    vulnerable, other = many.member_of("vulnerable"), adult & ~many.member_of("vulnerable")
    assert skill[vulnerable].mean() < skill[other].mean() - 0.05
    able = (skill > 0.5) & adult
    assert 0.01 < able.sum() / adult.sum() < 0.15
    party = many.member_of("party")
    assert able[party].mean() > 3 * able[adult & ~party].mean()
    assert able[many.worker & adult].mean() > 0.5
    for first, second in (("tenant", "owner"), ("elder", "middle"), ("low_income", "all")):
        assert skill[many.member_of(first)].mean() < skill[many.member_of(second)].mean()


def test_attitudes_go_together_and_follow_groups(many):
    adult, party = many.adult, many.member_of("party")
    r = np.corrcoef([many.trust[adult], many.efficacy[adult], many.motive[adult], many.belonging[adult]])
    assert (r[np.triu_indices(4, 1)] > 0.1).all()
    assert many.trust[party].mean() > many.trust[adult & ~party].mean()
    assert many.belonging[many.member_of("tenant")].mean() < many.belonging[many.member_of("owner")].mean()
    assert not many.habit.any() and not many.strain.any() and not many.fatigue.any() and not many.points.any()


def test_without_spread_each_group_starts_at_its_level():
    """F11-F15 written out: who is able, who leads, which group stands higher or lower, and in what."""
    level = {"skill_weak": 0.2, "skill_able": 0.7, "trust": 0.4, "efficacy": 0.3}
    shift = {"spread": 0.0, "lead": 0.5, "vulnerable_skill": -0.3, "group_gap": 0.2}
    sure = {"able_ordinary": 0.0, "able_party": 0.0, "able_worker": 1.0}
    residents = Residents(
        community(), make_behaviour({f"initial.{k}": v for k, v in (level | shift | sure).items()}), 1
    )
    people, logit = community().population, {name: latent(value) for name, value in level.items()}
    able, party = residents.worker, people.party
    kind = np.where(able, logit["skill_able"], logit["skill_weak"])
    weak = -0.3 * (0 + people.elder + people.tenant + people.low_income)
    rooted = 0.2 * (0 + people.elder - 1 * people.tenant - 1 * people.newcomer)
    energy = 0.2 * ((people.employment == RETIRED) - 1 * people.low_income)
    expected = {
        **dict.fromkeys(SKILLS, kind + weak),
        **dict.fromkeys(COGNITIONS, kind),
        "trust": logit["trust"] + 0.5 * party,
        "follow_through": logit["trust"] + 0.5 * party,
        "belonging": logit["trust"] + rooted,
        "efficacy": logit["efficacy"] + 0.5 * able,
        "initiative": logit["efficacy"] + 0.5 * able + 0.5 * party,
        "motive": logit["efficacy"] + 0.5 * able + 0.5 * party + energy,
    }
    assert (able & party).any() and (able & ~party).any() and (people.newcomer & ~people.tenant).any()
    for name, values in expected.items():
        np.testing.assert_allclose(latent(residents.column(name)), values, atol=1e-4, err_msg=name)


def test_an_agent_shows_its_row_and_refuses_what_is_out_of_range():
    model = make_model("council", weeks=2)
    agents = model.agents
    assert len(agents) == model.residents.n and model.agents is agents
    chosen = list(agents)[11]
    assert isinstance(chosen, Resident) and chosen.row == 11
    people = model.community.population
    assert (chosen.age, chosen.tenant, chosen.micro_grid) == (people.age[11], people.tenant[11], people.micro_grid[11])
    for column in COLUMNS:
        assert getattr(chosen, column.name) == model.residents.column(column.name)[11].item()
    chosen.listening = 0.75
    assert model.residents.skill[1, 11] == 0.75
    for value in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="listening: found"):
            chosen.listening = value
    assert model.residents.skill[1, 11] == 0.75


def test_an_agent_set_selects_and_sums_like_the_columns():
    model = make_model("council", weeks=2)
    model.run()
    elders = model.agents.select(lambda each: "elder" in each.groups)
    member = model.residents.member_of("elder")
    assert len(elders) == member.sum()
    assert elders.agg("trust", np.mean) == pytest.approx(model.residents.trust[member].mean(), rel=1e-5)
    assert sorted(each.row for each in elders) == np.flatnonzero(member).tolist()
    graph = model.community.graph
    for each in list(model.agents)[::40]:
        assert sorted(graph.neighbors(each.row)) == each.neighbours


def test_children_belong_to_no_group():
    model = make_model("council", weeks=1)
    rows = np.flatnonzero(~model.residents.adult)
    assert len(rows) and all(list(model.agents)[row].groups == () for row in rows[:5])


def test_taste_is_normal_for_good_and_apart_from_everything_else(many):
    taste = Residents(community("case_study"), make_behaviour({"participation.taste": 1.5}), 1).taste
    n = len(taste)
    assert taste.dtype == np.float32 and not taste.flags.writeable
    # four standard errors of a normal sample's mean, SD and correlation
    assert abs(taste.mean()) < 4 * 1.5 / np.sqrt(n) and abs(taste.std() / 1.5 - 1) < 4 / np.sqrt(2 * n)
    assert abs(np.mean(np.abs(taste) < 1.5) - 0.6827) < 4 * np.sqrt(0.6827 * 0.3173 / n)
    for column in (many.motive, many.efficacy, many.expression, many.community.population.age):
        assert abs(np.corrcoef(taste, column)[0, 1]) < 4 / np.sqrt(n)
    # the same residents at any spread: only the size changes
    np.testing.assert_allclose(many.taste * np.float32(1.5), taste, rtol=1e-5)
    none = Residents(community("case_study"), make_behaviour({"participation.taste": 0}), 1)
    assert not none.taste.any()
    np.testing.assert_array_equal(none.motive, many.motive)


def test_the_taste_for_acts_online_is_another_one(many):
    """Normal, lasting, and apart from the taste for going out; four standard errors of mean, SD and correlation."""
    changed = Residents(community("case_study"), make_behaviour({"participation.online_taste": 1.5}), 1)
    online, n = changed.online_taste, many.n
    assert online.dtype == np.float32 and not online.flags.writeable
    assert abs(online.mean()) < 4 * 1.5 / np.sqrt(n) and abs(online.std() / 1.5 - 1) < 4 / np.sqrt(2 * n)
    for column in (many.taste, many.motive, many.efficacy, many.community.population.age):
        assert abs(np.corrcoef(online, column)[0, 1]) < 4 / np.sqrt(n)
    np.testing.assert_array_equal(changed.taste, many.taste)


def test_news_reach_a_share_of_adults_more_of_those_who_belong_fewer_tenants_and_employed(many):
    """Shares within five standard errors of a binomial; the gaps within those of a logit fit in each direction."""
    adult, reach = many.adult, BEHAVIOUR.parameters["awareness"]["reach"].value
    n = adult.sum()
    assert not many.reached[~adult].any() and not many.reached.flags.writeable
    assert abs(many.reached[adult].mean() - reach) < 5 * np.sqrt(reach * (1 - reach) / n)
    flat = Residents(community("case_study"), make_behaviour({"awareness.reach_gap": 0}), 1).reached
    steep = Residents(community("case_study"), make_behaviour({"awareness.reach_gap": 1.0}), 1).reached
    tenant, working = many.member_of("tenant"), many.member_of("working")
    belonging = many.belonging
    alike = adult & (np.abs(belonging - np.median(belonging[adult])) < 0.05)

    def odds(reached, who):
        share = reached[who].mean()
        return np.log(share / (1 - share))

    for group in (tenant, working):
        other = ~tenant & ~working & alike
        own = group & ~(working if group is tenant else tenant) & alike
        assert odds(steep, other) - odds(steep, own) == pytest.approx(1.0, abs=0.25)
        assert odds(flat, other) - odds(flat, own) == pytest.approx(0.0, abs=0.25)
    scaled = (belonging - belonging[adult].mean()) / belonging[adult].std()
    plain = adult & ~tenant & ~working
    high, low = plain & (np.abs(scaled - 0.75) < 0.15), plain & (np.abs(scaled + 0.75) < 0.15)
    assert odds(steep, high) - odds(steep, low) == pytest.approx(1.5, abs=0.35)
    assert not np.array_equal(flat, Residents(community("case_study"), make_behaviour(), 2).reached)
    own = uniforms(key(1, "residents:reach"), many.n) < reach
    assert np.mean(flat == (own & adult)) > 0.999, "a stream of its own: no other draw says whom news reach"
    everybody = Residents(community("case_study"), make_behaviour({"awareness.reach": 1.0}), 1)
    np.testing.assert_array_equal(everybody.reached, adult)
