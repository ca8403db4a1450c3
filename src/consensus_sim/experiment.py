"""One experiment from a composed config to a folder of results. Nothing is computed here; the library does it."""

from __future__ import annotations

import contextlib
import datetime
import importlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import ConfigDict, Field

from consensus_sim.errors import InputError
from consensus_sim.runs.engines import build_engine
from consensus_sim.settings import STRICT, FilePath, Label, Text, accepted, choice, read, setting, switch

if TYPE_CHECKING:
    from consensus_sim.forecast.forecast import Forecast

__all__ = ["EXPERIMENTS", "LANGUAGES", "build_engine", "check_config", "check_writable", "labels", "play"]
__all__ += ["run_experiment", "writing"]

LANGUAGES = ("zh", "en")
EXPERIMENTS = {
    "compare": "consensus_sim.jobs.compare:run",
    "city": "consensus_sim.jobs.city:run",
    "calibrate": "consensus_sim.jobs.calibrate:run",
    "validate": "consensus_sim.jobs.validate:run",
    "sensitivity": "consensus_sim.jobs.sensitivity:run",
    "robustness": "consensus_sim.jobs.robustness:run",
    "disputes": "consensus_sim.jobs.disputes:run",
    "patterns": "consensus_sim.jobs.patterns:run",
    "response": "consensus_sim.jobs.response:run",
}
"""What the setting `analysis` may be -> the function that does it: run(config, folder, started) -> place of results."""


def run_experiment(config: Mapping[str, Any], folder: Path) -> Path:
    """Do what the `analysis` of `config` names, write it to `folder` and print its table; returns where it lies.

    config: the composed config as plain values; folder: results/<experiment>/<time>[/<job>]
    Raises InputError for what the user can mend, among it a results folder that cannot be written.
    """
    from consensus_sim.forecast.run import announce_first_start

    started = datetime.datetime.now(datetime.UTC)
    announce_first_start()
    check_config(config)
    module, function = EXPERIMENTS[config.get("analysis", "compare")].split(":")
    place: Path = getattr(importlib.import_module(module), function)(config, folder, started)
    return place


@contextlib.contextmanager
def writing(results: Path) -> Iterator[None]:
    """What cannot be written to the folder `results` meanwhile is told in one line."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError("cannot_write", where="results", folder=str(results), reason=reason) from error


def play(config: Mapping[str, Any], save: Callable[[Forecast], Path]) -> tuple[Forecast, Path]:
    """Play the study that `config` describes and `save` the forecast; returns both. What is stored goes when it is
    saved.
    """
    from consensus_sim.study.study import read_study

    study = read_study(config)
    engine = build_engine(config["engine"])
    results = Path(config["results"])

    from consensus_sim.community import build_community
    from consensus_sim.forecast.run import first_start, run_ensemble
    from consensus_sim.runs.store import ReplicateStore

    check_writable(results)
    cold = first_start()
    community = build_community(config["community"])
    with writing(results):
        store = ReplicateStore(study, community, results / ".replicates", reuse=config["store"]["reuse"])
        forecast = run_ensemble(study, community, engine, store, cold=cold)
        place = save(forecast)
    played = [(scenario.name, n) for scenario in study.scenarios for n in range(forecast.study.replicates)]
    store.finish(played, keep=config["store"]["keep"])
    return forecast, place


def labels(forecast: Forecast) -> list[tuple[str, dict[str, str]]]:
    """(name, labels by language) of every scenario, in the study's order."""
    return [(scenario.name, scenario.label) for scenario in forecast.study.scenarios]


MOST_LETTERS = 100
Name = Annotated[
    str,
    Field(strict=True),
    accepted(
        lambda name: name.replace("-", "").replace("_", "").isalnum() and len(name.encode()) <= MOST_LETTERS,
        "a_folder_name",
        most=MOST_LETTERS,
    ),
]
"""A name that a folder of results can have."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What is written for people beside the tables (configs/report)."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    language: str = choice(*LANGUAGES)
    figures: bool = switch()
    html: bool = switch()
    dpi: int = setting(50, 600, "dots per inch")
    assumptions: dict[Annotated[str, choice(*LANGUAGES)], list[Text]] | None = None


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """What becomes of finished replicates."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    reuse: bool = switch()
    keep: bool = switch()


@dataclass(frozen=True, kw_only=True)
class Run:
    """The settings of a command that belong to no part of the model."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    analysis: str = choice(*EXPERIMENTS)
    experiment_name: Name
    question: Label
    results: FilePath
    debug: bool = switch()
    store: Keeping
    report: Report


def check_config(config: Mapping[str, Any]) -> None:
    """Check the settings that belong to no part of the model: all errors of them together."""
    named = {each.name: config.get(each.name) for each in fields(Run)}
    read(Run, {**named, "analysis": config.get("analysis", "compare")}, "")


def check_writable(results: Path) -> None:
    """Refuse a results folder that cannot be written, before anything is computed; leaves no trace."""
    with writing(results):
        nearest = next(folder for folder in (results, *results.absolute().parents) if folder.exists())
        with tempfile.TemporaryFile(dir=nearest):
            pass
