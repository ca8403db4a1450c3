"""The store of finished replicates: whole files, keys that tell apart what differs, folders that appear at once."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from consensus_sim.community import load_community
from consensus_sim.ensemble.config import compose
from consensus_sim.ensemble.scenario import Study
from consensus_sim.ensemble.store import ReplicateStore, code_of, save_whole, write_whole
from consensus_sim.ensemble.study import read_study
from consensus_sim.ensemble.tables import pack

PAYLOAD = pack({"t": {"x": np.arange(5)}})


@pytest.fixture(scope="module")
def community():
    return load_community("teaching")


@pytest.fixture(scope="module")
def study() -> Study:
    return read_study(compose(["community=teaching", "scenarios=[before,points]", "replicates=2"]))


def test_what_is_put_is_found_by_another_store_of_the_same_study(tmp_path, study, community):
    ReplicateStore(study, community, tmp_path).put("before", 1, PAYLOAD)
    again = ReplicateStore(study, community, tmp_path)
    assert again.get("before", 1) == PAYLOAD
    assert again.get("before", 0) is None and again.get("points", 1) is None


def test_without_reuse_only_what_was_put_here_is_found(tmp_path, study, community):
    ReplicateStore(study, community, tmp_path).put("before", 1, PAYLOAD)
    fresh = ReplicateStore(study, community, tmp_path, reuse=False)
    assert fresh.get("before", 1) is None
    fresh.put("before", 1, PAYLOAD)
    assert fresh.get("before", 1) == PAYLOAD


def test_a_damaged_file_is_not_there(tmp_path, study, community):
    store = ReplicateStore(study, community, tmp_path)
    store.put("before", 0, PAYLOAD)
    (path,) = tmp_path.rglob("*.replicate")
    path.write_bytes(PAYLOAD[:-3])
    assert store.get("before", 0) is None


def test_clearing_removes_the_files_and_the_folders(tmp_path, study, community):
    folder = tmp_path / "kept"
    store = ReplicateStore(study, community, folder)
    store.put("before", 0, PAYLOAD)
    store.put("points", 1, PAYLOAD)
    store.clear([("before", 0)])
    assert store.get("before", 0) is None and store.get("points", 1) == PAYLOAD
    store.clear([("points", 1)])
    assert not folder.exists()


def test_in_memory_nothing_is_written(tmp_path, study, community, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = ReplicateStore(study, community)
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


def test_an_interrupted_write_leaves_nothing(tmp_path):
    def write(folder: Path) -> None:
        (folder / "half.csv").write_text("a,b\n", encoding="utf-8")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_whole(tmp_path / "results" / "compare" / "now", write)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_writer_left_is_taken_away_once_it_is_old(tmp_path):
    old, fresh, other = (tmp_path / name for name in (".part-old", ".part-fresh", "results-of-somebody"))
    for folder in (old, fresh, other):
        folder.mkdir()
        (folder / "half.csv").touch()
    os.utime(old, (0, 0))
    os.utime(other, (0, 0))
    save_whole(tmp_path / "now", lambda folder: (folder / "x").touch())
    assert sorted(path.name for path in tmp_path.iterdir()) == [".part-fresh", "now", "results-of-somebody"]


def test_a_taken_name_gets_a_number(tmp_path):
    places = [save_whole(tmp_path / "now", lambda folder: (folder / "x").touch()) for _ in range(3)]
    assert [place.name for place in places] == ["now", "now-2", "now-3"]
    assert all((place / "x").exists() for place in places)


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "deep" / "file"
    write_whole(path, b"old")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert [child.name for child in path.parent.iterdir()] == ["file"]
