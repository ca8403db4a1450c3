"""Messages in Chinese: every one that the program can tell is in the file, whole, and what it tells of is kept."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import consensus_sim
from consensus_sim.catalogue import message
from consensus_sim.report.typeface import has_glyphs

SOURCES = Path(consensus_sim.__file__).parent
FILE = SOURCES / "messages.yaml"
ALLOWED = ("allowed", "needed")
"""Names under which the program keeps words on what is allowed."""
PARTS = {
    "hint": "", "auto": "", "word": "a whole number from ", "said": "a.b: found 'c'; allowed: d",
    "told": "allowed with replicates=auto: a number above 0 and below 1, such as 0.05",
}  # fmt: skip
"""What stands for a name that holds a part of a message; for any other a number does."""
NAMES = set(
    "null true false auto all zh en text source price worth share date every observe below above value low high "
    "error use statistic metric quantity weight centre calibrated calibrate distribution fixed sign calibration "
    "validation column measure targets posterior scenarios scenario topic behaviour results engine reference community "
    "columns young middle old "
    "dwellings x y pattern patterns months store precision replicates config-dir defaults compare job help robustness "
    "sensitivity analysis observation parameters city ages estate building households log-uniform label group from "
    "micro_grid residents consensus-sim scikit-learn pip install scoringrules shares scale validate".split()
)
"""Words of settings and of commands, which stay English."""
Row = tuple[str, str]


def templates(node: ast.expr, number: int = 0) -> Iterator[str]:
    """The ways in which `node` may come out, numbers from 71001 on standing for what is put in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from templates(node.body)
        yield from templates(node.orelse)
    elif isinstance(node, ast.JoinedStr):
        said = [""]
        for place, part in enumerate(node.values):
            if isinstance(part, ast.FormattedValue):
                name = ast.unparse(part.value)
                chosen = [*templates(part.value)] if isinstance(part.value, ast.IfExp) else []
                ways = chosen or [PARTS.get(name, str(71001 + place))]
            else:
                ways = [str(part.value)]
            said = [one + way for one in said for way in ways]
        yield from said


def told_by(node: ast.AST) -> Iterator[str]:
    """What `node` tells, if it is where a message is worded."""
    if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in ALLOWED:
        yield from templates(node.value)
    if not isinstance(node, ast.Call) or not node.args:
        return
    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
    if name in ("InputError", "ConsensusSimError", "_say"):
        yield from templates(node.args[0])
    elif name == "one_of":
        for words in templates(node.args[0]):
            yield f"{words}: found 'a' (did you mean 'b'?); allowed: b, c"
    elif name == "refuse" and len(node.args) > 2:
        yield from templates(node.args[2])


def told() -> Iterator[Row]:
    """Every message, or what it allows, and the file that tells it."""
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield from ((path.name, words) for words in told_by(node))


def english(words: str) -> list[str]:
    """English words in `words` that are no names of settings."""
    plain = re.sub(r"'[^']*'|\[[^\]]*\]|\S*[=/_<>.]\S*|--\S+|\b[A-Z]\w*", " ", words)
    return [word for word in re.findall(r"[a-z][a-z-]+", plain) if word not in NAMES]


ROWS = [(file, words) for file, words in dict.fromkeys(told()) if english(words)]


def test_the_messages_are_found():
    assert ROWS


@pytest.mark.parametrize(("file", "words"), ROWS, ids=[f"{file}-{n}" for n, (file, _) in enumerate(ROWS)])
def test_every_message_is_in_chinese_and_keeps_what_it_is_about(file, words):
    said = message(words, "zh")
    assert not english(said)
    assert sorted(re.findall(r"710\d\d", said)) == sorted(re.findall(r"710\d\d", words))


def test_english_stays_and_so_does_what_is_not_known():
    assert message("anything: found 1; allowed: 2", "en") == "anything: found 1; allowed: 2"
    assert message("no such words", "zh") == "no such words"


def test_what_is_found_and_allowed_is_taken_over():
    words = "a.yaml: intervention.points.budget: found -5; allowed: 0 to 1000000 CNY"
    assert message(words, "zh") == "a.yaml: intervention.points.budget：读到 -5；允许：0 至 1000000（CNY）"


def test_the_file_can_be_set_and_loses_nothing():
    for words, chinese in yaml.safe_load(FILE.read_text(encoding="utf-8")).items():
        assert has_glyphs(chinese), words
        there = re.findall(r"\{(\w+)\}", chinese.replace("{{", "").replace("}}", ""))
        told = re.findall(r"\{(\w+)\}", words)
        assert set(there) <= set(told) and len(told) == len(set(told)), words
