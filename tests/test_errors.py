"""Messages for names that are not allowed."""

from __future__ import annotations

import ast
import pickle
import re
import string
from pathlib import Path

import pytest
import yaml

from consensus_sim import errors
from consensus_sim.errors import MOST_NAMES, InputErrors, not_allowed, one_of, phrase
from consensus_sim.report.typeface import has_glyphs


def test_all_names_are_listed_and_the_nearest_is_suggested():
    assert str(one_of("key", "teo", ["one", "two"])) == "key: found 'teo' (did you mean 'two'?); allowed: one, two"
    assert str(one_of("key", "xyz", ["one", "two"])) == "key: found 'xyz'; allowed: one, two"


@pytest.mark.parametrize("found", ["name_77x", "entirely different"])
def test_of_very_many_names_the_nearest_are_told(found):
    names = [f"name_{number}" for number in range(MOST_NAMES + 40)]
    message = str(one_of("key", found, names))
    assert f"allowed: one of {len(names)} names, the nearest of which are " in message
    assert message.count("name_") <= 5 + 2
    assert ("did you mean 'name_77'" in message) == (found == "name_77x")


PHRASES = yaml.safe_load((Path(errors.__file__).parent / "phrases.yaml").read_text(encoding="utf-8"))


def fields(template: str) -> set[str]:
    """Names of the values that a template puts in."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@pytest.mark.parametrize("kind", PHRASES)
def test_every_phrase_says_the_same_in_both_languages(kind):
    english, chinese = PHRASES[kind]["en"], PHRASES[kind]["zh"]
    assert fields(english) == fields(chinese) or kind == "by_language"
    assert has_glyphs(re.sub(r"\{[^}]*\}", "", chinese))


def test_every_kind_that_the_program_uses_is_there_with_its_values():
    used = 0
    for path in Path(errors.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(getattr(node, "func", None), "id", "")
            if name not in ("phrase", "InputError", "ConsensusSimError", "say_phrase") or not node.args:
                continue
            kind = getattr(node.args[0], "value", None)
            if isinstance(kind, str) and re.fullmatch(r"[a-z][a-z0-9_]*", kind):
                assert kind in PHRASES, f"{path.name}:{node.lineno}"
                given = {word.arg for word in node.keywords}
                assert None in given or given == fields(PHRASES[kind]["en"]), f"{path.name}:{node.lineno}"
                used += 1
    assert used > 5


def test_no_error_is_raised_with_words_of_its_own():
    raised = 0
    for path in Path(errors.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if getattr(getattr(node, "func", None), "id", "") in ("InputError", "ConsensusSimError") and node.args:
                assert not isinstance(node.args[0], ast.JoinedStr), f"{path.name}:{node.lineno}"
                assert " " not in str(getattr(node.args[0], "value", "")), f"{path.name}:{node.lineno}"
                raised += 1
    assert raised > 5


def test_an_intervention_of_a_user_may_raise_plain_words():
    error = pickle.loads(pickle.dumps(errors.InputError("letters: found {13}; allowed: 12")))
    assert error.text("zh") == error.phrase.text("zh") == str(error) == "letters: found {13}; allowed: 12"


def test_an_error_speaks_both_languages_and_survives_a_process():
    error = pickle.loads(pickle.dumps(one_of("key", "teo", ["one", "two"])))
    assert error.text("zh") == "key：读到 'teo'（您要写的是 'two' 吗？）；允许：one、two"
    several = pickle.loads(pickle.dumps(InputErrors([error, not_allowed("a.b", "x" * 300, phrase("true_or_false"))])))
    first, second = several.text("zh").splitlines()
    assert first == error.text("zh") and second.endswith("true 或 false") and len(second) < 180


def test_every_kind_is_used():
    sources = "".join(path.read_text(encoding="utf-8") for path in Path(errors.__file__).parent.rglob("*.py"))
    composed = ("number", "whole_number")  # followed by the bounds there are
    unused = [kind for kind in PHRASES if not re.search(f"[\"']{kind}[\"']", sources) and not kind.startswith(composed)]
    assert not unused
