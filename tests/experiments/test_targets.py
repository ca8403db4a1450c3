"""Targets are read with checks, and say one clear line otherwise."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import yaml

from consensus_sim.errors import InputError
from consensus_sim.experiments.calibrate.tables import with_error
from consensus_sim.experiments.targets import check_told, read_targets
from consensus_sim.experiments.validate.study import rivals_of

GOOD = {
    "name": "a", "statistic": "attendance_tea", "period": "phase1", "value": 20, "low": 18, "high": 28,
    "unit": "persons", "source": "F53", "use": "calibration",
}  # fmt: skip
PERIODS = ["phase1", "baseline", "plain"]


def write(tmp_path, *entries):
    place = tmp_path / "mine.yaml"
    place.write_text(yaml.safe_dump({"targets": list(entries)}), encoding="utf-8")
    return [str(place)]


def test_the_shipped_targets_are_those_of_the_evidence():
    targets = {t.name: t for t in read_targets(["baseline", "phase1"], PERIODS)}
    assert {t.source.split()[0] for t in targets.values()} == {
        "F51", "F53", "F54", "F55", "F56", "F57", "F58", "F59", "A5", "F71", "F72", "F14", "F66", "F67"
    }  # fmt: skip
    bands = {name: (t.value, t.low, t.high) for name, t in targets.items() if t.use == "calibration"}
    assert bands["attendance_first4"] == (10, 7, 13) and bands["meetings_per_settled"] == (3, 2.5, 3.5)
    assert bands["active_pool"][0] == pytest.approx(math.sqrt(60 * 400)) and targets["deadlock"].value == 0.75
    assert all(t.above == 0 for t in targets.values() if t.use == "sign")
    assert not any("consensus" in t.statistic for t in targets.values())


def test_the_error_is_what_the_band_says(tmp_path):
    (target,) = read_targets(write(tmp_path, GOOD), PERIODS)
    assert target.error == pytest.approx(5 / 1.6449, rel=1e-3) and target.inside(18) and not target.inside(28.5)
    (given,) = read_targets(write(tmp_path, {**GOOD, "error": 2}), PERIODS)
    assert given.error == 2
    (alone,) = read_targets(
        write(tmp_path, {**{k: v for k, v in GOOD.items() if k not in ("low", "high")}, "error": 2}), PERIODS
    )
    assert alone.low == pytest.approx(20 - 2 * 1.6449, rel=1e-3)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"use": "tuning"}, "use: found 'tuning'"),
        ({"low": 30}, "low 30 is not below high 28"),
        ({"value": 100}, "value: found 100; allowed: within low and high"),
        ({"value": "many"}, "found 'many'; allowed: a number"),
        ({"period": "phase2"}, "period: found 'phase2'"),
        ({"metric": "trust"}, "one of the three"),
        ({"statistic": None, "quantity": "reech"}, "quantity: found 'reech' (did you mean 'reach'?)"),
        ({"unti": "persons"}, "did you mean 'unit'"),
        ({"source": ""}, "allowed: a text"),
        ({"low": None, "high": None}, "give low and high, or value and error"),
        ({"use": "sign"}, "above: found null"),
        ({"scale": "log", "low": 0}, "numbers above 0"),
        ({"history": 3}, "history: found 3; allowed: a list, or null"),
        ({"error": 0}, "allowed: above 0"),
        ({"unit": "%"}, "allowed: a share from 0 to 1"),
        ({"unit": "percent of adults"}, "allowed: a share from 0 to 1"),
        ({"statistic": ..., "metric": "reach_quarter"}, "value: found 20; allowed: from 0 to 1, for this is a share"),
        ({"statistic": ..., "quantity": "reach"}, "value: found 20; allowed: from 0 to 1, for this is a share"),
    ],
)
def test_a_wrong_target_is_told_in_one_line(tmp_path, change, told):
    with pytest.raises(InputError, match=r"mine.yaml: targets\.a") as error:
        changed = {key: value for key, value in {**GOOD, **change}.items() if value is not ...}
        read_targets(write(tmp_path, changed), PERIODS)
    assert told in str(error.value) and "\n" not in str(error.value)


TOLD = [
    "attendance_tea", "sessions", "later/sessions", "later/reach_quarter:all", "later/reach_quarter:elder",
    "later/trust:all", "later/quantity/reach:all", "later/quantity/person_times:tea",
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"statistic": "attendence_tea"}, "statistic: found 'attendence_tea' (did you mean 'attendance_tea'?)"),
        ({"period": "later", "statistic": "session"}, "statistic: found 'session' (did you mean 'sessions'?)"),
        ({"period": "later", "metric": "truts"}, "metric: found 'truts' (did you mean 'trust'?)"),
        ({"period": "later", "metric": "reach_quarter", "group": "elders", "value": 0.2, "low": 0.1, "high": 0.3},
         "group (reach_quarter): found 'elders' (did you mean 'elder'?)"),
        ({"period": "later", "quantity": "person_times"}, "group (person_times): found 'all'; allowed: tea"),
        ({"period": "later", "quantity": "trust"}, "quantity: found 'trust'"),
    ],
)  # fmt: skip
def test_a_figure_that_no_run_tells_is_named_as_it_was_written(tmp_path, change, told):
    own = GOOD if "statistic" in change else {key: value for key, value in GOOD.items() if key != "statistic"}
    targets = read_targets(write(tmp_path, {**own, **change}), [*PERIODS, "later"])
    with pytest.raises(InputError) as error:
        check_told(targets, TOLD)
    assert str(error.value).startswith(str(tmp_path / "mine.yaml: targets.a.")) and told in str(error.value)
    check_told(read_targets(write(tmp_path, GOOD), PERIODS), TOLD)


def test_a_figure_for_another_experiment_may_name_a_period_of_its_own(tmp_path):
    later = {**GOOD, "name": "b", "use": "validation", "period": "phase9"}
    with pytest.raises(InputError, match="period: found 'phase9'"):
        read_targets(write(tmp_path, GOOD, later), PERIODS)
    first, second = read_targets(write(tmp_path, GOOD, later), PERIODS, elsewhere=("validation",))
    assert (first.period, second.period) == ("phase1", "phase9")
    with pytest.raises(InputError, match=r"targets\.a\.period: found 'phase9'"):
        read_targets(write(tmp_path, {**GOOD, "period": "phase9"}), PERIODS, elsewhere=("validation",))


def test_wrong_files_are_told(tmp_path):
    with pytest.raises(InputError, match="given twice"):
        read_targets(write(tmp_path, GOOD, GOOD), PERIODS)
    with pytest.raises(InputError, match="did you mean 'phase1'"):
        read_targets(["phase"], PERIODS)
    with pytest.raises(InputError, match=r"found 'nowhere.yaml'; there is no such file"):
        read_targets(["nowhere.yaml"], PERIODS)
    (tmp_path / "bad.yaml").write_text("targets: [", encoding="utf-8")
    with pytest.raises(InputError, match=r"bad\.yaml:2: "):
        read_targets([str(tmp_path / "bad.yaml")], PERIODS)
    (tmp_path / "none.yaml").write_text("a: 1", encoding="utf-8")
    with pytest.raises(InputError, match="no list under the key 'targets'"):
        read_targets([str(tmp_path / "none.yaml")], PERIODS)


SHARE = {"name": "x", "statistic": "latency", "period": "phase1", "value": 0.9, "low": 0.6, "high": 1.0,
         "unit": "share", "source": "mine", "use": "calibration", "history": [0.2, 0.8]}  # fmt: skip
BOUNDS = [
    ({}, (0, 1)),
    ({"unit": "persons"}, (0, math.inf)),
    ({"unit": "sittings"}, (1, math.inf)),
    ({"statistic": "tenants_under"}, (-1, 1)),
    ({"statistic": None, "metric": "trust", "unit": "of one"}, (0, 1)),
    ({"statistic": None, "quantity": "skill_gain_trained", "unit": "SD"}, (-math.inf, math.inf)),
]


@pytest.mark.parametrize(("change", "bounds"), BOUNDS)
def test_predictions_and_rivals_stay_within_the_range_of_the_figure(tmp_path, change, bounds):
    entry = {key: value for key, value in {**SHARE, **change}.items() if value is not None}
    (target,) = read_targets(write(tmp_path, entry), PERIODS)
    assert target.range == bounds
    wide = replace(target, error=100.0)
    assert with_error(wide, np.array([0.2, 0.8])) == pytest.approx(np.clip([-164, 165], *bounds), abs=5)
    assert rivals_of(target)["trend"] == pytest.approx(min(bounds[1], max(bounds[0], 1.4)))
