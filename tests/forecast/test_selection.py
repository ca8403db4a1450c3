"""Selection of the best candidate: errors at the rate that is stated, and far fewer runs than equal allocation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from consensus_sim.forecast.selection import Race, margin, select_best
from consensus_sim.study.draws import draw_number

RULES = Race(first=10, batch=10, most=2000, error=0.05, least=1.0)
SHARED, OWN = 4.0, 2.0
"""SD of the chance that all candidates share and of a candidate's own, in least differences."""
MEANS = (0.0, -1.0, -2.0, -3.0, -3.0, -4.0, -4.0, -5.0, -5.0, -6.0, -6.0, -7.0, -7.0, -8.0, -8.0, -8.0)


def made_up(means, seed, undefined=None):
    """A sampler of normal values under common random numbers; `undefined`: share of missing values by candidate."""
    rng = np.random.default_rng(seed)
    shape = (len(means), RULES.most)
    values = np.array(means)[:, None] + rng.normal(0, SHARED, shape[1]) + rng.normal(0, OWN, shape)
    if undefined is not None:
        values[rng.random(shape) < np.array(undefined)[:, None]] = np.nan
    return lambda chosen, first, count: values[list(chosen), first : first + count]


def test_the_best_is_named_when_the_second_lies_one_least_difference_behind():
    """In 95 of 100 seeds at least, with at most a third of the runs that the same looks need without dropping anybody:
    then all candidates are simulated until the last rival is surely worse.
    """
    races = [select_best(made_up(MEANS, seed), len(MEANS), RULES) for seed in range(100)]
    assert sum(race.clear and race.leader == 0 for race in races) >= 95
    assert all(race.runs == sum(map(len, race.values.values())) for race in races)
    equal = np.mean([len(MEANS) * max(race.dropped.values()) for race in races])
    assert np.mean([race.runs for race in races]) <= equal / 3


def test_two_equal_candidates_are_not_told_apart_and_the_race_ends():
    races = [select_best(made_up([0.0, 0.0, -6.0], seed), 3, RULES) for seed in range(100)]
    found = [race.equal and not race.clear and set(race.left) == {0, 1} for race in races]
    assert sum(found) >= 90
    assert max(race.runs for race in races) < 3 * RULES.most


def test_a_mark_of_the_race_is_the_same_when_candidates_never_differ():
    race = select_best(made_up([0.0], 1), 1, RULES)
    assert (race.leader, race.left, race.runs) == (0, (0,), 0)
    same = lambda chosen, first, count: np.ones((len(chosen), count))  # noqa: E731
    race = select_best(same, 3, RULES)
    assert race.equal and set(race.left) == {0, 1, 2} and race.runs == 3 * RULES.first


def test_a_constant_lead_is_found_at_the_first_look():
    """Where paired differences do not vary their standard error is zero."""
    race = select_best(lambda chosen, first, count: np.array([[k] * count for k in chosen], float), 3, RULES)
    assert race.clear and race.leader == 2 and race.dropped == {0: 10, 1: 10}


def test_often_undefined_is_not_best():
    race = select_best(made_up([9.0, 0.0], 3, undefined=[0.9, 0.0]), 2, RULES)
    assert race.clear and race.leader == 1
    race = select_best(made_up([9.0, 0.0], 3, undefined=[0.3, 0.3]), 2, RULES)
    assert race.clear and race.leader == 0
    race = select_best(made_up([0.0, 0.0], 3, undefined=[1.0, 1.0]), 2, replace(RULES, most=40))
    assert not race.clear and race.runs == 80  # nothing is ever known, and the race says so


def test_the_limit_is_kept_and_batches_follow_one_another():
    asked = []

    def sample(chosen, first, count):
        asked.append((first, count))
        return made_up([0.0, -0.1], 5)(chosen, first, count)

    race = select_best(sample, 2, replace(RULES, most=25, least=0.01))
    assert asked == [(0, 10), (10, 10), (20, 5)]
    assert race.left and not race.equal and not race.clear


@pytest.mark.parametrize("draws", [True, False])
def test_the_margin_leaves_out_the_probability_that_is_asked_for(draws):
    """20,000 means of 20 normal differences with every tenth draw repeated: beyond the one-sided interval in 5 %."""
    rng = np.random.default_rng(2)
    place = draw_number(np.arange(20)) if draws else None
    effects = rng.normal(0, 1, (20_000, 20))
    differences = rng.normal(0, 1, (20_000, 20)) + (effects[:, place] if draws else effects)
    mean, width = margin(differences, place, 0.05)
    assert (mean > width).mean() == pytest.approx(0.05, abs=0.008)


def test_repeated_draws_count_once():
    """Ten copies of each of two values: two clusters, one degree of freedom."""
    draws = np.repeat([0, 1], 10)
    line = np.repeat([1.0, 3.0], 10)[None, :]
    mean, width = margin(line, draws, 0.05)
    assert mean[0] == 2.0 and width[0] == pytest.approx(6.3138, rel=1e-4)  # t(1) quantile times sd / sqrt(2) = 1
    assert margin(line[:, :1], draws[:1], 0.05)[1][0] == np.inf
