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


def test_a_given_number_tells_the_largest_error_in_its_unit_and_on_its_scale():
    told, scale = words([LARGE, SMALL])
    assert "0.0312 of its metric's scale (Consensus settled, Points against Council, ±3.1 pp)" in told
    assert scale.startswith("Scale: 1 for shares")


def test_a_precision_that_is_reached_is_told_with_the_number():
    met, given, _ = words([LARGE, SMALL], 0.05)
    assert "0.05, is reached with 60 replicates" in met and "0.0312" in given


def test_what_is_not_reached_is_named_with_its_scenario():
    missed, _ = words([LARGE, SMALL], 0.02)
    assert "0.02, is not reached with 60 replicates" in missed and "1 of 2 errors" in missed
    assert "Consensus settled, Points against Council: 0.0312" in missed and "attendance" not in missed


def test_what_the_table_of_draws_does_not_hold_is_told():
    errors = (Error("council", "", "attendance_council", 0.9, 30.0, 0.6), LARGE)
    found = Reached(0.01, 1000, errors, 512.0)
    _, beyond, _ = precision_words(found, LABELS, "en")
    assert beyond.startswith("The posterior's table, worth 512 parameter draws, itself leaves an error of ±0.6")
    assert "0.02 of the scale" in beyond and "no number of replicates reaches 0.01 there" in beyond


def test_what_is_not_known_is_named():
    missed, _ = words([UNKNOWN, SMALL], 0.02)
    assert "Tea attendance, Points: error not known" in missed
    unknown, given, _ = words([UNKNOWN, SMALL])
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
def test_both_languages_tell_the_same_numbers(language, target):
    told = " ".join(words([LARGE, SMALL], target, language=language))
    assert "0.0312" in told and "Points" in told
    assert target is None or f"{target:g}" in told
