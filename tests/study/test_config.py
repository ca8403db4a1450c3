"""The composed config: every file takes part, changes are laid over each other in order, typos are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hydra import compose as hydra_compose
from hydra import initialize_config_dir

from consensus_sim.errors import InputError
from consensus_sim.paths import configs_dir
from consensus_sim.study.config import compose
from consensus_sim.study.config_names import OPEN_GROUPS
from consensus_sim.study.diagnosis import dotted, nearest_key
from consensus_sim.study.study import read_study


def options(group: str) -> list[str]:
    return sorted(path.stem for path in (configs_dir() / group).glob("*.yaml") if not path.stem.startswith("_"))


def test_every_file_of_the_open_groups_is_composed_under_its_name():
    config = compose()
    for group in OPEN_GROUPS:
        assert sorted(config[group]) == options(group)


CHOICES = [
    f"{group}={name}"
    for group in ("community", "behaviour", "calendar", "engine", "report", "experiment")
    for name in options(group)
]


@pytest.mark.parametrize("choice", CHOICES)
def test_every_file_composes_and_makes_a_study(choice):
    study = read_study(compose([choice]))
    assert len(study.scenarios) >= 1
    assert study.reference in [scenario.name for scenario in study.scenarios]


def test_every_scenario_and_lever_makes_a_study_of_its_own():
    names = options("scenario")
    config = compose([f"scenarios=[{','.join(names)}]"])
    assert config["scenarios"] == names
    for name in names:
        assert read_study({**config, "scenarios": [name]}).reference == name


def lever(overrides: list[str], scenario: str = "points", name: str = "points") -> dict:
    return read_study(compose([f"scenarios=[{scenario}]", *overrides])).scenario(scenario).lever(name)


def test_the_command_line_goes_before_the_file_and_that_of_one_scenario_before_that_of_all():
    assert lever([])["attendance"] == 2
    assert lever(["intervention.points.attendance=4"])["attendance"] == 4
    both = ["intervention.points.attendance=4", "scenario.points.interventions.points.attendance=7"]
    assert lever(both)["attendance"] == 7
    assert lever(["scenario.points.interventions.points={attendance: 9}"])["attendance"] == 9


def test_null_switches_a_lever_off():
    assert lever(["scenario.points.interventions.points=null"]) is None


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (["intervention.points.atendance=1"], "did you mean intervention.points.attendance?"),
        (["scenario.points.interventions.points.atendance=1"], "'atendance' (did you mean 'attendance'?)"),
        (["scenario.point.interventions.points.attendance=1"], "'point' (did you mean 'points'?)"),
        (["scenario.points.interventions.pionts.attendance=1"], "'pionts' (did you mean 'points'?)"),
        (["scenario.points.base=councl"], "'councl' (did you mean 'council'?)"),
        (["scenario.council.base=full"], "goes round in a circle"),
        (["intervention.points.start=soon"], "a date written YYYY-MM-DD"),
        (["calendar.start=2024-02-30"], "calendar.start: found '2024-02-30'"),
        (["calendar.weeks=523"], "a whole number from 1 to 522"),
        (["scenarios=[]"], "a list of names like [before,council]"),
        (["scenarios=[points,points]"], "each name once"),
        (["reference=nobody"], "reference: found 'nobody'"),
        (["seed=-1"], "seed: found -1"),
        (["parameters=center"], "did you mean 'centre'?"),
        (["intervention.points=5"], "intervention.points: found 5"),
        (["experiment=compar"], "did you mean 'compare'?"),
        (
            ["experiment=../compare"],
            "experiment: found '../compare' (did you mean 'compare'?); allowed: calibrate, choose, city",
        ),
        (["behaviour.x.y=[1]"], "behaviour.x.y: there is no such setting; behaviour has awareness, "),
        (["colour.x.y=[1]"], "colour.x.y: there is no such setting"),
        (["scenario.before.interventions=[a"], "cannot read 'scenario.before.interventions=[a'"),
        (["calendar=[1]"], "calendar: found [1]; allowed: default"),
        (["calendar=null"], "calendar: found null; allowed: default"),
        (["community=3"], "community: found '3'; allowed: case_study, teaching"),
        (["calendar={wekks: 3}"], "did you mean calendar.weeks?"),
        (["targets=README.md"], "targets: not read by this experiment; allowed with experiment=calibrate"),
        (["weeks=30"], "did you mean calendar.weeks?"),
        (["store.kept=1"], "did you mean store.keep?"),
        (["store.color=1"], "store.color: there is no such setting; store has reuse, keep"),
        (
            ["experiment=calibrate", "calibration.kept=1"],
            "no such setting; calibration has runs, second_wave, trees, ",
        ),
        (["intervention.points.catalogue={a: {price: 1}}"], "write ++intervention.points.catalogue="),
        (["++intervention.points.catalogue={a: {price: 0, worth: 1, share: 1}}"], "catalogue.a.price: found 0"),
        (["topic=[1]"], "topic: every file of this group is always loaded"),
        (["topic=traffic"], "topic.<name>.<setting>"),
        (["intervention.points.attendance=-1", "scenarios=[before]"], "intervention.points.attendance: found -1"),
        (["intervention.points.catalogue=3", "scenarios=[before]"], "intervention.points.catalogue: found 3"),
        (["积分=4"], "积分: there is no such setting; names are English"),
        (["scenarios=[议事会]"], "scenario: found '议事会'; allowed: "),
        (["+replicats=4"], "replicats: there is no such setting; did you mean replicates?"),
        (["++foo.bar=1"], "foo.bar: there is no such setting"),
        (["scenario.council.base=council"], "scenario.council.base: goes round in a circle"),
        (["scenarios=[before,council]", "reference=full"], "reference: found 'full'; allowed: before, council"),
        (["scenarios=[before,council]", "reference=foo"], "reference: found 'foo'; allowed: before, council"),
        (["calendar.start=20240501"], "calendar.start: found 20240501; allowed: a date written YYYY-MM-DD"),
        (
            ["scenario.points=null"],
            "scenario.points: found null; allowed: a mapping with the keys label,",
        ),
    ],
)
def test_what_cannot_be_used_is_told_in_one_line(overrides, told):
    with pytest.raises(InputError) as caught:
        read_study(compose(overrides))
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_reference_falls_back_to_the_first_scenario():
    assert read_study(compose(["scenarios=[before,points]"])).reference == "before"
    assert read_study(compose(["scenarios=[before,points]", "reference=points"])).reference == "points"


def write_own(folder: Path, group: str, name: str, text: str) -> None:
    (folder / group).mkdir(exist_ok=True)
    (folder / group / f"{name}.yaml").write_text(text, encoding="utf-8")


def test_own_files_are_found_and_can_be_changed_by_name(tmp_path):
    source = (configs_dir() / "intervention" / "points.yaml").read_text(encoding="utf-8")
    write_own(tmp_path, "intervention", "gift", source)
    write_own(tmp_path, "scenario", "mine", "base: before\ninterventions: {gift: {attendance: 7}}\n")
    chosen = ["scenarios=[mine]", "intervention.gift.proposal=11"]
    gift = read_study(compose(chosen, config_dir=tmp_path)).scenario("mine").lever("gift")
    assert (gift["attendance"], gift["proposal"]) == (7, 11)
    with pytest.raises(InputError, match="did you mean intervention.gift.attendance"):
        compose(["intervention.gift.atendance=1"], config_dir=tmp_path)


def test_chinese_paths_and_files_need_no_quotes(tmp_path):
    text = (configs_dir() / "community" / "teaching.yaml").read_text(encoding="utf-8")
    write_own(tmp_path, "community", "山坡", text)
    config = compose(["results=结果/甲", "community=山坡", "question.zh=什么"], config_dir=tmp_path)
    assert (config["results"], config["question"]["zh"]) == ("结果/甲", "什么")
    assert config["community"]["name"] == compose(["community=teaching"])["community"]["name"]
    assert compose(['results="结果, 甲"'])["results"] == "结果, 甲"
    write_own(tmp_path, "scenario", "信", "base: before\n")
    with pytest.raises(InputError, match=r"scenario/信\.yaml: found the file name '信'; allowed: Latin letters"):
        compose(config_dir=tmp_path)


def test_an_own_file_may_not_take_a_built_in_name(tmp_path):
    write_own(tmp_path, "scenario", "full", "interventions: {}\n")
    with pytest.raises(InputError, match="a built-in scenario has this name"):
        compose(config_dir=tmp_path)


def test_composing_leaves_an_outer_hydra_as_it_was(tmp_path):
    (tmp_path / "outer.yaml").write_text("a: 1\n", encoding="utf-8")
    with initialize_config_dir(config_dir=str(tmp_path), version_base="1.3"):
        compose()
        assert hydra_compose(config_name="outer").a == 1


def test_nearest_key_goes_level_by_level():
    config = {"calendar": {"weeks": 1, "start": 2}, "seed": 3}
    assert nearest_key("calender.week", config) == "calendar.weeks"
    assert nearest_key("sed", config) == "seed"
    assert nearest_key("qqqq", config) is None
    assert list(dotted(config)) == ["calendar", "calendar.weeks", "calendar.start", "seed"]


def test_what_is_composed_again_is_a_copy_of_its_own():
    first, second = compose(["replicates=7"]), compose(["replicates=7"])
    assert first == second and first is not second
    first["calendar"]["weeks"] = 1
    assert compose(["replicates=7"]) == second != first


def test_a_file_that_changes_is_read_again(tmp_path):
    (tmp_path / "scenario").mkdir()
    mine = tmp_path / "scenario" / "mine.yaml"
    for sessions in (1, 2.5):
        mine.write_text(f"base: council\ninterventions: {{council: {{sessions_per_month: {sessions}}}}}\n")
        found = compose(config_dir=tmp_path)["scenario"]["mine"]["interventions"]["council"]
        assert found == {"sessions_per_month": sessions}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"name: a\nname: b\n", r"bad\.yaml:2: found duplicate key name; allowed: YAML"),
        (b"defaults: [_base\nname: x\n", r"bad\.yaml:2: .*expected ',' or '\]'"),
        (b"name: x\n\tseed: 1\n", r"bad\.yaml:2: found (a tab )?character"),
        ("name: \u6ee8\u6cb3".encode("gbk"), r"bad\.yaml: found text that is not in UTF-8"),
    ],
)
def test_a_file_that_is_no_yaml_is_named_with_its_line(tmp_path, content, told):
    (tmp_path / "community").mkdir()
    (tmp_path / "community" / "bad.yaml").write_bytes(content)
    with pytest.raises(InputError, match=told) as caught:
        compose(["community=bad"], config_dir=tmp_path)
    assert "\n" not in str(caught.value)
