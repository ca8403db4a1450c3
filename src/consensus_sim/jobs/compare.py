"""analysis=compare: scenarios on one community, with summary, contrasts, figures and a page."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consensus_sim.catalogue import LANGUAGES, text
from consensus_sim.experiment import labels, play

if TYPE_CHECKING:
    from consensus_sim.forecast.forecast import Forecast
    from consensus_sim.report import Scenarios


def run(config: Mapping[str, Any], folder: Path, started: datetime.datetime) -> Path:
    """Run the comparison that `config` describes, write it to `folder` and print its table; returns where it lies."""

    def save(forecast: Forecast) -> Path:
        return forecast.save(folder, config=config, started=started, report=reporter(config))

    forecast, place = play(config, save)
    show(forecast, config, place)
    return place


def reporter(config: Mapping[str, Any]) -> Callable[[Forecast, Path, dict[str, Any]], None]:
    """What writes figures and report into the folder of a forecast."""

    def report(forecast: Forecast, folder: Path, facts: dict[str, Any]) -> None:
        from consensus_sim.report.certainty import certainty
        from consensus_sim.report.page import write_report

        study = forecast.study
        settings = dict(config["report"])
        language = settings.pop("language")
        assumptions = settings.pop("assumptions", None) or {}
        write_report(
            forecast.tables,
            summary=forecast.summary(),
            contrasts=forecast.contrasts(),
            community=forecast.community,
            scenarios=labels(forecast),
            reference=forecast.study.reference,
            question=question_of(config, labels(forecast), study.reference),
            provenance=_short(facts),
            assumptions=assumptions.get(language, []),
            certainty=certainty(
                study.parameters,
                study.draws(),
                forecast.variance(),
                forecast.drivers(),
                dict(labels(forecast))[study.reference][language],
                language,
                None if study.posterior is None else study.posterior.own_file,
            ),
            precision=[*without_effect(forecast, config, language), *exactness(forecast, language)],
            own=own_settings(forecast, language),
            language=language,
            folder=folder,
            **settings,
        )

    return report


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


def _short(facts: dict[str, Any]) -> dict[str, Any]:
    """`facts` for the page: the errors that are too large counted, not listed (that is what provenance.json is for),
    and without the largest, of which the page says in words what and how large it is.
    """
    exact = facts.get("monte_carlo_error")
    if exact is None:
        return facts
    return facts | {"monte_carlo_error": {"asked": exact["asked"], "missing": len(exact["missing"])}}


def exactness(forecast: Forecast, language: str) -> list[str]:
    """How exact what is printed is, in words."""
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


def show(forecast: Forecast, config: Mapping[str, Any], place: Path) -> None:
    """Print the table and where the results lie."""
    from rich.console import Console

    from consensus_sim.report.tables import print_table
    from consensus_sim.report.words import say

    language = config["report"]["language"]
    console = Console()
    print_table(
        forecast.summary(),
        forecast.contrasts(),
        labels(forecast),
        forecast.study.reference,
        language,
        console,
    )
    for sentence in (*without_effect(forecast, config, language), *exactness(forecast, language)):
        say(sentence, console)
    print(f"results: {os.path.relpath(place)}")
    page = place / "report.html"
    if page.is_file():
        print(f"report: {os.path.relpath(page)}")
