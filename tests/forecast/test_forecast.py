"""The library's main job on the teaching community: compare, summary, contrasts, save."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf

import consensus_sim
from consensus_sim import compare, load_community, load_scenario
from consensus_sim.errors import InputError


@pytest.fixture(scope="module")
def community():
    return load_community("teaching")


@pytest.fixture(scope="module")
def forecast(community):
    return compare(community, ["before", "points"], replicates=3, seed=1, weeks=20, workers=1)


def test_a_community_by_name_and_one_in_hand_give_the_same(forecast):
    by_name = compare("teaching", ["before", "points"], replicates=3, seed=1, weeks=20, workers=2)
    pd.testing.assert_frame_equal(by_name.summary(), forecast.summary())


def test_tables_start_with_scenario_and_replicate(forecast):
    assert {"weekly", "grids", "topics", "meetings", "capability", "points", "costs", "metrics"} <= set(forecast.tables)
    for name, table in forecast.tables.items():
        assert list(table.columns[:2]) == ["scenario", "replicate"], name
    assert forecast.tables["weekly"]["week"].max() == 19


def test_forecast_study_and_scenario_say_in_one_line_what_they_are(forecast):
    said = "teaching: before, points (reference: before); 3 replicates, 20 weeks, seed 1, parameters=posterior>"
    assert repr(forecast) == f"<Forecast {said}"
    assert repr(forecast.study) == f"<Study {said}"
    assert repr(forecast.study.scenario("before")) == "<Scenario before: no intervention>"
    assert "weekly (" in repr(forecast.tables)


def test_contrasts_are_the_means_of_paired_differences(forecast):
    wide = forecast.tables["metrics"].pivot_table(
        index=["metric", "group", "replicate"], columns="scenario", values="value", observed=True
    )
    pairs = (wide["points"] - wide["before"]).dropna().groupby(["metric", "group"], observed=True)
    found = forecast.contrasts().set_index(["metric", "group"])
    assert len(found) > 10
    for row, expected in pairs.mean().items():
        assert found.loc[row, "difference"] == pytest.approx(expected, abs=1e-12)
        assert found.loc[row, "replicates"] == len(pairs.get_group(row))


def test_the_other_way_round_the_differences_change_sign(forecast):
    there = forecast.contrasts("before").set_index(["metric", "group"])["difference"]
    back = forecast.contrasts("points").set_index(["metric", "group"])["difference"]
    np.testing.assert_allclose(there.to_numpy(), -back.loc[there.index].to_numpy())


def test_save_writes_all_and_tells_where_it_came_from(forecast, tmp_path):
    place = forecast.save(tmp_path / "out")
    assert place == tmp_path / "out"
    assert forecast.save(tmp_path / "out").name == "out-2"
    summary = pd.read_csv(place / "summary.csv")
    assert list(summary.columns) == list(forecast.summary().columns)
    assert len(pd.read_parquet(place / "weekly.parquet")) == len(forecast.tables["weekly"])
    facts = json.loads((place / "provenance.json").read_text(encoding="utf-8"))
    assert facts["seed"] == 1 and facts["version"] == consensus_sim.__version__
    assert {"mesa", "numpy", "numba", "hydra-core"} <= set(facts["libraries"])
    assert OmegaConf.load(place / "config.yaml").calendar.weeks == 20
    assert (place / "summary.csv").read_bytes() == (tmp_path / "out-2" / "summary.csv").read_bytes()


@pytest.mark.parametrize(
    ("scenarios", "settings", "told"),
    [
        (["before", "pionts"], {}, "did you mean 'points'"),
        ("before", {}, "a list of names"),
        (["before"], {"reference": "full"}, "reference: found 'full'"),
        (["before"], {"replicates": 0}, "replicates: found 0"),
        (["before"], {"weeks": 0}, "calendar.weeks: found 0"),
        (["before"], {"workers": 0}, "engine.workers: found 0"),
        (["before"], {"overrides": ["calendar.weks=3"]}, "did you mean calendar.weeks"),
    ],
)
def test_what_cannot_be_used_is_refused(community, scenarios, settings, told):
    with pytest.raises(InputError, match=told):
        compare(community, scenarios, **settings)


def test_load_scenario_has_the_levers_of_its_base():
    council, points = load_scenario("council"), load_scenario("points")
    assert {name for name, _ in points.levers} - {name for name, _ in council.levers} == {"points"}


@pytest.fixture(scope="module")
def filled_and_empty(community):
    """A run with rows in every table, and one with few."""
    run = {"replicates": 1, "workers": 1, "progress": False}
    return compare(community, ["everything", "before"], weeks=30, **run), compare(community, ["before"], weeks=8, **run)


def test_dates_are_dates_and_periods_are_in_order(filled_and_empty):
    forecast, _ = filled_and_empty
    for name in ("weekly", "meetings"):
        frame = forecast.tables[name]
        assert frame["date"].dtype == "datetime64[ms]"
        assert (frame["date"] == pd.Timestamp("2024-03-04") + pd.to_timedelta(7 * frame["week"], unit="D")).all()
    quarter = forecast.tables["grids"]["quarter"]
    assert list(quarter.cat.categories) == ["2024Q1", "2024Q2", "2024Q3", "last_13_weeks"]
    assert quarter.cat.ordered and quarter.min() == "2024Q1"
    for name in ("capability", "survey", "survey_answers"):
        half_year = forecast.tables[name]["half_year"]
        assert half_year.cat.ordered and list(half_year.cat.categories) == sorted(half_year.cat.categories)


def test_a_table_without_rows_has_the_types_of_one_with_rows(filled_and_empty):
    filled, empty = filled_and_empty
    assert all(len(filled.tables[name]) for name in filled.tables if name != "revisions")
    assert {name for name in empty.tables if not len(empty.tables[name])} >= {"points", "team", "costs", "survey"}
    for name in filled.tables:
        ours, theirs = (each.tables[name].dtypes.astype(str).to_dict() for each in (filled, empty))
        assert ours == theirs
        assert not {"object", "str"} & {*ours.values()}
    assert empty.tables["revisions"]["acts"].dtype == bool and empty.tables["revisions"]["observed"].dtype == "category"
    pd.testing.assert_series_equal(filled.contrasts().dtypes, empty.contrasts().dtypes)
    assert empty.drivers()["p"].dtype == float and len(empty.drivers()) == 0


def test_tables_read_back_are_those_written(filled_and_empty, tmp_path):
    for number, forecast in enumerate(filled_and_empty):
        place = forecast.save(tmp_path / str(number))
        for name, table in forecast.tables.items():
            read = pd.read_parquet(place / f"{name}.parquet")
            assert read.dtypes.astype(str).to_dict() == table.dtypes.astype(str).to_dict()
            if len(table):
                pd.testing.assert_frame_equal(read, table)
