"""The course's notebooks run from top to bottom, show their figures, and stay short enough for a lesson."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

jupytext = pytest.importorskip("jupytext")
nbclient = pytest.importorskip("nbclient")

COURSE = Path(__file__).resolve().parent.parent.parent / "experiments" / "course"
NOTEBOOKS = sorted(COURSE.glob("[0-9][0-9]_*.py"))
LIMIT = 40.0  # seconds a notebook may take, compiled functions at hand
CHINESE = re.compile("[\u4e00-\u9fff]")


def test_there_are_notebooks():
    assert [path.stem for path in NOTEBOOKS][0] == "01_first_look"


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def lesson(request, tmp_path_factory):
    """A notebook, executed in a folder of its own; and the seconds it took."""
    from consensus_sim import compare

    # Compiles, where nobody has yet.
    compare("teaching", ["council", "points", "quota"], replicates=1, weeks=40, workers=1, progress=False)
    notebook = jupytext.read(request.param)
    begun = time.monotonic()
    folder = tmp_path_factory.mktemp("lesson")
    nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()
    return notebook, time.monotonic() - begun


def test_every_cell_runs_in_time(lesson):
    notebook, seconds = lesson
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
    assert seconds < LIMIT


def test_nothing_is_said_to_be_wrong(lesson):
    """No warnings, no missing characters: students read these as errors."""
    notebook, _ = lesson
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert [output["text"] for output in outputs if output.get("name") == "stderr"] == []


def test_it_shows_figures_and_tables_inline(lesson):
    notebook, _ = lesson
    kinds = [kind for cell in notebook.cells for output in cell.get("outputs", []) for kind in output.get("data", {})]
    assert kinds.count("image/png") >= 3 and kinds.count("text/html") + kinds.count("text/plain") >= 5


def test_titles_are_in_both_languages(lesson):
    notebook, _ = lesson
    titles = [
        line
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
        if line.startswith("#")
    ]
    assert len(titles) >= 5
    assert all(CHINESE.search(title) and re.search("[A-Za-z]{3}", title) for title in titles)
