"""A handful of headline numbers of one small run, kept to notice changes: `python -m tests.baseline.refresh`.

The file says that numbers have changed, not that they were right. Each number has its meaning and the range in which
it is plausible; a number outside is not written. Refreshing needs a line under **Numbers** in CHANGELOG.md.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

PLACE = Path(__file__).parent / "teaching_seed_1.csv"
SCENARIO, SEED, WEEKS = "full", 1, 56


class Number(NamedTuple):
    """A headline metric: its plausible range on the small community, and what it says."""

    metric: str
    group: str
    low: float
    high: float
    meaning: str


NUMBERS = (
    Number("person_times_quarter", "all", 10, 800, "participations in the last 13 weeks, a count"),
    Number("reach_quarter", "all", 0.01, 0.8, "share of adults with a participation in the last 13 weeks"),
    Number("reach_year", "vulnerable", 0.01, 0.9, "share of vulnerable adults with one in the last 52 weeks"),
    Number("frequency_ordinary", "all", 0.05, 6, "participations a quarter of those outside the team who ever came"),
    Number("attendance_council", "all", 3, 45, "persons present at a council session of the last 13 weeks"),
    Number("topics_deliberated", "all", 1, 40, "topics that had a sitting, a count"),
    Number("consensus_settled", "all", 0, 1, "share of deliberated topics that were settled"),
    Number("consensus_shelved", "all", 0, 1, "share of deliberated topics that were given up"),
    Number("sittings_per_settled", "all", 1, 6, "sittings that a settled topic took"),
    Number("matters_landed", "all", 0, 40, "resolutions carried out, a count"),
    Number("vulnerable_present", "all", 0.1, 0.9, "share of vulnerable people among residents at council sittings"),
    Number("vulnerable_speaking", "all", 0.02, 0.9, "their share of speaking turns, officers included"),
    Number("team_or_party_present", "all", 0.1, 1, "share of team and Party members among those present"),
    Number("gini_speaking", "all", 0.1, 0.9, "inequality of speaking turns at a sitting"),
    Number("trust", "all", 0.3, 0.6, "mean trust of adults at the end"),
    Number("skill", "all", 0.15, 0.5, "mean skill of adults at the end"),
    Number("fatigue_team", "all", 0, 0.9, "mean fatigue of the council's team at the end"),
    Number("cost_money", "all", 20000, 120000, "money of all levers over the run, CNY"),
    Number("cost_hours", "all", 300, 2500, "staff hours of all levers over the run"),
)
COUNTS = {"person_times_quarter", "topics_deliberated", "matters_landed"}


def measure() -> dict[tuple[str, str], float]:
    """The numbers as the model gives them now."""
    from consensus_sim import load_model
    from consensus_sim.outcomes.facts import all_tables

    table = all_tables(load_model("teaching", SCENARIO, seed=SEED, weeks=WEEKS, overrides=["parameters=centre"]).run())[
        "metrics"
    ]
    values = {(m, g): float(v) for m, g, v in zip(table["metric"], table["group"], table["value"], strict=True)}
    return {(each.metric, each.group): values[each.metric, each.group] for each in NUMBERS}


def implausible(found: dict[tuple[str, str], float]) -> list[str]:
    """What lies outside its range, a line each."""
    return [
        f"{each.metric}, {each.group}: {found[each.metric, each.group]:g} is not within {each.low:g} to {each.high:g}"
        for each in NUMBERS
        if not each.low <= found[each.metric, each.group] <= each.high
    ]


def main() -> None:
    """Rewrites the file."""
    found = measure()
    wrong = implausible(found)
    if wrong:
        raise SystemExit("\n".join(wrong))
    with PLACE.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("metric", "group", "value", "low", "high", "meaning"))
        for each in NUMBERS:
            value = f"{found[each.metric, each.group]:.8g}"
            rows.writerow((each.metric, each.group, value, each.low, each.high, each.meaning))


if __name__ == "__main__":
    main()
