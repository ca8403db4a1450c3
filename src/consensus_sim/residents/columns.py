"""Every column of the residents' state, declared once: meaning, unit, range."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from consensus_sim.errors import InputError


class Column(NamedTuple):
    """One attribute of all residents: an array of shape (n_residents,)."""

    name: str
    dtype: str
    unit: str
    low: float
    high: float
    meaning: str


SKILLS = ("expression", "listening", "integration", "procedure")
"""Rows of `Residents.skill`: saying what one means, hearing others, joining interests, knowing the rules of a
meeting.
"""
COGNITIONS = ("rights", "responsibility", "public_interest")
"""Rows of `Residents.cognition`: awareness of rights, of responsibility, of the public interest."""
BEHAVIOURS = ("habit", "initiative", "follow_through")
"""Indicators of the behaviour dimension of the capability scale."""
CHANNELS = ("reception", "adhoc", "council", "tea", "ballot", "salon", "seed_group", "building_council", "talk")
"""Built-in channels, in the order of their bits in `Residents.aware`; a user's own have the bits after them."""
MOST_CHANNELS = 16
"""Bits of `Residents.aware`."""

COLUMNS = (
    *(Column(name, "f4", "scale", 0, 1, "skill") for name in SKILLS),
    *(Column(name, "f4", "scale", 0, 1, "cognition") for name in COGNITIONS),
    Column("habit_offline", "f4", "scale", 0, 1, "habit of taking part in person: an exponential trace (D7)"),
    Column("habit_online", "f4", "scale", 0, 1, "habit of taking part online (D7, L8)"),
    Column("initiative", "f4", "scale", 0, 1, "readiness to raise a matter or lead one"),
    Column("follow_through", "f4", "scale", 0, 1, "doing what was promised: coming when accepted, carrying on"),
    Column("motive", "f4", "scale", 0, 1, "intrinsic motive (D9)"),
    Column("efficacy", "f4", "scale", 0, 1, "belief that one's own voice counts (D8)"),
    Column("trust", "f4", "scale", 0, 1, "expected delivery of what was promised (D8)"),
    Column("belonging", "f4", "scale", 0, 1, "feeling of being part of the community"),
    Column("fatigue", "f4", "scale", 0, 1, "weariness of taking part (D10)"),
    Column("strain", "f4", "scale", 0, 1, "wear of a year's service in the council team or the seed group (D10)"),
    Column("aware", "u2", "bits", 0, 65535, "channels the resident knows of, one bit each (D1)"),
    Column("points", "i4", "points", 0, 2**31 - 1, "points held (F34)"),
)
BY_NAME = {column.name: column for column in COLUMNS}

GROUPS = (
    "all",
    "elder",
    "middle",
    "young",
    "tenant",
    "owner",
    "low_income",
    "vulnerable",
    "working",
    "newcomer",
    "party",
    "parent",
    "car",
)
"""Groups of adults, one bit each in `Residents.groups`; `vulnerable` is the union of elder, tenant and low_income
(F12).
"""
REPORT_GROUPS = GROUPS[:-1]
"""Groups for which results are tabled."""


def group_bit(name: str) -> int:
    """The bit of group `name` in `Residents.groups`."""
    return 1 << GROUPS.index(name)


def channel_bit(name: str) -> int:
    """The bit of the built-in channel `name` in `Residents.aware`."""
    return channel_bits(())[name]


def channel_bits(known: Iterable[str]) -> dict[str, int]:
    """The bit of every channel in `Residents.aware`: the built-in ones, then those `known` besides, by name.

    Raises InputError if there are more channels than bits.
    """
    own = sorted(set(known) - set(CHANNELS))
    if len(CHANNELS) + len(own) > MOST_CHANNELS:
        most = MOST_CHANNELS - len(CHANNELS)
        raise InputError("too_many_channels", found=len(own), names=", ".join(own), most=most)
    return {name: 1 << place for place, name in enumerate((*CHANNELS, *own))}
