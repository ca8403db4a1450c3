"""The store of finished replicates: only what was written there is read back, under keys that hold what matters."""

from __future__ import annotations

import datetime
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consensus_sim.community import load_community
from consensus_sim.experiments.patterns.study import ReadOff
from consensus_sim.paths import PACKAGE, configs_dir
from consensus_sim.runs.store import Store, code_of
from consensus_sim.runs.tables import pack
from consensus_sim.runs.work import Runs
from consensus_sim.study.config import compose
from consensus_sim.study.scenario import Study
from consensus_sim.study.study import read_study

PAYLOAD = pack({"t": {"x": np.arange(5)}})


@pytest.fixture(scope="module")
def community():
    return load_community("teaching")


@pytest.fixture(scope="module")
def study() -> Study:
    return read_study(compose(["community=teaching", "scenarios=[before,points]", "replicates=2"]))


def store_of(study, community, folder=None, *, reuse=True) -> Store:
    return Store(Runs(study, community), folder, reuse=reuse)


def test_what_is_put_is_found_by_another_store_of_the_same_study(tmp_path, study, community):
    store_of(study, community, tmp_path).put("before", 1, PAYLOAD)
    again = store_of(study, community, tmp_path)
    assert again.get("before", 1) == PAYLOAD
    assert again.get("before", 0) is None and again.get("points", 1) is None


def test_without_reuse_only_what_was_put_here_is_found(tmp_path, study, community):
    store_of(study, community, tmp_path).put("before", 1, PAYLOAD)
    fresh = store_of(study, community, tmp_path, reuse=False)
    assert fresh.get("before", 1) is None
    fresh.put("before", 1, PAYLOAD)
    assert fresh.get("before", 1) == PAYLOAD


@given(place=st.integers(min_value=0), bit=st.integers(0, 7), length=st.integers(min_value=0))
def test_a_file_with_any_flipped_bit_or_cut_anywhere_is_not_there(
    tmp_path_factory, study, community, place, bit, length
):
    """A flipped bit, or a cut as by a kill or a full disk; the next `put` writes over it."""
    folder = tmp_path_factory.mktemp("store")
    store = store_of(study, community, folder)
    store.put("before", 0, PAYLOAD)
    (path,) = folder.rglob("*.replicate")
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[place % len(whole)] ^= 1 << bit
    for damaged in (bytes(flipped), whole[: length % len(whole)]):
        path.write_bytes(damaged)
        assert store.get("before", 0) is None
    store.put("before", 0, PAYLOAD)
    assert store.get("before", 0) == PAYLOAD


def test_a_file_in_the_place_of_another_is_not_there(tmp_path, study, community):
    """Two numbers swapped, one file copied under another number, and one copied from another scenario's folder."""
    store = store_of(study, community, tmp_path)
    for name in ("before", "points"):
        for number in (0, 1, 2):
            store.put(name, number, pack({"t": {"x": np.array([number])}}))
    first, second, third = sorted(next(iter(tmp_path.iterdir())).iterdir())
    first.rename(tmp_path / "aside")
    second.rename(first)
    (tmp_path / "aside").rename(second)
    name = "before" if store.get("before", 0) is None else "points"
    other = {"before": "points", "points": "before"}[name]
    assert [store.get(name, number) is None for number in (0, 1, 2)] == [True, True, False]
    shutil.copy(third, first)
    assert store.get(name, 0) is None
    (theirs,) = (folder for folder in tmp_path.iterdir() if folder != first.parent)
    shutil.copy(third, theirs / third.name)
    assert store.get(other, 2) is None and store.get(other, 1) is not None


def test_a_scenario_of_another_name_and_equal_content_finds_what_is_stored(tmp_path, study, community):
    store_of(study, community, tmp_path).put("points", 1, PAYLOAD)
    renamed = replace(study, scenarios=(replace(study.scenario("points"), name="other"),), reference="other")
    assert store_of(renamed, community, tmp_path).get("other", 1) == PAYLOAD


def test_clearing_removes_the_files_and_the_folders(tmp_path, study, community):
    folder = tmp_path / "kept"
    store = store_of(study, community, folder)
    store.put("before", 0, PAYLOAD)
    store.put("points", 1, PAYLOAD)
    store.finish([("before", 0)], keep=False)
    assert store.get("before", 0) is None and store.get("points", 1) == PAYLOAD
    store.finish([("points", 1)], keep=False)
    assert not folder.exists()


