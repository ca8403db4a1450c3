"""The model's chances follow their laws. Every check has a false-alarm rate of 1e-6 and fails on a wrong law."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from consensus_sim.council.resolution import carry_out, land
from consensus_sim.council.team import lose_and_replace
from consensus_sim.council.topic_book import TopicBook
from consensus_sim.council.topic_class import SCOPES, TopicClass
from consensus_sim.council.topics import Progress, Resolution
from consensus_sim.randomness import key
from consensus_sim.residents.residents import Residents
from consensus_sim.runs.replicate import replicate_seed
from tests.helpers import attendance, community, config, make_behaviour, make_model

LEVEL = 1e-6


def fits(counts, chances) -> bool:
    """Chi-square of counts against chances; cells with fewer than five expected are put together."""
    counts, expected = np.asarray(counts, float), np.asarray(chances, float) * np.sum(counts)
    small = expected < 5
    if small.any():
        counts = np.append(counts[~small], counts[small].sum())
        expected = np.append(expected[~small], expected[small].sum())
    return stats.chisquare(counts, expected * counts.sum() / expected.sum()).pvalue > LEVEL


def share_fits(number: int, of: int, chance: float) -> bool:
    """Two-sided exact binomial test."""
    return stats.binomtest(int(number), int(of), chance).pvalue > LEVEL


def test_the_checks_can_fail():
    assert fits([100, 200, 300], [1 / 6, 2 / 6, 3 / 6]) and not fits([200, 200, 200], [1 / 6, 2 / 6, 3 / 6])
    assert share_fits(300, 1000, 0.3) and not share_fits(400, 1000, 0.3)


@pytest.fixture(scope="module")
def arrivals():
    """All topics of 40 seeds and 400 weeks, and how many arose in each micro-grid and week."""
    classes = {n: TopicClass.from_config(n, entry) for n, entry in config()["topic"].items() if entry["weight"] > 0}
    people, topics, counts = community().population, [], []
    p = make_model("before", weeks=1).parameters.topics
    for seed in range(40):
        book = TopicBook(community(), classes, seed, p)
        for week in range(400):
            new = book.arise(week, people.adult.astype(np.uint16))
            counts.append(np.bincount([topic.micro_grid for topic in new], minlength=book.bounds.n_micro_grids))
            for topic in new:
                topic.move("lapsed")
                book.closed(topic)
            topics += new
    return SimpleNamespace(topics=topics, counts=np.array(counts), p=p, classes=classes)


def test_topics_arise_as_a_poisson_process_by_micro_grid(arrivals):
    rate = arrivals.p.arrivals * 12 / 52
    for column in arrivals.counts.T:
        chances = stats.poisson.pmf(np.arange(6), rate)
        chances[-1] += stats.poisson.sf(5, rate)
        assert fits(np.bincount(np.minimum(column, 5), minlength=6), chances)
        assert not fits(np.bincount(np.minimum(column, 5), minlength=6), stats.poisson.pmf(np.arange(6), 2 * rate))
    number, expected = arrivals.counts.sum(), rate * arrivals.counts.size
    assert abs(number - expected) < 5 * np.sqrt(expected)  # false alarm 6e-7; a tenth more would be seen
    totals = arrivals.counts.sum(axis=1)  # over micro-grids: independent, so the sum is Poisson, too
    chances = stats.poisson.pmf(np.arange(7), 5 * rate)
    chances[-1] += stats.poisson.sf(6, 5 * rate)
    assert fits(np.bincount(np.minimum(totals, 6), minlength=7), chances)


def test_kinds_of_topics_come_by_weight_and_scopes_by_share(arrivals):
    names = sorted(arrivals.classes)
    weights = np.array([arrivals.classes[name].weight for name in names])
    kinds = np.array([topic.kind.name for topic in arrivals.topics])
    assert fits([(kinds == name).sum() for name in names], weights / weights.sum())
    for name in names:
        scopes = [topic.scope for topic in arrivals.topics if topic.kind.name == name]
        shares = np.array(arrivals.classes[name].scopes)
        assert fits([scopes.count(scope) for scope in SCOPES if shares[SCOPES.index(scope)]], shares[shares > 0])


def test_what_topics_need_lies_evenly_within_its_bounds(arrivals):
    for name, kind in arrivals.classes.items():
        own = [topic for topic in arrivals.topics if topic.kind.name == name]
        for values, (low, high) in (
            ([topic.urgency for topic in own], kind.urgency),
            ([topic.feasibility for topic in own], kind.feasibility),
            ([topic.polarity for topic in own], kind.polarity),
            ([topic.funding_need for topic in own if topic.funding_need], kind.funding.need),
        ):
            assert stats.kstest(values, "uniform", args=(low, high - low)).pvalue > LEVEL
        assert share_fits(sum(topic.funding_need > 0 for topic in own), len(own), kind.funding.chance)


def test_execution_waits_a_geometric_time():
    model = make_model("council", weeks=522, behaviour={"execution.hazard": 0.2, "execution.give_up": 1000.0})
    kind = TopicClass.from_config("environment", config()["topic"]["environment"])
    p, share = model.parameters.execution, model.parameters.deliberation.settlement_share
    topics = [
        SimpleNamespace(
            number=number, kind=kind, funding_need=0.0, progress=Progress(),
            resolution=Resolution(settled_week=0, acceptance=share),
        )
        for number in range(4000)
    ]  # fmt: skip
    for topic in topics:
        land(topic, 0)
    for week in range(1, 120):
        model.week = week
        carry_out(model, topics, week)
    waited = np.array([topic.resolution.executed_week for topic in topics])
    chance = 0.2 * np.exp(p.funded)
    expected = stats.geom.pmf(np.arange(1, 121), chance)
    assert (waited > 0).all()
    assert fits(np.bincount(waited, minlength=121)[1:], expected)
    on_time = sum(topic.resolution.execution == "on_time" for topic in topics)
    assert share_fits(on_time, 4000, stats.geom.cdf(kind.deadline_weeks, chance))
    assert not share_fits(on_time, 4000, stats.geom.cdf(kind.deadline_weeks + 1, chance))


def test_members_leave_at_the_hazard_of_their_fatigue():
    model = make_model("council", weeks=522, behaviour={"fatigue.exit": 0.3})
    while model.team is None:
        model.step()
    model.residents.fatigue[:] = 0.5
    left = asked = 0
    for week in range(100, 160):
        model.week = week
        asked += len(model.team.members)
        left += len(lose_and_replace(model, model.team))
        model.team.past_members.clear()
    assert share_fits(left, asked, 0.15)
    model.residents.fatigue[:] = 0.0
    assert lose_and_replace(model, model.team) == []


def test_those_with_access_online_are_the_shares_of_p14_by_age():
    behaviour, counts = make_behaviour(), np.zeros((3, 2))
    people, access = community().population, community().spec.internet
    bands = (people.adult & (people.age < 45), (people.age >= 45) & ~people.elder, people.elder)
    for seed in range(40):
        online = Residents(community(), behaviour, seed).online
        assert not online[~people.adult].any()
        counts += [(online[band].sum(), band.sum()) for band in bands]
    for (number, of), share in zip(counts, (access.age_18_44, access.age_45_59, access.age_60_plus), strict=True):
        assert share_fits(number, of, float(share))


def test_neighbouring_replicates_are_unrelated():
    """Person-times of consecutive replicates do not go together (|r| < 4.9 / sqrt(n): false alarm 1e-6)."""
    sums = np.array(
        [
            sum(attendance(make_model("council", seed=replicate_seed(1, number), weeks=40).run(), "council"))
            for number in range(80)
        ],
        float,
    )
    assert sums.std() > 0
    assert abs(np.corrcoef(sums[:-1], sums[1:])[0, 1]) < 4.9 / np.sqrt(79)


def test_no_two_replicates_share_a_seed_or_a_key():
    seeds = {replicate_seed(seed, number) for seed in range(30) for number in range(200)}
    assert len(seeds) == 6000
    assert len({int(key(seed, "attend:council", week)) for seed in list(seeds)[:300] for week in range(20)}) == 6000
