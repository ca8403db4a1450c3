"""The command line: help, a small run, sweeps, and every error as one line with exit code 2."""

from __future__ import annotations

import json
import shutil
from importlib import metadata
from pathlib import Path

import pandas as pd
import pytest

from consensus_sim.paths import configs_dir
from consensus_sim.sweep import Sweep

SMALL = ("community=teaching", "scenarios=[before,points]", "replicates=2", "calendar.weeks=12")
FILES = {
    "config.yaml", "provenance.json", "weekly.parquet", "grids.parquet", "topics.parquet", "meetings.parquet",
    "capability.parquet", "points.parquet", "costs.parquet", "metrics.parquet", "summary.csv", "contrasts.csv",
    "report.html", "figures",
}  # fmt: skip


def test_help_lists_groups_and_examples(cli):
    done = cli("--help")
    assert done.returncode == 0
    for word in (
        "community: ",
        "teaching",
        "intervention: ",
        "quota_seating",
        "consensus-sim -m",
        "--config-dir",
    ):
        assert word in done.stdout


def test_help_lists_own_files_and_needs_nothing_else(cli, tmp_path):
    (tmp_path / "mine" / "scenario").mkdir(parents=True)
    (tmp_path / "mine" / "scenario" / "corner.yaml").write_text("base: council\n", encoding="utf-8")
    done = cli("seed=7", "--help", "--config-dir", "mine")
    assert done.returncode == 0 and done.stderr == ""
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("scenario: ")]
    assert {"corner", "before"} <= set(line.removeprefix("scenario: ").split(", "))
    assert cli("--help", "--config-dir", "nowhere").returncode == 2


def test_a_small_run_leaves_its_results_and_nothing_else(cli, tmp_path):
    done = cli(*SMALL)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["results"]
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["compare"]
    (folder,) = (tmp_path / "results" / "compare").iterdir()
    assert FILES <= {path.name for path in folder.iterdir()}
    assert f"results: results/compare/{folder.name}" in done.stdout
    summary = pd.read_csv(folder / "summary.csv")
    assert list(summary["scenario"].unique()) == ["before", "points"]
    assert summary["replicates"].max() == 2
    weekly = pd.read_parquet(folder / "weekly.parquet")
    assert list(weekly.columns[:2]) == ["scenario", "replicate"]
    assert weekly["value"].dtype == "float32"


AUTO = (
    "community=teaching", "scenarios=[before,points]", "calendar.weeks=12", "replicates=auto", "precision=0.0001",
    "monte_carlo.minimum=4", "monte_carlo.batch=2", "monte_carlo.maximum=6",
)  # fmt: skip


def test_replicates_auto_says_what_it_reached_on_terminal_page_and_in_the_facts(cli, tmp_path):
    done = cli(*AUTO, "report.language=zh", "report.figures=false")
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "results" / "compare").iterdir()
    said = "要求的精度 0.0001 在模拟 6 次（上限 monte_carlo.maximum）后尚未达到"
    assert said in done.stdout.replace("\n", "") and "模拟误差" in done.stdout
    assert said in (folder / "report.html").read_text(encoding="utf-8")
    facts = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
    assert facts["replicates"] == 6 and facts["monte_carlo_error"]["asked"] == 0.0001
    assert facts["monte_carlo_error"]["missing"][0] == facts["monte_carlo_error"]["largest"]
    assert pd.read_csv(folder / "summary.csv")["replicates"].max() == 6
    assert not (tmp_path / "results" / ".replicates").exists()


def test_the_version_is_the_packages_own(cli):
    done = cli("--version")
    assert (done.returncode, done.stdout) == (0, f"consensus-sim {metadata.version('consensus-sim')}\n")


def test_page_and_facts_tell_the_settings_that_were_given_and_nothing_else(cli, tmp_path):
    change = "scenario.points.interventions.points.attendance=3"
    done = cli(*SMALL, change, "engine.workers=1", "report.figures=false")
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "results" / "compare").iterdir()
    facts = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
    assert facts["changes"] == [*SMALL, change]
    assert ", ".join(facts["changes"]) in (folder / "report.html").read_text(encoding="utf-8")
    assert "changes" not in (folder / "config.yaml").read_text(encoding="utf-8")
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Against before, what do these change in participation and consensus: council + points?" in page


