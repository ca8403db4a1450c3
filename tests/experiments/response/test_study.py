"""Response curves: what a dose does to settings, its two ends to the bit, clipping, and the command as a whole."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pandas as pd
import pytest

from consensus_sim import compare
from consensus_sim.errors import InputError
from consensus_sim.experiments.response.study import at_doses, plan_of, read_response, response_table, scaled
from consensus_sim.interventions.loading import BUILT_IN, load_class
from consensus_sim.outcomes.facts import all_tables
from consensus_sim.runs.replicate import build_model
from consensus_sim.settings import DOSE, Declared, declared
from consensus_sim.study.config import compose
from consensus_sim.study.study import read_study
from tests.helpers import assert_same_tables, community

SMALL = ("experiment=response", "community=teaching", "replicates=2", "seed=3")
CONFIG = compose([*SMALL, "calendar.weeks=30"])
WITHOUT = {
    "training": "council", "points": "council", "quota": "open_door", "supervision": "council",
    "access_support": "council", "facilitation": "council",
}  # fmt: skip
"""Curve -> the built-in scenario that is its own without the intervention."""


def number(low: float, high: float, kind: str = "number") -> Declared:
    return Declared("x", kind, "", low, high, (), False, {}, "", "", DOSE)


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_intervention_but_the_policy_names_its_dose(name):
    """Numbers that scale up from nothing: the dose of each can be 0."""
    dosed = [one for one in declared(load_class("class", name)).values() if one.dose == DOSE]
    assert bool(dosed) == (name != "action_research")
    assert all(one.kind in ("number", "integer") and one.low == 0 for one in dosed)


def test_what_the_published_curves_scale():
    scales = {
        "training": {"sessions"}, "points": {"attendance", "suggestion", "proposal", "conflict", "budget", "sponsors",
        "public_share"}, "quota_seating": {"share"}, "parlour": {"capacity", "show"},
        "observer": {"observers"}, "social_worker": {"presence"}, "service_team": {"strength"},
        "supervision": {"members", "strength"}, "access_support": {"talk_places", "posters"},
        "ballot": {"sessions_per_month", "use"},
    }  # fmt: skip
    for name, settings in scales.items():
        every = declared(load_class("class", name)).values()
        assert {one.name for one in every if one.dose == DOSE} == settings
    council = declared(load_class("class", "council"))
    assert [one.name for one in council.values() if one.dose == "invitations"] == ["personal_invitations"]


@pytest.mark.parametrize(
    ("value", "factor", "about", "most", "expected"),
    [
        (0.3, 2, number(0, 1), np.inf, (0.6, False)),
        (0.5, 2, number(0, 1), np.inf, (1.0, False)),
        (0.6, 2, number(0, 1), np.inf, (1.0, True)),
        (0.6, 0.5, number(0.4, 1), np.inf, (0.4, True)),
        (0.6, 0, number(0, 1), np.inf, (0.0, False)),
        (3, 0.5, number(0, 9, "integer"), np.inf, (2, False)),
        (5, 0.5, number(0, 9, "integer"), np.inf, (3, False)),
        (3, 4, number(0, 200, "integer"), 11, (11, True)),
        (3, 2, number(0, 200, "integer"), 11, (6, False)),
        (20, 2, number(0, 200, "integer"), 11, (20, True)),
        (20, 1, number(0, 200, "integer"), 11, (20, False)),
        (None, 4, number(0, 1), np.inf, (None, False)),
    ],
)
def test_a_setting_is_multiplied_rounded_and_clipped(value, factor, about, most, expected):
    found = scaled(value, factor, about, most)
    assert found == expected
    assert found[0] is None or isinstance(found[0], int) == (about.kind == "integer" or factor == 1 and value != 0.3)


@pytest.fixture(scope="module")
def plan() -> Any:
    return plan_of(CONFIG)


@pytest.mark.parametrize("name", CONFIG["response"]["interventions"])
def test_dose_1_is_the_scenario_and_dose_0_the_same_without_what_is_dosed(plan, name):
    study, doses = plan.studies[name]
    curve = plan.settings.interventions[name]
    scenario = plan.base.scenario(curve.scenario)
    one = next(dose for dose in doses if dose.factor == 1)
    assert one.scenario.levers == scenario.levers and not one.clipped
    assert study.reference == doses[0].scenario.name and doses[0].factor == 0
    expected = dict(copy.deepcopy(scenario.levers))
    for each in curve.doses:
        if "." in each:
            expected["council"]["personal_invitations"] = 0
        else:
            del expected[each]
    assert dict(doses[0].scenario.levers) == expected
    if name in WITHOUT:
        assert doses[0].scenario.levers == read_study({**CONFIG, "scenarios": [WITHOUT[name]]}).scenarios[0].levers


@pytest.mark.parametrize("name", ["points", "quota"])
def test_runs_at_the_two_ends_are_those_of_the_scenarios_to_the_bit(plan, name):
    study, doses = plan.studies[name]
    names = [WITHOUT[name], plan.settings.interventions[name].scenario]
    plain = read_study({**CONFIG, "scenarios": names})
    for other, dose in zip(plain.scenarios, (doses[0], doses[2]), strict=True):
        found = all_tables(build_model(community(), dose.scenario, study, 1).run())
        assert_same_tables(found, all_tables(build_model(community(), other, plain, 1).run()))


def test_the_table_holds_the_paired_differences_of_a_comparison(plan):
    """Dose 1 against 0 is the scenario against the one without; all other pairs of doses have a row, too."""
    curve = plan.settings.interventions["points"]
    study, doses = at_doses("points", curve, (0, 1, 3), plan.base)
    from consensus_sim.forecast.simulator import Simulator
    from consensus_sim.runs.engines import Serial

    forecast = Simulator(Serial(), progress=False).forecast(study, community())
    table = response_table("points", curve, doses, forecast)
    assert list(zip(table["dose"], table["against"], strict=True)) == [(1, 0), (3, 0), (3, 1)] * 3
    assert list(dict.fromkeys(table["metric"])) == list(curve.metrics)
    plain = compare(
        "teaching", ["council", "points"], replicates=2, seed=3, weeks=30, workers=1, progress=False,
        overrides=["parameters=posterior"],
    ).contrasts("council")  # fmt: skip
    for row in table[(table["dose"] == 1)].to_dict("records"):
        (same,) = plain[(plain["metric"] == row["metric"]) & (plain["group"] == "all")].to_dict("records")
        for column in ("difference", "mean_q05", "mean_q95", "q05", "q95", "p_up", "least_difference"):
            assert row[column] == pytest.approx(same[column], abs=1e-12, nan_ok=True)
    metrics = forecast.tables["metrics"]
    reach = metrics[(metrics["metric"] == "reach_quarter") & (metrics["group"] == "all")]
    mean = reach.groupby("scenario", observed=True)["value"].mean()
    step = table[(table["dose"] == 3) & (table["against"] == 1)].iloc[0]
    assert step["difference"] == pytest.approx(mean["points x 3"] - mean["points x 1"])


def test_what_is_clipped_is_named(plan):
    by_factor = {name: {dose.factor: dose for dose in doses} for name, (_, doses) in plan.studies.items()}
    assert by_factor["facilitation"][2].clipped == "social_worker.presence; service_team.strength"
    assert by_factor["facilitation"][2].settings == (
        "observer.observers=2; social_worker.presence=1; service_team.strength=1"
    )
    assert by_factor["facilitation"][0.5].clipped == "" and by_factor["facilitation"][0].settings == ""
    # 30 weeks from 4 March 2024, the programme in force from the tenth on: five workshops four weeks apart.
    assert [dose.settings for dose in by_factor["training"].values()][1:] == [
        "training.sessions=2", "training.sessions=3", *["training.sessions=5"] * 3,
    ]  # fmt: skip
    assert [bool(dose.clipped) for dose in by_factor["training"].values()] == [False] * 3 + [True] * 3
    assert by_factor["quota"][8].settings == "quota_seating.share=0.8" and not by_factor["quota"][8].clipped
    assert "relief" not in by_factor["parlour"][2].settings
    assert by_factor["invitations"][0].settings == "council.personal_invitations=0"


@pytest.mark.parametrize(
    ("date", "room"), [("start='week 0'", 11), ("start='week 9'", 9), ("end='week 18'", 4), ("end='week 19'", 5)]
)
def test_workshops_that_a_run_has_room_for_take_place(date, room):
    """The hook that says what a run has room for agrees with the calendar of the course, and no more fit."""
    own = f"scenario.training.interventions.training.{date}"
    study, doses = plan_of(compose([*SMALL, "scenarios=[training]", own])).studies["training"]
    model = build_model(community(), doses[-1].scenario, study, 0).run()
    course = next(lever for lever in model.levers if lever.name == "training")
    assert course.held == course.sessions == room and doses[-1].clipped == "training.sessions"
    model = build_model(community(), doses[-1].scenario, study, 0)
    course = next(lever for lever in model.levers if lever.name == "training")
    course.sessions += 1
    model.run()
    assert course.held == room


@pytest.mark.parametrize(
    ("node", "told"),
    [
        ({"doses": [0.5, 1]}, "response.doses: found .*ascending from 0"),
        ({"doses": [0, 2, 1]}, "response.doses: found .*ascending from 0"),
        ({"doses": [0, 1, 1]}, "response.doses: found .*ascending from 0"),
        ({"doses": [0]}, "response.doses: found .*ascending from 0"),
        ({"doses": ["much"]}, r"response.doses\[0\]: found 'much'"),
        ({"enough": 0}, "response.enough: found 0"),
    ],
)
def test_settings_that_cannot_be_read_are_refused(node, told):
    with pytest.raises(InputError, match=told):
        read_response({**CONFIG["response"], **node})


WRONG = [
    ("scenarios=[full]", "scenarios: found 'full'; allowed: training, points, quota"),
    ("response.interventions.points.doses=[training]", "response.interventions.points.doses: found 'training'"),
    ("response.interventions.points.doses=[council.letters]", "(did you mean 'council.invitations'?)"),
    ("response.interventions.points.scenario=pints", "points.scenario: found 'pints' (did you mean 'points'?)"),
    ("++response.interventions.points.metrics.happiness=[all]", "points.metrics: found 'happiness'"),
    ("response.interventions.points.metrics.reach_quarter=[cyclists]", "reach_quarter: found 'cyclists'"),
    ("response.doses=[0,-1]", "response.doses[1]: found -1; allowed: 0 to 1000 times"),
    ("reference=council", "reference: found 'council'; allowed: null with experiment=response"),
]


@pytest.mark.parametrize(("change", "told"), WRONG)
def test_what_cannot_be_used_is_refused_before_anything_is_run(change, told):
    with pytest.raises(InputError) as caught:
        plan_of(compose([*SMALL, change]))
    assert told in str(caught.value)


@pytest.mark.parametrize(("change", "told"), [WRONG[0], WRONG[1], WRONG[4], WRONG[6]])
def test_a_wrong_curve_intervention_metric_or_dose_is_one_line(cli, change, told):
    done = cli(*SMALL, "engine=serial", change)
    assert done.returncode == 2 and not done.stdout
    assert told in done.stderr and done.stderr.count("consensus-sim:") == 1


def test_the_command_writes_table_and_figure_and_says_how_much_is_enough(cli, tmp_path):
    done = cli(
        *SMALL, "calendar.weeks=26", "report.language=zh", "report.dpi=50", "scenarios=[points,open_door]",
        "response.doses=[0,1,4]",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "积分和兑付经费：让更多居民来" in done.stdout and "教学社区" in done.stdout and "说不准" in done.stdout
    (folder,) = (tmp_path / "results" / "response").iterdir()
    assert {path.name for path in folder.iterdir()} == {"response.csv", "figures", "config.yaml", "provenance.json"}
    assert (folder / "figures" / "response.png").stat().st_size > 10_000
    table = pd.read_csv(folder / "response.csv", keep_default_na=False)
    assert list(table.groupby("intervention", sort=False).size().items()) == [("points", 9), ("invitations", 9)]
    assert table["replicates"].isin([1, 2]).all() and (table["verdict"] == "unclear").all()
    assert not (tmp_path / "results" / ".replicates").exists()
