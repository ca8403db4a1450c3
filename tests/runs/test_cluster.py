"""The cluster engine: the same bytes as in this process, and every error as one line."""

from __future__ import annotations

import importlib.machinery
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from consensus_sim.community import build_community, load_community
from consensus_sim.errors import ConsensusSimError, InputError
from consensus_sim.experiments.runner import build_engine
from consensus_sim.runs import cluster
from consensus_sim.runs.cluster import Cluster
from consensus_sim.runs.engines import Serial
from consensus_sim.runs.work import Blueprint, Runs
from consensus_sim.study.config import compose
from consensus_sim.study.study import read_study

TASKS = [("before", 0), ("full", 0), ("full", 1), ("full", 2)]


@pytest.fixture(scope="module")
def study():
    return read_study(compose(["community=teaching", "scenarios=[before,full]", "calendar.weeks=12"]))


@pytest.fixture(scope="module")
def work(study):
    return Runs(study, load_community("teaching"))


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (["engine.address=nowhere"], "engine.address: found 'nowhere'"),
        (["engine.local=false"], "engine.address: found null"),
        (["engine.local=7"], "engine.local: found 7"),
        (["engine.workers=0"], "engine.workers: found 0"),
        (["engine.address=tcp://127.0.0.1:8786", "engine.workers=2"], "the cluster has its own workers"),
        (["engine.timeout=0"], "engine.timeout: found 0"),
    ],
)
def test_a_mistake_in_its_settings_is_told(overrides, told):
    with pytest.raises(InputError, match=told):
        build_engine(compose(["engine=cluster", *overrides])["engine"])


def test_without_the_extra_it_says_which_one_is_missing(monkeypatch):
    real = importlib.machinery.PathFinder.find_spec
    hidden = classmethod(lambda cls, name, *rest: None if name == "distributed" else real(name, *rest))
    monkeypatch.setattr(importlib.machinery.PathFinder, "find_spec", hidden)
    for name in [name for name in sys.modules if name.split(".")[0] == "distributed"]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(InputError, match=r"dask.distributed: pip install 'consensus-sim\[cluster\]'"):
        Cluster()


def free_port() -> int:
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        return own.getsockname()[1]


def test_an_address_that_does_not_answer(work):
    address = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(InputError, match=f"engine.address: no scheduler answers at {address}"):
        list(Cluster(address, timeout=0.5).run(TASKS, work))


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory) -> Iterator[str]:
    """The address of a scheduler with one worker, both processes of their own, as on another machine."""
    folder: Path = tmp_path_factory.mktemp("dask")
    address = f"tcp://127.0.0.1:{free_port()}"
    port = address.rpartition(":")[2]
    commands = (
        ["scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard", "--dashboard-address", "127.0.0.1:0"],
        ["worker", address, "--nthreads", "1", "--host", "127.0.0.1", "--no-dashboard"],
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "dask", *command], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for command in commands
    ]
    yield address
    for process in reversed(running):
        process.terminate()
        process.wait(timeout=30)


def test_at_an_address_the_bytes_are_those_of_this_process(scheduler, work):
    here = {outcome.task: outcome.payload for outcome in Serial().run(TASKS, work) if outcome is not None}
    engine = Cluster(scheduler, timeout=60)
    for _ in range(2):  # one ensemble after another
        there = {outcome.task: outcome.payload for outcome in engine.run(TASKS, work) if outcome is not None}
        assert there == here


def test_workers_of_another_version_are_refused(scheduler, work, monkeypatch):
    monkeypatch.setattr(cluster, "code_digest", lambda: "another")
    (outcome,) = [found for found in Cluster(scheduler, timeout=60).run(TASKS[:1], work) if found is not None]
    assert outcome.payload is None and outcome.mistake
    assert "another version of consensus-sim" in str(outcome.error)


def test_what_is_sent_is_the_spec_and_gives_the_same(work):
    sent = work.portable()
    assert isinstance(sent.community, Blueprint)
    assert sent.run(TASKS[1]) == work.run(TASKS[1])


def test_a_community_that_is_built_differently_there_is_noticed(work, study):
    with pytest.raises(ConsensusSimError, match="differs from that of the command"):
        Runs(study, Blueprint(work.community.spec.as_dict(), "0" * 16)).run(TASKS[0])


def test_a_community_from_a_register_goes_whole(study, tmp_path):
    from dataclasses import replace

    community = build_community(compose(["community=teaching"])["community"])
    spec = replace(community.spec, buildings_file="register.csv")
    work = Runs(study, replace(community, spec=spec))
    assert work.portable() is work