def test_levers_that_start_after_the_last_day_are_named(cli, tmp_path):
    done = cli("community=teaching", "scenarios=[before,council,points]", "replicates=1", "calendar.weeks=9")
    assert done.returncode == 0, done.stderr
    late = "ballot, council, lectures, parlour, points, quota_seating, tea"
    expected = f"ends on 2024-05-05, before these start; they have no effect: {late} (in council + points)."
    assert expected in " ".join(done.stdout.split())
    assert done.stdout.count("The run ends on") == 2  # not under `before`
    (page,) = (tmp_path / "results").glob("compare/*/report.html")
    assert expected in page.read_text(encoding="utf-8")


def test_the_folder_of_own_files_is_among_the_settings_given_and_an_own_question_is_kept(cli, tmp_path):
    (tmp_path / "mine" / "scenario").mkdir(parents=True)
    (tmp_path / "mine" / "scenario" / "ours.yaml").write_text("base: council\nlabel: ours\n", encoding="utf-8")
    own = ("--config-dir", "mine", "community=teaching", "scenarios=[ours]", "replicates=1", "calendar.weeks=6")
    done = cli(*own, "report.figures=false", "question.en=Ours or not?", "report.language=en")
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "results" / "compare").iterdir()
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "--config-dir mine, community=teaching" in page and "Ours or not?" in page


def test_a_sweep_gives_each_job_its_own_folder_and_leaves_no_trace_of_hydra(cli, tmp_path):
    done = cli("-m", *SMALL, "seed=1,2")
    assert done.returncode == 0, done.stderr
    (time,) = (tmp_path / "results" / "compare").iterdir()
    assert sorted(path.name for path in time.iterdir()) == ["0", "1", "sweep.csv"]
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["compare"]
    assert (time / "0" / "summary.csv").read_bytes() != (time / "1" / "summary.csv").read_bytes()
    headings = [line for line in done.stdout.splitlines() if line.startswith("job ")]
    assert headings == ["job 0 (1 of 2): seed=1", "job 1 (2 of 2): seed=2"]
    facts = json.loads((time / "1" / "provenance.json").read_text(encoding="utf-8"))
    assert facts["changes"] == [*SMALL, "seed=2"]
    table = pd.read_csv(time / "sweep.csv")
    assert list(table) == ["job", "seed", "folder", "status", "scenario", "metric", "mean", "q05", "q95"]
    assert set(zip(table["job"], table["seed"], table["folder"], table["status"], strict=True)) == {
        (0, 1, 0, "done"), (1, 2, 1, "done"),
    }  # fmt: skip
    summary = pd.read_csv(time / "1" / "summary.csv").query("scenario == 'points' and metric == 'trust'")
    row = table.query("job == 1 and scenario == 'points' and metric == 'trust'")
    assert row["mean"].tolist() == summary.query("group == 'all'")["mean"].tolist()


TINY = (
    "community=teaching", "scenarios=[before]", "replicates=1", "calendar.weeks=4", "engine=serial",
    "report.html=false", "report.figures=false",
)  # fmt: skip


@pytest.mark.parametrize("chosen", [".", "results", "results/compare/mysweep", "new/one"])
def test_a_sweep_in_a_folder_of_the_users_takes_nothing_away(cli, tmp_path, chosen):
    theirs = {
        name: f"theirs: {name}"
        for name in ("thesis.txt", "multirun.yaml", "results/old/a.csv", "results/multirun.yaml", "results/sweep.csv")
    } | {"results/compare/mysweep/0/b.csv": "an older job", "results/compare/mysweep/multirun.yaml": "older"}
    for name, text in theirs.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = cli("-m", *TINY, f"hydra.sweep.dir={chosen}", "seed=1,2")
    assert done.returncode == 0, done.stderr
    for name, text in theirs.items():
        assert (tmp_path / name).read_text(encoding="utf-8") == text
    folder = tmp_path / chosen
    (table,) = {*folder.glob("sweep*.csv")} - {tmp_path / "results/sweep.csv"}
    places = dict(zip(pd.read_csv(table)["job"], pd.read_csv(table)["folder"].astype(str), strict=True))
    assert all((folder / place / "summary.csv").is_file() for place in places.values()) and len(places) == 2
    assert not [*tmp_path.rglob(".sweep*")]


def test_sweeps_begun_at_once_have_folders_of_their_own_and_leave_nothing(tmp_path):
    wanted = tmp_path / "results" / "compare" / "now"
    sweeps = [Sweep(wanted, chosen=False) for _ in range(3)]
    assert [sweep.folder.name for sweep in sweeps] == ["now", "now-2", "now-3"]
    for sweep in reversed(sweeps):  # the first made the folders above
        sweep.end()
    assert not [*tmp_path.iterdir()]


