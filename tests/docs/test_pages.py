"""Pages of docs/: result pages open with the answer, lines are short, links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent.parent / "docs"
RESULTS = (
    "calibration", "disputes", "forecast", "forecast.zh", "institutions", "patterns", "response", "robustness",
    "sensitivity",
)  # fmt: skip
PAGES = sorted(
    path.relative_to(DOCS).as_posix() for folder in ("", "reference") for path in (DOCS / folder).glob("*.md")
)
INTERVALS = re.compile(r"90 %|95 %")


def read(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", RESULTS)
def test_result_pages_open_with_the_answer_and_name_its_interval(name):
    page = read(f"{name}.md")
    before, _, rest = page.partition("<!-- answer: begin -->\n")
    answer = rest.partition("<!-- answer: end -->")[0]
    assert rest and len([line for line in before.splitlines() if line.strip()]) <= 2
    assert answer.startswith("**") and answer.endswith("**\n") and INTERVALS.search(answer)


@pytest.mark.parametrize("page", PAGES)
def test_lines_are_short_but_for_tables_links_and_commands(page):
    prose = re.sub(r"```.*?```", "", read(page), flags=re.S)
    lines = [line for line in prose.splitlines() if not line.startswith("|") and "](" not in line]
    assert [line for line in lines if len(line) > 120] == []


@pytest.mark.parametrize("page", PAGES)
def test_links_to_other_files_lead_somewhere(page):
    linked = re.findall(r"\]\((?!https?:)([^)#]+)", re.sub(r"```.*?```", "", read(page), flags=re.S))
    assert [place for place in linked if not ((DOCS / page).parent / place).exists()] == []
