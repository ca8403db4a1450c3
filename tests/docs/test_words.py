"""Plain English in the field's terms: phrases that a reader would have to translate stand nowhere, and docstrings begin
with a verb or a noun.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SCANNED = ("src", "tests", "docs", "configs", "experiments")
SUFFIXES = (".py", ".md", ".yaml", ".j2")
LEFT_OUT = ("configs/pattern", "configs/posterior", "tests/docs/test_words.py")
"""Published, so that they must not change; and this list of phrases."""
PUBLISHED = re.compile(r"""cannot be told|["']cannot tell["']|["']told["']""")
"""Verdicts in published tables, which keep their words."""
SORTITION = ("sortition", "panel_draw", "quota_seating", "seating", "evidence.md")

PHRASES = {
    r"told|tells?": ("of those told, as the table tells", "reports, states, shows, raises"),
    r"hangs? on": ("it hangs on the rule", "depends on"),
    r"anew": ("are made anew", "regenerated, again"),
    r"ever so many": ("the mean of ever so many", "infinitely many"),
    r"of whom": ("people of whom nothing is known", "a sentence of its own"),
    r"play(s|ed|ing)?": ("a run is played", "simulates, runs"),
    r"(?<!those )(?<!people )who (is there|came)": ("draws who came", "attendees"),
    r"(same|common) chance": ("all meet the same chance", "use common random numbers"),
    r"sets? of parameters|parameter sets?": ("the sets of parameters", "parameter draws"),
    r"by lot|the lot|lots": ("drawn by lot", "at random; lottery, for sortition only"),
    r"noughts?": ("nor all nought", "zero"),
    r"slips?|mistakes?": ("a slip of the pen", "an error, a typo"),
    r"Monte Carlo errors?": ("the Monte Carlo error", "Monte Carlo standard error"),
    r"(what )?(the )?(data say|calibration left)( of it)?": ("what calibration left", "posterior; identifiability"),
    r"give more way|giving way most": ("the one giving way most", "maximum of give_way"),
    r"not told from": ("not told from zero", "not distinguishable from"),
}
"""What not to write: an example, and what to write instead."""

LEDGER: dict[str, int] = {
    "configs/experiment": 1,
    "docs": 6,
    "docs/reference": 11,
    "experiments/benchmarks": 9,
    "experiments/course": 17,
    "experiments/phase2": 2,
    "src/consensus_sim/council": 3,
    "src/consensus_sim/dynamics": 13,
    "src/consensus_sim/experiments": 88,
    "src/consensus_sim/forecast": 18,
    "src/consensus_sim/interventions": 14,
    "src/consensus_sim/model": 3,
    "src/consensus_sim/outcomes": 2,
    "src/consensus_sim/residents": 6,
    "src/consensus_sim/runs": 17,
    "tests/council": 19,
    "tests/dynamics": 33,
    "tests/experiments": 51,
    "tests/forecast": 10,
    "tests/interventions": 78,
    "tests/model": 5,
    "tests/mutants": 2,
    "tests/outcomes": 2,
    "tests/runs": 18,
    "tests/study": 22,
}
"""Most findings in folders that are still to be cleaned; the numbers may only fall, and at zero a folder leaves."""

QUESTIONS = {"what", "how", "whether", "who", "where", "when", "which", "that"}
"""Words with which no docstring begins: they name no subject."""


def findings(text: str, place: str) -> list[str]:
    """Phrases not to write in `text`, each as file:line, phrase and replacement."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        kept = PUBLISHED.sub("", line)
        for phrase, (_, better) in PHRASES.items():
            if "lot" in phrase and any(name in place for name in SORTITION):
                continue
            found += [
                f"{place}:{number}: {match[0]!r}; write: {better}"
                for match in re.finditer(rf"(?<![\w-])({phrase})(?![\w-])", kept)
            ]
    return found


def folder_of(place: str) -> str:
    """Folder to which the findings of a file count: of src/consensus_sim, tests, docs, configs or experiments."""
    parts = place.split("/")[:-1]
    return "/".join(parts[:3] if parts[:1] == ["src"] else parts[:2]) or "."


def files() -> Iterator[tuple[str, Path]]:
    """Text files of the repository, by their path from its root."""
    paths = [path for name in SCANNED for path in sorted((ROOT / name).rglob("*")) if path.suffix in SUFFIXES]
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *paths):
        place = path.relative_to(ROOT).as_posix()
        if not place.startswith(LEFT_OUT) and "__pycache__" not in place:
            yield place, path


def by_folder() -> dict[str, list[str]]:
    """Findings of every folder."""
    found: dict[str, list[str]] = {}
    for place, path in files():
        found.setdefault(folder_of(place), []).extend(findings(path.read_text(encoding="utf-8"), place))
    return found


def docstrings(place: str, path: Path) -> Iterator[tuple[int, str]]:
    """Line and docstring of the module and of every public class and function of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            words = ast.get_docstring(node)
            if words and not getattr(node, "name", "").startswith("_"):
                yield getattr(node, "lineno", 1), words


def without_subject() -> dict[str, list[str]]:
    """Docstrings of the package that begin with a question word, by folder."""
    found: dict[str, list[str]] = {}
    for place, path in files():
        if place.startswith("src/") and path.suffix == ".py":
            for line, words in docstrings(place, path):
                if re.split(r"\W", words, maxsplit=1)[0].lower() in QUESTIONS:
                    found.setdefault(folder_of(place), []).append(f"{place}:{line}: {words.splitlines()[0]}")
    return found


def over(found: dict[str, list[str]], most: dict[str, int]) -> list[str]:
    """Findings of the folders that have more than the ledger allows."""
    return [line for folder, lines in found.items() if len(lines) > most.get(folder, 0) for line in lines]


def test_no_phrase_has_to_be_translated():
    assert over(by_folder(), LEDGER) == []


def test_docstrings_begin_with_a_verb_or_a_noun():
    assert over(without_subject(), {}) == []


@pytest.mark.parametrize("phrase", PHRASES)
def test_every_phrase_is_found_with_its_place(phrase):
    example, better = PHRASES[phrase]
    assert any(line.startswith("a.py:2: ") and line.endswith(better) for line in findings(f"x\n{example}.", "a.py"))


def test_published_verdicts_and_the_lottery_keep_their_words():
    assert findings('"told", "cannot tell", no difference or cannot be told', "a.py") == []
    assert findings("seats drawn by lot", "src/consensus_sim/dynamics/sortition.py") == []
    assert over({"src/a": ["one", "two"]}, {"src/a": 2}) == [] != over({"src/a": ["one", "two"]}, {"src/a": 1})
