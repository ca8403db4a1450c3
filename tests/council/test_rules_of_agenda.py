"""What comes first on an agenda, how the trend of a channel draws people, where places are."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from consensus_sim.council.bounds import Bounds
from consensus_sim.council.screening import Labels, agenda, label, score
from consensus_sim.council.topics import Progress
from consensus_sim.interventions.base import Intervention
from tests.helpers import attendance, community, make_model

LABELS = Labels(urgent_from=0.8, important_from=0.5)


def topic(number, state="heard", **facts):
    plain = {"urgency": 0.3, "feasibility": 0.5, "mentions": 1.0}
    facts = plain | facts
    traits = {name: facts.pop(name) for name in ("urgency", "feasibility")}
    return SimpleNamespace(number=number, state=state, **traits, progress=Progress(**facts))


def test_what_was_begun_first_goes_on_first_then_urgent_topics_then_by_score_the_older_of_equals():
    begun = [
        topic(1, "agenda", agenda_week=9, venue_channel="council"),
        topic(2, "agenda", agenda_week=4, venue_channel="council", urgency=0.0),
        topic(3, "agenda", agenda_week=4, venue_channel="council"),
        topic(4, "agenda", agenda_week=1, venue_channel="adhoc"),
    ]
    heard = [
        topic(5), topic(6, urgency=0.8, feasibility=0.0, mentions=0.0), topic(7, urgency=0.79, feasibility=1.0),
        topic(8), topic(9, "unheard"), topic(10, urgency=0.95, feasibility=0.0, mentions=0.0),
    ]  # fmt: skip
    found = [each.number for each in agenda([*begun, *heard], 20, LABELS, "council")]
    assert found == [2, 3, 1, 10, 6, 7, 5, 8]
    assert [each.number for each in agenda([*begun, *heard], 4, LABELS, "council")] == found[:4]
    assert [each.progress.label for each in heard if each.state == "heard"] == [
        "routine", "urgent", "important", "routine", "urgent",
    ]  # fmt: skip


def test_a_score_is_the_mean_of_urgency_attention_and_feasibility():
    """F24, D12: of each a third; attention is a half at the first mention and nears 1."""
    base = topic(1, urgency=0.2, mentions=1.0, feasibility=0.6)
    assert score(base) == pytest.approx((0.2 + 0.5 + 0.6) / 3)
    traits = {"urgency": 0.2, "mentions": 1.0, "feasibility": 0.6}
    for changes in ({"urgency": 0.5}, {"feasibility": 0.9}, {"mentions": 4.0}):
        assert score(topic(1, **traits | changes)) == pytest.approx(score(base) + 0.1)
    assert label(base, None) == ""


class Seats(Intervention):
    def __post_init__(self):
        super().__post_init__()
        self.share = []

    def on_attended(self, model, event):
        if event.channel.name == "council" and model.week > 30:
            self.share.append(len(event.seats_accepted) / max(1, len(event.seats_offered)))


@pytest.fixture(scope="module")
def trends():
    """Paired runs with and without the trend of new channels (P2)."""
    found = {}
    for trend in (0.0, 1.5):
        seats = Seats(name="zz")
        behaviour = {"participation.trend": trend, "channels.tea": -5.0, "participation.letter_acceptance": 0.1}
        found[trend] = make_model("quota", weeks=56, behaviour=behaviour, extra=[seats]).run(), seats.share
    return found


def test_a_trend_draws_more_people_to_a_new_channel_the_longer_it_is_open(trends):
    plain, drawn = (np.array(attendance(trends[trend][0], "tea")) for trend in (0.0, 1.5))
    assert len(plain) == len(drawn) > 8
    late = slice(len(plain) // 2, None)
    assert drawn[late].sum() > 1.3 * plain[late].sum()


def test_a_trend_makes_seats_accepted_more_often(trends):
    assert np.mean(trends[1.5][1]) > np.mean(trends[0.0][1]) + 0.05


def test_each_place_is_the_range_of_its_residents():
    """Micro-grid, grid and estate that hold a micro-grid, and the community."""
    town = community()
    bounds, people = Bounds(town), town.population
    for number in range(bounds.n_micro_grids):
        here = np.flatnonzero(people.micro_grid == number)
        for scope in ("micro_grid", "grid", "estate"):
            low, high = bounds.of(scope, number)
            where = getattr(people, scope)
            np.testing.assert_array_equal(np.flatnonzero(where == where[here[0]]), np.arange(low, high))
        assert bounds.of("community", number) == (0, len(people))
