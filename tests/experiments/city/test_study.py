"""A city: communities of various kinds drawn around one, each simulated by itself, the same on every engine."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from consensus_sim.community import build_community
from consensus_sim.errors import InputError
from consensus_sim.experiments.city.study import CityForecast, forecast_city
from consensus_sim.experiments.runner import Command
from consensus_sim.forecast.simulator import Simulator
from consensus_sim.runs.city import draw_city, read_city
from consensus_sim.runs.cluster import Cluster
from consensus_sim.runs.engines import Processes, Serial
from consensus_sim.study.config import compose

SMALL = ["experiment=city", "community=teaching", "city.communities=3", "replicates=2", "calendar.weeks=10"]


@pytest.fixture(scope="module")
def config():
    return compose(SMALL)


@pytest.fixture(scope="module")
def found(config):
    return run_city(config, Serial())


def run_city(config, engine, folder=None) -> CityForecast:
    return forecast_city(Command(config, Simulator(engine, folder, progress=False)))


def drawn(*overrides: str):
    config = compose(["experiment=city", *overrides])
    return draw_city(read_city(config["city"]), config["community"])


def test_a_larger_city_holds_the_smaller_one():
    few, many = drawn("city.communities=4"), drawn("city.communities=9")
    assert [one.spec for one in few] == [one.spec for one in many[:4]]
    assert len({one.name for one in many}) == 9 == len({one.spec["seed"] for one in many})
    assert drawn("city.communities=4", "city.seed=2")[0].spec != few[0].spec


def test_kinds_come_up_as_often_as_their_weights_say():
    config = compose(["experiment=city", "city.communities=1000"])
    city = read_city(config["city"])
    total = sum(kind.weight for kind in city.kinds)
    counts = Counter(one.kind.name for one in draw_city(city, config["community"]))
    for kind in city.kinds:
        share = kind.weight / total
        assert counts[kind.name] == pytest.approx(1000 * share, abs=4 * np.sqrt(1000 * share * (1 - share)))


@pytest.mark.parametrize("community", ["teaching", "case_study"])
def test_communities_are_what_was_drawn_for_them(community):
    for one in drawn(f"community={community}", "city.communities=6"):
        built = build_community(one.spec)
        people = built.population
        slack = 0.01 + 3 / people.n
        assert {name for name, _ in one.kind.ranges.items()} == set(one.numbers)
        for name, (low, high) in one.kind.ranges.items():
            assert low <= one.numbers[name] <= high
        assert people.elder.mean() == pytest.approx(one.numbers["elder"], abs=slack)
        assert (people.age < 15).mean() == pytest.approx(one.numbers["child"], abs=slack)
        assert people.newcomer.mean() == pytest.approx(one.numbers["newcomer"], abs=slack)
        assert people.tenant.mean() == pytest.approx(one.numbers["tenant"], abs=0.03 + slack)
        assert people.n / (people.household.max() + 1) == pytest.approx(one.numbers["household"], rel=0.02)


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (["city.communities=0"], "city.communities: found 0"),
        (["city.gains=[reech]"], "city.gains\\[0\\]: found 'reech'"),
        (["city.kinds.rental.size.high=0.01"], "city.kinds.rental.size.high: found 0.01; allowed: 0.2 to 100"),
        (["city.kinds.rental.elder.low=x"], "city.kinds.rental.elder.low: found 'x'"),
        (["city.kinds.rental.elder.unit=years"], "city.kinds.rental.elder.unit"),
        (["+city.kinds.rental.eldr=1"], "'eldr' \\(did you mean 'elder'"),
        (["community.scale=2"], "community.scale: found 2; allowed: 1 in a city"),
        (["community.buildings_file=b.csv"], "community.buildings_file: found 'b.csv'; allowed: null"),
    ],
)
def test_what_cannot_be_used_is_told(overrides, told):
    with pytest.raises(InputError, match=told):
        run_city(compose([*SMALL, *overrides]), Serial())


def test_a_community_that_cannot_be_built_is_named():
    impossible = [f"city.kinds.{kind}.elder={{low: 0.7, high: 0.7}}" for kind in ("walk_up", "high_rise")]
    impossible += [f"city.kinds.{kind}.elder={{low: 0.7, high: 0.7}}" for kind in ("resettlement", "rental")]
    with pytest.raises(InputError, match=r"community\.marginals.*\(in community c0001"):
        run_city(compose([*SMALL, *impossible]), Serial())


def test_every_engine_gives_the_same(config, found):
    for engine in (Processes(2), Cluster(workers=2)):
        other = run_city(config, engine)
        for name in ("communities", "summary", "contrasts", "gains", "kinds"):
            pd.testing.assert_frame_equal(getattr(other, name), getattr(found, name), check_exact=True)


def test_communities_meet_different_chance_and_scenarios_the_same(found):
    own = found.metrics[(found.metrics["metric"] == "reach_quarter") & (found.metrics["group"] == "all")]
    table = own.pivot_table(index="community", columns=["scenario", "replicate"], values="value", observed=True)
    assert table.shape == (3, 4)
    assert len(table.drop_duplicates()) == 3
    frame = found.contrasts.set_index(["community", "metric", "group"])["difference"]
    pairs = (table["full"] - table["before"]).mean(axis=1)
    for community, expected in pairs.items():
        assert frame[community, "reach_quarter", "all"] == pytest.approx(expected)


def test_gains_rank_all_communities_by_each_metric(found, config):
    gains = found.gains
    assert set(gains["metric"]) <= set(config["city"]["gains"])
    for _, rows in gains.groupby("metric"):
        assert rows["rank"].tolist() == list(range(1, len(rows) + 1))
        assert rows["difference"].is_monotonic_decreasing
    assert gains["residents"].tolist() == [
        dict(found.communities[["community", "residents"]].itertuples(index=False))[name] for name in gains["community"]
    ]
    kinds = found.kinds[(found.kinds["metric"] == "reach_quarter") & (found.kinds["group"] == "all")]
    assert kinds["communities"].sum() == 3


def test_the_command_writes_it_all_and_goes_on_where_it_stopped(cli, tmp_path):
    assert cli(*SMALL, "city.communities=2", "store.keep=true").returncode == 0
    (before,) = (tmp_path / "results" / "city").iterdir()
    files = {"communities.csv", "summary.csv", "contrasts.csv", "gains.csv", "kinds.csv", "city.parquet"}
    assert files | {"config.yaml", "provenance.json", "figures"} == {path.name for path in before.iterdir()}
    assert [path.name for path in (before / "figures").iterdir()] == ["gains_full.png"]
    done = cli(*SMALL, "report.language=zh")
    assert done.returncode == 0, done.stderr
    assert "共 3 个社区，已存有 2 个社区" in done.stderr
    assert "社区" in done.stdout
    (after,) = [path for path in (tmp_path / "results" / "city").iterdir() if path != before]
    small, large = (pd.read_csv(folder / "summary.csv") for folder in (before, after))
    pd.testing.assert_frame_equal(small, large[large["community"].isin(small["community"])].reset_index(drop=True))
    assert list(large.columns[:3]) == ["community", "kind", "scenario"]
    kept = list((tmp_path / "results" / ".replicates").iterdir())  # only what the first run was set to keep
    assert len(kept) == 2
    assert all({path.name for path in folder.iterdir()} == {"000000.replicate", "kept"} for folder in kept)
