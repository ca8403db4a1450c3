"""Lines are broken where a reader would break them."""

from __future__ import annotations

import pytest

from consensus_sim.report.words import cells, fold


@pytest.mark.parametrize("width", [20, 25, 31])
def test_names_within_chinese_stay_whole(width):
    words = "对其余参数，数据什么也没有说：awareness.notice、channels.council、trust.gain。"
    lines = fold(words, width).split("\n")
    assert "".join(lines) == words and max(map(cells, lines)) <= width + 2  # a mark may hang
    for name in ("awareness.notice", "channels.council", "trust.gain"):
        assert any(name in line for line in lines)
    assert not any(line[0] in "，。、" for line in lines)


def test_words_are_broken_at_blanks():
    assert fold("one two three", 8) == "one two\nthree"
    assert fold("short", 8) == "short"
