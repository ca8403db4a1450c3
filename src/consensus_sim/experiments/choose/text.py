"""Text of the choice: the package, the best one for each other goal, the risk of regret, and what to find out first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consensus_sim.catalogue import metric, parameter_label, text
from consensus_sim.experiments.choose.study import Chosen, Gain, gains
from consensus_sim.experiments.choose.tables import WORTH
from consensus_sim.report.words import say

if TYPE_CHECKING:
    from rich.console import Console

ASKED = 3
"""Parameters that are named at most."""


def sentences(found: Chosen, language: str) -> list[str]:
    """The answer, one statement a line, the choice first."""
    scenarios = found.forecast.study.scenarios
    labels = {scenario.name: scenario.label[language] for scenario in scenarios}
    labels |= {scenario.name: scenario.label[language] for scenario in found.raced.study.scenarios}
    chosen = (
        found.forecast.study.scenarios[1]
        if len(found.forecast.study.scenarios) > 1
        else found.forecast.study.scenarios[0]
    )
    count = int((found.tables["packages"]["dropped"] == 0).sum())
    told = [text(f"choose.{found.choice.kind}", language, package=labels[chosen.name], count=count)]
    told += [_gain(row, language) for row in gains(found)]
    if found.choice.kind in ("best", "cheapest"):
        told += _goals(found, labels, language)
        told += _doubts(found, labels, chosen.name, language)
    if found.screening.left_out or found.screening.beyond:
        numbers = {"left_out": found.screening.left_out, "beyond": found.screening.beyond}
        told.append(text("choose.screened", language, **numbers))
    return told


def _gain(row: Gain, language: str) -> str:
    """One package against what is done now; a price a person only where there are surely more."""
    sure = row.low > 0 and row.persons >= 1
    price = text("choose.price", language, price=f"{row.money / row.persons:,.0f}") if sure else ""
    return text(
        "choose.gain", language, package=row.scenario.label[language], persons=f"{row.persons:,.0f}",
        low=f"{row.low:,.0f}", high=f"{row.high:,.0f}", money=f"{row.money:,.0f}", hours=f"{row.hours:,.0f}",
        price=price, p_mean=f"{row.p_mean:.0%}", p_one=f"{row.p_one:.0%}",
    )  # fmt: skip


def _goals(found: Chosen, labels: dict[str, str], language: str) -> list[str]:
    """The best package for each goal alone, where that is another one than the chosen."""
    chosen = str(found.tables["packages"].loc[found.tables["packages"]["chosen"], "package"].iloc[0])
    told = []
    for row in found.tables["by_goal"].to_dict("records"):
        if row["best"] != chosen and row["lead"] > 0:
            sure = "" if row["sure"] else text("choose.goal_unsure", language)
            goal = metric(row["metric"]).label(language)
            told.append(text("choose.goal", language, goal=goal, package=labels[row["best"]], sure=sure))
    return told


def _doubts(found: Chosen, labels: dict[str, str], chosen: str, language: str) -> list[str]:
    """When the choice would be regretted, and what to find out first."""
    regret = found.tables["regret"].set_index("package").loc[chosen]
    told = [
        text("choose.regret", language, package=labels[chosen], p=f"{regret['p_best']:.0%}",
             count=len(found.tables["regret"]))
    ]  # fmt: skip
    structure = found.tables["structure"]
    losing = structure[structure["loses"]].to_dict("records")
    told += [
        text("choose.loses", language, structure=row[f"label_{language}"], package=labels[row["best"]])
        for row in losing
    ]
    if not losing and len(structure):
        told.append(text("choose.holds", language, count=len(structure)))
    worth, error = found.tables["worth"], found.chooser.settings.error
    asked = worth[(worth["p"] <= error) & (worth["value"] > 0) & worth["flip"].notna()].head(ASKED)
    told += [
        text("choose.ask", language, parameter=parameter_label(row["parameter"], language), value=f"{row['flip']:.3g}",
             package=labels[row["above"]])
        for row in asked[list(WORTH)].to_dict("records")
    ]  # fmt: skip
    return told if len(asked) else [*told, text("choose.ask_nothing", language)]


def print_choice(found: Chosen, language: str, console: Console) -> None:
    """Prints the answer."""
    first, *rest = sentences(found, language)
    say(first, console, style="bold")
    for line in rest:
        say(line, console)
