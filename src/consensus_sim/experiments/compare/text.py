"""Text of a comparison: its page, and its table in the terminal."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consensus_sim.catalogue import LANGUAGES, text
from consensus_sim.experiments.runner import labels

if TYPE_CHECKING:
    from rich.console import Console

    from consensus_sim.forecast.forecast import Forecast
    from consensus_sim.report import Scenarios


def write_page(forecast: Forecast, config: Mapping[str, Any], folder: Path, facts: Mapping[str, Any]) -> None:
    """Writes figures and page of `forecast` into `folder`, as the node `report` of `config` asks; `facts`: as in
    provenance.json.
    """
    from consensus_sim.report.certainty import certainty
    from consensus_sim.report.page import Notes, Output, Results, write_report

    study = forecast.study
    settings = dict(config["report"])
    language = settings.pop("language")
    assumptions = settings.pop("assumptions", None) or {}
    results = Results(
        forecast.tables, forecast.printed(), forecast.contrasts(), forecast.community, labels(forecast), study.reference
    )
    notes = Notes(
        question=question_of(config, labels(forecast), study.reference)[language],
        assumptions=assumptions.get(language, []),
        certainty=certainty(
            study.parameters,
            study.draws(),
            forecast.variance(),
            forecast.drivers(),
            results.label(language),
            language,
            None if study.posterior is None else study.posterior.own_file,
        ),
        precision=[*without_effect(forecast, config, language), *exactness(forecast, language)],
        technical=[text("precision.scale", language)],
        own=own_settings(forecast, language),
        provenance=_short(facts),
    )
    write_report(results, notes, folder, Output(language, **settings))


def question_of(config: Mapping[str, Any], scenarios: Scenarios, reference: str) -> dict[str, str]:
    """The question of the experiment; where other scenarios were asked for, and no question, the one they ask."""
    given = [str(change) for change in config.get("changes", ())]
    if any(change.startswith("question") for change in given) or not any(c.startswith("scenarios=") for c in given):
        return dict(config["question"])
    found, against = {}, dict(scenarios)[reference]
    for language in LANGUAGES:
        others = [label[language] for name, label in scenarios if name != reference]
        key = "report.asked" if others else "report.asked_one"
        named = text("list", language).join(others)
        found[language] = text(key, language, reference=against[language], scenarios=named)
    return found


def _short(facts: Mapping[str, Any]) -> dict[str, Any]:
    """`facts` for the page: the errors that are too large counted, not listed (that is what provenance.json is for),
    and without the largest, of which the page says in words what and how large it is.
    """
    exact = facts.get("monte_carlo_error")
    if exact is None:
        return dict(facts)
    return {**facts, "monte_carlo_error": {"asked": exact["asked"], "missing": len(exact["missing"])}}


def exactness(forecast: Forecast, language: str) -> list[str]:
    """Monte Carlo precision of the printed figures, in words."""
    from consensus_sim.report.precision import precision_words

    found = forecast.precision()
    named = {name: label[language] for name, label in labels(forecast)}
    return [] if found is None else precision_words(found, named, language)


def without_effect(forecast: Forecast, config: Mapping[str, Any], language: str) -> list[str]:
    """A sentence for every kind of date of each scenario that lies outside the run, and for what was given and acts in
    no scenario.
    """
    from consensus_sim.study.dates import outside
    from consensus_sim.study.given import unused

    study, label = forecast.study, dict(labels(forecast))
    first = datetime.date.fromisoformat(study.calendar["start"])
    last = first + datetime.timedelta(days=7 * int(study.calendar["weeks"]) - 1)
    join, words = text("list", language).join, {"first": first.isoformat(), "last": last.isoformat()}
    found = []
    for name, dates in outside(study).items():
        for kind, named in dates._asdict().items():
            if named:
                scenario = label[name][language]
                found.append(text(f"table.outside.{kind}", language, **words, named=join(named), scenario=scenario))
    idle = unused(config, study.scenarios)
    return [*found, *([text("table.unused", language, settings=join(idle))] if idle else [])]


def own_settings(forecast: Forecast, language: str) -> list[str]:
    """A sentence for each scenario in which a file of the user's sets numbers of interventions."""
    return [
        text("report.own", language, scenario=scenario.label[language], settings=", ".join(scenario.own))
        for scenario in forecast.study.scenarios
        if scenario.own
    ]


def print_comparison(forecast: Forecast, config: Mapping[str, Any], console: Console) -> None:
    """Prints the table, what had no effect, and how exact it is."""
    from consensus_sim.report.tables import print_table
    from consensus_sim.report.words import say

    language = config["report"]["language"]
    reference = forecast.study.reference
    print_table(forecast.printed(), forecast.contrasts(), labels(forecast), reference, language, console)
    exact = exactness(forecast, language)
    scale = [text("precision.scale", language)] if exact else []
    for sentence in (*without_effect(forecast, config, language), *exact, *scale):
        say(sentence, console)
