"""Patterns as checks: verdicts by rule, every pattern there, set-ups that can be run, a small run end to end."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from consensus_sim.errors import InputError
from consensus_sim.experiments.patterns.measures import MEASURES, Run, measure, parse
from consensus_sim.experiments.patterns.study import (
    Check,
    Pattern,
    check_patterns,
    read_patterns,
    single_values,
    with_setups,
)
from consensus_sim.experiments.runner import Command
from consensus_sim.experiments.verdicts import overall, replicate_table, tabulate
from consensus_sim.forecast.simulator import Simulator
from consensus_sim.runs.engines import Serial
from consensus_sim.study.config import compose
from consensus_sim.study.study import read_study
from tests.helpers import latent

SMALL = ["experiment=patterns", "community=teaching", "replicates=2", "patterns=[B3,B17,B26]"]
ENTRY = {"id": "X", "quantity": "x"}


def judged(values, rule, **band):
    single = replicate_table({("X", "x"): np.array(values, float)})
    return tabulate([{**ENTRY, "rule": rule, "band": band}], single)[0]


def test_rules():
    assert judged([1, 3], "mean", low=2, high=2.5)["passed"]
    assert judged([1, 2], "mean", low=2)["said"] == "mean below the band"
    assert judged([3, 4], "mean", high=2)["said"] == "mean above the band"
    assert judged([1, 1, 9], "median", high=1)["passed"] and not judged([1, 1, 9], "mean", high=1)["passed"]
    assert judged([2, 3], "median", below=2)["said"] == "median above the band"
    assert not judged([0] * 10, "pairs", above=0)["passed"] and not judged([0] * 10, "pairs", below=0)["passed"]
    assert judged([0] * 3, "all", low=0, high=0)["passed"]
    assert not judged([0, 0, 1], "all", low=0, high=0)["passed"]


def test_a_sign_is_rejected_only_where_its_share_is_significantly_below_nine_tenths():
    """Of 30 pairs, P(at most 24 hold | 0.9) = 0.073, P(at most 23) = 0.026: one-sided 5 %."""
    assert judged([1] * 24 + [-1] * 6, "pairs", above=0)["passed"]
    assert not judged([1] * 23 + [-1] * 7, "pairs", above=0)["passed"]
    assert (
        judged([2] * 24 + [1] * 6, "pairs", low=2)["passed"]
        and not judged([2] * 23 + [1] * 7, "pairs", low=2)["passed"]
    )


def test_ties_of_a_sign_are_left_out_and_edges_of_a_band_are_part_of_it():
    row = judged([1] * 24 + [-1] * 6 + [0] * 70, "pairs", above=0)
    assert row["passed"] and row["share"] == pytest.approx(0.8)
    assert not judged([1] * 23 + [-1] * 7 + [0] * 70, "pairs", above=0)["passed"]
    assert judged([2] * 30, "pairs", low=2, high=2)["passed"]


def test_pairs_of_one_parameter_draw_count_as_one():
    """48 of 60 independent pairs reject (P = 0.015), as much of 30 draws of two does not (P = 0.073)."""
    values = [1, 1] * 20 + [1, -1] * 8 + [-1, -1] * 2
    entry = {**ENTRY, "rule": "pairs", "band": {"above": 0}}
    singles = (replicate_table({("X", "x"): np.array(values, float)}, draws) for draws in (None, np.arange(60) // 2))
    alone, by_draw = (tabulate([entry], single)[0] for single in singles)
    assert not alone["passed"] and by_draw["passed"]
    assert alone["share"] == by_draw["share"] == pytest.approx(0.8)


def test_undefined_runs_are_left_out_and_counted():
    row = judged([2, float("nan"), 4], "mean", low=2, high=3)
    assert row["replicates"] == 2 and row["mean"] == 3 and row["passed"]
    empty = judged([float("nan")], "mean", low=2)
    assert empty["passed"] is None and empty["said"] == "undefined in every run"
    assert overall([empty]) == "fail"


def test_the_verdict_on_a_pattern():
    good, bad = judged([1], "pairs", above=0), judged([-1] * 30, "pairs", above=0)
    size, off = judged([1], "median", low=0), judged([-1], "median", low=0)
    told = judged([1], "mean")
    assert overall([good, size, told]) == "pass"
    assert overall([good, off]) == "sign"
    assert overall([bad, size]) == overall([bad, off]) == overall([off]) == "fail"


def test_every_pattern_of_the_evidence_is_there():
    assert [pattern.id for pattern in read_patterns()] == [f"B{n}" for n in range(1, 40)]


def test_every_set_up_can_be_played():
    """Names, ranges and levers of all of them are checked as those of a user's scenario are."""
    from consensus_sim.experiments.patterns.study import read_file

    config, file = compose(["community=teaching"]), read_file("setups.yaml")
    setups = file["setups"]
    used = {setup for pattern in read_patterns() for check in pattern.checks for setup in check.setups}
    based = {content["base"] for content in setups.values()}
    assert set(setups) <= used | based
    names = sorted(used | set(setups))
    assert [scenario.name for scenario in read_study(with_setups(config, file, names)).scenarios] == names