def test_a_sweep_keeps_a_folder_that_was_there_and_empty(tmp_path):
    (tmp_path / "mine").mkdir()
    Sweep(tmp_path / "mine" / "within", chosen=True).end()
    assert [path.name for path in tmp_path.iterdir()] == ["mine"] and not [*(tmp_path / "mine").iterdir()]


def test_a_bad_value_in_a_sweep_is_told_and_the_other_job_is_done(cli, tmp_path):
    done = cli("-m", *SMALL, "replicates=0,1")
    assert done.returncode == 2
    assert "job 0" in done.stderr and "replicates: found 0" in done.stderr and "Traceback" not in done.stderr
    (time,) = (tmp_path / "results" / "compare").iterdir()
    assert sorted(path.name for path in time.iterdir()) == ["1", "sweep.csv"]
    table = pd.read_csv(time / "sweep.csv")
    assert table.query("job == 0")["status"].tolist() == ["failed"]
    assert set(table.query("job == 1")["status"]) == {"done"} and table["replicates"].tolist()[:2] == [0, 1]


ERRORS = [
    (["hydra.output_subdir=mine"], "hydra.output_subdir=mine: this setting of Hydra's is not used here"),
    (["hydra.callbacks.x._target_=os.system"], "this setting of Hydra's is not used here"),
    (["behaviour.participation=[1,2]"], "behaviour.participation: found [1,2]; allowed: a mapping"),
    (["scenarios=[before,pionts]"], "'pionts' (did you mean 'points'?)"),
    (["intervention.quota_seating.share=1.4"], "intervention.quota_seating.share: found 1.4"),
    (["calendar.weeks=-3"], "calendar.weeks: found -3; allowed: a whole number from 1 to 522"),
    (["calendar.weeks=abc"], "calendar.weeks: found 'abc'"),
    (["intervention.points.atendance=4"], "did you mean intervention.points.attendance?"),
    (["scenarios=[before]", "scenario.full.interventions.points.atendance=1"], "(did you mean 'attendance'?)"),
    (["calender.weeks=10"], "did you mean calendar.weeks?"),
    (["intervention.points.start=2024-09-01", "intervention.points.end=2024-06-01"], "lies before its start"),
    (["replicates=0"], "replicates: found 0"),
    (["seed=340282366920938463463374607431768211456"], "; allowed: a whole number from 0 to 10000000000000"),
    (["-m", "results=a,b"], "results: a sweep has one folder"),
    (["replicates=many"], "replicates: found 'many'"),
    (["replicates=100000000"], "replicates: found 100000000; allowed: a whole number from 1 to 100000"),
    (["replicates=auto", "precision=0"], "precision: found 0"),
    (["replicates=auto", "precision=x"], "precision: found 'x'"),
    (["precision=0.1"], "precision: found 0.1 with replicates=20"),
    (["experiment=city", "replicates=auto", "precision=0.1"], "auto is for analysis=compare, this is city"),
    (["monte_carlo.maximun=80"], "did you mean monte_carlo.maximum?"),
    (["community=case_studdy"], "'case_studdy' (did you mean 'case_study'?)"),
    (["engine=clustr"], "engine: found 'clustr'"),
    (["seed=1,2"], "add -m"),
    (["scenarios=[before"], "cannot read 'scenarios=[before'"),
    (["report.language=fr"], "report.language: found 'fr'"),
    (["--no-such-option"], "--no-such-option"),
    (["--config-dir", "nowhere"], "config-dir: found 'nowhere'"),
    (["-m", "calendar.weks=1,2"], "did you mean calendar.weeks?"),
]


@pytest.mark.parametrize(("arguments", "expected"), ERRORS, ids=[" ".join(words) for words, _ in ERRORS])
def test_an_error_is_one_line_with_exit_code_2_and_leaves_nothing(cli, tmp_path, arguments, expected):
    done = cli(*arguments)
    assert done.returncode == 2
    assert expected in done.stderr
    assert done.stderr.startswith("consensus-sim: ") and done.stderr.count("\n") == 1
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_debug_shows_where_an_error_came_from(cli):
    done = cli("calendar.weeks=-3", "debug=true")
    assert done.returncode == 2
    assert "Traceback" in done.stderr


