"""The answer in plain words, made from the numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from consensus_sim.catalogue import contrast_metrics, metric, text
from consensus_sim.report import Scenarios
from consensus_sim.report.change import KINDS, is_clear, kind_of_change, one_community
from consensus_sim.report.tables import Numbers
from consensus_sim.study.rules import rules

HEADLINES = ("reach_quarter", "attendance_council", "consensus_settled", "vulnerable_speaking", "trust")
"""Metrics of the sentences that come first."""
ALMOST_SURE = 0.995
"""Probability that would be rounded to 100 %."""
APART = ("cost_money", "cost_hours", "silent_micro_grids", "consensus_open")
"""Metrics that have a line of their own, or follow from others."""


@dataclass
class Verdict:
    """Changes that one scenario brings against the reference, in words.

    higher, lower, leaning_up, leaning_down, slight, negligible, unclear: changes of that kind (`kind_of_change`)
    cost, silent: sentences
    """

    scenario: str
    label: str
    higher: list[str] = field(default_factory=list)
    lower: list[str] = field(default_factory=list)
    leaning_up: list[str] = field(default_factory=list)
    leaning_down: list[str] = field(default_factory=list)
    slight: list[str] = field(default_factory=list)
    negligible: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)
    cost: str = ""
    silent: str = ""


def verdicts(
    numbers: Numbers, scenarios: Scenarios, language: str, n_micro_grids: int, adults: int = 0
) -> list[Verdict]:
    """One verdict a scenario other than the reference; for a single scenario its cost and silence only.

    adults: of the community; changes of their share are given in persons too (0: not known)
    """
    names = [name for name in contrast_metrics() if name not in APART]
    found = []
    for scenario, label in scenarios:
        if scenario == numbers.reference and len(scenarios) > 1:
            continue
        verdict = Verdict(scenario, label[language])
        for name in names:
            change = numbers.difference(scenario, name)
            if change is None:
                continue
            kind = kind_of_change(change)
            if kind in ("slight", "negligible"):
                words = metric(name).label(language)
            elif kind == "unclear":
                words = _signs(name, change, language)
            else:
                words = change_words(name, change, language, adults=adults)
            if numbers.behind(change):
                words += text("report.behind", language, behind=numbers.behind(change))
            getattr(verdict, kind).append(words)
        verdict.cost = _cost(numbers, scenario, language)
        verdict.silent = _silent(numbers, scenario, language, n_micro_grids)
        found.append(verdict)
    return found


def headlines(numbers: Numbers, scenarios: Scenarios, language: str) -> list[tuple[str, str]]:
    """Name of each headline metric, and a sentence on the scenarios under which it is higher, lower, unclear."""
    found = []
    for name in HEADLINES:
        kinds: dict[str, list[str]] = {}
        for scenario, label in scenarios:
            change = numbers.difference(scenario, name)
            if change is not None:
                kind = kind_of_change(change)
                words = label[language]
                if kind in ("leaning_up", "leaning_down"):
                    words += text("report.probability", language, p=_probability(change, "p", language))
                kinds.setdefault(kind, []).append(words)
        parts = [
            text(f"report.under.{kind}", language, scenarios=text("list", language).join(kinds[kind]))
            for kind in KINDS
            if kind in kinds
        ]
        if parts:
            found.append((metric(name).label(language), text("clauses", language).join(parts) + text("stop", language)))
    return found


def change_words(name: str, change: dict[Any, Any], language: str, label: str = "", adults: int = 0) -> str:
    """A difference with both intervals, each with the probability of the difference's sign.

    label: of the metric, if it is not its own; adults: as in `verdicts`
    """
    found = metric(name)
    intervals = {
        key: text("interval", language, low=found.show_difference(low), high=found.show_difference(high))
        for key, low, high in (
            ("mean_interval", change["mean_q05"], change["mean_q95"]),
            ("interval", *one_community(change)),
        )
    }
    difference = found.show_difference(change["difference"], language)
    if found.unit == "share_of_adults" and adults:
        difference += _persons(change["difference"] * adults, language)
    probabilities = {name: _probability(change, name, language) for name in ("p_mean", "p")}
    named = {"metric": label or found.label(language), "difference": difference}
    return text("report.change", language, **named, **intervals, **probabilities)


def _persons(difference: float, language: str) -> str:
    """A difference in persons: to 10 from 100 on, to 5 from 20 on; "" below half a person."""
    size = abs(difference)
    step = 10 if size >= 100 else 5 if size >= 20 else 1
    persons = round(size / step) * step
    key = "report.persons_more" if difference > 0 else "report.persons_fewer"
    return text(key, language, persons=f"{persons:,}") if persons else ""


def _probability(change: dict[Any, Any], of: str, language: str) -> str:
    """Probability of the sign of the difference: of the mean effect (`p_mean`), or in one community (`p`)."""
    p = change[of + ("_up" if change["difference"] > 0 else "_down")]
    if language == "en":
        return f"{p:.2f}"
    return text("report.almost_sure", language) if p >= ALMOST_SURE else f"{p:.0%}"


def _signs(name: str, change: dict[Any, Any], language: str) -> str:
    """A metric with the probabilities that it rises and falls in one community; its name alone if draws are few."""
    label = metric(name).label(language)
    if change["sets"] < rules().fewest:
        return label
    shown = "{:.2f}" if language == "en" else "{:.0%}"
    up, down = shown.format(change["p_up"]), shown.format(change["p_down"])
    return text("report.signs", language, metric=label, up=up, down=down)


def _cost(numbers: Numbers, scenario: str, language: str) -> str:
    """Money and hours, and the difference to the reference; "" if they are not reported."""
    money, hours = numbers.value(scenario, "cost_money"), numbers.value(scenario, "cost_hours")
    if money is None or hours is None:
        return ""
    values = {
        "money": metric("cost_money").show(money["mean"]),
        "hours": metric("cost_hours").show(hours["mean"]),
    }
    more, longer = numbers.difference(scenario, "cost_money"), numbers.difference(scenario, "cost_hours")
    if more is None or longer is None:
        return text("report.cost_line_one", language, **values)
    values["more_money"] = metric("cost_money").show_difference(more["difference"])
    values["more_hours"] = metric("cost_hours").show_difference(longer["difference"])
    return text("report.cost_line", language, **values)


def _silent(numbers: Numbers, scenario: str, language: str, total: int) -> str:
    """Micro-grids where no ordinary resident took part; "" if it is not reported."""
    row = numbers.value(scenario, "silent_micro_grids")
    if row is None:
        return ""
    found = metric("silent_micro_grids")
    interval = text("interval", language, low=found.show(row["q05"]), high=found.show(row["q95"]))
    said = text("report.silent_line", language, count=found.show(row["mean"]), total=total, interval=interval)
    change = numbers.difference(scenario, "silent_micro_grids")
    if change is not None and is_clear(change):
        low, high = (found.show_difference(change[edge]) for edge in ("q05", "q95"))
        between = text("interval", language, low=low, high=high)
        difference = found.show_difference(change["difference"])
        said += text("report.silent_clear", language, difference=difference, interval=between)
    return said