def test_what_a_set_up_changes():
    config = compose(["community=teaching"])
    setups = {
        "a": {"base": "council", "weeks": 20, "behaviour": {"execution": {"hazard": 0.9}}},
        "b": {"base": "a", "interventions": {"tea": None}, "topic": {"traffic": {"weight": 0}}},
    }
    whole = read_study(with_setups(config, {"weeks": 56, "setups": setups}, ["b", "council"]))
    study = whole.alone("b")
    assert whole.alone("council") is whole and whole.alone("b") is study
    assert study.calendar["weeks"] == 20 and study.behaviour["execution"]["hazard"]["value"] == 0.9
    assert study.topic["traffic"]["weight"] == 0 and study.scenarios[0].lever("tea") is None
    assert config["topic"]["traffic"]["weight"] > 0 and config["calendar"]["weeks"] == 56
    for wrong in (
        {"base": "council", "behaviour": {"execution": {"hazzard": 1}}},
        {"base": "council", "topic": {"traffic": {"wait": 1}}},
        {"base": "council", "length": 3},
        {"base": "c"},
    ):
        with pytest.raises(InputError):
            read_study(with_setups(config, {"weeks": 56, "setups": {"c": wrong}}, ["c"]))


def test_formulas_are_taken_run_by_run():
    check = Check("x", "(a.participation(0,4) - b.participation(0,4)) / 0.5", {"above": 0.0}, "pairs", {})
    assert check.readings == [("a", "participation(0,4)"), ("b", "participation(0,4)")]
    wide = pd.DataFrame([[3.0, 1.0], [2.0, 4.0]], columns=pd.MultiIndex.from_tuples(check.readings))
    values = single_values([Pattern("X", "", {}, "", (check,))], wide)["value"]
    assert values.tolist() == [4.0, -4.0]


@pytest.mark.parametrize("text", ["nothing(1)", "metric(", "Participation(0,1)"])
def test_unknown_measures_are_refused(text):
    with pytest.raises(InputError):
        parse(text)


@pytest.fixture(scope="module")
def run():
    from consensus_sim import load_model

    return Run(load_model("teaching", "full", weeks=40, seed=2), 9)


def test_measures_agree_with_the_tables(run):
    everything = measure(run, "participation(-9,40)")
    assert everything == len(run.acts.week) > 0
    assert everything == measure(run, "participation(-9,10)") + measure(run, "participation(10,40)")
    assert measure(run, "participation_offline(-9,40)") <= everything
    adults = np.count_nonzero(run.model.residents.adult)
    assert measure(run, "participation_of(all,-9,40)") * adults == pytest.approx(everything)
    assert measure(run, "team_gain(0)") == 0.0 and measure(run, "team_gain(30)") <= measure(run, "team_best_gain")
    residents, model = run.model.residents, run.model
    gain = (latent(residents.skill) - latent(run.skill[9])) / model.skill_unit[:, None]
    assert measure(run, "team_gain(31)") == pytest.approx(gain[:, run.first_team].mean(), abs=1e-5)
    assert measure(run, "team_gain(31,integration)") == pytest.approx(gain[2, run.first_team].mean(), abs=1e-5)
    assert measure(run, "on_time_chance(0.9)") > measure(run, "on_time_chance(0.6)")
    with pytest.raises(InputError):
        measure(run, "participation(1,2,3)")


def test_every_measure_is_used():
    """What no pattern reads need not be kept."""
    used = {parse(text)[0] for pattern in read_patterns() for check in pattern.checks for _, text in check.readings}
    assert used == set(MEASURES.values())


@pytest.fixture(scope="module")
def found():
    return check_patterns(Command(compose(SMALL), Simulator(Serial(), progress=False)))


def test_a_small_run_gives_every_check_a_row(found):
    assert list(found.verdicts) == ["B3", "B17", "B26"]
    assert len(found.table) == sum(len(pattern.checks) for pattern in found.patterns)
    assert found.table["replicates"].max() == 2 and set(found.table["verdict"]) <= {"pass", "fail", "told"}


def test_null_checks_hold_and_differences_are_seen(found, run):
    """B26 is no matter of degree; and two runs that differ have other fingerprints."""
    assert found.verdicts["B26"] == "pass"
    from consensus_sim import load_model

    other = Run(load_model("teaching", "council", weeks=40, seed=2), 9)
    assert measure(run, "fingerprint") != measure(other, "fingerprint")


def test_wrong_ids_are_told():
    with pytest.raises(InputError, match="gust"):
        read_patterns(["gust"])
    with pytest.raises(InputError):
        read_patterns("B1")


def test_the_command_writes_tables_and_figures(cli, tmp_path):
    done = cli(*SMALL[:3], "patterns=[B17]", "report.language=zh", f"results={tmp_path}", "engine=serial")
    assert done.returncode == 0, done.stderr
    assert "B17" in done.stdout
    folder = next((tmp_path / "patterns").iterdir())
    assert (folder / "figures" / "B17.png").stat().st_size > 5000
    assert len(pd.read_csv(folder / "patterns.csv")) == 3 and len(pd.read_csv(folder / "patterns_replicates.csv")) == 6
    assert json.loads((folder / "provenance.json").read_text())
