"""The report says where its intervals come from, in both languages, and does not say more than it can."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from consensus_sim.experiments.validate.text import draw_scores, summary, verdict, verdicts
from consensus_sim.forecast.variance import DRIVERS, VARIANCE
from consensus_sim.report.certainty import certainty
from consensus_sim.study.draws import draw_number

ROW = {
    "scenario": "full", "reference": "council", "metric": "reach_quarter", "group": "all", "unit": "share",
    "parameters": 1.0, "chance": 1.0, "share_parameters": 0.5, "low": 0.1, "high": 0.8,
    "unidentified": float("nan"), "unidentified_low": float("nan"), "unidentified_high": float("nan"),
    "sets": 10, "note": "",
}  # fmt: skip
VARIED = pd.DataFrame([ROW], columns=list(VARIANCE))
NONE = pd.DataFrame(columns=list(DRIVERS))


def tenth(replicates):
    """The draws of a study."""
    return draw_number(np.arange(replicates))


@pytest.mark.parametrize(("language", "label"), [("en", "prior-driven"), ("zh", "主要靠文献和假设")])
def test_consensus_is_labelled_and_packages_are_ranked(language, label):
    for parameters in ("centre", "prior", "posterior"):
        said = certainty(
            parameters, None if parameters == "centre" else tenth(20), VARIED.iloc[:0], NONE, "council", language
        )
        assert any(label in sentence for sentence in said)
        assert any(word in " ".join(said) for word in ("Packages are ranked", "成套做法"))


def test_the_split_is_told_with_its_interval_and_the_few_sets():
    said = " ".join(certainty("posterior", tenth(20), VARIED, NONE, "council", "en"))
    assert "about 50% of the variance comes from uncertain parameters" in said and "10% to 80%" in said
    assert "at least 150 replicates" in said and "at least 44 replicates" in said
    assert "one draw for each replicate" in said and "18 draws in all" in said


def test_parameters_are_named_only_where_there_are_enough_sets():
    named = pd.DataFrame(
        [("full", "", "reach_quarter", "all", "channels.council", "yes", 0.83, 0.8, 1e-9, 50)], columns=list(DRIVERS)
    )
    said = " ".join(certainty("posterior", tenth(100), VARIED, named, "council", "en"))
    assert "depends most on: how readily people come to the council (channels.council)." in said
    assert "44 replicates" not in said
    silent = named.assign(sd_ratio=1.0)
    said = " ".join(certainty("posterior", tenth(100), VARIED, silent, "council", "en"))
    assert "the council (channels.council, still at its prior)" in said
    said = " ".join(certainty("posterior", tenth(100), VARIED, named.assign(parameter="my.own"), "council", "zh"))
    assert "影响最大的参数：my.own。" in said


@pytest.mark.parametrize(
    ("language", "words"), [("en", "about 90% (90 % interval, median, 70% to 95%)"), ("zh", "约 90%")]
)
def test_what_comes_from_unidentified_parameters_is_told_where_it_is_known(language, words):
    known = VARIED.assign(unidentified=0.9, unidentified_low=0.7, unidentified_high=0.95)
    assert words in " ".join(certainty("posterior", tenth(100), known, NONE, "council", language))
    assert words not in " ".join(certainty("posterior", tenth(100), VARIED, NONE, "council", language))


SCORE = {"target": "tea", "runs": 200, "value": 20.0, "q05": 10.0, "q50": 18.0, "q95": 25.0, "covered": True,
         "crps": 1.0, "better_than": "no_change trend", "worse_than": "prior", "fitted": False}  # fmt: skip


def test_a_verdict_names_what_is_beaten_and_what_is_not():
    assert verdict(SCORE, "en") == (
        "inside the forecast's 90 % interval; better than: no change, the trend; no better than: the model without "
        "calibration"
    )
    alone = {**SCORE, "covered": False, "better_than": "", "worse_than": ""}
    assert verdict(alone, "zh") == "落在预测的 90 % 区间之外；没有可比的简单预测"
    assert verdicts(pd.DataFrame([SCORE, alone]), "en")[-1] == "1 of 2 figures lie inside the 90 % interval."


def test_the_figure_shows_every_target():
    axes = draw_scores(pd.DataFrame([SCORE, {**SCORE, "target": "other"}]), "zh").axes[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["tea", "other"]
    axes = draw_scores(pd.DataFrame([{**SCORE, "fitted": True}, SCORE]), "zh").axes[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["tea（参加过拟合）", "tea"]


@pytest.mark.parametrize(
    ("fitted", "expected"),
    [
        ([False, False, False], ["2 of 3 figures lie inside the 90 % interval."]),
        ([True, True, True], ["2 of 3 figures lie", "fitted to all of them, so this is no test"]),
        ([True, False, False], ["2 of 3 figures lie", "fitted to 1 of them, which are no test of a forecast; 1 of"]),
        ([None, None, None], ["2 of 3 figures lie", "does not say to which figures it was fitted"]),
    ],
)
def test_figures_that_were_fitted_are_not_reported_as_a_test(fitted, expected):
    held = (True, False, True)
    table = pd.DataFrame([{**SCORE, "covered": c, "fitted": f} for c, f in zip(held, fitted, strict=True)])
    said = summary(table, "en")
    assert len(said) == len(expected) and all(part in one for part, one in zip(expected, said, strict=True))
