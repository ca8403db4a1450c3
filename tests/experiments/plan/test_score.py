"""The score of frozen forecasts: known answers, naive rivals, wrong files; the published table is not yet scored."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="module")
def study(load_study):
    return load_study("phase2", "score")


FORECAST = pd.DataFrame(
    [("reach", "all", "5 months", 0.0, 1.0, 2.0, 3.0, 4.0), ("trust", "all", "5 months", 0.1, 0.2, 0.3, 0.4, 0.5)],
    columns=["metric", "group", "period", "q05", "q25", "q50", "q75", "q95"],
)


def observed(*rows):
    return pd.DataFrame(rows, columns=["metric", "group", "period", "value", "phase1", "baseline"])


def test_a_value_inside_and_one_outside(study):
    """2 is the median: widths 4 and 2 at alpha 0.1 and 0.5 give (0.05 x 4 + 0.25 x 2) / 2.5; 0.6 lies 0.1 above 0.5."""
    found = study.score(FORECAST, observed(("reach", "all", "5 months", 2.0, 1.0, 0.5)))
    assert found["scored"] == 1 and found["covered_90"] == 1
    assert found["wis"] == pytest.approx(0.7 / 2.5 / 2.0)
    assert found["wis_level_persists"] == pytest.approx(0.5) and found["wis_change_repeats"] == pytest.approx(0.25)
    outside = study.score(FORECAST, observed(("trust", "all", "5 months", 0.6, np.nan, np.nan)))
    assert outside["covered_90"] == 0 and np.isnan(outside["wis_level_persists"])
    assert outside["wis"] == pytest.approx((0.5 * 0.3 + 0.05 * 0.4 + 0.1 + 0.25 * 0.2 + 0.2) / 2.5 / 0.6)


def test_the_score_of_many_quantiles_is_that_of_the_distribution(study):
    """A forecast that is right scores better than the same one moved, on 2,000 draws of a standard normal."""
    ends = dict(zip(("q05", "q25", "q50", "q75", "q95"), (-1.645, -0.674, 0.0, 0.674, 1.645), strict=True))
    values = pd.Series(np.random.default_rng(1).normal(size=2000))
    right = study.weighted_interval_score(pd.DataFrame([ends] * 2000), values).mean()
    for moved in (-0.5, 0.5):
        other = pd.DataFrame([{name: end + moved for name, end in ends.items()}] * 2000)
        assert study.weighted_interval_score(other, values).mean() > right


def test_the_command_fills_the_table(study, tmp_path, capsys):
    FORECAST.to_csv(tmp_path / "mine.csv", index=False)
    (tmp_path / "forecasts.csv").write_text(
        "file,date,commit," + ",".join(study.SCORES) + "\nmine.csv,2026-01-01,abc,,,,,\n"
    )
    observed(("reach", "all", "5 months", 2.0, 1.0, 0.5)).to_csv(tmp_path / "seen.csv", index=False)
    study.main([str(tmp_path / "seen.csv"), "--forecasts", str(tmp_path / "forecasts.csv")])
    assert pd.read_csv(tmp_path / "forecasts.csv").loc[0, "covered_90"] == 1 and "mine.csv" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("metric,group,value\nreach,all,1\n", "found no column period"),
        ("metric,group,period,value\nreach,all,5 months,much\n", "found text"),
        ("metric,group,period,value\nreach,all,5 months,1\nreach,all,5 months,2\n", "a quantity twice"),
    ],
)
def test_wrong_observations_are_refused(study, tmp_path, content, said):
    (tmp_path / "seen.csv").write_text(content)
    with pytest.raises(SystemExit, match=said):
        study.read_observations(tmp_path / "seen.csv")
    with pytest.raises(SystemExit, match="no such file"):
        study.read_observations(tmp_path / "none.csv")


def test_an_observation_of_something_else_is_refused(study):
    with pytest.raises(SystemExit, match="found no quantity of the forecast"):
        study.score(FORECAST, observed(("money", "all", "5 months", 2.0, 1.0, 0.5)))


def test_every_frozen_forecast_is_there_and_none_is_scored(study, reference):
    table = pd.read_csv(reference / "forecasts.csv")
    assert all((reference / name).is_file() for name in table["file"])
    assert table[list(study.SCORES)].isna().all(axis=None) and table["commit"].notna().all()
