"""What the pages say of the revised plan's forecast stands in its table."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parent.parent.parent
PAGES = ("forecast.md", "forecast.zh.md")
INTERVAL = re.compile(r"\[(-?\d[\d.]*); (-?\d[\d.]*)\]")


def prose(page: str) -> str:
    """What a page says in words: all of it above the table."""
    return (ROOT / "docs" / page).read_text(encoding="utf-8").split("<!-- plan: begin -->")[0]


@pytest.fixture(scope="module")
def ends() -> list[tuple[float, float]]:
    """Both ends of every interval of the table, as they are and in per cent."""
    table = pd.read_csv(ROOT / "results" / "reference" / "forecast_phase2.csv")
    ends = (("q05", "q95"), ("change_q05", "change_q95"))
    pairs = [pair for names in ends for pair in table[list(names)].dropna().to_numpy().tolist()]
    return [(low * scale, high * scale) for low, high in pairs for scale in (1, 100)]


def stands(low: str, high: str, ends: list[tuple[float, float]]) -> bool:
    """Whether some interval of the table rounds to the written one."""

    def near(written: str, value: float) -> bool:
        return abs(float(written) - value) <= 0.5000001 * 10.0 ** -len(written.partition(".")[2])

    return any(near(low, a) and near(high, b) for a, b in ends)


@pytest.mark.parametrize("page", PAGES)
def test_every_interval_in_words_stands_in_the_table(page, ends):
    expected = INTERVAL.findall(prose(page))
    assert len(expected) > 15
    assert [f"[{low}; {high}]" for low, high in expected if not stands(low, high, ends)] == []
    assert not stands("0.31", "0.32", ends)


def test_both_pages_tell_the_same_intervals():
    first, second = (sorted(INTERVAL.findall(prose(page))) for page in PAGES)
    assert first == second


@pytest.mark.parametrize("page", PAGES)
def test_the_figure_and_the_other_page_are_there(page):
    for place in re.findall(r"\]\(([^)]+)\)", prose(page)):
        assert (ROOT / "docs" / place).is_file(), place
