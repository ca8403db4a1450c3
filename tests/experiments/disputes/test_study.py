"""Named disputes: what the table says of runs made up by hand, and a small study from the command to its files."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from consensus_sim.errors import InputError
from consensus_sim.experiments.disputes.study import EXECUTIONS, OUTCOMES, disputes_of, disputes_table
from consensus_sim.experiments.disputes.text import percent
from consensus_sim.study.config import compose

TOPICS = {
    "later": {"arises": "2024-06-03", "reported": {"zh": "甲", "en": "a", "source": "F1"}},
    "first": {"arises": "2024-05-06", "reported": None},
    "never": {"arises": None},
    "plain": {},
}
COLUMNS = (
    "replicate", "topic_class", "scenario", "state", "sittings", "arisen_week", "heard_week", "agenda_week",
    "execution", "executed_week",
)  # fmt: skip
PLAYED = pd.DataFrame(
    [
        (0, "first", "a", "settled", 1, 9, 10, 12, "on_time", 15),
        (1, "first", "a", "settled", 3, 9, 10, 14, "never", -1),
        (2, "first", "a", "shelved", 4, 9, 12, 19, "none", -1),
        (3, "first", "a", "agenda", 1, 9, 12, 29, "none", -1),
        (4, "first", "a", "answered", 0, 9, 12, -1, "none", -1),
        (0, "later", "a", "lapsed", 0, 13, -1, -1, "none", -1),
        (0, "plain", "a", "settled", 1, 1, 2, 3, "late", 9),
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


def test_shares_are_counts_and_intervals_are_jeffreys(table):
    row = table.loc["first", "a"]
    assert (row["replicates"], row["tried_twice"], row["resolutions"]) == (5, 3, 2)
    assert (row["heard"], row["on_agenda"]) == (1.0, 0.8)
    assert row["settled"] == 0.4 and row["shelved"] == row["open"] == row["answered"] == 0.2
    assert sum(row[name] for name in OUTCOMES) == pytest.approx(1)
    assert row["failed_first_two"] == pytest.approx(2 / 3)
    assert [row[name] for name in EXECUTIONS] == [0.5, 0.0, 0.5]
    # The density x^(k - 1/2) (1 - x)^(n - k - 1/2), integrated by hand: 5 % lie below the interval, 5 % above.
    x = np.linspace(0, 1, 200_001)
    density = x**1.5 * (1 - x) ** 2.5
    below = np.interp([row["settled_low"], row["settled_high"]], x, np.cumsum(density) / density.sum())
    assert below == pytest.approx([0.05, 0.95], abs=1e-4)
    assert row["heard_high"] == 1 and row["heard_low"] < 1 and row["lapsed_low"] == 0 < row["lapsed_high"]


def runs(settled, weeks):
    """Runs of one dispute, settled or not, on an agenda after so many weeks."""
    return pd.DataFrame(
        {
            "replicate": np.arange(len(settled)), "topic_class": "first", "scenario": "a",
            "state": np.where(settled, "settled", "agenda"), "sittings": 1 + np.asarray(settled), "arisen_week": 0,
            "heard_week": 0, "agenda_week": weeks, "execution": "none", "executed_week": -1,
        }
    )  # fmt: skip


FIRST = {"first": TOPICS["first"]}


def test_two_runs_of_a_set_that_are_always_alike_count_once():
    """Intervals are those of half as many independent runs, of a share, a mean and a median."""
    settled, weeks = np.arange(40) % 3 == 0, np.arange(40) * 2
    once = disputes_table(runs(settled, weeks), FIRST, ["a"]).iloc[0]
    twice = disputes_table(
        runs(np.repeat(settled, 2), np.repeat(weeks, 2)), FIRST, ["a"], draws=np.arange(80) // 2
    ).iloc[0]
    ends = [f"{name}_{end}" for name in ("settled", "sittings", "weeks_to_agenda") for end in ("low", "high")]
    assert twice[ends].to_numpy(float) == pytest.approx(once[ends].to_numpy(float))
    naive = disputes_table(runs(np.repeat(settled, 2), np.repeat(weeks, 2)), FIRST, ["a"]).iloc[0]
    assert naive["settled_low"] > twice["settled_low"] and naive["settled_high"] < twice["settled_high"]


def test_intervals_of_sets_hold_the_truth_as_often_as_they_say():
    """90 % of the intervals of 60 sets of two runs, half of whose spread is the set's, hold the true share."""
    generator, held = np.random.default_rng(8), 0
    for _ in range(300):
        chance = np.repeat(generator.beta(0.6, 1.4, 60), 2)  # mean 0.3, correlation within a set 1/3
        row = disputes_table(runs(generator.random(120) < chance, 1), FIRST, ["a"], draws=np.arange(120) // 2).iloc[0]
        held += row["settled_low"] <= 0.3 <= row["settled_high"]
    assert abs(held - 270) < 4 * math.sqrt(300 * 0.9 * 0.1)  # false alarm 6e-5


def test_what_never_comes_is_later_than_all_that_does(table):
    row = table.loc["first", "a"]
    assert (row["weeks_to_agenda_q05"], row["weeks_to_agenda"], row["weeks_to_agenda_q95"]) == (3, 10, np.inf)
    assert row["weeks_to_execution"] == np.inf
    assert row["weeks_to_agenda_low"] <= row["weeks_to_agenda"] <= row["weeks_to_agenda_high"]
    assert row["sittings"] == 2.25 and row["sittings_low"] < 2.25 < row["sittings_high"]


def test_the_medians_interval_holds_it_as_often_as_it_says():
    """About 90 % of the intervals of 30 runs hold the true median."""
    generator, held = np.random.default_rng(5), 0
    for _ in range(200):
        frame = runs(np.zeros(30, bool), np.minimum(generator.geometric(0.001, 30), 10**6))
        row = disputes_table(frame, FIRST, ["a"]).iloc[0]
        held += row["weeks_to_agenda_low"] <= stats.geom.median(0.001) <= row["weeks_to_agenda_high"]
    # The share below the median, of 30 runs between 0.354 and 0.646, ends the interval at the 11th and 20th value.
    expected = 1 - 2 * stats.binom.cdf(10, 30, 0.5)
    assert abs(held - 200 * expected) < 4 * math.sqrt(200 * expected * (1 - expected))  # false alarm 6e-5


def test_few_runs_have_no_interval_of_the_median():
    few = disputes_table(runs(np.zeros(4, bool), np.arange(4)), FIRST, ["a"]).iloc[0]
    enough = disputes_table(runs(np.zeros(5, bool), np.arange(5)), FIRST, ["a"]).iloc[0]
    assert np.isnan(few["weeks_to_agenda_low"]) and enough["weeks_to_agenda_low"] == 0


def test_what_did_not_arise_is_undefined_and_what_is_reported_stands_beside(table):
    row = table.loc["first", "b"]
    assert row["replicates"] == 0 and np.isnan(row["settled"]) and np.isnan(row["weeks_to_agenda"])
    assert row["reported_en"] == ""
    assert tuple(table.loc["later", "a"][["reported_zh", "reported_en", "source"]]) == ("甲", "a", "F1")
    assert table.loc["later", "a"]["lapsed"] == 1 and table.loc["later", "a"]["weeks_to_agenda"] == np.inf


SMALL = ("experiment=disputes", "community=teaching", "replicates=2", "scenarios=[before,council]", "report.dpi=50")


@pytest.mark.parametrize(
    ("share", "told"),
    [(0.0, "0"), (0.005, "0.5"), (0.0099, "1.0"), (0.01, "1"), (0.305, "30"), (1.0, "100"), (math.nan, "–")],
)
def test_a_little_does_not_look_like_none(share, told):
    assert percent(share) == told


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
        (
            ["topic.shared_garden.arises=2023-01-02"],
            "garden.arises: found '2023-01-02'; allowed: a date from 2024-03-04",
        ),
        (["topic.shared_garden.arises=soon"], "topic.shared_garden.arises: found 'soon'"),
        (["topic.shared_garden.place=50"], "topic.shared_garden.place: found 50"),
        (["experiment=compare", "analysis=disputes"], "topic: found no kind with a date"),
    ],
)
def test_what_cannot_be_used_is_one_line(cli, overrides, told):
    done = cli(*SMALL, "engine=serial", *overrides)
    assert done.returncode == 2 and not done.stdout
    assert told in done.stderr and done.stderr.count("consensus-sim:") == 1
