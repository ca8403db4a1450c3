"""docs/evidence.md is the register of the ids by which sources are named: all that are used, and no others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from consensus_sim.data_files import EVIDENCE_ID
from consensus_sim.parameters import GRADES

ROOT = Path(__file__).parent.parent.parent
REGISTER = ROOT / "docs" / "evidence.md"
PAGE = REGISTER.read_text(encoding="utf-8")
ROWS = re.findall(r'^\| <a id="([^"]*)"></a>(\S*) \|(.*)\|(.*)\|(.*)\|$', PAGE, flags=re.M)
"""Anchor, id, what it says, reference and grade of every row."""
IDS = [name for _, name, *_ in ROWS]
LETTERS = {name[0] for name in IDS}
KINDS = {".py", ".md", ".yaml", ".csv"}
FILES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"] + [
    path
    for folder in ("src", "configs", "docs", "experiments", "tests")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in KINDS
]
CONFIGS = sorted((ROOT / "configs").rglob("*.yaml"))
WITHOUT_ID = r"\d(?:\.\d)+|\bassumption\b|^none$|^nulls$|^participation literature$"
"""What a source without an id says: a section of the case study, or that there is no finding."""


def ids(text: str) -> set[str]:
    """The ids that `text` names, and those of the register between the ends of a range such as F34-F36 or L17–18."""
    text = re.sub(r"# noqa.*", "", text)
    found = {name for name in re.findall(EVIDENCE_ID, text) if name[0] in LETTERS}
    for letter, first, last in re.findall(r"(?<!\w)([A-Z])(\d+)[-–]\1?(\d+)(?!\w)", text):
        within = {f"{letter}{number}" for number in range(int(first), int(last))} & set(IDS)
        found |= within | ({f"{letter}{last}"} if letter in LETTERS else set())
    return found


USED = {file: ids(file.read_text(encoding="utf-8")) for file in FILES}
"""The ids that each file names."""


def sources(node: object) -> Iterator[str]:
    """Every value of a key `source` in what a YAML file holds."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "source" and isinstance(value, str):
                yield value
            yield from sources(value)
    elif isinstance(node, list):
        for value in node:
            yield from sources(value)


def test_ids_are_read_as_they_are_written():
    """Ranges count with all between their ends; codes, units and names that only look alike do not count."""
    assert ids("据F25，B7, L22b [F34-F36] P15–P17; L17–18") == set(
        "F25 B7 L22b F34 F35 F36 P15 P16 P17 L17 L18".split()
    )
    assert not ids("a_F25 F25_a V2 1E5 #E41A1C x = y  # noqa: F401 B")


def test_every_id_that_is_used_is_in_the_register():
    unknown = {f"{file.relative_to(ROOT)}: {name}" for file, names in USED.items() for name in names - set(IDS)}
    assert not unknown, f"not in docs/evidence.md: {sorted(unknown)}"


def test_every_id_of_the_register_is_used():
    unused = set(IDS).difference(*(names for file, names in USED.items() if file != REGISTER))
    assert not unused, f"nothing outside docs/evidence.md names {sorted(unused)}"


def test_rows_are_sorted_and_can_be_linked_to():
    assert [anchor for anchor, *_ in ROWS] == IDS and len(set(IDS)) == len(IDS) > 200
    assert len(ROWS) == len(re.findall(r"^\| <a", PAGE, flags=re.M))
    for table in PAGE.split("## ")[1:]:
        names = re.findall(r'^\| <a id="([A-Z])(\d+)([a-z]?)"', table, flags=re.M)
        assert names == sorted(names, key=lambda name: (name[0], int(name[1]), name[2]))


def test_every_row_says_something_from_somewhere_with_a_known_grade():
    known = set(re.findall(r"^\| (\w\d?|–) \|", PAGE, flags=re.M))
    assert known == {*GRADES, "R", "–"}
    for _, name, says, reference, grade in ROWS:
        assert set(grade.strip().split(", ")) <= known, name
        assert set(re.findall(r"\[(\w+)\]", says)) <= set(GRADES), name
        assert len(says.split()) > 2 and reference.strip(), name


@pytest.mark.parametrize("file", CONFIGS, ids=lambda path: str(path.relative_to(ROOT / "configs")))
def test_every_source_in_configs_is_in_the_register_or_says_that_there_is_none(file):
    for source in sources(yaml.safe_load(file.read_text(encoding="utf-8"))):
        assert ids(source) <= set(IDS), source
        assert ids(source) or re.search(WITHOUT_ID, source), f"names no id and no section: {source}"


def test_lines_of_prose_are_short():
    assert not [line for line in PAGE.splitlines() if len(line) > 120 and not line.startswith("|")]
