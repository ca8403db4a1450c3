"""A channel of a user's own runs, is counted and named like the built-in ones, and changes nothing while it is shut."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from consensus_sim import compare, load_model
from consensus_sim.errors import InputError
from consensus_sim.outcomes.facts import all_tables
from consensus_sim.report.page import Notes, Output, Results, write_report
from consensus_sim.report.tables import print_table
from consensus_sim.residents.columns import CHANNELS, MOST_CHANNELS, channel_bit
from consensus_sim.study.config import compose
from consensus_sim.study.study import read_study
from tests.helpers import assert_same_tables, config

FOLDER = Path(__file__).parent.parent.parent / "docs" / "examples" / "own_channel"
LIVELY = ["behaviour.topics.suggestion={value: 0.6, high: 0.6}", "behaviour.topics.arrivals={value: 0.6, high: 0.6}"]
CHESS = "channel/chess_table.yaml"


@pytest.fixture(scope="module")
def forecast():
    return compare(
        "teaching",
        ["council", "chess"],
        replicates=2,
        weeks=26,
        config_dir=FOLDER,
        overrides=["engine=serial", *LIVELY],
    )


def of_chess(table):
    """The rows of scenario chess."""
    return table[table["scenario"] == "chess"]


def test_it_is_in_every_table(forecast):
    weekly, metrics = (of_chess(forecast.tables[name]) for name in ("weekly", "metrics"))
    means = weekly.groupby("metric", observed=True)["value"].mean()
    assert means["participations_chess_table"] > 0 and means["attendance_chess_table"] > 0
    assert (metrics.loc[metrics["metric"] == "attendance_chess_table", "value"] > 0).all()
    assert "chess_table" in set(of_chess(forecast.tables["topics"])["channel"])
    costs = of_chess(forecast.tables["costs"])
    assert costs.loc[costs["lever"] == "chess_afternoon", "money"].sum() == 2 * 600


def test_residents_become_aware_of_it():
    model = load_model("teaching", "chess", weeks=26, config_dir=FOLDER)
    assert model.residents.channel_bits["chess_table"] == 1 << len(CHANNELS)
    assert not model.residents.aware_of("chess_table").any()
    model.run()
    known = model.recorder.weekly["aware_chess_table"]
    assert known[-1] > 0.05 and known[-1] == pytest.approx(model.residents.aware_of("chess_table")[model.adults].mean())


@pytest.mark.parametrize(("language", "label"), [("en", "Attendance, chess table"), ("zh", "棋桌夜话人数")])
def test_page_and_terminal_name_it_as_its_file_does(forecast, tmp_path, language, label):
    from rich.console import Console

    labels = [(one.name, one.label) for one in forecast.study.scenarios]
    summary, contrasts = forecast.summary(), forecast.contrasts()
    console = Console(width=200, file=io.StringIO())
    print_table(summary, contrasts, labels, "council", language, console)
    assert label.split()[0] in console.file.getvalue()
    results = Results(forecast.tables, summary, contrasts, forecast.community, labels, "council")
    write_report(results, Notes(""), tmp_path, Output(language, figures=False))
    assert label in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_one_that_nobody_opens_changes_nothing():
    with_it = all_tables(load_model("teaching", "council", weeks=20, config_dir=FOLDER).run())
    without = all_tables(load_model("teaching", "council", weeks=20).run())
    own = with_it["metrics"]["metric"] == "attendance_chess_table"
    assert own.sum() == 1 and np.isnan(with_it["metrics"]["value"][own]).all()
    with_it["metrics"] = {name: column[~own] for name, column in with_it["metrics"].items()}
    assert_same_tables(with_it, without)


def test_built_in_channels_keep_their_bits():
    bits = load_model("teaching", "chess", weeks=2, config_dir=FOLDER).residents.channel_bits
    assert [bits[name] for name in CHANNELS] == [1 << place for place in range(len(CHANNELS))]
    assert all(bits[name] == channel_bit(name) for name in CHANNELS)


def folder_with(tmp_path: Path, number: int) -> Path:
    """A folder with `number` channels."""
    (tmp_path / "channel").mkdir()
    for place in range(number):
        content = (FOLDER / CHESS).read_text(encoding="utf-8")
        (tmp_path / "channel" / f"table_{place}.yaml").write_text(content, encoding="utf-8")
    return tmp_path


def test_as_many_as_there_are_bits_and_no_more(tmp_path):
    most = MOST_CHANNELS - len(CHANNELS)
    many = folder_with(tmp_path, most)
    assert read_study(compose(["community=teaching"], config_dir=many))
    load_model("teaching", "council", weeks=2, config_dir=many).run()
    (many / "channel" / "one_more.yaml").write_text((FOLDER / CHESS).read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(InputError, match=rf"found {most + 1} channels .*allowed: at most {most}"):
        read_study(compose(["community=teaching"], config_dir=many))


def test_a_name_that_does_not_exist_is_refused():
    model = load_model("teaching", "chess", weeks=2, config_dir=FOLDER)
    with pytest.raises(InputError, match=r"chess_tabl'.*chess_table"):
        model.open_channel("chess_tabl", "park")
    with pytest.raises(InputError, match=r"parc'.*park"):
        model.open_channel("chess_table", "parc")
    with pytest.raises(InputError, match=r"chess_table' is not open; .*adhoc, reception"):
        model.event("chess_table")


def test_how_readily_people_come_is_said_in_one_place():
    chess, council = compose([], config_dir=FOLDER)["channel"]["chess_table"], config()["channel"]["council"]
    from consensus_sim.council.events import Channel

    with pytest.raises(InputError, match=r"channel\.chess_table: .*'level'"):
        Channel.from_config("chess_table", {key: value for key, value in chess.items() if key != "level"})
    with pytest.raises(InputError, match=r"channel\.council\.level: .*behaviour\.channels\.council\.value"):
        Channel.from_config("council", {**council, "level": -5.0})
