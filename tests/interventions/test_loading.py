"""Classes of interventions: built-in by name, one's own by a file beside the YAML file, which travels by its text."""

from __future__ import annotations

import pickle
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from consensus_sim.errors import InputError
from consensus_sim.interventions.base import Intervention, build_lever
from consensus_sim.interventions.loading import BUILT_IN, code_digest_of, instead_of_target, load_class, with_digest
from consensus_sim.runs.store import code_of
from consensus_sim.study.config import compose
from consensus_sim.study.study import read_study

CLASS = """
from __future__ import annotations
from dataclasses import dataclass
from pathlib import Path
from consensus_sim.interventions.base import Intervention, setting

Path({acted!r}).touch()

@dataclass(kw_only=True, eq=False)
class Mine(Intervention):
    share: float = setting(0, 1)

NOTHING = 3

class Other:
    pass
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of the user's with an intervention in a file of its own, which leaves a trace when it is run."""
    for group in ("intervention", "scenario"):
        (tmp_path / "mine" / group).mkdir(parents=True)
    write(tmp_path / "mine", "class: own.py:Mine")
    code = CLASS.format(acted=str(tmp_path / "acted"))
    (tmp_path / "mine" / "intervention" / "own.py").write_text(code, encoding="utf-8")
    (tmp_path / "mine" / "scenario" / "used.yaml").write_text(
        "base: before\ninterventions: {own: {}}\n", encoding="utf-8"
    )
    return tmp_path / "mine"


def write(folder: Path, line: str) -> None:
    text = f"{line}\nstart: null\nend: null\nshare: 0.5\n"
    (folder / "intervention" / "own.yaml").write_text(text, encoding="utf-8")


def study(folder: Path, *scenarios: str):
    return read_study(compose([f"scenarios=[{','.join(scenarios)}]", "community=teaching"], config_dir=folder))


def test_every_built_in_name_is_a_class_in_a_module_of_that_name():
    for name, kind in BUILT_IN.items():
        assert load_class("class", name) is getattr(import_module(f"consensus_sim.interventions.{name}"), kind)
        assert code_digest_of(name) is None
    used = {settings["class"] for settings in compose()["intervention"].values()}
    assert used == set(BUILT_IN)


def test_a_file_is_run_only_where_it_is_used(folder):
    study(folder, "before")
    assert not (folder.parent / "acted").exists()
    found = study(folder, "before", "used")
    assert (folder.parent / "acted").exists()
    assert isinstance(build_lever("own", found.scenario("used").lever("own")), Intervention)


def test_the_key_knows_the_text_of_the_file_and_not_its_place(folder, tmp_path):
    keys = []
    for place, more in ((folder, ""), (tmp_path / "moved", ""), (tmp_path / "moved", "# other text\n")):
        if place != folder and not place.exists():
            folder.rename(place)
        source = place / "intervention" / "own.py"
        source.write_text(source.read_text(encoding="utf-8") + more, encoding="utf-8")
        found = study(place, "before", "used")
        scenario = found.scenario("used")
        assert str(tmp_path) not in repr(scenario)
        keys.append(found.key(scenario, code_of(scenario)))
    assert keys[0] == keys[1] != keys[2]


def test_a_scenario_brings_the_text_to_a_process_that_has_not_read_it(folder):
    scenario = study(folder, "before", "used").scenario("used")
    (folder.parent / "scenario.pickle").write_bytes(pickle.dumps(scenario))
    (folder / "intervention" / "own.py").unlink()
    code = (
        "import pickle, pathlib; from consensus_sim.interventions.base import build_lever; "
        "scenario = pickle.loads(pathlib.Path('scenario.pickle').read_bytes()); "
        "print(type(build_lever('own', scenario.lever('own'))).__name__, vars(scenario).keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder.parent, capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("Mine ") and "sources" not in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("class Mine(:\n", "SyntaxError"),
        ("import nothing_of_that_name\n", "ModuleNotFoundError"),
        ("import sys\nsys.exit(0)\n", "SystemExit"),
        ("Mine = 3\n", "not a subclass"),
        ("class Mine: pass\n", "not a subclass"),
        ("class Yours: pass\n", "AttributeError"),
        (None, "intervention/own.py is missing"),
    ],
)
def test_a_file_that_cannot_be_used_stops_only_runs_that_use_it(folder, text, told):
    source = folder / "intervention" / "own.py"
    source.unlink() if text is None else source.write_text(text, encoding="utf-8")
    assert [one.name for one in study(folder, "before", "council").scenarios] == ["before", "council"]
    with pytest.raises(InputError, match="intervention.own.class: found 'own.py:Mine") as caught:
        study(folder, "before", "used")
    assert told in str(caught.value) and "\n" not in str(caught.value)


def test_an_intervention_without_a_class_or_with_a_name_is_told(folder):
    write(folder, "colour: 3")
    with pytest.raises(InputError, match=r"^intervention\.own: the key 'class' is missing; needed: a built-in class"):
        study(folder, "before", "used")
    write(folder, "class: own.py:Mine\nname: other")
    with pytest.raises(InputError, match="unknown key 'name'.*allowed: start, end, held_back, cost, share$"):
        study(folder, "used")


@pytest.mark.parametrize(
    "name", ["../own.py:Mine", "/tmp/own.py:Mine", "a/../../own.py:Mine", "own.py", "own.py:a.b", "link.py:Mine"]
)
def test_a_class_lies_beside_its_yaml_file(folder, name):
    (folder / "own.py").write_text("", encoding="utf-8")
    (folder / "intervention" / "link.py").symlink_to(folder / "own.py")
    with pytest.raises(InputError, match=r"own\.yaml: class: found .*allowed: a file beside this one"):
        with_digest(name, folder / "intervention", "own.yaml")


@pytest.mark.parametrize(
    ("target", "line"),
    [
        ("letter_campaign.LetterCampaign", "class: letter_campaign.py:LetterCampaign"),
        ("package.module.Mine", "class: module.py:Mine"),
        ("consensus_sim.interventions.ballot.OnlineBallot", "class: ballot"),
        ("os.system", "class: os.py:system"),
    ],
)
def test_the_line_to_write_instead_is_told(folder, target, line):
    write(folder, f"_target_: {target}")
    with pytest.raises(InputError, match=f"own.yaml: found the key '_target_'; write instead, .*: {line}$"):
        compose(config_dir=folder)
    assert instead_of_target(target) == line


def test_no_class_is_named_from_elsewhere(folder):
    for change in ("intervention.own.class=os.py:system", "intervention.points.class=os.system"):
        with pytest.raises(InputError, match=r"intervention\.\w+\.class: found 'os"):
            read_study(compose([change, "scenarios=[used,points]"], config_dir=folder))
    with pytest.raises(InputError, match="its class stands in its own file"):
        read_study(compose(["scenario.used.interventions.own.class=training", "scenarios=[used]"], config_dir=folder))
