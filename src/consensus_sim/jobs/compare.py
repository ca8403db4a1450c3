"""analysis=compare: scenarios on one community, with summary, contrasts, figures and a page."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consensus_sim.catalogue import LANGUAGES, text
from consensus_sim.experiment import labels, play

if TYPE_CHECKING:
    from consensus_sim.ensemble.forecast import Forecast
    from consensus_sim.report import Scenarios


def run(config: Mapping[str, Any], folder: Path, started: datetime.datetime) -> Path:
    """Run the comparison that `config` describes, write it to `folder` and print its table; returns where it lies."""

    def save(forecast: Forecast) -> Path:
        return forecast.save(folder, config=config, started=started, report=reporter(config))

    forecast, place = play(config, save)
    show(forecast, config, place)
    return place


def reporter(config: Mapping[str, Any]) -> Any:
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
                study.replicates,
                forecast.variance(),
                forecast.drivers(),
                dict(labels(forecast))[study.reference][language],
                language,
                None if study.posterior is None else study.posterior.own_file,
            ),
            precision=[*not_started(forecast, language), *exactness(forecast, language)],
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


def not_started(forecast: Forecast, language: str) -> list[str]:
    """A sentence for each scenario with levers that start after the run's last day."""
    calendar, found = forecast.study.calendar, []
    end = datetime.date.fromisoformat(calendar["start"]) + datetime.timedelta(weeks=int(calendar["weeks"]))
    last = (end - datetime.timedelta(days=1)).isoformat()
    for scenario, (_, label) in zip(forecast.study.scenarios, labels(forecast), strict=True):
        late = [name for name, settings in scenario.levers if str(settings.get("start") or "") > last]
        if late:
            named = text("list", language).join(late)
            found.append(text("table.not_started", language, last=last, levers=named, scenario=label[language]))
    return found


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
    for sentence in (*not_started(forecast, language), *exactness(forecast, language)):
        say(sentence, console)
    print(f"results: {os.path.relpath(place)}")
    page = place / "report.html"
    if page.is_file():
        print(f"report: {os.path.relpath(page)}")
