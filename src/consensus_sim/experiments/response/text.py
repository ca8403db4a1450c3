"""Sufficient dose of an intervention, in words and as a table for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from consensus_sim.catalogue import label_of, metric, text
from consensus_sim.experiments.response.study import Curve
from consensus_sim.report.answer import change_words
from consensus_sim.report.change import MARKS, kind_of_change, one_community
from consensus_sim.report.words import say, show_rows

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

Row = dict[Any, Any]
Answer = Literal["none", "enough", "worse", "flat", "more", "unknown", "undefined"]
CLIPPED = "▲"
ANSWERS = {
    "none": "no difference worth a word up to dose {most}",
    "enough": "dose {dose}",
    "worse": "worse from dose {dose} on",
    "flat": "beyond dose {dose} nothing more; whether that does anything cannot be told",
    "more": "not at its end with dose {most}",
    "unknown": "cannot be told",
    "undefined": "undefined",
}
"""Kind of answer -> words in a cell of the published table."""
TOLD = ("higher", "lower", "leaning_up", "leaning_down")
"""Kinds of a difference that is worth a word and whose direction is sure, on average at least."""


class Enough(NamedTuple):
    """Sufficient dose of one intervention for one metric.

    none: no dose brings a difference worth a word, on average
    enough, worse, flat: beyond `dose` more brings none; `dose` itself, against none, makes the metric better, makes
        it worse, or its effect is uncertain
    more: the largest dose still differs from the one `before` it; unknown: anything else
    dose: the one to state a difference to none of; most: the largest dose tried that differs in its settings
    """

    kind: Answer
    dose: float
    before: float
    most: float


def with_verdicts(table: pd.DataFrame) -> pd.DataFrame:
    """`table` (`analysis.response.response_table`) with the column `verdict`: the kind of each difference."""
    return table.assign(verdict=[kind_of_change(row) for row in table.to_dict("records")])


def by_metric(table: pd.DataFrame) -> Iterator[tuple[str, str, str, list[Row]]]:
    """(intervention, metric, group, rows) for each of them in `table`, as response.csv."""
    for (intervention, name, group), rows in table.groupby(["intervention", "metric", "group"], sort=False):
        yield str(intervention), str(name), str(group), rows.to_dict("records")


def how_much(rows: Sequence[Row], within: float) -> Enough:
    """Sufficient dose by the `rows` of one intervention, metric and group: the smallest dose against which the
    interval of the mean effect of every larger one lies within `within` least differences of 0.

    Doses whose settings are those of a lower one, because all are clipped, say nothing of more and are left out.
    """
    settings = {row["dose"]: row["settings"] for row in sorted(rows, key=lambda row: row["dose"])}
    first = {names: dose for dose, names in reversed(settings.items())}
    lowest = {row["against"] for row in rows} - settings.keys()  # 0, or the first at which the metric is defined
    doses = sorted({*first.values(), *lowest})
    kinds = {
        (row["dose"], row["against"]): kind_of_change({**row, "least_difference": within * row["least_difference"]})
        for row in rows
    }
    if len(doses) < 2:
        return Enough("undefined", 0.0, 0.0, 0.0)
    most, before = doses[-1], doses[-2]
    for dose in doses[:-1]:
        if all(kinds.get((larger, dose)) == "negligible" for larger in doses if larger > dose):
            return Enough(_beyond(rows, kinds, dose), dose or most, before, most)
    if kinds.get((most, before)) in TOLD:
        return Enough("more", most, before, most)
    return Enough("unknown", 1.0 if 1.0 in doses else most, before, most)


def _beyond(rows: Sequence[Row], kinds: Mapping[tuple[float, float], str], dose: float) -> Answer:
    """The kind of answer where more than `dose` brings nothing: by what `dose` does against none."""
    kind = kinds.get((dose, 0.0), "unclear")
    if not dose or kind not in TOLD:
        return "flat" if dose else "none"
    worse = {"higher": ("lower", "leaning_down"), "lower": ("higher", "leaning_up")}
    return "worse" if kind in worse.get(metric(rows[0]["metric"]).direction, ()) else "enough"


def label_of_metric(name: str, group: str, language: str) -> str:
    """The label of a metric, with that of its group where it is not of all adults."""
    label = metric(name).label(language)
    if group == "all":
        return label
    return text("response.group", language, metric=label, group=label_of("group", group, language))


def in_words(name: str, group: str, rows: Sequence[Row], within: float, language: str) -> list[str]:
    """Sentences on the sufficient dose and its difference to dose 0, on average and in one community."""
    found, label = how_much(rows, within), label_of_metric(name, group, language)
    doses = {"dose": f"{found.dose:g}", "before": f"{found.before:g}", "most": f"{found.most:g}"}
    last = next((row for row in rows if (row["dose"], row["against"]) == (found.most, found.before)), None)
    step = "" if last is None else metric(name).show_difference(last["difference"], language)
    said = [text(f"response.{found.kind}", language, metric=label, difference=step, **doses)]
    effect = next((row for row in rows if (row["dose"], row["against"]) == (found.dose, 0.0)), None)
    if effect is not None:
        change = change_words(name, effect, language, label)
        said.append(text("response.effect", language, change=change, **doses))
    return said


def at_limit(table: pd.DataFrame, language: str) -> str:
    """Settings of one intervention that are clipped, each with the dose from which it is; "" if none is."""
    first: dict[str, float] = {}
    for row in table.sort_values("dose", kind="stable").to_dict("records"):
        for setting in filter(None, row["clipped"].split("; ")):
            first.setdefault(setting, row["dose"])
    limits = [text("response.from_dose", language, settings=name, dose=f"{dose:g}") for name, dose in first.items()]
    return text("response.at_limit", language, settings=text("list", language).join(limits)) if limits else ""


def scope(label: Mapping[str, str], adults: int, weeks: int, language: str) -> str:
    """Kind of community that the answers hold for."""
    return text("response.scope", language, community=label[language], adults=f"{adults:,}", weeks=weeks)


def print_response(
    table: pd.DataFrame, curves: Mapping[str, Curve], within: float, language: str, console: Console
) -> None:
    """Prints, for each curve, its purpose, the sufficient dose by each metric, and the differences to dose 0.

    table: as response.csv
    """
    say(text("response.title", language), console, style="italic")
    headings = [text(f"response.{key}", language) for key in ("dose", "difference", "mean_interval", "interval")]
    for name, curve in curves.items():
        own = table[table["intervention"] == name]
        say(f"{curve.label[language]}{text('colon', language)}{curve.purpose[language]}", console, style="bold")
        lines: list[Sequence[str] | str] = []
        for _, of, group, rows in by_metric(own):
            say("\n".join(in_words(of, group, rows, within, language)), console)
            lines.append(label_of_metric(of, group, language))
            lines += [_line(of, row) for row in rows if row["against"] == 0]
        if at_limit(own, language):
            say(at_limit(own, language), console)
        show_rows(console, headings, lines, colon=text("colon", language), whole=range(4))
        console.print()


def _line(name: str, row: Row) -> tuple[str, str, str, str]:
    """A row of the terminal's table: dose, difference to none, and both intervals."""
    found = metric(name)
    intervals = [(row["mean_q05"], row["mean_q95"]), one_community(row)]
    shown = [f"[{found.show_difference(low)}; {found.show_difference(high)}]" for low, high in intervals]
    difference = found.show_difference(row["difference"]) + MARKS.get(kind_of_change(row), "")
    return f"{row['dose']:g}" + (CLIPPED if row["clipped"] else ""), difference, shown[0], shown[1]
