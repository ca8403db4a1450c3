"""The pages for planners are true: their commands are ones that the program takes, the example community is built."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pandas as pd
import pytest
import yaml

from consensus_sim import load_community
from consensus_sim.catalogue import text
from consensus_sim.experiments.runner import Command
from consensus_sim.experiments.validate.study import run
from consensus_sim.forecast.simulator import Simulator
from consensus_sim.runs.engines import Serial
from consensus_sim.study.config import compose
from consensus_sim.study.study import read_study

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
EXAMPLE = DOCS / "examples" / "own_community"
PAGES = {name: (DOCS / name).read_text(encoding="utf-8") for name in ("community.md", "guide.zh.md")}


def commands() -> list[tuple[Path, str]]:
    """Every command line of the pages, and the folder in which it is given."""
    found = []
    for page in PAGES.values():
        for block in re.findall(r"^```sh\n(.*?)^```", page, flags=re.M | re.S):
            folder = ROOT
            for line in block.splitlines():
                if line.startswith("cd "):
                    folder = ROOT / line.removeprefix("cd ")
                else:
                    found.append((folder, line))
    return found


@pytest.mark.parametrize(("folder", "line"), commands())
def test_every_command_makes_a_study_and_a_community(folder, line, monkeypatch):
    program, *words = shlex.split(line.replace("sh start.sh", "consensus-sim", 1))
    assert program.removeprefix(".venv/bin/") == "consensus-sim"
    monkeypatch.chdir(folder)
    own = Path(words[words.index("--config-dir") + 1]) if "--config-dir" in words else None
    config = compose([word for word in words if "=" in word], config_dir=own)
    study = read_study(config)
    assert study.reference in [scenario.name for scenario in study.scenarios]
    if own is not None:
        from consensus_sim.community import build_community

        assert build_community(config["community"]).name == "riverside"


def test_the_example_of_own_figures_is_scored_and_says_what_it_is_for(tmp_path, monkeypatch):
    """By the guide's command, small; in both experiments, whose targets it holds."""
    (line,) = (line for _, line in commands() if "experiment=validate" in line)
    monkeypatch.chdir(ROOT)
    changes = [word for word in shlex.split(line)[1:] if "=" in word]
    config = compose([*changes, "community=teaching", "replicates=4", f"results={tmp_path}"])
    table = run(Command(config, Simulator(Serial()))).tables["validation"]
    own = yaml.safe_load((DOCS / "examples" / "own_targets" / "observed.yaml").read_text(encoding="utf-8"))["targets"]
    assert list(table["target"]) == [target["name"] for target in own] and not table["fitted"].any()
    assert table["crps_trend"].notna().sum() == 1  # the one with a history of two
    assert {target["use"] for target in own} == {"calibration", "validation"}


def test_the_example_is_the_community_that_its_file_describes():
    file = EXAMPLE / "community" / "riverside.yaml"
    spec = yaml.safe_load(file.read_text(encoding="utf-8"))
    for register in (None, "../buildings.csv"):
        built = load_community(str(file), overrides={"buildings_file": register})
        assert built.n_residents == spec["totals"]["residents"]["value"]
        assert built.places.n_micro_grids == spec["totals"]["micro_grids"]["value"]
        assert built.places.n_dwellings == spec["totals"]["dwellings"]["value"]


def test_the_register_on_the_page_is_that_of_the_example():
    (block,) = re.findall(r"^```csv\n(.*?)^```", PAGES["community.md"], flags=re.M | re.S)
    rows = (EXAMPLE / "buildings.csv").read_text(encoding="utf-8").splitlines()
    assert block.splitlines()[0] == rows[0] and set(block.splitlines()) <= set(rows)


def test_the_python_example_runs_as_written(monkeypatch):
    monkeypatch.chdir(ROOT)
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGES["community.md"], flags=re.M | re.S)
    names: dict = {}
    exec(compile(code, "docs/community.md", "exec"), names)
    assert set(names["forecast"].summary()["scenario"]) == {"before", "council"}


FROM_BASE = {"scale", "seed", "buildings_file"}
"""Settings that a file of one's own hardly needs: they stand in _base, and are listed all the same."""


def test_the_table_names_every_setting_of_a_community():
    named = set(re.findall(r"^\| (.*?) \|", PAGES["community.md"], flags=re.M))
    settings = {word.split(".")[0] for cell in named for word in re.findall(r"`([\w.<>]+)`", cell)}
    own = yaml.safe_load((EXAMPLE / "community" / "riverside.yaml").read_text(encoding="utf-8"))
    assert settings == set(own) - {"defaults"} | FROM_BASE


def test_the_chinese_guide_calls_the_parts_of_the_page_as_the_page_does():
    rows = re.findall(r"^\| ([^|`]+?) \|", PAGES["guide.zh.md"].split("## 三")[0], flags=re.M)
    titles = {text(f"report.{name}", "zh") for name in ("answer", "figures", "tables", "certainty", "limits")}
    assert set(rows) - {"章节", "---"} == titles


def test_the_chinese_guide_calls_the_scenarios_as_the_program_does():
    page = PAGES["guide.zh.md"]
    scenarios = compose([])["scenario"]
    rows = re.findall(r"^\| (`.*?) \|", page.split("## 四")[0], flags=re.M)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert named and named <= set(scenarios)


def test_the_chinese_guide_names_the_settings_of_a_community():
    part = PAGES["guide.zh.md"].split("## 五")[1].split("## 六")[0]
    named = {name for row in re.findall(r"^\| (`.*?) \|", part, flags=re.M) for name in re.findall(r"`(\w+)`", row)}
    own = yaml.safe_load((EXAMPLE / "community" / "riverside.yaml").read_text(encoding="utf-8"))
    assert named == set(own) - {"defaults"} | {"buildings_file"}
    estate = set(own["estates"]["old_yard"]) - {"label", "housing"}
    assert estate <= set(re.findall(r"`(\w+)`", part))


def test_the_chinese_guide_tells_what_the_published_table_says():
    page = PAGES["guide.zh.md"]
    verdicts = pd.read_csv(ROOT / "results" / "reference" / "institutions.csv")["verdict"]
    words = ("^as expected: sure$", "^as expected: sure on", "^against", "^no difference")
    counts = [len(verdicts), *(verdicts.str.contains(word).sum() for word in words)]
    parts = (
        r"(\d+) 项预期里，",
        r"(\d+) 项在单个",
        r"(\d+) 项平均如预期",
        r"(\d+) 项与预期相反",
        r"(\d+) 项差别小",
        r"其余 (\d+) 项",
    )
    expected = re.search(".*?".join(parts), page, flags=re.S)
    assert expected is not None
    assert [int(number) for number in expected.groups()] == [*counts, counts[0] - sum(counts[1:])]
