"""Each random stream has one place that draws from it: two rules that share one would share their luck."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import consensus_sim

SOURCES = Path(consensus_sim.__file__).parent
STREAM = re.compile(r"""\bkeys?\((?:\s*[\w.]*seed,\s*)?\s*f?"([^"]+)"|worn_members\([\w.]+, "([^"]+)\"""")
SHARED = {"topics:stake", "rooms:meeting", "city.{name}"}
"""Keyed further: topics of a date and all others, meetings of one room, shares of a city by their name."""


def streams() -> list[tuple[str, str]]:
    """(file, name) of every stream named in the sources; {...} stands for what is filled in."""
    found = []
    for path in sorted(SOURCES.rglob("*.py")):
        names = STREAM.findall(path.read_text(encoding="utf-8"))
        found += [(path.relative_to(SOURCES).as_posix(), one or other) for one, other in names]
    return found


def may_be(name: str, other: str) -> bool:
    """Whether the stream `name` can be the stream `other` once what is filled in is a channel or a number."""
    filled = [re.sub(r"\{[^}]*\}", each, other.replace("{self.name}", "own")) for each in ("council", "7")]
    parts = [re.escape(part) for part in re.split(r"\{[^}]*\}", name.replace("{self.name}", "own"))]
    return any(re.fullmatch("[^:.]+".join(parts), each) for each in filled)


def test_no_two_places_draw_from_one_stream():
    found = streams()
    assert len(found) > 60, "the check can fail"
    names = [name for _, name in found]
    assert {"seating", "topics:position", "attend:{channel.name}", "team:exit"} <= set(names)
    for (where, name), (there, other) in combinations(found, 2):
        if not {name, other} & SHARED:
            assert not (may_be(name, other) or may_be(other, name)), f"{where}: {name}; {there}: {other}"


def test_a_name_with_a_blank_is_any_that_fills_it():
    assert may_be("attend:{channel.name}", "attend:council") and may_be("see", "see")
    assert may_be("attend:{a}", "attend:{b}") and not may_be("attend:{a}", "door:{a}")
    assert not may_be("{self.name}:come", "access:come")
