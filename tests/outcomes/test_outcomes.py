"""Outcomes by hand: survival under censoring, topics that come back, windows of equal length."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from consensus_sim.council.topics import Progress, Resolution, Turn
from consensus_sim.outcomes import outcomes
from consensus_sim.outcomes.outcomes import Acts, share_within

NAN = float("nan")


def topic(number, *turns, executed=-1, raised=-1, led=-1):
    progress = Progress(raised_by=raised, led_by=led, turns=list(turns))
    return SimpleNamespace(number=number, progress=progress, resolution=Resolution(executed_week=executed))


def sheet(of, week, channel="council"):
    return SimpleNamespace(topic=of, week=week, channel=channel)


def acts(*rows):
    """Acts of (week, resident, duty, online), nobody in the team."""
    week, resident, duty, online = (np.array(column) for column in zip(*rows, strict=True))
    channel, team = np.zeros(len(rows), np.int64), np.zeros(len(rows), bool)
    return Acts(week, channel, resident, team, duty.astype(bool), online.astype(bool), ("council",))


def test_with_everybody_followed_it_is_the_plain_share():
    begun, ended = [0, 0, 1, 2, 3], [4, 25, 27, -1, 3]  # after 4, 25, 26, never and 0 weeks: three within 26
    assert share_within(begun, ended, last=40) == pytest.approx(3 / 5)


def test_censored_ones_count_while_they_are_followed():
    # followed for 30, 30, 10 and 5 weeks; two end after 2 and 8: 3 of 4 are left, then 1 of the 2 still followed
    assert share_within([0, 0, 20, 25], [2, -1, 28, -1], last=30) == pytest.approx(1 - 3 / 4 * 1 / 2)


def test_an_end_after_the_read_out_is_not_seen():
    assert share_within([0, 0], [5, 29], last=29) == 0.5 == share_within([0, 0], [5, 100], last=29)


@pytest.mark.parametrize(("last", "told"), [(25, False), (26, True)])
def test_nothing_is_told_beyond_what_was_followed(last, told):
    found = share_within([0, 5], [3, 6], last=last)
    assert (found == 1.0) if told else np.isnan(found)
    assert np.isnan(share_within([], [], last=99))


def test_survival_agrees_with_the_truth_whatever_the_length_of_the_period():
    """Geometric times: the share within 26 weeks is the same from 30 weeks and from 200; the plain share is not."""
    rng = np.random.default_rng(5)
    for last in (30, 200):
        begun = rng.integers(0, last, 6000)
        ended = begun + rng.geometric(0.05, 6000)
        truth = 1 - 0.95**25
        assert share_within(begun.tolist(), ended.tolist(), last) == pytest.approx(truth, abs=0.03)


def test_what_is_heard_again_stays_in_the_denominator_and_counts_once():
    twice = topic(1, Turn(5, "settled", "council", 9), Turn(20, "heard", "council"), Turn(25, "settled", "council", 33))
    again = topic(2, Turn(6, "shelved", "council"), Turn(21, "heard", "council"))
    sheets = [sheet(twice, 4), sheet(twice, 5), sheet(again, 6), sheet(twice, 25)]
    at = {last: outcomes.consensus(sheets, 0, last) for last in (10, 22, 25, 30)}
    assert [at[last]["settled"] for last in at] == [0.5, 0, 0, 0.5]
    assert [at[last]["shelved"] for last in at] == [0.5, 0, 0, 0]
    assert [at[last]["open"] for last in at] == [0, 1, 1, 0.5]
    # the first resolution counts, with what became of it in the end
    (one,) = outcomes.resolutions([twice, again])
    assert one == (5, "council", 9, -1)
    late = topic(1, *twice.progress.turns, executed=28)
    assert outcomes.execution_of_due([late], 0, 27) == {"on_time": 0, "late": 0, "never": 1}
    assert outcomes.execution_of_due([late], 0, 29) == {"on_time": 0, "late": 1, "never": 0}
    assert outcomes.executed_at_readout([late], 0, 28) == 0 and outcomes.executed_at_readout([late], 0, 29) == 1
    assert np.isnan(outcomes.executed_at_readout([late], 6, 29))  # it was settled before
    assert outcomes.executed_within_26_weeks([late], 0, 31) == 1.0  # 23 weeks after the first settling
    # sittings of all attempts, up to the last settling
    assert outcomes.sittings_per_settled([twice, again], sheets, (), 0, 30) == 3
    assert outcomes.sittings_per_settled([twice, again], sheets, (), 0, 10) == 2
    assert np.isnan(outcomes.sittings_per_settled([twice, again], sheets, (), 0, 22))


def test_sittings_are_those_in_person_and_topics_those_of_the_channel():
    own, other = topic(1, Turn(9, "settled", "council", 20)), topic(2, Turn(9, "settled", "adhoc", 20))
    sheets = [
        sheet(own, 3, "ballot"),
        sheet(own, 5, "adhoc"),
        sheet(own, 9),
        sheet(own, 12),
        *[sheet(other, 9, "adhoc")] * 5,
    ]
    assert outcomes.sittings_per_settled([own, other], sheets, ("ballot",), 0, 30, "council") == 2
    assert outcomes.sittings_per_settled([own, other], sheets, ("ballot",), 0, 30) == 3.5
    assert outcomes.sittings_per_settled([own, other], sheets, (), 0, 30, "council") == 3


def test_topics_are_followed_from_their_first_agenda_and_what_is_shelved_stays_unsettled():
    settled, shelved = topic(1, Turn(12, "settled", "council", 20)), topic(2, Turn(8, "shelved", "council"))
    slow, earlier = topic(3, Turn(29, "settled", "council", 40)), topic(4, Turn(5, "settled", "council", 9))
    sheets = [
        sheet(earlier, 0),
        sheet(earlier, 5),
        sheet(settled, 2),
        sheet(shelved, 2),
        sheet(slow, 2),
        sheet(settled, 12),
    ]
    assert outcomes.settled_within_26_weeks(sheets, 1, 40) == pytest.approx(1 / 3)
    assert outcomes.settled_within_26_weeks(sheets, 0, 40) == pytest.approx(2 / 4)


def test_frequency_has_a_window_of_26_weeks_at_any_time():
    steady = acts(*[(week, who, False, False) for week in range(0, 104, 13) for who in (1, 2)])
    for last in (26, 52, 104):
        assert outcomes.frequency(steady, last) == pytest.approx(1.0)  # once in 13 weeks
    assert outcomes.frequency(steady, 13) == pytest.approx(1.0)  # since the start
    seldom = acts((0, 1, False, False), (60, 2, False, False))
    assert outcomes.frequency(seldom, 61) == 0.5  # who did not come in the window does not count
    assert np.isnan(outcomes.frequency(seldom, 50))


def test_duties_are_left_out_and_online_acts_where_asked():
    some = acts((1, 1, True, False), (2, 1, False, False), (2, 2, False, True), (3, 2, False, True))
    assert outcomes.frequency_ordinary(some, 26) == pytest.approx(3 / 2 / 2)
    assert outcomes.frequency_ordinary(some, 26, in_person=True) == pytest.approx(1 / 2)


def test_who_raises_and_who_leads():
    party = np.array([False, True, True])
    one, two = topic(1, Turn(3, "heard", "tea"), raised=1, led=0), topic(2, Turn(4, "heard", "tea"), raised=0, led=2)
    old = topic(3, Turn(1, "heard", "tea"), Turn(9, "heard", "council"), raised=2, led=2)
    assert outcomes.topics_raised_by_party([one, two, old], party, 2, 20) == 1 / 2
    assert outcomes.topics_raised_by_party([one, two, old], party, 0, 20) == 2 / 3
    sheets = [sheet(one, 4), sheet(two, 5), sheet(old, 6, "ballot"), sheet(topic(4), 6)]
    assert outcomes.topics_led_by_party(sheets, ("ballot",), party, 2, 20) == 1 / 2
    assert outcomes.topics_led_by_party(sheets, (), party, 2, 20) == 2 / 3
    assert np.isnan(outcomes.topics_led_by_party([], (), party, 0, 9))
