"""The published tables of levers: made anew they are the same, and their verdicts follow from their numbers."""

from __future__ import annotations

import pandas as pd
import pytest


@pytest.fixture(scope="module")
def levers(load_study):
    return load_study("levers")


@pytest.fixture(scope="module", params=["levers.csv", "levers_teaching.csv"])
def published(request, reference):
    return pd.read_csv(reference / request.param, keep_default_na=False, na_values=[""])


def test_the_teaching_table_made_anew_is_the_published_one(levers, reference, tmp_path):
    """Every value as printed. If this fails after a change of the model, run experiments/levers/run.py and look."""
    place = tmp_path / "levers.csv"
    replicates = str(levers.PUBLISHED["teaching"])
    levers.main(["--community", "teaching", "--replicates", replicates, "--workers", "2", "--out", str(place)])
    found, expected = (pd.read_csv(file, dtype=str) for file in (place, reference / "levers_teaching.csv"))
    pd.testing.assert_frame_equal(found, expected)


def test_every_expectation_has_its_row_and_its_source(levers, published):
    wanted = [
        (each["contrast"], each["scenario"], each["reference"], metric, group, sign, source)
        for each in levers.read_expectations()
        for metric, group, sign, source in each["expectations"]
    ]
    keys = ["contrast", "scenario", "reference", "metric", "group", "expectation", "source"]
    assert list(published[keys].itertuples(index=False, name=None)) == wanted
    assert published["source"].str.contains(r"[ABDFGLP]\d").all()
    assert set(published["expectation"]) == {"+", "-"}


def test_published_verdicts_follow_from_the_published_numbers(levers, published):
    for row in published.to_dict("records"):
        numbers = {key: row[key] for key in ("difference", "q05", "q95", "standard_error")}
        found = levers.verdict(row["expectation"], **numbers)
        # The mean of a weak one may lie on the edge of two standard errors, where rounding decides.
        assert found.split(";")[0] == row["verdict"].split(";")[0], row


def test_the_case_study_table_has_its_replicates(levers, reference):
    table = pd.read_csv(reference / "levers.csv")
    always = table[table["metric"].isin(["reach_quarter", "skill", "person_times_quarter"])]
    assert len(always) and (always["replicates"] == levers.PUBLISHED["case_study"]).all()


@pytest.mark.parametrize(
    ("sign", "numbers", "said"),
    [
        ("+", (1.0, 0.5, 1.5, 0.1), "as expected"),
        ("-", (1.0, 0.5, 1.5, 0.1), "against expectation"),
        ("-", (-1.0, -1.5, -0.5, 0.1), "as expected"),
        ("+", (1.0, -0.5, 2.5, 0.1), "weak: interval holds zero; mean as expected"),
        ("-", (1.0, -0.5, 2.5, 0.1), "weak: interval holds zero; mean against expectation"),
        ("+", (0.1, -0.5, 2.5, 0.1), "weak: interval holds zero; mean not told from zero"),
        ("+", (0.0, 0.0, 0.0, 0.0), "weak: interval holds zero; mean not told from zero"),
        ("+", (1.0, 0.0, 1.5, float("nan")), "weak: interval holds zero; mean not told from zero"),
        ("+", (float("nan"),) * 4, "undefined: no pair has both values"),
    ],
)
def test_verdicts(levers, sign, numbers, said):
    assert levers.verdict(sign, *numbers) == said


def test_a_metric_that_does_not_exist_is_refused(levers):
    with pytest.raises(Exception, match="metric"):
        levers.undefined("enthusiasm")
