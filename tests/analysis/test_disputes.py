"""Named disputes: what the table says of runs made up by hand, and a small study from the command to its files."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from consensus_sim.analysis.disputes import EXECUTIONS, OUTCOMES, disputes_of, disputes_table
from consensus_sim.ensemble.config import compose
from consensus_sim.errors import InputError

TOPICS = {
    "later": {"arises": "2024-06-03", "reported": {"zh": "甲", "en": "a", "source": "F1"}},
    "first": {"arises": "2024-05-06", "reported": None},
    "never": {"arises": None},
    "plain": {},
}
COLUMNS = (
    "topic_class", "scenario", "state", "sittings", "arisen_week", "heard_week", "agenda_week", "execution",
    "executed_week",
)  # fmt: skip
PLAYED = pd.DataFrame(
    [
        ("first", "a", "settled", 1, 9, 10, 12, "on_time", 15),
        ("first", "a", "settled", 3, 9, 10, 14, "never", -1),
        ("first", "a", "shelved", 4, 9, 12, 19, "none", -1),
        ("first", "a", "agenda", 1, 9, 12, 29, "none", -1),
        ("first", "a", "answered", 0, 9, 12, -1, "none", -1),
        ("later", "a", "lapsed", 0, 13, -1, -1, "none", -1),
        ("plain", "a", "settled", 1, 1, 2, 3, "late", 9),
    ],
    columns=list(COLUMNS),
)


@pytest.fixture(scope="module")
def table():
    return disputes_table(PLAYED, TOPICS, ["a", "b"]).set_index(["dispute", "scenario"])


def test_only_kinds_with_a_date_count_and_the_earlier_comes_first(table):
    assert disputes_of(TOPICS) == ["first", "later"]
    assert list(table.index) == [("first", "a"), ("first", "b"), ("later", "a"), ("later", "b")]
    with pytest.raises(InputError, match="topic: found no kind with a date"):
        disputes_of({"never": {"arises": None}})


def test_shares_are_counts_and_intervals_are_wilsons(table):
    row = table.loc["first", "a"]
    assert (row["replicates"], row["tried_twice"], row["resolutions"]) == (5, 3, 2)
    assert (row["heard"], row["on_agenda"]) == (1.0, 0.8)
    assert row["settled"] == 0.4 and row["shelved"] == row["open"] == row["answered"] == 0.2
    assert sum(row[name] for name in OUTCOMES) == pytest.approx(1)
    assert row["failed_first_two"] == pytest.approx(2 / 3)
    assert [row[name] for name in EXECUTIONS] == [0.5, 0.0, 0.5]
    # Wilson's interval by its own formula, not the library's.
    z, n, p = stats.norm.ppf(0.95), 5, 0.4
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    assert (row["settled_low"], row["settled_high"]) == (pytest.approx(middle - half), pytest.approx(middle + half))


def test_what_never_comes_is_later_than_all_that_does(table):
    row = table.loc["first", "a"]
    assert (row["weeks_to_agenda_q05"], row["weeks_to_agenda"], row["weeks_to_agenda_q95"]) == (3, 10, np.inf)
    assert row["weeks_to_execution"] == np.inf
    assert row["weeks_to_agenda_low"] <= row["weeks_to_agenda"] <= row["weeks_to_agenda_high"]
    assert row["sittings"] == 2.25 and row["sittings_low"] < 2.25 < row["sittings_high"]


def test_the_medians_interval_holds_it_as_often_as_it_says():
    """90 % of the intervals of 30 runs hold the true median; the ranks are those of the binomial law."""
    generator = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "topic_class": "first",
            "scenario": "a",
            "state": "agenda",
            "sittings": 1,
            "arisen_week": 0,
            "heard_week": 0,
            "execution": "none",
            "executed_week": -1,
        },
        index=range(30),
    )
    held = 0
    for _ in range(200):
        frame["agenda_week"] = np.minimum(generator.geometric(0.001, 30), 10**6)
        row = disputes_table(frame, {"first": TOPICS["first"]}, ["a"]).iloc[0]
        held += row["weeks_to_agenda_low"] <= stats.geom.median(0.001) <= row["weeks_to_agenda_high"]
    expected = 1 - 2 * stats.binom.cdf(10, 30, 0.5)  # 11th and 20th of 30 values: 0.901
    assert abs(held - 200 * expected) < 4 * math.sqrt(200 * expected * (1 - expected))  # false alarm 6e-5


def test_what_did_not_arise_is_undefined_and_what_is_reported_stands_beside(table):
    row = table.loc["first", "b"]
    assert row["replicates"] == 0 and np.isnan(row["settled"]) and np.isnan(row["weeks_to_agenda"])
    assert row["reported_en"] == ""
    assert tuple(table.loc["later", "a"][["reported_zh", "reported_en", "source"]]) == ("甲", "a", "F1")
    assert table.loc["later", "a"]["lapsed"] == 1 and table.loc["later", "a"]["weeks_to_agenda"] == np.inf


SMALL = ("experiment=disputes", "community=teaching", "replicates=2", "scenarios=[before,council]", "report.dpi=50")


def test_the_command_plays_all_nine_and_prints_them(cli, tmp_path):
    done = cli(*SMALL, "report.language=zh", "calendar.weeks=26")
    assert done.returncode == 0, done.stderr
    assert "景观水污染" in done.stdout and "彩虹道" in done.stdout and "F76" in done.stdout
    (folder,) = (tmp_path / "results" / "disputes").iterdir()
    names = {path.name for path in folder.iterdir()}
    assert {"disputes.csv", "topics.parquet", "summary.csv", "config.yaml"} <= names
    assert (folder / "figures" / "disputes.png").stat().st_size > 10_000
    written = pd.read_csv(folder / "disputes.csv", keep_default_na=False)
    assert list(written["dispute"].unique()) == disputes_of(compose(["experiment=disputes"])["topic"])
    assert (written["replicates"] == 2).all() and len(written) == 18
    assert set(written["source"]) == {"F71", "F72", "F73", "F74", "F75", "F76", "F42", "none"}
    played = pd.read_parquet(folder / "topics.parquet")
    own = played[played["topic_class"] == "shared_garden"]
    # One and the same dispute in every scenario of a replicate.
    same = own.groupby("replicate")[["topic", "micro_grid", "scope", "arisen_week"]].nunique()
    assert (same == 1).all(axis=None)


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (["topic.shared_garden.arises=2023-01-02"], "topic.shared_garden.arises: found 2023-01-02; allowed: null, or"),
        (["topic.shared_garden.arises=soon"], "topic.shared_garden.arises: found 'soon'"),
        (["topic.shared_garden.place=50"], "topic.shared_garden.place: found 50"),
        (["experiment=compare", "analysis=disputes"], "topic: found no kind with a date"),
    ],
)
def test_what_cannot_be_used_is_one_line(cli, overrides, told):
    done = cli(*SMALL, "engine=serial", *overrides)
    assert done.returncode == 2 and not done.stdout
    assert told in done.stderr and done.stderr.count("consensus-sim:") == 1