def test_own_lever_and_scenario_from_a_folder(cli, tmp_path):
    mine = tmp_path / "mine"
    (mine / "intervention").mkdir(parents=True)
    (mine / "scenario").mkdir()
    shutil.copy(Path(__file__).parent / "faults" / "broken_levers.py", mine / "intervention")
    (mine / "intervention" / "quiet.yaml").write_text(
        "class: broken_levers.py:Raises\nstart: null\nend: null\nshare: 0.5\n", encoding="utf-8"
    )
    (mine / "scenario" / "mine.yaml").write_text("base: council\ninterventions: {quiet: {}}\n", encoding="utf-8")
    chosen = ("--config-dir", "mine", "community=teaching", "replicates=1", "calendar.weeks=6")
    done = cli(*chosen, "scenarios=[council,mine]", "intervention.quiet.share=0")
    assert done.returncode == 0, done.stderr
    done = cli(*chosen, "scenarios=[council,mine]", "intervention.quiet.shore=0")
    assert done.returncode == 2 and "intervention.quiet.share" in done.stderr


OWN_ERRORS = {
    "scenario: a key": ("scenario", "bse: full\n", "scenario.mine: unknown key 'bse' (did you mean 'base'?)"),
    "scenario: plural": ("scenario", "intervention: {tea: {}}\n", "(did you mean 'interventions'?)"),
    "scenario: a value": ("scenario", "interventions: {tea: {places: 1}}\n", "interventions.tea: unknown key 'places'"),
    "scenario: a range": ("scenario", "interventions: {points: {attendance: 99999}}\n", "attendance: found 99999"),
    "community": ("community", "defaults: [_base]\nname: mine\n", "community: the key 'label' is missing"),
    "defaults": ("community", "defaults: [case_stud, _self_]\n", "mine.yaml: defaults: found 'case_stud' (did you"),
    "no list": ("community", "defaults: case_study\n", "mine.yaml: defaults: found 'case_study'; allowed: a list such"),
    "topic": ("topic", "polarity: [0.9, 0.1]\n", "topic.mine.polarity: found [0.9, 0.1]; allowed: [from, to], from no"),
    "lever": (
        "intervention",
        "_target_: own_levers.Broken\n",
        "write instead, with the class's file beside",
    ),
    "reference": ("scenario", "label: a\ndescription: '${oc.env:HOME}'\n", "description: found '${oc.env:HOME}'"),
    "header": ("scenario", "# @package _global_\nhydra: {callbacks: {}}\n", "'# @package _global_'; allowed: none"),
}


@pytest.mark.parametrize("case", OWN_ERRORS)
def test_an_error_in_an_own_file_names_the_file(cli, tmp_path, case):
    group, text, expected = OWN_ERRORS[case]
    (tmp_path / "mine" / group).mkdir(parents=True)
    if group == "topic":
        text = (
            (configs_dir() / "topic" / "traffic.yaml")
            .read_text(encoding="utf-8")
            .replace("polarity: [0.00, 0.10]", text.strip())
        )
    (tmp_path / "mine" / group / "mine.yaml").write_text(text, encoding="utf-8")
    before = sorted(path.name for path in tmp_path.iterdir())
    names = "[before,mine]" if group == "scenario" else "[before,council]"
    own = ["community=mine"] if group == "community" else []
    done = cli("--config-dir", "mine", *SMALL, f"scenarios={names}", *own)
    assert done.returncode == 2 and expected in done.stderr, done.stderr
    lines = done.stderr.splitlines()
    assert len(set(lines)) == len(lines) and all(f"mine/{group}/mine.yaml: " in line for line in lines)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "__pycache__") == before


def test_the_folder_of_one_group_is_no_config_dir(cli, tmp_path):
    (tmp_path / "mine" / "community").mkdir(parents=True)
    (tmp_path / "mine" / "community" / "ours.yaml").write_text("name: ours\n", encoding="utf-8")
    done = cli("--config-dir", "mine/community", *SMALL)
    assert done.returncode == 2 and "allowed: the folder above" in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize("sweep", [[], ["-m", "seed=1,2"]], ids=["run", "sweep"])
def test_a_file_in_place_of_the_results_folder(cli, tmp_path: Path, sweep):
    (tmp_path / "results").write_text("in the way", encoding="utf-8")
    done = cli(*SMALL, *sweep)
    assert done.returncode == 2
    assert "results" in done.stderr and done.stderr.count("\n") == 1
    assert (tmp_path / "results").read_text(encoding="utf-8") == "in the way"


def test_mistakes_are_told_in_the_language_of_the_report(cli):
    done = cli("scenarios=[before,pionts]", "report.language=zh")
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("consensus-sim: scenario：读到 'pionts'（您要写的是 'points' 吗？）；允许：")
    assert cli("foo", "report.language=zh").stderr.startswith("consensus-sim: 'foo'：要写成 键=值")
    assert cli("foo").stderr.startswith("consensus-sim: 'foo': write key=value")
