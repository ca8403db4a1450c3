"""Data files: YAML that cannot act, within limits, with every key as text; each refusal is one line, at once."""

from __future__ import annotations

import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from consensus_sim.community.spec_files import spec_file
from consensus_sim.data_files import (
    DEEPEST,
    LARGEST,
    MOST_VALUES,
    check_inside,
    check_plain,
    parse,
    read_mapping,
    read_with_defaults,
)
from consensus_sim.errors import InputError
from consensus_sim.study.config_source import read_data, read_experiment

LETTERS = "bcdefghi"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{below}'] * 10)}]\n" for below, name in zip("a" + LETTERS, LETTERS, strict=False)
)
REFUSED = {
    "bomb": (BOMB, f"found more than {MOST_VALUES} values"),
    "many": ("a: [" + "1, " * (MOST_VALUES + 1) + "1]", f"found more than {MOST_VALUES} values"),
    "flow": ("[" * 100_000, f"more than {DEEPEST} levels"),
    "block": ("- " * 100_000, f"more than {DEEPEST} levels"),
    "alias depth": ("- &a0 [1]\n" + "".join(f"- &a{n} [*a{n - 1}]\n" for n in range(1, 40)), f"more than {DEEPEST}"),
    "itself": ("a: &a [*a]", "alias 'a' of no complete value"),
    "python": ("a: !!python/object/apply:os.system [touch acted]", "found the tag"),
    "pathlib": ("a: !!python/object/apply:pathlib.Path [acted]", "found the tag"),
    "own tag": ("a: !mine b", "found the tag '!mine'"),
    "documents": ("a: 1\n---\nb: 2", "f.yaml:2: found a second document"),
    "key": ("[1]: 2", "found a list, a mapping or an alias as a key"),
    "twice": ("a: 1\nb: 2\na: 3", "f.yaml:3: found duplicate key a"),
    "words twice": ("no: 1\n'no': 2", "f.yaml:2: found duplicate key no"),
    "quote": ('a: "b', "f.yaml:1: "),
    "control": ("a: \x01", "f.yaml:1: "),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_file_of_data_must_not_hold_is_refused_at_once(case):
    text, expected = REFUSED[case]
    begun = time.process_time()
    with pytest.raises(InputError) as caught:
        parse(text, "f.yaml")
    assert time.process_time() - begun < 2
    assert expected in str(caught.value) and "\n" not in str(caught.value) and len(str(caught.value)) < 300
    assert caught.value.text("zh") != str(caught.value)


WORDS = {
    "1": 1, "-3": -3, "0": 0, "1_000": 1000, "1e3": 1000.0, "1E-3": 0.001, ".5": 0.5, "5.": 5.0, "-0.25": -0.25,
    "true": True, "False": False, "null": None, "~": None, "": None,
    "0205": "0205", "00": "00", "00.5": "00.5", "0x1F": "0x1F", "0o17": "0o17", "12:30": "12:30", "yes": "yes",
    "no": "no", "on": "on", "off": "off", "y": "y", "2024-05-06": "2024-05-06", "1.2.3": "1.2.3", "９": "９",
    "9" * 5000: "9" * 5000,
}  # fmt: skip


@pytest.mark.parametrize("word", WORDS)
def test_a_word_is_read_as_yaml_1_2_reads_it_and_a_key_is_text(word):
    (found,) = parse(f"- {word}", "f.yaml")
    assert (found, type(found)) == (WORDS[word], type(WORDS[word]))
    assert parse(f"- '{word}'", "f.yaml") == [word]
    if 0 < len(word) < 1000:  # a key of more characters is none in YAML
        assert parse(f"{word}: 1", "f.yaml") == {word: 1}


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(st.characters(codec="utf-8"), max_size=20),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=9), below, max_size=4),
    max_leaves=20,
)


@given(PLAIN)
def test_plain_values_come_back_as_they_were_written(value):
    assert parse(yaml.safe_dump(value, allow_unicode=False), "f.yaml") == value


def test_numbers_are_those_that_python_means():
    for number in (1e-7, 0.1, 123456.789, 1e22, -2.5e-8):
        assert parse(f"a: {number!r}", "f.yaml") == {"a": number}


@pytest.mark.parametrize("key", ["_target_", "_partial_", "_args_", "_recursive_", "_convert_", "<<", "hydra"])
def test_keys_that_act_are_refused(key):
    with pytest.raises(InputError, match="names no code"):
        check_plain("f.yaml", {key: 1})
    if key != "hydra":  # which acts at the top only
        with pytest.raises(InputError, match=rf"'a\.1\.{key}'"):
            check_plain("f.yaml", {"a": [0, {key: 1}]})


@pytest.mark.parametrize("text", ["${x}", "${oc.env:HOME}", "a ${b} c", "\\${x}", "???", "${"])
def test_a_text_that_would_be_resolved_is_refused_with_file_and_key(text):
    with pytest.raises(InputError) as caught:
        check_plain("f.yaml", {"a": {"b": ["fine", text]}})
    assert str(caught.value).startswith(f"f.yaml: a.b.1: found {text!r}")
    with pytest.raises(InputError):
        check_plain("f.yaml", {"${x}": 1})


