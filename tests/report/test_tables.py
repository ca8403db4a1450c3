"""The terminal's table fits its terminal and marks what is clear."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from consensus_sim.errors import InputError
from consensus_sim.report.change import is_clear
from consensus_sim.report.tables import Numbers, caution, print_table


def printed(sample: dict[str, Any], language: str, width: int) -> list[str]:
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=False)
    names = ("summary", "contrasts", "scenarios", "reference")
    print_table(*[sample[name] for name in names], language, console)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80, 100, 160])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_lines_fit_and_no_interval_is_broken(
    make_sample: Callable[..., dict[str, Any]], language: str, width: int
) -> None:
    lines = printed(make_sample(replicates=4), language, width)
    assert max(cell_len(line) for line in lines) <= width
    for line in lines[: -4 if width > 60 else -8]:
        assert line.count("[") == line.count("]"), line
        assert "…" not in line


def test_a_terminal_of_100_columns_takes_one_table_a_theme(
    make_sample: Callable[..., dict[str, Any]],
) -> None:
    lines = printed(make_sample(replicates=4), "zh", 100)
    assert sum(line.startswith("情景") for line in lines) == 4


def test_cells_say_what_the_frames_say(make_sample: Callable[..., dict[str, Any]]) -> None:
    sample = make_sample(replicates=6)
    numbers = Numbers(sample["summary"], sample["contrasts"], sample["reference"])
    assert any(
        numbers.cell(row["scenario"], row["metric"], row["group"]).clear
        for row in sample["contrasts"].to_dict("records")
    )
    for row in sample["contrasts"].to_dict("records"):
        cell = numbers.cell(row["scenario"], row["metric"], row["group"])
        assert cell.clear == is_clear(row) == (cell.mark == "*")
        assert cell.mean_interval.count("[") == cell.difference_interval.count("[") == 1
        assert cell.difference.startswith("-") <= (row["difference"] < 0)
        assert cell.welcome is None or cell.clear
    assert numbers.cell("council", "trust").difference == ""
    assert numbers.cell("before", "attendance_council").value == "–"


def test_differences_of_few_replicates_are_not_marked_and_gaps_are_explained(
    make_sample: Callable[..., dict[str, Any]],
) -> None:
    sample = make_sample(replicates=6)
    gaps = (sample["contrasts"]["metric"] == "trust") & (sample["contrasts"]["scenario"] == "points")
    for few, expected in ((6, ""), (5, "5/6"), (4, "4/6")):
        fewer = {name: sample["contrasts"][name].where(~gaps, few) for name in ("replicates", "sets")}
        changes = sample["contrasts"].assign(**fewer)
        sure = dict.fromkeys(("difference", "q05", "q95", "mean_q05", "mean_q95", "p_up", "p_mean_up"), 1.0)
        numbers = Numbers(sample["summary"], changes.assign(**sure), sample["reference"])
        cell = numbers.cell("points", "trust")
        assert (cell.clear, cell.difference_behind, cell.behind) == (few >= 5, expected, "")
        lines = " ".join(" ".join(printed({**sample, "contrasts": changes}, "en", 160)).split())
        assert (f"({few}/6)" in lines) == ("a difference needs one" in lines) == bool(expected)


def test_bounds_with_commas_in_them_stay_apart(make_sample: Callable[..., dict[str, Any]]) -> None:
    sample = make_sample(replicates=4)
    money = (sample["summary"]["metric"] == "cost_money") & (sample["summary"]["scenario"] == "points")
    summary = sample["summary"].assign(q05=sample["summary"]["q05"].mask(money, 25_420.0))
    summary = summary.assign(q95=summary["q95"].mask(money, 1_125_420.0))
    for language in ("zh", "en"):
        assert any("[25,420;1,125,420]" in line for line in printed({**sample, "summary": summary}, language, 160))


def test_a_single_scenario_has_no_differences(make_sample: Callable[..., dict[str, Any]]) -> None:
    lines = printed(make_sample(replicates=3, names=["council"]), "en", 100)
    assert not any("reference" in line or "+" in line for line in lines)


@pytest.mark.parametrize(("language", "label"), [("en", "Monte Carlo"), ("zh", "模拟误差")])
def test_the_last_row_of_every_table_is_the_largest_error_of_means_and_of_differences(
    make_sample: Callable[..., dict[str, Any]], language: str, label: str
) -> None:
    sample = make_sample(replicates=4)
    lines = printed(sample, language, 160)
    rows = [number for number, line in enumerate(lines) if line.startswith(label) and "±" in line]
    assert len(rows) == 4
    frames = (sample["summary"], sample["contrasts"])
    means, differences = (frame[(frame["metric"] == "trust") & (frame["group"] == "all")] for frame in frames)
    assert f"±{means['standard_error'].max():.4f}" in lines[rows[-1]]
    assert f"±{differences['standard_error'].max():.4f}" in lines[rows[-1] + 1]


def test_an_error_that_is_not_known_is_a_dash(make_sample: Callable[..., dict[str, Any]]) -> None:
    sample = make_sample(replicates=1, names=["council"])
    numbers = Numbers(sample["summary"], sample["contrasts"], "council")
    assert all(math.isnan(error) for error in numbers.error("trust"))
    lines = printed(sample, "en", 100)
    assert any(line.startswith("Monte Carlo") and "–" in line for line in lines)


def test_markup_in_a_label_is_only_text(make_sample: Callable[..., dict[str, Any]]) -> None:
    sample = make_sample(replicates=3, names=["council", "points"])
    sample["scenarios"] = [
        ("council", {"zh": "[red]甲", "en": "[red]A"}),
        ("points", {"zh": "[/]乙", "en": "[/]B"}),
    ]
    lines = printed(sample, "en", 100)
    assert any(line.startswith("[red]A") for line in lines)
    assert any(line.startswith("[/]B") for line in lines)


def test_an_unknown_language_is_refused(make_sample: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(InputError, match=r"report\.language: found 'de'"):
        printed(make_sample(replicates=2, names=["council"]), "de", 100)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_verdicts_on_few_replicates_come_with_a_caution(language: str) -> None:
    assert caution(10, language) == ""
    assert "9" in caution(9, language) and "10" in caution(9, language)