def test_in_memory_nothing_is_written(tmp_path, study, community, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = store_of(study, community)
    store.put("before", 0, PAYLOAD)
    assert store.get("before", 0) == PAYLOAD
    assert list(tmp_path.iterdir()) == []


def key(study: Study, scenario: str = "points") -> str:
    return study.key(study.scenario(scenario), code_of(study.scenario(scenario)))


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 2},
        {"calendar": {"start": "2024-03-04", "weeks": 57}},
        {"behaviour": {}},
        {"channel": {}},
        {"topic": {}},
        {"community": {}},
        {"parameters": "prior"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_key_changes_with_whatever_determines_the_numbers(study, change):
    assert key(replace(study, **change)) != key(study)


def test_the_key_changes_with_the_levers_and_not_with_names_or_counts(study):
    points = study.scenario("points")
    renamed = replace(study, scenarios=(replace(points, name="other"),), reference="other", replicates=9)
    assert key(renamed, "other") == key(study)
    settings = {**points.lever("points"), "attendance": 3}
    levers = tuple((name, settings if name == "points" else old) for name, old in points.levers)
    assert key(replace(study, scenarios=(replace(points, levers=levers),))) != key(study)


def test_what_is_read_from_runs_and_from_which_day_takes_part_in_the_key(study, community):
    found = set()
    for begin in (datetime.date(2024, 3, 4), datetime.date(2024, 3, 11)):
        for measures in (("a",), ("a", "b")):
            read = ReadOff(begin, (("before", measures),))
            found.add(Runs(study, community, read=read).place(("before", 0)))
    assert len(found) == 4


EDITED = """
import sys
from consensus_sim.runs.store import code_digest
from consensus_sim.paths import PACKAGE, configs_dir
made = code_digest.__wrapped__
before = made()
assert made() == before
for name in sys.argv[1:]:
    place = (configs_dir() if name.startswith("configs/") else PACKAGE) / name.removeprefix("configs/")
    content = place.read_bytes()
    place.write_bytes(content + b"# edited" + bytes([10]))
    assert made() != before, name
    place.write_bytes(content)
    assert made() == before
"""
EDITS = (
    "experiments/patterns/measures.py", "experiments/statistics.py", "dynamics/trust.py", "model/model.py",
    "catalogue.yaml", "configs/pattern/setups.yaml", "configs/forecast/phase2.yaml", "configs/targets/phase1.yaml",
)  # fmt: skip


@pytest.mark.parametrize("wheel", [False, True], ids=["checkout", "wheel"])
def test_an_edit_of_any_source_or_config_that_makes_numbers_changes_the_key(tmp_path, wheel):
    """In a copy of the package, with the configs beside it as in a checkout, or in it as in a wheel."""
    ignored = shutil.ignore_patterns("__pycache__", "configs")
    package = Path(shutil.copytree(PACKAGE, tmp_path / "src" / PACKAGE.name, ignore=ignored))
    shutil.copytree(configs_dir(), (package if wheel else tmp_path) / "configs")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", EDITED, *EDITS], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_key_changes_with_the_versions_of_the_libraries_that_compute(tmp_path):
    """Another numpy, as far as its metadata say, in front of the one that is there."""
    code = "from consensus_sim.runs.store import code_digest; print(code_digest())"
    found = []
    for version in ("1.0", "2.0"):
        about = tmp_path / version / f"numpy-{version}.dist-info"
        about.mkdir(parents=True)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: numpy\nVersion: {version}\n", encoding="utf-8")
        path = os.pathsep.join([str(about.parent), str(PACKAGE.parent)])
        done = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        found.append(done.stdout)
    assert found[0] != found[1]


def test_what_a_run_was_told_to_keep_stays_whatever_the_next_is_told(tmp_path, study, community):
    for keep in (True, False):
        store = store_of(study, community, tmp_path)
        store.put("before", 0, b"payload")
        store.finish([("before", 0)], keep=keep)
    assert store_of(study, community, tmp_path).get("before", 0) == b"payload"
