"""Summary and contrasts as tables: short ones for the terminal, whole ones for the page."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from consensus_sim.catalogue import Metric, check_language, headline_tables, metric, text
from consensus_sim.catalogue import interval as interval_of
from consensus_sim.report import Scenarios
from consensus_sim.report.change import MARKS, kind_of_change, one_community
from consensus_sim.report.words import GAP, cells, fold, longest_word, say
from consensus_sim.study.rules import rules

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

LABEL = 14
"""Cells of a terminal that the names of scenarios take, at least."""
VERDICTS = 10
"""Replicates with fewer of which verdicts (on patterns, on rankings) are printed with a caution."""


@dataclass(frozen=True)
class Cell:
    """One scenario's value of one metric, in words.

    value, interval: mean and 90 % interval
    difference, mean_interval, difference_interval: to the reference, with the interval of the mean effect and the
    prediction interval of one community; "" for the reference itself
    behind, difference_behind: such as "3/5", where only 3 of 5 replicates have a value (the difference: under both)
    mark: of `MARKS`, behind the difference; clear: as `is_clear` of the difference; welcome: it then goes the way a
    planner would wish (None: neutral)
    """

    value: str
    interval: str = ""
    difference: str = ""
    mean_interval: str = ""
    difference_interval: str = ""
    behind: str = ""
    difference_behind: str = ""
    mark: str = ""
    clear: bool = False
    welcome: bool | None = None


class Numbers:
    """Values and differences, looked up by scenario, metric and group."""

    def __init__(self, summary: pd.DataFrame, contrasts: pd.DataFrame, reference: str) -> None:
        """summary, contrasts: as in summary.csv and contrasts.csv; rows with another reference are left out."""
        self.reference = reference
        kept = contrasts[contrasts["reference"] == reference]
        self.values = {(r["scenario"], r["metric"], r["group"]): r for r in summary.to_dict("records")}
        self.differences = {(r["scenario"], r["metric"], r["group"]): r for r in kept.to_dict("records")}
        self._replicates = int(max((row["replicates"] for row in self.values.values()), default=0))
        self._sets = int(max((row["sets"] for row in self.differences.values()), default=0))

    @property
    def metrics(self) -> list[str]:
        """Names of the metrics that any scenario has."""
        return list(dict.fromkeys(name for _, name, _ in self.values))

    def value(self, scenario: str, name: str, group: str = "all") -> dict[Any, Any] | None:
        """The row of summary, or None where the metric is undefined."""
        return self.values.get((scenario, name, group))

    def difference(self, scenario: str, name: str, group: str = "all") -> dict[Any, Any] | None:
        """The row of contrasts, or None."""
        return self.differences.get((scenario, name, group))

    def has(self, name: str, group: str = "all") -> bool:
        """True if any scenario has the metric."""
        return any(key[1:] == (name, group) for key in self.values)

    def replicates(self) -> int:
        """The largest number of replicates behind any value."""
        return self._replicates

    def sets(self) -> int:
        """The largest number of parameter draws behind any difference."""
        return self._sets

    def behind(self, row: dict[Any, Any]) -> str:
        """Number of replicates that a row rests on, such as "3/5"; "" if it is all of them."""
        total = self._replicates
        return f"{row['replicates']:.0f}/{total}" if row["replicates"] < total else ""

    def has_gaps(self) -> bool:
        """True if any row rests on fewer replicates than were simulated."""
        return any(self.behind(row) for rows in (self.values, self.differences) for row in rows.values())

    def error(self, name: str, group: str = "all") -> tuple[float, float]:
        """The largest Monte Carlo standard error of a metric over the scenarios: of the means, and of the differences.

        NaN where it is not known for one of them, or where there is none.
        """
        found = []
        for rows in (self.values, self.differences):
            errors = [float(row["standard_error"]) for key, row in rows.items() if key[1:] == (name, group)]
            known = errors and not any(math.isnan(one) for one in errors)
            found.append(max(errors) if known else math.nan)
        return found[0], found[1]

    def cell(self, scenario: str, name: str, group: str = "all") -> Cell:
        """Value and difference in words."""
        found, row, change = (
            metric(name),
            self.value(scenario, name, group),
            self.difference(scenario, name, group),
        )
        if row is None:
            return Cell(text_undefined())
        value, interval = found.show(row["mean"]), found.show_interval(row["q05"], row["q95"])
        if change is None or scenario == self.reference:
            return Cell(value, interval, behind=self.behind(row))
        kind = kind_of_change(change)
        clear = kind in ("higher", "lower")
        return Cell(
            value,
            interval,
            found.show_difference(change["difference"]),
            interval_of(found.show_difference(change["mean_q05"]), found.show_difference(change["mean_q95"])),
            interval_of(*(found.show_difference(edge) for edge in one_community(change))),
            self.behind(row),
            self.behind(change),
            MARKS.get(kind, ""),
            clear,
            is_welcome(found, change["difference"]) if clear else None,
        )


def caution(replicates: int, language: str) -> str:
    """Caution beside verdicts that rest on `replicates`; "" if they are enough."""
    return text("caution", language, replicates=replicates, enough=VERDICTS) if replicates < VERDICTS else ""


def text_undefined() -> str:
    """Sign for an undefined value."""
    return text("undefined", "en")


def legend(numbers: Numbers, scenarios: Scenarios, language: str) -> str:
    """Meaning of the signs in the short tables."""
    replicates, label = numbers.replicates(), dict(scenarios)[numbers.reference][language]
    key = "table.legend" if len(scenarios) > 1 else "table.legend_one"
    said = text(key, language, replicates=replicates, reference=label, fewest=rules().fewest)
    return said + text("table.gaps", language, replicates=replicates) if numbers.has_gaps() else said


def is_welcome(found: Metric, difference: float) -> bool | None:
    """True if a difference goes the way a planner would wish; None if there is no such way."""
    if found.direction == "neutral":
        return None
    return bool((difference > 0) == (found.direction == "higher"))


def print_table(
    summary: pd.DataFrame,
    contrasts: pd.DataFrame,
    scenarios: Scenarios,
    reference: str,
    language: str,
    console: Console,
) -> None:
    """Print the short tables: rows are scenarios, columns metrics; made for terminals of 100 columns.

    summary, contrasts: as in summary.csv and contrasts.csv. Raises InputError for an unknown language.
    """
    from rich.text import Text

    check_language(language)
    numbers = Numbers(summary, contrasts, reference)
    for name, metrics in headline_tables(numbers.metrics).items():
        columns = [_column(numbers, one, scenarios, language) for one in metrics if numbers.has(one)]
        widest = max((one.width + GAP for one in columns), default=0)
        label = min(max(LABEL, *(longest_word(each[language]) for _, each in scenarios)), console.width - widest)
        for number, fitting in enumerate(_fitting(columns, console.width - max(label, LABEL))):
            if number == 0:
                console.print(Text(text(f"table.{name}", language), style="bold"))
            label = console.width - sum(one.width + GAP for one in fitting)
            console.print(_short_table(numbers, fitting, scenarios, language, label))
            console.print()
    say(legend(numbers, scenarios, language), console, style="dim")


@dataclass(frozen=True)
class _Column:
    """A column of a short table: heading, one cell a scenario and one for the standard error, width in cells."""

    heading: str
    cells: list[Text]
    error: str
    width: int


def _column(numbers: Numbers, name: str, scenarios: Scenarios, language: str) -> _Column:
    """One metric for all scenarios."""
    found = metric(name)
    lines = [_three_lines(numbers.cell(scenario, name)) for scenario, _ in scenarios]
    shown = [found.show_error(one) for one in numbers.error(name)]
    error = "\n".join(shown if len(scenarios) > 1 else shown[:1])
    width = max(13, *(cells(line.plain) for line in lines))
    heading = f"{fold(found.label(language), width)}\n{fold(found.unit_label(language), width)}"
    return _Column(heading, lines, error, width)


def _fitting(columns: list[_Column], room: int) -> list[list[_Column]]:
    """`columns` in runs that fit into `room` cells; a column wider than that stands alone."""
    runs: list[list[_Column]] = []
    for column in columns:
        if runs and sum(one.width + GAP for one in [*runs[-1], column]) <= room:
            runs[-1].append(column)
        else:
            runs.append([column])
    return runs


def _short_table(numbers: Numbers, columns: list[_Column], scenarios: Scenarios, language: str, label: int) -> Table:
    """One table of a few metrics, with the names of scenarios in `label` cells."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    heading = Text(fold(text("table.scenario", language), label))
    table.add_column(heading, overflow="fold", min_width=min(LABEL, label), vertical="top")
    for column in columns:
        table.add_column(Text(column.heading), justify="right", no_wrap=True, min_width=column.width)
    for row, (scenario, name) in enumerate(scenarios):
        words = Text(fold(name[language], label))
        if scenario == numbers.reference and len(scenarios) > 1:
            words.append(f"\n({text('table.reference', language)})", style="dim")
        table.add_row(words, *[column.cells[row] for column in columns])
    table.add_row(
        Text(fold(text("table.error", language), label)), *[Text(column.error) for column in columns], style="dim"
    )
    return table


def _three_lines(cell: Cell) -> Text:
    """A cell's value, below it its difference with the interval of the mean effect, and below that the interval of one
    community; clear differences are bold and, where one can say so, coloured.
    """
    from rich.text import Text

    words = Text(cell.value.replace(" %", ""))
    if cell.interval:
        words.append(f" {_tight(cell.interval)}{_bracketed(cell.behind)}", style="dim")
    if cell.difference:
        style = {True: "bold green", False: "bold red", None: "bold" if cell.clear else ""}[cell.welcome]
        words.append(f"\n{cell.difference}{cell.mark} {_tight(cell.mean_interval)}", style=style)
        words.append(f"\n{_tight(cell.difference_interval)}{_bracketed(cell.difference_behind)}", style="dim")
    return words


def _bracketed(behind: str) -> str:
    """` (3/5)`, or nothing."""
    return f" ({behind})" if behind else ""


def _tight(interval: str) -> str:
    """An interval without blanks."""
    return interval.replace("; ", ";")
