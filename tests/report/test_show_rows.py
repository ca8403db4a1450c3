"""Tables on narrow terminals: no word is cut, no line is longer than the terminal, everything is said."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from consensus_sim.experiments.city.text import print_gains
from consensus_sim.report.tables import print_table
from consensus_sim.report.words import fold, longest_word, show_rows

WIDTHS = (40, 60, 80)


def said_by(width, show, *arguments, **options):
    console = Console(file=io.StringIO(), width=width)
    show(*arguments, console=console, **options)
    return console.file.getvalue()


WORDS = st.lists(st.text("abcdefgh", min_size=1, max_size=12), min_size=1, max_size=6).map(" ".join)
ROWS = st.lists(st.tuples(WORDS, WORDS, st.just("0.25 – 0.75"), WORDS), min_size=1, max_size=4)


@pytest.mark.parametrize("width", WIDTHS)
@given(rows=ROWS)
def test_every_word_stays_whole_at_any_width(width, rows):
    headings = ("Name", "What it is", "Interval", "Verdict")
    said = said_by(width, show_rows, headings=headings, rows=["A line across", *rows], colon=": ", whole=(2,))
    words = re.findall(r"[^\s:]+", said)
    given_words = [word for row in rows for cell in row for word in cell.split()]
    for word in {*given_words, "across", "Interval"}:
        assert words.count(word) >= max(1, given_words.count(word))
    assert said.count("0.25 – 0.75") == len(rows)
    assert max(map(cell_len, said.splitlines())) <= width


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_long_names_of_scenarios_and_communities_are_broken_between_words(make_sample, language, width):
    zh, en = (
        "居民议事会与楼栋微网格联席会（第二阶段）加A_longer_name",
        "Neighbourhood representatives' deliberative council",
    )
    sample = make_sample(replicates=4)
    scenarios = [(name, {"zh": f"{zh}{name}", "en": f"{en} {name}"}) for name, _ in sample["scenarios"]]
    tables = [sample["summary"], sample["contrasts"], scenarios, sample["reference"], language]
    said = said_by(width, print_table, *tables)
    gains = (
        sample["contrasts"]
        .query("scenario == 'full' and metric == 'trust'")
        .assign(reference="before", community="community_of_the_northern_gate_17", kind="old", residents=12345)
    )
    labels = {name: label[language] for name, label in scenarios}
    said_of_city = said_by(width, print_gains, gains, {"old": en}, labels, language)
    for text in (said, said_of_city):
        assert "…" not in text and max(map(cell_len, text.splitlines())) <= width
        assert not re.search(r"^[，。、；：）]", text, flags=re.M)
    if language == "en":
        for word in [*en.split(), "before", "parlour"]:
            assert re.search(rf"(^|\s){word}(\s|$)", said, flags=re.M), word
    else:
        assert re.search(r"A_(longer_)?", said) and "community_of" in said_of_city


@given(text=st.text("议事会，（）abc_ -", max_size=60), width=st.integers(14, 40))
def test_a_folded_text_keeps_its_width_and_its_words(text, width):
    lines = fold(text, width).split("\n")
    assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", text)
    if longest_word(text) <= width - 4:
        assert all(cell_len(line) <= width or set(line[1:]) <= set("，）") for line in lines)
