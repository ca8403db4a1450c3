"""The published tables of levers: they are the same when regenerated, and their verdicts follow from their numbers."""

from __future__ import annotations

import pandas as pd
import pytest

from consensus_sim.experiments.levers import study as levers
from consensus_sim.study.config import compose

REPLICATES = {"case_study": 200, "teaching": 12}
"""Community -> replicates of its published table."""


@pytest.fixture(scope="module", params=["levers.csv", "levers_teaching.csv"])
def published(request, reference):
    return pd.read_csv(reference / request.param, keep_default_na=False, na_values=[""])


def test_the_teaching_table_made_anew_is_the_published_one(publish, reference):
    """Every value as printed. If this fails after a change of the model, publish it again (experiments/README.md)."""
    made = publish("levers", "community=teaching", f"replicates={REPLICATES['teaching']}", "engine.workers=2")
    found, expected = (pd.read_csv(folder / "levers_teaching.csv", dtype=str) for folder in (made, reference))
    pd.testing.assert_frame_equal(found, expected)


def test_every_expectation_has_its_row_and_its_source(published):
    wanted = [
        (each.contrast, each.scenario, each.reference, metric, group, sign, source)
        for each in levers.read_contrasts(compose(["experiment=levers"])["levers"])
        for metric, group, sign, source in each.expectations
    ]
    keys = ["contrast", "scenario", "reference", "metric", "group", "expectation", "source"]
    assert list(published[keys].itertuples(index=False, name=None)) == wanted
    assert published["source"].str.contains(r"[ABDFGLP]\d").all()
    assert set(published["expectation"]) == {"+", "-"}


def test_published_verdicts_follow_from_the_published_numbers(published):
    for row in published.to_dict("records"):
        assert levers.verdict(row["expectation"], row) == row["verdict"], row


def test_the_case_study_table_has_its_replicates(reference):
    table = pd.read_csv(reference / "levers.csv")
    always = table[table["metric"].isin(["reach_quarter", "skill", "person_times_quarter"])]
    assert len(always) and (always["replicates"] == REPLICATES["case_study"]).all()


ON_AVERAGE = {"mean_q05": 0.2, "mean_q95": 1.8, "p_mean_up": 0.99, "p_mean_down": 0.01}
UNSURE = {"mean_q05": -0.5, "mean_q95": 2.5, "p_mean_up": 0.8, "p_mean_down": 0.2}
EVERYWHERE = {"q05": 0.1, "q95": 2.0, "p_up": 0.97, "p_down": 0.03}
SOMEWHERE = {"q05": -0.5, "q95": 2.5, "p_up": 0.8, "p_down": 0.2}


@pytest.mark.parametrize(
    ("sign", "difference", "numbers", "least", "said"),
    [
        ("+", 1.0, ON_AVERAGE | EVERYWHERE, 0.1, "as expected: sure"),
        ("-", 1.0, ON_AVERAGE | EVERYWHERE, 0.1, "against expectation: sure"),
        ("+", 1.0, ON_AVERAGE | SOMEWHERE, 0.1, "as expected: sure on average"),
        ("-", 1.0, ON_AVERAGE | SOMEWHERE, 0.1, "against expectation: sure on average"),
        ("+", 1.0, ON_AVERAGE | SOMEWHERE, 1.2, "as expected: sure on average, perhaps too small to be worth a word"),
        ("+", 1.0, UNSURE | SOMEWHERE, 0.1, "cannot be told"),
        ("+", 1.0, UNSURE | SOMEWHERE, 3.0, "no difference worth a word"),
        ("-", 0.0, {"mean_q05": 0.0, "mean_q95": 0.0, "p_mean_up": 0.0, "p_mean_down": 0.0} | SOMEWHERE, 0.1,
         "no difference worth a word"),
    ],
)  # fmt: skip
def test_verdicts(sign, difference, numbers, least, said):
    row = {"difference": difference, "least_difference": least, "sets": 10, **numbers}
    assert levers.verdict(sign, row) == said
    assert levers.verdict(sign, row | {"sets": 0}) == levers.UNDEFINED
    assert levers.verdict(sign, row | {"sets": 4}) == "cannot be told"


def test_a_metric_that_does_not_exist_is_refused():
    with pytest.raises(Exception, match="metric"):
        levers.undefined("enthusiasm")
