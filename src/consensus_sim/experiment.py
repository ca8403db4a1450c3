"""One experiment from a composed config to a folder of results. Nothing is computed here; the library does it."""

from __future__ import annotations

import datetime
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consensus_sim.errors import InputError, one_of

if TYPE_CHECKING:
    from consensus_sim.analysis.city import CityForecast
    from consensus_sim.ensemble.forecast import Forecast

LANGUAGES = ("zh", "en")


def run_experiment(config: Mapping[str, Any], folder: Path) -> Path:
    """Run the comparison that `config` describes, write it to `folder` and print its table; returns where it lies.

    config: the composed config as plain values; folder: results/<experiment>/<time>[/<job>]
    Raises InputError for what the user can mend, among it a results folder that cannot be written.
    """
    from consensus_sim.ensemble.study import read_study

    started = datetime.datetime.now(datetime.UTC)
    check_config(config)
    if config.get("calibration") is not None:
        return run_calibrate_experiment(config, folder, started)
    if config.get("validation") is not None:
        return run_validate_experiment(config, folder, started)
    if config.get("city") is not None:
        return run_city_experiment(config, folder, started)
    study = read_study(config)
    engine = build_engine(config["engine"])
    results = Path(config["results"])

    from consensus_sim.community import build_community
    from consensus_sim.ensemble.run import first_start, run_ensemble
    from consensus_sim.ensemble.store import ReplicateStore

    check_writable(results)
    cold = first_start()
    community = build_community(config["community"])
    try:
        store = ReplicateStore(study, community, results / ".replicates", reuse=config["store"]["reuse"])
        forecast = run_ensemble(study, community, engine, store, cold=cold)
        place = forecast.save(folder, config=config, started=started, report=_reporter(config))
    except OSError as error:
        raise InputError(f"results: cannot write to {str(results)!r}: {error.strerror or error}") from error
    if not config["store"]["keep"]:
        store.clear((scenario.name, n) for scenario in study.scenarios for n in range(study.replicates))
    show(forecast, config, place)
    return place


def run_city_experiment(config: Mapping[str, Any], folder: Path, started: datetime.datetime) -> Path:
    """The same for an experiment with many communities (experiment=city)."""
    from consensus_sim.analysis.city import run_city
    from consensus_sim.ensemble.study import section

    section("city", config["city"])
    engine = build_engine(config["engine"])
    results = Path(config["results"])
    check_writable(results)
    try:
        found = run_city(config, engine, results / ".replicates")
        place = found.save(folder, config=config, started=started, report=_city_reporter(config))
    except OSError as error:
        raise InputError(f"results: cannot write to {str(results)!r}: {error.strerror or error}") from error
    if not config["store"]["keep"]:
        found.clear()
    show_city(found, config["report"]["language"], place)
    return place


def run_calibrate_experiment(config: Mapping[str, Any], folder: Path, started: datetime.datetime) -> Path:
    """Calibrate (experiment=calibrate): posterior sets, what the data say of each parameter, and checks."""
    from consensus_sim.analysis.calibrate import run_calibration

    engine = build_engine(config["engine"])
    results = Path(config["results"])
    check_writable(results)
    try:
        place, found = run_calibration(config, engine, folder, started)
    except OSError as error:
        raise InputError(f"results: cannot write to {str(results)!r}: {error.strerror or error}") from error
    from rich.console import Console

    from consensus_sim.report.calibration import print_identification

    print_identification(found.identification(), config["report"]["language"], Console())
    print(f"results: {os.path.relpath(place)}")
    return place


def run_validate_experiment(config: Mapping[str, Any], folder: Path, started: datetime.datetime) -> Path:
    """Score forecasts against observed figures (experiment=validate)."""
    from consensus_sim.analysis.validate import run_validation

    engine = build_engine(config["engine"])
    results = Path(config["results"])
    check_writable(results)
    language = config["report"]["language"]
    try:
        place, table = run_validation(config, engine, folder, started, report=_score_reporter(config))
    except OSError as error:
        raise InputError(f"results: cannot write to {str(results)!r}: {error.strerror or error}") from error
    from rich.console import Console

    from consensus_sim.report.validation import print_scores

    print_scores(table, language, Console())
    print(f"results: {os.path.relpath(place)}")
    return place


def _score_reporter(config: Mapping[str, Any]) -> Any:
    """What draws the figure of a validation and writes its verdicts in words."""

    def report(table: Any, folder: Path) -> None:
        from consensus_sim.report.validation import draw_scores, verdicts

        for language in LANGUAGES:
            text = "\n".join(verdicts(table, language)) + "\n"
            (folder / f"verdicts_{language}.txt").write_text(text, encoding="utf-8")
        if config["report"].get("figures"):
            (folder / "figures").mkdir()
            figure = draw_scores(table, config["report"]["language"])
            figure.savefig(folder / "figures" / "validation.png", dpi=config["report"]["dpi"])

    return report


