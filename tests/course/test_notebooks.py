"""The course's notebooks run from top to bottom and show their figures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

jupytext = pytest.importorskip("jupytext")
nbclient = pytest.importorskip("nbclient")

COURSE = Path(__file__).resolve().parent.parent.parent / "experiments" / "course"
NOTEBOOKS = sorted(COURSE.glob("[0-9][0-9]_*.py"))
CHINESE = re.compile("[\u4e00-\u9fff]")


def test_there_are_notebooks():
    assert [path.stem for path in NOTEBOOKS][0] == "01_first_look"


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def lesson(request, tmp_path_factory):
    """A notebook, executed in a folder of its own."""
    notebook = jupytext.read(request.param)
    folder = tmp_path_factory.mktemp("lesson")
    nbclient.NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()
    return notebook


def test_every_cell_runs(lesson):
    assert all(cell.execution_count for cell in lesson.cells if cell.cell_type == "code")


def test_nothing_is_said_to_be_wrong(lesson):
    """No warnings, no missing characters: students read these as errors."""
    outputs = [output for cell in lesson.cells for output in cell.get("outputs", [])]
    assert [output["text"] for output in outputs if output.get("name") == "stderr"] == []


def test_it_shows_figures_and_tables_inline(lesson):
    kinds = [kind for cell in lesson.cells for output in cell.get("outputs", []) for kind in output.get("data", {})]
    assert kinds.count("image/png") >= 3 and kinds.count("text/html") + kinds.count("text/plain") >= 5


def test_titles_are_in_both_languages(lesson):
    titles = [
        line
        for cell in lesson.cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
        if line.startswith("#")
    ]
    assert len(titles) >= 5
    assert all(CHINESE.search(title) and re.search("[A-Za-z]{3}", title) for title in titles)
