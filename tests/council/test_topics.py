"""Named disputes: they arise on their date, by chances of their own, and leave all else that arises as it was."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from consensus_sim.calendar import Calendar
from consensus_sim.council.topic_book import TopicBook, TopicParameters
from consensus_sim.council.topic_class import NAMED, TopicClass
from consensus_sim.errors import InputError
from consensus_sim.residents.columns import GROUPS
from tests.helpers import community, config

P = TopicParameters(**{name: entry["value"] for name, entry in config()["behaviour"]["topics"].items()})
CALENDAR = Calendar(date(2024, 3, 4), 56)
KINDS = config()["topic"]
DISPUTES = [name for name, entry in KINDS.items() if entry.get("reported")]
FACTS = ("urgency", "feasibility", "funding_need", "polarity", "scope", "micro_grid", "arisen_week", "number")


def arisen(changes=None, seed=7, weeks=56, names=tuple(KINDS)):
    """The book after `weeks` with `changes` of kinds by name, and the stakes of each topic by its number."""
    kinds = {name: TopicClass.from_config(name, {**KINDS[name], **(changes or {}).get(name, {})}) for name in names}
    book = TopicBook(community(), kinds, seed, P, CALENDAR)
    groups = community().population.adult.astype(np.uint16)
    stakes = {}
    for week in range(weeks):
        for topic in book.arise(week, groups):
            stakes[topic.number] = topic.stake.copy()
    return book, stakes


def facts(topic):
    return (topic.kind.name, *(getattr(topic, name) for name in FACTS))


def test_the_nine_never_arise_by_chance_and_say_what_is_reported():
    assert len(DISPUTES) == 9
    for name in DISPUTES:
        kind = TopicClass.from_config(name, KINDS[name])
        assert kind.weight == 0 and kind.arises is None
        assert set(kind.reported) == {"zh", "en", "source"} and all(kind.reported.values())
        assert set(KINDS[name]["stakes"]) <= set(GROUPS)
    book, _ = arisen(weeks=400)
    assert book.topics and not {topic.kind.name for topic in book.topics} & set(DISPUTES)


def test_others_arise_with_the_same_draws_whatever_disputes_there_are():
    few, few_stakes = arisen(names=[name for name in KINDS if name not in DISPUTES])
    dates = {name: {"arises": str(date(2024, 3, 5 + 7 * place))} for place, name in enumerate(DISPUTES[:3])}
    dates |= {name: {"arises": "2024-03-06"} for name in DISPUTES[3:]}
    many, many_stakes = arisen(dates)
    others = [topic for topic in many.topics if topic.number < NAMED]
    assert len(many.topics) == len(few.topics) + 9 and len(few.topics) > 10
    assert [facts(topic) for topic in others] == [facts(topic) for topic in few.topics]
    for number, stake in few_stakes.items():
        np.testing.assert_array_equal(many_stakes[number], stake)


def test_a_dispute_is_the_same_whatever_else_arises():
    alone, stakes = arisen({"shared_garden": {"arises": "2024-05-08"}}, names=["shared_garden"])
    (topic,) = alone.topics
    other, other_stakes = arisen({name: {"arises": "2024-05-08"} for name in DISPUTES})
    same = other.numbered[topic.number]
    assert facts(same) == facts(topic)
    np.testing.assert_array_equal(other_stakes[topic.number], stakes[topic.number])
    assert topic.arisen_week == 9 and CALENDAR.date(9) <= date(2024, 5, 8) < CALENDAR.date(10)


def test_its_date_moves_only_its_week():
    first, _ = arisen({"shared_garden": {"arises": "2024-03-04"}}, names=["shared_garden"])
    later, _ = arisen({"shared_garden": {"arises": "2024-09-02"}}, names=["shared_garden"])
    assert (first.topics[0].arisen_week, later.topics[0].arisen_week) == (0, 26)
    assert first.topics[0].urgency == later.topics[0].urgency
    assert first.topics[0].micro_grid == later.topics[0].micro_grid


def test_its_place_is_the_one_given_or_drawn_evenly():
    last = community().places.n_micro_grids - 1
    given, _ = arisen({"shared_garden": {"arises": "2024-03-04", "place": last}}, weeks=1, names=["shared_garden"])
    assert given.topics[0].micro_grid == last
    drawn = [
        arisen({"shared_garden": {"arises": "2024-03-04"}}, seed, 1, ["shared_garden"])[0].topics[0].micro_grid
        for seed in range(200)
    ]
    counts = np.bincount(drawn, minlength=last + 1)
    expected = 200 / (last + 1)
    assert (abs(counts - expected) < 5 * np.sqrt(expected)).all()  # false alarm below 1e-5; one left out would be seen


def test_a_date_after_the_run_stays_without_effect():
    after = CALENDAR.start + timedelta(weeks=56)
    book, _ = arisen({"shared_garden": {"arises": str(after)}}, names=["shared_garden"])
    assert book.topics == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"arises": "May"}, "topic.shared_garden.arises: found 'May'; allowed: a date written"),
        ({"arises": "2024-03-03"}, "found '2024-03-03'; allowed: null, or a date from the first day of the run on, 20"),
        ({"place": 99}, "topic.shared_garden.place: found 99; allowed: null, or the number of a micro-grid"),
        ({"place": -1}, "topic.shared_garden.place: found -1"),
        ({"place": "north"}, "topic.shared_garden.place: found 'north'"),
        ({"reported": {"en": "x"}}, "topic.shared_garden.reported: found {'en': 'x'}"),
        ({"arise": None}, "did you mean 'arises'"),
    ],
)
def test_what_cannot_be_used_is_told(change, told):
    with pytest.raises(InputError) as error:
        arisen({"shared_garden": change})
    assert told in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("weeks", [0, 1, 40])
def test_matters_from_before_the_first_day_wait_on_it(weeks):
    """Poisson counts by micro-grid, each with a week of its own below 0; more urgent the longer they have waited."""
    kinds = {name: TopicClass.from_config(name, entry) for name, entry in KINDS.items()}
    p = P._replace(arrivals=0.3, backlog=weeks, escalation=0.02)
    groups = community().population.adult.astype(np.uint16)
    book = TopicBook(community(), kinds, 7, p, CALENDAR)
    found = book.arise_before(groups)
    mean = 0.3 * 12 / 52 * weeks * community().places.n_micro_grids
    assert abs(len(found) - mean) <= 5 * np.sqrt(mean)  # false alarm 6e-7
    assert found == book.topics and all(topic.state == "unheard" for topic in found)
    assert [topic.arisen_week for topic in found] == sorted(topic.arisen_week for topic in found)
    assert all(-weeks <= topic.arisen_week < 0 for topic in found)
    still = TopicBook(community(), kinds, 7, p._replace(escalation=0.0), CALENDAR).arise_before(groups)
    for waited, plain in zip(found, still, strict=True):
        assert 1 - waited.urgency == pytest.approx((1 - plain.urgency) * 0.98**-waited.arisen_week)


def test_what_arises_in_a_week_does_not_depend_on_what_waited_before():
    kinds = {name: TopicClass.from_config(name, entry) for name, entry in KINDS.items()}
    groups = community().population.adult.astype(np.uint16)
    books = [TopicBook(community(), kinds, 7, P._replace(backlog=weeks), CALENDAR) for weeks in (0, 20)]
    books[1].arise_before(groups)
    for week in range(20):
        alone, after = (book.arise(week, groups) for book in books)
        own = [(t.kind.name, t.micro_grid, t.scope, t.urgency, t.polarity, t.funding_need) for t in alone]
        assert own == [(t.kind.name, t.micro_grid, t.scope, t.urgency, t.polarity, t.funding_need) for t in after]


def test_what_would_have_lapsed_by_the_first_day_does_not_wait_on_it():
    kinds = {name: TopicClass.from_config(name, entry) for name, entry in KINDS.items()}
    groups = community().population.adult.astype(np.uint16)
    book = TopicBook(community(), kinds, 7, P._replace(arrivals=9.0, backlog=40, lapse=26.5), CALENDAR)
    weeks = [topic.arisen_week for topic in book.arise_before(groups)]
    assert min(weeks) == -26
    never = TopicBook(community(), kinds, 7, P._replace(arrivals=9.0, backlog=40, lapse=0), CALENDAR)
    assert min(topic.arisen_week for topic in never.arise_before(groups)) < -30
