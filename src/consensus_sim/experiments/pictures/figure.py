"""Pictures of single runs: a year in six panels, and ten years under several scenarios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.topics import STATES
from consensus_sim.report.figures.layout import COLOURS, Margins, heading, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from consensus_sim.model.model import CommunityModel

MARGINS = Margins(left=0.8, right=0.25, top=0.75, bottom=0.5, across=0.75, down=0.75)
Lines = Mapping[str, NDArray[np.float64]]


def lines(axes: Axes, title: str, drawn: Lines, unit: str, dots: bool = False, names: Sequence[str] = ()) -> None:
    """Draw one line, or dots where there is not a value a week, for each of `drawn`; `names` give each its colour."""
    for name, values in drawn.items():
        colour = COLOURS[list(names or drawn).index(name)]
        known = np.flatnonzero(~np.isnan(values))
        axes.plot(known, values[known], ".-" if dots else "-", color=colour, label=name, lw=1.2, ms=4)
    axes.set_title(title, loc="left", size=10)
    axes.set_ylabel(unit, size=9)
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    if drawn:
        axes.legend(fontsize=7.5, frameon=False)


def weekly(model: CommunityModel, names: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """Weekly metrics of a run by name, those that it has."""
    kept = model.recorder.weekly
    return {name: np.asarray(kept[name], float) for name in names if name in kept}


def topics(axes: Axes, model: CommunityModel) -> None:
    """Draw how many topics are in each state, or have ever come to it."""
    found = weekly(model, [f"topics_{state}" for state in STATES])
    lines(
        axes,
        "Topics: waiting, or ever come to a state",
        {n.removeprefix("topics_"): v for n, v in found.items()},
        "topics",
    )


def meeting(axes: Axes, model: CommunityModel) -> None:
    """Draw positions turn by turn at the council meeting of the year with the most turns and attendees."""
    traced = [trace for trace in model.recorder.traces if trace.channel == "council"]
    one = max(traced, key=lambda trace: trace.position.size)
    for person in range(one.position.shape[1]):
        colour = COLOURS[0] if one.accepted[person] else COLOURS[1]
        axes.plot(one.position[:, person], color=colour, lw=0.8, alpha=0.8 if one.counted[person] else 0.3)
    axes.axhline(one.proposal[0], color="#333333", lw=1, ls="--")
    axes.plot(one.heat, color="#777777", lw=1.5, ls=":")
    kind = model.topics.numbered[one.topic].kind.name
    ending = "settled" if one.settled else "not settled"
    axes.set_title(f"One meeting ({kind}): {one.share:.0%} of those counted accept, {ending}", loc="left", size=10)
    axes.set_ylabel("position, heat (dotted)", size=9)
    axes.set_xlabel("turn (blue accepts, orange not; pale: not counted; dashed: proposal)", size=8)
    axes.set_ylim(0, 1)


def ledger(axes: Axes, model: CommunityModel) -> None:
    """Draw points issued, held, redeemed and expired."""
    rows = np.array([row[:5] for row in model.recorder.points_rows], float)
    weeks, drawn = model.calendar.weeks, {}
    for column, name in enumerate(("issued", "held", "redeemed", "expired"), start=1):
        values = np.full(weeks, np.nan)
        if len(rows):
            values[rows[:, 0].astype(int)] = rows[:, column]
        drawn[name] = values
    lines(axes, "Points ledger", drawn, "points")


def draw_year(model: CommunityModel) -> Figure:
    """Draw the six panels of a year of everything in force at once."""
    figure, grid = panels(3, 2, 2.6, MARGINS)
    heading(figure, "One year in one community, all four measures (one run, week by week)")
    attended = weekly(model, ["attendance_council", "attendance_tea", "attendance_ballot", "attendance_reception"])
    lines(
        grid[0][0],
        "Attendance an event",
        {n.removeprefix("attendance_"): v for n, v in attended.items()},
        "persons",
        True,
    )
    topics(grid[0][1], model)
    meeting(grid[1][0], model)
    ledger(grid[1][1], model)
    lines(grid[2][0], "Skill gained", weekly(model, ["skill_gain_trained", "skill_gain_practised"]), "SD at the start")
    lines(
        grid[2][1],
        "Trust, efficacy, fatigue",
        weekly(model, ["trust", "efficacy", "fatigue_team", "fatigue"]),
        "index 0-1",
    )
    return figure


def quarters(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means over quarters of a weekly line, NaN left out; one value each 13 weeks, NaN between."""
    found = np.full(len(values), np.nan)
    for first in range(0, len(values) - 12, 13):
        part = values[first : first + 13]
        if (~np.isnan(part)).any():
            found[first + 12] = np.nanmean(part)
    return found


def draw_decade(runs: Mapping[str, CommunityModel]) -> Figure:
    """Draw six states over ten years under three scenarios, by quarter."""
    figure, grid = panels(3, 2, 2.6, MARGINS)
    heading(figure, "Ten years in one community (one run each, means of quarters)")
    places = [axes for row in grid for axes in row]
    told = (
        ("attendance_council", "Council attendance", "persons"),
        ("aware_council", "Adults who know of the council", "share"),
        ("trust", "Trust", "index 0-1"),
        ("topics_lapsed", "Topics lapsed unheard, ever", "topics"),
        ("skill_gain_practised", "Skill gained by those who took part", "SD at the start"),
        ("fatigue_team", "Fatigue of the council team", "index 0-1"),
    )
    for axes, (metric, title, unit) in zip(places, told, strict=True):
        drawn = {name: quarters(found) for name, model in runs.items() for found in weekly(model, [metric]).values()}
        lines(axes, title, drawn, unit, names=list(runs))
    return figure
