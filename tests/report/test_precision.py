"""The sentences on how exact a forecast is: in both languages, all cases, and what is still missing by name."""

from __future__ import annotations

import math

import pytest

from consensus_sim.catalogue import LANGUAGES
from consensus_sim.forecast.monte_carlo_error import Error, Reached
from consensus_sim.report.precision import NAMED, precision_words

LABELS = {"council": "Council", "points": "Points"}
LARGE = Error("points", "council", "consensus_settled", 0.0312, 1.0)
SMALL = Error("council", "", "attendance_council", 0.3, 30.0)
UNKNOWN = Error("points", "", "attendance_tea", math.nan, 1.0)


def words(errors, target=None, replicates=60, language="en"):
    return precision_words(Reached(target, replicates, tuple(errors)), LABELS, language)


def test_a_given_number_of_replicates_reports_the_largest_error_in_its_unit_and_on_its_scale():
    (given,) = words([LARGE, SMALL])
    assert "0.0312 of its metric's scale (Consensus settled, Points against Council, ±3.1 pp)" in given
    assert "±0.30 persons per event" in words([SMALL])[0]


def test_a_precision_that_is_reached_is_reported_with_the_replicates():
    met, given = words([LARGE, SMALL], 0.05)
    assert "0.05, is reached with 60 replicates" in met and "0.0312" in given


def test_what_is_not_reached_is_named_with_its_scenario():
    (missed,) = words([LARGE, SMALL], 0.02)
    assert "0.02, is not reached with 60 replicates" in missed and "1 of 2 errors" in missed
    assert "Consensus settled, Points against Council: 0.0312" in missed and "attendance" not in missed


def test_an_error_left_by_the_table_of_draws_is_reported():
    errors = (Error("council", "", "attendance_council", 0.9, 30.0, 0.6), LARGE)
    found = Reached(0.01, 1000, errors, 512.0)
    _, beyond = precision_words(found, LABELS, "en")
    assert beyond.startswith("The posterior's table, worth 512 parameter draws, itself leaves an error of ±0.6")
    assert "0.02 of the scale" in beyond and "no number of replicates reaches 0.01 there" in beyond


def test_what_is_not_known_is_named():
    (missed,) = words([UNKNOWN, SMALL], 0.02)
    assert "Tea attendance, Points: error not known" in missed
    unknown, given = words([UNKNOWN, SMALL])
    assert (
        "Too few replicates (60) for a Monte Carlo standard error of: Tea attendance, Points" in unknown
        and "0.01 of" in given
    )
    (alone,) = words([UNKNOWN], replicates=1)
    assert alone.startswith("Too few replicates (1) for")
    assert words([]) == []


def test_a_long_list_is_cut_and_counted():
    missed = words([LARGE] * (NAMED + 3), 0.01)[0]
    assert missed.count("0.0312") == NAMED and "and 3 more" in missed


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("target", [None, 0.05, 0.02])
def test_both_languages_give_the_same_numbers(language, target):
    said = " ".join(words([LARGE, SMALL], target, language=language))
    assert ("3.1" in said or "0.0312" in said) and "Points" in said
    assert target is None or f"{target:g}" in said