def check_config(config: Mapping[str, Any]) -> None:
    """Check the settings that belong to no part of the model."""
    from consensus_sim.ensemble.study import section

    for group in ("engine", "report", "store", "question"):
        section(group, config.get(group))
    name = config.get("experiment_name")
    if not isinstance(name, str) or not name or not name.replace("-", "").replace("_", "").isalnum():
        raise InputError(f"experiment_name: found {name!r}; allowed: letters, digits, - and _")
    if config["report"].get("language") not in LANGUAGES:
        raise one_of("report.language", config["report"].get("language"), LANGUAGES)
    if not isinstance(config.get("results"), str) or not config["results"]:
        raise InputError(f"results: found {config.get('results')!r}; allowed: the name of a folder")
    for key in ("reuse", "keep"):
        if not isinstance(config["store"].get(key), bool):
            raise InputError(f"store.{key}: found {config['store'].get(key)!r}; allowed: true, false")


def build_engine(config: Mapping[str, Any]) -> Any:
    """The engine that `config` names by `_target_`."""
    from hydra.errors import InstantiationException
    from hydra.utils import instantiate

    try:
        return instantiate(dict(config))
    except InstantiationException as error:
        cause = error.__cause__
        if isinstance(cause, InputError):
            raise cause from None
        raise InputError(f"engine: {' '.join(str(cause or error).split())}") from error


def check_writable(results: Path) -> None:
    """Refuse a results folder that cannot be written, before anything is computed; leaves no trace."""
    nearest = next(folder for folder in (results, *results.absolute().parents) if folder.exists())
    try:
        handle, name = tempfile.mkstemp(prefix=".consensus-sim-", dir=nearest)
        os.close(handle)
        os.unlink(name)
    except OSError as error:
        raise InputError(f"results: cannot write to {str(results)!r}: {error.strerror or error}") from error


def _labels(forecast: Forecast) -> list[tuple[str, dict[str, str]]]:
    """(name, labels by language) of every scenario, in the study's order."""
    return [(scenario.name, scenario.label) for scenario in forecast.study.scenarios]


def _reporter(config: Mapping[str, Any]) -> Any:
    """What writes figures and report into the folder of a forecast."""

    def report(forecast: Forecast, folder: Path, facts: dict[str, Any]) -> None:
        from consensus_sim.report.certainty import certainty
        from consensus_sim.report.page import write_report

        settings = dict(config["report"])
        language = settings.pop("language")
        assumptions = settings.pop("assumptions", None) or {}
        study = forecast.study
        labels = dict(_labels(forecast))
        write_report(
            forecast.tables,
            summary=forecast.summary(),
            contrasts=forecast.contrasts(),
            community=forecast.community,
            scenarios=_labels(forecast),
            reference=forecast.study.reference,
            question=dict(config["question"]),
            provenance=facts,
            assumptions=assumptions.get(language, []),
            certainty=certainty(
                study.parameters,
                study.replicates,
                forecast.variance(),
                forecast.drivers(),
                labels[study.reference][language],
                language,
            ),  # fmt: skip
            language=language,
            folder=folder,
            **settings,
        )

    return report


def _city_reporter(config: Mapping[str, Any]) -> Any:
    """What draws the figure of a city, one for each scenario but the reference."""

    def report(found: CityForecast, folder: Path) -> None:
        from consensus_sim.report.figures.city import draw_city

        if not config["report"].get("figures"):
            return
        (folder / "figures").mkdir()
        labels = {kind.name: kind.label for kind in found.city.kinds}
        for scenario in dict.fromkeys(found.gains["scenario"]):
            figure = draw_city(found.gains, scenario, labels, config["report"]["language"])
            figure.savefig(folder / "figures" / f"gains_{scenario}.png", dpi=config["report"]["dpi"])

    return report


def show_city(found: CityForecast, language: str, place: Path) -> None:
    """Print which communities gain most, and where the results lie."""
    from rich.console import Console

    from consensus_sim.report.city import print_gains

    kinds = {kind.name: kind.label[language] for kind in found.city.kinds}
    labels = {scenario.name: scenario.label[language] for scenario in found.study.scenarios}
    print_gains(found.gains, kinds, labels, language, Console())
    print(f"results: {os.path.relpath(place)}")


def show(forecast: Forecast, config: Mapping[str, Any], place: Path) -> None:
    """Print the table and where the results lie."""
    from rich.console import Console

    from consensus_sim.report.tables import print_table

    language = config["report"]["language"]
    console = Console()
    print_table(
        forecast.summary(),
        forecast.contrasts(),
        _labels(forecast),
        forecast.study.reference,
        language,
        console,
    )
    if config.get("reference") not in (None, forecast.study.reference):
        print(f"reference {config['reference']} is not among the scenarios: compared with {forecast.study.reference}")
    print(f"results: {os.path.relpath(place)}")