def test_a_large_file_is_not_read(tmp_path):
    large = tmp_path / "large.yaml"
    large.write_bytes(b"a: 1\n" + b"# " + b"x" * 10_000_000)
    begun = time.process_time()
    with pytest.raises(InputError, match=f"large.yaml: found 10000007 bytes; allowed: at most {LARGEST} bytes"):
        read_mapping(large)
    assert time.process_time() - begun < 0.1


@pytest.mark.parametrize(
    "header", ["# @package _global_", "\ufeff# @package foo.bar", "#@package hydra", "# words\n\n  # @ package foo.bar"]
)
def test_a_header_is_refused_unless_it_is_the_one_allowed(tmp_path, header):
    path = tmp_path / "mine.yaml"
    path.write_text(f"{header}\na: 1\n", encoding="utf-8")
    with pytest.raises(InputError, match="found the header"):
        read_mapping(path)
    if header.endswith("_global_"):
        assert read_mapping(path, "_global_") == {"a": 1}


def test_a_folder_a_list_and_nothing(tmp_path):
    (tmp_path / "list.yaml").write_text("- a\n", encoding="utf-8")
    (tmp_path / "nothing.yaml").write_text("# nothing\n", encoding="utf-8")
    for path, expected in ((tmp_path, "found something else"), (tmp_path / "list.yaml", "a YAML mapping")):
        with pytest.raises(InputError, match=expected):
            read_mapping(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_mapping(tmp_path / "none.yaml")
    assert read_mapping(tmp_path / "nothing.yaml") == {}


@pytest.mark.parametrize(
    ("text", "kind"),
    [("root:x:0:0:root\nsecond\n", "a text"), ("[secret]", "a list"), ("4711", "a number, true or false")],
)
def test_of_what_is_no_mapping_only_kind_and_line_are_told(tmp_path, text, kind):
    path = tmp_path / "f.yaml"
    path.write_text(f"# words\n\n{text}", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_mapping(path)
    assert str(caught.value) == f"{path}:3: found {kind}; allowed: a YAML mapping, one key a line"


def test_a_link_does_not_leave_the_users_folder(tmp_path):
    own, shipped = tmp_path / "mine" / "community", tmp_path / "package" / "community"
    for folder in (own, shipped, own.parent / "shared"):
        folder.mkdir(parents=True)
    (tmp_path / "secret.yaml").write_text("stolen: 1\n", encoding="utf-8")
    (own.parent / "shared" / "base.yaml").write_text("a: 1\n", encoding="utf-8")
    for name, target in {"out": tmp_path / "secret.yaml", "within": own.parent / "shared" / "base.yaml"}.items():
        (own / f"{name}.yaml").symlink_to(target)
        (own / f"by_{name}.yaml").write_text(f"defaults: [{name}]\n", encoding="utf-8")
    assert read_with_defaults(own / "by_within.yaml", shipped) == read_data(own / "within.yaml") == {"a": 1}
    (own / "itself.yaml").symlink_to(own / "itself.yaml")
    for read in (
        lambda: read_with_defaults(own / "by_out.yaml", shipped),
        lambda: read_data(own / "out.yaml"),
        lambda: read_experiment(own / "out.yaml"),
        lambda: spec_file(str(own / "by_out.yaml")),
        lambda: check_inside(own / "itself.yaml", own),
    ):
        with pytest.raises(InputError, match=r"(out|itself)\.yaml: found a link to a file outside"):
            read()


def test_defaults_are_files_of_the_same_group_only(tmp_path):
    group, shipped = tmp_path / "mine" / "community", tmp_path / "package" / "community"
    for folder in (group, shipped):
        folder.mkdir(parents=True)
    (tmp_path / "mine" / "secret.yaml").write_text("stolen: 1\n", encoding="utf-8")
    (shipped / "_base.yaml").write_text("a: {b: 1, c: 2}\nlist: [1, 2]\n", encoding="utf-8")
    (group / "beside.yaml").write_text("defaults: [_base]\na: {b: 5}\n", encoding="utf-8")
    mine = group / "mine.yaml"
    mine.write_text("defaults: [beside, _self_]\na: {c: 3}\nlist: [7]\n", encoding="utf-8")
    assert read_with_defaults(mine, shipped) == {"a": {"b": 5, "c": 3}, "list": [7]}
    mine.write_text("defaults: [_self_, beside]\na: {b: 3}\n", encoding="utf-8")
    assert read_with_defaults(mine, shipped)["a"]["b"] == 5
    for name in ("../secret", "/etc/passwd", "mine", "nowhere", "{override /hydra/launcher: basic}", "3", "_base@x"):
        mine.write_text(f"defaults: [{name}]\n", encoding="utf-8")
        with pytest.raises(InputError, match="mine.yaml: defaults: found "):
            read_with_defaults(mine, shipped)
    (group / "beside.yaml").write_text("defaults: [mine]\n", encoding="utf-8")
    mine.write_text("defaults: [beside]\n", encoding="utf-8")
    with pytest.raises(InputError, match="beside.yaml: defaults: found 'mine'"):
        read_with_defaults(mine, shipped)
